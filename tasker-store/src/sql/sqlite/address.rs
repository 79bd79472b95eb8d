//! The URL of a SQLite store: `sqlite://path?mode=rwc&synchronous=full`, or `sqlite::memory:`.
//!
//! In: text from a person. Out: an [`Address`], or an error that says what is accepted. The rest of a URL that
//! is not ours never appears in a message, since it may carry a password.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use sea_orm::DatabaseConnection;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};

use crate::error::{ErrorKind, Result, StoreError};
use crate::sql::address::unsupported;

const FORMS: &str =
    "use `sqlite://path/to/file.db?mode=rwc`, `sqlite:file.db` or `sqlite::memory:`";

/// Where a store is, and how it is opened.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) options: SqliteConnectOptions,
    /// `None` for one that lives in memory.
    pub(crate) file: Option<PathBuf>,
    pub(crate) place: Place,
}

/// Whose connections are used.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// Our own.
    Own,
    /// The application's, since the database is in its memory.
    Shared(DatabaseConnection),
}

impl Address {
    /// Reads `url`. The file need not exist, the folder it is in must.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let invalid = |detail: String| Err(unsupported(detail));
        let rest = url.strip_prefix("sqlite:").unwrap_or(url);
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut synchronous = SqliteSynchronous::Normal;
        let mut kept = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("synchronous", "normal") => synchronous = SqliteSynchronous::Normal,
                ("synchronous", "full") => synchronous = SqliteSynchronous::Full,
                ("synchronous", _) => {
                    return invalid("`synchronous` in the URL is `normal` or `full`".into());
                }
                ("mode", "rw" | "rwc" | "memory") => kept.push(pair),
                ("mode", _) => {
                    return invalid("`mode` in the URL is `rw`, `rwc` (create the file) or `memory`: a store is written to".into());
                }
                (key, _) => {
                    return invalid(format!(
                        "`{}` in the URL is not known: use `mode` and `synchronous`",
                        key.escape_debug()
                    ));
                }
            }
        }
        let memory = path.trim_start_matches('/') == ":memory:" || kept.contains(&"mode=memory");
        if path.trim_start_matches('/').is_empty() {
            return invalid(format!("the URL names no file: {FORMS}"));
        }
        let text = if memory {
            "sqlite::memory:".to_owned()
        } else {
            format!("sqlite:{path}?{}", kept.join("&"))
        };
        let options = SqliteConnectOptions::from_str(&text).map_err(|e| {
            StoreError::new(
                ErrorKind::Unsupported,
                "connect",
                format!("the URL cannot be read: {FORMS}"),
            )
            .caused_by(e)
        })?;
        let file = (!memory).then(|| options.get_filename().to_owned());
        if let Some(file) = &file {
            check_folder(file, kept.contains(&"mode=rwc"))?;
        }
        Ok(Self {
            options: options.synchronous(synchronous),
            file,
            place: Place::Own,
        })
    }

    /// The database that the application's `connection` leads to.
    pub(crate) fn of(connection: &DatabaseConnection) -> Self {
        let options = connection.get_sqlite_connection_pool().connect_options();
        let options = SqliteConnectOptions::clone(&options);
        let name = options.get_filename().to_owned();
        // The driver names a database in memory so.
        let memory = name.to_string_lossy().starts_with("file:sqlx-in-memory");
        Self {
            file: (!memory).then_some(name),
            place: match memory {
                true => Place::Shared(connection.clone()),
                false => Place::Own,
            },
            options,
        }
    }

    pub(crate) fn is_in_memory(&self) -> bool {
        self.file.is_none()
    }
}

fn check_folder(file: &Path, create: bool) -> Result<()> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(StoreError::new(
            ErrorKind::Unsupported,
            "connect",
            format!(
                "the folder `{}` of the database file does not exist: create it",
                folder.display()
            ),
        ));
    }
    if !create && !file.exists() {
        return Err(StoreError::new(
            ErrorKind::Unsupported,
            "connect",
            format!(
                "the database file `{}` does not exist: add `?mode=rwc` to the URL to create it",
                file.display()
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        Address::parse(url).expect_err("refused").to_string()
    }

    #[test]
    fn a_file_and_memory_are_told_apart() {
        let file = Address::parse("sqlite://some.db?mode=rwc&synchronous=full").expect("accepted");
        assert_eq!(file.file.as_deref(), Some(Path::new("some.db")));
        assert!(
            Address::parse("sqlite::memory:")
                .expect("accepted")
                .file
                .is_none()
        );
        assert!(
            Address::parse("sqlite://:memory:")
                .expect("accepted")
                .file
                .is_none()
        );
    }

    #[test]
    fn a_foreign_url_names_the_forms_and_hides_the_password() {
        let text = crate::sql::address::Address::parse("gopher://me:secret@host/db")
            .expect_err("refused")
            .to_string();
        assert!(text.contains("sqlite::memory:"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn a_missing_folder_and_a_missing_file_are_named() {
        let folder = refusal("sqlite:///no/such/folder/x.db?mode=rwc");
        assert!(folder.contains("`/no/such/folder`"), "{folder}");
        let file = refusal("sqlite://no-such-file.db");
        assert!(file.contains("mode=rwc"), "{file}");
    }

    #[test]
    fn unknown_settings_are_refused() {
        assert!(refusal("sqlite://x.db?mode=ro").contains("`mode`"));
        assert!(refusal("sqlite://x.db?synchronous=off").contains("`synchronous`"));
        assert!(refusal("sqlite://x.db?cache=shared").contains("`cache`"));
    }
}
