//! What the application lends its handlers: one value per type, shared by all of them.
//!
//! In: values, or functions that make them when they are first needed. Out: [`State<T>`], an `Arc` by another
//! name. A value is made at most once; a maker that fails is asked again by the next handler.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::error::BoxError;
use super::handler::BoxFuture;

/// A value of the application, in a handler's hands.
pub struct State<T: ?Sized>(Arc<T>);

impl<T: ?Sized> State<T> {
    /// The `Arc` itself.
    pub fn into_inner(self) -> Arc<T> {
        self.0
    }
}

impl<T: ?Sized> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> From<T> for State<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T: ?Sized> From<Arc<T>> for State<T> {
    fn from(value: Arc<T>) -> Self {
        Self(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("State").field(&&*self.0).finish()
    }
}

type Make = Box<dyn Fn() -> BoxFuture<'static, Result<Value, BoxError>> + Send + Sync>;
type Value = Box<dyn Any + Send + Sync>;

struct Slot {
    value: OnceCell<Value>,
    make: Option<Make>,
}

/// Every value the application lends, by type.
/// Clones share the values.
#[derive(Clone, Default)]
pub struct States {
    slots: HashMap<TypeId, Arc<Slot>>,
}

impl States {
    /// Lends `value`; an earlier one of its type is replaced.
    pub fn insert<T: ?Sized + Send + Sync + 'static>(&mut self, value: State<T>) {
        let slot = Slot {
            value: OnceCell::new_with(Some(Box::new(value) as Value)),
            make: None,
        };
        self.slots.insert(TypeId::of::<T>(), Arc::new(slot));
    }

    /// Lends what `make` makes when a handler first needs it.
    pub fn insert_with<T, E, F, Fut>(&mut self, make: F)
    where
        T: Send + Sync + 'static,
        E: Into<BoxError>,
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
    {
        let make: Make = Box::new(move || {
            let value = make();
            Box::pin(async move {
                let value = value.await.map_err(Into::into)?;
                Ok(Box::new(State::from(value)) as Value)
            })
        });
        let slot = Slot {
            value: OnceCell::new(),
            make: Some(make),
        };
        self.slots.insert(TypeId::of::<T>(), Arc::new(slot));
    }

    /// Whether there is a value of this type, or a way to make one.
    pub fn contains<T: ?Sized + 'static>(&self) -> bool {
        self.slots.contains_key(&TypeId::of::<T>())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// These values, and of those that `base` lends the ones of other types.
    pub(crate) fn over(&self, base: &Self) -> Self {
        let mut slots = base.slots.clone();
        slots.extend(self.slots.iter().map(|(ty, slot)| (*ty, Arc::clone(slot))));
        Self { slots }
    }

    /// The value of this type, made now if it has to be.
    pub async fn get<T: ?Sized + Send + Sync + 'static>(&self) -> Result<State<T>, BoxError> {
        let slot = self
            .slots
            .get(&TypeId::of::<T>())
            .ok_or_else(|| missing::<T>())?;
        let value = slot
            .value
            .get_or_try_init(|| async {
                match &slot.make {
                    Some(make) => make().await,
                    None => Err(missing::<T>().into()),
                }
            })
            .await?;
        let state = value.downcast_ref::<State<T>>();
        Ok(state
            .expect("a slot holds the type it is filed under")
            .clone())
    }
}

impl fmt::Debug for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("States")
            .field("len", &self.slots.len())
            .finish()
    }
}

/// What to say where no `State<T>` was given.
pub(crate) fn missing<T: ?Sized>() -> String {
    let name = type_name::<T>();
    format!(
        "no `State<{name}>` was given to the application: add `.state(value)` to the `App` or to `Tasker::builder()`"
    )
}
