//! The connection that brings the news is lost: that is noticed and told, jobs start all the same, and it is made again (X-C7, and
//! X-C4 for this connection).

use std::time::Duration;

use libtest_mimic::Trial;
use servers::{Engine, Proxy, Server, Space, until};
use tasker::Tasker;
use tasker_store::Wake;

use crate::place::{
    become_prompt, channel, enqueue, job, listening, next, open, private, raw_listener, texts_until,
};
use crate::trials;
use crate::work::{Working, say};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = trials!(
        "loss",
        Engine::Postgres.can_share(),
        [nothing_is_heard_behind_a_pooler]
    );
    trials.extend(trials!(
        "loss",
        Engine::Postgres.can_start(),
        [
            a_killed_connection_is_mended,
            a_silent_connection_is_noticed,
            a_server_that_returns_is_heard_again,
            work_goes_on_without_news,
        ]
    ));
    trials
}

/// The process of the server that a store listens by.
async fn ear(server: &Server, space: &Space) -> String {
    let query = format!(
        "SELECT coalesce(min(pid), 0)::text FROM pg_stat_activity
          WHERE query = 'LISTEN \"{}\"' AND application_name = 'tasker'",
        channel(space).await
    );
    server.text(&query).await
}

async fn a_killed_connection_is_mended() {
    let (server, space) = private().await;
    let (ours, mut wakes) = listening(&space.url()).await;
    let theirs = open(&space.url()).await;
    let told = |store| format!("{store:?}").contains("hears_others_promptly: true");
    assert!(told(&ours));
    for _ in 0..3 {
        let before = ear(&server, &space).await;
        assert_ne!(before, "0");
        server
            .sql(&format!("SELECT pg_terminate_backend({before})"))
            .await;
        // The loss and the return are gaps; what is told in between is not heard.
        next(&mut wakes).await;
        become_prompt(&mut wakes, true).await;
        until("another connection listens", async || {
            ![before.as_str(), "0"].contains(&ear(&server, &space).await.as_str())
        })
        .await;
        enqueue(&theirs, job()).await;
        while next(&mut wakes).await != Wake::Ready {}
    }
}

async fn a_silent_connection_is_noticed() {
    let (server, space) = private().await;
    let proxy = Proxy::to(server.port()).await;
    let (ours, mut wakes) = listening(&space.url_through(&proxy)).await;
    let theirs = open(&space.url()).await;
    proxy.black_hole();
    become_prompt(&mut wakes, false).await;
    assert!(format!("{ours:?}").contains("hears_others_promptly: false"));
    proxy.pass();
    become_prompt(&mut wakes, true).await;
    enqueue(&theirs, job()).await;
    while next(&mut wakes).await != Wake::Ready {}
}

async fn a_server_that_returns_is_heard_again() {
    let (server, space) = private().await;
    let (_ours, mut wakes) = listening(&space.url()).await;
    server.kill().await;
    become_prompt(&mut wakes, false).await;
    server.restart().await;
    become_prompt(&mut wakes, true).await;
    enqueue(&open(&space.url()).await, job()).await;
    while next(&mut wakes).await != Wake::Ready {}
}

/// Nobody may listen: the worker looks by itself, often.
async fn work_goes_on_without_news() {
    let (server, space) = private().await;
    let mut working = Working::on(&space.url()).await;
    let tasker = Tasker::connect(&space.url()).await.expect("it opens");
    say(&tasker, "before", Duration::ZERO).await;
    working.hear("before").await;
    // No new connection is let in; those that claim and beat are there already.
    let deaf = async {
        loop {
            let pid = ear(&server, &space).await;
            server
                .sql(&format!(
                    "SELECT pg_terminate_backend({pid}) WHERE {pid} <> 0"
                ))
                .await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let works = async {
        for n in 0..10 {
            let name = n.to_string();
            say(&tasker, &name, Duration::from_millis(50 * (n % 3))).await;
            working.hear(&name).await;
        }
    };
    tokio::select! {
        () = deaf => {}
        () = works => {}
    }
    say(&tasker, "after", Duration::ZERO).await;
    working.hear("after").await;
}

/// `poll-only=true`: neither `LISTEN` nor `NOTIFY`.
async fn nothing_is_heard_behind_a_pooler() {
    let space = crate::place::space().await;
    let url = format!("{}&poll-only=true", space.url());
    let ours = open(&url).await;
    let mut wakes = tasker_store::Store::work_wakes(&ours);
    let mut raw = raw_listener(&space).await;
    enqueue(&ours, job()).await;
    assert_eq!(
        next(&mut wakes).await,
        Wake::Ready,
        "its own work it knows of"
    );
    enqueue(&open(&space.url()).await, job()).await;
    let texts = texts_until(&mut raw, "ready").await;
    assert_eq!(texts.len(), 1, "the other's only: {texts:?}");
    enqueue(&ours, crate::place::later()).await;
    assert!(matches!(next(&mut wakes).await, Wake::Due(_)));
    assert!(!wakes.are_prompt());
}
