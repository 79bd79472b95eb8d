//! A place of its own in a server, for one test.
//!
//! In: a server's URL. Out: URLs that lead to a database or schema that nobody else uses, for the store and for the bare driver.
//! What is in a private server goes with it; in one that the environment names, the place is dropped when it is over.

use tokio::runtime::Builder;
use uuid::Uuid;

use crate::engine::Engine;
use crate::pooler::Pooler;
use crate::proxy::Proxy;

/// A database, or a schema of PostgreSQL.
#[derive(Debug)]
pub struct Space {
    engine: Engine,
    kind: Kind,
    name: String,
    /// The server's, with a database for administration.
    server: String,
    /// Whether the server outlives the tests.
    lasts: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Database,
    Schema,
}

impl Space {
    pub(crate) fn new(engine: Engine, kind: Kind, server: String, lasts: bool) -> Self {
        Self {
            engine,
            kind,
            // Safe in any statement and in any URL.
            name: format!("tasker_{}", Uuid::new_v4().simple()),
            server,
            lasts,
        }
    }

    pub(crate) async fn make(&self) {
        if self.kind == Kind::Database {
            let create = format!("create database {}", self.name);
            let created = self.engine.run(&self.server, &create).await;
            created.unwrap_or_else(|error| panic!("cannot make a database: {error}"));
        }
    }

    /// The name of the database or schema.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The URL for a store.
    pub fn url(&self) -> String {
        self.url_in(&self.server, "schema")
    }

    /// The same by way of `proxy`, which must lead to the server.
    pub fn url_through(&self, proxy: &Proxy) -> String {
        let server = with_port(&self.server, proxy.port());
        self.url_in(&server, "schema")
    }

    /// The same by way of `pooler`, which must be before the server.
    pub fn url_pooled(&self, pooler: &Pooler) -> String {
        let server = with_port(&self.server, pooler.port());
        with_option(&self.url_in(&server, "schema"), "poll-only", "true")
    }

    /// The URL for the bare driver. A schema must have been made.
    pub fn driver_url(&self) -> String {
        self.url_in(&self.server, "options[search_path]")
    }

    /// Runs statements in it.
    pub async fn sql(&self, statements: &str) {
        let done = self.engine.run(&self.driver_url(), statements).await;
        done.unwrap_or_else(|error| panic!("{}: `{statements}`: {error}", self.engine.name()));
    }

    /// The first column of the first row that `query` gives; it must be a text.
    pub async fn text(&self, query: &str) -> String {
        let text = self.engine.text(&self.driver_url(), query).await;
        text.unwrap_or_else(|error| panic!("{}: `{query}`: {error}", self.engine.name()))
    }

    fn url_in(&self, server: &str, schema: &str) -> String {
        match self.kind {
            Kind::Database => with_database(server, &self.name),
            Kind::Schema => with_option(server, schema, &self.name),
        }
    }

    fn drop_statement(&self) -> String {
        let name = &self.name;
        match (self.engine, self.kind) {
            (Engine::Postgres, Kind::Database) => format!("drop database {name} with (force)"),
            (Engine::MySql, Kind::Database) => format!("drop database {name}"),
            (_, Kind::Schema) => format!("drop schema if exists {name} cascade"),
        }
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        if !self.lasts {
            return;
        }
        let (engine, server, statement) = (self.engine, &self.server, self.drop_statement());
        // A thread, since this one may be a runtime's.
        let dropped = std::thread::scope(|scope| {
            let drop = scope.spawn(|| {
                let runtime = Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(engine.run(server, &statement))
            });
            drop.join()
        });
        if !matches!(dropped, Ok(Ok(()))) {
            eprintln!("`{statement}` is left to do: {dropped:?}");
        }
    }
}

/// `url` with another database; what follows its `?` stays.
fn with_database(url: &str, database: &str) -> String {
    let (address, options) = match url.find('?') {
        Some(at) => url.split_at(at),
        None => (url, ""),
    };
    let host = address.find("://").map_or(0, |at| at + 3);
    let end = address[host..].find('/');
    let end = end.map_or(address.len(), |at| host + at);
    format!("{}/{database}{options}", &address[..end])
}

fn with_option(url: &str, name: &str, value: &str) -> String {
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}{name}={value}")
}

/// A private server's URL, which has a port and nothing unusual.
fn with_port(url: &str, port: u16) -> String {
    let (before, after) = url.rsplit_once(':').expect("it has a port");
    let (_, database) = after.split_once('/').expect("it has a database");
    format!("{before}:{port}/{database}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_leads_to_another_database_or_port() {
        for (url, expected) in [
            ("mysql://root@127.0.0.1:1", "mysql://root@127.0.0.1:1/x"),
            ("postgres://a:b@host/", "postgres://a:b@host/x"),
            ("postgres://host/db?ssl=no", "postgres://host/x?ssl=no"),
        ] {
            assert_eq!(with_database(url, "x"), expected);
        }
        assert_eq!(with_port("mysql://a@b:1/c", 2), "mysql://a@b:2/c");
        assert_eq!(with_option("p://h/db?a=b", "c", "d"), "p://h/db?a=b&c=d");
    }
}
