//! What the errors of the server mean, by their number (MySQL reference manual, server error messages).

use sea_orm::sqlx::mysql::MySqlDatabaseError;

use crate::error::ErrorKind;
use crate::sql::fault::Fault;

/// What kind of failure the server reports, what is wrong and what to do.
pub(crate) fn fault(error: &MySqlDatabaseError) -> Fault {
    let (kind, detail) = match error.number() {
        // lock wait timeout, deadlock, record has changed; a row that somebody else inserted meanwhile
        1205 | 1213 | 1020 | 1062 => (ErrorKind::Conflict, "another transaction was in the way"),
        // too many connections, shutting down, killed
        1040 | 1203 => (
            ErrorKind::Unavailable,
            "the server has no connection left: raise its max_connections or run fewer programs",
        ),
        1053 | 1077 | 1079 | 1080 | 1158..=1161 | 1317 | 1927 | 3168 | 3169 | 4031 => (
            ErrorKind::Unavailable,
            "the server is stopping or starting, or ended the connection",
        ),
        1021 | 1114 => (
            ErrorKind::Unavailable,
            "the server's disk is full: make room; what was committed is kept",
        ),
        1290 | 1792 | 1836 => (
            ErrorKind::Unavailable,
            "the server takes no writes: it is a replica, or set to read only",
        ),
        1044 | 1045 | 1698 => (
            ErrorKind::Unsupported,
            "the server refused the user or the password of the URL",
        ),
        1049 => (
            ErrorKind::Unsupported,
            "the database of the URL does not exist: create it",
        ),
        1142 | 1143 | 1227 => (
            ErrorKind::Backend,
            "the user lacks a privilege: grant the rights on the database",
        ),
        1146 => (
            ErrorKind::Schema,
            "a table is missing: run the program's `migrate` command",
        ),
        1153 => (
            ErrorKind::Invalid,
            "the server refused a value: it is longer than its max_allowed_packet",
        ),
        1366 | 1406 => (
            ErrorKind::Invalid,
            "the server refused a value: it is too long, or no text",
        ),
        1969 | 3024 => (
            ErrorKind::Backend,
            "the server ended the statement: it took too long",
        ),
        _ => (ErrorKind::Backend, "the database refused a statement"),
    };
    Fault::new(kind, detail)
}
