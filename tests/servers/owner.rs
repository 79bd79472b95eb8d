//! Starts a server, freezes it, tells where and what it is, and does nothing more until its stdin ends; to be killed by a test.

use std::io::{Read, stdin};

use servers::{Engine, Server};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let name = std::env::args().nth(1);
    let engine = (Engine::ALL.into_iter()).find(|engine| Some(engine.name()) == name.as_deref());
    let server = Server::start(engine.expect("an engine is named")).await;
    server.pause().await;
    println!("{}\n{}", server.folder().display(), server.pid());
    stdin().read_to_end(&mut Vec::new()).map(drop)
}
