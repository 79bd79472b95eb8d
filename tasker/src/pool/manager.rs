//! How a resource is made, judged and given up: the application's part of a pool.
//!
//! In: an implementation of [`Manager`], or a closure that makes a resource. Out: the same with its type erased,
//! so that a pool is named after what it holds only. A panic in any of it is an error, never the pool's end.

use std::error::Error;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::task::{BoxError, BoxFuture};
use crate::worker::panics;

/// How a costly thing (a browser, a model, a session) is made, judged and destroyed.
///
/// A closure that makes one is enough where nothing else is to be said: `Pool::builder(|| Browser::launch())`.
///
/// ```
/// use tasker::BoxError;
/// use tasker::pool::Manager;
///
/// struct Session;
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("the connection is closed")]
/// struct Closed;
///
/// struct Sessions;
///
/// impl Manager for Sessions {
///     type Resource = Session;
///
///     async fn create(&self) -> Result<Session, BoxError> {
///         Ok(Session)
///     }
///
///     fn is_broken(&self, error: &(dyn std::error::Error + 'static)) -> bool {
///         error.is::<Closed>()
///     }
/// }
/// # let _ = Sessions.is_broken(&Closed);
/// ```
pub trait Manager: Send + Sync + 'static {
    /// What is made.
    type Resource: Send + 'static;

    /// Makes one. An error is tried again later, with growing delays.
    fn create(&self) -> impl Future<Output = Result<Self::Resource, BoxError>> + Send;

    /// Gives one up, in order: called exactly once for each that was made. Default: it is dropped.
    fn destroy(&self, resource: Self::Resource) -> impl Future<Output = ()> + Send {
        async move { drop(resource) }
    }

    /// Whether an error of the work means that its resource can be used no more. Asked for the error and for each
    /// of its causes, the outermost first; what an `anyhow::Error` holds is asked for as itself. Default: no.
    ///
    /// Another wrapper may hide the type of the error in it; `eyre` does, for the outermost one. Where that is so, let
    /// the work call [`Resource::mark_broken`](super::Resource::mark_broken), or tell by [`Manager::probe`].
    fn is_broken(&self, error: &(dyn Error + 'static)) -> bool {
        let _ = error;
        false
    }

    /// Whether the resource is still good. Asked after work that failed with an error not known to be fatal, and,
    /// where [`PoolBuilder::probe_every`](super::PoolBuilder::probe_every) is set, while the resource is idle.
    /// Default: yes.
    fn probe(&self, resource: &mut Self::Resource) -> impl Future<Output = bool> + Send {
        let _ = resource;
        async { true }
    }
}

impl<F, Fut, T, E> Manager for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send,
    T: Send + 'static,
    E: Into<BoxError>,
{
    type Resource = T;

    async fn create(&self) -> Result<T, BoxError> {
        self().await.map_err(Into::into)
    }
}

/// A [`Manager`] by what it makes.
pub(super) trait Managed<T>: Send + Sync {
    fn create(&self) -> BoxFuture<'_, Result<T, BoxError>>;
    /// An error is the message of a panic.
    fn destroy(&self, resource: T) -> BoxFuture<'_, Result<(), String>>;
    fn is_broken(&self, error: &(dyn Error + 'static)) -> bool;
    fn probe<'a>(&'a self, resource: &'a mut T) -> BoxFuture<'a, bool>;
}

impl<M: Manager> Managed<M::Resource> for M {
    fn create(&self) -> BoxFuture<'_, Result<M::Resource, BoxError>> {
        Box::pin(async {
            panics::caught(async { Manager::create(self).await })
                .await
                .unwrap_or_else(|panic| Err(panic.into()))
        })
    }

    fn destroy(&self, resource: M::Resource) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(panics::caught(async {
            Manager::destroy(self, resource).await;
        }))
    }

    fn is_broken(&self, error: &(dyn Error + 'static)) -> bool {
        // Who cannot even judge an error has met one it does not expect.
        catch_unwind(AssertUnwindSafe(|| Manager::is_broken(self, error))).unwrap_or(true)
    }

    fn probe<'a>(&'a self, resource: &'a mut M::Resource) -> BoxFuture<'a, bool> {
        Box::pin(async {
            panics::caught(async { Manager::probe(self, resource).await })
                .await
                .unwrap_or(false)
        })
    }
}
