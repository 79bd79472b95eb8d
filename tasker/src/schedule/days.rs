//! Sets of days: those that the calendar words name, and those that any kind of rule names.

use std::fmt;

use super::cron::CronDays;
use super::day::{Day, EveryDay};
use super::names::{LAST, MONTHS, WEEKDAYS};
use super::rrule::ByDays;

/// The days whose weekday, month and day of the month are all in the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Days {
    /// Bit 0 is Monday.
    pub(super) weekdays: u8,
    /// Bit 0 is January.
    pub(super) months: u16,
    /// Bits 1 to 31 are days, bit 0 the last day of the month.
    pub(super) dates: u32,
}

impl Days {
    pub(super) const ALL_WEEKDAYS: u8 = 0x7f;
    pub(super) const MONDAY_TO_FRIDAY: u8 = 0x1f;
    pub(super) const WEEKEND: u8 = 0x60;
    pub(super) const ALL_MONTHS: u16 = 0xfff;
    pub(super) const ALL_DATES: u32 = !LAST;

    pub(super) const EVERY: Self = Self {
        weekdays: Self::ALL_WEEKDAYS,
        months: Self::ALL_MONTHS,
        dates: Self::ALL_DATES,
    };

    pub(super) const fn of_week(weekdays: u8) -> Self {
        Self {
            weekdays,
            ..Self::EVERY
        }
    }

    pub(super) const fn of_year(months: u16, dates: u32) -> Self {
        Self {
            months,
            dates,
            ..Self::EVERY
        }
    }

    const fn matches(&self, day: &Day) -> bool {
        let last = self.dates & LAST != 0 && day.date == day.month_length;
        self.weekdays & 1 << day.weekday != 0
            && self.months & 1 << (day.month - 1) != 0
            && (self.dates & 1 << day.date != 0 || last)
    }
}

/// The words of the grammar without the time of day.
impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.months != Self::ALL_MONTHS {
            f.write_str("yearly ")?;
            list(f, names(u64::from(self.months), &MONTHS))?;
            f.write_str(" ")?;
            return list(f, dates(self.dates));
        }
        if self.dates != Self::ALL_DATES {
            f.write_str("monthly ")?;
            return list(f, dates(self.dates));
        }
        match self.weekdays {
            Self::ALL_WEEKDAYS => f.write_str("daily"),
            Self::MONDAY_TO_FRIDAY => f.write_str("weekdays"),
            Self::WEEKEND => f.write_str("weekends"),
            set => {
                f.write_str("weekly ")?;
                list(f, names(u64::from(set), &WEEKDAYS))
            }
        }
    }
}

/// The days of any kind of rule.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a constant cannot hold what is on the heap"
)]
pub(super) enum DaySet {
    Plain(Days),
    Cron(CronDays),
    Rrule(ByDays),
}

impl DaySet {
    pub(super) const fn matches(&self, day: &Day) -> bool {
        match self {
            DaySet::Plain(days) => days.matches(day),
            DaySet::Cron(days) => days.matches(day),
            DaySet::Rrule(days) => days.matches(day),
        }
    }

    /// The months that have such a day, bit 0 being January; perhaps more.
    pub(super) const fn months(&self) -> u16 {
        match self {
            DaySet::Plain(days) => days.months,
            DaySet::Cron(days) => days.months,
            DaySet::Rrule(days) => days.months,
        }
    }

    /// Whether the calendar has such a day.
    pub(super) const fn ever_match(&self) -> bool {
        let mut days = EveryDay::new();
        days.skip_to(self.months());
        while let Some(day) = days.next() {
            if self.matches(&day) {
                return true;
            }
            days.skip_to(self.months());
        }
        false
    }
}

/// The bits of a set, lowest first.
pub(super) fn set_bits(set: u64) -> impl Iterator<Item = u32> + Clone {
    (0..64).filter(move |bit| set & (1 << bit) != 0)
}

/// The days of a set as the grammar writes them, `last` at the end.
fn dates(set: u32) -> impl Iterator<Item = String> {
    let last = (set & LAST != 0).then(|| "last".to_owned());
    set_bits(u64::from(set & !LAST))
        .map(|day| day.to_string())
        .chain(last)
}

fn names<'a>(set: u64, names: &'a [&str]) -> impl Iterator<Item = &'a str> {
    set_bits(set).map(|bit| names[bit as usize].split_at(3).0)
}

/// The items with commas between them.
pub(super) fn list<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    items: impl IntoIterator<Item = T>,
) -> fmt::Result {
    for (place, item) in items.into_iter().enumerate() {
        if place > 0 {
            f.write_str(",")?;
        }
        item.fmt(f)?;
    }
    Ok(())
}
