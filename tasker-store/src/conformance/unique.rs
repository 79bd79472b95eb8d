//! Unique jobs: who is answered what. What becomes of the job that is there is in `replace`, for how
//! long a key is held in `keys`.

use std::collections::HashSet;

use super::Case;
use super::bench::{Bench, at, finish, job, new_worker, secs, succeeded};
use super::enqueue::{declare_tasks, enable};
use crate::clock::Due;
use crate::job::{Enqueued, Job, JobId, NewJob};
use crate::lease::WorkerId;
use crate::limits;
use crate::settle::Finish;
use crate::state::JobState;
use crate::unique::{OnConflict, Unique};

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "unique",
        &[],
        [
            x_e1_a_hundred_racing_enqueues_make_one_job,
            x_e3_a_thousand_in_one_call_are_each_told_their_fate,
            a_key_counts_for_its_task_in_every_spelling,
            keys_are_compared_byte_by_byte,
            the_existing_job_is_left_as_it_is,
            a_skipped_job_says_which_one_is_there,
            an_id_comes_before_a_key,
            a_disabled_task_comes_before_a_key,
            a_conflict_holds_up_no_other_job,
            a_follow_up_meets_a_key_without_harm,
            a_follow_up_takes_the_key_its_job_has_let_go,
            a_key_of_nothing_is_refused,
        ]
    )
}

/// A job of `hello` with this key, held until it has finished.
pub(super) fn keyed(key: &str) -> NewJob {
    with(Unique::new(key))
}

pub(super) fn with(unique: Unique) -> NewJob {
    NewJob {
        unique: Some(unique),
        ..job("hello")
    }
}

pub(super) fn on_conflict(key: &str, on_conflict: OnConflict) -> NewJob {
    with(Unique {
        on_conflict,
        ..Unique::new(key)
    })
}

impl Bench {
    /// What becomes of one job.
    pub(super) async fn fate(&self, job: NewJob) -> Enqueued {
        let mut fates = self.fates(vec![job]).await;
        assert_eq!(fates.len(), 1, "one job, one fate");
        fates.remove(0)
    }

    pub(super) async fn fates(&self, jobs: Vec<NewJob>) -> Vec<Enqueued> {
        self.store.enqueue(jobs).await.expect("enqueue")
    }
}

/// The variant's name, and the job it names.
pub(super) fn told(fate: &Enqueued) -> (&'static str, Option<JobId>) {
    match fate {
        Enqueued::New { id, .. } => ("new", Some(*id)),
        Enqueued::Existing { id, .. } => ("existing", Some(*id)),
        Enqueued::Replaced { id, .. } => ("replaced", Some(*id)),
        Enqueued::Rescheduled { id, .. } => ("rescheduled", Some(*id)),
        Enqueued::Skipped { id, .. } => ("skipped", Some(*id)),
        Enqueued::Refused { .. } => ("refused", None),
    }
}

pub(super) fn existing(job: &Job) -> Enqueued {
    Enqueued::Existing {
        id: job.id,
        number: job.number,
        state: job.state,
    }
}

async fn x_e1_a_hundred_racing_enqueues_make_one_job(b: Bench) {
    // Over several handles, as several processes have them.
    let mut handles = Vec::new();
    for _ in 0..4 {
        handles.push(b.store.detach().await.expect("detach"));
    }
    let calls: Vec<_> = (0..100)
        .map(|n| {
            let store = handles[n % handles.len()].clone();
            tokio::spawn(async move { store.enqueue(vec![keyed("one")]).await })
        })
        .collect();
    let mut fates = Vec::new();
    for call in calls {
        let answer = call.await.expect("no caller panics").expect("enqueue");
        assert_eq!(answer.len(), 1, "never a silent nothing");
        fates.extend(answer);
    }
    let new: Vec<_> = fates.iter().filter(|fate| told(fate).0 == "new").collect();
    assert_eq!(new.len(), 1, "one is new: {fates:?}");
    let (_, id) = told(new[0]);
    let held = b.job(id.expect("it has an id")).await;
    let others = fates.iter().filter(|fate| told(fate).0 != "new");
    for fate in others {
        assert_eq!(*fate, existing(&held), "each names the one job");
    }
    let worker = b.worker().await;
    assert_eq!(b.take(worker).await.id, held.id, "there is one row");
}

async fn x_e3_a_thousand_in_one_call_are_each_told_their_fate(b: Bench) {
    let there = b.add_all((0..100).map(|n| keyed(&n.to_string())).collect());
    let there = there.await;
    // Keys 0 to 499, each twice, far apart: a fifth of them are in the store already.
    let jobs: Vec<NewJob> = (0..1_000).map(|n| keyed(&(n % 500).to_string())).collect();
    let given: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    let fates = b.fates(jobs).await;
    assert_eq!(fates.len(), 1_000);
    for (n, fate) in fates.iter().enumerate() {
        let expected = match n {
            0..100 => ("existing", there[n]),
            100..500 => ("new", given[n]),
            _ if n - 500 < 100 => ("existing", there[n - 500]),
            _ => ("existing", given[n - 500]),
        };
        assert_eq!(told(fate), (expected.0, Some(expected.1)), "item {n}");
    }
    let worker = b.worker().await;
    assert_eq!(
        b.claim(worker, 2_000).await.len(),
        500,
        "one job for each key"
    );
}

async fn a_key_counts_for_its_task_in_every_spelling(b: Bench) {
    let of = |alias: &str| NewJob {
        unique: Some(Unique::new("k")),
        ..job(alias)
    };
    let first = b.add(of("send-mail")).await;
    assert_eq!(
        told(&b.fate(of("SendMail")).await),
        ("existing", Some(first))
    );
    assert_eq!(told(&b.fate(of("send_mails")).await).0, "new");
    assert_eq!(
        told(&b.fate(job("send-mail")).await).0,
        "new",
        "it has no key"
    );
}

async fn keys_are_compared_byte_by_byte(b: Bench) {
    let long = "x".repeat(10_000);
    let longer = format!("{long}y");
    let keys = [
        "k", "K", "k ", " k", "ä", "a", "\0", "\0\0", "'; --", "🦀", &long, &longer,
    ];
    let fates = b.fates(keys.map(keyed).to_vec()).await;
    assert!(fates.iter().all(|fate| told(fate).0 == "new"), "{fates:?}");
    let again = b.fates(keys.map(keyed).to_vec()).await;
    for (before, after) in fates.iter().zip(&again) {
        assert_eq!(told(after), ("existing", told(before).1));
    }
}

async fn the_existing_job_is_left_as_it_is(b: Bench) {
    let id = b.add(keyed("k")).await;
    let before = b.job(id).await;
    let other = NewJob {
        params: r#"{"other": true}"#.into(),
        priority: 5,
        queue: "elsewhere".into(),
        due: Due::In(secs(60)),
        ..keyed("k")
    };
    let left_out = other.id;
    assert_eq!(b.fate(other).await, existing(&before));
    assert_eq!(b.job(id).await, before);
    assert_eq!(b.find(left_out).await, None);
}

async fn a_skipped_job_says_which_one_is_there(b: Bench) {
    let id = b.add(on_conflict("k", OnConflict::Skip)).await;
    let before = b.job(id).await;
    let skipped = Enqueued::Skipped {
        id,
        number: before.number,
        state: JobState::Queued,
    };
    assert_eq!(b.fate(on_conflict("k", OnConflict::Skip)).await, skipped);
    assert_eq!(b.job(id).await, before);
}

async fn an_id_comes_before_a_key(b: Bench) {
    let new = keyed("k");
    let first = b.fate(new.clone()).await;
    assert_eq!(b.fate(new.clone()).await, first, "as the first time");
    // The same id under another key, and twice in one call.
    let other = NewJob {
        unique: Some(Unique::new("other")),
        ..new.clone()
    };
    assert_eq!(b.fates(vec![other, new]).await, [first.clone(), first]);
    assert_eq!(
        told(&b.fate(keyed("other")).await).0,
        "new",
        "nobody took that"
    );
    let twice = keyed("twice");
    let fates = b.fates(vec![twice.clone(), twice]).await;
    assert_eq!(told(&fates[0]).0, "new");
    assert_eq!(fates[0], fates[1]);
}

async fn a_disabled_task_comes_before_a_key(b: Bench) {
    declare_tasks(&b, &["hello"]).await;
    let id = b.add(keyed("k")).await;
    let before = b.job(id).await;
    enable(&b, "hello", false).await;
    for asked in [OnConflict::Existing, OnConflict::Skip, OnConflict::Replace] {
        let new = NewJob {
            priority: 7,
            ..on_conflict("k", asked)
        };
        assert_eq!(told(&b.fate(new).await).0, "refused", "{asked:?}");
    }
    assert_eq!(told(&b.fate(keyed("free")).await).0, "refused");
    assert_eq!(b.job(id).await, before);
    enable(&b, "hello", true).await;
    assert_eq!(b.fate(keyed("k")).await, existing(&before));
    assert_eq!(told(&b.fate(keyed("free")).await).0, "new");
}

async fn a_conflict_holds_up_no_other_job(b: Bench) {
    declare_tasks(&b, &["mail"]).await;
    enable(&b, "mail", false).await;
    let there = b.add(keyed("k")).await;
    let too_long = NewJob {
        params: "x".repeat(limits::PARAMS + 1),
        ..keyed("free")
    };
    let jobs = vec![
        job("hello"),
        too_long,
        keyed("k"),
        job("mail"),
        keyed("free"),
        job("report"),
    ];
    let given: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    let fates = b.fates(jobs).await;
    let expected = [
        ("new", Some(given[0])),
        ("refused", None),
        ("existing", Some(there)),
        ("refused", None),
        ("new", Some(given[4])),
        ("new", Some(given[5])),
    ];
    assert_eq!(fates.iter().map(told).collect::<Vec<_>>(), expected);
    let numbers: HashSet<i64> = fates
        .iter()
        .filter_map(|fate| match fate {
            Enqueued::New { number, .. } => Some(*number),
            _ => None,
        })
        .collect();
    assert_eq!(numbers.len(), 3, "each new one has a number of its own");
    for id in [given[0], given[4], given[5]] {
        assert!(numbers.contains(&b.job(id).await.number), "and says which");
    }
}

async fn a_follow_up_meets_a_key_without_harm(b: Bench) {
    let there = NewJob {
        due: Due::In(secs(60)),
        ..keyed("k")
    };
    let there = b.add(there).await;
    let (worker, claimed) = b.running(job("hello")).await;
    let replacing = NewJob {
        params: r#"{"new": true}"#.into(),
        due: Due::In(secs(90)),
        ..on_conflict("k", OnConflict::Replace)
    };
    let (left_out, plain) = (replacing.id, job("mail"));
    let end = Finish {
        follow_ups: vec![keyed("k"), replacing, plain.clone()],
        ..finish(&claimed, succeeded())
    };
    b.settle(worker, vec![end], None).await;
    assert_eq!(b.state(claimed.id).await, JobState::Succeeded);
    assert_eq!(b.find(left_out).await, None);
    assert_eq!(b.take(worker).await.id, plain.id);
    let changed = b.job(there).await;
    assert_eq!(
        (changed.params.as_str(), changed.due_at),
        (r#"{"new": true}"#, at(90))
    );
}

async fn a_follow_up_takes_the_key_its_job_has_let_go(b: Bench) {
    // Two jobs that go on as each other: all ends of a call come before what follows from them.
    let worker = WorkerId::generate();
    b.store.join(new_worker(worker)).await.expect("join");
    b.add_all(vec![keyed("a"), keyed("b")]).await;
    let claimed = b.claim(worker, 2).await;
    let next = [keyed("b"), keyed("a")];
    let ids = next.each_ref().map(|job| job.id);
    let finishes = claimed.iter().zip(next).map(|(claimed, next)| Finish {
        follow_ups: vec![next],
        ..finish(claimed, succeeded())
    });
    b.settle(worker, finishes.collect(), None).await;
    for id in ids {
        assert_eq!(b.state(id).await, JobState::Queued);
    }
}

async fn a_key_of_nothing_is_refused(b: Bench) {
    let within = |seconds| with(Unique::within("k", secs(seconds)));
    let fates = b.fates(vec![keyed(""), within(0), within(1)]).await;
    let said: Vec<_> = fates.iter().map(|fate| told(fate).0).collect();
    assert_eq!(said, ["refused", "refused", "new"]);
}
