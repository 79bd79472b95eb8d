//! [`Resource<T>`]: a resource in somebody's hands, and the [`Loan`] by which it comes back.
//!
//! In: a worker's resource. Out: a guard that owns it, so that it can be moved into a future. When the guard is
//! dropped the resource waits in the loan for whoever judges it; where that was decided before (the work ended, but
//! had given the guard away), it goes home from there. It is never lost on the way and never in two hands.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::control::Control;

/// A resource of a [`Pool`](super::Pool), borrowed: by work submitted to the pool, or by a handler that takes it
/// as a parameter. It goes back when it is dropped.
///
/// A handler whose error means that its resource is broken (see [`Manager::is_broken`](super::Manager::is_broken)) is
/// retried as after any error, within the attempts of its job; after the first attempt at once, without a backoff,
/// since a fresh resource is there. A handler that panics, or is dropped at its timeout, costs its resource too. It
/// takes one resource of a pool; one that takes two is `failed` and told so, since handlers that each hold one might wait
/// for each other's for ever.
///
/// In tests one can be made of a value: `Resource::from(value)` belongs to no pool.
pub struct Resource<T> {
    value: Option<Box<T>>,
    loan: Option<Arc<Loan<T>>>,
    control: Arc<Control>,
}

impl<T> Resource<T> {
    pub(super) fn lent(value: Box<T>, loan: Arc<Loan<T>>, control: Arc<Control>) -> Self {
        control.mark(false);
        Self {
            value: Some(value),
            loan: Some(loan),
            control,
        }
    }

    /// The resource once more, for who had it and gave it back; `None` where it is still out, or is broken.
    pub(super) fn again(loan: &Arc<Loan<T>>, control: &Arc<Control>) -> Option<Self> {
        let value = loan.take_good()?;
        Some(Self::lent(value, Arc::clone(loan), Arc::clone(control)))
    }

    pub(super) fn loan(&self) -> Option<&Arc<Loan<T>>> {
        self.loan.as_ref()
    }

    pub(super) fn control(&self) -> &Arc<Control> {
        &self.control
    }

    /// Says that it can be used no more: it will be destroyed and replaced, whatever comes of the work. Where the
    /// work fails after that, it is retried.
    ///
    /// Called as `Resource::mark_broken(&mut resource)`, since the name may be one of `T`'s.
    pub fn mark_broken(resource: &mut Self) {
        resource.control.mark(true);
    }

    /// The token that fires when the pool wants the resource back: its work was canceled or timed out, or a stop
    /// ran out of patience. Work that has asked for it is given [`patience`](super::PoolBuilder::patience) to wind
    /// up; other work is dropped at once. In a handler, the context's token says what befalls the job.
    ///
    /// Called as `Resource::token(&resource)`, since the name may be one of `T`'s.
    pub fn token(resource: &Self) -> CancellationToken {
        resource.control.token()
    }
}

impl<T> From<T> for Resource<T> {
    fn from(value: T) -> Self {
        Self {
            value: Some(Box::new(value)),
            loan: None,
            control: Arc::default(),
        }
    }
}

impl<T> Deref for Resource<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_deref().expect("only a drop takes it")
    }
}

impl<T> DerefMut for Resource<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_deref_mut().expect("only a drop takes it")
    }
}

impl<T> Drop for Resource<T> {
    fn drop(&mut self) {
        if let (Some(value), Some(loan)) = (self.value.take(), self.loan.take()) {
            loan.give_back(Back {
                value,
                marked: self.control.is_marked(),
            });
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Resource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Resource").field(&**self).finish()
    }
}

/// A resource that has come back, and whether it was said to be broken.
pub(super) struct Back<T> {
    pub(super) value: Box<T>,
    pub(super) marked: bool,
}

/// What takes a resource that comes back late.
type Home<T> = Box<dyn FnOnce(Back<T>) + Send>;

/// Where a worker's resource is while it is lent.
pub(super) struct Loan<T> {
    place: Mutex<Place<T>>,
}

enum Place<T> {
    Out,
    Back(Back<T>),
    Awaited(Home<T>),
}

impl<T> Default for Loan<T> {
    fn default() -> Self {
        Self {
            place: Mutex::new(Place::Out),
        }
    }
}

impl<T> Loan<T> {
    /// What has come back, if it has.
    pub(super) fn collect(&self) -> Option<Back<T>> {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *place, Place::Out) {
            Place::Back(back) => Some(back),
            _ => None,
        }
    }

    /// What has come back, if it has, and was not said to be broken.
    fn take_good(&self) -> Option<Box<T>> {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *place, Place::Out) {
            Place::Back(Back {
                value,
                marked: false,
            }) => Some(value),
            other => {
                *place = other;
                None
            }
        }
    }

    /// Sends the resource home when it comes back; at once where it has.
    pub(super) fn when_back(&self, home: impl FnOnce(Back<T>) + Send + 'static) {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *place, Place::Out) {
            Place::Back(back) => {
                drop(place);
                home(back);
            }
            _ => *place = Place::Awaited(Box::new(home)),
        }
    }

    fn give_back(&self, back: Back<T>) {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *place, Place::Out) {
            Place::Awaited(home) => {
                drop(place);
                home(back);
            }
            _ => *place = Place::Back(back),
        }
    }
}
