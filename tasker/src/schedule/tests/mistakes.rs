//! Mistakes in rules: what is told of each, and how it names the cure.

use super::{error, rule};

#[test]
fn in_a_clause() {
    let cases = [
        ("daily 12:00 excpet 12-25", "did you mean `except`?"),
        ("daily 12:00 except", "write `except 2025-12-25,12-26`"),
        (
            "daily 12:00 except jitter 30s",
            "write `except 2025-12-25,12-26`",
        ),
        ("daily 12:00 except 2025-13-25", "never comes"),
        ("daily 12:00 except 2025-12-32", "never comes"),
        ("daily 12:00 except 02-30", "february has at most 29 days"),
        ("daily 12:00 except 13-01", "`12-25` for every year"),
        ("daily 12:00 except 1-1", "is not a date"),
        ("daily 12:00 except 25.12.2025", "is not a date"),
        ("daily 12:00 except 2025-12-25,", "has an empty item"),
        (
            "daily 12:00 except 2025-12-25, 2025-12-26",
            "cron needs five fields",
        ),
        (
            "daily 12:00 except 2025-12-26..2025-12-25",
            "runs backwards",
        ),
        (
            "daily 12:00 except 1969-12-31",
            "write a year from 1970 to 2105",
        ),
        (
            "daily 12:00 except 2025-12-25T12:00Z",
            "has an offset from UTC",
        ),
        ("daily 12:00 except daily 12:00Z", "without an offset"),
        ("daily 12:00 except every 5m", "`every` cannot be left out"),
        (
            "daily 12:00 except at 2025-12-25T12:00",
            "`at` cannot be left out",
        ),
        (
            "daily 12:00 except rrule FREQ=DAILY;COUNT=3",
            "write `UNTIL`",
        ),
        (
            "daily 12:00 except rrule DTSTART=20250101T000000Z;FREQ=DAILY",
            "without a zone",
        ),
        (
            "daily 12:00 except weekly mon except weekly tue except weekly wed except weekly thu except weekly fri",
            "at most 4 other rules",
        ),
        (
            "daily 12:00 between 08:00",
            "write `between 08:00 and 18:00`",
        ),
        (
            "daily 12:00 between 08:00 18:00",
            "write `between 08:00 and 18:00`",
        ),
        ("daily 12:00 between 8 and 18", "`8` is not a time of day"),
        ("daily 12:00 between 08:00Z and 18:00", "without an offset"),
        ("daily 12:00 between 08:00 and 08:00", "are the same"),
        (
            "daily 12:00 between 08:00 and 18:00 between 09:00 and 10:00",
            "`between` is given twice",
        ),
        ("daily 12:00 jitter", "write `jitter 30s`"),
        ("daily 12:00 jitter 30", "number without a unit"),
        ("daily 12:00 jitter 0s", "out of bounds"),
        ("daily 12:00 jitter 25h", "from `1ms` to `1d`"),
        ("every 5m jitter 5m", "as long as the time between"),
        ("daily 12:00 gap first", "write `gap skip` or `gap next`"),
        ("daily 12:00 gap", "write `gap skip` or `gap next`"),
        ("daily 12:00 fold frist", "did you mean `first`?"),
        (
            "daily 12:00 fold next",
            "`fold first`, `fold second` or `fold both`",
        ),
        ("daily 12:00 gap skip gap next", "`gap` is given twice"),
        ("every 5m fold both", "leave `fold` out"),
        ("daily 12:00Z gap skip", "leave `gap` out"),
        (
            "rrule DTSTART=20250101T000000Z;FREQ=DAILY gap skip",
            "leave `gap` out",
        ),
        ("at", "write them without spaces"),
        ("at 2025-06-01", "write `2025-06-01T09:00`"),
        ("at 2025-06-01T09:00, 2025-06-02T09:00", "without spaces"),
        ("at noon", "`noon` is not a date"),
        ("daily except 12-25", "has no time of day"),
        ("weekly mon between 08:00 and 09:00", "has no time of day"),
    ];
    for (text, part) in cases {
        assert!(error(text).contains(part), "{text}: {}", error(text));
        assert!(
            !error(text).ends_with(['…', '.']),
            "{text}: {}",
            error(text)
        );
    }
    let dates = (0..129)
        .map(|day| format!("{}-01-{:02}", 2000 + day / 31, day % 31 + 1))
        .collect::<Vec<_>>()
        .join(",");
    assert!(error(&format!("daily 12:00 except {dates}")).contains("at most 128 dates"));
    let moments = ["2025-06-01T12:00"; 65].join(",");
    assert!(error(&format!("at {moments}")).contains("at most 64 moments"));
}

#[test]
fn in_a_recurrence_rule() {
    let cases = [
        (
            "rrule",
            "has no frequency: write `rrule FREQ=MONTHLY;BYDAY=2TU`",
        ),
        ("rrule INTERVAL=2", "has no frequency"),
        ("rrule FREQ=DALY", "did you mean `DAILY`?"),
        ("rrule FREQ=DAILY INTERVAL=2", "`INTERVAL=2` is too much"),
        ("rrule FREQ=DAILY;INTERVALL=2", "did you mean `INTERVAL`?"),
        ("rrule FREQ=DAILY;COUNT", "`COUNT` is no part"),
        ("rrule FREQ=DAILY;INTERVAL=0", "write 1 to 4294967295"),
        ("rrule FREQ=DAILY;COUNT=0", "write 1 to 100000"),
        ("rrule FREQ=DAILY;COUNT=3;COUNT=3", "`COUNT` is given twice"),
        (
            "rrule DTSTART:20250101 FREQ=DAILY;DTSTART=20250101",
            "`DTSTART` is given twice",
        ),
        (
            "rrule FREQ=DAILY;COUNT=3;UNTIL=20300101",
            "exclude each other",
        ),
        ("rrule FREQ=DAILY;UNTIL=soon", "`soon` is not a date"),
        ("rrule FREQ=DAILY;UNTIL=20250229", "never comes"),
        (
            "rrule DTSTART=20250601;FREQ=DAILY;UNTIL=20250531",
            "lies before `DTSTART`",
        ),
        (
            "rrule DTSTART=2025-06-01T09:00+02:00;FREQ=DAILY",
            "write local time, or `Z`",
        ),
        (
            "rrule DTSTART;TZID=Europe/Lodnon:20250101 FREQ=DAILY",
            "did you mean `Europe/London`?",
        ),
        (
            "rrule DTSTART;VALUE=TIME:20250101 FREQ=DAILY",
            "`;VALUE=TIME` after `DTSTART`",
        ),
        (
            "TZ=UTC rrule DTSTART;TZID=UTC:20250101 FREQ=DAILY",
            "leave one of them out",
        ),
        (
            "TZ=Asia/Tokyo rrule DTSTART=20250101T000000Z;FREQ=DAILY",
            "leave one of them out",
        ),
        (
            "rrule \"FREQ=DAILY",
            "the quotes around the `rrule` do not end",
        ),
        (
            "rrule FREQ=MONTHLY;BYMONTH=13",
            "`13` in `BYMONTH` is out of range: write 1 to 12",
        ),
        (
            "rrule FREQ=MONTHLY;BYMONTHDAY=0",
            "write 1 to 31, or -1 to -31 from the end",
        ),
        ("rrule FREQ=MONTHLY;BYMONTHDAY=1,,2", "out of range"),
        ("rrule FREQ=DAILY;BYHOUR=24", "write 0 to 23"),
        ("rrule FREQ=DAILY;BYSECOND=60", "write 0 to 59"),
        (
            "rrule FREQ=WEEKLY;BYDAY=MON",
            "`MON` is not a day of the week",
        ),
        ("rrule FREQ=WEEKLY;BYDAY=é", "is not a day of the week"),
        ("rrule FREQ=WEEKLY;WKST=XX", "is not a day of the week"),
        ("rrule FREQ=WEEKLY;BYDAY=2MO", "leave the number out"),
        (
            "rrule FREQ=YEARLY;BYWEEKNO=20;BYDAY=2MO",
            "does not go with `BYWEEKNO`",
        ),
        (
            "rrule FREQ=MONTHLY;BYDAY=6MO",
            "no month has 6 of one weekday",
        ),
        ("rrule FREQ=YEARLY;BYMONTH=3;BYDAY=-6MO", "no month has 6"),
        (
            "rrule FREQ=MONTHLY;BYWEEKNO=20",
            "`BYWEEKNO` goes only with `FREQ=YEARLY`",
        ),
        (
            "rrule FREQ=MONTHLY;BYYEARDAY=20",
            "`BYYEARDAY` goes only with",
        ),
        (
            "rrule FREQ=WEEKLY;BYMONTHDAY=20",
            "`BYMONTHDAY` goes only with",
        ),
        (
            "rrule FREQ=DAILY;BYSETPOS=1",
            "write one of those that begin with `BY` too",
        ),
        (
            "rrule FREQ=WEEKLY;BYDAY=MO;BYSETPOS=8",
            "number 8 of at most 7",
        ),
        ("rrule FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never runs"),
        ("rrule FREQ=MONTHLY;BYMONTH=4,6;BYMONTHDAY=31", "never runs"),
        ("rrule FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1", "never runs"),
        ("rrule FREQ=YEARLY;BYYEARDAY=366;BYMONTH=1", "never runs"),
        ("rrule FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6", "never runs"),
    ];
    for (text, part) in cases {
        assert!(error(text).contains(part), "{text}: {}", error(text));
        assert!(!error(text).ends_with('…'), "{text}: {}", error(text));
    }
    // The rarest of days come all the same.
    for text in [
        "rrule FREQ=YEARLY;BYYEARDAY=366;BYDAY=MO",
        "rrule FREQ=YEARLY;BYWEEKNO=53;BYYEARDAY=1;BYDAY=SA",
        "rrule FREQ=MONTHLY;BYMONTHDAY=29;BYMONTH=2;BYDAY=5FR",
    ] {
        rule(text);
    }
}
