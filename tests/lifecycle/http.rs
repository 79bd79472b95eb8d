//! Web servers as parts: real sockets, and requests in flight at the stop.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tasker::State;
use tasker::lifecycle::{
    Background, Composed, HttpServer, Overran, Part, Shutdown, background, concurrence,
    http_server, main, with_state,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};

use crate::probe::{Probe, soon};
use crate::process::{Process, until};

/// What handlers are lent.
struct Desk {
    probe: Probe,
    gate: Notify,
}

async fn slow(desk: State<Desk>, shutdown: Shutdown) -> String {
    desk.probe.say("in flight");
    desk.gate.notified().await;
    format!("told to end: {}", shutdown.is_cancelled())
}

async fn meek(desk: State<Desk>, shutdown: Shutdown) -> &'static str {
    desk.probe.say("in flight");
    shutdown.cancelled().await;
    "gave in"
}

async fn deaf(desk: State<Desk>) {
    struct Said(State<Desk>);
    impl Drop for Said {
        fn drop(&mut self) {
            self.0.probe.say("dropped");
        }
    }
    desk.probe.say("in flight");
    let said = Said(desk);
    std::future::pending::<()>().await;
    drop(said);
}

async fn nested() -> Result<String, String> {
    let answer = Arc::new(std::sync::Mutex::new(String::new()));
    let writes = Arc::clone(&answer);
    let look = move |shutdown: Shutdown| async move {
        let desk = shutdown.state::<Desk>().await?;
        desk.probe.say("nested");
        *writes.lock().unwrap() = "from a part".into();
        Ok::<_, tasker::BoxError>(())
    };
    let outcome = concurrence![look].await;
    outcome.map_err(|failure| failure.to_string())?;
    let answer = answer.lock().unwrap().clone();
    Ok(answer)
}

async fn panics() {
    panic!("no luck")
}

async fn without(_: State<String>) {}

fn router() -> Router {
    Router::new()
        .route("/slow", get(slow))
        .route("/meek", get(meek))
        .route("/deaf", get(deaf))
        .route("/nested", get(nested))
        .route("/panics", get(panics))
        .route("/without", get(without))
        .route("/large", get(|| async { "much ".repeat(4 << 20) }))
        .route("/", get(|| async { "hello" }))
}

struct Server {
    address: SocketAddr,
    running: Background,
    desk: Arc<Desk>,
}

impl Server {
    async fn start(set: impl FnOnce(Composed<HttpServer>) -> Composed<HttpServer>) -> Self {
        let desk = Arc::new(Desk {
            probe: Probe::new(),
            gate: Notify::new(),
        });
        let mut states = tasker::States::default();
        states.insert::<Desk>(State::from(Arc::clone(&desk)));
        let (tell, told) = oneshot::channel();
        let tell = std::sync::Mutex::new(Some(tell));
        let server = http_server(router(), "127.0.0.1:0").on_listening(move |address| {
            let tell = tell.lock().unwrap().take().unwrap();
            tell.send(address).unwrap();
        });
        let running = background(tasker::lifecycle::with_states(states, set(server)));
        Self {
            address: soon(told).await.unwrap(),
            running,
            desk,
        }
    }

    async fn ask(&self, path: &str) -> Connection {
        let mut connection = Connection(TcpStream::connect(self.address).await.unwrap());
        connection.send(path).await;
        connection
    }

    /// Tells it to stop, and waits until it refuses connections.
    async fn stopping(&self) -> tokio::task::JoinHandle<Result<(), tasker::lifecycle::Failure>> {
        let running = self.running.clone();
        let stopping = tokio::spawn(async move { running.stop().await });
        until("connections are refused", async || {
            TcpStream::connect(self.address).await.is_err()
        })
        .await;
        stopping
    }
}

struct Connection(TcpStream);

impl Connection {
    async fn send(&mut self, path: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
        self.0.write_all(request.as_bytes()).await.unwrap();
    }

    /// One answer: its status and its body.
    async fn answer(&mut self) -> (u16, String) {
        let mut text = String::new();
        let (head, length) = loop {
            if let Some((head, _)) = text.split_once("\r\n\r\n") {
                let lower = head.to_ascii_lowercase();
                let length = lower
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                break (head.len() + 4, length.unwrap().parse::<usize>().unwrap());
            }
            text.push_str(&self.more().await.expect("the head of an answer"));
        };
        while text.len() < head + length {
            text.push_str(&self.more().await.expect("the body of an answer"));
        }
        let status = text.split(' ').nth(1).unwrap().parse().unwrap();
        (status, text.split_off(head))
    }

    /// The next bytes; nothing at the end.
    async fn more(&mut self) -> Option<String> {
        let mut bytes = [0; 4096];
        let read = soon(self.0.read(&mut bytes)).await.unwrap_or(0);
        (read > 0).then(|| String::from_utf8(bytes[..read].to_vec()).unwrap())
    }
}

/// F-42.
#[tokio::test]
async fn f42_a_request_in_flight_finishes_and_new_ones_are_refused() {
    let server = Server::start(|server| server).await;
    let mut in_flight = server.ask("/slow").await;
    assert_eq!(server.desk.probe.hear().await, "in flight");
    // Neither a connection that has been answered, nor one that never asked, holds up the stop.
    let mut idle = server.ask("/").await;
    assert_eq!(idle.answer().await, (200, "hello".into()));
    let mut silent = Connection(TcpStream::connect(server.address).await.unwrap());
    let mut known = server.ask("/").await;
    assert_eq!(known.answer().await.0, 200);

    let stopping = server.stopping().await;
    assert!(!stopping.is_finished());
    for other in [&mut idle, &mut silent, &mut known] {
        assert_eq!(other.more().await, None);
    }
    server.desk.gate.notify_one();
    let wanted = (200, "told to end: false".to_owned());
    assert_eq!(in_flight.answer().await, wanted);
    soon(stopping).await.unwrap().unwrap();
    assert_eq!(in_flight.more().await, None);
}

/// Whoever sends half of a request holds up no stop; nor is an answer cut short whose connection says no more.
#[tokio::test]
async fn a_request_that_never_arrives_is_not_waited_for() {
    let server = Server::start(|server| server).await;
    let mut half = Connection(TcpStream::connect(server.address).await.unwrap());
    half.0.write_all(b"GET / HT").await.unwrap();
    let mut late = server.ask("/slow").await;
    assert_eq!(server.desk.probe.hear().await, "in flight");
    // Its answer is made, and nobody reads it yet.
    let mut large = server.ask("/large").await;
    large.0.readable().await.unwrap();
    let stopping = server.stopping().await;
    assert_eq!(half.more().await, None);
    assert!(!stopping.is_finished());
    assert_eq!(large.answer().await.1.len(), 20 << 20);
    server.desk.gate.notify_one();
    assert_eq!(late.answer().await, (200, "told to end: false".into()));
    soon(stopping).await.unwrap().unwrap();
}

/// The state of the composition, the request's surroundings, and what goes wrong in handlers.
#[tokio::test]
async fn handlers_live_in_the_program() {
    let server = Server::start(|server| server).await;
    let mut connection = server.ask("/nested").await;
    assert_eq!(connection.answer().await, (200, "from a part".into()));
    assert_eq!(server.desk.probe.hear().await, "nested");
    // The connection survives what a handler does.
    for path in ["/panics", "/without"] {
        connection.send(path).await;
        assert_eq!(connection.answer().await, (500, String::new()), "{path}");
    }
    connection.send("/").await;
    assert_eq!(connection.answer().await.0, 200);
    soon(server.running.stop()).await.unwrap();
}

#[tokio::test]
async fn after_the_grace_time_requests_are_told_to_end() {
    let server = Server::start(|server| server.grace(Duration::from_millis(50))).await;
    let mut meek = server.ask("/meek").await;
    server.desk.probe.hear().await;
    let stopping = server.stopping().await;
    assert_eq!(meek.answer().await, (200, "gave in".into()));
    soon(stopping).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_does_not_give_in_is_dropped() {
    let grace = Duration::from_millis(50);
    let server = Server::start(|server| server.grace(grace)).await;
    let mut deaf = server.ask("/deaf").await;
    server.desk.probe.hear().await;
    let failure = soon(server.running.stop()).await.unwrap_err();
    let overran: &Overran = failure.find().unwrap();
    assert_eq!((overran.what, overran.grace), ("a request", grace));
    assert_eq!(server.desk.probe.hear().await, "dropped");
    assert_eq!(deaf.more().await, None);
}

/// A second signal, or the end of what the server is part of.
#[tokio::test]
async fn no_connection_outlives_its_server() {
    let desk = Arc::new(Desk {
        probe: Probe::new(),
        gate: Notify::new(),
    });
    let mut states = tasker::States::default();
    states.insert::<Desk>(State::from(Arc::clone(&desk)));
    for is_forced in [true, false] {
        let probe = Probe::new();
        let tell = probe.clone();
        let server = http_server(router(), "127.0.0.1:0").on_listening(move |at| tell.say(at));
        let server = tasker::lifecycle::with_states(states.clone(), server);
        let shutdown = Shutdown::new();
        let running = tokio::spawn(server.run(shutdown.clone()));
        let address = probe.hear().await;
        let mut deaf = Connection(TcpStream::connect(&address).await.unwrap());
        deaf.send("/deaf").await;
        assert_eq!(desk.probe.hear().await, "in flight");
        if is_forced {
            shutdown.force();
            let ended = tokio::time::timeout(Duration::from_millis(1500), running).await;
            let failure = ended.unwrap().unwrap().unwrap_err();
            let overran: &Overran = failure.find().unwrap();
            // Not the whole grace time.
            assert!(overran.grace < Duration::from_secs(2), "{overran}");
        } else {
            running.abort();
        }
        assert_eq!(desk.probe.hear().await, "dropped");
        assert_eq!(deaf.more().await, None);
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_had_is_an_error() {
    let server = Server::start(|server| server).await;
    let address = server.address;
    let failure = soon(main(http_server(Router::new(), address)))
        .await
        .unwrap_err();
    assert!(
        failure.to_string().contains(&format!("`{address}`")),
        "{failure}"
    );
    let failure = soon(main(with_state(
        1_u8,
        http_server(Router::new(), "nowhere"),
    )));
    assert!(failure.await.unwrap_err().to_string().contains("`nowhere`"));
}

/// F-43: in the environment of a real process.
#[tokio::test]
async fn f43_the_port_comes_from_the_environment() {
    let port = || {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let start = |address: &str, name: &str, value: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lifecycle-program"));
        command
            .args(["server", address])
            .env_remove("PORT")
            .env(name, value);
        Process::start(command)
    };
    let free = port().to_string();
    let mut local = start("127.0.0.1:8080", "PORT", &free);
    local.hear(&format!("listening on 127.0.0.1:{free}")).await;
    local.terminate();
    local.ended().await.well();

    let free = port().to_string();
    let mut every = start(":8080", "PORT", &free);
    // Every address of the machine, by IPv6 where it has that.
    let six = tokio::net::TcpListener::bind("[::]:0").await.is_ok();
    let host = if six { "[::]" } else { "0.0.0.0" };
    every.hear(&format!("listening on {host}:{free}")).await;
    let four = TcpStream::connect(format!("127.0.0.1:{free}")).await;
    four.expect("IPv4 is served in both cases");
    every.terminate();
    every.ended().await.well();

    // Two keys: the first that is set wins, `PORT2` here; a wrong one is named.
    let wrong = start(":8080", "PORT2", "http").ended().await;
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        wrong.out.contains("`PORT2`") && wrong.out.contains("`http`"),
        "{}",
        wrong.out
    );
}
