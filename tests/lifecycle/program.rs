//! The program that the tests of `lifecycle` start, signal and kill: the first argument says what it is.

#[path = "../chaos/orders.rs"]
mod orders;

use std::process::ExitCode;
use std::time::Duration;

use orders::{Orders, say};
use tasker::lifecycle::{
    self, BoxPart, Failure, Interrupted, Part, Shutdown, Signal, concurrence, every, http_server,
    sequence, serialized, with_signals,
};
use tasker::{Tasker, task};

/// Work until told, and longer.
#[task]
async fn endless() {
    say("working".into());
    std::future::pending::<()>().await;
}

async fn wait(shutdown: Shutdown) {
    say("started".into());
    shutdown.cancelled().await;
    say("told to end".into());
}

async fn fail_when_stopped(shutdown: Shutdown) -> Result<(), &'static str> {
    wait(shutdown).await;
    Err("late")
}

async fn deaf() {
    say("started".into());
    std::future::pending::<()>().await;
}

#[allow(clippy::unused_async, reason = "it blocks a thread of the runtime")]
async fn blocking() {
    say("started".into());
    loop {
        std::thread::park();
    }
}

async fn worker(url: &str) -> Result<BoxPart, tasker::Error> {
    let tasker = Tasker::connect(url).await?;
    Endless::enqueue().on(&tasker).await?;
    Ok(concurrence![tasker.worker()].into_box())
}

/// Says when it runs, and ends when told to.
async fn in_turn(url: &str) -> Result<BoxPart, tasker::Error> {
    let tasker = Tasker::connect(url).await?;
    let orders: &Orders = Box::leak(Box::new(Orders::listen()));
    let turns = serialized(
        &tasker,
        "turns",
        every(Duration::from_secs(3600)),
        || async {
            say("began".into());
            orders.wait_for("end").await;
            say("ended".into());
        },
    );
    let turns = turns.lease(Duration::from_secs(2));
    Ok(concurrence![turns, || say("waiting".into())].into_box())
}

fn server(address: &str) -> BoxPart {
    let tell = |address: std::net::SocketAddr| say(format!("listening on {address}"));
    let server = http_server(axum::Router::new(), address);
    let server = server.port_from_env(["PORT2", "PORT"]).on_listening(tell);
    server.into_box()
}

#[tokio::main]
async fn run() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let part = match words[..] {
        ["wait"] => concurrence![sequence![wait]].into_box(),
        ["deaf"] => deaf.into_box(),
        ["blocking"] => blocking.into_box(),
        ["fail-when-stopped"] => concurrence![fail_when_stopped].into_box(),
        ["custom", signal] => {
            let signal = Signal::from_raw(signal.parse().map_err(Failure::new)?);
            let custom = with_signals(wait).signals([signal]);
            return custom.await;
        }
        ["worker", url] => worker(url).await.map_err(Failure::new)?,
        ["serialized", url] => in_turn(url).await.map_err(Failure::new)?,
        ["server", address] => server(address),
        _ => return Err(Failure::new(format!("what is {words:?}?"))),
    };
    let outcome = lifecycle::main(part).await;
    say(format!("{outcome:?}"));
    if outcome.as_ref().is_err_and(Failure::is::<Interrupted>) {
        // A thread that blocks would hold up the end of the runtime.
        std::process::exit(130);
    }
    outcome
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
