//! The server that all trials of one test binary share.
//!
//! In: an engine. Out: the server that the environment names, or a private one, started by the first who asks; it ends with the process.

use tokio::sync::OnceCell;

use crate::engine::Engine;
use crate::server::Server;

/// What the start came to, which is not tried again.
type Started = OnceCell<Result<Server, String>>;

/// The server of this process; panics where it cannot be started. [`Engine::can_share`] says whether there can be one.
pub async fn shared(engine: Engine) -> &'static Server {
    static POSTGRES: Started = OnceCell::const_new();
    static MYSQL: Started = OnceCell::const_new();
    let started = match engine {
        Engine::Postgres => &POSTGRES,
        Engine::MySql => &MYSQL,
    };
    let start = async || match engine.external() {
        Some(url) => Ok(Server::external(engine, url)),
        None => {
            let started = Server::try_start(engine).await;
            started.map_err(|error| format!("{error:#}"))
        }
    };
    match started.get_or_init(start).await {
        Ok(server) => server,
        Err(error) => panic!("cannot start a private {}: {error}", engine.name()),
    }
}
