//! The URL of a PostgreSQL store: the driver's own, with `schema` and `poll-only` of ours, and its pools.

use std::str::FromStr;

use sea_orm::sqlx::ConnectOptions;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, SqlxPostgresConnector, Statement,
};

use crate::error::Result;
use crate::sql::address::{APPLICATION, IDLE, REACHED_WITHIN, READERS, unsupported};
use crate::sql::exchange::get;
use crate::sql::fault::failed;

const FORM: &str = "use `postgres://user:password@host:5432/database`";
/// What the connections that write tell the planner.
const LOOKING_UP: [(&str, &str); 5] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
];
/// How many connections write besides those that the tasks of the writer keep: for news, and the time. One that was used is
/// looked at before it is used again.
const WRITERS: u32 = 3;

/// Where a store is, and how it is reached.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    options: PgConnectOptions,
    /// Quoted.
    schema: Option<String>,
    pub(crate) poll_only: bool,
}

impl Address {
    /// Reads `url`. Nothing is reached yet.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut kept, mut schema, mut poll_only) = (Vec::new(), None, false);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=').unwrap_or((pair, "")) {
                ("schema", name) => schema = Some(checked(name, "`schema` in the URL")?),
                ("poll-only", "true") => poll_only = true,
                ("poll-only", "false") => poll_only = false,
                ("poll-only", _) => {
                    return Err(unsupported("`poll-only` in the URL is `true` or `false`"));
                }
                _ => kept.push(pair),
            }
        }
        let text = match kept.is_empty() {
            true => place.to_owned(),
            false => format!("{place}?{}", kept.join("&")),
        };
        // The driver's error may quote the URL, and with it the password.
        let options = PgConnectOptions::from_str(&text)
            .map_err(|_| unsupported(format!("the URL cannot be read: {FORM}")))?;
        Ok(Self::new(options, schema, poll_only))
    }

    /// The database that the application's `connection` leads to, and the schema that it looks into first, which it may
    /// have been told after it was made.
    pub(crate) async fn of(connection: &DatabaseConnection) -> Result<Self> {
        let options = connection.get_postgres_connection_pool().connect_options();
        let words = "SELECT current_schema()::text";
        let statement = Statement::from_string(DatabaseBackend::Postgres, words);
        let row = connection.query_one_raw(statement).await;
        let row = row.map_err(|e| failed("connect", e))?;
        let schema: Option<String> = match row {
            Some(row) => get("connect", &row, 0)?,
            None => None,
        };
        let whose = "the schema that the connection looks into first";
        let schema = schema.map(|name| checked(&name, whose)).transpose()?;
        Ok(Self::new(PgConnectOptions::clone(&options), schema, false))
    }

    fn new(options: PgConnectOptions, schema: Option<String>, poll_only: bool) -> Self {
        let mut settings = vec![
            ("default_transaction_isolation", "read committed".to_owned()),
            // A plan is compiled to machine code where it looks dear, which costs more than any of ours takes.
            ("jit", "off".to_owned()),
        ];
        settings.extend(schema.clone().map(|schema| ("search_path", schema)));
        let mut options = options
            .application_name("tasker")
            .disable_statement_logging();
        if poll_only {
            // A pooler passes no settings on that it does not know; what we need comes with each transaction.
            options = options.statement_cache_capacity(0).extra_float_digits(None);
        } else {
            options = options.options(settings);
        }
        Self {
            options,
            schema,
            poll_only,
        }
    }

    /// The connections that write, opened when they are first needed.
    pub(crate) fn write_pool(&self) -> DatabaseConnection {
        // Every statement here looks few rows up in an index that was made for it. So it is planned once: planning a settle
        // takes longer than carrying it out. And what reads all of a table is left out, whatever the statistics of one say
        // that was empty a moment ago.
        let options = self.options.clone();
        let options = match self.poll_only {
            true => options,
            false => options.options(LOOKING_UP),
        };
        self.pool(WRITERS, options)
    }

    /// The connections that read, opened when they are first needed.
    pub(crate) fn read_pool(&self) -> DatabaseConnection {
        self.pool(READERS, self.options.clone())
    }

    /// The connections of the application's own transactions, opened when they are first needed. Each is looked at before
    /// it is used, since nobody begins such a transaction again.
    pub(crate) fn application_pool(&self) -> DatabaseConnection {
        let pool = pool(APPLICATION).connect_lazy_with(self.options.clone());
        SqlxPostgresConnector::from_sqlx_postgres_pool(pool)
    }

    fn pool(&self, size: u32, options: PgConnectOptions) -> DatabaseConnection {
        // Looking first would double the round trips; a broken connection is found by using it.
        let pool = pool(size).test_before_acquire(false);
        SqlxPostgresConnector::from_sqlx_postgres_pool(pool.connect_lazy_with(options))
    }

    /// One connection, for notifications.
    pub(crate) fn listening_pool(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(1)
            .min_connections(0)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(REACHED_WITHIN)
            .connect_lazy_with(self.options.clone())
    }

    /// What is otherwise set when a connection is opened, as statements that hold for one transaction.
    pub(crate) fn local_settings(&self) -> String {
        let mut words = "SET LOCAL jit = off; SET LOCAL enable_seqscan = off".to_owned();
        if let Some(schema) = &self.schema {
            words.push_str("; SET LOCAL search_path = ");
            words.push_str(schema);
        }
        words
    }

    /// The schema's name, quoted; `None` for the one the connection finds by itself.
    pub(crate) fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }
}

fn pool(size: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(size)
        .min_connections(0)
        .idle_timeout(IDLE)
        .acquire_timeout(REACHED_WITHIN)
}

/// A schema's name, quoted. What it may hold is limited, so that no text of ours can be ended by it. `whose` it is goes
/// into the message.
fn checked(name: &str, whose: &str) -> Result<String> {
    let sound = (1..=63).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && (name.chars()).all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    match sound {
        true => Ok(format!("\"{name}\"")),
        false => Err(unsupported(format!(
            "{whose} is 1 to 63 of a to z, 0 to 9 and _, and begins with no digit"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        Address::parse(url).expect_err("refused").to_string()
    }

    #[test]
    fn a_schema_is_taken_out_of_the_url() {
        let address = Address::parse("postgres://me:secret@host/db?sslmode=disable&schema=jobs_1")
            .expect("accepted");
        assert_eq!(address.schema(), Some("\"jobs_1\""));
        assert!(!address.poll_only);
    }

    #[test]
    fn a_schema_that_could_end_a_text_is_refused() {
        for name in ["", "Jobs", "1jobs", "a\"b", "a.b", "a%20b"] {
            let text = refusal(&format!("postgres://me:secret@host/db?schema={name}"));
            assert!(
                text.contains("`schema`") && !text.contains("secret"),
                "{text}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_hides_the_password() {
        let text = refusal("postgres://me:secret@host:port/db");
        assert!(
            text.contains("postgres://user") && !text.contains("secret"),
            "{text}"
        );
        assert!(refusal("postgres://host/db?poll-only=1").contains("`poll-only`"));
    }
}
