//! Workers and their leases.

use super::Case;
use super::bench::{Bench, LEASE, at, job, new_worker, secs, snooze_in, succeeded};
use crate::admin::Changed;
use crate::attempt::FailureKind;
use crate::job::NewJob;
use crate::lease::{Beat, NewWorker, WorkerId};
use crate::settle::{Claimed, Fate};
use crate::state::JobState;
use crate::wake::Wake;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "workers",
        &[],
        [
            a_joined_worker_is_listed,
            workers_are_listed_the_oldest_first,
            a_beat_extends_the_lease,
            a_beat_extends_by_the_workers_own_lease,
            a_late_beat_before_the_rescue_is_alive_again,
            a_beat_after_the_rescue_is_lost,
            a_beat_of_a_stranger_is_lost,
            a_beat_names_the_jobs_to_cancel,
            the_jobs_of_a_replaced_worker_are_taken_back_at_once,
            who_is_not_named_is_not_replaced,
            joining_twice_replaces_once,
            leaving_releases_the_jobs,
            leaving_ends_what_may_not_go_back,
            leaving_twice_is_harmless,
            a_detached_handle_is_on_the_same_store,
            what_a_worker_has_not_heard_of_is_given_as_it_was_claimed,
            what_does_not_run_under_a_worker_is_not_unheard,
        ]
    )
}

async fn a_joined_worker_is_listed(b: Bench) {
    let new = NewWorker {
        id: WorkerId::generate(),
        name: "wörker 1".into(),
        named: true,
        host: "a.example".into(),
        pid: u32::MAX,
        process: "4294967295 1 böot".into(),
        lease: secs(90),
        concurrency: 3,
        queues: vec!["mail".into(), "my queue".into()],
        replaces: Vec::new(),
    };
    b.store.join(new.clone()).await.expect("join");
    b.add(job("hello")).await;
    b.take(new.id).await;
    let workers = b.store.workers().await.expect("workers");
    assert_eq!(workers.len(), 1);
    let worker = &workers[0];
    assert_eq!((worker.id, worker.pid), (new.id, new.pid));
    assert_eq!((&worker.name, &worker.host), (&new.name, &new.host));
    assert_eq!((worker.named, &worker.process), (true, &new.process));
    assert_eq!((worker.concurrency, &worker.queues), (3, &new.queues));
    assert_eq!((worker.started_at, worker.lease_until), (at(0), at(90)));
    assert_eq!(worker.running, 1);
}

async fn workers_are_listed_the_oldest_first(b: Bench) {
    let mut joined = Vec::new();
    for _ in 0..3 {
        joined.push(b.worker().await);
        b.advance(1);
    }
    let listed = b.store.workers().await.expect("workers");
    let listed: Vec<WorkerId> = listed.iter().map(|worker| worker.id).collect();
    assert_eq!(listed, joined);
}

async fn a_beat_extends_the_lease(b: Bench) {
    let worker = b.worker().await;
    b.advance(20);
    b.store.beat(worker).await.expect("beat");
    let workers = b.store.workers().await.expect("workers");
    assert_eq!(workers[0].lease_until, at(20 + LEASE as i64));
    assert_eq!(workers[0].started_at, at(0));
}

async fn a_beat_extends_by_the_workers_own_lease(b: Bench) {
    let long = WorkerId::generate();
    let new = NewWorker {
        lease: secs(3600),
        ..new_worker(long)
    };
    b.store.join(new).await.expect("join");
    b.advance(1);
    b.store.beat(long).await.expect("beat");
    let workers = b.store.workers().await.expect("workers");
    assert_eq!(workers[0].lease_until, at(3601));
}

async fn a_late_beat_before_the_rescue_is_alive_again(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    b.advance(LEASE * 10);
    let beat = b.store.beat(worker).await.expect("beat");
    assert_eq!(beat, Beat::Alive { cancel: Vec::new() });
    let sweep = b.store.rescue(10).await.expect("rescue");
    assert_eq!((sweep.done, sweep.more), (0, false));
    assert_eq!(b.state(claimed.id).await, JobState::Running);
}

async fn a_beat_after_the_rescue_is_lost(b: Bench) {
    let (worker, _) = b.running(job("hello")).await;
    let idle = b.worker().await;
    b.advance(LEASE + 1);
    b.store.rescue(10).await.expect("rescue");
    for worker in [worker, idle] {
        assert_eq!(b.store.beat(worker).await.expect("beat"), Beat::Lost);
        assert_eq!(b.claim(worker, 5).await, [], "the dead claim nothing");
    }
    assert_eq!(b.store.workers().await.expect("workers"), []);
}

async fn a_beat_of_a_stranger_is_lost(b: Bench) {
    let beat = b.store.beat(WorkerId::generate()).await.expect("beat");
    assert_eq!(beat, Beat::Lost);
}

async fn a_beat_names_the_jobs_to_cancel(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    let (other, _) = b.running(job("hello")).await;
    let asked = b.store.cancel(claimed.id).await.expect("cancel");
    assert_eq!(asked, Changed::Requested);
    assert!(b.job(claimed.id).await.cancel_requested);
    let cancel = vec![claimed.lease()];
    for _ in 0..2 {
        let beat = b.store.beat(worker).await.expect("beat");
        assert_eq!(
            beat,
            Beat::Alive {
                cancel: cancel.clone()
            }
        );
    }
    let beat = b.store.beat(other).await.expect("beat");
    assert_eq!(beat, Beat::Alive { cancel: Vec::new() });
}

async fn the_jobs_of_a_replaced_worker_are_taken_back_at_once(b: Bench) {
    let (old, claimed) = b.running(job("hello")).await;
    let idle = b.worker().await;
    let mut wakes = b.store.work_wakes();
    let new = NewWorker {
        replaces: vec![old, idle],
        ..new_worker(WorkerId::generate())
    };
    b.store.join(new.clone()).await.expect("join");
    // So that whoever takes orphans back looks for them now.
    while wakes.next().await != Wake::Control {}
    let outlook = b.store.outlook().await.expect("outlook");
    assert_eq!(outlook.rescue_in, Some(secs(0)));
    let workers = b.store.workers().await.expect("workers");
    let listed: Vec<WorkerId> = workers.iter().map(|worker| worker.id).collect();
    assert_eq!(listed, [new.id]);
    for gone in [old, idle] {
        assert_eq!(b.store.beat(gone).await.expect("beat"), Beat::Lost);
        assert_eq!(b.claim(gone, 5).await, [], "the dead claim nothing");
    }
    let sweep = b.store.rescue(9).await.expect("rescue");
    assert_eq!((sweep.done, sweep.more), (1, false));
    assert_eq!(b.failures(claimed.id).await, [FailureKind::WorkerLost]);
    let again = b.take(new.id).await;
    assert_eq!((again.id, again.attempt), (claimed.id, 2));
    let fate = b.end(old, &claimed, succeeded()).await;
    assert_eq!(fate, Fate::Stale, "what the old one says counts no more");
    let fate = b.end(new.id, &again, succeeded()).await;
    assert_eq!(fate, Fate::Applied(JobState::Succeeded));
}

async fn who_is_not_named_is_not_replaced(b: Bench) {
    let (other, claimed) = b.running(job("hello")).await;
    let same = |replaces| NewWorker {
        name: "twin".into(),
        named: true,
        process: "1 1 here".into(),
        replaces,
        ..new_worker(WorkerId::generate())
    };
    // Neither a name nor a process is compared here, and a stranger is no trouble.
    b.store.join(same(Vec::new())).await.expect("join");
    let strangers = vec![WorkerId::generate()];
    b.store.join(same(strangers)).await.expect("join");
    assert_eq!(b.store.workers().await.expect("workers").len(), 3);
    let sweep = b.store.rescue(9).await.expect("rescue");
    assert_eq!((sweep.done, sweep.more), (0, false));
    let fate = b.end(other, &claimed, succeeded()).await;
    assert_eq!(fate, Fate::Applied(JobState::Succeeded));
}

async fn joining_twice_replaces_once(b: Bench) {
    let (old, claimed) = b.running(job("hello")).await;
    let id = WorkerId::generate();
    let new = NewWorker {
        // Whoever repeats a call names itself by mistake.
        replaces: vec![old, id],
        ..new_worker(id)
    };
    for _ in 0..2 {
        b.store.join(new.clone()).await.expect("join");
    }
    let beat = b.store.beat(id).await.expect("beat");
    assert!(matches!(beat, Beat::Alive { .. }), "{beat:?}");
    let sweep = b.store.rescue(9).await.expect("rescue");
    assert_eq!((sweep.done, sweep.more), (1, false));
    assert_eq!(b.failures(claimed.id).await, [FailureKind::WorkerLost]);
}

async fn leaving_releases_the_jobs(b: Bench) {
    let (worker, first) = b.running(job("hello")).await;
    b.add(job("mail")).await;
    let second = b.take(worker).await;
    b.advance(3);
    b.store.leave(worker).await.expect("leave");
    for claimed in [&first, &second] {
        let job = b.job(claimed.id).await;
        assert_eq!((job.state, job.attempt), (JobState::Queued, 0));
        assert_eq!(b.failures(job.id).await, []);
    }
    assert_eq!(b.store.workers().await.expect("workers"), []);
    assert_eq!(b.store.beat(worker).await.expect("beat"), Beat::Lost);
    let other = b.worker().await;
    let again = b.claim(other, 5).await;
    assert_eq!(again.len(), 2);
    assert!(
        again
            .iter()
            .all(|job| job.attempt == 1 && job.token > first.token)
    );
}

async fn leaving_ends_what_may_not_go_back(b: Bench) {
    let once = NewJob {
        at_most_once: true,
        ..job("hello")
    };
    let (worker, once) = b.running(once).await;
    b.add(job("hello")).await;
    let canceled = b.take(worker).await;
    b.store.cancel(canceled.id).await.expect("cancel");
    b.store.leave(worker).await.expect("leave");
    assert_eq!(b.state(once.id).await, JobState::Failed);
    assert_eq!(b.failures(once.id).await, [FailureKind::Interrupted]);
    assert_eq!(b.state(canceled.id).await, JobState::Canceled);
}

async fn leaving_twice_is_harmless(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    b.store.leave(worker).await.expect("leave");
    let other = b.worker().await;
    b.take(other).await;
    b.store.leave(worker).await.expect("leave");
    b.store.leave(WorkerId::generate()).await.expect("leave");
    assert_eq!(b.state(claimed.id).await, JobState::Running);
}

async fn a_detached_handle_is_on_the_same_store(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    let detached = b.store.detach().await.expect("detach");
    b.advance(10);
    let beat = detached.beat(worker).await.expect("beat");
    assert!(matches!(beat, Beat::Alive { .. }), "{beat:?}");
    let workers = b.store.workers().await.expect("workers");
    assert_eq!(workers[0].lease_until, at(10 + LEASE as i64));
    let found = detached.job(claimed.id.into()).await.expect("job");
    assert_eq!(found.map(|job| job.state), Some(JobState::Running));
}

async fn what_a_worker_has_not_heard_of_is_given_as_it_was_claimed(b: Bench) {
    let worker = b.worker().await;
    for priority in [0, 7, 0, 3] {
        let tags = vec!["a".to_owned(), "ü".to_owned()];
        let new = NewJob {
            priority,
            tags,
            ..job("hello")
        };
        b.add(new).await;
    }
    let claimed = b.claim(worker, 9).await;
    assert_eq!(claimed.len(), 4);
    let known = vec![claimed[1].lease(), claimed[3].lease()];
    let unheard = b.store.unheard(worker, known).await.expect("unheard");
    assert_eq!(unheard, [claimed[0].clone(), claimed[2].clone()]);
    let all = b.store.unheard(worker, Vec::new()).await.expect("unheard");
    assert_eq!(all, claimed);
    let leases = claimed.iter().map(Claimed::lease).collect();
    assert_eq!(b.store.unheard(worker, leases).await.expect("unheard"), []);
    // Asking changes nothing.
    assert_eq!(
        b.end(worker, &claimed[0], succeeded()).await,
        Fate::Applied(JobState::Succeeded)
    );
}

async fn what_does_not_run_under_a_worker_is_not_unheard(b: Bench) {
    let (worker, first) = b.running(job("hello")).await;
    let (other, others) = b.running(job("hello")).await;
    b.add(job("hello")).await;
    b.end(worker, &first, snooze_in(0)).await;
    assert_eq!(
        b.store.unheard(worker, Vec::new()).await.expect("unheard"),
        []
    );
    // A lease it had once is not the one it has now.
    let again = b.claim(worker, 9).await;
    let unheard = b.store.unheard(worker, vec![first.lease()]).await;
    assert_eq!(unheard.expect("unheard"), again);
    assert_eq!(again.len(), 2);
    let unheard = b.store.unheard(other, Vec::new()).await;
    assert_eq!(unheard.expect("unheard"), [others]);
    let stranger = WorkerId::generate();
    assert_eq!(
        b.store
            .unheard(stranger, Vec::new())
            .await
            .expect("unheard"),
        []
    );
}
