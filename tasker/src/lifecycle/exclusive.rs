//! `exclusive`: one run at a time in this process.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::compose::{Combinator, Composed};
use super::failure::Failure;
use super::part::{BoxPart, Repeatable, SharedPart};
use super::shutdown::Shutdown;
use crate::task::BoxFuture;

/// Runs `part` unless it is running already: then this run is passed over, and ends well at once. Clones share the one
/// place. Across processes there is [`serialized`](super::serialized).
///
/// ```
/// use tasker::lifecycle::exclusive;
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let tidy = exclusive(|| async { println!("tidying up") });
/// tidy.clone().await?;
/// tidy.await?;
/// # Ok::<(), tasker::lifecycle::Failure>(()) }).unwrap();
/// ```
pub fn exclusive<P: Repeatable<M>, M>(part: P) -> Composed<Exclusive> {
    Composed::new(Exclusive {
        place: Arc::default(),
        part: part.into_shared(),
    })
}

/// One run at a time.
#[derive(Clone, Debug)]
pub struct Exclusive {
    place: Arc<Mutex<()>>,
    part: SharedPart,
}

impl Combinator for Exclusive {
    fn run(
        self: Arc<Self>,
        _: Vec<BoxPart>,
        shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), Failure>> {
        Box::pin(async move {
            match Arc::clone(&self.place).try_lock_owned() {
                Ok(_taken) => self.part.start(shutdown).await,
                Err(_) => {
                    tracing::debug!(target: "tasker", "passed over: it is running already");
                    Ok(())
                }
            }
        })
    }
}
