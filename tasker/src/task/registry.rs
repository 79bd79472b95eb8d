//! The tasks of this binary, collected at link time.
//!
//! In: what `inventory` gathered, and what was registered by hand. Out: definitions by alias, compared in
//! their canonical form. Two tasks under one alias are refused with both places.

use std::collections::BTreeMap;

use tasker_store::canonical_alias;

use super::definition::{Task, TaskDefinition};
use crate::error::{Error, Result};

/// What the macro submits.
#[derive(Debug)]
pub struct Registration {
    /// The task.
    pub definition: &'static TaskDefinition,
}

inventory::collect!(Registration);

/// Tasks by alias.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    tasks: BTreeMap<String, &'static TaskDefinition>,
}

impl Registry {
    /// Every task that is linked into this binary. An error where two have one alias.
    pub fn collect() -> Result<Self> {
        let mut registry = Self::default();
        for registration in inventory::iter::<Registration> {
            registry.insert(registration.definition)?;
        }
        Ok(registry)
    }

    /// Adds a task by hand, where link-time collection cannot reach it. Harmless when it is there already.
    pub fn add<T: Task>(&mut self) -> Result<()> {
        let definition = T::definition();
        if self
            .get(definition.alias)
            .is_some_and(|known| std::ptr::eq(known, definition))
        {
            return Ok(());
        }
        self.insert(definition)
    }

    /// The task of this alias.
    pub fn get(&self, alias: &str) -> Option<&'static TaskDefinition> {
        self.tasks.get(&canonical_alias(alias)).copied()
    }

    /// Every task, by alias.
    pub fn iter(&self) -> impl Iterator<Item = &'static TaskDefinition> {
        self.tasks.values().copied()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The alias most like `alias`, for "did you mean".
    pub fn suggest(&self, alias: &str) -> Option<&'static str> {
        suggest(alias, self.iter().map(|task| task.alias))
    }

    pub(crate) fn insert(&mut self, definition: &'static TaskDefinition) -> Result<()> {
        let Some(known) = self
            .tasks
            .insert(canonical_alias(definition.alias), definition)
        else {
            return Ok(());
        };
        let (here, there) = (known.place(), definition.place());
        let cause = if here == there {
            format!(
                "{here} is compiled into this binary twice: declare its module in one place, the library or the binary"
            )
        } else {
            format!("{here} and {there} both have it: give one of them another `alias`")
        };
        Err(Error::Setup(format!(
            "two tasks have the alias `{}`: {cause}",
            definition.alias
        )))
    }
}

/// The one of `names` that `text` was probably meant to be.
pub(crate) fn suggest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let text = canonical_alias(text);
    names
        .map(|name| (distance(&text, &canonical_alias(name)), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many insertions, removals, replacements and swaps of neighbours make `a` into `b` (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_suggested_and_far_ones_are_not() {
        let names = ["hello", "weather-report", "send-mail"];
        assert_eq!(suggest("helo", names.into_iter()), Some("hello"));
        assert_eq!(suggest("hlelo", names.into_iter()), Some("hello"));
        assert_eq!(
            suggest("weather_reprot", names.into_iter()),
            Some("weather-report")
        );
        assert_eq!(suggest("invoice", names.into_iter()), None);
    }
}
