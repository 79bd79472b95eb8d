//! A store of its own for each test, and a probe through which its handlers speak.

use std::sync::Arc;
use std::time::Duration;

use tasker::{State, States, Stopper, Summary, Tasker, WorkerBuilder, WorkerEvent};
use tasker_store::{Clock, MemoryStore, TestClock};
use tokio::sync::{Mutex, Semaphore, broadcast, mpsc};
use tokio::task::JoinHandle;

/// What a test waits for at the most; reaching it is a failure.
pub(crate) const LONG: Duration = Duration::from_secs(20);

/// How handlers and their test speak to each other.
#[derive(Debug)]
pub(crate) struct Probe {
    said: mpsc::UnboundedSender<String>,
    heard: Mutex<mpsc::UnboundedReceiver<String>>,
    gate: Semaphore,
}

impl Probe {
    fn new() -> Self {
        let (said, heard) = mpsc::unbounded_channel();
        Self {
            said,
            heard: Mutex::new(heard),
            gate: Semaphore::new(0),
        }
    }

    /// For handlers: tells the test something.
    pub(crate) fn say(&self, what: impl Into<String>) {
        self.said.send(what.into()).expect("the test is there");
    }

    /// For handlers: waits until the test opens the gate.
    pub(crate) async fn wait(&self) {
        self.gate
            .acquire()
            .await
            .expect("the gate is never closed")
            .forget();
    }

    /// For handlers: whether the gate is open.
    pub(crate) fn passes(&self) -> bool {
        self.gate
            .try_acquire()
            .map(|permit| permit.forget())
            .is_ok()
    }

    /// For the test: lets so many handlers through the gate.
    pub(crate) fn open(&self, handlers: usize) {
        self.gate.add_permits(handlers);
    }

    /// For the test: the next thing a handler says.
    pub(crate) async fn hear(&self) -> String {
        let mut heard = self.heard.lock().await;
        soon(heard.recv()).await.expect("the probe is alive")
    }

    /// For the test: everything that was said and not heard yet.
    pub(crate) async fn rest(&self) -> Vec<String> {
        let mut heard = self.heard.lock().await;
        std::iter::from_fn(|| heard.try_recv().ok()).collect()
    }
}

/// A tasker on a memory store of its own.
pub(crate) struct Bench {
    pub(crate) tasker: Tasker,
    pub(crate) probe: Arc<Probe>,
    pub(crate) store: MemoryStore,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::on(Clock::Store).await
    }

    pub(crate) async fn at(now: &str) -> (Self, TestClock) {
        let clock = TestClock::at(now.parse().expect("an instant"));
        (Self::on(Clock::Test(clock.clone())).await, clock)
    }

    async fn on(clock: Clock) -> Self {
        let store = MemoryStore::with_clock(clock);
        let probe = Arc::new(Probe::new());
        let mut states = States::default();
        states.insert::<Probe>(State::from(Arc::clone(&probe)));
        crate::faults::lend(&mut states);
        let tasker = Tasker::builder()
            .store(Arc::new(store.clone()))
            .states(states);
        Self {
            tasker: tasker.connect().await.expect("a memory store opens"),
            probe,
            store,
        }
    }

    /// Another tasker on the same store and probe, as another process has it.
    pub(crate) async fn another(&self) -> Tasker {
        let mut states = States::default();
        states.insert::<Probe>(State::from(Arc::clone(&self.probe)));
        crate::faults::lend(&mut states);
        let tasker = Tasker::builder()
            .store(Arc::new(self.store.clone()))
            .states(states);
        tasker.connect().await.expect("a memory store opens")
    }

    pub(crate) fn work(&self) -> Working {
        self.work_with(|worker| worker)
    }

    pub(crate) fn work_with(&self, set: impl FnOnce(WorkerBuilder) -> WorkerBuilder) -> Working {
        Working::start(&self.tasker, set)
    }

    /// Works until nothing is left to do.
    pub(crate) async fn drain(&self) -> Summary {
        self.work_with(|worker| worker.until_empty(true))
            .ended()
            .await
    }
}

/// What the handlers of this binary need, with a probe that nobody listens to.
pub(crate) fn states() -> States {
    let mut states = States::default();
    states.insert::<Probe>(State::from(Arc::new(Probe::new())));
    crate::faults::lend(&mut states);
    states
}

/// A worker at work.
pub(crate) struct Working {
    pub(crate) stopper: Stopper,
    pub(crate) events: broadcast::Receiver<WorkerEvent>,
    handle: JoinHandle<tasker::Result<Summary>>,
}

impl Working {
    pub(crate) fn start(tasker: &Tasker, set: impl FnOnce(WorkerBuilder) -> WorkerBuilder) -> Self {
        let worker = set(tasker.worker())
            .build()
            .expect("the worker is set up well");
        Self {
            stopper: worker.stopper(),
            events: worker.events(),
            handle: tokio::spawn(worker.run()),
        }
    }

    /// Waits for an event that `wanted` likes.
    pub(crate) async fn event(&mut self, wanted: impl Fn(WorkerEvent) -> bool) -> WorkerEvent {
        let found = async {
            loop {
                let event = self.events.recv().await.expect("the worker is alive");
                if wanted(event) {
                    return event;
                }
            }
        };
        soon(found).await
    }

    /// Stops it gracefully and gives what it did.
    pub(crate) async fn stop(self) -> Summary {
        self.stopper.stop();
        self.ended().await
    }

    /// Waits until it has stopped.
    pub(crate) async fn ended(self) -> Summary {
        let joined = soon(self.handle).await;
        joined
            .expect("the worker does not panic")
            .expect("the store does not fail")
    }
}

/// What `future` gives, which must not take long.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(LONG, future)
        .await
        .expect("this takes too long")
}
