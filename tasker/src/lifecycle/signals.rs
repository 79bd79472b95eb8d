//! Signals that ask this process to end, and `with_signals`, which makes a stop of them.

use std::sync::Arc;
use std::time::Duration;

use super::compose::{And, Combinator, Composed, Nothing, only};
use super::failure::{Failure, Interrupted, both, real};
use super::part::{BoxPart, Part, panicked};
use super::shutdown::{Bound, Shutdown, carried};
use crate::error::{Error, Result};
use crate::task::BoxFuture;

/// How long what runs may take after a second signal.
const AFTER_SECOND: Duration = Duration::from_secs(1);

/// A signal, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Signal(i32);

impl Signal {
    /// The terminal is gone.
    pub const HANGUP: Self = Self(1);
    /// Ctrl-C.
    pub const INTERRUPT: Self = Self(2);
    /// Ctrl-\.
    pub const QUIT: Self = Self(3);
    /// What supervisors send.
    pub const TERMINATE: Self = Self(15);

    /// Those that mean "end", wherever nobody says otherwise.
    pub(crate) const ENDING: [Self; 2] = [Self::INTERRUPT, Self::TERMINATE];

    /// The signal with this number; the numbers are those of the system.
    pub const fn from_raw(number: i32) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn as_raw(self) -> i32 {
        self.0
    }
}

/// Listens from the moment it is made; signals no longer end the process by themselves then, as long as it lives.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    listening: Vec<tokio::signal::unix::Signal>,
}

impl Signals {
    /// Listens to these and no others.
    #[cfg(unix)]
    pub(crate) fn listen(signals: &[Signal]) -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind: &Signal| {
            signal(SignalKind::from_raw(kind.0)).map_err(|error| failed(*kind, &error))
        };
        let listening = signals.iter().map(listen).collect::<Result<_>>()?;
        Ok(Self { listening })
    }

    /// Waits for one.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let mut each = self.listening.iter_mut();
            match each.any(|signal| signal.poll_recv(context).is_ready()) {
                true => std::task::Poll::Ready(()),
                false => std::task::Poll::Pending,
            }
        })
        .await;
    }

    /// Listens to Ctrl-C, the one that this system has.
    #[cfg(not(unix))]
    pub(crate) fn listen(signals: &[Signal]) -> Result<Self> {
        let known = |signal: &&Signal| !Signal::ENDING.contains(signal);
        match signals.iter().find(known) {
            None => Ok(Self {}),
            Some(other) => Err(failed(*other, &std::io::ErrorKind::Unsupported.into())),
        }
    }

    /// Waits for one.
    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::warn!("{}", failed(Signal::INTERRUPT, &error));
            std::future::pending::<()>().await;
        }
    }
}

fn failed(signal: Signal, error: &std::io::Error) -> Error {
    Error::Setup(format!(
        "signal {} cannot be listened to: {error}",
        signal.0
    ))
}

/// What a command of the command line is stopped by.
#[cfg(feature = "cli")]
#[derive(Debug)]
pub(crate) enum Stops {
    /// Signals.
    Signals(Signals),
    /// The program that it is a part of, which has been told to stop so many times.
    Program(Shutdown, u8),
}

#[cfg(feature = "cli")]
impl Stops {
    /// Listens from now on.
    pub(crate) fn listen() -> Result<Self> {
        match Shutdown::scoped() {
            Some(shutdown) => Ok(Self::Program(shutdown, 0)),
            None => Signals::listen(&Signal::ENDING).map(Self::Signals),
        }
    }

    /// Waits for the next one; the second means at once.
    pub(crate) async fn next(&mut self) {
        match self {
            Self::Signals(signals) => return signals.next().await,
            Self::Program(shutdown, 0) => shutdown.cancelled().await,
            Self::Program(shutdown, 1) => shutdown.forced().await,
            Self::Program(..) => std::future::pending().await,
        }
        if let Self::Program(_, told) = self {
            *told += 1;
        }
    }
}

/// Stops `part` when a signal comes: Ctrl-C or SIGTERM, unless [`signals`](Composed::signals) says otherwise.
///
/// After the first signal the part may end in peace, and it is no failure that it was told to. A second one forces the
/// end: within a second workers give their jobs back and servers drop their connections; what is still there then is
/// dropped, and the outcome is [`Interrupted`], with whatever errors there were. Once this has run, the signals no
/// longer end the process by themselves.
///
/// ```no_run
/// use tasker::lifecycle::{Shutdown, Signal, with_signals};
///
/// # async fn program() -> Result<(), tasker::lifecycle::Failure> {
/// let serve = |shutdown: Shutdown| async move { shutdown.cancelled().await };
/// with_signals(serve)
///     .signals([Signal::INTERRUPT, Signal::HANGUP])
///     .await
/// # }
/// ```
pub fn with_signals<P: Part<M>, M>(part: P) -> WithSignals<P, M> {
    let listened = Stopping {
        signals: Signal::ENDING.to_vec(),
    };
    Composed::new(listened).with(part)
}

/// What [`with_signals`] makes.
pub type WithSignals<P, M> = Composed<Stopping, And<Nothing, P, M>>;

/// Stops by signals.
#[derive(Clone, Debug)]
pub struct Stopping {
    signals: Vec<Signal>,
}

impl<L> Composed<Stopping, L> {
    /// Listens to these signals and to no others.
    pub fn signals(mut self, signals: impl IntoIterator<Item = Signal>) -> Self {
        self.combinator.signals = signals.into_iter().collect();
        self
    }
}

impl Combinator for Stopping {
    fn run(
        self: Arc<Self>,
        parts: Vec<BoxPart>,
        shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), Failure>> {
        Box::pin(async move {
            let mut signals = Signals::listen(&self.signals).map_err(Failure::new)?;
            let own = shutdown.child();
            // A task of its own, so that one that blocks its thread cannot keep a signal from being seen.
            let mut running = Bound(tokio::spawn(carried(only(parts).start(own.clone()))));
            let mut is_stopping = false;
            let joined = loop {
                tokio::select! {
                    joined = &mut running.0 => break joined,
                    () = signals.next() => match is_stopping {
                        false => {
                            is_stopping = true;
                            tracing::info!(target: "tasker", "stopping; a second signal ends at once");
                            own.cancel();
                        }
                        true => return forced(&own, running).await,
                    },
                }
            };
            let outcome = joined.unwrap_or_else(|error| panicked(error.to_string()));
            match own.is_cancelled() {
                true => real(outcome),
                false => outcome,
            }
        })
    }
}

/// Ends what runs within a second.
async fn forced(own: &Shutdown, mut running: Bound<Result<(), Failure>>) -> Result<(), Failure> {
    own.force();
    let outcome = match tokio::time::timeout(AFTER_SECOND, &mut running.0).await {
        Ok(joined) => real(joined.unwrap_or_else(|error| panicked(error.to_string()))),
        Err(_) => Ok(()),
    };
    both(Err(Failure::new(Interrupted)), outcome)
}
