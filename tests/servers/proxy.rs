//! A TCP proxy before a server, to harm the way to it.
//!
//! In: the port of a server on 127.0.0.1. Out: a port that leads there, in one of the ways of [`Way`]. The connections of a
//! black hole stay open and carry nothing, in neither direction; on the return they go on where they were, as TCP does
//! after a failure of the network. Those that are stranded never return, while new ones are carried. An answer can
//! be lost when the server has carried out what was asked. The proxy ends when it is dropped.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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
#[derive(Clone, Debug)]
struct State {
    way: Way,
    /// A connection lives in one; each cut begins the next.
    era: u64,
    /// So many of the first connections are stranded.
    stranded: usize,
    loss: Option<Loss>,
}

/// Which answers are lost.
#[derive(Clone, Debug)]
struct Loss {
    /// A connection is concerned from the answer on that has this in it.
    answer: Vec<u8>,
    /// It is deaf at once; or from the next request on that has this in it.
    request: Option<&'static [u8]>,
}

/// A proxy; it begins by passing everything on.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    /// How many there were.
    connections: Arc<AtomicUsize>,
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
            stranded: 0,
            loss: None,
        });
        let connections = Arc::new(AtomicUsize::new(0));
        tokio::spawn(accept(listener, port, Arc::clone(&connections), watcher));
        Self {
            port: address.port(),
            connections,
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
        self.state.send_modify(|state| {
            state.era += 1;
            state.loss = None;
        });
    }

    /// Makes a black hole of every connection there is, for ever. New ones are taken as before.
    pub fn strand(&self) {
        let all = self.connections.load(Ordering::SeqCst);
        self.state.send_modify(|state| state.stranded = all);
    }

    /// Loses the answer that has `answer` in it, and all that follow on its connection. With `request` the losses begin
    /// later: with the answer to the next request there that has this in it. [`Proxy::cut`] ends it.
    pub fn lose_answer(&self, answer: impl Into<Vec<u8>>, request: Option<&'static [u8]>) {
        let answer = answer.into();
        self.state
            .send_modify(|state| state.loss = Some(Loss { answer, request }));
    }

    fn set(&self, way: Way) {
        self.state.send_modify(|state| state.way = way);
    }
}

async fn accept(
    listener: TcpListener,
    port: u16,
    connections: Arc<AtomicUsize>,
    mut state: watch::Receiver<State>,
) {
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // An error is that of a client that has left.
                if let Ok((client, _)) = accepted {
                    let gate = Gate {
                        era: state.borrow().era,
                        serial: connections.fetch_add(1, Ordering::SeqCst),
                        state: state.clone(),
                    };
                    tokio::spawn(serve(client, port, gate));
                }
            }
            changed = state.changed() => if changed.is_err() {
                return;
            },
        }
    }
}

/// Carries one connection until an end closes it, or it is cut, or the proxy is dropped.
async fn serve(client: TcpStream, port: u16, gate: Gate) {
    let (era, mut state) = (gate.era, gate.state.clone());
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
    let ear = Ear::default();
    let requests = |chunk: &[u8], state: &State| {
        ear.request(chunk, state);
        true
    };
    let answers = |chunk: &[u8], state: &State| ear.answer(chunk, state);
    tokio::try_join!(
        pump(from_client, to_server, gate.clone(), requests),
        pump(from_server, to_client, gate.clone(), answers),
    )?;
    Ok(())
}

/// Moves those chunks that are `heard`, until the end, which it passes on too.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut gate: Gate,
    heard: impl Fn(&[u8], &State) -> bool,
) -> io::Result<()> {
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let read = from.read(&mut chunk).await?;
        let mut state = gate.pass().await?;
        if let Way::Delay(by) = state.way {
            tokio::time::sleep(by).await;
            state = gate.pass().await?;
        }
        if read == 0 {
            return to.shutdown().await;
        }
        if heard(&chunk[..read], &state) {
            to.write_all(&chunk[..read]).await?;
        }
    }
}

/// What every chunk has to pass; so nothing that is sent after a change is treated as before it.
#[derive(Clone, Debug)]
struct Gate {
    era: u64,
    /// Which connection it is, in the order they came.
    serial: usize,
    state: watch::Receiver<State>,
}

impl Gate {
    /// Waits until it is open; an error where the connection is cut.
    async fn pass(&mut self) -> io::Result<State> {
        let (era, serial) = (self.era, self.serial);
        let open = |state: &State| {
            (state.way != Way::BlackHole && serial >= state.stranded) || state.era != era
        };
        match self.state.wait_for(open).await {
            Ok(state) if state.era == era => Ok(state.clone()),
            _ => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}

/// Whether a connection still hears answers.
#[derive(Debug, Default)]
struct Ear {
    concerned: AtomicBool,
    deaf: AtomicBool,
}

impl Ear {
    fn request(&self, chunk: &[u8], state: &State) {
        let request = state.loss.as_ref().and_then(|loss| loss.request);
        if self.concerned.load(Ordering::SeqCst) && request.is_some_and(|it| contains(chunk, it)) {
            self.deaf.store(true, Ordering::SeqCst);
        }
    }

    fn answer(&self, chunk: &[u8], state: &State) -> bool {
        let loss = state.loss.as_ref();
        if let Some(loss) = loss.filter(|loss| contains(chunk, &loss.answer)) {
            self.concerned.store(true, Ordering::SeqCst);
            self.deaf.fetch_or(loss.request.is_none(), Ordering::SeqCst);
        }
        !self.deaf.load(Ordering::SeqCst)
    }
}

fn contains(chunk: &[u8], part: &[u8]) -> bool {
    chunk.windows(part.len()).any(|window| window == part)
}
