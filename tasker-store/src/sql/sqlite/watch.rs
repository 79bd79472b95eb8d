//! Noticing that another process wrote: the size and time of the write-ahead log change with every commit.
//!
//! One light task looks at the file. Where it changed, the writer's connection is asked whether that was somebody
//! else (its own commits do not count for it), so our own writes wake nobody twice. The task ends when the store
//! is gone or nobody listens.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Weak;
use std::time::{Duration, SystemTime};

use crate::sql::sqlite::open::data_version;
use crate::sql::writer::{Desk, tell_gap};

/// How long after a commit by another process its listeners may learn of it.
const PERIOD: Duration = Duration::from_millis(75);

/// Tells listeners of a gap whenever another connection has written to `file`.
pub(crate) async fn watch(desk: Weak<Desk>, file: PathBuf) {
    let mut log = file.into_os_string();
    log.push("-wal");
    let log = PathBuf::from(log);
    let mut seen = look(&log);
    let mut version = None;
    if let Some(desk) = desk.upgrade() {
        others_wrote(&desk, &mut version).await;
    }
    loop {
        tokio::time::sleep(PERIOD).await;
        let Some(desk) = desk.upgrade().filter(|desk| desk.waker.is_heard()) else {
            return;
        };
        let now = look(&log);
        if now != seen {
            seen = now;
            if others_wrote(&desk, &mut version).await {
                tell_gap(&desk);
            }
        }
    }
}

fn look(log: &Path) -> Option<(u64, SystemTime)> {
    let about: Metadata = std::fs::metadata(log).ok()?;
    Some((about.len(), about.modified().ok()?))
}

/// Whether another connection than ours has written since this was asked last.
async fn others_wrote(desk: &Desk, known: &mut Option<i64>) -> bool {
    let Ok(connection) = desk.connection().await else {
        return true;
    };
    let Ok(version) = data_version(&connection).await else {
        return true;
    };
    known
        .replace(version)
        .is_some_and(|before| before != version)
}
