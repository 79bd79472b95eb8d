//! Servers that die, drop connections, fall silent or take no writes, while processes work.
//!
//! Whatever happens to the server, no process ends, no job is lost, and none is run twice as long as its worker's lease
//! is valid: what was under way is taken up again where it was.

use std::time::{Duration, Instant};

use servers::{Engine, Proxy, Server};
use tasker::{JobState, Tasker};

use crate::place::{On, Place};
use crate::process::{Process, soon, until};
use crate::tasks::{Append, AppendParams, Hold, HoldParams};
use crate::{Trials, trials};

/// Longer than any outage here.
const LEASE: [&str; 2] = ["--lease", "30s"];

/// How long it may take until work goes on after a server has returned.
const RECOVERY: Duration = Duration::from_secs(8);

pub(crate) fn trials(on: On) -> Trials {
    if on == On::Sqlite {
        return Vec::new();
    }
    trials!(
        on,
        with on.server().can_start(),
        [
            a_server_that_is_killed_and_returns_costs_no_job,
            connections_that_are_ended_one_by_one_cost_no_job,
            connections_that_fall_silent_are_replaced,
            a_server_that_takes_no_writes_is_waited_for,
            a_slow_way_to_the_server_slows_claims_and_memory_stays,
            a_silence_shorter_than_the_lease_harms_nobody_and_a_longer_one_fences,
        ]
    )
}

/// X-C1.
async fn a_server_that_is_killed_and_returns_costs_no_job(on: On) {
    const JOBS: usize = 2_000;
    let server = Server::start(on.server()).await;
    let place = Place::within(on, &server).await;
    let mut workers = two_at_work(&place, JOBS).await;
    server.kill().await;
    server.restart().await;
    let returned = Instant::now();
    // What had been claimed ends by itself; more than that takes the store.
    let before = place.ran() + 2 * 8;
    until("they work on", async || place.ran() > before).await;
    let took = returned.elapsed();
    assert!(took < RECOVERY, "{took:?}");
    workers[0].order("end 1");
    all_ran_once(&place, workers, JOBS).await;
}

/// X-C1: also those of whoever enqueues and reads.
async fn connections_that_are_ended_one_by_one_cost_no_job(on: On) {
    const JOBS: usize = 2_000;
    let server = Server::start(on.server()).await;
    let place = Place::within(on, &server).await;
    let mut workers = two_at_work(&place, JOBS).await;
    let mut ended = 0;
    while place.ran() < JOBS * 3 / 4 {
        end_one(&server).await;
        ended += 1;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    assert!(ended > 10, "{ended}");
    workers[0].order("end 1");
    all_ran_once(&place, workers, JOBS).await;

    // Nobody works now. Every connection dies, and whoever comes next does not notice.
    for _ in 0..3 {
        append(&place, 1).await;
        end_all(&server, &place).await;
        append(&place, 1).await;
        end_all(&server, &place).await;
        place.succeeded().await;
    }
}

/// X-C4: a settle, a claim and a heartbeat each wait for an answer that never comes.
async fn connections_that_fall_silent_are_replaced(on: On) {
    let server = Server::start(on.server()).await;
    let mut place = Place::within(on, &server).await;
    let proxy = Proxy::to(server.port()).await;
    place.reached_by(place.space().url_through(&proxy));
    let words = ["--lease", "30s", "--concurrency", "2"];
    let mut worker = place.work(&words).await;
    let held = Hold::enqueue(HoldParams::new()).on(&place.tasker);
    let held = held.await.unwrap();
    worker.hear("started 1 attempt 1").await;
    let before = place.worker(&worker).await.unwrap();

    proxy.strand();
    let stranded = Instant::now();
    worker.order("end 1");
    let next = Hold::enqueue(HoldParams::new()).on(&place.tasker);
    let next = next.await.unwrap();
    worker.hear("started 2 attempt 1").await;
    soon(held.result()).await.unwrap();
    until("it has beaten", async || {
        let now = place.worker(&worker).await;
        now.is_some_and(|now| now.lease_until > before.lease_until)
    })
    .await;
    let took = stranded.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
    worker.order("end 2");
    soon(next.result()).await.unwrap();
    let after = place.worker(&worker).await.unwrap();
    assert_eq!(after.id, before.id, "it was never fenced");
    for id in [held.id(), next.id()] {
        let row = place.job(id).await;
        assert_eq!((row.state, row.attempt), (JobState::Succeeded, 1));
    }
    worker.terminate();
    let ended = worker.ended().await.well();
    assert!(!ended.err.contains("was lost"), "{}", ended.err);
}

/// X-C2.
async fn a_server_that_takes_no_writes_is_waited_for(on: On) {
    let server = Server::start(on.server()).await;
    let mut place = Place::within(on, &server).await;
    if on == On::MySql {
        // Whom the server lets write all the same is another user.
        let name = place.space().name();
        server.sql("create user app@'%'").await;
        server
            .sql(&format!("grant all on {name}.* to app@'%'"))
            .await;
        place.reached_by(place.space().url().replace("root@", "app@"));
    }
    let mut worker = place.work(&LEASE).await;
    let held = Hold::enqueue(HoldParams::new()).on(&place.tasker);
    let held = held.await.unwrap();
    worker.hear("started 1 attempt 1").await;
    let talker = Hold::enqueue(HoldParams::new()).on(&place.tasker);
    let talker = talker.await.unwrap();
    worker.hear("started 2 attempt 1").await;
    let before = place.worker(&worker).await.unwrap();

    set_read_only(&server, true).await;
    let since = worker.logged().len();
    worker.order("end 1");
    worker.hear("done 1").await;
    worker
        .log("settle failed: the server takes no writes")
        .await;
    let of_ours = Tasker::connect(place.url()).await.unwrap();
    let refused = Hold::enqueue(HoldParams::new()).on(&of_ours).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("takes no writes"), "{refused}");
    // Each of its parts tries again, further and further apart.
    worker.log("pause=1.6s").await;
    let tries = worker.logged()[since..].matches("takes no writes").count();
    assert!((2..20).contains(&tries), "{tries} tries");
    // So does what a handler has to say meanwhile.
    worker.order("say 2");
    worker.log("note failed: the server takes no writes").await;
    assert_eq!(place.job(held.id()).await.state, JobState::Running);

    set_read_only(&server, false).await;
    let returned = Instant::now();
    soon(held.result()).await.unwrap();
    let took = returned.elapsed();
    assert!(took < RECOVERY, "{took:?}");
    let row = place.job(held.id()).await;
    assert_eq!((row.attempt, row.worker), (1, Some(before.id)));
    worker.order("end 2");
    soon(talker.result()).await.unwrap();
    let log = place.tasker.jobs().log(talker.id()).await;
    assert_eq!(log.expect("the store answers")[0].message, "as told");
    worker.terminate();
    worker.ended().await.well();
}

/// X-F9.
async fn a_slow_way_to_the_server_slows_claims_and_memory_stays(on: On) {
    const JOBS: usize = 500;
    let server = Server::start(on.server()).await;
    let mut place = Place::within(on, &server).await;
    let proxy = Proxy::to(server.port()).await;
    place.reached_by(place.space().url_through(&proxy));
    let words = [&LEASE[..], &["--concurrency", "8"]].concat();
    let worker = place.work(&words).await;
    append(&place, JOBS).await;
    until("it works", async || place.ran() > 50).await;
    proxy.delay(Duration::from_millis(150));
    let before = worker.memory();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(4) {
        // Every slot is held until its outcome is in the store.
        let running = place.running().await;
        assert!(running <= 8, "{running} jobs in 8 slots");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(place.succeeded().await.0 < JOBS, "the way was not slow");
    let grown = worker.memory().saturating_sub(before);
    assert!(grown < 8 << 20, "by {grown} bytes");
    proxy.pass();
    place.all_succeed().await;
    worker.terminate();
    worker.ended().await.well();
    assert!(place.runs().values().all(|runs| runs.len() == 1));
}

/// X-A9, X-A10.
async fn a_silence_shorter_than_the_lease_harms_nobody_and_a_longer_one_fences(on: On) {
    let server = Server::start(on.server()).await;
    let place = Place::within(on, &server).await;
    let mut worker = place.work(&["--lease", "6s"]).await;
    let before = place.worker(&worker).await.unwrap();
    let held = Hold::enqueue(HoldParams::new()).on(&place.tasker);
    let held = held.await.unwrap();
    worker.hear("started 1 attempt 1").await;

    server.pause().await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    server.resume();
    until("it has beaten", async || {
        let now = place.worker(&worker).await;
        now.is_some_and(|now| now.lease_until > before.lease_until + chrono::Duration::seconds(2))
    })
    .await;
    assert_eq!(place.worker(&worker).await.unwrap().id, before.id);
    assert_eq!(place.job(held.id()).await.state, JobState::Running);
    assert!(worker.rest().is_empty());

    server.pause().await;
    let silent = Instant::now();
    worker.hear("told to end 1").await;
    let told = silent.elapsed();
    assert!(told < Duration::from_secs(6), "{told:?}");
    worker.log("lease is over; joining anew").await;
    server.resume();
    until("it has joined anew", async || {
        let now = place.worker(&worker).await;
        now.is_some_and(|now| now.id != before.id)
    })
    .await;
    worker.hear("started 1 attempt 2").await;
    worker.order("end 1");
    soon(held.result()).await.unwrap();
}

/// Two workers with `jobs` jobs of a few milliseconds, and one that is held in the first of them.
async fn two_at_work(place: &Place, jobs: usize) -> [Process; 2] {
    let words = [&LEASE[..], &["--concurrency", "8"]].concat();
    let mut first = place.work(&words).await;
    let held = Hold::enqueue(HoldParams::new()).on(&place.tasker);
    held.await.expect("the store takes it");
    first.hear("started 1 attempt 1").await;
    let second = place.work(&words).await;
    append(place, jobs).await;
    until("they work", async || place.ran() > 100).await;
    [first, second]
}

async fn append(place: &Place, jobs: usize) {
    let params = (0..jobs).map(|_| AppendParams::new(place.file()).takes(5));
    let taken = Append::enqueue_many(params).on(&place.tasker).await;
    assert_eq!(taken.expect("the store takes them").len(), jobs);
}

/// Waits until the jobs have succeeded, each by one run; the processes are as they were.
async fn all_ran_once(place: &Place, workers: [Process; 2], jobs: usize) {
    place.all_succeed().await;
    for worker in workers {
        let joined = place.worker(&worker).await;
        assert!(joined.is_some());
        worker.terminate();
        worker.ended().await.well();
    }
    assert_eq!(place.succeeded().await, (jobs + 1, jobs + 1));
    let runs = place.runs();
    assert_eq!(runs.len(), jobs);
    let twice = runs.values().filter(|runs| runs.len() > 1).count();
    assert_eq!(twice, 0, "jobs that ran twice");
    assert!(place.jobs().await.iter().all(|job| job.attempt == 1));
}

/// Ends any one connection to a store.
async fn end_one(server: &Server) {
    match server.engine() {
        Engine::Postgres => {
            let end = "select count(pg_terminate_backend(pid))::text from (
                select pid from pg_stat_activity where application_name = 'tasker' order by random() limit 1) as s";
            server.text(end).await;
        }
        Engine::MySql => end_these(server, "order by rand() limit 1").await,
    }
}

/// Ends every connection to the store.
async fn end_all(server: &Server, place: &Place) {
    match server.engine() {
        Engine::Postgres => {
            let end = "select count(pg_terminate_backend(pid))::text from pg_stat_activity
                where application_name = 'tasker'";
            server.text(end).await;
        }
        Engine::MySql => {
            let which = format!("and db = '{}'", place.space().name());
            end_these(server, &which).await;
        }
    }
}

async fn end_these(server: &Server, which: &str) {
    let ids = format!(
        "select coalesce(group_concat(id), '') from (select id from information_schema.processlist
          where user <> 'system user' and db like 'tasker%' {which}) as s"
    );
    for id in server
        .text(&ids)
        .await
        .split(',')
        .filter(|id| !id.is_empty())
    {
        // One that has ended meanwhile is unknown, which is as good.
        server.attempt(&format!("kill {id}")).await;
    }
}

async fn set_read_only(server: &Server, on: bool) {
    match server.engine() {
        Engine::Postgres => {
            let set = format!("alter system set default_transaction_read_only = {on}");
            server.sql(&set).await;
            server.text("select pg_reload_conf()::text").await;
            // Each connection is told before the first new one is let in.
            let (show, now) = (
                "show default_transaction_read_only",
                ["off", "on"][usize::from(on)],
            );
            until("it is in force", async || server.text(show).await == now).await;
        }
        Engine::MySql => server.sql(&format!("set global read_only = {on}")).await,
    }
}
