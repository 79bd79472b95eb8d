//! How many workers a pool should have: [`Scaler`] decides (pure), [`run`] looks and does.
//!
//! The rates of arrival and completion over the last ten looks say how many workers the arriving work keeps busy
//! (arrivals per second times seconds per piece); what waits is to be worked off within one more window. That many
//! there will be, at once. Fewer there will be only when ten looks in a row found a fifth too many, and then one less
//! every five looks, always one that is idle.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::metrics::Event;
use super::shared::Shared;
use super::state::{Phase, Tally};

/// How many looks a window has.
const WINDOW: usize = 10;
/// How many looks lie between one worker less and the next.
const PAUSE: u32 = 5;
/// The share of a worker's time that may be spoken for before it counts as needed.
const FULL: f64 = 0.8;
/// How long the pool does not grow after a resource could not be made.
const HOLD: Duration = Duration::from_secs(1);

/// What one look finds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) at: Instant,
    pub(super) tally: Tally,
    pub(super) workers: usize,
    pub(super) idle: usize,
    pub(super) queued: usize,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Grow(usize),
    Shrink,
    Stay,
}

/// Between how many workers a pool moves, and what it has seen lately.
#[derive(Debug)]
pub(super) struct Scaler {
    min: usize,
    max: usize,
    looks: VecDeque<(Instant, Tally)>,
    /// Seconds that one attempt takes, as last known.
    service: Option<f64>,
    /// How many looks in a row found too many workers.
    calm: u32,
}

impl Scaler {
    pub(super) fn new(min: usize, max: usize) -> Self {
        Self {
            min,
            max,
            looks: VecDeque::new(),
            service: None,
            calm: 0,
        }
    }

    /// Starts over after a rest, but for what is known of the work.
    pub(super) fn rest(&mut self) {
        self.looks.clear();
        self.calm = 0;
    }

    pub(super) fn step(&mut self, look: Look) -> Step {
        self.looks.push_back((look.at, look.tally));
        if self.looks.len() > WINDOW + 1 {
            self.looks.pop_front();
        }
        let Some((since, before)) = self.looks.front().copied() else {
            return Step::Stay;
        };
        let window = (look.at - since).as_secs_f64();
        if window <= 0.0 {
            return Step::Stay;
        }
        let arrived = look.tally.arrived - before.arrived;
        let finished = look.tally.finished - before.finished;
        if finished > 0 {
            let busy = look.tally.busy.saturating_sub(before.busy);
            self.service = Some(busy.as_secs_f64() / finished as f64);
        }
        let load = self
            .service
            .map(|service| arrived as f64 / window * service);
        let backlog = match self.service {
            Some(service) => look.queued as f64 * service / window,
            None => 0.0,
        };
        self.decide(look, arrived, finished, load, backlog)
    }

    /// `load` is how many workers the arriving work keeps busy, `backlog` how many more what waits does.
    fn decide(
        &mut self,
        look: Look,
        arrived: u64,
        finished: u64,
        load: Option<f64>,
        backlog: f64,
    ) -> Step {
        let Look {
            workers,
            idle,
            queued,
            ..
        } = look;
        if queued > idle {
            self.calm = 0;
            let wanted = match load {
                Some(load) => (load + backlog).ceil() as usize,
                // Nothing has ended yet, so nothing is known.
                None => workers * 2,
            };
            // More comes in than goes out, or nothing does, whatever the figures say.
            let falls_behind = arrived > finished || finished == 0;
            let wanted = wanted.max(workers + usize::from(falls_behind));
            // No more than have something to do.
            let wanted = wanted.min(workers + queued - idle).min(self.max);
            return match wanted.saturating_sub(workers) {
                0 => Step::Stay,
                more => Step::Grow(more),
            };
        }
        let spoken_for = load.unwrap_or(0.0) / FULL;
        if workers > self.min && idle > 0 && (spoken_for.ceil() as usize) < workers {
            self.calm += 1;
        } else {
            self.calm = 0;
        }
        if self.calm >= WINDOW as u32 {
            self.calm -= PAUSE;
            return Step::Shrink;
        }
        Step::Stay
    }
}

/// Looks every so often, while there is something to decide.
pub(super) async fn run<T: Send + 'static>(shared: Arc<Shared<T>>, every: Duration) {
    let options = &shared.options;
    let mut scaler = Scaler::new(options.workers, options.max_workers);
    loop {
        if at_rest(&shared) {
            tokio::select! {
                () = shared.closing.cancelled() => return,
                () = shared.pressed.notified() => {}
            }
            scaler.rest();
            let _ = scaler.step(look(&shared));
        }
        tokio::select! {
            () = shared.closing.cancelled() => return,
            () = tokio::time::sleep(every) => {}
        }
        match scaler.step(look(&shared)) {
            Step::Stay => {}
            Step::Grow(more) => grow(&shared, more),
            Step::Shrink => shrink(&shared),
        }
    }
}

fn at_rest<T: Send + 'static>(shared: &Shared<T>) -> bool {
    let state = shared.lock();
    state.workers <= shared.options.workers && state.queue.is_empty()
}

fn look<T: Send + 'static>(shared: &Shared<T>) -> Look {
    let state = shared.lock();
    Look {
        at: Instant::now(),
        tally: state.tally,
        workers: state.workers,
        // Those being made will take something from the queue too.
        idle: state.idle.len() + state.starting,
        queued: state.queue.len(),
    }
}

fn grow<T: Send + 'static>(shared: &Arc<Shared<T>>, more: usize) {
    let mut state = shared.lock();
    let held = state.create_failed.is_some_and(|at| at.elapsed() < HOLD);
    if held || state.phase != Phase::Open {
        return;
    }
    let slots = shared.slots(&mut state, more);
    let workers = state.workers;
    drop(state);
    if !slots.is_empty() {
        tracing::info!(target: "tasker::pool", pool = %shared.options.name, workers, "growing");
        shared.observer.record(Event::Grown(slots.len()));
        shared.hire(slots);
    }
}

fn shrink<T: Send + 'static>(shared: &Arc<Shared<T>>) {
    let mut state = shared.lock();
    if state.idle.is_empty() || state.workers <= shared.options.workers {
        return;
    }
    let worker = state.idle.remove(0);
    let workers = state.workers - 1;
    drop(state);
    tracing::info!(target: "tasker::pool", pool = %shared.options.name, workers, "shrinking");
    shared.observer.record(Event::Shrunk);
    shared.retire(worker);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pool from 2 to 8 workers, looked at every 100 ms.
    struct Bench {
        scaler: Scaler,
        look: Look,
    }

    impl Bench {
        fn new() -> Self {
            let look = Look {
                at: Instant::now(),
                tally: Tally::default(),
                workers: 2,
                idle: 2,
                queued: 0,
            };
            let mut scaler = Scaler::new(2, 8);
            let _ = scaler.step(look);
            Self { scaler, look }
        }

        /// 100 ms later: so much has arrived and ended since, each `millis` long.
        fn after(&mut self, arrived: u64, finished: u64, millis: u64) -> Step {
            self.look.at += Duration::from_millis(100);
            self.look.tally.arrived += arrived;
            self.look.tally.finished += finished;
            self.look.tally.busy += Duration::from_millis(millis * finished);
            self.scaler.step(self.look)
        }
    }

    #[test]
    fn it_grows_at_once_to_what_the_rates_ask_for() {
        let mut bench = Bench::new();
        (bench.look.idle, bench.look.queued) = (0, 5);
        // 50 a second of 80 ms are the work of 4, and 5 more wait for 4 in 100 ms.
        assert_eq!(bench.after(5, 2, 80), Step::Grow(5));
        let mut bench = Bench::new();
        (bench.look.idle, bench.look.queued) = (0, 100);
        assert_eq!(bench.after(100, 2, 80), Step::Grow(6), "the maximum is 8");
    }

    #[test]
    fn it_doubles_where_nothing_has_ended_yet() {
        let mut bench = Bench::new();
        (bench.look.idle, bench.look.queued) = (0, 20);
        assert_eq!(bench.after(22, 0, 0), Step::Grow(2));
        bench.look.workers = 4;
        assert_eq!(bench.after(0, 0, 0), Step::Grow(4));
        bench.look.workers = 8;
        assert_eq!(bench.after(0, 0, 0), Step::Stay);
    }

    /// Short work was seen, and now all workers are stuck in long work, beside which nothing is heard of.
    #[test]
    fn it_grows_where_nothing_comes_out_whatever_was_known_before() {
        let mut bench = Bench::new();
        let _ = bench.after(500, 500, 1);
        (bench.look.idle, bench.look.queued) = (0, 50);
        let _ = bench.after(52, 0, 0);
        for _ in 0..WINDOW + 1 {
            let _ = bench.after(0, 0, 0);
        }
        assert_eq!(bench.after(0, 0, 0), Step::Grow(1));
    }

    #[test]
    fn it_does_not_grow_beyond_what_waits_nor_for_those_being_made() {
        let mut bench = Bench::new();
        (bench.look.idle, bench.look.queued) = (0, 1);
        assert_eq!(bench.after(30, 10, 90), Step::Grow(1));
        (bench.look.workers, bench.look.idle) = (3, 1);
        assert_eq!(bench.after(30, 10, 90), Step::Stay);
    }

    #[test]
    fn it_shrinks_by_one_after_a_calm_window_and_to_the_minimum_only() {
        let mut bench = Bench::new();
        (bench.look.workers, bench.look.idle) = (4, 4);
        let mut at = Vec::new();
        for tick in 1..=40 {
            match bench.after(0, 0, 0) {
                Step::Shrink => {
                    at.push(tick);
                    bench.look.workers -= 1;
                }
                step => assert_eq!(step, Step::Stay),
            }
        }
        assert_eq!(at, [10, 15]);
        assert_eq!(bench.look.workers, 2);
    }

    #[test]
    fn it_keeps_what_steady_work_needs() {
        let mut bench = Bench::new();
        (bench.look.workers, bench.look.idle) = (4, 1);
        for _ in 0..50 {
            // 50 a second of 60 ms keep 3 busy: a fourth is not too many.
            assert_eq!(bench.after(5, 5, 60), Step::Stay);
        }
        for _ in 0..9 {
            // 10 a second of 60 ms keep less than 1 busy, but a window must pass.
            assert_eq!(bench.after(1, 1, 60), Step::Stay);
        }
    }
}
