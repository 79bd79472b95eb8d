//! A recurrence rule in its canonical form: the parts that differ from their default, in a fixed order.

use std::fmt;

use chrono::NaiveDateTime;

use super::{Frequency, Rrule, Until};
use crate::schedule::days::{list, set_bits};

const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

impl fmt::Display for Rrule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(start) = self.start {
            match start.time {
                None => write!(f, "DTSTART={};", start.civil().format("%Y%m%d"))?,
                Some(_) => {
                    let zulu = if self.is_utc() { "Z" } else { "" };
                    write!(f, "DTSTART={}{zulu};", basic(start.civil()))?;
                }
            }
        }
        write!(f, "FREQ={}", self.frequency)?;
        if self.interval > 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        bits(f, "BYMONTH", u64::from(self.months) << 1)?;
        part(f, "BYWEEKNO", self.weeks.iter())?;
        part(f, "BYYEARDAY", self.year_days.iter())?;
        part(f, "BYMONTHDAY", self.month_days.iter())?;
        part(f, "BYDAY", self.weekdays())?;
        bits(f, "BYHOUR", u64::from(self.hours))?;
        bits(f, "BYMINUTE", self.minutes)?;
        bits(f, "BYSECOND", self.seconds)?;
        part(f, "BYSETPOS", self.positions.iter())?;
        if self.week_start > 0 {
            write!(f, ";WKST={}", WEEKDAYS[usize::from(self.week_start)])?;
        }
        if let Some(count) = self.count {
            write!(f, ";COUNT={count}")?;
        }
        match self.until {
            None => Ok(()),
            Some(Until::Local(until)) => write!(f, ";UNTIL={}", basic(until)),
            Some(Until::Instant(until)) => write!(f, ";UNTIL={}Z", basic(until.naive_utc())),
        }
    }
}

impl Rrule {
    /// The weekdays as they are written: those of every week, then those with a place.
    fn weekdays(&self) -> impl Iterator<Item = String> {
        let plain = set_bits(u64::from(self.weekdays)).map(|day| WEEKDAYS[day as usize].to_owned());
        let places = WEEKDAYS.iter().zip(self.places);
        plain.chain(places.flat_map(|(name, places)| {
            let places: Vec<i32> = places.iter().collect();
            places
                .into_iter()
                .map(move |place| format!("{place}{name}"))
        }))
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Frequency::Secondly => "SECONDLY",
            Frequency::Minutely => "MINUTELY",
            Frequency::Hourly => "HOURLY",
            Frequency::Daily => "DAILY",
            Frequency::Weekly => "WEEKLY",
            Frequency::Monthly => "MONTHLY",
            Frequency::Yearly => "YEARLY",
        })
    }
}

fn bits(f: &mut fmt::Formatter<'_>, name: &str, set: u64) -> fmt::Result {
    part(f, name, set_bits(set))
}

/// A part with its list; nothing where the list is empty.
fn part<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    items: impl Iterator<Item = T>,
) -> fmt::Result {
    let mut items = items.peekable();
    if items.peek().is_none() {
        return Ok(());
    }
    write!(f, ";{name}=")?;
    list(f, items)
}

fn basic(civil: NaiveDateTime) -> impl fmt::Display {
    civil.format("%Y%m%dT%H%M%S")
}
