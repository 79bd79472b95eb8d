//! The plans of the statements that run all the time: each walks its own index, and none reads all jobs.

use sea_orm::{ConnectionTrait, Statement, Value};

use super::DIALECT;
use crate::sql::SqlStore;
use crate::sql::dialect::Returning;
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
    ] {
        walks(words, "SEARCH j USING INTEGER PRIMARY KEY").await;
    }
}

#[tokio::test]
async fn a_sweep_walks_only_what_it_is_about() {
    let words = &DIALECT.statements;
    walks(words.promote, "tasker_jobs_due (due_at<?)").await;
    walks(words.next_due, "tasker_jobs_due").await;
    walks(one(words.rescue), "tasker_jobs_running").await;
    walks(words.orphaned, "tasker_jobs_running").await;
    walks(words.expired, "tasker_jobs_prune").await;
    walks(words.next_prune, "tasker_jobs_prune").await;
    walks(words.cancels, "tasker_jobs_running (worker=?)").await;
    walks(words.running, "tasker_jobs_running (worker=?)").await;
    walks(words.unfinished, "tasker_jobs_unfinished (schedule=?)").await;
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
