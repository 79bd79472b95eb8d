//! What the calendar standard forbids in a rule, and rules that never come true.

use super::{ByDays, Frequency, Rrule, Until};
use crate::grammar::{Message, attempt};
use crate::schedule::days::DaySet;

/// The rule, if it is one.
pub(super) const fn check(rule: Rrule) -> Result<Rrule, Message> {
    attempt!(check_parts(&rule));
    attempt!(check_places(&rule));
    attempt!(check_positions(&rule));
    attempt!(check_end(&rule));
    if !DaySet::Rrule(ByDays::new(&rule)).ever_match() {
        return Err(Message::new(
            "this `rrule` never runs: no day satisfies all of its parts, rewrite those that begin with `BY`",
        ));
    }
    Ok(rule)
}

/// Parts that this frequency does not have.
const fn check_parts(rule: &Rrule) -> Result<(), Message> {
    let frequency = rule.frequency;
    if !rule.weeks.is_empty() && !matches!(frequency, Frequency::Yearly) {
        return Err(only("BYWEEKNO", "`FREQ=YEARLY`"));
    }
    if !rule.year_days.is_empty()
        && matches!(
            frequency,
            Frequency::Daily | Frequency::Weekly | Frequency::Monthly
        )
    {
        let frequencies = "`FREQ=YEARLY` and frequencies below a day";
        return Err(only("BYYEARDAY", frequencies));
    }
    if !rule.month_days.is_empty() && matches!(frequency, Frequency::Weekly) {
        return Err(only("BYMONTHDAY", "frequencies other than `WEEKLY`"));
    }
    Ok(())
}

const fn only(part: &str, frequencies: &str) -> Message {
    let message = Message::new("`").text(part).text("` goes only with ");
    message
        .text(frequencies)
        .text(": leave it out, or change `FREQ`")
}

/// Weekdays with their place, such as `2TU`.
const fn check_places(rule: &Rrule) -> Result<(), Message> {
    if !rule.has_places() {
        return Ok(());
    }
    if !matches!(rule.frequency, Frequency::Monthly | Frequency::Yearly) {
        return Err(Message::new(
            "a weekday with its place, such as `2TU`, goes only with `FREQ=MONTHLY` and `FREQ=YEARLY`: leave the number out",
        ));
    }
    if !rule.weeks.is_empty() {
        return Err(Message::new(
            "a weekday with its place, such as `2TU`, does not go with `BYWEEKNO`: leave the number out",
        ));
    }
    let in_month = rule.months != 0 || matches!(rule.frequency, Frequency::Monthly);
    let mut weekday = 0;
    while weekday < 7 {
        let largest = rule.places[weekday].largest();
        if in_month && largest > 5 {
            let message = Message::new("no month has ").number(largest as u64);
            return Err(
                message.text(" of one weekday: write `1MO` to `5MO`, or `-1MO` from the end")
            );
        }
        weekday += 1;
    }
    Ok(())
}

/// `BYSETPOS`, which chooses from what the other parts leave.
const fn check_positions(rule: &Rrule) -> Result<(), Message> {
    let largest = rule.positions.largest();
    if largest == 0 {
        return Ok(());
    }
    let limits_days = rule.months != 0
        || rule.weekdays != 0
        || rule.has_places()
        || !rule.weeks.is_empty()
        || !rule.year_days.is_empty()
        || !rule.month_days.is_empty();
    if !limits_days && rule.hours == 0 && rule.minutes == 0 && rule.seconds == 0 {
        return Err(Message::new(
            "`BYSETPOS` chooses from what another part names: write one of those that begin with `BY` too",
        ));
    }
    let times = rule.times();
    let (minutes, seconds) = (times.minutes.count_ones(), times.seconds.count_ones());
    let most = match rule.frequency {
        Frequency::Yearly => 366 * times.count(),
        Frequency::Monthly => 31 * times.count(),
        Frequency::Weekly => 7 * times.count(),
        Frequency::Daily => times.count(),
        Frequency::Hourly => minutes * seconds,
        Frequency::Minutely => seconds,
        Frequency::Secondly => 1,
    };
    if largest > most {
        let message = Message::new("`BYSETPOS` asks for number ").number(largest as u64);
        return Err(message
            .text(" of at most ")
            .number(most as u64)
            .text(" that a period has: write a smaller number"));
    }
    Ok(())
}

const fn check_end(rule: &Rrule) -> Result<(), Message> {
    if rule.count.is_some() && rule.until.is_some() {
        return Err(Message::new(
            "`COUNT` and `UNTIL` exclude each other: leave one of them out",
        ));
    }
    let (Some(start), Some(until)) = (rule.start, rule.until) else {
        return Ok(());
    };
    let until = match until {
        Until::Local(until) => until.and_utc().timestamp(),
        // Zones are at most that far from UTC.
        Until::Instant(until) => until.timestamp() + 14 * 3600,
    };
    if until < start.civil().and_utc().timestamp() {
        return Err(Message::new(
            "`UNTIL` lies before `DTSTART`, so that the rule never runs: write a later one",
        ));
    }
    Ok(())
}
