//! Private servers: they start, keep what was committed, can be harmed, and leave nothing behind.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use servers::{Engine, Proxy, Server, Space, is_alive, shared, until};
use sqlx::{Connection as _, Executor, MySqlConnection, PgConnection};
use tokio::net::TcpStream;

use crate::{Trials, trials};

/// Longer than an answer takes that comes.
const A_WHILE: Duration = Duration::from_millis(500);

pub(crate) fn trials(engine: Engine) -> Trials {
    let mut trials = trials!(
        engine.can_start(),
        engine.name(),
        (engine),
        [
            what_is_committed_survives_a_kill_and_a_stop,
            a_paused_server_is_silent_and_then_goes_on,
            a_proxy_is_between,
            durability_is_on,
            a_server_ends_with_its_owner,
            a_server_ends_with_its_process,
        ]
    );
    trials.extend(trials!(
        engine.can_share(),
        engine.name(),
        (engine),
        [the_shared_server_is_one, spaces_share_nothing,]
    ));
    trials
}

async fn what_is_committed_survives_a_kill_and_a_stop(engine: Engine) {
    let server = Server::start(engine).await;
    let space = server.database().await;
    space.sql("create table kept (word text)").await;
    space.sql("insert into kept values ('one')").await;
    let port = server.port();
    server.kill().await;
    refuses(&server).await;
    server.restart().await;
    assert_eq!(space.text("select word from kept").await, "one");
    space.sql("update kept set word = 'two'").await;
    server.stop().await;
    refuses(&server).await;
    server.restart().await;
    assert_eq!(space.text("select word from kept").await, "two");
    assert_eq!(server.port(), port);
}

async fn a_paused_server_is_silent_and_then_goes_on(engine: Engine) {
    let server = Server::start(engine).await;
    server.pause().await;
    let ask = server.text("select 'here'");
    tokio::pin!(ask);
    let answer = tokio::time::timeout(A_WHILE, &mut ask).await;
    assert!(answer.is_err(), "{answer:?}");
    server.resume();
    assert_eq!(ask.await, "here");
    // It can be killed while it stands still.
    server.pause().await;
    server.kill().await;
    server.restart().await;
    assert_eq!(server.text("select 'again'").await, "again");
}

async fn a_proxy_is_between(engine: Engine) {
    let server = shared(engine).await;
    let space = server.database().await;
    space.sql("create table kept (word text)").await;
    let proxy = Proxy::to(server.port()).await;
    let url = space.url_through(&proxy);
    let mut connection = Connection::open(engine, &url).await.unwrap();
    connection
        .run("insert into kept values ('one')")
        .await
        .unwrap();
    assert_eq!(space.text("select word from kept").await, "one");

    proxy.cut();
    connection
        .run("insert into kept values ('two')")
        .await
        .unwrap_err();
    let mut connection = Connection::open(engine, &url).await.unwrap();
    proxy.black_hole();
    let statement = connection.run("insert into kept values ('three')");
    let answer = tokio::time::timeout(A_WHILE, statement).await;
    assert!(answer.is_err(), "{answer:?}");
    let opened = tokio::time::timeout(A_WHILE, Connection::open(engine, &url)).await;
    assert!(opened.is_err());
    // What the hole has swallowed has not arrived.
    assert_eq!(space.text("select max(word) from kept").await, "one");
}

async fn durability_is_on(engine: Engine) {
    let server = shared(engine).await;
    match engine {
        Engine::Postgres => {
            for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
                let set = server
                    .text(&format!("select current_setting('{setting}')"))
                    .await;
                assert_eq!(set, "on", "{setting}");
            }
        }
        Engine::MySql => {
            let flush = "select cast(@@innodb_flush_log_at_trx_commit as char)";
            assert_eq!(server.text(flush).await, "1");
            let doublewrite = "select cast(@@innodb_doublewrite as char)";
            assert_ne!(server.text(doublewrite).await, "0");
        }
    }
}

async fn a_server_ends_with_its_owner(engine: Engine) {
    let server = Server::start(engine).await;
    let (folder, pid) = (server.folder().to_path_buf(), server.pid());
    assert!(folder.exists() && is_alive(pid));
    drop(server);
    assert!(!folder.exists() && !is_alive(pid));
}

/// Also one that stands still, when its process has no chance to do anything about it.
async fn a_server_ends_with_its_process(engine: Engine) {
    let mut owner = Command::new(env!("CARGO_BIN_EXE_servers-owner"))
        .arg(engine.name())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let mut line = || lines.next().unwrap().unwrap();
    let (folder, pid) = (PathBuf::from(line()), line().parse().unwrap());
    assert!(is_alive(pid) && works_in(&folder));
    owner.kill().unwrap();
    owner.wait().unwrap();
    until("the folder is gone", async || !folder.exists()).await;
    until("the server has ended", async || !is_alive(pid)).await;
    until("all of it has", async || !works_in(&folder)).await;
}

async fn the_shared_server_is_one(engine: Engine) {
    let (one, other) = tokio::join!(shared(engine), shared(engine));
    assert!(std::ptr::eq(one, other));
    let version = one.text("select version()").await;
    assert!(version.starts_with(|c: char| c.is_ascii_digit()) || version.contains("PostgreSQL"));
}

async fn spaces_share_nothing(engine: Engine) {
    let server = shared(engine).await;
    for (one, other) in [
        (server.database().await, server.database().await),
        (installation(server).await, installation(server).await),
    ] {
        for (space, word) in [(&one, "one"), (&other, "other")] {
            let table = format!("create table kept as select '{word}' as word");
            space.sql(&table).await;
        }
        assert_eq!(one.text("select word from kept").await, "one");
        assert_eq!(other.text("select word from kept").await, "other");
    }
}

/// With the schema that the store would make.
async fn installation(server: &Server) -> Space {
    let space = server.installation().await;
    if server.engine() == Engine::Postgres {
        server.sql(&format!("create schema {}", space.name())).await;
    }
    space
}

/// Waits until nobody answers.
async fn refuses(server: &Server) {
    let address = ("127.0.0.1", server.port());
    until("the port is closed", async || {
        TcpStream::connect(address).await.is_err()
    })
    .await;
}

/// Whether any process is in the folder or in one below it.
fn works_in(folder: &Path) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    // Errors are those of processes that have ended, or are not ours to know.
    let mut places = processes.filter_map(|process| process.path().join("cwd").read_link().ok());
    places.any(|place| place.starts_with(folder))
}

/// A connection of the bare driver.
enum Connection {
    Postgres(PgConnection),
    MySql(MySqlConnection),
}

impl Connection {
    async fn open(engine: Engine, url: &str) -> sqlx::Result<Self> {
        Ok(match engine {
            Engine::Postgres => Self::Postgres(PgConnection::connect(url).await?),
            Engine::MySql => Self::MySql(MySqlConnection::connect(url).await?),
        })
    }

    async fn run(&mut self, statement: &'static str) -> sqlx::Result<()> {
        match self {
            Self::Postgres(connection) => connection.execute(statement).await.map(drop),
            Self::MySql(connection) => connection.execute(statement).await.map(drop),
        }
    }
}
