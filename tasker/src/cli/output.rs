//! What goes to stdout: tables for people, JSON for programs.
//!
//! A reader that stops reading (`| head`) is no error. Values of jobs are other people's text: in a table,
//! their control characters are replaced, so that no job can paint on an operator's terminal.

use std::io::{self, Write};

use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::Value;
use tasker_store::Instant;

use crate::error::{Error, Result};

/// Writes `text` and a line break.
pub(crate) fn line(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let written = (out.write_all(text.as_bytes()))
        .and_then(|()| match text.ends_with('\n') {
            true => Ok(()),
            false => out.write_all(b"\n"),
        })
        .and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Setup(format!(
            "the output could not be written: {error}"
        ))),
        _ => Ok(()),
    }
}

/// Writes `value` as indented JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::Setup(format!("the output cannot be written as JSON: {error}")))?;
    line(&text)
}

/// The text as JSON where it is JSON, else as it is.
pub(crate) fn embed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// An instant for people, in UTC.
pub(crate) fn time(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The same where there may be none.
pub(crate) fn time_or_dash(at: Option<Instant>) -> String {
    at.map_or_else(|| "-".into(), time)
}

/// Rows under headings, each column as wide as its widest cell.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self {
            rows: vec![headings.map(str::to_owned).to_vec()],
        }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| plain(&cell)).to_vec());
    }

    /// The rows, or `nothing` where there are none, on stderr: what goes on in a pipe is rows.
    pub(crate) fn print(self, nothing: &str) -> Result<()> {
        if self.rows.len() == 1 {
            eprintln!("{nothing}");
            return Ok(());
        }
        line(&self.text())
    }

    fn text(&self) -> String {
        let columns = self.rows[0].len();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let lengths = self.rows.iter().map(|row| row[column].chars().count());
                lengths.max().unwrap_or_default()
            })
            .collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, &width) in row.iter().zip(&widths) {
                line.push_str(&format!("{cell:width$}  "));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

/// One line without control characters.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// Several lines without any other control characters.
pub(crate) fn plain_lines(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["NAME", "STATE"]);
        table.row(["mail".into(), "paused".into()]);
        table.row(["größe-x".into(), String::new()]);
        assert_eq!(table.text(), "NAME     STATE\nmail     paused\ngröße-x\n");
    }

    #[test]
    fn no_cell_breaks_its_row() {
        let mut table = Table::new(["ERROR"]);
        table.row(["a\nb\u{1b}[31m".into()]);
        assert_eq!(table.text(), "ERROR\na b [31m\n");
    }
}
