//! Which days a recurrence rule matches, apart from its interval and its positions.

use super::{Frequency, Numbers, Rrule};
use crate::schedule::day::Day;

/// The parts of a rule that limit the day, with what it does not name filled in.
#[derive(Clone, Copy, Debug)]
pub(in crate::schedule) struct ByDays {
    /// Bit 0 is January; never empty.
    pub(in crate::schedule) months: u16,
    pub(in crate::schedule) weeks: Numbers<1>,
    week_start: u8,
    pub(in crate::schedule) year_days: Numbers<6>,
    pub(in crate::schedule) month_days: Numbers<1>,
    pub(in crate::schedule) weekdays: u8,
    pub(in crate::schedule) places: [Numbers<1>; 7],
    has_places: bool,
    /// Whether places are counted in the year and not in the month.
    pub(in crate::schedule) in_year: bool,
}

impl ByDays {
    pub(in crate::schedule) const fn new(rule: &Rrule) -> Self {
        let start = match rule.start {
            Some(start) => start.day(),
            None => Day::lowest(rule.week_start as u32),
        };
        let mut days = Self {
            months: rule.months,
            weeks: rule.weeks,
            week_start: rule.week_start,
            year_days: rule.year_days,
            month_days: rule.month_days,
            weekdays: rule.weekdays,
            places: rule.places,
            has_places: rule.has_places(),
            in_year: matches!(rule.frequency, Frequency::Yearly) && rule.months == 0,
        };
        let no_weekday = days.weekdays == 0 && !days.has_places;
        let no_day = no_weekday && days.month_days.is_empty() && days.year_days.is_empty();
        match rule.frequency {
            Frequency::Yearly if no_day && !days.weeks.is_empty() => {
                days.weekdays = 1 << start.weekday;
            }
            Frequency::Yearly | Frequency::Monthly if no_day => {
                if days.months == 0 && matches!(rule.frequency, Frequency::Yearly) {
                    days.months = 1 << (start.month - 1);
                }
                days.month_days.insert(start.date as i32);
            }
            Frequency::Weekly if no_weekday => days.weekdays = 1 << start.weekday,
            _ => {}
        }
        if days.months == 0 {
            days.months = 0xfff;
        }
        days
    }

    pub(in crate::schedule) const fn matches(&self, day: &Day) -> bool {
        self.months & 1 << (day.month - 1) != 0
            && (self.month_days.is_empty()
                || (self.month_days).contains(day.date, day.month_length - day.date + 1))
            && self.weekday_matches(day)
            && (self.year_days.is_empty()
                || (self.year_days).contains(day.of_year, day.year_length - day.of_year + 1))
            && self.week_matches(day)
    }

    const fn weekday_matches(&self, day: &Day) -> bool {
        if self.weekdays == 0 && !self.has_places || self.weekdays & 1 << day.weekday != 0 {
            return true;
        }
        let (passed, left) = match self.in_year {
            true => (day.of_year - 1, day.year_length - day.of_year),
            false => (day.date - 1, day.month_length - day.date),
        };
        self.places[day.weekday as usize].contains(passed / 7 + 1, left / 7 + 1)
    }

    const fn week_matches(&self, day: &Day) -> bool {
        if self.weeks.is_empty() {
            return true;
        }
        let (week, weeks) = day.week(self.week_start as u32);
        self.weeks.contains(week, weeks - week + 1)
    }
}
