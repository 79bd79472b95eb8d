//! [`Shutdown`]: how a part of a program learns that it should stop, and what it has from the composition around it.
//!
//! In: whoever stops the program. Out: a token that fires, values lent by [`with_state`](super::with_state), and a
//! clock. It is handed to each part, and is also the current one of everything the part awaits, so that what is nested
//! deep, or takes no argument, has it too. Invariant: a child is told whatever its parent is told, never the other
//! way round.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tasker_store::Clock;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::failure::Cancelled;
use crate::client::Tasker;
use crate::task::{BoxError, Context, State, States};

tokio::task_local! {
    static CURRENT: Shutdown;
}

/// Tells a part of a program to stop, and lends it values. Cheap to clone.
///
/// ```
/// use tasker::lifecycle::{Cancelled, Shutdown};
///
/// async fn read_for_ever(shutdown: Shutdown) -> Result<(), Cancelled> {
///     loop {
///         shutdown.run_until_cancelled(std::future::pending::<()>()).await?;
///     }
/// }
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let shutdown = Shutdown::new();
/// shutdown.cancel();
/// assert_eq!(read_for_ever(shutdown).await, Err(Cancelled));
/// # });
/// ```
#[derive(Clone)]
pub struct Shutdown {
    stop: CancellationToken,
    force: CancellationToken,
    states: Arc<States>,
    clock: Clock,
}

impl Shutdown {
    /// One that fires when [`Shutdown::cancel`] is called.
    pub fn new() -> Self {
        Self::from(CancellationToken::new())
    }

    /// A child of the one that the running part was given; in a handler, one that fires with the attempt's token;
    /// elsewhere one that nobody else fires.
    pub fn current() -> Self {
        Self::scoped().unwrap_or_default()
    }

    /// As [`Shutdown::current`], where there is one.
    pub(super) fn scoped() -> Option<Self> {
        CURRENT.try_with(Self::child).ok()
    }

    /// The token itself, for code that takes one.
    pub fn token(&self) -> &CancellationToken {
        &self.stop
    }

    /// Whether it has fired: the part should stop.
    pub fn is_cancelled(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Waits until it fires.
    pub async fn cancelled(&self) {
        self.stop.cancelled().await;
    }

    /// An error once it has fired, for `?` between two steps of a long piece of work.
    pub fn check(&self) -> Result<(), Cancelled> {
        match self.is_cancelled() {
            true => Err(Cancelled),
            false => Ok(()),
        }
    }

    /// What `future` gives, unless this fires before: `future` is dropped then.
    pub async fn run_until_cancelled<F: Future>(&self, future: F) -> Result<F::Output, Cancelled> {
        let ended = self.stop.run_until_cancelled(future).await;
        ended.ok_or(Cancelled)
    }

    /// Fires it, and its children.
    pub fn cancel(&self) {
        self.stop.cancel();
    }

    /// One that fires with this one, or by itself.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            stop: self.stop.child_token(),
            force: self.force.child_token(),
            ..self.clone()
        }
    }

    /// Stops at once what does not want to: a worker gives its jobs back, a server drops its connections.
    pub fn force(&self) {
        self.cancel();
        self.force.cancel();
    }

    /// Waits until a stop at once is wanted; as a rule that is a second signal.
    pub async fn forced(&self) {
        self.force.cancelled().await;
    }

    /// The value of type `T` that was lent by [`with_state`](super::with_state), else the current tasker's. An error
    /// where nobody lent one, or it cannot be made.
    pub async fn state<T: ?Sized + Send + Sync + 'static>(&self) -> Result<State<T>, BoxError> {
        if self.states.contains::<T>() {
            return self.states.get().await;
        }
        if let Ok(tasker) = Tasker::current()
            && tasker.states().contains::<T>()
        {
            return tasker.states().get().await;
        }
        let name = std::any::type_name::<T>();
        Err(format!(
            "no `{name}` is lent to this part: put `with_state(value, …)` around it, or give the value to the tasker"
        )
        .into())
    }

    /// Runs `future` with this as the current one.
    pub async fn scope<F: Future>(&self, future: F) -> F::Output {
        CURRENT.scope(self.clone(), future).await
    }

    /// As [`Shutdown::scope`] for a function.
    pub(super) fn sync_scope<T>(&self, function: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), function)
    }

    /// One that does not fire with this one, but is forced with it.
    pub(super) fn apart(&self) -> Self {
        Self {
            stop: CancellationToken::new(),
            ..self.child()
        }
    }

    /// One that lends `states` too.
    pub(super) fn lending(&self, states: &States) -> Self {
        Self {
            states: Arc::new(states.over(&self.states)),
            ..self.clone()
        }
    }

    /// One by whose clock the schedules within go.
    pub(super) fn on(&self, clock: Clock) -> Self {
        Self {
            clock,
            ..self.clone()
        }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What is lent here, before what `base` lends.
    pub(crate) fn states_over(&self, base: &Arc<States>) -> Arc<States> {
        match self.states.is_empty() {
            true => Arc::clone(base),
            false => Arc::new(self.states.over(base)),
        }
    }

    /// What a handler has: it fires with the attempt's token.
    pub(crate) fn of(context: &Context) -> Self {
        let own = Self::from(context.token().clone());
        match Self::scoped() {
            Some(around) => Self {
                stop: own.stop,
                ..around
            },
            None => own,
        }
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

/// One that fires with a token that is there already.
impl From<CancellationToken> for Shutdown {
    fn from(stop: CancellationToken) -> Self {
        Self {
            stop,
            force: CancellationToken::new(),
            states: Arc::default(),
            clock: Clock::Store,
        }
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown")
            .field("is_cancelled", &self.is_cancelled())
            .field("is_forced", &self.force.is_cancelled())
            .field("states", &self.states)
            .finish_non_exhaustive()
    }
}

/// Wraps `future` for a task of its own, with the tasker and the span it would have had here.
pub(super) fn carried<F: Future + Send + 'static>(
    future: F,
) -> impl Future<Output = F::Output> + Send + 'static {
    let tasker = Tasker::scoped();
    async move {
        match tasker {
            Some(tasker) => tasker.scope(future).await,
            None => future.await,
        }
    }
    .in_current_span()
}

/// A task that ends when this is dropped.
#[derive(Debug)]
pub(super) struct Bound<T>(pub(super) JoinHandle<T>);

impl<T> Drop for Bound<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
