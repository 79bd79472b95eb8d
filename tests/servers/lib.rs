//! Database servers for tests: private ones, started from what is installed, and a proxy to harm the way to them.
//!
//! In: an [`Engine`], and the environment (see [`Engine::can_share`]). Out: a [`Server`] with fresh databases, that
//! can be stopped, killed, frozen and started again; one that a whole test binary shares; what becomes of a
//! trial where there is no server ([`Usable`]). Always true: durability is on; whoever waits polls, within [`LONG`]; no server and no
//! folder outlives the process that started it, however that ends.
//!
//! ```no_run
//! use servers::{Engine, Server};
//!
//! # async fn example() {
//! let server = Server::start(Engine::Postgres).await;
//! let space = server.installation().await;
//! let url = space.url(); // postgres://postgres@127.0.0.1:…/postgres?schema=…
//! server.kill().await;
//! server.restart().await;
//! # }
//! ```
//!
//! Read next: `server` (one server), `space` (what a test has in it), `engine` (what differs between the two), `private` (what one that was started here is made of).
#![cfg(unix)]

mod account;
mod availability;
mod engine;
mod home;
mod pooler;
mod private;
mod process;
mod proxy;
mod server;
mod shared;
mod space;
mod wait;

pub use availability::Usable;
pub use engine::Engine;
pub use pooler::Pooler;
pub use process::is_alive;
pub use proxy::Proxy;
pub use server::Server;
pub use shared::shared;
pub use space::Space;
pub use wait::{LONG, until};
