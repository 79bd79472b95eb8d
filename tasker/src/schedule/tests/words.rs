//! Rules in plain words.

use super::rule;

#[test]
fn rules_are_described() {
    let cases = [
        ("every 1m", "every minute"),
        ("every 5m", "every 5 minutes"),
        ("every 90m", "every 1 hour 30 minutes"),
        ("hourly", "every hour"),
        ("hourly :15", "every hour, 15 minutes past"),
        ("daily 12:00", "every day at 12:00"),
        ("daily 12:00+02", "every day at 12:00 UTC+02:00"),
        ("daily 12:00Z", "every day at 12:00 UTC"),
        (
            "TZ=Europe/London daily 12:00",
            "every day at 12:00 in Europe/London",
        ),
        ("weekdays 09:30", "every Monday to Friday at 09:30"),
        ("weekends 10:00", "every Saturday and Sunday at 10:00"),
        (
            "weekly mon,wed,fri 09:30",
            "every Monday, Wednesday and Friday at 09:30",
        ),
        (
            "monthly 1,15,22,31 09:00",
            "on the 1st, 15th, 22nd and 31st of every month at 09:00",
        ),
        (
            "monthly last 18:00",
            "on the last day of every month at 18:00",
        ),
        (
            "yearly mar 1 08:00",
            "on the 1st of March every year at 08:00",
        ),
        (
            "yearly mar,sep 11,13,last 08:00",
            "on the 11th, 13th and last day of March and September every year at 08:00",
        ),
    ];
    for (text, words) in cases {
        assert_eq!(rule(text).describe(), words, "{text}");
    }
}

#[test]
fn cron_is_described_in_the_words_of_its_crate() {
    let cases = [
        ("*/5 * * * *", "every 5 minutes"),
        ("30 2 * * mon", "at 02:30, on Monday"),
        (
            "TZ=Asia/Tokyo 30 2 * * mon",
            "at 02:30, on Monday in Asia/Tokyo",
        ),
    ];
    for (text, words) in cases {
        assert_eq!(rule(text).describe(), words, "{text}");
    }
    for text in ["0 0 L * *", "* * * * * *", "30 9 * * mon#1", "0 0 15W * ?"] {
        let words = rule(text).describe();
        assert!(
            words.starts_with(|c: char| c.is_lowercase()) && !words.ends_with('.'),
            "{text}: {words}"
        );
    }
}
