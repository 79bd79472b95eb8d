//! What a rule makes of local times that a clock change leaves out or repeats.

use std::fmt;
use std::str::FromStr;

use crate::grammar::{Message, cursor, suggest};

/// What becomes of a local time that is left out when the clock is put forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// It is passed over.
    Skip,
    /// It runs at the first instant after the gap. Several that fall there are one.
    Next,
}

/// What becomes of a local time that comes twice when the clock is put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// It runs the first time.
    First,
    /// It runs the second time.
    Second,
    /// It runs both times.
    Both,
}

const GAPS: [&str; 2] = ["skip", "next"];
const FOLDS: [&str; 3] = ["first", "second", "both"];

impl Gap {
    pub(super) const fn parse(word: &str) -> Result<Self, Message> {
        match cursor::position(word, &GAPS) {
            Some(0) => Ok(Gap::Skip),
            Some(_) => Ok(Gap::Next),
            None => Err(wrong(word, "gap", &GAPS).text("`gap skip` or `gap next`")),
        }
    }
}

impl Fold {
    pub(super) const fn parse(word: &str) -> Result<Self, Message> {
        match cursor::position(word, &FOLDS) {
            Some(0) => Ok(Fold::First),
            Some(1) => Ok(Fold::Second),
            Some(_) => Ok(Fold::Both),
            None => {
                Err(wrong(word, "fold", &FOLDS).text("`fold first`, `fold second` or `fold both`"))
            }
        }
    }
}

const fn wrong(word: &str, policy: &str, known: &[&str]) -> Message {
    let message = Message::new("`").text(policy).text(" ").text(word);
    message
        .text("` is no policy")
        .suggest(suggest::closest(word, known))
        .text("write ")
}

impl FromStr for Gap {
    type Err = Message;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl FromStr for Fold {
    type Err = Message;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Gap::Skip => GAPS[0],
            Gap::Next => GAPS[1],
        })
    }
}

impl fmt::Display for Fold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fold::First => FOLDS[0],
            Fold::Second => FOLDS[1],
            Fold::Both => FOLDS[2],
        })
    }
}
