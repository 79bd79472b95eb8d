//! `with_state`, `with_states` and `with_clock`: what a composition lends to everything within.

use std::sync::Arc;

use tasker_store::Clock;

use super::compose::{And, Combinator, Composed, Nothing, only};
use super::failure::Failure;
use super::part::{BoxPart, Part};
use super::shutdown::Shutdown;
use crate::task::{BoxFuture, State, States};

/// Lends `value` to `part` and to everything nested in it: [`Shutdown::state`], a `State<T>` of a `#[task]` that is run
/// in place, of a handler of `http_server`. An inner value hides an outer one of its type.
///
/// Jobs of a worker have their state from the tasker, which lends to parts too.
///
/// ```
/// use tasker::lifecycle::{Shutdown, sequence, with_state};
///
/// struct Greeting(&'static str);
///
/// async fn greet(shutdown: Shutdown) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
///     assert_eq!(shutdown.state::<Greeting>().await?.0, "hello");
///     Ok(())
/// }
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// with_state(Greeting("hello"), sequence![greet, greet]).await?;
/// # Ok::<(), tasker::lifecycle::Failure>(()) }).unwrap();
/// ```
pub fn with_state<T, P, M>(value: T, part: P) -> Lend<P, M>
where
    T: Send + Sync + 'static,
    P: Part<M>,
{
    let mut states = States::default();
    states.insert(State::from(value));
    with_states(states, part)
}

/// As [`with_state`], for several values, and for those that are made when they are first needed.
pub fn with_states<P: Part<M>, M>(states: States, part: P) -> Lend<P, M> {
    Composed::new(Lending { states }).with(part)
}

/// What [`with_state`] makes.
pub type Lend<P, M> = Composed<Lending, And<Nothing, P, M>>;

/// Lends values.
#[derive(Clone, Debug)]
pub struct Lending {
    states: States,
}

impl Combinator for Lending {
    fn run(
        self: Arc<Self>,
        parts: Vec<BoxPart>,
        shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), Failure>> {
        only(parts).start(shutdown.lending(&self.states))
    }
}

/// Lets every [`repeat`](super::repeat()) and [`serialized`](super::serialized) within `part` go by `clock`, for tests
/// that move one.
pub fn with_clock<P: Part<M>, M>(clock: Clock, part: P) -> ByClock<P, M> {
    Composed::new(Clocked { clock }).with(part)
}

/// What [`with_clock`] makes.
pub type ByClock<P, M> = Composed<Clocked, And<Nothing, P, M>>;

/// Sets the clock.
#[derive(Clone, Debug)]
pub struct Clocked {
    clock: Clock,
}

impl Combinator for Clocked {
    fn run(
        self: Arc<Self>,
        parts: Vec<BoxPart>,
        shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), Failure>> {
        only(parts).start(shutdown.on(self.clock.clone()))
    }
}
