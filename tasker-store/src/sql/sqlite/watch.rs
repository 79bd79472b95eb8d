//! Noticing that another process wrote: the size and time of the write-ahead log change with every commit.
//!
//! One light task looks at the file. Where it changed, the writer's connection is asked, in one statement, whether that was
//! somebody else (its own commits do not count for it) and what there is to do now; only what is new is told. So neither our own
//! writes nor the heartbeats of others make anybody look. The task ends when the store is gone or nobody listens.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Weak;
use std::time::{Duration, SystemTime};

use sea_orm::{ConnectionTrait, Statement};

use crate::clock::{Clock, Instant, after};
use crate::error::Result;
use crate::outlook::Outlook;
use crate::sql::desk::Desk;
use crate::sql::exchange::get;
use crate::sql::fault::failed;
use crate::sql::outlook;
use crate::wake::{Wake, Waker};

/// How long after a commit by another process its listeners may learn of it.
const PERIOD: Duration = Duration::from_millis(75);

/// Tells listeners what another connection has made of `file`, whenever one has written to it.
pub(crate) async fn watch(desk: Weak<Desk>, file: PathBuf) {
    let mut log = file.into_os_string();
    log.push("-wal");
    let log = PathBuf::from(log);
    let mut seen = None;
    let mut known = Known::default();
    let Some(waker) = desk.upgrade().map(|desk| desk.waker.clone()) else {
        return;
    };
    let prompt = Prompt(waker);
    loop {
        let Some(desk) = desk.upgrade().filter(|desk| desk.waker.is_heard()) else {
            return;
        };
        let now = look(&log);
        // Nobody tells that a test moved its clock.
        let is_prompt = now.is_some() && matches!(desk.clock, Clock::Store);
        prompt.0.set_prompt(is_prompt);
        if now != seen {
            seen = now;
            known.look(&desk).await;
        }
        drop(desk);
        tokio::time::sleep(PERIOD).await;
    }
}

fn look(log: &Path) -> Option<(u64, SystemTime)> {
    let about: Metadata = std::fs::metadata(log).ok()?;
    Some((about.len(), about.modified().ok()?))
}

/// What the database said last.
#[derive(Default)]
struct Known {
    /// A number that changes when, and only when, another connection than ours has written.
    version: Option<i64>,
    /// When the next schedule is due.
    fires_at: Option<Instant>,
}

impl Known {
    /// Asks again, and tells what is new.
    async fn look(&mut self, desk: &Desk) {
        let now = desk.clock.now();
        let Ok((version, outlook)) = ask(desk, now).await else {
            desk.waker.wake(Wake::Gap);
            desk.waker.wake_waiters();
            return;
        };
        if self.version.replace(version) == Some(version) {
            return;
        }
        if outlook.ready {
            desk.waker.wake(Wake::Ready);
        }
        if let Some(due) = outlook.promote_in {
            desk.waker.wake(Wake::Due(due));
        }
        let fires_at = outlook.fire_in.map(|fires_in| after(now, fires_in));
        if self.fires_at != fires_at {
            self.fires_at = fires_at;
            desk.waker.wake(Wake::Control);
        }
        desk.waker.wake_waiters();
    }
}

async fn ask(desk: &Desk, now: Instant) -> Result<(i64, Outlook)> {
    const OP: &str = "watch";
    let connection = desk.connection().await.map_err(|e| failed(OP, e))?;
    let words = format!(
        "{}, (SELECT data_version FROM pragma_data_version)",
        outlook::question(desk.dialect)
    );
    let statement =
        Statement::from_sql_and_values(desk.dialect.backend, words, outlook::values(now));
    let row = connection.query_one_raw(statement).await;
    let row = row.map_err(|e| failed(OP, e))?.expect("it is one row");
    Ok((
        get(OP, &row, outlook::COLUMNS)?,
        outlook::read(OP, &row, now)?,
    ))
}

/// Wakes are prompt no longer than this lives.
struct Prompt(Waker);

impl Drop for Prompt {
    fn drop(&mut self) {
        self.0.set_prompt(false);
    }
}
