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
fn cron_is_described() {
    let cases = [
        ("* * * * * *", "every second"),
        ("*/10 * * * * *", "every 10 seconds"),
        ("5 * * * * *", "every minute at second 5"),
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5 minutes"),
        (
            "*/5 9-17 * * 1-5",
            "every 5 minutes from 09:00 to 17:59 every Monday to Friday",
        ),
        ("* 1,2,5,7 * * *", "every minute in hours 1, 2, 5 and 7"),
        ("15 * * * *", "every hour at :15"),
        ("0,20 */2 * * *", "every 2 hours at :00 and :20"),
        ("* * 3 * * *", "every second from 03:00 to 03:59"),
        (
            "*/30 0-30 3,9 * * *",
            "every 30 seconds in minutes 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, \
          19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29 and 30 in hours 3 and 9",
        ),
        ("30 2 * * mon", "every Monday at 02:30"),
        ("30 2,14 * * *", "every day at 02:30 and 14:30"),
        ("15 30 2 * * *", "every day at 02:30:15"),
        ("30 2 * jul *", "every day of July at 02:30"),
        ("30 2 * jul mon", "every Monday of July at 02:30"),
        (
            "0 0 1,15 * *",
            "on the 1st and 15th of every month at 00:00",
        ),
        ("0 0 L feb *", "on the last day of February at 00:00"),
        (
            "0 0 15W,LW * ?",
            "on the weekday nearest to the 15th and last weekday of every month at 00:00",
        ),
        (
            "30 9 * * mon#1",
            "on the 1st Monday of every month at 09:30",
        ),
        (
            "30 9 * oct,nov friL,1",
            "every Monday, and on the last Friday of October and November at 09:30",
        ),
        (
            "0 12 13 * fri",
            "on the 13th of every month, and every Friday at 12:00",
        ),
        (
            "0 12 13 * +fri",
            "on the 13th of every month where it falls on a Friday at 12:00",
        ),
        (
            "TZ=Asia/Tokyo 30 2 * * mon",
            "every Monday at 02:30 in Asia/Tokyo",
        ),
    ];
    for (text, words) in cases {
        assert_eq!(rule(text).describe(), words, "{text}");
    }
}
