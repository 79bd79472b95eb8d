//! A resource in the hands of a task's handler: [`Resource<T>`] as one of its parameters.
//!
//! In: the context of an attempt. Out: a resource from the application's `Pool<T>`, and in the context a [`Ticket`]
//! for it. Borrowing is a piece of work like any other: it waits its turn in the pool's queue, and "runs" for as long
//! as the handler does. When the handler has ended the attempt settles its tickets, and with them the resources are
//! judged. An attempt that is dropped before (timeout, cancel, a stop) settles them by that as broken.
//!
//! An attempt has one resource of a pool and no second: where each holds one and waits for another, all wait for ever.
//! One that it has dropped it is lent again.

use std::any::Any;
use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::control::Control;
use super::handle::Waiter;
use super::resource::Resource;
use super::serve::Verdict;
use super::{Error, Pool};
use crate::task::{BoxError, Context, FromContext, State, States, TaskError};

impl<T: Send + 'static> FromContext for Resource<T> {
    async fn from_context(context: &Context) -> Result<Self, BoxError> {
        if !context.has_state::<Pool<T>>() {
            return Err(missing::<T>().into());
        }
        let pool = context.state::<Pool<T>>().await?;
        if let Some(again) = context.loans().again(&pool) {
            return again.map_err(Into::into);
        }
        let borrowed = tokio::select! {
            biased;
            borrowed = pool.borrow() => borrowed,
            () = context.cancelled() => {
                return Err("was told to end while it waited for a resource".into());
            }
        };
        let (resource, ticket) = borrowed?;
        context.loans().hold(ticket);
        Ok(resource)
    }

    fn missing(states: &States) -> Option<String> {
        (!states.contains::<Pool<T>>()).then(missing::<T>)
    }
}

fn missing<T>() -> String {
    let name = std::any::type_name::<T>();
    format!(
        "no pool of `{name}` was given to the application: add `.resource(pool)` to the `App` or to `Tasker::builder()`"
    )
}

impl Context {
    /// A resource of the application's pool of `T`, as a parameter `Resource<T>` is had: for handlers that take none,
    /// such as those of a struct. It is judged when the handler has ended. An attempt gets one of a pool: asked again, it
    /// is lent the same one, if it has dropped it; if not, that is an error, and the job is `failed`.
    pub async fn resource<T: Send + 'static>(&self) -> Result<Resource<T>, BoxError> {
        Resource::from_context(self).await
    }
}

impl States {
    /// Lends the resources of `pool` to every handler that takes a [`Resource<T>`](Resource), and the pool itself to
    /// those that take a `State<Pool<T>>`. Whoever made the pool stops it.
    pub fn insert_resource<T: Send + 'static>(&mut self, pool: Pool<T>) {
        self.insert::<Pool<T>>(State::from(pool));
    }
}

impl<T: Send + 'static> Pool<T> {
    /// Waits for a resource. What becomes of it is said by the ticket, or by its being dropped.
    async fn borrow(&self) -> Result<(Resource<T>, Ticket), Error> {
        let (lend, lent) = oneshot::channel();
        let (settle, settled) = oneshot::channel();
        let holding = self.once(move |resource| async move {
            if lend.send(resource).is_err() {
                return Ok(()); // Nobody wants it any more, so it is back.
            }
            match settled.await.unwrap_or(Verdict::Broken) {
                Verdict::Good => Ok(()),
                Verdict::Suspect => Err(HandlerFailed { broken: false }),
                Verdict::Broken => Err(HandlerFailed { broken: true }),
            }
        });
        let mut waiter = Waiter::new(holding.handle().await?);
        let Ok(resource) = lent.await else {
            return match waiter.await {
                Err(error) => Err(error),
                Ok(()) => Err(Error::Stopped),
            };
        };
        waiter.let_go();
        let shared = Arc::clone(&self.shared);
        let ticket = Ticket {
            pool: self.id(),
            loan: resource.loan().map(|loan| Arc::clone(loan) as _),
            control: Arc::clone(resource.control()),
            judge: Box::new(move |error| shared.judge(error)),
            settle,
        };
        Ok((resource, ticket))
    }

    /// What tells it from other pools that there are.
    fn id(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }
}

/// How a handler's failure reaches the pool.
#[derive(Debug, thiserror::Error)]
#[error("the handler that had the resource failed")]
pub(super) struct HandlerFailed {
    pub(super) broken: bool,
}

/// What an error says about a resource.
type Judge = dyn Fn(&(dyn StdError + 'static)) -> Verdict + Send + Sync;

/// The other end of a borrowed resource: whoever settles it says what became of the resource.
pub(crate) struct Ticket {
    /// Whose resource it is.
    pool: usize,
    /// The `Loan` it comes back by.
    loan: Option<Arc<dyn Any + Send + Sync>>,
    control: Arc<Control>,
    judge: Box<Judge>,
    settle: oneshot::Sender<Verdict>,
}

/// The tickets of one attempt.
#[derive(Default)]
pub(crate) struct Loans {
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    tickets: Vec<Ticket>,
    broke: bool,
}

impl Loans {
    fn hold(&self, ticket: Ticket) {
        self.lock().tickets.push(ticket);
    }

    /// The resource of `pool` that the attempt has had and given back; an error where it has it still. `None` where it
    /// has had none.
    fn again<T: Send + 'static>(&self, pool: &Pool<T>) -> Option<Result<Resource<T>, TaskError>> {
        let held = self.lock();
        let mut tickets = held.tickets.iter();
        let ticket = tickets.find(|ticket| ticket.pool == pool.id())?;
        let loan = ticket.loan.clone()?.downcast().ok()?;
        let again = Resource::again(&loan, &ticket.control);
        Some(again.ok_or_else(|| {
            let name = &pool.shared.options.name;
            // Another attempt would come to the same.
            TaskError::discard(format!(
                "has a resource of the pool `{name}` already: one attempt gets no second, since all might hold one and wait \
                 for another for ever; let the pool make pairs, or give the resource to a pool of its own"
            ))
        }))
    }

    /// Whether the attempt failed because a resource broke.
    pub(crate) fn broke(&self) -> bool {
        self.lock().broke
    }

    fn settle(&self, verdict: impl Fn(&Ticket) -> Verdict) {
        let mut held = self.lock();
        let tickets = std::mem::take(&mut held.tickets);
        drop(held);
        for ticket in tickets {
            let verdict = verdict(&ticket);
            // A pool that is gone has taken its resource back.
            let _ = ticket.settle.send(verdict);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An attempt while its handler runs. Dropped, it settles everything as broken.
pub(crate) struct Settling(Context);

impl Settling {
    pub(crate) fn new(context: &Context) -> Self {
        Self(context.clone())
    }

    /// The handler ended, and nothing is to be said against its resources.
    pub(crate) fn good(self) {
        self.0.loans().settle(|_| Verdict::Good);
    }

    /// The handler returned this error.
    pub(crate) fn failed(self, error: &(dyn StdError + 'static)) {
        let loans = self.0.loans();
        loans.settle(|ticket| {
            let verdict = match ticket.control.is_marked() {
                true => Verdict::Broken,
                false => (ticket.judge)(error),
            };
            if verdict == Verdict::Broken {
                loans.lock().broke = true;
            }
            verdict
        });
    }
}

impl Drop for Settling {
    fn drop(&mut self) {
        self.0.loans().settle(|_| Verdict::Broken);
    }
}
