//! Workers and the schedule runner as parts.

use std::sync::Arc;
use std::time::Duration;

use tasker::lifecycle::{
    Cancelled, Part, Shutdown, TestClock, background, concurrence, main, sequence,
};
use tasker::{JobQuery, JobState, Registry, State, States, Tasker, task};
use tasker_store::{Clock, MemoryStore};

use crate::probe::{E, Probe, numbers, soon, tasks, wait};
use crate::process::until;

const HOUR: Duration = Duration::from_secs(3600);

/// Say it.
#[task(schedule("hourly", params(what = "scheduled")))]
async fn speak(probe: State<Probe>, what: String) {
    probe.say(what);
}

/// Wait until told to end.
#[task]
async fn linger(context: tasker::Context, probe: State<Probe>) -> Result<(), Cancelled> {
    probe.say("lingering");
    context.cancelled().await;
    probe.say("told to end");
    Err(Cancelled)
}

async fn bench(clock: Clock) -> (Tasker, Probe) {
    let (probe, mut states) = (Probe::new(), States::default());
    states.insert(State::from(probe.clone()));
    let store = MemoryStore::with_clock(clock);
    let builder = Tasker::builder()
        .store(Arc::new(store))
        .states(states)
        .registry(tasks([Registry::add::<Speak>, Registry::add::<Linger>]));
    (builder.connect().await.unwrap(), probe)
}

/// A whole service: a worker and its neighbours, stopped together.
#[tokio::test]
async fn a_worker_is_a_part() {
    let (tasker, probe) = bench(Clock::Store).await;
    let program = Shutdown::new();
    let service = concurrence![tasker.worker(), tasker.worker().build().unwrap(), wait];
    let running = tokio::spawn(service.run(program.clone()));
    let job = Speak::enqueue(SpeakParams::new("hello"))
        .on(&tasker)
        .await
        .unwrap();
    assert_eq!(probe.hear().await, "hello");
    soon(job.result()).await.unwrap();
    program.cancel();
    soon(running).await.unwrap().unwrap();
    assert!(tasker.workers().await.unwrap().is_empty());
}

/// One that fails stops the worker, whose grace time is its own.
#[tokio::test]
async fn a_worker_is_stopped_by_its_neighbours() {
    let (tasker, probe) = bench(Clock::Store).await;
    let job = Linger::enqueue().on(&tasker).await.unwrap();
    let (lingers, fails) = (probe.clone(), Arc::new(tokio::sync::Notify::new()));
    let failing = Arc::clone(&fails);
    let service = concurrence![tasker.worker().grace(Duration::ZERO), move || async move {
        failing.notified().await;
        Err::<(), _>(E(1))
    }];
    let running = background(service);
    assert_eq!(lingers.hear().await, "lingering");
    fails.notify_one();
    assert_eq!(lingers.hear().await, "told to end");
    assert_eq!(numbers(soon(running.join()).await), [1]);
    // Cut short by the stop: neither succeeded nor failed.
    let row = job.job().await.unwrap();
    assert_eq!((row.state, row.attempt), (JobState::Queued, 0));
}

/// A worker that cannot be built, or whose store fails, fails with the library's error; one that is done ends well.
#[tokio::test]
async fn a_workers_error_comes_back() {
    let (tasker, _probe) = bench(Clock::Store).await;
    let failure = main(tasker.worker().concurrency(0)).await.unwrap_err();
    let error: &tasker::Error = failure.find().unwrap();
    assert!(error.to_string().contains("at least 1 job"), "{error}");
    let done = sequence![
        tasker.worker().until_empty(true),
        tasker.worker().until_empty(true)
    ];
    soon(done).await.unwrap();
}

/// The schedule runner makes jobs and runs none.
#[tokio::test]
async fn the_schedule_runner_is_a_part() {
    let clock = TestClock::at("2025-06-01T12:03:00Z".parse().unwrap());
    let (tasker, probe) = bench(Clock::Test(clock.clone())).await;
    let running = background(tasker.schedule_runner());
    let next = async || {
        let rows = tasker.schedules().list().await.unwrap();
        rows.into_iter().find_map(|row| row.next_run_at)
    };
    until("it is planned", async || next().await.is_some()).await;
    clock.advance(HOUR);
    let queued = async || tasker.jobs().list(JobQuery::default()).await.unwrap();
    until("a job is queued", async || queued().await.len() == 1).await;
    soon(running.stop()).await.unwrap();
    assert_eq!(queued().await[0].state, JobState::Queued);
    assert!(tasker.workers().await.unwrap().is_empty());
    soon(tasker.worker().until_empty(true).build().unwrap().run())
        .await
        .unwrap();
    assert_eq!(probe.hear().await, "scheduled");
}
