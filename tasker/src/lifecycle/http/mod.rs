//! `http_server`: an axum router on an address, as a part of a program.
//!
//! In: a router, where to listen, the stop of the program. Out: a server that, at the stop, takes no new connections and
//! lets the requests in flight finish. Their own [`Shutdown`] is not the program's: it fires when the grace time is
//! over. Read next: `address` (where to listen), `connection` (how connections end that do not want to).

mod address;
mod connection;
mod extract;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio_util::sync::CancellationToken;

use self::connection::{Answer, Listening, Peer};
use super::compose::{Combinator, Composed};
use super::failure::Failure;
use super::grace::{GRACE, within};
use super::part::BoxPart;
use super::shutdown::Shutdown;
use crate::task::BoxFuture;
use crate::worker::panics;

/// How long a request may take to arrive that has begun to when the stop comes.
const HALF: Duration = Duration::from_secs(1);

/// Serves `router` on `address` until the stop: `127.0.0.1:8080`, `localhost:8080`, or `:8080` for every address of the
/// machine.
///
/// At the stop new connections are refused, and requests in flight finish with their normal answer; where the head of one has
/// not arrived a second later, its connection is closed. They have 25 s, unless [`grace`](Composed::grace) says
/// otherwise; then their [`Shutdown`] fires, and 3 s later they are dropped, which is an error,
/// [`Overran`](super::Overran). Handlers take a [`Shutdown`], the [`State`](crate::State)s lent by
/// [`with_state`](super::with_state) or the tasker, and axum's `ConnectInfo<SocketAddr>` as arguments. An answer without an
/// end, such as server-sent events, should end with that [`Shutdown`], or with the program's own where the router is
/// made with it.
///
/// ```no_run
/// use axum::{Router, routing::get};
/// use tasker::State;
/// use tasker::lifecycle::{http_server, main, with_state};
///
/// struct Motto(&'static str);
///
/// async fn motto(motto: State<Motto>) -> &'static str {
///     motto.0
/// }
///
/// # async fn program() -> Result<(), tasker::lifecycle::Failure> {
/// let router = Router::new().route("/", get(motto));
/// main(with_state(Motto("haste makes waste"), http_server(router, ":8080").port_from_env(["PORT"]))).await
/// # }
/// ```
pub fn http_server(router: Router, address: impl ToString) -> Composed<HttpServer> {
    Composed::new(HttpServer {
        router,
        address: address.to_string(),
        port_from: Vec::new(),
        grace: GRACE,
        on_listening: Arc::new(|_| {}),
    })
}

/// A web server.
#[derive(Clone)]
pub struct HttpServer {
    router: Router,
    address: String,
    port_from: Vec<String>,
    grace: Duration,
    on_listening: Arc<dyn Fn(SocketAddr) + Send + Sync>,
}

impl<L> Composed<HttpServer, L> {
    /// Takes the port from the first of these environment variables that is set; the host stays that of the address, and
    /// so does its port where none is. One that is set to something else than a port is an error at the start.
    pub fn port_from_env<K: Into<String>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        self.combinator.port_from = keys.into_iter().map(Into::into).collect();
        self
    }

    /// How long requests in flight may take after the stop before their token fires. Default: 25 s.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.combinator.grace = grace;
        self
    }

    /// Calls `tell` with the address it listens on, once it does; of interest where the port is 0, which means any.
    pub fn on_listening(mut self, tell: impl Fn(SocketAddr) + Send + Sync + 'static) -> Self {
        self.combinator.on_listening = Arc::new(tell);
        self
    }
}

impl Combinator for HttpServer {
    fn run(
        self: Arc<Self>,
        _: Vec<BoxPart>,
        shutdown: Shutdown,
    ) -> BoxFuture<'static, Result<(), Failure>> {
        Box::pin(async move { self.serve(shutdown).await })
    }
}

impl HttpServer {
    async fn serve(&self, shutdown: Shutdown) -> Result<(), Failure> {
        let address =
            address::with_port(&self.address, &self.port_from, |key| std::env::var_os(key));
        let listener = address::bind(&address.map_err(Failure::new)?).await;
        let listener = listener.map_err(Failure::new)?;
        let listening = listener.local_addr().map_err(Failure::new)?;
        tracing::info!(target: "tasker", address = %listening, "listening");
        (self.on_listening)(listening);

        let requests = shutdown.apart();
        let (late, end) = (CancellationToken::new(), CancellationToken::new());
        // However this is left, also by being dropped: no connection outlives it.
        let _end = end.clone().drop_guard();
        let around = requests.clone();
        let scope = middleware::from_fn(move |peer, request, next| {
            answer(around.clone(), peer, request, next)
        });
        let router = self.router.clone().layer(scope);
        let server = axum::serve(
            Listening::new(listener, late.clone(), end),
            router.into_make_service_with_connect_info::<Peer>(),
        )
        .with_graceful_shutdown(shutdown.token().clone().cancelled_owned());
        let mut server = std::pin::pin!(server.into_future());
        tokio::select! {
            // It ends by itself only where its task is ended from outside.
            ended = &mut server => return ended.map_err(Failure::new),
            () = shutdown.cancelled() => {}
        }
        let closing = async {
            tokio::time::sleep(HALF).await;
            late.cancel();
            std::future::pending().await
        };
        let server = async {
            tokio::select! {
                ended = server => ended,
                never = closing => never,
            }
        };
        let stopped = within(self.grace, &requests, "a request", server).await;
        stopped.map_err(Failure::new)?.map_err(Failure::new)
    }
}

/// Answers one request, with its own [`Shutdown`] as the current one.
async fn answer(
    shutdown: Shutdown,
    ConnectInfo(peer): ConnectInfo<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let under_way = peer.request();
    request.extensions_mut().insert(ConnectInfo(peer.address));
    let answered = panics::caught(shutdown.scope(next.run(request))).await;
    let answered = answered.unwrap_or_else(|message| {
        tracing::error!(target: "tasker", "a handler {message}");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    });
    answered.map(|body| Body::new(Answer::new(body, under_way)))
}

impl fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpServer")
            .field("address", &self.address)
            .field("port_from", &self.port_from)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}
