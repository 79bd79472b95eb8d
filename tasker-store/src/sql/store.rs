//! The contract's methods: each hands an operation to the writer or a question to the readers.

use std::any::Any;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::capability::{Capabilities, Capability};
use crate::clock::Due;
use crate::error::Result;
use crate::job::{Enqueued, Job, JobRef, NewJob};
use crate::lease::{Beat, Held, Lease, NewWorker, WorkerId};
use crate::outlook::Outlook;
use crate::schedule::{DueSchedules, Fire, Fired};
use crate::settle::{Claimed, Fate, Note, Settle, Settled, Sweep};
use crate::sql::SqlStore;
use crate::sql::batch::{Asked, Request};
use crate::sql::dialect::Lanes;
use crate::sql::enqueue::NewRows;
use crate::sql::lease::{BeatOf, Extend, Hold, Join, Leave};
use crate::sql::migration::{self, Standing};
use crate::sql::note::Notes;
use crate::sql::prune::{Promote, Prune, Rescue};
use crate::sql::query::Reader;
use crate::sql::schedule::Declare;
use crate::sql::settle::{GiveBack, Settling};
use crate::sql::step::Steps;
use crate::sql::writer::Writer;
use crate::store::{Migrate, Store};
use crate::task::{Declaration, Diff};
use crate::wake::{Wake, Wakes};

#[async_trait]
impl Store for SqlStore {
    fn capabilities(&self) -> Capabilities {
        let in_memory = self.desk().address.is_in_memory();
        Capabilities {
            backend: self.dialect().name,
            has: match self.dialect().lanes {
                Lanes::Several { .. } => &[
                    Capability::Durable,
                    Capability::Shared,
                    Capability::Transactions,
                    Capability::Parallel,
                    Capability::Queries,
                ],
                Lanes::One if in_memory => &[Capability::Transactions, Capability::Queries],
                Lanes::One => &[
                    Capability::Durable,
                    Capability::Shared,
                    Capability::Transactions,
                    Capability::Queries,
                ],
            },
        }
    }

    async fn open(&self, migrate: Migrate) -> Result<()> {
        // Given back before more is asked for: of a pooler's connections none must wait for another.
        let standing = migration::standing(&self.read("open").await?.connection).await?;
        match (standing, migrate) {
            (Standing::Current, _) => Ok(()),
            (Standing::Older(missing), Migrate::Check) => Err(migration::older(&missing)),
            (Standing::Older(_), Migrate::Up) => migration::bring_up(self.desk()).await,
        }
    }

    async fn detach(&self) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(self.second()))
    }

    async fn close(&self) -> Result<()> {
        self.disconnect().await
    }

    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let (asked, reply) = Asked::new(NewRows::new(jobs));
        self.shared
            .writer
            .send("enqueue", Request::Enqueue(asked))
            .await?;
        Writer::answer("enqueue", reply).await
    }

    async fn declare(&self, declaration: Declaration) -> Result<Diff> {
        self.write(Declare(declaration)).await
    }

    async fn join(&self, worker: NewWorker) -> Result<()> {
        self.write(Join(worker)).await
    }

    async fn beat(&self, worker: WorkerId) -> Result<Beat> {
        self.write(BeatOf(worker)).await
    }

    async fn leave(&self, worker: WorkerId) -> Result<()> {
        self.write(Leave(worker)).await
    }

    async fn settle(&self, settle: Settle) -> Result<Settled> {
        let (asked, reply) = Asked::new(Settling::new(settle)?);
        self.shared
            .writer
            .send("settle", Request::Settle(asked))
            .await?;
        Writer::answer("settle", reply).await
    }

    async fn unheard(&self, worker: WorkerId, known: Vec<Lease>) -> Result<Vec<Claimed>> {
        let known: HashSet<Lease> = known.into_iter().collect();
        let known = &known;
        let ask = |reader: Reader| async move { reader.unheard(worker, known).await };
        self.reading("unheard", ask).await
    }

    async fn release(&self, leases: Vec<Lease>, due: Due) -> Result<Vec<Fate>> {
        self.write(GiveBack::released(leases, due)).await
    }

    async fn note(&self, notes: Vec<Note>) -> Result<Vec<Fate>> {
        self.write(Notes(notes)).await
    }

    async fn promote(&self, limit: u32) -> Result<Sweep> {
        self.write(Promote(limit)).await
    }

    async fn rescue(&self, limit: u32) -> Result<Sweep> {
        self.write(Rescue(limit)).await
    }

    async fn prune(&self, limit: u32) -> Result<Sweep> {
        self.write(Prune(limit)).await
    }

    async fn outlook(&self) -> Result<Outlook> {
        let now = self.now("outlook").await?;
        let outlook = self.read("outlook").await?.outlook(now).await?;
        if outlook.ready {
            self.desk().waker.wake(Wake::Ready);
        }
        Ok(outlook)
    }

    async fn due(&self, limit: u32) -> Result<DueSchedules> {
        let now = self.now("due").await?;
        let ask = |reader: Reader| async move { reader.due(limit, now).await };
        self.reading("due", ask).await
    }

    async fn fire_all(&self, steps: Vec<Fire>) -> Result<Vec<Fired>> {
        self.write(Steps::new(steps)?).await
    }

    async fn hold(&self, name: &str, holder: WorkerId, ttl: Duration) -> Result<Held> {
        self.write(Hold {
            name: name.into(),
            holder,
            ttl,
        })
        .await
    }

    async fn extend(
        &self,
        name: &str,
        holder: WorkerId,
        token: i64,
        ttl: Duration,
    ) -> Result<Held> {
        self.write(Extend {
            name: name.into(),
            holder,
            token,
            ttl: Some(ttl),
        })
        .await
    }

    async fn let_go(&self, name: &str, holder: WorkerId, token: i64) -> Result<()> {
        self.write(Extend {
            name: name.into(),
            holder,
            token,
            ttl: None,
        })
        .await
        .map(drop)
    }

    async fn job(&self, job: JobRef) -> Result<Option<Job>> {
        let ask = |reader: Reader| async move { reader.job(job).await };
        self.reading("job", ask).await
    }

    fn wakes(&self) -> Wakes {
        let wakes = self.desk().waker.wakes();
        self.keep_watch();
        self.desk().say_awaited();
        wakes
    }

    fn work_wakes(&self) -> Wakes {
        let wakes = self.desk().waker.work_wakes();
        self.keep_watch();
        wakes
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
