//! Named leases in a program's hands, on every backend.

use std::sync::Arc;
use std::time::Duration;

use tasker::Tasker;
use tasker::lifecycle::{Shutdown, TestClock};
use tasker_store::{Clock, MemoryStore};

use crate::probe::{MOMENT, soon};

/// Two programs on one store, and what has to live as long.
async fn programs(backend: &str) -> ([Tasker; 2], tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let shared = MemoryStore::new();
    let connect = async || match backend {
        "memory" => {
            let builder = Tasker::builder().store(Arc::new(shared.clone()));
            builder.connect().await.unwrap()
        }
        _ => {
            let file = folder.path().join("tasker.db");
            let url = format!("sqlite://{}?mode=rwc", file.display());
            Tasker::connect(url).await.unwrap()
        }
    };
    ([connect().await, connect().await], folder)
}

/// F-44.
#[tokio::test]
async fn f44_a_lease_has_one_holder() {
    for backend in ["memory", "sqlite"] {
        let ([one, other], _folder) = programs(backend).await;
        let shutdown = Shutdown::new();
        let hold = soon(one.lease("a").hold(&shutdown)).await.unwrap();
        assert!(
            other
                .lease("a")
                .try_hold(&shutdown)
                .await
                .unwrap()
                .is_none()
        );
        // Another name is no concern of it.
        let beside = other.lease("b").try_hold(&shutdown).await.unwrap();
        assert!(beside.is_some());

        // Waiting ends with the token of whoever waits.
        let impatient = Shutdown::new();
        let (lease, token) = (other.lease("a"), impatient.clone());
        let waiting = tokio::spawn(async move { lease.hold(&token).await });
        tokio::time::sleep(MOMENT).await;
        assert!(!waiting.is_finished());
        impatient.cancel();
        let failure = soon(waiting).await.unwrap().unwrap_err();
        assert!(failure.is_cancelled());
        let at_once = other.lease("a").hold(&impatient).await.unwrap_err();
        assert!(at_once.is_cancelled());

        // Given back it is free for whoever waits, and what depended on it is told to end.
        let (lease, token) = (other.lease("a"), shutdown.clone());
        let waiting = tokio::spawn(async move { lease.hold(&token).await });
        assert!(!hold.shutdown().is_cancelled());
        hold.let_go().await;
        assert!(hold.shutdown().is_cancelled() && !shutdown.is_cancelled());
        let next = soon(waiting).await.unwrap().unwrap();
        assert!(next.token() > hold.token());
        // Again, which takes nothing from the next one.
        hold.let_go().await;
        drop(hold);
        assert!(one.lease("a").try_hold(&shutdown).await.unwrap().is_none());
        assert!(!next.shutdown().is_cancelled());

        // The stop of the program reaches what depends on the lease, which stays held until it is given back.
        shutdown.cancel();
        assert!(next.shutdown().is_cancelled());
        let fresh = Shutdown::new();
        assert!(one.lease("a").try_hold(&fresh).await.unwrap().is_none());
        drop(next);
        soon(one.lease("a").hold(&fresh))
            .await
            .unwrap()
            .let_go()
            .await;
    }
}

/// F-44: the beat finds that the lease is another's.
#[tokio::test]
async fn f44_a_lost_lease_fires_the_holders_token() {
    let clock = TestClock::at("2025-06-01T12:00:00Z".parse().unwrap());
    let store = MemoryStore::with_clock(Clock::Test(clock.clone()));
    let tasker = Tasker::builder()
        .store(Arc::new(store))
        .connect()
        .await
        .unwrap();
    let lease = tasker.lease("a").length(Duration::from_secs(1));
    let shutdown = Shutdown::new();
    let hold = lease.hold(&shutdown).await.unwrap();
    // By the store's clock the holder has been dead for long.
    clock.advance(Duration::from_secs(60));
    let next = soon(tasker.lease("a").hold(&shutdown)).await.unwrap();
    soon(hold.shutdown().cancelled()).await;
    assert!(!next.shutdown().is_cancelled() && !shutdown.is_cancelled());
    // It is not his to give back.
    hold.let_go().await;
    assert!(
        tasker
            .lease("a")
            .try_hold(&shutdown)
            .await
            .unwrap()
            .is_none()
    );
}

/// Held for longer than it lasts, it is kept by the beat.
#[tokio::test]
async fn a_lease_lasts_while_its_holder_beats() {
    let ([one, other], _folder) = programs("sqlite").await;
    let length = Duration::from_secs(1);
    let shutdown = Shutdown::new();
    let hold = one.lease("a").length(length).hold(&shutdown).await.unwrap();
    let lost = tokio::time::timeout(length * 2, hold.shutdown().cancelled());
    assert!(lost.await.is_err());
    assert!(
        other
            .lease("a")
            .try_hold(&shutdown)
            .await
            .unwrap()
            .is_none()
    );
    let short = one.lease("a").length(Duration::from_millis(999));
    let refused = short.try_hold(&shutdown);
    assert!(
        refused
            .await
            .unwrap_err()
            .to_string()
            .contains("at least 1s")
    );
}
