//! What a worker costs that has nothing to do: at most one statement in two seconds, beside its heartbeat.

use std::time::Duration;

use libtest_mimic::Trial;
use servers::{Engine, until};
use tasker::Tasker;

use crate::place::private;
use crate::trials;
use crate::work::{Working, say};

/// How long it is watched. Long enough for each kind of look to come up.
const WATCHED: Duration = Duration::from_secs(24);

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "idle",
        Engine::Postgres.can_start(),
        [a_worker_without_work_asks_rarely]
    )
}

async fn a_worker_without_work_asks_rarely() {
    let (server, space) = private().await;
    let mut working = Working::on(&space.url()).await;
    let tasker = Tasker::connect(&space.url()).await.expect("it opens");
    say(&tasker, "before", Duration::ZERO).await;
    working.hear("before").await;
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
    // A text of several lines is logged with its first one here: so begins the question for cancels.
    let is_beat = |line: &String| {
        line.contains("lease_until = $2 + lease")
            || line.ends_with("SELECT id, token FROM tasker_jobs")
    };
    let (beating, asking): (Vec<_>, Vec<_>) = said.into_iter().partition(is_beat);
    assert!(!beating.is_empty(), "it beats");
    let most = WATCHED.as_secs() as usize / 2;
    assert!(
        asking.len() <= most,
        "{} of {most}: {asking:#?}",
        asking.len()
    );
}
