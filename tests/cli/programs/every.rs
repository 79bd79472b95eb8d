//! Tasks that run by themselves, and one that does not know when to stop.

use tasker::{Context, task};

/// Tell the moment this stands for.
#[task(schedule("every 1s", params(greeting = "hello")))]
async fn tick(ctx: Context, #[param(default = "none")] greeting: String) -> Result<String, String> {
    let at = ctx.scheduled_for().ok_or("it was not planned")?;
    Ok(format!("{greeting} at {}", at.to_rfc3339()))
}

/// Occupy a thread for ever, whatever the token says.
#[task(max_attempts = 1, timeout = "20ms")]
fn stuck() {
    loop {
        std::thread::park();
    }
}

/// Do nothing.
#[task]
async fn nothing() {}

/// Bill a day, and each day once at a time.
#[task(unique(params(day)))]
async fn bill(#[param(default = "today")] day: String, note: Option<String>) {
    let _ = (day, note);
}

/// Bring the index up to date, when all has been quiet for a while.
#[task(unique(key = "index", on_conflict = reschedule))]
async fn index() {}

#[tasker::main]
async fn main(app: tasker::App) -> tasker::Result<()> {
    app.database_url("sqlite://every.db?mode=rwc").run().await
}
