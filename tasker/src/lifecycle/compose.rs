//! [`Composed`]: what every combinator makes, and the lists of parts it is made from.
//!
//! In: a [`Combinator`], which says how parts are run, and its parts. Out: a part again. A list keeps the types of what
//! is in it, so that the compiler knows whether the whole can run more than once; when it runs, they are forgotten.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;

use super::failure::Failure;
use super::part::{BoxPart, Part, Repeatable, SharedPart};
use super::shutdown::Shutdown;
use crate::task::BoxFuture;

/// How parts are run together, or what is done around one.
pub trait Combinator: Send + Sync + 'static {
    /// Runs `parts` once.
    fn run(
        self: Arc<Self>,
        parts: Vec<BoxPart>,
        shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), Failure>>;
}

/// The part of a combinator that has one.
pub(super) fn only(parts: Vec<BoxPart>) -> BoxPart {
    let [part] = <[BoxPart; 1]>::try_from(parts).expect("this combinator was made with one part");
    part
}

/// Parts under a combinator: a part again. Awaited, it runs within the part, or the handler, that awaits it.
#[must_use = "nothing runs until this is awaited, or part of something that is"]
#[derive(Clone)]
pub struct Composed<C, L = Nothing> {
    pub(super) combinator: C,
    parts: L,
}

impl<C> Composed<C> {
    /// Of no part, as yet.
    pub(super) fn new(combinator: C) -> Self {
        Self {
            combinator,
            parts: Nothing,
        }
    }

    /// Of parts of one type.
    pub(super) fn of_each<P, M>(
        combinator: C,
        parts: impl IntoIterator<Item = P>,
    ) -> Composed<C, Each<P, M>> {
        Composed {
            combinator,
            parts: Each {
                parts: parts.into_iter().collect(),
                form: PhantomData,
            },
        }
    }
}

impl<C, L> Composed<C, L> {
    /// With one part more.
    pub(super) fn with<P, M>(self, part: P) -> Composed<C, And<L, P, M>> {
        Composed {
            combinator: self.combinator,
            parts: And {
                before: self.parts,
                part,
                form: PhantomData,
            },
        }
    }
}

impl<C: Combinator, L: Parts> Part for Composed<C, L> {
    fn into_box(self) -> BoxPart {
        let combinator = Arc::new(self.combinator);
        let parts = self.parts.into_boxes();
        BoxPart::new(move |shutdown| combinator.run(parts, shutdown))
    }
}

impl<C: Combinator, L: RepeatableParts> Repeatable for Composed<C, L> {
    fn into_shared(self) -> SharedPart {
        let combinator = Arc::new(self.combinator);
        let parts = self.parts.into_shareds();
        SharedPart::new(move |shutdown| {
            let parts = parts.iter().cloned().map(Part::into_box).collect();
            Arc::clone(&combinator).run(parts, shutdown)
        })
    }
}

impl<C: Combinator, L: Parts> IntoFuture for Composed<C, L> {
    type Output = Result<(), Failure>;
    type IntoFuture = BoxFuture<'static, Result<(), Failure>>;

    fn into_future(self) -> Self::IntoFuture {
        self.run(Shutdown::current())
    }
}

impl<C, L> fmt::Debug for Composed<C, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Composed").finish_non_exhaustive()
    }
}

/// A list of parts.
pub trait Parts: Send + 'static {
    /// All of them, in order.
    fn into_boxes(self) -> Vec<BoxPart>;
}

/// A list of parts, all of which can run again.
pub trait RepeatableParts: Parts {
    /// All of them, in order.
    fn into_shareds(self) -> Vec<SharedPart>;
}

/// The empty list.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

/// A list and one part more, of the form `M`.
pub struct And<L, P, M> {
    before: L,
    part: P,
    form: PhantomData<fn() -> M>,
}

/// Parts of one type, of the form `M`.
pub struct Each<P, M> {
    parts: Vec<P>,
    form: PhantomData<fn() -> M>,
}

impl Parts for Nothing {
    fn into_boxes(self) -> Vec<BoxPart> {
        Vec::new()
    }
}

impl RepeatableParts for Nothing {
    fn into_shareds(self) -> Vec<SharedPart> {
        Vec::new()
    }
}

impl<L: Parts, P: Part<M>, M: 'static> Parts for And<L, P, M> {
    fn into_boxes(self) -> Vec<BoxPart> {
        let mut parts = self.before.into_boxes();
        parts.push(self.part.into_box());
        parts
    }
}

impl<L: RepeatableParts, P: Repeatable<M>, M: 'static> RepeatableParts for And<L, P, M> {
    fn into_shareds(self) -> Vec<SharedPart> {
        let mut parts = self.before.into_shareds();
        parts.push(self.part.into_shared());
        parts
    }
}

impl<P: Part<M>, M: 'static> Parts for Each<P, M> {
    fn into_boxes(self) -> Vec<BoxPart> {
        self.parts.into_iter().map(Part::into_box).collect()
    }
}

impl<P: Repeatable<M>, M: 'static> RepeatableParts for Each<P, M> {
    fn into_shareds(self) -> Vec<SharedPart> {
        let parts = self.parts.into_iter();
        parts.map(Repeatable::into_shared).collect()
    }
}

impl<L: Clone, P: Clone, M> Clone for And<L, P, M> {
    fn clone(&self) -> Self {
        Self {
            before: self.before.clone(),
            part: self.part.clone(),
            form: PhantomData,
        }
    }
}

impl<P: Clone, M> Clone for Each<P, M> {
    fn clone(&self) -> Self {
        Self {
            parts: self.parts.clone(),
            form: PhantomData,
        }
    }
}

impl<L, P, M> fmt::Debug for And<L, P, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("And").finish_non_exhaustive()
    }
}

impl<P, M> fmt::Debug for Each<P, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Each").finish_non_exhaustive()
    }
}
