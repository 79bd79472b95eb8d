//! The longest rules stay within what the compiler allows a constant.

#[tasker::task(
    schedule("rrule DTSTART=20250101T090000;FREQ=YEARLY;INTERVAL=2;BYMONTH=1,12;BYMONTHDAY=1,2,-1;BYDAY=MO,SU;BYHOUR=0,23;UNTIL=20301231", name = "a"),
    schedule("TZ=Europe/London 0,15,30 9-17 15W,L * mon#1,friL between 08:00 and 18:00 except weekends except weekly fri 09:30 except 0 12 * * * except rrule FREQ=MONTHLY;BYDAY=2TU except 2025-12-24..2026-01-02,12-25,12-26 jitter 30s gap skip fold both", name = "b"),
    schedule("at 2025-06-01T12:00,2025-07-01T09:00Z", name = "c"),
    schedule("0 0 29 2 +mon", name = "d"),
    schedule("rrule FREQ=YEARLY;BYWEEKNO=53;BYYEARDAY=1;BYDAY=SA", name = "e"),
)]
async fn hello() {}

fn main() {}
