//! Two tasks under one alias.

use tasker::{Registry, Task as _};

use crate::made::made;
use crate::tasks::{Echo, Failing, Hourly};

made!(Copied like Echo { title: "The same place once more" });
made!(Namesake like Failing { alias: "ECHO" });

/// D-29.
#[test]
fn two_tasks_of_one_alias_are_refused_with_both_places() {
    let mut registry = Registry::default();
    registry.add::<Echo>().unwrap();
    registry
        .add::<Echo>()
        .expect("the very same task is no other");
    registry.add::<Hourly>().unwrap();
    let error = registry.add::<Namesake>().unwrap_err().to_string();
    let (here, there) = (Echo::definition().place(), Failing::definition().place());
    assert_ne!(here, there);
    for part in ["the alias `ECHO`", &here, &there, "another `alias`"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

/// D-29.
#[test]
fn one_place_compiled_twice_is_called_that() {
    let mut registry = Registry::default();
    registry.add::<Echo>().unwrap();
    let error = registry.add::<Copied>().unwrap_err().to_string();
    let place = Echo::definition().place();
    assert!(
        error.contains(&format!("{place} is compiled into this binary twice")),
        "{error}"
    );
}
