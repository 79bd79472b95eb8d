//! Random rules of the whole grammar, zones and instants.

use chrono::{DateTime, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;
use proptest::sample::select;

use super::at;
use crate::schedule::Rule;

/// Zones whose clocks change in unusual ways.
pub(super) const ZONES: [Tz; 12] = [
    Tz::UTC,
    Tz::Europe__London,
    Tz::America__New_York,
    Tz::Australia__Lord_Howe,
    Tz::Australia__Sydney,
    Tz::America__Santiago,
    Tz::Asia__Amman,
    Tz::Africa__Casablanca,
    Tz::Pacific__Apia,
    Tz::Asia__Kathmandu,
    Tz::Pacific__Kiritimati,
    Tz::Antarctica__Troll,
];

/// One of the unusual zones, or any.
pub(super) fn zones() -> impl Strategy<Value = Tz> {
    prop_oneof![2 => select(ZONES.to_vec()), 1 => select(TZ_VARIANTS.to_vec())]
}

/// 1970 to 2100; years around 2011 (Samoa's missing day) and today's rules are met more often.
pub(super) fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    let seconds = prop_oneof![
        0..4_102_444_800i64,
        1_262_304_000..1_420_070_400i64,
        1_577_836_800..1_893_456_000i64
    ];
    (seconds, 0..1_000_000_000u32)
        .prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).expect("in range"))
}

/// Rules with all their clauses that can be computed.
pub(super) fn rules() -> impl Strategy<Value = Rule> {
    (bases(), clauses(), policies()).prop_filter_map("never runs", |(base, clauses, policies)| {
        parsed(&format!("{base}{clauses}{policies}"))
            .or_else(|| parsed(&format!("{base}{clauses}")))
    })
}

/// The rule, counted from a start where it needs one; nothing where its parts contradict one another.
pub(super) fn parsed(text: &str) -> Option<Rule> {
    match Rule::parse(text) {
        Ok(rule) => Some(rule.anchored(at("2001-02-03T04:05:06Z"))),
        Err(message) => {
            let known = [
                "never runs",
                "which no clock change touches",
                "at most",
                "as long as the time",
            ];
            let is_known = known.iter().any(|part| message.as_str().contains(part));
            assert!(is_known, "{text}: {message}");
            None
        }
    }
}

pub(super) fn bases() -> impl Strategy<Value = String> {
    let offsets = prop_oneof![3 => Just(String::new()), 1 => (-12..=14i32).prop_map(|hours| format!("{hours:+03}"))];
    prop_oneof![
        2 => (1..5000u64).prop_map(|seconds| format!("every {}s", seconds * 7)),
        1 => (0..60u32).prop_map(|minute| format!("hourly :{minute:02}")),
        4 => (days(), clocks(), offsets).prop_map(|(days, clock, offset)| format!("{days} {clock}{offset}")),
        4 => crons(),
        6 => rrules(),
        1 => moments(),
    ]
}

pub(super) fn clocks() -> impl Strategy<Value = String> {
    (0..24u32, 0..60u32, prop_oneof![9 => Just(0), 1 => 0..60u32]).prop_map(
        |(hour, minute, second)| match second {
            0 => format!("{hour:02}:{minute:02}"),
            _ => format!("{hour:02}:{minute:02}:{second:02}"),
        },
    )
}

pub(super) fn days() -> impl Strategy<Value = String> {
    let weekdays = select(vec!["mon", "tue,sat", "sun", "wed,thu,fri"]);
    let dates = select(vec!["1", "31", "29,30", "last", "13,last"]);
    let months = select(vec!["jan", "feb", "mar,oct", "apr,nov"]);
    prop_oneof![
        3 => Just("daily".to_owned()),
        1 => Just("weekdays".to_owned()),
        1 => Just("weekends".to_owned()),
        1 => weekdays.prop_map(|days| format!("weekly {days}")),
        1 => dates.prop_map(|dates| format!("monthly {dates}")),
        1 => months.prop_map(|months| format!("yearly {months} 5,29")),
    ]
}

pub(super) fn crons() -> impl Strategy<Value = String> {
    let seconds = prop_oneof![3 => Just(""), 1 => select(vec!["0 ", "*/20 ", "7,8 "])];
    let minutes = select(vec![
        "*", "0", "30", "*/7", "*/15", "15,45", "59", "10-20/5",
    ]);
    let hours = select(vec![
        "*", "*/2", "*/5", "0", "1", "2", "0-3", "1,2,23", "23", "9-17",
    ]);
    let days = select(vec![
        "* * *",
        "L * *",
        "29 2 *",
        "* * 0",
        "* * mon#1",
        "15W * *",
        "13 * fri",
        "13 * +fri",
        "LW,10W * *",
        "* jan-mar 1-5",
        "1,15 * friL",
        "*/5 */2 *",
    ]);
    (seconds, minutes, hours, days)
        .prop_map(|(second, minute, hour, days)| format!("{second}{minute} {hour} {days}"))
}

fn moments() -> impl Strategy<Value = String> {
    let moment = (1970..2100u32, 1..=12u32, 1..=28u32, clocks(), any::<bool>()).prop_map(
        |(year, month, day, clock, utc)| {
            format!(
                "{year}-{month:02}-{day:02}T{clock}{}",
                if utc { "Z" } else { "" }
            )
        },
    );
    prop::collection::vec(moment, 1..20).prop_map(|moments| format!("at {}", moments.join(",")))
}

/// A part of a recurrence rule, or none.
fn part(
    name: &'static str,
    values: &[&'static str],
    often: u32,
) -> impl Strategy<Value = String> + use<> {
    let values = select(values.to_vec()).prop_map(move |value| format!(";{name}={value}"));
    prop_oneof![10 - often => Just(String::new()), often => values]
}

fn rrules() -> impl Strategy<Value = String> {
    let start = select(vec![
        "",
        "",
        "DTSTART=19991231T233000;",
        "DTSTART=20040229T020000;",
        "DTSTART=20110315;",
        "DTSTART=20200101T000000Z;",
    ]);
    let interval = part("INTERVAL", &["2", "3", "5", "7", "12", "25", "90"], 4);
    let end = part("COUNT", &["1", "10", "500"], 1);
    let until = part(
        "UNTIL",
        &["20300101", "20111230T120000", "20250330T003000Z"],
        1,
    );
    let months = || part("BYMONTH", &["1", "2", "3,10", "6,7,8,12"], 2);
    let weekdays = ["MO", "TU,TH", "SA,SU", "MO,TU,WE,TH,FR"];
    let places = ["MO", "2TU", "-1FR", "1SU,-1SU", "5SA", "FR,1MO"];
    let hours = part("BYHOUR", &["0", "1,2", "2", "9,17", "23"], 5);
    let minutes = part("BYMINUTE", &["0", "30", "0,15,45", "59"], 4);
    let seconds = part("BYSECOND", &["0", "30", "1,59"], 2);
    let positions = part("BYSETPOS", &["1", "-1", "2,-2"], 2);
    let week_start = part("WKST", &["SU", "WE"], 1);
    let month_days = ["1", "31", "29,30", "-1", "13,-5"];
    let frequencies = prop_oneof![
        (
            Just("YEARLY"),
            part("BYDAY", &["20MO", "-1SU", "MO", "53FR,SA"], 4),
            part("BYWEEKNO", &["1", "20", "53,-53", "-1"], 3),
            part("BYYEARDAY", &["1", "100,-100", "366"], 2)
        ),
        (
            Just("YEARLY"),
            part("BYDAY", &["1MO", "-1SU", "MO"], 4),
            part("BYMONTHDAY", &month_days, 4),
            Just(";BYMONTH=2,11".to_owned())
        ),
        (
            Just("MONTHLY"),
            part("BYDAY", &places, 5),
            part("BYMONTHDAY", &month_days, 4),
            months()
        ),
        (
            Just("WEEKLY"),
            part("BYDAY", &weekdays, 7),
            Just(String::new()),
            months()
        ),
        (
            Just("DAILY"),
            part("BYDAY", &weekdays, 3),
            part("BYMONTHDAY", &month_days, 3),
            months()
        ),
        (
            select(vec!["HOURLY", "MINUTELY", "SECONDLY"]),
            part("BYDAY", &weekdays, 2),
            part("BYMONTHDAY", &month_days, 2),
            months()
        ),
    ]
    .prop_map(|(frequency, a, b, c)| format!("FREQ={frequency}{a}{b}{c}"));
    (start, frequencies, (interval, end, until), (hours, minutes, seconds), positions, week_start).prop_filter_map(
        "exclude each other",
        |(start, frequency, (interval, count, until), (hours, minutes, seconds), positions, week_start)| {
            let end = if count.is_empty() { until } else { count };
            let text = format!("rrule {start}{frequency}{interval}{hours}{minutes}{seconds}{positions}{week_start}{end}");
            match Rule::parse(&text) {
                Ok(_) => Some(text),
                Err(message) => {
                    let known = ["never runs", "`BYSETPOS`", "goes only with", "does not go with"];
                    assert!(known.iter().any(|part| message.as_str().contains(part)), "{text}: {message}");
                    None
                }
            }
        },
    )
}

/// Windows and exceptions, each with a space in front.
pub(super) fn clauses() -> impl Strategy<Value = String> {
    let window = (clocks(), clocks()).prop_filter("equal", |(from, to)| from != to);
    let window = window.prop_map(|(from, to)| format!(" between {from} and {to}"));
    let exception = prop_oneof![
        days()
            .prop_filter("all days", |days| days != "daily")
            .prop_map(|days| format!(" except {days}")),
        (days(), clocks()).prop_map(|(days, clock)| format!(" except {days} {clock}")),
        crons().prop_map(|cron| format!(" except {cron}")),
        select(vec![
            " except 12-25,12-26,01-01",
            " except 03-20..04-02",
            " except 2011-12-29..2011-12-31",
            " except 2025-03-30T00:30..2025-10-26T01:10",
            " except rrule FREQ=MONTHLY;BYDAY=1MO,-1FR",
            " except rrule FREQ=DAILY;INTERVAL=2",
            " except rrule FREQ=WEEKLY;BYDAY=SU;BYHOUR=1,2;BYMINUTE=30",
        ])
        .prop_map(str::to_owned),
    ];
    let exceptions = prop::collection::vec(exception, 0..3).prop_map(|all| all.concat());
    (
        prop_oneof![3 => Just(String::new()), 1 => window],
        prop_oneof![Just(String::new()), exceptions],
    )
        .prop_map(|(window, exceptions)| window + &exceptions)
}

pub(super) fn policies() -> impl Strategy<Value = String> {
    let jitter =
        prop_oneof![5 => Just(""), 1 => select(vec![" jitter 1ms", " jitter 30s", " jitter 2h"])];
    let gap = select(vec!["", "", " gap skip", " gap next"]);
    let fold = select(vec!["", "", " fold first", " fold second", " fold both"]);
    (jitter, gap, fold).prop_map(|(jitter, gap, fold)| format!("{jitter}{gap}{fold}"))
}
