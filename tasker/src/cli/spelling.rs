//! Which command is meant: aliases are compared without regard to case, `-` and `_`, which clap cannot do.
//!
//! In: the raw command line. Out: the same with the command's word in the spelling of the tree, and the task
//! it names, so that only this task's flags have to be built.

use std::ffi::OsString;

use tasker_store::canonical_alias;

use super::tree::VERBS;
use crate::task::registry::suggest;
use crate::task::{Registry, TaskDefinition};

/// A word where a command or an alias should be, and is neither.
#[derive(Debug)]
pub(super) struct Unknown {
    pub(super) word: String,
    pub(super) hint: Option<String>,
}

/// Rewrites the command's word in `argv` and gives the task it names, if it names one.
pub(super) fn settle(
    argv: &mut [OsString],
    registry: &Registry,
) -> Result<Option<&'static TaskDefinition>, Unknown> {
    let Some(at) = next_word(argv, 1) else {
        return Ok(None);
    };
    let word = argv[at].to_string_lossy().into_owned();
    if let Some(task) = registry.get(&word) {
        argv[at] = task.alias.into();
        return Ok(Some(task));
    }
    let wanted = canonical_alias(&word);
    let Some(verb) = (VERBS.iter()).find(|verb| canonical_alias(verb) == wanted) else {
        let names = registry.iter().map(|task| task.alias).chain(VERBS);
        let hint = suggest(&word, names).map(str::to_owned);
        return Err(Unknown { word, hint });
    };
    argv[at] = (*verb).into();
    match *verb {
        "run" => named(argv, at + 1, registry),
        // clap speaks for itself about other words after `help`.
        "help" => Ok(named(argv, at + 1, registry).unwrap_or_default()),
        _ => Ok(None),
    }
}

fn named(
    argv: &mut [OsString],
    from: usize,
    registry: &Registry,
) -> Result<Option<&'static TaskDefinition>, Unknown> {
    let Some(at) = next_word(argv, from) else {
        return Ok(None);
    };
    let word = argv[at].to_string_lossy().into_owned();
    match registry.get(&word) {
        Some(task) => {
            argv[at] = task.alias.into();
            Ok(Some(task))
        }
        None => Err(Unknown {
            hint: registry.suggest(&word).map(str::to_owned),
            word,
        }),
    }
}

/// Where the next word stands that is no global flag nor its value.
fn next_word(argv: &[OsString], from: usize) -> Option<usize> {
    let mut at = from;
    while at < argv.len() {
        match argv[at].to_str() {
            Some("--") => return None,
            Some("--database-url") => at += 2,
            Some(text) if text.starts_with('-') => at += 1,
            _ => return Some(at),
        }
    }
    None
}
