//! Where the ready jobs of each queue begin, for as long as finding that out is slow.
//!
//! A claim reads the ready index from its beginning. The entries of jobs that were taken stand there until the server may clean up
//! after them, which a transaction that is left open holds up for as long as it lasts; jobs of tasks that are disabled or
//! unknown stand there too. Each claim would pass over all of them. In: what claims took, and how long. Out: for
//! each queue a position before which the next claim does not look.
//!
//! Invariants: while claims are quick there is no floor, and each takes the first jobs there are. Otherwise a claim from the
//! beginning follows each [`SHARE`] times as long as one takes, at the latest after [`LONGEST`], also where nobody would
//! ask: what came in before a floor (a rescued job, one of a higher priority) waits no longer than that. A floor is the
//! first job of a claim some time ago ([`LAG`]), so one whose transaction was open for less is not behind it. Floors that
//! spare less than a fifth are given up. What counts as slow differs: MySQL's index is full of entries of taken jobs for a
//! second or so even where nobody holds up its clean-up, and half of a claim's time went by passing over them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Monotonic};

use crate::sql::enqueue::json;

/// One claim in so many times as long as it takes is from the beginning.
const SHARE: u32 = 10;
/// The longest pause between two claims from the beginning; while they bring nothing it grows from the one to the other, so that
/// idle workers come to rest.
const LONGEST: Duration = Duration::from_secs(5);
/// How old a floor is at least: so many times as long as a claim from the beginning takes.
const LAG: u32 = 2;
/// After how many times as long as a claim takes floors that were of no use are tried again.
const USELESS: u32 = 1_000;

/// Where a job stands in its queue: the smaller, the earlier it is taken.
pub(crate) type Position = (i32, i64, i64);

/// Shared by everything that claims through one store.
#[derive(Debug, Default)]
pub(crate) struct Floors(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// When the next claim from the beginning is due, and how long the last one took; `None` where all are.
    slow: Option<(Monotonic, Duration)>,
    /// How many claims from the beginning brought nothing, since one did.
    empty: u32,
    /// How long the quickest claim from a floor took since.
    quickest: Option<Duration>,
    /// When somebody was last told to claim again.
    again: Option<Monotonic>,
    /// Until when nothing is to be tried.
    useless_until: Option<Monotonic>,
    queues: HashMap<String, Line>,
}

#[derive(Debug)]
struct Line {
    floor: Option<Position>,
    /// What becomes the floor, and what it is as of.
    next: (Monotonic, Position),
}

/// Where a claim begins.
#[derive(Debug)]
pub(crate) struct Start {
    begun: Monotonic,
    /// What takes longer is slow.
    slow: Duration,
    /// The position for each queue that has one.
    floors: HashMap<String, Position>,
}

impl Start {
    /// Before which position not to look in `queue`.
    pub(crate) fn floor(&self, queue: &str) -> Option<Position> {
        self.floors.get(queue).copied()
    }

    /// The same for all queues, as a JSON object.
    pub(crate) fn json(&self) -> String {
        json(&self.floors)
    }
}

impl Floors {
    /// Where to begin now, if a claim that takes longer than `slow` is.
    pub(crate) fn start(&self, slow: Duration) -> Start {
        self.start_at(Monotonic::now(), slow)
    }

    fn start_at(&self, begun: Monotonic, slow: Duration) -> Start {
        let mut state = self.lock();
        let from_floors = match &mut state.slow {
            None => false,
            Some((until, _)) if begun < *until => true,
            Some((until, took)) => {
                // Whoever claims meanwhile need not do the same.
                *until = begun + (*took * SHARE).min(LONGEST);
                false
            }
        };
        let lines = state.queues.iter().filter(|_| from_floors);
        let floors = lines.filter_map(|(queue, line)| Some((queue.clone(), line.floor?)));
        Start {
            begun,
            slow,
            floors: floors.collect(),
        }
    }

    /// Takes in what came of a claim, its first job for each queue. Gives when to claim again where less came than was
    /// `wanted` and there may be more behind a floor.
    pub(crate) fn took<'q>(
        &self,
        start: &Start,
        wanted: bool,
        firsts: impl IntoIterator<Item = (&'q str, Position)>,
    ) -> Option<Duration> {
        self.took_by(Monotonic::now(), start, wanted, firsts)
    }

    fn took_by<'q>(
        &self,
        now: Monotonic,
        start: &Start,
        wanted: bool,
        firsts: impl IntoIterator<Item = (&'q str, Position)>,
    ) -> Option<Duration> {
        let took = now - start.begun;
        let mut state = self.lock();
        let from_floors = !start.floors.is_empty();
        let mut firsts = firsts.into_iter().peekable();
        if from_floors {
            state.quickest = Some(state.quickest.map_or(took, |known| known.min(took)));
        } else {
            state.empty = match firsts.peek() {
                Some(_) => 0,
                None => state.empty.saturating_add(1),
            };
            state.judge(now, took, start.slow);
        }
        let (until, whole) = state.slow?;
        for (queue, first) in firsts {
            state.raise(queue, first, start.begun, whole * LAG);
        }
        if !from_floors || !wanted || state.again.is_some_and(|again| now < again) {
            return None;
        }
        state.again = Some(until);
        Some(until.saturating_duration_since(now))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Decides by a claim from the beginning whether the next ones need floors.
    fn judge(&mut self, now: Monotonic, took: Duration, slow: Duration) {
        let quickest = self.quickest.take();
        let was_useless =
            self.slow.is_some() && quickest.is_some_and(|quickest| quickest * 5 > took * 4);
        if was_useless && took > slow {
            self.useless_until = Some(now + took * USELESS);
        }
        if took <= slow || self.useless_until.is_some_and(|until| now < until) {
            self.slow = None;
            self.queues.clear();
        } else {
            let pause = (took * SHARE).saturating_mul(1 << self.empty.min(10));
            self.slow = Some((now + pause.min(LONGEST), took));
        }
    }

    fn raise(&mut self, queue: &str, first: Position, begun: Monotonic, lag: Duration) {
        match self.queues.get_mut(queue) {
            Some(line) if begun >= line.next.0 + lag => {
                line.floor = Some(line.next.1);
                line.next = (begun, first);
            }
            Some(_) => {}
            None => {
                let line = Line {
                    floor: None,
                    next: (begun, first),
                };
                self.queues.insert(queue.to_owned(), line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: Duration = Duration::from_millis(25);

    /// A claim at `begun` that takes so many milliseconds and finds a job at `place`; gives the floors it began with.
    fn claim(floors: &Floors, begun: Monotonic, takes: u64, place: i64) -> String {
        let start = floors.start_at(begun, SLOW);
        let now = begun + Duration::from_millis(takes);
        floors.took_by(now, &start, false, [("default", (0, 0, place))]);
        start.json()
    }

    #[test]
    fn quick_claims_begin_at_the_beginning() {
        let (floors, begun) = (Floors::default(), Monotonic::now());
        for second in 0..10 {
            let at = begun + Duration::from_secs(second);
            assert_eq!(claim(&floors, at, 20, second as i64), "{}");
        }
    }

    #[test]
    fn slow_ones_begin_where_one_did_before_and_now_and_then_at_the_beginning() {
        let (floors, begun) = (Floors::default(), Monotonic::now());
        let at = |millis| begun + Duration::from_millis(millis);
        assert_eq!(claim(&floors, at(0), 200, 1), "{}");
        assert_eq!(claim(&floors, at(200), 200, 2), "{}");
        assert_eq!(claim(&floors, at(400), 200, 3), "{}");
        let first = r#"{"default":[0,0,1]}"#;
        assert_eq!(claim(&floors, at(600), 2, 4), first);
        assert_eq!(claim(&floors, at(700), 2, 5), first);
        assert_eq!(claim(&floors, at(800), 2, 6), first);
        assert_eq!(claim(&floors, at(810), 2, 7), r#"{"default":[0,0,3]}"#);
        // Two seconds after the last one from the beginning ended.
        assert_eq!(claim(&floors, at(2600), 200, 8), "{}");
        assert_ne!(claim(&floors, at(2800), 2, 9), "{}");
        // And once it is quick again, so is every other.
        assert_eq!(claim(&floors, at(4800), 10, 10), "{}");
        assert_eq!(claim(&floors, at(4810), 10, 11), "{}");
    }

    #[test]
    fn floors_that_help_nothing_are_given_up() {
        let (floors, begun) = (Floors::default(), Monotonic::now());
        let at = |millis| begun + Duration::from_millis(millis);
        claim(&floors, at(0), 100, 1);
        claim(&floors, at(1000), 100, 2);
        assert_ne!(claim(&floors, at(1100), 90, 3), "{}");
        for second in 3..100 {
            assert_eq!(claim(&floors, at(second * 1_000), 100, 4), "{}", "{second}");
        }
    }

    #[test]
    fn who_found_too_little_is_told_once_when_to_look_again() {
        let (floors, begun) = (Floors::default(), Monotonic::now());
        let at = |millis| begun + Duration::from_millis(millis);
        claim(&floors, at(0), 100, 1);
        claim(&floors, at(1000), 100, 2);
        let start = floors.start_at(at(1200), SLOW);
        let none = || std::iter::empty::<(&str, Position)>();
        let again = floors.took_by(at(1210), &start, true, none());
        assert_eq!(again, Some(Duration::from_millis(890)));
        assert_eq!(floors.took_by(at(1220), &start, true, none()), None);
        assert!(floors.took_by(at(2200), &start, true, none()).is_some());
    }
}
