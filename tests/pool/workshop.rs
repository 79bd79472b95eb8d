//! Tools that keep a ledger of what is done to them, and pools of them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use tasker::BoxError;
use tasker::pool::{Manager, Pool, PoolBuilder};
use tokio::sync::watch;

/// What a test waits for at the most; reaching it is a failure.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A costly thing.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) id: u32,
    /// How often it was used.
    pub(crate) uses: u32,
    /// Whether a probe would find it broken.
    pub(crate) is_bent: bool,
    ledger: Arc<Ledger>,
    is_destroyed: bool,
}

impl Drop for Tool {
    fn drop(&mut self) {
        if !self.is_destroyed {
            self.ledger.note(|log| log.lost.push(self.id));
        }
    }
}

/// Why work fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The tool is broken.
    Jammed,
    /// The tool is fine.
    Paper(u32),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Jammed => f.write_str("jammed"),
            Fault::Paper(sheet) => write!(f, "sheet {sheet} is missing"),
        }
    }
}

impl std::error::Error for Fault {}

/// What was done to the tools, by their ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    pub(crate) created: Vec<u32>,
    pub(crate) destroyed: Vec<u32>,
    /// Dropped without having been destroyed.
    pub(crate) lost: Vec<u32>,
    pub(crate) probed: Vec<u32>,
    /// How many there were at once, at the most.
    pub(crate) peak: usize,
}

impl Log {
    pub(crate) fn alive(&self) -> usize {
        self.created.len() - self.destroyed.len()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    log: watch::Sender<Log>,
    last_id: AtomicU32,
    /// How many of the next creations fail.
    failures: AtomicUsize,
}

impl Ledger {
    pub(crate) fn log(&self) -> Log {
        self.log.borrow().clone()
    }

    /// Waits until the log is as wanted.
    pub(crate) async fn until(&self, wanted: impl FnMut(&Log) -> bool) {
        let mut log = self.log.subscribe();
        soon(log.wait_for(wanted))
            .await
            .expect("the ledger is alive");
    }

    pub(crate) fn fail_next(&self, creations: usize) {
        self.failures.store(creations, Ordering::SeqCst);
    }

    /// Every tool that was made was destroyed, once.
    pub(crate) fn assert_settled(&self) {
        let mut log = self.log();
        log.created.sort_unstable();
        log.destroyed.sort_unstable();
        assert_eq!(log.created, log.destroyed);
        assert_eq!(log.lost, [0_u32; 0], "dropped without being destroyed");
    }

    fn note(&self, note: impl FnOnce(&mut Log)) {
        self.log.send_modify(note);
    }
}

/// Makes tools.
pub(crate) struct Tools {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) creation_takes: Duration,
}

impl Manager for Tools {
    type Resource = Tool;

    async fn create(&self) -> Result<Tool, BoxError> {
        tokio::time::sleep(self.creation_takes).await;
        let failures = &self.ledger.failures;
        let fails = |left: usize| left.checked_sub(1);
        if failures
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails)
            .is_ok()
        {
            return Err("no steel".into());
        }
        let id = self.ledger.last_id.fetch_add(1, Ordering::SeqCst) + 1;
        self.ledger.note(|log| {
            log.created.push(id);
            log.peak = log.peak.max(log.alive());
        });
        Ok(Tool {
            id,
            uses: 0,
            is_bent: false,
            ledger: Arc::clone(&self.ledger),
            is_destroyed: false,
        })
    }

    async fn destroy(&self, mut tool: Tool) {
        tool.is_destroyed = true;
        self.ledger.note(|log| log.destroyed.push(tool.id));
    }

    fn is_broken(&self, error: &(dyn std::error::Error + 'static)) -> bool {
        error.downcast_ref() == Some(&Fault::Jammed)
    }

    async fn probe(&self, tool: &mut Tool) -> bool {
        self.ledger.note(|log| log.probed.push(tool.id));
        !tool.is_bent
    }
}

/// A pool of tools that takes no time to make them, and its ledger. It does not scale unless it is told to.
pub(crate) fn pool(
    set: impl FnOnce(PoolBuilder<Tool>) -> PoolBuilder<Tool>,
) -> (Pool<Tool>, Arc<Ledger>) {
    slow_pool(Duration::ZERO, set)
}

/// A pool of tools that each take this long to make.
pub(crate) fn slow_pool(
    creation_takes: Duration,
    set: impl FnOnce(PoolBuilder<Tool>) -> PoolBuilder<Tool>,
) -> (Pool<Tool>, Arc<Ledger>) {
    let ledger = Arc::new(Ledger::default());
    let tools = Tools {
        ledger: Arc::clone(&ledger),
        creation_takes,
    };
    let pool = set(Pool::builder(tools).scale_every(None)).build().unwrap();
    (pool, ledger)
}

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// What `future` gives, which must not take long.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(LONG, future)
        .await
        .expect("this takes too long")
}
