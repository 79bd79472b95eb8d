//! Definitions made by hand from those of `#[task]`, so that two releases of a task can stand in one binary, and
//! schedules that the others of this binary do not see.

use std::sync::Arc;

use tasker::{Registry, States, Task, TaskDefinition, Tasker};

use crate::harness::{Bench, Probe};

/// A task by hand: `made!(Type like Other { field: value, … })` is as `Other` but for these fields.
macro_rules! made {
    ($type:ident like $other:ty { $($field:ident: $value:expr),+ $(,)? }) => {
        struct $type;

        impl tasker::Task for $type {
            type Params = <$other as tasker::Task>::Params;
            type Output = <$other as tasker::Task>::Output;

            fn definition() -> &'static tasker::TaskDefinition {
                static MADE: std::sync::LazyLock<tasker::TaskDefinition> =
                    std::sync::LazyLock::new(|| tasker::TaskDefinition {
                        $($field: $value,)+
                        ..$crate::made::copy(<$other as tasker::Task>::definition())
                    });
                &MADE
            }
        }
    };
}
pub(crate) use made;

/// The same definition once more.
pub(crate) fn copy(task: &TaskDefinition) -> TaskDefinition {
    TaskDefinition { ..*task }
}

/// A registry of one task.
pub(crate) fn only<T: Task>() -> Registry {
    let mut registry = Registry::default();
    registry.add::<T>().expect("it is alone");
    registry
}

/// A tasker with one task and the same store and states as `bench` has.
pub(crate) async fn tasker_of<T: Task>(bench: &Bench) -> Tasker {
    let mut states = States::default();
    states.insert::<Probe>(tasker::State::from(Arc::clone(&bench.probe)));
    Tasker::builder()
        .store(Arc::new(bench.store.clone()))
        .states(states)
        .registry(only::<T>())
        .connect()
        .await
        .expect("a memory store opens")
}
