//! What a worker costs that has nothing to do: at most one statement in two seconds, beside its heartbeat.

use std::time::Duration;

use libtest_mimic::Trial;
use servers::{Engine, until};
use tasker::{CatchUp, Overlap, Tasker};
use tasker_store::{Declaration, NewSchedule};

use crate::place::private;
use crate::trials;
use crate::work::{Working, say};

/// How long it is watched. Long enough for each kind of look to come up.
const WATCHED: Duration = Duration::from_secs(24);

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "idle",
        Engine::Postgres.can_start(),
        [
            a_worker_without_work_asks_rarely,
            ten_thousand_idle_schedules_cost_no_statement_more,
        ]
    )
}

async fn a_worker_without_work_asks_rarely() {
    watch(0).await;
}

/// Each wake is one statement, with schedules or without.
async fn ten_thousand_idle_schedules_cost_no_statement_more() {
    let asked = watch(10_000).await;
    let looks = asked
        .iter()
        .filter(|line| line.contains("tasker_schedules"));
    assert_eq!(looks.count(), 0, "the outlook begins elsewhere: {asked:#?}");
}

/// What a worker asks beside its heartbeat, where so many schedules are due later; it may not be more than a statement in two
/// seconds.
async fn watch(schedules: u64) -> Vec<String> {
    let (server, space) = private().await;
    let mut working = Working::on(&space.url()).await;
    let tasker = Tasker::connect(&space.url()).await.expect("it opens");
    say(&tasker, "before", Duration::ZERO).await;
    working.hear("before").await;
    plan(&tasker, schedules).await;
    tasker.close().await.expect("it closes");
    server.sql("ALTER SYSTEM SET log_statement = 'all'").await;
    server.sql("SELECT pg_reload_conf()").await;
    // What follows a job: looks that become rare.
    tokio::time::sleep(Duration::from_secs(8)).await;
    let log = server.folder().join("log");
    let statements = || -> Vec<String> {
        let text = std::fs::read_to_string(&log).expect("it is there");
        let lines = text
            .lines()
            .filter(|line| line.contains("LOG:  execute") || line.contains("LOG:  statement:"));
        lines.map(str::to_owned).collect()
    };
    until("statements are logged", async || !statements().is_empty()).await;
    let before = statements().len();
    tokio::time::sleep(WATCHED).await;
    let said: Vec<String> = statements().split_off(before);
    let is_beat = |line: &String| line.contains("lease_until = $2 + lease");
    let (beating, asking): (Vec<_>, Vec<_>) = said.into_iter().partition(is_beat);
    assert!(!beating.is_empty(), "it beats");
    let most = WATCHED.as_secs() as usize / 2;
    assert!(
        asking.len() <= most,
        "{} of {most}: {asking:#?}",
        asking.len()
    );
    asking
}

/// Declares so many schedules, and waits until each has its next occurrence.
async fn plan(tasker: &Tasker, count: u64) {
    if count == 0 {
        return;
    }
    let schedules = (0..count).map(|place| NewSchedule {
        params: r#"{"name": "new year"}"#.into(),
        catch_up: CatchUp::Skip,
        overlap: Overlap::QueueOne,
        ..NewSchedule::new(
            format!("idle/{place}"),
            "news-said",
            "yearly jan 1 00:00 between 00:00 and 00:30",
        )
    });
    let declaration = Declaration {
        schedules: schedules.collect(),
        retire_after: Duration::MAX,
        ..Declaration::default()
    };
    let store = tasker.store().await.expect("it is open");
    store.declare(declaration).await.expect("declare");
    until("each has its next occurrence", async || {
        store.due(1).await.expect("due").schedules.is_empty()
    })
    .await;
}
