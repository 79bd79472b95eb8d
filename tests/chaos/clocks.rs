//! Schedules that many processes run, on clocks that differ and jump.
//!
//! A server's clock is the one that counts, so what a node's clock does changes nothing there. A file has no clock but
//! the node's: set forward, it makes good once for what it passed; set back, nothing fires a second time.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use chrono::SubsecRound;
use servers::Usable;
use tasker::Job;
use tasker_store::{Declaration, NewSchedule, Schedule, limits};

use crate::numbers::shim;
use crate::place::{On, Place};
use crate::process::{Process, until};
use crate::{Trials, trials};

pub(crate) fn trials(on: On) -> Trials {
    let shifted = match shim() {
        Some(_) => on.can_share(),
        None => Usable::No("no libfaketime: install it".into()),
    };
    let mut trials = trials!(
        on,
        [
            x_d14_a_schedule_of_a_newer_release_holds_up_no_other,
            a_thousand_schedules_of_one_second_are_fired_together,
        ]
    );
    trials.extend(match on {
        On::Sqlite => {
            let mut trials = trials!(on, [five_processes_make_one_job_for_each_occurrence]);
            trials.extend(
                trials!(on, with shifted.clone(), [x_d2_a_leap_is_made_good_once_and_nothing_fires_twice]),
            );
            trials
        }
        On::Postgres | On::MySql => trials!(on, with shifted.clone(), [
            x_d8_five_nodes_whose_clocks_differ_make_one_job_for_each_occurrence,
            x_d2_a_clock_set_back_and_forward_changes_nothing,
        ]),
    });
    trials
}

/// X-D8: also where one process looks at the clock late.
async fn five_processes_make_one_job_for_each_occurrence(on: On) {
    let place = Place::new(on).await;
    let mut processes = Vec::new();
    for _ in 0..5 {
        processes.push(place.start_clock(&[]));
    }
    ticks(&place, 2).await;
    let lock = place.lock().await;
    processes[0].freeze().await;
    lock.release().await;
    ticks(&place, 5).await;
    processes[0].thaw();
    ticks(&place, 7).await;
    all_well(processes).await;
    one_job_each(&place).await;
}

async fn x_d8_five_nodes_whose_clocks_differ_make_one_job_for_each_occurrence(on: On) {
    let place = Place::new(on).await;
    let mut processes = Vec::new();
    for by in ["+10m", "-10m", "+1h", "-1h", "+1d"] {
        processes.push(place.start_clock(&shifted(("FAKETIME", by))));
    }
    ticks(&place, 8).await;
    all_well(processes).await;
    for job in one_job_each(&place).await {
        let planned = job.occurrence.unwrap().at;
        assert!(planned <= job.enqueued_at, "early: {job:?}");
    }
}

async fn x_d2_a_clock_set_back_and_forward_changes_nothing(on: On) {
    let place = Place::new(on).await;
    let clock = Clock::of(&place, "+0");
    let process = place.start_clock(&clock.variables());
    ticks(&place, 2).await;
    for by in ["-3600", "+3600", "+0"] {
        clock.set(by);
        let (before, _) = place.succeeded().await;
        ticks(&place, before + 3).await;
    }
    all_well(vec![process]).await;
    for job in one_job_each(&place).await {
        assert!(job.missed.len() < limits::MISSED, "no leap: {job:?}");
    }
}

async fn x_d2_a_leap_is_made_good_once_and_nothing_fires_twice(on: On) {
    let place = Place::new(on).await;
    let clock = Clock::of(&place, "+0");
    let process = place.start_clock(&clock.variables());
    ticks(&place, 2).await;
    clock.set("+3600");
    let (before, _) = place.succeeded().await;
    ticks(&place, before + 3).await;
    clock.set("+3598");
    let (before, _) = place.succeeded().await;
    ticks(&place, before + 3).await;
    process.terminate();
    process.ended().await.well();
    let jobs = one_job_each(&place).await;
    let leaps = jobs.iter().filter(|job| job.missed.len() == limits::MISSED);
    assert_eq!(leaps.count(), 1, "one job for the whole hour");
    assert!(jobs.len() < 120, "{} jobs", jobs.len());
}

/// What an old process cannot read is passed over.
async fn x_d14_a_schedule_of_a_newer_release_holds_up_no_other(on: On) {
    let place = Place::new(on).await;
    declare(&place, vec![by("newer".into(), "daily 12:00")]).await;
    place
        .sql("update tasker_schedules set catch_up = '\"tomorrow\"'")
        .await;
    let mut process = place.start_clock(&[]);
    ticks(&place, 3).await;
    process.log("passed over a schedule").await;
    all_well(vec![process]).await;
}

/// Prints how long it took, since a machine may be as slow as it is; each fires once in any case.
async fn a_thousand_schedules_of_one_second_are_fired_together(on: On) {
    const MANY: usize = 1_000;
    let place = Place::new(on).await;
    let processes = vec![place.clock().await, place.clock().await];
    let store = place.tasker.store().await.expect("it is open");
    // Far enough ahead for all of them to be declared by then.
    let planned = store.due(0).await.expect("it answers").now + Duration::from_secs(15);
    let planned = planned.trunc_subsecs(0);
    let rule = planned.format("daily %H:%M:%S").to_string();
    let names: BTreeSet<String> = (0..MANY).map(|place| format!("many/{place}")).collect();
    let many = names.iter().cloned().map(|name| by(name, &rule));
    declare(&place, many.collect()).await;
    until("all have fired", async || {
        let all = schedules(&place).await;
        let fired = all.iter().filter(|schedule| schedule.executions > 0);
        fired
            .filter(|schedule| names.contains(&schedule.name))
            .count()
            == MANY
    })
    .await;
    all_well(processes).await;
    let jobs = one_job_each(&place).await;
    let of_them = jobs
        .iter()
        .filter(|job| job.occurrence.is_some_and(|o| o.at == planned));
    let many = schedules(&place).await.into_iter();
    let mine: BTreeSet<_> = many
        .filter(|schedule| names.contains(&schedule.name))
        .map(|schedule| schedule.id)
        .collect();
    let made: Vec<_> = of_them
        .filter(|job| mine.contains(&job.occurrence.unwrap().schedule))
        .map(|job| job.enqueued_at)
        .collect();
    assert_eq!(made.len(), MANY);
    let (first, last) = (made.iter().min().unwrap(), made.iter().max().unwrap());
    println!(
        "{}: {MANY} schedules due together were fired from {} ms to {} ms after",
        on.name(),
        (*first - planned).num_milliseconds(),
        (*last - planned).num_milliseconds(),
    );
}

/// A node's clock that can be set while its processes run.
struct Clock {
    file: String,
}

impl Clock {
    fn of(place: &Place, by: &str) -> Self {
        let file = place.file().with_file_name("clock");
        let clock = Self {
            file: file.display().to_string(),
        };
        clock.set(by);
        clock
    }

    /// So many seconds before or after the true time.
    fn set(&self, by: &str) {
        // As a whole, or a process would read half of it.
        let new = format!("{}.new", self.file);
        std::fs::write(&new, format!("{by}\n")).expect("it is ours");
        std::fs::rename(&new, &self.file).expect("it is ours");
    }

    fn variables(&self) -> [(&str, &str); 4] {
        let [shim, file, monotonic] = shifted(("FAKETIME_TIMESTAMP_FILE", &self.file));
        [shim, file, monotonic, ("FAKETIME_NO_CACHE", "1")]
    }
}

/// The environment of a process on another clock.
fn shifted<'a>(by: (&'a str, &'a str)) -> [(&'a str, &'a str); 3] {
    let shim = shim().expect("the trial needs it");
    // What waits in the process counts on a clock that nobody sets.
    [
        ("LD_PRELOAD", shim),
        by,
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ]
}

fn by(name: String, rule: &str) -> NewSchedule {
    NewSchedule::new(name, "tick", rule)
}

async fn declare(place: &Place, schedules: Vec<NewSchedule>) {
    let store = place.tasker.store().await.expect("it is open");
    let declaration = Declaration {
        schedules,
        retire_after: Duration::MAX,
        ..Declaration::default()
    };
    store.declare(declaration).await.expect("it answers");
}

async fn schedules(place: &Place) -> Vec<Schedule> {
    let schedules = place.tasker.schedules().list().await;
    schedules.expect("the store answers")
}

async fn all_well(processes: Vec<Process>) {
    for process in processes {
        process.terminate();
        process.ended().await.well();
    }
}

/// Each occurrence has one job, on the second that the rule names, and is counted. Gives the jobs.
async fn one_job_each(place: &Place) -> Vec<Job> {
    let jobs = place.jobs().await;
    let mut made: HashMap<_, i64> = HashMap::new();
    let mut distinct = BTreeSet::new();
    for job in &jobs {
        let occurrence = job.occurrence.expect("a schedule made it");
        assert_eq!(occurrence.at.timestamp_subsec_nanos(), 0, "{job:?}");
        assert!(
            distinct.insert((occurrence.schedule, occurrence.at)),
            "twice: {job:?}"
        );
        *made.entry(occurrence.schedule).or_default() += 1;
    }
    for schedule in schedules(place).await {
        let made = made.get(&schedule.id).copied().unwrap_or_default();
        assert_eq!(schedule.executions, made, "{schedule:?}");
    }
    jobs
}

/// Waits until so many occurrences are past.
async fn ticks(place: &Place, count: usize) {
    until("the clock has ticked", async || {
        place.succeeded().await.0 >= count
    })
    .await;
}
