//! Looking for what a transaction of the application's wrote: it is there when that commits, and nobody says when.
//!
//! In: that such a transaction wrote just now. Out: [`Wake::Ready`] 5, 20, 80, 320 and 1,280 ms later, from one small
//! task, however many transactions there are: while they follow each other closely it looks every 5 ms. What is
//! committed later is found as any other process's jobs are: by the backend's own news, or when a worker looks by itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant as Monotonic;

use crate::wake::{Wake, Waker};

/// How long after the write the first look is.
const FIRST: Duration = Duration::from_millis(5);
/// How many times later each further one is.
const LATER: u32 = 4;
/// How long after the write the last one is.
const LAST: Duration = Duration::from_millis(1280);

/// Whoever looks.
#[derive(Debug, Default)]
pub(crate) struct Lookout {
    plan: Arc<Plan>,
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Plan {
    /// `None` where nothing is looked for.
    looks: Mutex<Option<Looks>>,
    sooner: Notify,
}

/// When to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Looks {
    /// When something was written last.
    written: Monotonic,
    next: Monotonic,
}

impl Lookout {
    /// Something was written just now: looks for it, if anybody listens.
    pub(crate) fn look_out(&self, waker: &Waker) {
        // Without a runtime nobody is told; whoever waits also looks from time to time.
        let (true, Ok(runtime)) = (waker.is_heard(), Handle::try_current()) else {
            return;
        };
        let mut task = lock(&self.task);
        let mut looks = lock(&self.plan.looks);
        let at_work = task.as_ref().filter(|task| !task.is_finished());
        let planned = looks.filter(|_| at_work.is_some());
        *looks = Some(Looks::from(Monotonic::now(), planned));
        match planned {
            Some(_) => self.plan.sooner.notify_one(),
            None => *task = Some(runtime.spawn(look(Arc::clone(&self.plan), waker.clone()))),
        }
    }
}

async fn look(plan: Arc<Plan>, waker: Waker) {
    loop {
        let Some(Looks { next, .. }) = *lock(&plan.looks) else {
            return;
        };
        tokio::select! {
            () = tokio::time::sleep_until(next) => {
                waker.wake(Wake::Ready);
                let mut looks = lock(&plan.looks);
                *looks = looks.and_then(|looks| looks.after(Monotonic::now()));
            }
            () = plan.sooner.notified() => {}
        }
    }
}

impl Looks {
    /// Those for something written `now`. A look that is due sooner stays, or many writes would put it off for ever.
    fn from(now: Monotonic, planned: Option<Self>) -> Self {
        let first = now + FIRST;
        Self {
            written: now,
            next: planned.map_or(first, |planned| planned.next.min(first)),
        }
    }

    /// Those left after one `now`.
    fn after(self, now: Monotonic) -> Option<Self> {
        let mut later = FIRST;
        while self.written + later <= now {
            later *= LATER;
        }
        let next = self.written + later;
        (later <= LAST).then_some(Self { next, ..self })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When the next look is, in milliseconds after `start`; at least 100 of them without one are the end.
    async fn next(wakes: &mut crate::wake::Wakes, start: Monotonic) -> Option<u128> {
        let wake = tokio::time::timeout(Duration::from_secs(100), wakes.next()).await;
        wake.is_ok().then(|| start.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn it_looks_a_few_times_and_then_no_more() {
        let (lookout, waker) = (Lookout::default(), Waker::new());
        let mut wakes = waker.wakes();
        for _ in 0..2 {
            let start = Monotonic::now();
            lookout.look_out(&waker);
            for expected in [5, 20, 80, 320, 1280] {
                assert_eq!(next(&mut wakes, start).await, Some(expected));
            }
            assert_eq!(next(&mut wakes, start).await, None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_in_between_brings_the_next_look_forward() {
        let (lookout, waker) = (Lookout::default(), Waker::new());
        let mut wakes = waker.wakes();
        let start = Monotonic::now();
        lookout.look_out(&waker);
        assert_eq!(next(&mut wakes, start).await, Some(5));
        assert_eq!(next(&mut wakes, start).await, Some(20));
        tokio::time::sleep(Duration::from_millis(10)).await;
        lookout.look_out(&waker);
        for expected in [35, 50, 110, 350, 1310] {
            assert_eq!(next(&mut wakes, start).await, Some(expected));
        }
        assert_eq!(next(&mut wakes, start).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn writes_that_never_end_do_not_put_a_look_off() {
        let (lookout, waker) = (Lookout::default(), Waker::new());
        let mut wakes = waker.wakes();
        let start = Monotonic::now();
        let mut seen = Vec::new();
        while start.elapsed() < Duration::from_millis(20) {
            lookout.look_out(&waker);
            tokio::select! {
                _ = wakes.next() => seen.push(start.elapsed().as_millis()),
                () = tokio::time::sleep(Duration::from_millis(2)) => {}
            }
        }
        assert!(seen.len() >= 3 && seen[0] == 5, "{seen:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn where_nobody_listens_nobody_looks() {
        let (lookout, waker) = (Lookout::default(), Waker::new());
        lookout.look_out(&waker);
        assert!(lock(&lookout.task).is_none());
    }
}
