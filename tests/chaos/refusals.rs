//! Outcomes that a store cannot take: its server ends a statement that takes too long, or its disk is full.

use servers::Server;
use tasker::{JobHandle, JobState};

use crate::place::{On, Place};
use crate::process::soon;
use crate::tasks::{Hold, HoldParams, Parrot, ParrotParams};
use crate::{Trials, trials};

pub(crate) fn trials(on: On) -> Trials {
    if on == On::Sqlite {
        return trials!(on, [a_full_disk_is_waited_for]);
    }
    trials!(
        on,
        with on.server().can_start(),
        [one_outcome_that_takes_too_long_holds_up_no_other]
    )
}

/// X-C13.
async fn one_outcome_that_takes_too_long_holds_up_no_other(on: On) {
    const JOBS: usize = 8;
    let server = Server::start(on.server()).await;
    let place = Place::within(on, &server).await;
    let slow = match on {
        On::MySql => {
            "create trigger slow before update on tasker_jobs for each row
                if new.output = '\"slow\"' then do sleep(20); end if"
        }
        _ => {
            "create function slow() returns trigger language plpgsql as
                $$ begin perform pg_sleep(20); return new; end $$;
             create trigger slow before update on tasker_jobs for each row
                when (new.output = '\"slow\"') execute function slow()"
        }
    };
    place.space().sql(slow).await;
    let limit = match on {
        On::MySql => "set global max_statement_time = 0.5",
        _ => "alter role postgres set statement_timeout = '500ms'",
    };
    server.sql(limit).await;

    let mut worker = place.work(&["--lease", "60s"]).await;
    let texts = (0..JOBS).map(|job| if job == 3 { "slow" } else { "quick" });
    let jobs = Parrot::enqueue_many(texts.map(ParrotParams::new)).on(&place.tasker);
    let jobs: Vec<JobHandle<String>> = jobs.await.unwrap();
    for number in 1..=JOBS {
        worker.hear(&format!("started {number}")).await;
    }
    worker.order("go");
    for (at, job) in jobs.iter().enumerate() {
        let row = soon(job.wait()).await.unwrap();
        if at != 3 {
            assert_eq!((row.state, row.attempt), (JobState::Succeeded, 1));
            continue;
        }
        assert_eq!(row.state, JobState::Failed);
        let error = row.error.unwrap();
        assert!(error.contains("could not be recorded"), "{error}");
        assert!(error.contains("took too long"), "{error}");
    }
    worker.log("sending them once more").await;
    worker.terminate();
    worker.ended().await.well();
}

/// X-C13: no file of this process may grow, as on a full disk.
async fn a_full_disk_is_waited_for(on: On) {
    const LIMIT: usize = 1 << 20;
    let place = Place::new(on).await;
    let mut worker = place.start_confined(LIMIT, &["--lease", "60s"]);
    worker = place.joined(worker).await;
    let held = Hold::enqueue(HoldParams::new()).on(&place.tasker);
    let held = held.await.unwrap();
    worker.hear("started 1 attempt 1").await;
    // What is written next would lie behind this, in the journal that all processes share.
    let text = "x".repeat(LIMIT / 8);
    let texts = (0..16).map(|_| ParrotParams::new(text.as_str()));
    let jobs = Parrot::enqueue_many(texts).on(&place.tasker).await.unwrap();

    worker.order("end 1");
    worker.hear("done 1").await;
    // More than once: what the first failure leaves behind must not swallow the next try.
    worker.log("the store did not settle").await;
    worker.log("pause=400ms").await;
    assert_eq!(place.job(held.id()).await.state, JobState::Running);
    worker.order("go");
    worker.free();
    soon(held.result()).await.unwrap();
    for job in jobs {
        assert_eq!(soon(job.result()).await.unwrap(), text);
    }
    let row = place.job(held.id()).await;
    assert_eq!((row.state, row.attempt), (JobState::Succeeded, 1));
    worker.terminate();
    worker.ended().await.well();
}
