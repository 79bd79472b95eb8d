//! Recurrence rules: the standard's own examples, and what our reading adds.

use chrono::{Datelike, Timelike};
use chrono_tz::Tz;

use super::{at, rule, runs};
use crate::schedule::{Rule, occurrences};

/// The first days on which a rule runs, in New York.
fn days(start: &str, rest: &str, count: usize) -> Vec<String> {
    let text = format!("TZ=America/New_York rrule DTSTART={start}T090000;{rest}");
    occurrences(&rule(&text), Tz::UTC, at("1990-01-01T00:00:00Z"))
        .expect(&text)
        .take(count)
        .map(|found| {
            let local = found.expect(&text).with_timezone(&Tz::America__New_York);
            assert_eq!((local.hour(), local.minute()), (9, 0), "{text}");
            local.format("%y%m%d").to_string()
        })
        .collect()
}

#[test]
fn the_examples_of_the_standard_come_out() {
    let cases = [
        (
            "19970902",
            "FREQ=DAILY;COUNT=5",
            "970902 970903 970904 970905 970906",
        ),
        (
            "19970902",
            "FREQ=DAILY;INTERVAL=10;COUNT=5",
            "970902 970912 970922 971002 971012",
        ),
        (
            "19970902",
            "FREQ=WEEKLY;COUNT=4",
            "970902 970909 970916 970923",
        ),
        (
            "19970902",
            "FREQ=WEEKLY;INTERVAL=2;WKST=SU",
            "970902 970916 970930 971014 971028 971111",
        ),
        (
            "19970902",
            "FREQ=WEEKLY;COUNT=5;WKST=SU;BYDAY=TU,TH",
            "970902 970904 970909 970911 970916",
        ),
        (
            "19970901",
            "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,WE,FR;COUNT=7",
            "970901 970903 970905 970915 970917 970919 970929",
        ),
        (
            "19970902",
            "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
            "970902 970904 970916 970918 970930 971002 971014 971016",
        ),
        (
            "19970905",
            "FREQ=MONTHLY;COUNT=10;BYDAY=1FR",
            "970905 971003 971107 971205 980102 980206 980306 980403 980501 980605",
        ),
        (
            "19970907",
            "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
            "970907 970928 971102 971130 980104 980125 980301 980329 980503 980531",
        ),
        (
            "19970922",
            "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO",
            "970922 971020 971117 971222 980119 980216",
        ),
        (
            "19970928",
            "FREQ=MONTHLY;BYMONTHDAY=-3",
            "970928 971029 971128 971229 980129 980226",
        ),
        (
            "19970902",
            "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15",
            "970902 970915 971002 971015 971102 971115 971202 971215 980102 980115",
        ),
        (
            "19970930",
            "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1",
            "970930 971001 971031 971101 971130 971201 971231 980101 980131 980201",
        ),
        (
            "19970910",
            "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
            "970910 970911 970912 970913 970914 970915 990310 990311 990312 990313",
        ),
        (
            "19970902",
            "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU",
            "970902 970909 970916 970923 970930 971104 971111 971118 971125 980106",
        ),
        (
            "19970610",
            "FREQ=YEARLY;COUNT=10;BYMONTH=6,7",
            "970610 970710 980610 980710 990610 990710 000610 000710 010610 010710",
        ),
        (
            "19970310",
            "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3",
            "970310 990110 990210 990310 010110 010210 010310 030110 030210 030310",
        ),
        (
            "19970101",
            "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
            "970101 970410 970719 000101 000409 000718 030101 030410 030719 060101",
        ),
        ("19970519", "FREQ=YEARLY;BYDAY=20MO", "970519 980518 990517"),
        (
            "19970512",
            "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
            "970512 980511 990517",
        ),
        (
            "19970313",
            "FREQ=YEARLY;BYMONTH=3;BYDAY=TH",
            "970313 970320 970327 980305 980312 980319 980326 990304",
        ),
        (
            "19970902",
            "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
            "980213 980313 981113 990813 001013",
        ),
        (
            "19970913",
            "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13",
            "970913 971011 971108 971213 980110 980207 980307",
        ),
        (
            "19961105",
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
            "961105 001107 041102",
        ),
        (
            "19970904",
            "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3",
            "970904 971007 971106",
        ),
        (
            "19970929",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
            "970929 971030 971127 971230 980129 980226 980330",
        ),
        (
            "19970805",
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
            "970805 970810 970819 970824",
        ),
        (
            "19970805",
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
            "970805 970817 970819 970831",
        ),
        (
            "20070115",
            "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5",
            "070115 070130 070215 070315 070330",
        ),
    ];
    for (start, rest, expected) in cases {
        let expected: Vec<&str> = expected.split(' ').collect();
        assert_eq!(days(start, rest, expected.len()), expected, "{rest}");
        if rest.contains("COUNT") {
            assert_eq!(days(start, rest, 1000).len(), expected.len(), "{rest}");
        }
    }
}

#[test]
fn an_end_in_utc_is_an_instant_and_one_without_a_time_is_a_whole_day() {
    let every_day = "FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA";
    let found = days("19980101", every_day, 1000);
    assert_eq!((found.len(), found[92].as_str()), (93, "000131"));
    assert_eq!(
        days("19970902", "FREQ=DAILY;UNTIL=19970904T130000Z", 9).len(),
        3
    );
    assert_eq!(
        days("19970902", "FREQ=DAILY;UNTIL=19970904T125959Z", 9).len(),
        2
    );
    assert_eq!(
        days("19970902", "FREQ=DAILY;UNTIL=19970904T090000", 9).len(),
        3
    );
    assert_eq!(days("19970902", "FREQ=DAILY;UNTIL=19970904", 9).len(), 3);
}

#[test]
fn periods_below_a_day_are_counted_from_the_start() {
    let clocks = |rest: &str, count: usize| -> Vec<String> {
        let text = format!("rrule DTSTART=19970902T090000;{rest}");
        (runs(&text, "UTC", "1990-01-01T00:00:00Z", count).iter())
            .map(|run| run[8..19].to_owned())
            .collect()
    };
    assert_eq!(
        clocks("FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000", 9),
        ["02T09:00:00", "02T12:00:00", "02T15:00:00"]
    );
    assert_eq!(
        clocks("FREQ=MINUTELY;INTERVAL=90;COUNT=4", 9),
        ["02T09:00:00", "02T10:30:00", "02T12:00:00", "02T13:30:00"]
    );
    assert_eq!(
        clocks("FREQ=SECONDLY;INTERVAL=45;BYMINUTE=0,1;COUNT=5", 9),
        [
            "02T09:00:00",
            "02T09:00:45",
            "02T09:01:30",
            "02T10:00:00",
            "02T10:00:45"
        ]
    );
    assert_eq!(
        clocks("FREQ=HOURLY;INTERVAL=7;BYMINUTE=10,50;BYSETPOS=-1", 3),
        ["02T09:50:00", "02T16:50:00", "02T23:50:00"]
    );
    assert_eq!(
        clocks("FREQ=MINUTELY;BYSECOND=5,15,25;BYSETPOS=2", 2),
        ["02T09:00:15", "02T09:01:15"]
    );
    assert_eq!(
        clocks("FREQ=HOURLY;INTERVAL=36;BYDAY=FR;BYHOUR=9", 2),
        ["05T09:00:00", "26T09:00:00"]
    );
    let working_day = "FREQ=DAILY;BYHOUR=9,10,16;BYMINUTE=0,20,40;COUNT=10";
    assert_eq!(clocks(working_day, 20)[8..], ["02T16:40:00", "03T09:00:00"]);
    // Daily at several times, of which the last: positions choose among days and times together.
    assert_eq!(
        clocks(
            "FREQ=WEEKLY;BYDAY=MO,TU;BYHOUR=8,20;BYMINUTE=0;BYSETPOS=1,-1",
            4
        ),
        ["02T20:00:00", "08T08:00:00", "09T20:00:00", "15T08:00:00"]
    );
}

#[test]
fn what_is_not_named_is_the_lowest_without_a_start() {
    let first =
        |text: &str| runs(&format!("rrule {text}"), "UTC", "2025-06-04T12:34:56Z", 1)[0].clone();
    assert_eq!(first("FREQ=DAILY"), "2025-06-05T00:00:00Z");
    assert_eq!(first("FREQ=WEEKLY"), "2025-06-09T00:00:00Z");
    assert_eq!(first("FREQ=WEEKLY;WKST=SU"), "2025-06-08T00:00:00Z");
    assert_eq!(first("FREQ=MONTHLY"), "2025-07-01T00:00:00Z");
    assert_eq!(
        first("FREQ=MONTHLY;BYDAY=2TU;BYHOUR=9"),
        "2025-06-10T09:00:00Z"
    );
    assert_eq!(first("FREQ=YEARLY"), "2026-01-01T00:00:00Z");
    assert_eq!(first("FREQ=YEARLY;BYMONTH=9"), "2025-09-01T00:00:00Z");
    assert_eq!(first("FREQ=YEARLY;BYWEEKNO=30"), "2025-07-21T00:00:00Z");
    assert_eq!(first("FREQ=HOURLY"), "2025-06-04T13:00:00Z");
    assert_eq!(first("FREQ=MINUTELY"), "2025-06-04T12:35:00Z");
    assert_eq!(first("FREQ=SECONDLY"), "2025-06-04T12:34:57Z");
    // Periods of an interval are counted from the first day of 1970.
    assert_eq!(first("FREQ=YEARLY;INTERVAL=10"), "2030-01-01T00:00:00Z");
}

#[test]
fn occurrences_are_counted_from_the_schedules_start() {
    let counted = rule("rrule FREQ=MONTHLY;BYDAY=2TU;COUNT=10");
    assert!(counted.needs_start());
    let after = at("2025-01-01T00:00:00Z");
    let message = crate::schedule::next(&counted, Tz::UTC, after).expect_err("it has no start");
    assert!(message.as_str().contains("COUNT"), "{message}");
    let started = counted.anchored(at("2025-01-20T10:00:00Z"));
    assert!(!started.needs_start());
    let found: Vec<_> = (occurrences(&started, Tz::UTC, after).expect("it starts"))
        .map(|found| found.expect("it starts"))
        .collect();
    assert_eq!(
        (found.len(), found[0], found[9]),
        (10, at("2025-02-11T00:00:00Z"), at("2025-11-11T00:00:00Z"))
    );
    assert!(!rule("rrule DTSTART=20250101;FREQ=DAILY;COUNT=3").needs_start());
    assert!(!rule("rrule FREQ=DAILY;INTERVAL=3").needs_start());
    // Exceptions do not give back what they leave out of a count.
    assert_eq!(
        runs(
            "rrule DTSTART=20250101;FREQ=DAILY;COUNT=3 except 01-02",
            "UTC",
            "2024-01-01T00:00:00Z",
            9
        )
        .len(),
        2
    );
}

#[test]
fn a_start_gives_the_time_of_day_and_the_first_occurrence() {
    // D-35: every day, every second day, every third day from a moment.
    let next = |interval: u32, after: &str| {
        let text = format!("rrule DTSTART=20241028T100000;FREQ=DAILY;INTERVAL={interval}");
        runs(&text, "UTC", after, 1)[0].clone()
    };
    assert_eq!(next(1, "2024-10-29T00:00:00Z"), "2024-10-29T10:00:00Z");
    assert_eq!(next(2, "2024-10-29T00:00:00Z"), "2024-10-30T10:00:00Z");
    assert_eq!(next(3, "2024-10-29T00:00:00Z"), "2024-10-31T10:00:00Z");
    assert_eq!(next(1, "2024-10-01T00:00:00Z"), "2024-10-28T10:00:00Z");
    // D-36.
    assert_eq!(
        runs(
            "rrule DTSTART=20241028T100000;FREQ=WEEKLY;BYDAY=MO",
            "UTC",
            "2024-10-31T00:00:00Z",
            1
        ),
        ["2024-11-04T10:00:00Z"]
    );
    // D-38.
    assert_eq!(
        runs(
            "rrule DTSTART=20250101T090000;FREQ=MONTHLY;BYMONTHDAY=1,15",
            "UTC",
            "2025-01-01T09:00:00Z",
            2
        ),
        ["2025-01-15T09:00:00Z", "2025-02-01T09:00:00Z"]
    );
    // D-40: started a year ago, and found at once.
    assert_eq!(
        runs(
            "rrule DTSTART=20240101T000000;FREQ=MINUTELY",
            "UTC",
            "2025-01-01T00:00:30Z",
            1
        ),
        ["2025-01-01T00:01:00Z"]
    );
    // D-42.
    assert!(
        runs(
            "rrule DTSTART=20240101T000000;FREQ=MINUTELY;UNTIL=20240102T000000",
            "UTC",
            "2024-01-02T00:00:00Z",
            1
        )
        .is_empty()
    );
    // A start that does not match is no occurrence.
    assert_eq!(
        runs(
            "rrule DTSTART=20250101T090000;FREQ=WEEKLY;BYDAY=FR",
            "UTC",
            "2024-12-01T00:00:00Z",
            1
        ),
        ["2025-01-03T09:00:00Z"]
    );
}

#[test]
fn the_standards_own_spelling_is_read() {
    let canonical = "TZ=Europe/London rrule DTSTART=20250101T090000;FREQ=DAILY;COUNT=3";
    for text in [
        "rrule DTSTART;TZID=Europe/London:20250101T090000 RRULE:FREQ=DAILY;COUNT=3",
        "rrule \"DTSTART;TZID=europe/london:20250101T090000 RRULE:FREQ=DAILY;COUNT=3\"",
        "TZ=Europe/London RRULE DTSTART:20250101T090000 freq=daily;count=3",
        "TZ=Europe/London rrule COUNT=3;FREQ=DAILY;DTSTART=2025-01-01T09:00;INTERVAL=1;WKST=MO;",
        "TZ=Europe/London rrule \"RRULE:FREQ=DAILY;COUNT=3;DTSTART=20250101T090000\"",
    ] {
        assert_eq!(rule(text).to_string(), canonical, "{text}");
    }
    let utc = rule("rrule DTSTART:20250101T090000Z RRULE:FREQ=DAILY");
    assert_eq!((utc.offset_minutes(), utc.gap()), (Some(0), None));
    assert_eq!(utc.to_string(), "rrule DTSTART=20250101T090000Z;FREQ=DAILY");
    assert!(Rule::parse_in(&utc.to_string(), Some("Europe/London")).is_err());
    assert_eq!(
        rule("rrule DTSTART;VALUE=DATE:20250101 RRULE:FREQ=YEARLY").to_string(),
        "rrule DTSTART=20250101;FREQ=YEARLY"
    );
    let all = "rrule DTSTART=20250101T090000;FREQ=YEARLY;INTERVAL=2;BYMONTH=1,12;BYMONTHDAY=1,2,-1;BYDAY=MO,SU;\
               BYHOUR=0,23;BYMINUTE=0,59;BYSECOND=0,59;BYSETPOS=1,-1;WKST=SU;UNTIL=20301231T235959Z";
    assert_eq!(rule(all).to_string(), all);
    let places = "rrule FREQ=MONTHLY;BYDAY=FR,1MO,-1MO,2TU,-5SU";
    assert_eq!(
        rule("rrule FREQ=MONTHLY;BYDAY=2TU,+1MO,-5SU,-1MO,FR").to_string(),
        places
    );
    assert_eq!(
        rule("rrule FREQ=YEARLY;BYWEEKNO=-1,20;BYDAY=TH").to_string(),
        "rrule FREQ=YEARLY;BYWEEKNO=20,-1;BYDAY=TH"
    );
}

#[test]
fn an_interval_that_misses_its_times_is_an_error_when_it_is_computed() {
    for text in [
        "rrule DTSTART=20250101T000000;FREQ=SECONDLY;INTERVAL=2;BYSECOND=1,3",
        "rrule DTSTART=20250101T000000;FREQ=MINUTELY;INTERVAL=90;BYHOUR=2;BYMINUTE=0",
        "rrule DTSTART=20250101T000000;FREQ=HOURLY;INTERVAL=24;BYHOUR=1",
    ] {
        let message = crate::schedule::next(&rule(text), Tz::UTC, at("2025-06-01T00:00:00Z"));
        assert!(
            message.expect_err(text).as_str().contains("never runs"),
            "{text}"
        );
    }
    let meets =
        "rrule DTSTART=20250101T000000;FREQ=SECONDLY;INTERVAL=86399;BYHOUR=0;BYMINUTE=0;BYSECOND=0";
    assert_eq!(
        runs(meets, "UTC", "2025-01-01T00:00:00Z", 1),
        ["2261-07-22T00:00:00Z"]
    );
}

#[test]
fn long_ago_is_no_further_than_yesterday() {
    // Every computation starts from the moment asked about: a century of seconds is not walked through.
    let started = std::time::Instant::now();
    for text in [
        "rrule DTSTART=19000101T000000;FREQ=SECONDLY;INTERVAL=7",
        "rrule DTSTART=19000101T000000;FREQ=MINUTELY;INTERVAL=11;BYHOUR=3",
        "rrule DTSTART=19000101T000000;FREQ=DAILY;INTERVAL=13",
        "rrule DTSTART=19000101T000000;FREQ=WEEKLY;INTERVAL=5;BYDAY=MO,FR;BYSETPOS=-1",
        "rrule DTSTART=19000101T000000;FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO",
    ] {
        let found = occurrences(&rule(text), Tz::Europe__London, at("2099-06-01T00:00:00Z"))
            .expect(text)
            .take(1_000);
        assert_eq!(
            found
                .filter(|found| found.as_ref().is_ok_and(|found| found.year() >= 2099))
                .count(),
            if text.contains("WEEKNO") { 338 } else { 1_000 },
            "{text}"
        );
    }
    assert!(
        started.elapsed() < std::time::Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}
