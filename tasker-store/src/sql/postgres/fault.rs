//! What the errors of the server mean, by their SQLSTATE (PostgreSQL documentation, appendix A).

use sea_orm::sqlx::postgres::PgDatabaseError;

use crate::error::ErrorKind;
use crate::sql::fault::Fault;

/// What kind of failure the server reports, what is wrong and what to do.
pub(crate) fn fault(error: &PgDatabaseError) -> Fault {
    let (kind, detail) = match error.code() {
        // serialization failure, deadlock, lock not available; a row that somebody else inserted meanwhile
        "40001" | "40P01" | "55P03" | "23505" => {
            (ErrorKind::Conflict, "another transaction was in the way")
        }
        // shutting down or ended by an administrator, crash, cannot connect now; idle for too long, within a transaction too
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => (
            ErrorKind::Unavailable,
            "the server is stopping or starting, or ended the connection",
        ),
        "53300" => (
            ErrorKind::Unavailable,
            "the server has no connection left: raise its max_connections or run fewer programs",
        ),
        "53100" => (
            ErrorKind::Unavailable,
            "the server's disk is full: make room; what was committed is kept",
        ),
        "25006" => (
            ErrorKind::Unavailable,
            "the server takes no writes: it is a standby, or set to read only",
        ),
        "57014" => (
            ErrorKind::Backend,
            "the server ended the statement: it took too long",
        ),
        "28000" | "28P01" => (
            ErrorKind::Unsupported,
            "the server refused the user or the password of the URL",
        ),
        "3D000" => (
            ErrorKind::Unsupported,
            "the database of the URL does not exist: create it",
        ),
        "42501" => (
            ErrorKind::Backend,
            "the user lacks a privilege: grant the rights on the schema and its tables",
        ),
        "42P01" => (
            ErrorKind::Schema,
            "a table is missing: run the program's `migrate` command",
        ),
        "22021" | "22P05" => (
            ErrorKind::Invalid,
            "the server refused a text: it keeps no NUL characters, and its encoding must be UTF8",
        ),
        code if code.starts_with("08") => {
            (ErrorKind::Unavailable, "the connection to the server broke")
        }
        code if code.starts_with("53") => (
            ErrorKind::Unavailable,
            "the server lacks resources just now",
        ),
        code if code.starts_with("XX001") => (
            ErrorKind::Corrupt,
            "the database is damaged: restore it from a backup",
        ),
        _ => (ErrorKind::Backend, "the database refused a statement"),
    };
    Fault::new(kind, detail)
}
