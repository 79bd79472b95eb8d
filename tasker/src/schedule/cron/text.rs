//! Cron fields as text: one canonical form for everything that selects the same.

use std::fmt;

use super::days::{Dates, Weekdays};
use super::{Cron, CronDays};
use crate::schedule::days::set_bits;
use crate::schedule::names::{MONTHS, WEEKDAYS};

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.with_seconds {
            write!(f, "{} ", numbers(self.times.seconds, 0, 59))?;
        }
        write!(f, "{} ", numbers(self.times.minutes, 0, 59))?;
        let hours = u64::from(self.times.hours);
        match self.any_hour {
            true if hours == below(24) => f.write_str("*")?,
            true => write!(f, "*/{}", set_bits(hours).nth(1).unwrap_or(24))?,
            false => write!(f, "{}", Runs::of(hours))?,
        }
        write!(f, " {}", self.days)
    }
}

impl fmt::Display for CronDays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let months = u64::from(self.months);
        write!(f, "{} ", self.dates)?;
        match months {
            0xfff => f.write_str("*")?,
            _ => write!(f, "{}", Runs::named(months, &MONTHS))?,
        }
        let plus = if self.both { "+" } else { "" };
        write!(f, " {plus}{}", self.weekdays)
    }
}

impl fmt::Display for Dates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.any {
            return f.write_str("*");
        }
        let mut list = List::new(f);
        if self.values != 0 {
            list.item(numbers(u64::from(self.values), 1, 31))?;
        }
        for day in set_bits(u64::from(self.near)) {
            list.item(format_args!("{day}W"))?;
        }
        if self.month_end {
            list.item("L")?;
        }
        if self.last_workday {
            list.item("LW")?;
        }
        Ok(())
    }
}

impl fmt::Display for Weekdays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.any {
            return f.write_str("*");
        }
        let mut list = List::new(f);
        if self.values != 0 {
            list.item(Runs::named(u64::from(self.values), &WEEKDAYS))?;
        }
        for (place, set) in self.nth.iter().enumerate() {
            for day in set_bits(u64::from(*set)) {
                list.item(format_args!(
                    "{}#{}",
                    short(WEEKDAYS[day as usize]),
                    place + 1
                ))?;
            }
        }
        for day in set_bits(u64::from(self.last)) {
            list.item(format_args!("{}L", short(WEEKDAYS[day as usize])))?;
        }
        Ok(())
    }
}

/// `*` for all, `*/5` for what a step selects, else the numbers.
fn numbers(set: u64, min: u32, max: u32) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        let mut bits = set_bits(set);
        let (first, second) = (bits.next(), bits.next());
        // A star in the day of the month would mean "any", which frees the day of the week: there is none to write.
        if min == 0 && set == below(max + 1) {
            return f.write_str("*");
        }
        if let (Some(first), Some(second)) = (first, second)
            && first == min
            && second - first > 1
            && set == stepped(min, max, second - first)
        {
            return write!(f, "*/{}", second - first);
        }
        write!(f, "{}", Runs::of(set))
    })
}

fn stepped(min: u32, max: u32, step: u32) -> u64 {
    (min..=max)
        .step_by(step as usize)
        .fold(0, |set, bit| set | 1 << bit)
}

fn below(bit: u32) -> u64 {
    (1 << bit) - 1
}

fn short(name: &str) -> &str {
    name.split_at(3).0
}

/// The bits of a set, `1-5` where three or more follow one another.
struct Runs {
    set: u64,
    names: &'static [&'static str],
}

impl Runs {
    fn of(set: u64) -> Self {
        Self { set, names: &[] }
    }

    fn named(set: u64, names: &'static [&'static str]) -> Self {
        Self { set, names }
    }

    fn value(&self, bit: u32) -> impl fmt::Display {
        fmt::from_fn(move |f| match self.names.get(bit as usize) {
            Some(name) => f.write_str(short(name)),
            None => write!(f, "{bit}"),
        })
    }
}

impl fmt::Display for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = List::new(f);
        let mut bit = 0;
        while bit < 64 && self.set >> bit != 0 {
            bit += (self.set >> bit).trailing_zeros();
            let length = (!(self.set >> bit)).trailing_zeros();
            match length {
                1 => list.item(self.value(bit))?,
                2 => {
                    list.item(self.value(bit))?;
                    list.item(self.value(bit + 1))?;
                }
                _ => list.item(format_args!(
                    "{}-{}",
                    self.value(bit),
                    self.value(bit + length - 1)
                ))?,
            }
            bit += length;
        }
        Ok(())
    }
}

/// Items with commas between them.
struct List<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    is_first: bool,
}

impl<'a, 'b> List<'a, 'b> {
    fn new(f: &'a mut fmt::Formatter<'b>) -> Self {
        Self { f, is_first: true }
    }

    fn item(&mut self, item: impl fmt::Display) -> fmt::Result {
        if !std::mem::take(&mut self.is_first) {
            self.f.write_str(",")?;
        }
        write!(self.f, "{item}")
    }
}
