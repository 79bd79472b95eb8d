//! A whole service: a web server, a worker, and a clean-up that repeats, stopped together.
//!
//! Run with `cargo run --bin service`, and in another terminal:
//!
//! ```text
//! curl -X POST -d 'buy milk' localhost:8080/notes    job 1
//! curl localhost:8080/notes                          BUY MILK
//! ```
//!
//! Ctrl-C stops all of it: requests in flight and running jobs end in peace. Once more ends it at once.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tasker::lifecycle::{Shutdown, concurrence, every, http_server, main as program, repeat};
use tasker::{BoxError, State, Tasker, task};

/// How long a note is kept.
const KEPT: Duration = Duration::from_secs(3600);

/// What the parts share.
#[derive(Default)]
struct Notes(Mutex<Vec<(Instant, String)>>);

impl Notes {
    fn change<T>(&self, change: impl FnOnce(&mut Vec<(Instant, String)>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Write down a note, in capitals.
#[task]
async fn write_down(notes: State<Notes>, text: String) {
    let note = (Instant::now(), text.to_uppercase());
    notes.change(|notes| notes.push(note));
}

/// Asks for a note to be written down; a worker will do it.
async fn take_note(text: String) -> Result<String, StatusCode> {
    let job = WriteDown::enqueue(WriteDownParams::new(text)).await;
    let job = job.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(format!("job {}\n", job.number()))
}

async fn list_notes(notes: State<Notes>) -> String {
    notes.change(|notes| notes.iter().map(|(_, text)| format!("{text}\n")).collect())
}

/// Forgets old notes.
async fn clean_up(shutdown: Shutdown) -> Result<(), BoxError> {
    let notes = shutdown.state::<Notes>().await?;
    let kept = notes.change(|notes| {
        notes.retain(|(written, _)| written.elapsed() < KEPT);
        notes.len()
    });
    println!("cleaned up: {kept} notes are kept");
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let url =
        std::env::var("DATABASE_URL").unwrap_or_else(|_| "sqlite://tasker.db?mode=rwc".into());
    let tasker = Tasker::builder().database_url(url).state(Notes::default());
    let tasker = tasker.connect().await?;
    tasker.install()?;

    let router = Router::new().route("/notes", get(list_notes).post(take_note));
    let web = http_server(router, "127.0.0.1:8080")
        .port_from_env(["PORT"])
        .on_listening(|address| println!("listening on http://{address}"));
    program(concurrence![
        tasker.worker(),
        web,
        repeat(every(Duration::from_secs(60)), clean_up)
    ])
    .await?;
    println!("stopped");
    Ok(tasker.close().await?)
}
