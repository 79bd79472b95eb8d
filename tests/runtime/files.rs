//! On a real SQLite file, with a tasker for each process there would be.

use std::path::Path;

use tasker::{Context, JobState, Registry, Task, Tasker, task};
use tempfile::TempDir;

use crate::harness::{Working, soon};
use crate::made::{made, only};

/// Characters that databases and terminals trip over.
const ODD: &str =
    "nul \0, bell \u{7}, emoji 🦀👩‍👩‍👧, quote ' \" \\, newline \n, bidi \u{202e}, last \u{10ffff}";

/// Give the text back, and say it in every other way too.
#[task(max_attempts = 2, backoff = "fixed 1ms")]
async fn repeat(ctx: Context, text: String) -> Result<String, String> {
    ctx.info(&text);
    match ctx.attempt() {
        1 => Err(text),
        _ => Ok(text),
    }
}

/// Return nothing.
#[task]
async fn quiet() {}

/// Return perhaps nothing.
#[task]
async fn perhaps(some: bool) -> Result<Option<u8>, String> {
    Ok(some.then_some(7))
}

made!(Before like Quiet { alias: "note", title: "Take a note", description: "One.", queue: "default" });
made!(After like Quiet { alias: "note", title: "Take notes", description: "Many.\n\nOf them.", queue: "slow" });

async fn open(folder: &Path, registry: Registry) -> Tasker {
    let url = format!("sqlite://{}?mode=rwc", folder.join("tasker.db").display());
    let tasker = Tasker::builder().database_url(url).registry(registry);
    tasker.connect().await.unwrap()
}

fn ours() -> Registry {
    let mut registry = only::<Repeat>();
    registry.add::<Quiet>().unwrap();
    registry.add::<Perhaps>().unwrap();
    registry
}

async fn drain(tasker: &Tasker) {
    let working = Working::start(tasker, |worker| worker.until_empty(true));
    working.ended().await;
}

#[tokio::test]
async fn odd_characters_come_back_as_they_went_in() {
    let folder = TempDir::new().unwrap();
    let client = open(folder.path(), ours()).await;
    let worker = open(folder.path(), ours()).await;
    let job = Repeat::enqueue(RepeatParams::new(ODD))
        .tag("🦀 tag")
        .on(&client);
    let job = job.await.unwrap();
    drain(&worker).await;
    assert_eq!(job.result().await.unwrap(), ODD);
    let row = client.jobs().get(job.id()).await.unwrap().unwrap();
    let params: serde_json::Value = serde_json::from_str(&row.params).unwrap();
    assert_eq!(params["text"], ODD);
    assert_eq!(row.tags, ["🦀 tag"]);
    let log = client.jobs().log(job.id()).await.unwrap();
    let said: Vec<_> = log.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(said, [ODD, ODD]);
    let attempts = client.jobs().attempts(job.id()).await.unwrap();
    assert_eq!(attempts[0].message, ODD);
}

/// The handle waits in one tasker for what another one runs.
#[tokio::test]
async fn a_result_is_had_through_another_handle_also_where_there_is_none() {
    let folder = TempDir::new().unwrap();
    let client = open(folder.path(), ours()).await;
    let quiet = Quiet::enqueue().on(&client).await.unwrap();
    let some = Perhaps::enqueue(PerhapsParams::new().some(true)).on(&client);
    let none = Perhaps::enqueue(PerhapsParams::new()).on(&client);
    let (some, none) = (some.await.unwrap(), none.await.unwrap());
    let waiting = tokio::spawn({
        let quiet = quiet.clone();
        async move { quiet.result().await }
    });
    let worker = open(folder.path(), ours()).await;
    let working = Working::start(&worker, |worker| worker);
    let () = soon(waiting).await.unwrap().unwrap();
    assert_eq!(soon(some.result()).await.unwrap(), Some(7));
    assert_eq!(soon(none.result()).await.unwrap(), None);
    assert_eq!(quiet.job().await.unwrap().output, None);
    working.stop().await;
}

/// D-29: a new release says what its tasks are called now; what an operator did stays.
#[tokio::test]
async fn a_restart_with_other_words_updates_the_mirrored_definition() {
    let folder = TempDir::new().unwrap();
    let before = open(folder.path(), only::<Before>()).await;
    drain(&before).await;
    let [task] = &before.tasks().list().await.unwrap()[..] else {
        panic!("there is one task");
    };
    assert_eq!(
        (task.title.as_str(), task.description.as_str()),
        ("Take a note", "One.")
    );
    let first_seen = task.seen_at;
    let deleted = before
        .enqueue_by_alias("note", serde_json::json!({}))
        .await
        .unwrap();
    before.jobs().delete(deleted.id()).await.unwrap();
    before.close().await.unwrap();

    let after = open(folder.path(), only::<After>()).await;
    drain(&after).await;
    let [task] = &after.tasks().list().await.unwrap()[..] else {
        panic!("there still is one task");
    };
    assert_eq!(
        (
            task.title.as_str(),
            task.description.as_str(),
            task.queue.as_str()
        ),
        ("Take notes", "Many.\n\nOf them.", "slow")
    );
    assert!(task.enabled && task.seen_at > first_seen);
    // A job that was deleted under the old release stays so, and runs under the new one when it is wanted again.
    assert_eq!(deleted.job().await.unwrap().attempt, 0);
    after.jobs().restore(deleted.id()).await.unwrap();
    drain(&after).await;
    let row = after.jobs().get(deleted.id()).await.unwrap().unwrap();
    assert_eq!(row.state, JobState::Succeeded);
    assert_eq!(After::definition().alias, task.alias);
}
