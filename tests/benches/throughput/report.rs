//! What is printed: a row for each figure of the product, with those it stands beside.
//!
//! In: closures that measure once each. Out: lines as soon as they are known, and JSON at the end. They take turns
//! within a round, so that what the machine does meanwhile meets all of them alike.

use std::fmt;
use std::pin::Pin;

use serde_json::{Value, json};

use crate::arguments::{Arguments, json_file};
use crate::place::{Database, Place};
use crate::raw;
use crate::{Error, Result};

/// Measures one figure, once.
pub(crate) type Measure<'a> = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<f64>> + 'a>> + 'a>;

/// A measurement, to be taken as often as there are rounds.
pub(crate) fn figure<'a, F>(measure: impl Fn() -> F + 'a) -> Measure<'a>
where
    F: Future<Output = Result<f64>> + 'a,
{
    Box::new(move || Box::pin(measure()))
}

/// What the product is to reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// No goal is set.
    None,
    /// This share of what it stands beside.
    Share(f64),
    /// No more than this, whatever it stands beside.
    AtMost(f64),
}

/// Something the product stands beside.
pub(crate) struct Beside<'a> {
    name: &'static str,
    goal: Goal,
    measure: Measure<'a>,
}

/// The same, with what it is and the goal.
pub(crate) fn beside<'a>(name: &'static str, goal: Goal, measure: Measure<'a>) -> Beside<'a> {
    Beside {
        name,
        goal,
        measure,
    }
}

/// One line.
#[derive(Debug)]
struct Row {
    what: String,
    /// The tasker's figure, or why there is none.
    outcome: Result<f64, String>,
    /// Name, figure and share of the tasker's figure in it.
    beside: Option<(&'static str, f64, f64)>,
    goal: Goal,
}

/// The table of one database.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) database: Database,
    arguments: &'a Arguments,
    server: String,
    rows: Vec<Row>,
}

impl<'a> Report<'a> {
    /// An empty table; prints its head.
    pub(crate) async fn new(database: Database, arguments: &'a Arguments) -> Result<Self> {
        let server = Place::with(database, async |place| {
            raw::connect(place).await?.server().await
        })
        .await?;
        println!("{}: {server}", database.name());
        println!(
            "{:<44} {:<36} {:>10} {:>10} {:>6}  goal",
            "jobs per second, where no unit is named", "beside", "tasker", "it", "share"
        );
        Ok(Self {
            database,
            arguments,
            server,
            rows: Vec::new(),
        })
    }

    /// How often a figure is taken.
    pub(crate) fn rounds(&self) -> usize {
        self.arguments.rounds
    }

    /// Whether a row is to be measured.
    pub(crate) fn wants(&self, theme: &str, what: &str) -> bool {
        self.arguments.wants(theme, what)
    }

    /// Whether millions of jobs may be put beside the measured ones.
    pub(crate) fn is_full(&self) -> bool {
        self.arguments.full
    }

    /// Measures the product and what it stands beside in turns, a row for each of those.
    ///
    /// What goes wrong is a row too, and the other rows follow: a bench takes long.
    pub(crate) async fn compare(
        &mut self,
        what: &str,
        tasker: Measure<'_>,
        others: Vec<Beside<'_>>,
    ) {
        let what = what.to_owned();
        match self.turns(tasker, &others).await {
            Ok((ours, theirs)) => {
                for (other, figures) in others.iter().zip(&theirs) {
                    let shares = ours.iter().zip(figures).map(|(ours, it)| ours / it);
                    let share = median(shares.collect());
                    self.add(Row {
                        what: what.clone(),
                        outcome: Ok(median(ours.clone())),
                        beside: Some((other.name, median(figures.clone()), share)),
                        goal: other.goal,
                    });
                }
            }
            Err(error) => self.failed(what, &error),
        }
    }

    /// The end of a theme that could not be measured as a whole is a row too.
    pub(crate) fn note(&mut self, theme: &str, outcome: Result<()>) {
        if let Err(error) = outcome {
            self.failed(theme.to_owned(), &error);
        }
    }

    fn failed(&mut self, what: String, error: &Error) {
        self.add(Row {
            what,
            outcome: Err(error.to_string()),
            beside: None,
            goal: Goal::None,
        });
    }

    /// The product's figures, and those of each other.
    async fn turns(
        &self,
        tasker: Measure<'_>,
        others: &[Beside<'_>],
    ) -> Result<(Vec<f64>, Vec<Vec<f64>>)> {
        let mut ours = Vec::new();
        let mut theirs = vec![Vec::new(); others.len()];
        for _ in 0..self.rounds() {
            ours.push(tasker().await?);
            for (other, figures) in others.iter().zip(&mut theirs) {
                figures.push((other.measure)().await?);
            }
        }
        Ok((ours, theirs))
    }

    /// A figure that was measured, in the unit its text names, with one it stands beside.
    pub(crate) fn figure(
        &mut self,
        what: String,
        tasker: f64,
        beside: Option<(&'static str, f64)>,
        goal: Goal,
    ) {
        let beside = beside.map(|(name, it)| (name, it, tasker / it));
        self.add(Row {
            what,
            outcome: Ok(tasker),
            beside,
            goal,
        });
    }

    /// Ends the table.
    pub(crate) fn end(&self) {
        println!();
    }

    fn add(&mut self, row: Row) {
        println!("{row}");
        self.rows.push(row);
    }

    fn json(&self) -> Value {
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        json!({ "database": self.database.scheme(), "server": self.server, "rows": rows })
    }
}

impl Row {
    fn is_reached(&self) -> Option<bool> {
        match (self.goal, self.beside, &self.outcome) {
            (Goal::Share(least), Some((_, _, share)), _) => Some(share >= least),
            (Goal::AtMost(most), _, Ok(tasker)) => Some(*tasker <= most),
            _ => None,
        }
    }

    fn json(&self) -> Value {
        let goal = match self.goal {
            Goal::None => Value::Null,
            Goal::Share(least) => json!({ "share": least }),
            Goal::AtMost(most) => json!({ "at_most": most }),
        };
        let (name, it, share) = match self.beside {
            Some((name, it, share)) => (json!(name), json!(it), json!(share)),
            None => (Value::Null, Value::Null, Value::Null),
        };
        json!({
            "what": self.what, "tasker": self.outcome.as_ref().ok(), "beside": name, "it": it, "share": share,
            "goal": goal, "reached": self.is_reached(), "error": self.outcome.as_ref().err(),
        })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, it, share) = match self.beside {
            Some((name, it, share)) => (name, number(it), format!("{share:.2}")),
            None => ("", String::new(), String::new()),
        };
        let tasker = match &self.outcome {
            Ok(tasker) => number(*tasker),
            Err(reason) => return write!(f, "{:<44} not measured: {reason}", self.what),
        };
        write!(
            f,
            "{:<44} {name:<36} {tasker:>10} {it:>10} {share:>6}",
            self.what
        )?;
        match self.goal {
            Goal::None => return Ok(()),
            Goal::Share(least) => write!(f, "  ≥ {least:.2}")?,
            Goal::AtMost(most) => write!(f, "  ≤ {most}")?,
        }
        match self.is_reached() {
            Some(false) => f.write_str("  missed"),
            _ => Ok(()),
        }
    }
}

/// Small figures with their fractions, large ones without.
fn number(figure: f64) -> String {
    if figure < 100.0 {
        format!("{figure:.2}")
    } else {
        format!("{figure:.0}")
    }
}

/// The middle one.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Writes what was measured for programs to read.
pub(crate) fn write(reports: &[Report<'_>]) -> Result<()> {
    let tables: Vec<Value> = reports.iter().map(Report::json).collect();
    let text = serde_json::to_string_pretty(&tables)?;
    std::fs::write(json_file(), text + "\n")?;
    Ok(())
}
