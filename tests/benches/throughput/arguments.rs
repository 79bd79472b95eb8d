//! The command line of the bench, and that of the processes it starts.

use std::path::Path;
use std::str::FromStr;

use crate::place::Database;
use crate::worker::{Orders, Work};
use crate::{Error, Result};

const USAGE: &str = "cargo bench -p tasker-tests -- [--database sqlite,postgres,mysql] [--rounds N] [--full] \
                     [only WORD…]\n  only: rows whose theme or text contains one of the words";

/// What this process is to do.
pub(crate) enum Role {
    /// Measure.
    Bench(Arguments),
    /// Work for a bench that is another process.
    Worker(Orders),
}

/// What is to be measured.
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    /// How often each figure is taken; the median is printed.
    pub(crate) rounds: usize,
    /// Whether millions of jobs are put beside the measured ones.
    pub(crate) full: bool,
    databases: Vec<String>,
    only: Vec<String>,
}

impl Role {
    /// Reads the words after the program's name.
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self> {
        // What cargo says to every bench.
        let mut words = words.filter(|word| word != "--bench").peekable();
        if words.next_if(|word| word == "worker").is_some() {
            return Orders::parse(words).map(Role::Worker);
        }
        let mut arguments = Arguments {
            rounds: 3,
            full: false,
            databases: Vec::new(),
            only: Vec::new(),
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--full" => arguments.full = true,
                "--rounds" => arguments.rounds = value(&word, words.next())?,
                "--database" => {
                    let names: String = value(&word, words.next())?;
                    arguments.databases = names.split(',').map(str::to_owned).collect();
                }
                "only" => arguments.only = words.by_ref().collect(),
                other => return Err(format!("`{other}` means nothing here\n{USAGE}").into()),
            }
        }
        let unknown = arguments.databases.iter().find(|name| {
            !Database::ALL
                .iter()
                .any(|known| known.scheme() == name.as_str())
        });
        if let Some(name) = unknown {
            return Err(format!("`{name}` is no database of this bench\n{USAGE}").into());
        }
        if arguments.rounds == 0 {
            return Err("a figure is taken at least once: give --rounds above 0".into());
        }
        Ok(Role::Bench(arguments))
    }
}

impl Arguments {
    /// Whether this database is wanted.
    pub(crate) fn measures(&self, database: Database) -> bool {
        self.databases.is_empty() || self.databases.iter().any(|name| name == database.scheme())
    }

    /// Whether this row is wanted.
    pub(crate) fn wants(&self, theme: &str, what: &str) -> bool {
        let says = |word: &String| theme.contains(word.as_str()) || what.contains(word.as_str());
        self.only.is_empty() || self.only.iter().any(says)
    }
}

impl Orders {
    /// The words that make [`Orders::parse`] give these orders again.
    pub(crate) fn words(&self) -> Vec<String> {
        let work = match self.work {
            Work::Drain => "drain",
            Work::Wait => "wait",
        };
        vec![
            "worker".into(),
            self.url.clone(),
            self.concurrency.to_string(),
            work.into(),
        ]
    }

    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self> {
        Ok(Self {
            url: value("worker", words.next())?,
            concurrency: value("the URL", words.next())?,
            work: match value::<String>("the concurrency", words.next())?.as_str() {
                "drain" => Work::Drain,
                "wait" => Work::Wait,
                other => return Err(format!("`{other}` is no work").into()),
            },
        })
    }
}

fn value<T: FromStr<Err: Into<Error>>>(after: &str, word: Option<String>) -> Result<T> {
    word.ok_or_else(|| format!("a word is missing after `{after}`\n{USAGE}"))?
        .parse()
        .map_err(Into::into)
}

/// Where the figures go for programs to read.
pub(crate) fn json_file() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../target/throughput.json"
    ))
}
