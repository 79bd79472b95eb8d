//! Leases of workers, and named leases.

use async_trait::async_trait;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, QueryResult, Set, Value};
use std::time::Duration;
use uuid::Uuid;

use crate::clock::{Due, after, to_micros};
use crate::error::Result;
use crate::job::JobId;
use crate::lease::{Beat, Held, Lease, NewWorker, WorkerId};
use crate::sql::dialect::Beating;
use crate::sql::enqueue::{json, micros};
use crate::sql::entity::{lease, worker};
use crate::sql::exchange::{Exchange, Operation};
use crate::sql::prune::unstart;
use crate::sql::settle::GiveBack;
use crate::wake::Wake;

/// `Store::join`.
pub(crate) struct Join(pub(crate) NewWorker);

#[async_trait]
impl Operation for Join {
    const NAME: &'static str = "join";
    type Answer = ();

    fn is_small(&self) -> bool {
        true
    }

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<()> {
        let new = &self.0;
        let row = worker::ActiveModel {
            id: Set(new.id.0),
            name: Set(new.name.clone()),
            named: Set(new.named),
            host: Set(new.host.clone()),
            pid: Set(i64::from(new.pid)),
            process: Set(new.process.clone()),
            lease: Set(micros(new.lease)),
            concurrency: Set(i64::from(new.concurrency)),
            queues: Set(json(&new.queues)),
            started_at: Set(tx.micros()),
            lease_until: Set(to_micros(after(tx.now, new.lease))),
            started: Set(0),
        };
        let again = OnConflict::column(worker::Column::Id)
            .update_columns([
                worker::Column::Name,
                worker::Column::Named,
                worker::Column::Host,
                worker::Column::Pid,
                worker::Column::Process,
                worker::Column::Lease,
                worker::Column::Concurrency,
                worker::Column::Queues,
                worker::Column::StartedAt,
                worker::Column::LeaseUntil,
            ])
            .to_owned();
        let insert = worker::Entity::insert(row).on_conflict(again);
        insert
            .exec_without_returning(tx.connection())
            .await
            .map_err(|e| tx.failed(e))?;
        let replaced: Vec<Uuid> = (new.replaces.iter())
            .filter(|id| **id != new.id)
            .map(|id| id.0)
            .collect();
        for gone in &replaced {
            unstart(tx, *gone).await?;
        }
        if !replaced.is_empty() {
            let gone = worker::Entity::delete_many().filter(worker::Column::Id.is_in(replaced));
            let gone = gone.exec(tx.connection()).await;
            if gone.map_err(|e| tx.failed(e))?.rows_affected > 0 {
                // Whoever watches for orphans has some now.
                tx.tell(Wake::Control);
            }
        }
        Ok(())
    }
}

/// `Store::beat`.
pub(crate) struct BeatOf(pub(crate) WorkerId);

#[async_trait]
impl Operation for BeatOf {
    const NAME: &'static str = "beat";
    type Answer = Beat;

    fn is_whole(&self) -> bool {
        false
    }

    fn is_small(&self) -> bool {
        true
    }

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<Beat> {
        let id = self.0.0;
        let values: [Value; 2] = [id.into(), tx.micros().into()];
        let cancel = match tx.words().beat {
            Beating::One(words) => {
                let mut rows = tx.rows(words, values).await?;
                match rows.first() {
                    None => return Ok(Beat::Lost),
                    Some(row) if tx.get::<Option<Uuid>>(row, 0)?.is_none() => rows.clear(),
                    Some(_) => {}
                }
                rows.iter()
                    .map(|row| lease_from(tx, row))
                    .collect::<Result<_>>()?
            }
            Beating::Two { extend, cancels } => {
                if tx.change(extend, values).await? == 0 {
                    return Ok(Beat::Lost);
                }
                leases(tx, cancels, id).await?
            }
        };
        Ok(Beat::Alive { cancel })
    }
}

/// `Store::leave`.
pub(crate) struct Leave(pub(crate) WorkerId);

#[async_trait]
impl Operation for Leave {
    const NAME: &'static str = "leave";
    type Answer = ();

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<()> {
        let id = self.0.0;
        unstart(tx, id).await?;
        let leases = leases(tx, tx.words().running, id).await?;
        GiveBack::released(leases, Due::Now).run(tx).await?;
        worker::Entity::delete_by_id(id)
            .exec(tx.connection())
            .await
            .map_err(|e| tx.failed(e))?;
        Ok(())
    }
}

async fn leases(tx: &Exchange<'_>, words: &'static str, worker: Uuid) -> Result<Vec<Lease>> {
    let rows = tx.rows(words, [worker.into()]).await?;
    rows.iter().map(|row| lease_from(tx, row)).collect()
}

/// From the first two columns.
fn lease_from(tx: &Exchange<'_>, row: &QueryResult) -> Result<Lease> {
    Ok(Lease {
        job: JobId(tx.get(row, 0)?),
        token: tx.get(row, 1)?,
    })
}

/// `Store::hold`.
pub(crate) struct Hold {
    pub(crate) name: String,
    pub(crate) holder: WorkerId,
    pub(crate) ttl: Duration,
}

#[async_trait]
impl Operation for Hold {
    const NAME: &'static str = "hold";
    type Answer = Held;

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<Held> {
        let row = lease::ActiveModel {
            name: Set(self.name.clone()),
            holder: Set(None),
            token: Set(0),
            until: Set(i64::MIN),
        };
        let already = OnConflict::column(lease::Column::Name)
            .update_column(lease::Column::Name)
            .to_owned();
        let made = lease::Entity::insert(row).on_conflict(already);
        made.exec_without_returning(tx.connection())
            .await
            .map_err(|e| tx.failed(e))?;
        let until = to_micros(after(tx.now, self.ttl));
        let taken = lease::Entity::update_many()
            .col_expr(lease::Column::Holder, Expr::value(self.holder.0))
            .col_expr(lease::Column::Token, Expr::col(lease::Column::Token).add(1))
            .col_expr(lease::Column::Until, Expr::value(until))
            .filter(lease::Column::Name.eq(&self.name))
            .filter(lease::Column::Until.lte(tx.micros()));
        let taken = taken
            .exec(tx.connection())
            .await
            .map_err(|e| tx.failed(e))?;
        if taken.rows_affected == 0 {
            return Ok(Held::No);
        }
        let row = lease::Entity::find_by_id(self.name.clone())
            .one(tx.connection())
            .await
            .map_err(|e| tx.failed(e))?;
        Ok(row.map_or(Held::No, |row| Held::Yes { token: row.token }))
    }
}

/// `Store::extend`, and with no time `Store::let_go`.
pub(crate) struct Extend {
    pub(crate) name: String,
    pub(crate) holder: WorkerId,
    pub(crate) token: i64,
    pub(crate) ttl: Option<Duration>,
}

#[async_trait]
impl Operation for Extend {
    const NAME: &'static str = "extend";
    type Answer = Held;

    fn op(&self) -> &'static str {
        match self.ttl {
            Some(_) => Self::NAME,
            None => "let_go",
        }
    }

    async fn run(&self, tx: &mut Exchange<'_>) -> Result<Held> {
        let until = self
            .ttl
            .map_or(tx.micros(), |ttl| to_micros(after(tx.now, ttl)));
        let update = lease::Entity::update_many()
            .col_expr(lease::Column::Until, Expr::value(until))
            .filter(lease::Column::Name.eq(&self.name))
            .filter(lease::Column::Holder.eq(self.holder.0))
            .filter(lease::Column::Token.eq(self.token))
            .filter(Expr::col(lease::Column::Until).gt(tx.micros()));
        let result = update
            .exec(tx.connection())
            .await
            .map_err(|e| tx.failed(e))?;
        if result.rows_affected == 0 {
            return Ok(Held::No);
        }
        if self.ttl.is_none() {
            tx.tell(Wake::Control);
        }
        Ok(Held::Yes { token: self.token })
    }
}
