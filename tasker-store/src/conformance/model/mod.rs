//! The model test: random commands on the backend and on [`MemoryStore`] side by side.
//!
//! Both get the same jobs on the same clock. After each step the answers must agree, and so must the state,
//! attempt and token of every job; at the end, the kinds of all failed attempts. A failure names the seed and
//! the step, and the same seed makes the same commands again.
//!
//! Soft-deleted jobs leave the game: the contract says when they are claimed (never), not what else becomes of
//! them meanwhile.

mod command;
mod random;

use std::sync::Arc;

use super::Case;
use super::bench::Bench;
use crate::capability::Capability;
use crate::clock::Clock;
use crate::job::JobId;
use crate::memory::MemoryStore;
use crate::query::JobQuery;
use crate::state::JobState;
use crate::store::Store;
use command::World;
use random::Random;

const STEPS: usize = 400;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "model",
        &[Capability::Queries],
        [
            random_commands_1,
            random_commands_2,
            random_commands_3,
            random_commands_4
        ]
    )
}

async fn random_commands_1(b: Bench) {
    play(&b, 0x5eed_0001).await;
}

async fn random_commands_2(b: Bench) {
    play(&b, 0x5eed_0002).await;
}

async fn random_commands_3(b: Bench) {
    play(&b, 0x5eed_0003).await;
}

async fn random_commands_4(b: Bench) {
    play(&b, 0x5eed_0004).await;
}

async fn play(b: &Bench, seed: u64) {
    let memory: Arc<dyn Store> = Arc::new(MemoryStore::with_clock(Clock::Test(b.clock.clone())));
    let mut random = Random::new(seed);
    let mut world = World::default();
    for step in 0..STEPS {
        let command = world.command(&mut random);
        if let Some(seconds) = command.wait() {
            b.advance(seconds);
        }
        let expected = command.apply(&*memory).await;
        let actual = command.apply(&*b.store).await;
        let place = format!("seed {seed:#x}, step {step}: {command:?}");
        assert_eq!(actual.text, expected.text, "the answers differ at {place}");
        let (actual_jobs, expected_jobs) = (jobs(&*b.store).await, jobs(&*memory).await);
        assert_eq!(actual_jobs, expected_jobs, "the jobs differ after {place}");
        world.learn(command, expected.claimed);
    }
    for (id, ..) in jobs(&*memory).await {
        let expected = kinds(&*memory, id).await;
        let actual = kinds(&*b.store, id).await;
        assert_eq!(actual, expected, "the attempts differ, seed {seed:#x}");
    }
}

/// What is compared of every job, the newest first.
async fn jobs(store: &dyn Store) -> Vec<(JobId, JobState, u32, i64)> {
    let query = JobQuery {
        limit: 10_000,
        ..JobQuery::default()
    };
    let jobs = store.jobs(query).await.expect("jobs");
    (jobs.into_iter())
        .map(|job| (job.id, job.state, job.attempt, job.token))
        .collect()
}

async fn kinds(store: &dyn Store, id: JobId) -> Vec<(u32, i64, &'static str)> {
    let attempts = store.attempts(id).await.expect("attempts");
    (attempts.into_iter())
        .map(|attempt| (attempt.attempt, attempt.token, attempt.kind.as_str()))
        .collect()
}
