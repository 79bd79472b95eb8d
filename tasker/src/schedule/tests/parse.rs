//! What parses, what does not, and what the message says.

use proptest::prelude::*;

use super::rule;
use crate::schedule::Rule;

fn error(text: &str) -> String {
    Rule::parse(text).expect_err(text).to_string()
}

#[test]
fn every_form_has_one_canonical_text() {
    let cases = [
        ("every 5m", "every 5m"),
        ("EVERY 90s", "every 1m30s"),
        ("every 1500ms", "every 1s500ms"),
        ("@every 2h", "every 2h"),
        ("hourly", "hourly"),
        ("@hourly", "hourly"),
        ("hourly :15", "hourly :15"),
        ("Daily 12:00", "daily 12:00"),
        ("daily noon", "daily 12:00"),
        ("@daily", "daily 00:00"),
        ("@midnight", "daily 00:00"),
        ("daily 09:30:15+02", "daily 09:30:15+02:00"),
        ("daily 09:30Z", "daily 09:30Z"),
        ("weekdays 09:30", "weekdays 09:30"),
        ("weekends 10:00", "weekends 10:00"),
        ("weekly fri,mon 09:30", "weekly mon,fri 09:30"),
        ("weekly Monday 09:30", "weekly mon 09:30"),
        ("@weekly", "weekly sun 00:00"),
        ("monthly 3 12:00", "monthly 3 12:00"),
        ("monthly 15,1 09:00", "monthly 1,15 09:00"),
        ("monthly last 18:00", "monthly last 18:00"),
        ("@monthly", "monthly 1 00:00"),
        ("yearly mar 1 08:00", "yearly mar 1 08:00"),
        (
            "yearly september,mar 1,last 08:00",
            "yearly mar,sep 1,last 08:00",
        ),
        ("@yearly", "yearly jan 1 00:00"),
        ("@annually", "yearly jan 1 00:00"),
        ("*/5 * * * *", "*/5 * * * *"),
        ("  0  0 12 ? * MON ", "0 12 * * mon"),
        ("30 0 12 ? * 1-5", "30 0 12 * * mon-fri"),
        ("0,15,30,45 0-23 1-31 1-12 *", "*/15 0-23 1-31 * *"),
        (
            "0,30 */1 1,2,5,6,7 dec,JAN,feb 0,3",
            "*/30 * 1,2,5-7 jan,feb,dec wed,sun",
        ),
        (
            "1,2,3,7 */24 LW,L,15W * +7#1,friL",
            "1-3,7 */24 15W,L,LW * +sun#1,friL",
        ),
        ("0 */13,2 * * *", "0 0,2,13 * * *"),
        ("cron 0 12 * * *", "0 12 * * *"),
        (
            "TZ=europe/london daily 12:00",
            "TZ=Europe/London daily 12:00",
        ),
        ("CRON_TZ=UTC */5 * * * *", "TZ=UTC */5 * * * *"),
        ("tz=Asia/Tokyo @every 5m", "TZ=Asia/Tokyo every 5m"),
    ];
    for (text, canonical) in cases {
        assert_eq!(rule(text).to_string(), canonical, "{text}");
        assert_eq!(rule(canonical), rule(text), "{text}");
    }
}

#[test]
fn times_of_day_that_are_none_are_errors() {
    for text in [
        "14:05z", "25:00", "14:05UTC", "teatime", "24:00", "9:30", "12:60", "12",
    ] {
        assert!(error(&format!("daily {text}")).contains(text), "{text}");
    }
    assert!(error("daily 14:05 MST").contains("`MST` is too much"));
    assert!(error("daily 14:05 +02:00").contains("write `14:05+02:00`"));
    assert!(error("daily").contains("`daily 12:00`"));
    assert!(error("weekly mon").contains("no time of day"));
}

#[test]
fn near_misses_are_named() {
    assert!(error("dayly 12:00").contains("did you mean `daily`?"));
    assert!(error("wekdays 12:00").contains("did you mean `weekdays`?"));
    assert!(error("weekly mondya 12:00").contains("did you mean `monday`?"));
    assert!(error("weekly tues 12:00").contains("did you mean `tuesday`?"));
    assert!(error("yearly sept 1 12:00").contains("did you mean `september`?"));
    assert!(error("monthly lats 12:00").contains("did you mean `last`?"));
    assert!(error("@dayly").contains("did you mean `@daily`?"));
    assert!(error("TZ=Europe/Lodnon daily 12:00").contains("did you mean `Europe/London`?"));
    assert!(error("0 12 * * mno").contains("did you mean `mon`?"));
    assert!(error("0 12 * * monday").contains("did you mean `mon`?"));
    assert!(error("0 12 * july *").contains("did you mean `jul`?"));
}

///
#[test]
fn every_message_says_what_is_accepted() {
    let cases = [
        ("", "a schedule is missing: write `every 5m`"),
        (
            "sometimes",
            "`sometimes` begins no schedule: write `every 5m`",
        ),
        ("12:00", "write `daily 12:00`"),
        ("TZ=UTC", "write `TZ=UTC daily 12:00`"),
        ("TZ= daily 12:00", "a time zone is missing"),
        ("every", "`every 5m`"),
        ("every day", "write `daily 12:00`"),
        ("every hour", "write `hourly`"),
        ("every 999ms", "from `1s` to `3650d`"),
        ("every 0s", "from `1s` to `3650d`"),
        ("every 3651d", "from `1s` to `3650d`"),
        ("every 5 minutes", "without a unit"),
        ("hourly 15", "`hourly :15`"),
        ("hourly :60", "`:59`"),
        ("hourly :5", "`hourly :15`"),
        ("weekly", "needs the days"),
        ("weekly mon, fri 09:30", "without spaces"),
        ("monthly 0 12:00", "1 to 31"),
        ("monthly 32 12:00", "1 to 31"),
        ("monthly", "needs the days"),
        ("yearly mar", "needs the day"),
        ("yearly 1 mar 08:00", "`1` is not a month"),
        ("daily 12:00 13:00", "`13:00` is too much"),
        (
            "61 * * * *",
            "`61` is out of range in the minute field: write 0 to 59",
        ),
        ("* * * *", "needs five fields"),
        ("* * * * * * *", "has 7"),
        ("cron", "needs five fields"),
        ("5/10 * * * *", "write `*/10` or `5-59/10`"),
        ("*/90 * * * *", "write `every 90m`"),
        ("*/0 * * * *", "is zero"),
        ("0 17-9 * * *", "runs backwards"),
        ("0 12 * * L", "write `friL`"),
        ("0 12 * * mon#6", "`mon#1` to `mon#5`"),
        ("1,,2 * * * *", "empty item"),
        ("0 12 é * *", "`é` is not understood"),
    ];
    for (text, part) in cases {
        assert!(error(text).contains(part), "{text}: {}", error(text));
        assert!(!error(text).ends_with('.'), "{text}: {}", error(text));
    }
    rule(&format!("{} * * * *", "1,".repeat(70) + "1"));
}

///
#[test]
fn dates_that_never_come_are_refused() {
    assert!(
        error("yearly feb 30 08:00")
            .contains("day 30 of february never comes: it has at most 29 days")
    );
    assert!(error("yearly apr 31 08:00").contains("day 31 of april never comes"));
    assert!(error("yearly feb,mar 30 08:00").contains("february"));
    assert!(error("yearly apr,may 31 08:00").contains("day 31 of april never comes"));
    assert!(error("yearly apr,jun 1,31 08:00").contains("day 31"));
    for text in [
        "0 0 30 2 *",
        "0 0 31 4 *",
        "0 0 31 2,4,6,9,11 *",
        "0 0 30 2 +mon",
        "0 0 1 * +mon#2",
    ] {
        assert!(error(text).contains("never runs"), "{text}");
    }
    for text in [
        "yearly feb 29 08:00",
        "yearly feb last 08:00",
        "monthly 31 08:00",
    ] {
        rule(text);
    }
    // 30 February or a Monday: the Monday is enough.
    for text in [
        "0 0 29 2 *",
        "0 0 30 2 mon",
        "0 0 31 * *",
        "0 0 29 2 +mon",
        "0 0 31W 2,3 *",
    ] {
        rule(text);
    }
}

#[test]
fn a_zone_and_an_offset_exclude_each_other() {
    let error = |text: &str, tz: &str| Rule::parse_in(text, Some(tz)).expect_err(text).to_string();
    assert!(error("daily 12:00Z", "Europe/London").contains("offset"));
    assert!(error("TZ=UTC daily 12:00", "Europe/London").contains("leave one of them out"));
    assert!(error("daily 12:00", "Europe/Lodnon").contains("did you mean `Europe/London`?"));
    assert!(error("daily 12:00", "").contains("missing"));
    assert!(super::super::Rule::parse("TZ=UTC daily 12:00Z").is_err());
    assert_eq!(
        Rule::parse_in("daily 12:00", Some("europe/london")),
        Ok(rule("daily 12:00"))
    );
    assert_eq!(
        Rule::parse_in("daily 12:00Z", None),
        Ok(rule("daily 12:00Z"))
    );
    assert_eq!(
        rule("TZ=europe/london daily 12:00").zone(),
        Some("Europe/London")
    );
    assert_eq!(rule("daily 12:00-03:30").offset_minutes(), Some(-210));
}

/// What generated code looks like.
mod generated {
    use crate::grammar::duration;
    use crate::schedule::{Rule, check_zone};
    use crate::task::{alias, backoff::Backoff};

    const NIGHTLY: &str = "daily 02:30";

    const _: () = if let Err(message) = Rule::parse(NIGHTLY) {
        panic!("{}", message.as_str())
    };
    const _: () = if let Err(message) = Rule::parse_in("0 0 29 2 +mon", Some("Europe/London")) {
        panic!("{}", message.as_str())
    };
    const _: () = if let Err(message) = duration::parse("1h30m") {
        panic!("{}", message.as_str())
    };
    const _: () = if let Err(message) = Backoff::parse("exponential 1s..10m jitter 5%") {
        panic!("{}", message.as_str())
    };
    const _: () = if let Err(message) = alias::check("send-mail") {
        panic!("{}", message.as_str())
    };
    const _: () = if let Err(message) = check_zone("America/Argentina/Buenos_Aires") {
        panic!("{}", message.as_str())
    };

    /// Wrong texts must end with their message too, within the compiler's limit for constants.
    const WRONG: [Result<Rule, crate::Message>; 4] = [
        Rule::parse("0 0 31 2,4,6,9,11 *"),
        Rule::parse("TZ=America/Argentina/Buenos_Airse daily 12:00"),
        Rule::parse("fortnightly_or_so 12:00"),
        Rule::parse("0 0 30W,31W 2 +mon#1,tue#2,wed#3"),
    ];

    #[test]
    fn constants_hold_rules_and_messages() {
        const RULE: Rule = match Rule::parse(NIGHTLY) {
            Ok(rule) => rule,
            Err(_) => panic!("it is a rule"),
        };
        assert_eq!(RULE.to_string(), NIGHTLY);
        assert!(WRONG.iter().all(Result::is_err));
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,40}") {
        let _ = Rule::parse(&text);
    }

    #[test]
    fn no_sequence_of_words_panics(words in prop::collection::vec("(every|daily|weekly|monthly|yearly|hourly|TZ=UTC|TZ=|cron|@every|mon,fri|1,15|last|31|09:30|09:30Z|:15|5m|[*]|0|feb|é|,|#|L|/)", 0..7)) {
        let text = words.join(" ");
        if let Ok(rule) = Rule::parse(&text) {
            prop_assert_eq!(Rule::parse(&rule.to_string()), Ok(rule));
        }
    }
}
