//! Rows as parameters of one statement, in the form that a database reads fastest.
//!
//! In: rows of values, all of one width, one after the other. Out: the statement's text and its parameters.

use sea_orm::Value;
use sea_orm::sea_query::ArrayType;
use uuid::Uuid;

/// A statement over rows.
#[derive(Debug)]
pub(crate) enum Bulk {
    /// A parameter for each value. A text exists for each power of two of rows, so that it stays prepared, and a batch takes the
    /// next larger one: parameters that are not given are NULL, and a row that begins with NULL is none.
    #[cfg_attr(not(feature = "sqlite"), allow(dead_code, reason = "SQLite's"))]
    Places {
        /// What comes before the rows.
        before: &'static str,
        /// One row.
        row: &'static str,
        /// What comes after them.
        after: &'static str,
    },
    /// An array for each column, after the parameters that are not rows. An array holds no NULL here: the smallest
    /// number, the nil id and the empty text stand for it; single values stand for none in the same way.
    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "PostgreSQL's"))]
    Arrays {
        /// The text.
        all: &'static str,
        /// The same where the rows differ in some columns only: the others are single values, after the arrays.
        /// It takes less than three quarters of the time.
        alike: &'static str,
        /// The same, but for a failure where one of them is there already. Without an eye on that it takes less than three quarters of
        /// the time again.
        new: &'static str,
    },
    /// One JSON array of arrays, after the parameters that are not rows.
    #[cfg_attr(not(feature = "mysql"), allow(dead_code, reason = "MySQL's"))]
    Json(&'static str),
}

impl Bulk {
    /// The most rows of one statement.
    pub(crate) const fn most(&self) -> usize {
        match self {
            // Twice as many save little time and take twice the memory while prepared.
            Bulk::Places { .. } => 256,
            Bulk::Arrays { .. } | Bulk::Json(_) => 2_000,
        }
    }

    /// The text for `rows` of so many `columns`, and its parameters, `fixed` ones first.
    pub(crate) fn statement(
        &self,
        fixed: Vec<Value>,
        columns: usize,
        rows: Vec<Value>,
    ) -> (String, Vec<Value>) {
        debug_assert!(rows.len() <= self.most() * columns, "too many rows");
        let mut values = fixed;
        match self {
            Bulk::Places { before, row, after } => {
                let places = (rows.len() / columns).next_power_of_two();
                let length = before.len() + places * (row.len() + 1) + after.len();
                let mut text = String::with_capacity(length);
                text.push_str(before);
                for place in 0..places {
                    if place > 0 {
                        text.push(',');
                    }
                    text.push_str(row);
                }
                text.push_str(after);
                values.extend(rows);
                (text, values)
            }
            Bulk::Arrays { all, .. } => {
                let kinds: Vec<ArrayType> = rows[..columns].iter().map(kind).collect();
                values.extend(arrays(&kinds, rows));
                ((*all).to_owned(), values)
            }
            Bulk::Json(text) => {
                let rows: Vec<&[Value]> = rows.chunks(columns).collect();
                let rows: Vec<Vec<serde_json::Value>> = (rows.iter())
                    .map(|row| row.iter().map(json).collect())
                    .collect();
                values.push(crate::sql::enqueue::json(&rows).into());
                ((*text).to_owned(), values)
            }
        }
    }
}

/// The parameters of a text for rows that differ in some columns only: `different` has these columns, of these `kinds`, row by
/// row, and `alike` the others.
pub(crate) fn differing(
    kinds: &[ArrayType],
    different: Vec<Value>,
    alike: Vec<Value>,
) -> Vec<Value> {
    let mut values = arrays(kinds, different);
    values.extend(alike.into_iter().map(whole));
    values
}

/// Rows, turned into one array for each column, of these `kinds`.
pub(crate) fn arrays(kinds: &[ArrayType], rows: Vec<Value>) -> Vec<Value> {
    let count = rows.len() / kinds.len();
    let mut columns = vec![Vec::with_capacity(count); kinds.len()];
    for (place, value) in rows.into_iter().enumerate() {
        columns[place % kinds.len()].push(whole(value));
    }
    kinds
        .iter()
        .zip(columns)
        .map(|(kind, column)| Value::Array(kind.clone(), Some(Box::new(column))))
        .collect()
}

/// A value of an array, with what stands for none of its kind.
fn whole(value: Value) -> Value {
    match value {
        Value::BigInt(number) => number.unwrap_or(i64::MIN).into(),
        Value::String(text) => text.unwrap_or_default().into(),
        Value::Uuid(id) => id.unwrap_or(Uuid::nil()).into(),
        Value::Bool(flag) => flag.unwrap_or_default().into(),
        other => unreachable!("no column of a batch holds {other:?}"),
    }
}

/// What kind of array a value goes into.
fn kind(value: &Value) -> ArrayType {
    match value {
        Value::BigInt(_) => ArrayType::BigInt,
        Value::String(_) => ArrayType::String,
        Value::Uuid(_) => ArrayType::Uuid,
        Value::Bool(_) => ArrayType::Bool,
        other => unreachable!("no column of a batch holds {other:?}"),
    }
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::BigInt(number) => (*number).into(),
        Value::String(text) => text.as_deref().into(),
        Value::Uuid(id) => id.map(crate::sql::enqueue::hex).into(),
        Value::Bool(flag) => flag.map(i64::from).into(),
        other => unreachable!("no column of a batch holds {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns() {
        let rows = vec![
            1i64.into(),
            Value::String(None),
            2i64.into(),
            Value::from("b"),
        ];
        let bulk = Bulk::Arrays {
            all: "all",
            alike: "alike",
            new: "new",
        };
        let (text, values) = bulk.statement(vec![7i64.into()], 2, rows);
        assert_eq!(text, "all");
        let texts = Value::Array(
            ArrayType::String,
            Some(Box::new(vec!["".into(), "b".into()])),
        );
        let numbers = Value::Array(
            ArrayType::BigInt,
            Some(Box::new(vec![1i64.into(), 2i64.into()])),
        );
        assert_eq!(values, vec![7i64.into(), numbers.clone(), texts]);
        let rows = vec![1i64.into(), 2i64.into()];
        let values = differing(&[ArrayType::BigInt], rows, vec![Value::String(None)]);
        assert_eq!(values, vec![numbers, "".into()]);
    }

    #[test]
    fn rows_become_json() {
        let rows = vec![
            1i64.into(),
            Value::String(None),
            true.into(),
            Value::from("é\""),
        ];
        let (_, values) = Bulk::Json("text").statement(Vec::new(), 2, rows);
        assert_eq!(values, vec![Value::from("[[1,null],[1,\"é\\\"\"]]")]);
    }
}
