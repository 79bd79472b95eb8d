//! Leases: lost by one who is frozen, kept by one who is only slow.

use tasker::{Job, JobHandle, JobState, Progress};
use tasker_store::{FailureKind, Worker};

use crate::place::{LEASE, On, Place, SWEEP};
use crate::process::{Process, soon, until};
use crate::tasks::{Hog, HogParams, Hold, HoldParams, Long, LongParams};
use crate::{Trials, trials};

pub(crate) fn trials(on: On) -> Trials {
    let mut trials = trials!(
        on,
        [
            a_frozen_process_that_comes_back_changes_nothing_and_works_on,
            a_frozen_process_that_comes_back_does_not_touch_the_one_that_runs_its_jobs,
            a_job_that_takes_several_leases_is_not_rescued,
            handlers_that_block_every_thread_do_not_stop_the_heartbeat
        ]
    );
    if on == On::Sqlite {
        trials.extend(trials!(
            on,
            [
                a_frozen_process_that_comes_back_drops_what_it_lost_and_only_that,
                a_frozen_process_that_comes_back_alone_runs_its_job_again_with_every_slot
            ]
        ));
    }
    trials
}

/// A process that was frozen past its lease, and another that has its jobs.
struct Overtaken {
    place: Place,
    frozen: Process,
    other: Process,
    jobs: Vec<JobHandle<String>>,
    /// The incarnation that was frozen.
    was: Worker,
}

impl Overtaken {
    /// `words` are for the other one.
    async fn new(on: On, words: &[&str]) -> Self {
        let place = Place::new(on).await;
        let mut frozen = place.work(&[]).await;
        let was = place.worker(&frozen).await.expect("it has joined");
        let params = (0..2).map(|_| HoldParams::new().deaf(true));
        let jobs = Hold::enqueue_many(params).on(&place.tasker).await;
        let jobs = jobs.expect("the store takes them");
        frozen.hear("started 1 attempt 1").await;
        frozen.hear("started 2 attempt 1").await;
        freeze(&place, &frozen).await;
        let mut other = place.work(words).await;
        other.hear("started 1 attempt 2").await;
        other.hear("started 2 attempt 2").await;
        Self {
            place,
            frozen,
            other,
            jobs,
            was,
        }
    }

    /// Lets the frozen one go on: job 1 ends there at once, job 2 when it has been told to.
    async fn thaw(&mut self) {
        // Waits in the pipe.
        self.frozen.order("end 1");
        self.frozen.thaw();
        self.frozen.hear("done 1").await;
        self.refused(0).await;
        self.frozen.hear("told to end 2").await;
        self.frozen.log("lease is over; joining anew").await;
        until("it has joined anew", async || {
            let worker = self.place.worker(&self.frozen).await;
            worker.is_some_and(|worker| worker.id != self.was.id)
        })
        .await;
    }

    /// Waits until the frozen one has been told that job `index` is not its own any more.
    async fn refused(&mut self, index: usize) {
        let id = self.jobs[index].id();
        let line =
            format!("the lease of this job was lost; its outcome here does not count job={id}");
        self.frozen.log(&line).await;
    }

    /// Job `index` ended in the other process, and nothing of what the frozen one said is kept.
    async fn is_the_others(&self, index: usize) {
        let job = self.jobs[index].id();
        let row = self.place.job(job).await;
        let pid = self.other.pid();
        let done = u64::from(pid);
        let expected = (JobState::Succeeded, 2, Some(format!("\"{pid}\"")));
        assert_eq!((row.state, row.attempt, row.output), expected);
        assert_eq!(row.progress, Some(Progress { done, total: done }));
        let log = self
            .place
            .tasker
            .jobs()
            .log(job)
            .await
            .expect("the store answers");
        let log: Vec<_> = log.into_iter().map(|line| line.message).collect();
        assert_eq!(log, [format!("ending in {pid}")]);
        assert_eq!(
            self.place.attempts(job).await,
            [(FailureKind::WorkerLost, Some(self.was.id))]
        );
    }

    /// The frozen one takes jobs again, under its new id.
    async fn goes_on(self) {
        let Self {
            place,
            mut frozen,
            other,
            was,
            ..
        } = self;
        other.terminate();
        other.ended().await.well();
        let next = Hold::enqueue(HoldParams::new()).on(&place.tasker);
        let next = next.await.unwrap();
        // Not every database gives out each number.
        let number = next.number();
        frozen.hear(&format!("started {number} attempt 1")).await;
        frozen.order(&format!("end {number}"));
        let pid: String = soon(next.result()).await.unwrap();
        assert_eq!(pid, frozen.pid().to_string());
        assert_ne!(place.job(next.id()).await.worker, Some(was.id));
        frozen.terminate();
        frozen.ended().await.well();
    }
}

/// Freezes a process, but not with the write lock in its hands, where there is one.
async fn freeze(place: &Place, process: &Process) {
    if place.on != On::Sqlite {
        return process.freeze().await;
    }
    let lock = place.lock().await;
    process.freeze().await;
    lock.release().await;
}

/// X-A4.
async fn a_frozen_process_that_comes_back_changes_nothing_and_works_on(on: On) {
    let mut overtaken = Overtaken::new(on, &[]).await;
    for (index, order) in ["end 1", "end 2"].into_iter().enumerate() {
        overtaken.other.order(order);
        let pid = soon(overtaken.jobs[index].result()).await.unwrap();
        assert_eq!(pid, overtaken.other.pid().to_string());
    }
    overtaken.thaw().await;
    overtaken.is_the_others(0).await;
    overtaken.is_the_others(1).await;
    overtaken.goes_on().await;
}

/// X-A5.
async fn a_frozen_process_that_comes_back_does_not_touch_the_one_that_runs_its_jobs(on: On) {
    let mut overtaken = Overtaken::new(on, &[]).await;
    let owner = overtaken.place.worker(&overtaken.other).await.unwrap().id;
    overtaken.thaw().await;
    for index in 0..2 {
        let row: Job = overtaken.jobs[index].job().await.unwrap();
        let running = (JobState::Running, 2, Some(owner), None);
        assert_eq!((row.state, row.attempt, row.worker, row.progress), running);
        assert!(!row.cancel_requested);
    }
    assert!(overtaken.other.rest().is_empty());
    for order in ["end 1", "end 2"] {
        overtaken.other.order(order);
    }
    for index in 0..2 {
        soon(overtaken.jobs[index].result()).await.unwrap();
        overtaken.is_the_others(index).await;
    }
    overtaken.goes_on().await;
}

/// X-A4: what it takes under its new id outlives what it had under the old one.
async fn a_frozen_process_that_comes_back_drops_what_it_lost_and_only_that(on: On) {
    let mut overtaken = Overtaken::new(on, &["--concurrency", "2"]).await;
    let next = Hold::enqueue(HoldParams::new()).on(&overtaken.place.tasker);
    let next = next.await.unwrap();
    overtaken.frozen.thaw();
    overtaken.frozen.hear("started 3 attempt 1").await;
    overtaken.frozen.hear("dropped 1 attempt 1").await;
    overtaken.frozen.hear("dropped 2 attempt 1").await;
    overtaken.frozen.order("end 3");
    let pid: String = soon(next.result()).await.unwrap();
    assert_eq!(pid, overtaken.frozen.pid().to_string());
}

/// X-A4: nobody else is there, so that it takes its own job again.
async fn a_frozen_process_that_comes_back_alone_runs_its_job_again_with_every_slot(on: On) {
    let place = Place::new(on).await;
    let mut worker = place.work(&["--concurrency", "2"]).await;
    let was = place.worker(&worker).await.unwrap();
    let first = Hold::enqueue(HoldParams::new().deaf(true)).on(&place.tasker);
    let first = first.await.unwrap();
    worker.hear("started 1 attempt 1").await;
    freeze(&place, &worker).await;
    tokio::time::sleep(LEASE + SWEEP).await;
    worker.thaw();
    worker.hear("started 1 attempt 2").await;
    worker.hear("dropped 1 attempt 1").await;
    assert_eq!(
        place.attempts(first.id()).await,
        [(FailureKind::WorkerLost, Some(was.id))]
    );
    // One slot holds the second attempt, the other is free.
    let second = Hold::enqueue(HoldParams::new()).on(&place.tasker);
    let second = second.await.unwrap();
    worker.hear("started 2 attempt 1").await;
    for (job, order) in [(first, "end 1"), (second, "end 2")] {
        worker.order(order);
        soon(job.result()).await.unwrap();
    }
}

/// X-A7.
async fn a_job_that_takes_several_leases_is_not_rescued(on: On) {
    let place = Place::new(on).await;
    let mut worker = place.work(&[]).await;
    let params = LongParams::new(3 * LEASE.as_millis() as u64);
    let job = Long::enqueue(params).on(&place.tasker).await.unwrap();
    worker.hear("started 1").await;
    stays(&place, &worker, &[job]).await;
}

/// X-A8: one handler sleeps, one spins, and there are two threads for all of them.
async fn handlers_that_block_every_thread_do_not_stop_the_heartbeat(on: On) {
    let place = Place::new(on).await;
    let mut worker = place.work(&[]).await;
    let millis = 3 * LEASE.as_millis() as u64;
    let params = [false, true].map(|busy| HogParams::new(millis).busy(busy));
    let jobs = Hog::enqueue_many(params).on(&place.tasker).await.unwrap();
    worker.hear("started 1").await;
    worker.hear("started 2").await;
    stays(&place, &worker, &jobs).await;
}

/// The jobs end where they started, although another process would take them.
async fn stays(place: &Place, worker: &Process, jobs: &[JobHandle<()>]) {
    let owner = place.worker(worker).await.expect("it has joined").id;
    let mut rescuer = place.work(&[]).await;
    for job in jobs {
        let row = soon(job.wait()).await.unwrap();
        let expected = (JobState::Succeeded, 1, Some(owner));
        assert_eq!((row.state, row.attempt, row.worker), expected);
        assert!(place.attempts(job.id()).await.is_empty());
    }
    assert!(rescuer.rest().is_empty());
}
