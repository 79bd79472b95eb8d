//! An installation, the stores of several processes on it, and what they hear.

use std::time::Duration;

use servers::{Engine, LONG, Server, Space};
use sqlx::postgres::PgListener;
use tasker_store::{
    Claim, Claimed, Due, Finish, Migrate, NewJob, NewWorker, Outcome, Queues, Settle, SqlStore,
    Store, Wake, Wakes, WorkerId,
};

/// An empty installation on the server that all trials share.
pub(crate) async fn space() -> Space {
    let space = servers::shared(Engine::Postgres).await.installation().await;
    open(&space.url()).await;
    space
}

/// The same on a server of the trial's own.
pub(crate) async fn private() -> (Server, Space) {
    let server = Server::start(Engine::Postgres).await;
    let space = server.installation().await;
    open(&space.url()).await;
    (server, space)
}

/// A store, as a process has one.
pub(crate) async fn open(url: &str) -> SqlStore {
    let store = SqlStore::connect(url).await.expect("the server answers");
    store.open(Migrate::Up).await.expect("the schema is made");
    store
}

/// A store that listens, and what it hears from now on.
pub(crate) async fn listening(url: &str) -> (SqlStore, Wakes) {
    let store = open(url).await;
    let mut wakes = store.work_wakes();
    become_prompt(&mut wakes, true).await;
    (store, wakes)
}

/// Waits until wakes are prompt, or are not; a gap tells of the change.
pub(crate) async fn become_prompt(wakes: &mut Wakes, prompt: bool) {
    while wakes.are_prompt() != prompt {
        next(wakes).await;
    }
}

pub(crate) async fn next(wakes: &mut Wakes) -> Wake {
    let wake = tokio::time::timeout(LONG, wakes.next()).await;
    wake.expect("some news comes")
}

/// Hears everything up to the next due time, which is how a trial marks the end of what it is about.
pub(crate) async fn until_due(wakes: &mut Wakes) -> Vec<Wake> {
    let mut heard = Vec::new();
    loop {
        match next(wakes).await {
            Wake::Due(_) => return heard,
            wake => heard.push(wake),
        }
    }
}

pub(crate) fn job() -> NewJob {
    NewJob::new("news-hello", "{}")
}

/// A job that is due later than any trial takes.
pub(crate) fn later() -> NewJob {
    NewJob {
        due: Due::In(Duration::from_secs(3600)),
        ..job()
    }
}

pub(crate) async fn enqueue(store: &SqlStore, job: NewJob) {
    let answers = store.enqueue(vec![job]).await.expect("enqueue");
    assert_eq!(answers.len(), 1);
}

pub(crate) async fn join(store: &SqlStore) -> WorkerId {
    let id = WorkerId::generate();
    let worker = NewWorker {
        id,
        name: "news".into(),
        named: false,
        host: "here".into(),
        pid: 1,
        process: String::new(),
        lease: Duration::from_secs(3600),
        concurrency: 10,
        queues: Vec::new(),
        replaces: Vec::new(),
    };
    store.join(worker).await.expect("join");
    id
}

pub(crate) async fn claim(store: &SqlStore, worker: WorkerId) -> Vec<Claimed> {
    settle(store, worker, Vec::new()).await
}

/// Ends jobs well and claims others.
pub(crate) async fn settle(
    store: &SqlStore,
    worker: WorkerId,
    ended: Vec<Claimed>,
) -> Vec<Claimed> {
    let finishes = ended.into_iter().map(|job| Finish {
        lease: job.lease(),
        outcome: Outcome::Succeeded { output: None },
        note: None,
        follow_ups: Vec::new(),
    });
    let settle = Settle {
        started: None,
        worker,
        finishes: finishes.collect(),
        claim: Some(Claim {
            queues: Queues::All,
            limit: 10,
            known: ["news-hello".to_owned()].into(),
            start: u32::MAX,
            held: 0,
        }),
    };
    store.settle(settle).await.expect("settle").jobs
}

/// The channel of an installation, as the server knows it.
pub(crate) async fn channel(space: &Space) -> String {
    let query =
        "SELECT 'tasker:' || relnamespace FROM pg_class WHERE oid = to_regclass('tasker_jobs')";
    space.text(query).await
}

/// Hears the notifications themselves.
pub(crate) async fn raw_listener(space: &Space) -> PgListener {
    let mut listener = PgListener::connect(&space.driver_url())
        .await
        .expect("it connects");
    let channel = channel(space).await;
    listener.listen(&channel).await.expect("it listens");
    listener
}

/// The texts that come up to the first that has `word` in it.
pub(crate) async fn texts_until(listener: &mut PgListener, word: &str) -> Vec<String> {
    let mut texts = Vec::new();
    loop {
        let notification = tokio::time::timeout(LONG, listener.recv()).await;
        let notification = notification.expect("one comes").expect("it listens");
        let text = notification.payload().to_owned();
        let last = text.contains(word);
        texts.push(text);
        if last {
            return texts;
        }
    }
}
