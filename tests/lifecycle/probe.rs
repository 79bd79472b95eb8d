//! What the tests share: errors to be told apart, parts that speak, and waiting.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tasker::Registry;
use tasker::lifecycle::{Failure, Shutdown};
use tokio::sync::{Mutex, mpsc};

pub(crate) use crate::process::soon;

/// The time in which what blocks does nothing.
pub(crate) const MOMENT: Duration = Duration::from_millis(42);

/// An error with a number.
#[derive(Debug, PartialEq)]
pub(crate) struct E(pub(crate) u8);

impl fmt::Display for E {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "E{}", self.0)
    }
}

impl Error for E {}

/// An error around another one.
#[derive(Debug)]
pub(crate) struct Wrapped(pub(crate) Box<dyn Error + Send + Sync>);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("in other words")
    }
}

impl Error for Wrapped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// The numbers of the [`E`]s among the errors.
pub(crate) fn numbers(outcome: Result<(), Failure>) -> Vec<u8> {
    let failure = outcome.unwrap_err();
    let known = failure.errors().map(|error| error.downcast_ref::<E>());
    known.map(|error| error.expect("an E").0).collect()
}

/// These tasks and no others: a worker asks for the state of every task it has.
pub(crate) fn tasks<const N: usize>(add: [fn(&mut Registry) -> tasker::Result<()>; N]) -> Registry {
    let mut registry = Registry::default();
    for add in add {
        add(&mut registry).unwrap();
    }
    registry
}

/// Waits for the stop.
pub(crate) async fn wait(shutdown: Shutdown) {
    shutdown.cancelled().await;
}

/// Says things to the test.
#[derive(Clone)]
pub(crate) struct Probe {
    said: mpsc::UnboundedSender<String>,
    heard: Arc<Mutex<mpsc::UnboundedReceiver<String>>>,
}

impl Probe {
    pub(crate) fn new() -> Self {
        let (said, heard) = mpsc::unbounded_channel();
        let heard = Arc::new(Mutex::new(heard));
        Self { said, heard }
    }

    pub(crate) fn say(&self, what: impl ToString) {
        self.said.send(what.to_string()).unwrap();
    }

    /// The next thing said.
    pub(crate) async fn hear(&self) -> String {
        soon(self.heard.lock().await.recv()).await.unwrap()
    }

    /// Nothing is said for a moment.
    pub(crate) async fn quiet(&self) {
        let mut heard = self.heard.lock().await;
        let said = tokio::time::timeout(MOMENT, heard.recv()).await;
        assert!(said.is_err(), "{said:?}");
    }

    /// Everything said so far.
    pub(crate) async fn rest(&self) -> Vec<String> {
        let mut heard = self.heard.lock().await;
        std::iter::from_fn(|| heard.try_recv().ok()).collect()
    }
}
