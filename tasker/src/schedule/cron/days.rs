//! Cron's three day fields: which days they match.

use super::field::Selected;
use crate::schedule::day::Day;

/// The day of the month, the month and the day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schedule) struct CronDays {
    pub(in crate::schedule) dates: Dates,
    /// Bit 0 is January.
    pub(in crate::schedule) months: u16,
    pub(in crate::schedule) weekdays: Weekdays,
    /// A `+` before the day of the week: a day must satisfy both fields where both are restricted.
    pub(in crate::schedule) both: bool,
}

/// What the day-of-month field selects. Bits 1 to 31 are days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schedule) struct Dates {
    /// The whole field is `*` or `?`.
    pub(in crate::schedule) any: bool,
    pub(in crate::schedule) values: u32,
    /// Days whose nearest Monday to Friday in the month is selected.
    pub(in crate::schedule) near: u32,
    /// `L`
    pub(in crate::schedule) month_end: bool,
    /// `LW`
    pub(in crate::schedule) last_workday: bool,
}

/// What the day-of-week field selects. Bit 0 is Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schedule) struct Weekdays {
    /// The whole field is `*` or `?`.
    pub(in crate::schedule) any: bool,
    pub(in crate::schedule) values: u8,
    /// Weekdays whose first, second, … occurrence in the month is selected.
    pub(in crate::schedule) nth: [u8; 5],
    /// Weekdays whose last occurrence in the month is selected.
    pub(in crate::schedule) last: u8,
}

impl CronDays {
    pub(super) const fn new(dates: Selected, months: Selected, weekdays: Selected) -> Self {
        let mut nth = [0; 5];
        let mut place = 0;
        while place < 5 {
            nth[place] = from_monday(weekdays.nth[place]);
            place += 1;
        }
        Self {
            dates: Dates {
                any: dates.any,
                values: if dates.any { 0 } else { dates.values as u32 },
                near: dates.near as u32,
                month_end: dates.month_end,
                last_workday: dates.last_workday,
            },
            months: (months.values >> 1) as u16,
            weekdays: Weekdays {
                any: weekdays.any,
                values: if weekdays.any {
                    0
                } else {
                    from_monday(weekdays.values)
                },
                nth,
                last: from_monday(weekdays.last),
            },
            both: weekdays.plus && !dates.any && !weekdays.any,
        }
    }

    /// Where both the day of the month and the day of the week are restricted, either is enough, as cron has always
    /// had it.
    pub(in crate::schedule) const fn matches(&self, day: &Day) -> bool {
        if self.months & 1 << (day.month - 1) == 0 {
            return false;
        }
        let date = self.dates.matches(day);
        if self.weekdays.any {
            return self.dates.any || date;
        }
        let weekday = self.weekdays.matches(day);
        if self.dates.any {
            weekday
        } else if self.both {
            date && weekday
        } else {
            date || weekday
        }
    }
}

impl Dates {
    const fn matches(&self, day: &Day) -> bool {
        self.values & 1 << day.date != 0
            || (self.month_end && day.date == day.month_length)
            || (self.last_workday && day.date == last_workday(day))
            || (self.near != 0 && self.is_near(day))
    }

    /// Whether `day` is the Monday to Friday nearest to a selected day of its month.
    const fn is_near(&self, day: &Day) -> bool {
        let mut wanted = if day.date > 2 { day.date - 2 } else { 1 };
        while wanted <= day.date + 2 && wanted <= day.month_length {
            if self.near & 1 << wanted != 0 {
                let nearest = match (day.weekday + 35 + wanted - day.date) % 7 {
                    5 if wanted > 1 => wanted - 1,
                    5 => wanted + 2,
                    6 if wanted < day.month_length => wanted + 1,
                    6 => wanted - 2,
                    _ => wanted,
                };
                if nearest == day.date {
                    return true;
                }
            }
            wanted += 1;
        }
        false
    }
}

impl Weekdays {
    /// Whether weekdays are selected by their place in the month.
    pub(in crate::schedule) const fn has_places(&self) -> bool {
        let mut all = self.last;
        let mut place = 0;
        while place < 5 {
            all |= self.nth[place];
            place += 1;
        }
        all != 0
    }

    const fn matches(&self, day: &Day) -> bool {
        let bit = 1 << day.weekday;
        let nth = ((day.date - 1) / 7) as usize;
        self.values & bit != 0
            || self.nth[nth] & bit != 0
            || (self.last & bit != 0 && day.date + 7 > day.month_length)
    }
}

/// The last Monday to Friday of the day's month.
const fn last_workday(day: &Day) -> u32 {
    match (day.weekday + day.month_length - day.date) % 7 {
        5 => day.month_length - 1,
        6 => day.month_length - 2,
        _ => day.month_length,
    }
}

/// Weekdays with Monday first, from cron's with Sunday first.
const fn from_monday(bits: u64) -> u8 {
    ((bits >> 1 | bits << 6) & 0x7f) as u8
}
