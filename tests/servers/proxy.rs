//! A TCP proxy before a server, to harm the way to it.
//!
//! In: the port of a server on 127.0.0.1. Out: a port that leads there, in one of the ways of [`Way`]. The connections of a
//! black hole stay open and carry nothing, in neither direction; on the return they go on where they were, as TCP does
//! after a failure of the network. The proxy ends when it is dropped.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What becomes of what a connection carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Pass,
    /// Each chunk is held for so long.
    Delay(Duration),
    BlackHole,
}

/// What all connections watch.
#[derive(Clone, Copy, Debug)]
struct State {
    way: Way,
    /// A connection lives in one; each cut begins the next.
    era: u64,
}

/// A proxy; it begins by passing everything on.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: watch::Sender<State>,
}

impl Proxy {
    /// A proxy before `port` of 127.0.0.1. Nobody need listen there yet. It works on the runtime that this is called on.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("the system has a free port");
        let address = listener.local_addr().expect("it is bound");
        let (state, watcher) = watch::channel(State {
            way: Way::Pass,
            era: 0,
        });
        tokio::spawn(accept(listener, port, watcher));
        Self {
            port: address.port(),
            state,
        }
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Passes everything on from now.
    pub fn pass(&self) {
        self.set(Way::Pass);
    }

    /// Passes everything on from now, each chunk so much later.
    pub fn delay(&self, by: Duration) {
        self.set(Way::Delay(by));
    }

    /// Takes connections and what they carry, and passes nothing on from now.
    pub fn black_hole(&self) {
        self.set(Way::BlackHole);
    }

    /// Ends every connection there is, and passes nothing more of theirs on. New ones are taken as before.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.era += 1);
    }

    fn set(&self, way: Way) {
        self.state.send_modify(|state| state.way = way);
    }
}

async fn accept(listener: TcpListener, port: u16, mut state: watch::Receiver<State>) {
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // An error is that of a client that has left.
                if let Ok((client, _)) = accepted {
                    let state = state.clone();
                    let era = state.borrow().era;
                    tokio::spawn(serve(client, port, era, state));
                }
            }
            changed = state.changed() => if changed.is_err() {
                return;
            },
        }
    }
}

/// Carries one connection until an end closes it, or it is cut, or the proxy is dropped.
async fn serve(client: TcpStream, port: u16, era: u64, mut state: watch::Receiver<State>) {
    let gate = Gate {
        era,
        state: state.clone(),
    };
    let cut = state.wait_for(|state| state.era != era);
    tokio::select! {
        // An error closes it, as it does without a proxy.
        _ = carry(client, port, gate) => {}
        _ = cut => {}
    }
}

async fn carry(client: TcpStream, port: u16, mut gate: Gate) -> io::Result<()> {
    gate.pass().await?;
    let server = TcpStream::connect(("127.0.0.1", port)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::try_join!(
        pump(from_client, to_server, gate.clone()),
        pump(from_server, to_client, gate),
    )?;
    Ok(())
}

/// Moves chunks until the end, which it passes on too.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut gate: Gate) -> io::Result<()> {
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut chunk).await?;
        if let Way::Delay(by) = gate.pass().await? {
            tokio::time::sleep(by).await;
            gate.pass().await?;
        }
        if read == 0 {
            return to.shutdown().await;
        }
        to.write_all(&chunk[..read]).await?;
    }
}

/// What every chunk has to pass; so nothing that is sent after a change is treated as before it.
#[derive(Clone, Debug)]
struct Gate {
    era: u64,
    state: watch::Receiver<State>,
}

impl Gate {
    /// Waits until there is no black hole; an error where the connection is cut.
    async fn pass(&mut self) -> io::Result<Way> {
        let era = self.era;
        let open = |state: &State| state.way != Way::BlackHole || state.era != era;
        match self.state.wait_for(open).await {
            Ok(state) if state.era == era => Ok(state.way),
            _ => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}
