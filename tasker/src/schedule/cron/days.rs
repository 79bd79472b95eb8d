//! Whether cron's day fields can ever match: `0 0 30 2 *` cannot, and is refused.
//!
//! There are fourteen kinds of years (by the weekday of 1 January, and leap or not), all of which occur in the
//! calendar's 400 years. A rule that matches in none of them matches never. A test compares this with `croner`.

use super::field::Selected;

/// The three day fields.
pub(super) struct DayFields {
    dates: Selected,
    months: Selected,
    weekdays: Selected,
}

/// One day, as far as the fields can see.
#[derive(Clone, Copy)]
struct Day {
    date: u32,
    /// 0 is Sunday.
    weekday: u32,
    /// How many days its month has.
    length: u32,
}

impl DayFields {
    pub(super) const fn new(dates: Selected, months: Selected, weekdays: Selected) -> Self {
        Self {
            dates,
            months,
            weekdays,
        }
    }

    pub(super) const fn ever_match(&self) -> bool {
        let mut kind = 0;
        while kind < 14 {
            if self.match_in_year(kind % 7, kind >= 7) {
                return true;
            }
            kind += 1;
        }
        false
    }

    /// Whether a day matches in a year whose 1 January is this weekday.
    const fn match_in_year(&self, first: u32, leap: bool) -> bool {
        let lengths = [31, 28 + leap as u32, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let mut first = first;
        let mut month = 0;
        while month < 12 {
            let length = lengths[month];
            let mut date = 1;
            while self.months.values & (2 << month) != 0 && date <= length {
                let weekday = (first + date - 1) % 7;
                if self.matches(Day {
                    date,
                    weekday,
                    length,
                }) {
                    return true;
                }
                date += 1;
            }
            first = (first + length) % 7;
            month += 1;
        }
        false
    }

    const fn matches(&self, day: Day) -> bool {
        if self.dates.any || self.weekdays.any {
            return (self.dates.any || self.date_matches(day))
                && (self.weekdays.any || self.weekday_matches(day));
        }
        let (date, weekday) = (self.date_matches(day), self.weekday_matches(day));
        if self.weekdays.plus {
            date && weekday
        } else {
            date || weekday
        }
    }

    const fn date_matches(&self, day: Day) -> bool {
        if self.dates.values & (1 << day.date) != 0 {
            return true;
        }
        let at_end = if self.dates.last_workday {
            day.date == last_workday(day)
        } else {
            self.dates.month_end && day.date == day.length
        };
        at_end || self.near_matches(day)
    }

    const fn weekday_matches(&self, day: Day) -> bool {
        let bit = 1 << day.weekday;
        let nth = ((day.date - 1) / 7) as usize;
        self.weekdays.values & bit != 0
            || self.weekdays.nth[nth] & bit != 0
            || (self.weekdays.last & bit != 0 && day.date + 7 > day.length)
    }

    /// Whether `day` is the Monday to Friday nearest to a selected day of its month.
    const fn near_matches(&self, day: Day) -> bool {
        if self.dates.near == 0 {
            return false;
        }
        let mut wanted = if day.date > 2 { day.date - 2 } else { 1 };
        while wanted <= day.date + 2 && wanted <= day.length {
            if self.dates.near & (1 << wanted) != 0 {
                let target = match (day.weekday + 35 + wanted - day.date) % 7 {
                    6 if wanted > 1 => wanted - 1,
                    6 => wanted + 2,
                    0 if wanted < day.length => wanted + 1,
                    0 => wanted - 2,
                    _ => wanted,
                };
                if target == day.date {
                    return true;
                }
            }
            wanted += 1;
        }
        false
    }
}

/// The last Monday to Friday of the day's month.
const fn last_workday(day: Day) -> u32 {
    match (day.weekday + day.length - day.date) % 7 {
        6 => day.length - 1,
        0 => day.length - 2,
        _ => day.length,
    }
}
