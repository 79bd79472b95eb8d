//! The plans of the statements that run all the time: each walks its own index, and none reads all jobs.

use sea_orm::{ConnectionTrait, Statement, Value};

use super::DIALECT;
use crate::sql::SqlStore;
use crate::sql::dialect::{Beating, Returning};
use crate::store::{Migrate, Store};

/// The lines of a statement's plan on an empty store, where no statistics help.
async fn plan(words: &str) -> Vec<String> {
    let store = SqlStore::connect("sqlite::memory:")
        .await
        .expect("in memory");
    store.open(Migrate::Up).await.expect("the schema is made");
    let connection = store.desk().connection().await.expect("it is open");
    let none = (1..=5)
        .filter(|n| words.contains(&format!("?{n}")))
        .map(|_| Value::from(None::<i64>));
    let statement = Statement::from_sql_and_values(
        DIALECT.backend,
        format!("EXPLAIN QUERY PLAN {words}"),
        none,
    );
    let rows = connection
        .query_all_raw(statement)
        .await
        .expect("it is planned");
    rows.iter()
        .map(|row| row.try_get("", "detail").expect("a plan has details"))
        .collect()
}

/// The plan uses `index`, and reads no table of jobs from end to end.
async fn walks(words: &str, index: &str) {
    let lines = plan(words).await;
    assert!(
        lines.iter().any(|line| line.contains(index)),
        "{index} is not used: {lines:#?}"
    );
    let scans = lines.iter().find(|line| {
        ["SCAN j", "SCAN r", "SCAN tasker_jobs"]
            .iter()
            .any(|scan| line.starts_with(scan))
            && !line.contains("INDEX")
    });
    assert_eq!(scans, None, "{lines:#?}");
}

/// The one statement of a change.
fn one(words: Returning) -> &'static str {
    match words {
        Returning::One(words) => words,
        Returning::Two { .. } => panic!("SQLite has RETURNING"),
    }
}

#[tokio::test]
async fn a_claim_walks_the_ready_jobs_of_each_queue_in_order() {
    let words = &DIALECT.statements;
    for words in [one(words.claim_all), one(words.claim_only)] {
        walks(
            words,
            "SEARCH r USING COVERING INDEX tasker_jobs_ready (queue=?)",
        )
        .await;
        walks(words, "SEARCH j USING INTEGER PRIMARY KEY").await;
    }
    // The jobs of a queue come in order from the index: only the few heads are sorted.
    let lines = plan(one(words.claim_all)).await;
    let sorts = lines
        .iter()
        .filter(|line| line.contains("TEMP B-TREE FOR ORDER BY"))
        .count();
    assert_eq!(sorts, 1, "{lines:#?}");
}

#[tokio::test]
async fn a_finish_finds_its_jobs_by_id() {
    let words = &DIALECT.statements;
    let succeed = words.succeed.as_ref().expect("SQLite has it");
    let rows = vec![None::<i64>.into(); 200];
    let (succeed, _) = succeed.statement(Vec::new(), 2, rows);
    for words in [
        succeed.as_str(),
        one(words.end),
        one(words.give_back),
        words.live,
    ] {
        walks(words, "sqlite_autoindex_tasker_jobs_1 (id=?)").await;
    }
    walks(&succeed, "SEARCH tasker_jobs USING INTEGER PRIMARY KEY").await;
    for words in [
        words.record_attempts,
        words.append_lines,
        words.set_progress,
        words.set_errors,
        words.set_missed,
    ] {
        walks(words, "SEARCH j USING INTEGER PRIMARY KEY").await;
    }
}

#[tokio::test]
async fn a_sweep_walks_only_what_it_is_about() {
    let words = &DIALECT.statements;
    walks(one(words.promote), "tasker_jobs_due (due_at<?)").await;
    // However many are due at the same moment, none is sorted.
    let lines = plan(one(words.promote)).await;
    let sorts = lines.iter().find(|line| line.contains("ORDER BY"));
    assert_eq!(sorts, None, "{lines:#?}");
    walks(words.next_due, "tasker_jobs_due").await;
    walks(one(words.rescue), "tasker_jobs_running").await;
    walks(words.orphaned, "tasker_jobs_running").await;
    walks(words.expired, "tasker_jobs_prune").await;
    walks(words.next_prune, "tasker_jobs_prune").await;
    let Beating::Two { cancels, .. } = words.beat else {
        panic!("a sign of life takes two statements here");
    };
    walks(cancels, "tasker_jobs_running (worker=?)").await;
    walks(words.running, "tasker_jobs_running (worker=?)").await;
    walks(words.unfinished, "tasker_jobs_unfinished (schedule=?)").await;
    walks(words.waiting_schedules, "tasker_schedules_waiting").await;
    walks(
        words.waiting_schedules,
        "tasker_jobs_unfinished (schedule=?)",
    )
    .await;
    for index in [
        "tasker_schedules_due (next_run_at=?)",
        "tasker_schedules_due (next_run_at<?)",
    ] {
        walks(words.due_schedules, index).await;
    }
    walks(words.next_schedule, "tasker_schedules_due (next_run_at>?)").await;
    walks(words.advance, "sqlite_autoindex_tasker_schedules_1 (id=?)").await;
    walks(
        words.ended,
        "tasker_jobs_ended (schedule=? AND finished_at>?)",
    )
    .await;
}

/// X-F2: pages do not read history.
#[tokio::test]
async fn jobs_of_a_state_are_counted_and_listed_from_its_index() {
    let words = &DIALECT.statements;
    let lines = plan(words.count_queues).await;
    for (index, parts) in [("ready", 1), ("due", 1), ("running", 1), ("aside", 3)] {
        let used = format!("INDEX tasker_jobs_{index}");
        let found = lines.iter().filter(|line| line.contains(&used)).count();
        assert_eq!(found, parts, "{index}: {lines:#?}");
    }
    // The latest jobs, as many as there may be.
    let scans = lines
        .iter()
        .filter(|line| line.as_str() == "SCAN tasker_jobs");
    assert_eq!(scans.count(), 1, "{lines:#?}");
    let homes = &words.homes;
    for (home, order, index) in [
        (homes.queued, "number + 0", "tasker_jobs_ready"),
        (homes.waiting, "number + 0", "tasker_jobs_due"),
        (homes.running, "number + 0", "tasker_jobs_running"),
        (
            &format!("{} = 'failed'", homes.aside),
            "number",
            "tasker_jobs_aside (state=? AND number<?)",
        ),
    ] {
        let words = format!(
            "SELECT * FROM tasker_jobs WHERE deleted_at IS NULL AND {order} < 9 AND {home} ORDER BY {order} DESC LIMIT 50"
        );
        walks(&words, index).await;
    }
}

#[tokio::test]
async fn the_holder_of_a_key_is_found_by_it() {
    let words = &DIALECT.statements;
    walks(
        words.met,
        "tasker_jobs USING INDEX tasker_jobs_unique (unique_key=?)",
    )
    .await;
    walks(words.met, "sqlite_autoindex_tasker_jobs_1 (id=?)").await;
    walks(words.met, "SEARCH j USING INTEGER PRIMARY KEY").await;
    for words in [one(words.replace), one(words.reschedule)] {
        walks(words, "SEARCH j USING INTEGER PRIMARY KEY").await;
    }
}

#[tokio::test]
async fn a_job_is_erased_by_its_keys() {
    for words in DIALECT.statements.erase {
        let lines = plan(words).await;
        assert!(
            lines.iter().any(|line| line.starts_with("SEARCH tasker_")),
            "{lines:#?}"
        );
    }
}
