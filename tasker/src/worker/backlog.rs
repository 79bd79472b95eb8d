//! The backlog: jobs claimed ahead of time (prefetch), held until a slot is free and the store knows that they start.
//!
//! In: held jobs, as claims bring them; how many slots are free. Out: the number up to which they are to be marked as
//! started, which rides with the next exchange; and the jobs that may start. Invariants: they start in the order of their
//! numbers, which only grow; none starts before its number is in the store; one mark is on its way at a time, since all
//! marks of a worker are written to one row.
//!
//! A worker that dies loses the attempt of what was marked and gets back that of the rest, so only as many are marked
//! ahead of the free slots as should start before the next mark arrives: twice as many as end in the time that a mark is on
//! its way, by the latest count. Jobs that take seconds are marked one by one; those that take no time by the hundred.

use std::collections::VecDeque;
use std::time::{Duration, Instant as Monotonic};

use tasker_store::{Claim, Claimed, Lease};

/// The jobs held, in the order of their numbers.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    /// The most that may be held.
    most: u32,
    jobs: VecDeque<Claimed>,
    /// The number that was given to a claim last.
    last: i64,
    /// The number up to which the store knows that they start.
    started: i64,
    /// The mark on its way, and since when.
    sent: Option<(i64, Monotonic)>,
    /// How long the latest mark was on its way.
    flight: Duration,
    /// How many attempts have ended since the latest mark was sent.
    ended: u32,
    /// When that was.
    sent_last: Option<Monotonic>,
}

impl Backlog {
    /// Holds at most so many.
    pub(crate) fn new(most: u32) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    pub(crate) fn len(&self) -> u32 {
        u32::try_from(self.jobs.len()).unwrap_or(u32::MAX)
    }

    /// Gives numbers to what a claim will bring beyond what starts at once.
    pub(crate) fn number(&mut self, claim: &mut Claim) {
        claim.held = self.last;
        self.last += i64::from(claim.limit);
    }

    /// Keeps a job with its number.
    pub(crate) fn hold(&mut self, job: Claimed) {
        let at = self.jobs.partition_point(|held| held.held <= job.held);
        self.jobs.insert(at, job);
    }

    /// The next job, where it may start.
    pub(crate) fn next(&mut self) -> Option<Claimed> {
        let first = self.jobs.front()?;
        first
            .held
            .is_none_or(|held| held <= self.started)
            .then(|| self.jobs.pop_front())?
    }

    /// The mark to send where so many slots are free; `None` where there is nothing to say, or one is on its way.
    pub(crate) fn mark(&mut self, free: u32, now: Monotonic) -> Option<i64> {
        if self.jobs.is_empty() || self.sent.is_some() {
            return None;
        }
        let wanted = free as usize + self.ahead(now);
        let last = wanted.min(self.jobs.len()).checked_sub(1)?;
        let number = self.jobs[last].held.filter(|held| *held > self.started)?;
        self.sent = Some((number, now));
        self.sent_last = Some(now);
        self.ended = 0;
        Some(number)
    }

    /// How many to mark beyond the free slots.
    fn ahead(&self, now: Monotonic) -> usize {
        let Some(sent_last) = self.sent_last else {
            return 0;
        };
        let passed = (now - sent_last).max(Duration::from_micros(1));
        let share = self.flight.as_secs_f64() / passed.as_secs_f64();
        let expected = 2.0 * f64::from(self.ended) * share;
        (expected as usize).min(self.most as usize)
    }

    /// The mark that was on its way is in the store; or, where it is not `recorded`, has to be sent again.
    pub(crate) fn marked(&mut self, recorded: bool, now: Monotonic) {
        if let Some((number, sent)) = self.sent.take()
            && recorded
        {
            self.flight = now - sent;
            self.started = self.started.max(number);
        }
    }

    /// An attempt has ended.
    pub(crate) fn ended(&mut self) {
        self.ended = self.ended.saturating_add(1);
    }

    /// Takes a job out, where it is held.
    pub(crate) fn remove(&mut self, lease: Lease) -> Option<Claimed> {
        let at = self.jobs.iter().position(|job| job.lease() == lease)?;
        self.jobs.remove(at)
    }

    /// Takes all of them out. What was sent for them counts for nothing.
    pub(crate) fn take_all(&mut self) -> VecDeque<Claimed> {
        self.sent = None;
        std::mem::take(&mut self.jobs)
    }
}

#[cfg(test)]
mod tests {
    use tasker_store::{JobId, from_micros};

    use super::*;

    fn job(held: i64) -> Claimed {
        Claimed {
            id: JobId::generate(),
            number: held,
            token: 1,
            alias: "hello".into(),
            queue: "default".into(),
            priority: 0,
            params: "{}".into(),
            attempt: 1,
            max_attempts: None,
            at_most_once: false,
            tags: Vec::new(),
            enqueued_at: from_micros(0),
            occurrence: None,
            held: Some(held),
        }
    }

    fn holding(numbers: impl IntoIterator<Item = i64>) -> Backlog {
        let mut backlog = Backlog::new(100);
        numbers.into_iter().for_each(|held| backlog.hold(job(held)));
        backlog
    }

    fn start(backlog: &mut Backlog) -> Vec<i64> {
        std::iter::from_fn(|| backlog.next())
            .map(|job| job.number)
            .collect()
    }

    const TRIP: Duration = Duration::from_millis(2);

    #[test]
    fn nothing_starts_before_its_mark_is_in_the_store() {
        let (mut backlog, now) = (holding([1, 2, 3]), Monotonic::now());
        assert!(start(&mut backlog).is_empty());
        assert_eq!(backlog.mark(2, now), Some(2));
        assert!(start(&mut backlog).is_empty(), "it is on its way");
        assert_eq!(backlog.mark(3, now), None, "one at a time");
        backlog.marked(true, now + TRIP);
        assert_eq!(start(&mut backlog), [1, 2]);
    }

    #[test]
    fn a_mark_that_was_not_recorded_is_sent_again() {
        let (mut backlog, now) = (holding([1, 2]), Monotonic::now());
        assert_eq!(backlog.mark(1, now), Some(1));
        backlog.marked(false, now + TRIP);
        assert!(start(&mut backlog).is_empty());
        assert_eq!(backlog.mark(1, now + TRIP), Some(1));
    }

    #[test]
    fn jobs_start_in_the_order_of_their_numbers_whenever_they_come() {
        let (mut backlog, now) = (holding([4, 5, 2, 3]), Monotonic::now());
        assert_eq!(backlog.mark(9, now), Some(5));
        backlog.marked(true, now);
        assert_eq!(start(&mut backlog), [2, 3, 4, 5]);
        backlog.hold(job(1));
        assert_eq!(start(&mut backlog), [1], "a late one below the mark");
    }

    #[test]
    fn jobs_that_take_their_time_are_not_marked_ahead() {
        let (mut backlog, mut now) = (holding(1..=50), Monotonic::now());
        for number in 1..=3 {
            now += Duration::from_secs(1);
            backlog.ended();
            assert_eq!(backlog.mark(1, now), Some(number));
            backlog.marked(true, now + TRIP);
            assert_eq!(start(&mut backlog), [number]);
        }
        assert_eq!(backlog.mark(0, now), None);
    }

    #[test]
    fn jobs_that_take_no_time_are_marked_by_the_hundred() {
        let (mut backlog, mut now) = (holding(1..=400), Monotonic::now());
        let mut at_once = Vec::new();
        while !backlog.is_empty() {
            backlog.mark(2, now);
            now += TRIP;
            backlog.marked(true, now);
            let started = start(&mut backlog).len();
            (0..started).for_each(|_| backlog.ended());
            at_once.push(started);
        }
        assert_eq!(at_once[..5], [2, 6, 14, 30, 62]);
        assert_eq!(
            at_once[5], 102,
            "two free slots, and no more ahead than may be held"
        );
    }

    #[test]
    fn numbers_only_grow() {
        let mut backlog = Backlog::new(10);
        let mut claim = Claim {
            queues: tasker_store::Queues::All,
            limit: 4,
            known: [].into(),
            start: 1,
            held: 0,
        };
        backlog.number(&mut claim);
        assert_eq!(claim.held, 0);
        backlog.number(&mut claim);
        assert_eq!(claim.held, 4);
    }
}
