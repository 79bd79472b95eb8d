//! Whether the parts of a rule leave anything: `weekly sat 09:00 except weekends` does not, and is refused.
//!
//! It is asked of every kind of day that the calendar has. Lists of dates leave something at some time, and an
//! exception with an interval leaves the periods between; a rule that gets past this and still has nothing left says so
//! when it is computed.

use crate::grammar::Message;
use crate::schedule::cron::Cron;
use crate::schedule::day::{Day, EveryDay};
use crate::schedule::days::{DaySet, Days};
use crate::schedule::except::{Exception, Exceptions, Precision, RULES};
use crate::schedule::rrule::ByDays;
use crate::schedule::rule::{Rule, When};
use crate::schedule::times::Times;
use crate::schedule::window::Window;

/// So many times of a day are looked at; one more is taken to be left.
const LOOKED_AT: u32 = 1_000;

pub(super) const fn check(rule: &Rule) -> Result<(), Message> {
    let (days, times) = match calendar(&rule.when) {
        Some(both) => both,
        None => return Ok(()),
    };
    if let Some(window) = rule.window
        && !window.meets(times)
    {
        return Err(Message::new(
            "this schedule never runs: none of its times lies within `between`, change either",
        ));
    }
    if !rule.except.has_rules() || is_left(days, times, rule.window, &rule.except) {
        return Ok(());
    }
    Err(Message::new(
        "this schedule never runs: `except` leaves out all of it, take something back",
    ))
}

/// The days and times of day, where a kind of rule has them. Within a day, an interval makes them fewer.
const fn calendar(when: &When) -> Option<(DaySet, Times)> {
    match when {
        When::Every { .. } | When::At(_) => None,
        When::Hourly { minute } => Some((
            DaySet::Plain(Days::EVERY),
            Times {
                hours: Times::ALL_HOURS,
                ..Times::at(*minute as u32 * 60)
            },
        )),
        When::Days { days, time } => Some((DaySet::Plain(*days), Times::at(time.second))),
        When::Cron(Cron { days, times, .. }) => Some((DaySet::Cron(*days), *times)),
        When::Rrule(rule) => Some((DaySet::Rrule(ByDays::new(rule)), rule.times())),
    }
}

const fn is_left(days: DaySet, times: Times, window: Option<Window>, except: &Exceptions) -> bool {
    let mut every = EveryDay::new();
    // For each set of exceptions that matter on a day, whether they leave any of its times.
    let mut known = [None; 1 << RULES];
    every.skip_to(days.months());
    while let Some(day) = every.next() {
        if days.matches(&day) && except.yearly[day.month as usize - 1] & 1 << day.date == 0 {
            let matter = matter_on(&day, except);
            let left = match known[matter] {
                Some(left) => left,
                None => is_left_by(matter, times, window, except),
            };
            if left {
                return true;
            }
            known[matter] = Some(left);
        }
        every.skip_to(days.months());
    }
    false
}

/// The exceptions whose days have this one, a bit for each.
const fn matter_on(day: &Day, except: &Exceptions) -> usize {
    let mut set = 0;
    let mut place = 0;
    while place < RULES {
        if let Some(exception) = &except.rules[place]
            && let Some((days, _)) = whole(exception)
            && days.matches(day)
        {
            set |= 1 << place;
        }
        place += 1;
    }
    set
}

/// Whether those exceptions leave any of the times.
const fn is_left_by(
    matter: usize,
    times: Times,
    window: Option<Window>,
    except: &Exceptions,
) -> bool {
    let mut looked_at = 0;
    let mut from = 0;
    while let Some(second) = times.at_or_after(from) {
        let open = match window {
            Some(window) => window.contains(second),
            None => true,
        };
        if open && !is_left_out(matter, second, except) || looked_at == LOOKED_AT {
            return true;
        }
        looked_at += 1;
        from = second + 1;
    }
    false
}

const fn is_left_out(matter: usize, second: u32, except: &Exceptions) -> bool {
    let mut place = 0;
    while place < RULES {
        if matter & 1 << place != 0
            && let Some(exception) = &except.rules[place]
            && let Some((_, times)) = whole(exception)
        {
            let covered = match exception.precision {
                Precision::Day => true,
                Precision::Minute => times.contains(second - second % 60),
                Precision::Second => times.contains(second),
            };
            if covered {
                return true;
            }
        }
        place += 1;
    }
    false
}

/// The days and times of an exception that leaves out all of them.
const fn whole(exception: &Exception) -> Option<(DaySet, Times)> {
    match &exception.when {
        When::Rrule(rule)
            if rule.interval > 1 || !rule.positions.is_empty() || rule.until.is_some() =>
        {
            None
        }
        when => calendar(when),
    }
}
