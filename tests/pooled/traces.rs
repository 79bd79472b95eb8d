//! What the store leaves behind on the connections of the server that the pooler hands to others: nothing.

use std::time::Duration;

use libtest_mimic::Trial;
use servers::{Engine, Pooler, Server, Space, Usable};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection, Row};
use tasker::{Tasker, task};
use tasker_store::{Admin, Due, Migrate, NewJob, SqlStore, Store};

pub(crate) fn trials(usable: &Usable) -> Vec<Trial> {
    vec![
        usable
            .clone()
            .trial("traces/nothing_is_left_on_a_connection", || {
                crate::run(nothing_is_left_on_a_connection());
            }),
        usable.clone().trial("traces/many_start_at_once", || {
            crate::run(many_start_at_once());
        }),
        usable.clone().trial("traces/a_worker_works", || {
            crate::run(a_worker_works());
        }),
    ]
}

/// A server and a pooler of the trial's own.
async fn place() -> (Server, Pooler, Space) {
    let server = Server::start(Engine::Postgres).await;
    let pooler = Pooler::before(&server).await;
    let space = server.installation().await;
    (server, pooler, space)
}

async fn open(url: String) -> SqlStore {
    let store = SqlStore::connect(&url).await;
    let store = store.expect("the pooler passes it on");
    store.open(Migrate::Up).await.expect("the schema is made");
    store
}

async fn nothing_is_left_on_a_connection() {
    let (server, pooler, space) = place().await;
    let store = open(space.url_pooled(&pooler)).await;
    let job = NewJob {
        due: Due::In(Duration::from_secs(60)),
        ..NewJob::new("hello", "{}")
    };
    store.enqueue(vec![job]).await.expect("enqueue");
    store.promote(10).await.expect("promote");
    store.outlook().await.expect("outlook");
    store.jobs(Default::default()).await.expect("jobs");
    // A transaction gets the connection that was used last: it is one that the store had.
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", pooler.port());
    let options: PgConnectOptions = url.parse().expect("a URL");
    let options = options.extra_float_digits(None);
    let mut other = PgConnection::connect_with(&options)
        .await
        .expect("it connects");
    let mut transaction = other.begin().await.expect("it begins");
    let query =
        "SELECT count(*)::bigint, current_setting('search_path'), current_setting('enable_seqscan')
                   FROM pg_prepared_statements";
    let query = sqlx::query(query).persistent(false);
    let row = query
        .fetch_one(&mut *transaction)
        .await
        .expect("it answers");
    let (prepared, path, scans): (i64, String, String) = (row.get(0), row.get(1), row.get(2));
    assert_eq!(prepared, 0);
    assert_eq!((path.as_str(), scans.as_str()), ("\"$user\", public", "on"));
    transaction.rollback().await.expect("it ends");
    let locks = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory'";
    assert_eq!(server.text(locks).await, "0");
    let news = "SELECT count(*)::text FROM pg_stat_activity
                 WHERE (query ILIKE 'LISTEN%' OR query ILIKE '%pg_notify(%') AND pid <> pg_backend_pid()";
    assert_eq!(server.text(news).await, "0");
}

async fn many_start_at_once() {
    let (_server, pooler, space) = place().await;
    let starts: Vec<_> = (0..10)
        .map(|_| tokio::spawn(open(space.url_pooled(&pooler))))
        .collect();
    let mut stores = Vec::new();
    for start in starts {
        stores.push(start.await.expect("it starts"));
    }
    for store in &stores {
        let job = NewJob::new("hello", "{}");
        store.enqueue(vec![job]).await.expect("enqueue");
    }
    assert_eq!(stores[0].queues().await.expect("queues")[0].queued, 10);
}

/// Say that it ran.
#[task]
async fn pooled_hello() -> anyhow::Result<String> {
    Ok("hello".into())
}

async fn a_worker_works() {
    let (_server, pooler, space) = place().await;
    let tasker = Tasker::connect(&space.url_pooled(&pooler))
        .await
        .expect("it opens");
    let worker = tasker.worker().build().expect("it is set up well");
    let stopper = worker.stopper();
    let working = tokio::spawn(worker.run());
    let now = PooledHello::enqueue().on(&tasker).await.expect("enqueue");
    let later = PooledHello::enqueue()
        .delay(Duration::from_millis(300))
        .on(&tasker);
    let later = later.await.expect("enqueue");
    for job in [now, later] {
        let result = tokio::time::timeout(servers::LONG, job.result()).await;
        assert_eq!(result.expect("it runs").expect("it succeeds"), "hello");
    }
    stopper.stop();
    let summary = tokio::time::timeout(servers::LONG, working)
        .await
        .expect("it stops");
    let summary = summary
        .expect("it does not panic")
        .expect("the store does not fail");
    assert_eq!(summary.succeeded, 2);
}
