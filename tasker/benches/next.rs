//! How long next occurrences take: ten thousand one after another, for each kind of rule.
//!
//! `cargo bench -p tasker --no-default-features --bench next`. Prints numbers and judges none of them.

use std::time::Instant;

use chrono::{DateTime, Utc};
use tasker::schedule::{Rule, Timetable, zone};

const COUNT: u32 = 10_000;

const RULES: &[&str] = &[
    "every 7m",
    "hourly :15",
    "daily 02:30",
    "weekly mon,fri 09:30",
    "monthly last 18:00",
    "yearly feb 29 12:00",
    "*/5 * * * *",
    "0 9 * * mon-fri",
    "0 0 LW * *",
    "0 0 15W * *",
    "30 9 * * mon#1",
    "0 0 29 2 +mon",
    "0 12 13 * fri",
];

fn main() {
    let start: DateTime<Utc> = "1990-01-01T00:00:00Z".parse().expect("an instant");
    let tz = zone("Europe/London").expect("a zone");
    println!("{COUNT} next occurrences in Europe/London, in milliseconds");
    for text in RULES {
        let rule = Rule::parse(text).expect(text);
        let made = Instant::now();
        let timetable = Timetable::new(&rule, tz).expect(text);
        let made = made.elapsed();
        let asked = Instant::now();
        let mut last = start;
        for _ in 0..COUNT {
            last = timetable.next(last).expect(text).unwrap_or(start);
        }
        let asked = asked.elapsed();
        println!(
            "{:>9.3}  {text}  (made in {made:?})",
            asked.as_secs_f64() * 1e3
        );
    }
}
