//! Connections that end when the server does.
//!
//! axum runs each connection as a task of its own, and waits for them; it has no way to end one that does not want to.
//! Here their reads and writes fail once `end` fires, and with them the connection and the handler it waits for. Once
//! `late` fires, connections without a request have nothing more to read: one that has sent half of a request would be waited
//! for as long as it takes its time with the rest.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Accepts connections that end when `end` fires.
#[derive(Debug)]
pub(super) struct Listening {
    listener: TcpListener,
    late: CancellationToken,
    end: CancellationToken,
}

impl Listening {
    pub(super) fn new(
        listener: TcpListener,
        late: CancellationToken,
        end: CancellationToken,
    ) -> Self {
        Self {
            listener,
            late,
            end,
        }
    }
}

impl Listener for Listening {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        // The trait's own, which waits where there are too many open files.
        let (stream, address) = Listener::accept(&mut self.listener).await;
        // Answers are written in one go, so there is nothing to wait for; a failure costs a few milliseconds.
        let _ = stream.set_nodelay(true);
        let connection = Connection {
            stream,
            late: Box::pin(self.late.clone().cancelled_owned()),
            end: Box::pin(self.end.clone().cancelled_owned()),
            peer: Peer {
                address,
                requests: Arc::default(),
            },
            is_blocked: false,
        };
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Who is at the other end of a connection, and how many of their requests are under way.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Peer {
    /// Counts a request until what comes of it is dropped.
    pub(super) fn request(&self) -> UnderWay {
        self.requests.fetch_add(1, Ordering::SeqCst);
        UnderWay(Arc::clone(&self.requests))
    }
}

impl Connected<IncomingStream<'_, Listening>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Listening>) -> Self {
        stream.io().peer.clone()
    }
}

/// A request that is under way.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The body of an answer, with its request under way until all of it is taken.
#[derive(Debug)]
pub(super) struct Answer {
    body: Body,
    _request: UnderWay,
}

impl Answer {
    pub(super) fn new(body: Body, request: UnderWay) -> Self {
        Self {
            body,
            _request: request,
        }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection that fails once its end has fired.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    late: Pin<Box<WaitForCancellationFutureOwned>>,
    peer: Peer,
    /// Whether something to be sent waits for the other end to read: more of an answer whose body is gone already.
    is_blocked: bool,
    end: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Connection {
    /// The stream, while there is one.
    fn stream(&mut self, context: &mut Context<'_>) -> io::Result<Pin<&mut TcpStream>> {
        match self.end.as_mut().poll(context) {
            Poll::Pending => Ok(Pin::new(&mut self.stream)),
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let is_late = self.late.as_mut().poll(context).is_ready();
        if is_late && !self.is_blocked && self.peer.requests.load(Ordering::SeqCst) == 0 {
            // Nothing more comes.
            return Poll::Ready(Ok(()));
        }
        self.stream(context)?.poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.stream(context)?.poll_write(context, bytes);
        self.is_blocked = written.is_pending();
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream(context)?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.stream(context)?.poll_write_vectored(context, bytes);
        self.is_blocked = written.is_pending();
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
