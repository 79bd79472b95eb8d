//! The tasks of these tests, and how their handlers speak with them.

use sea_orm::{DatabaseConnection, TransactionTrait};
use tasker::{Context, State, task};
use tokio::sync::{Mutex, Semaphore, mpsc};

use crate::place::leave_effect;
use crate::process::soon;

/// How handlers and their test speak to each other.
#[derive(Debug)]
pub(crate) struct Probe {
    said: mpsc::UnboundedSender<String>,
    heard: Mutex<mpsc::UnboundedReceiver<String>>,
    gate: Semaphore,
}

impl Default for Probe {
    fn default() -> Self {
        let (said, heard) = mpsc::unbounded_channel();
        Self {
            said,
            heard: Mutex::new(heard),
            gate: Semaphore::new(0),
        }
    }
}

impl Probe {
    /// For handlers: tells the test something, and waits until it says "go on".
    pub(crate) async fn stop_at(&self, what: &str) {
        self.said.send(what.into()).expect("the test is there");
        let gate = self.gate.acquire().await;
        gate.expect("it is never closed").forget();
    }

    /// For the test: waits until a handler stops there.
    pub(crate) async fn hear(&self, what: &str) {
        let mut heard = self.heard.lock().await;
        let said = soon(heard.recv()).await.expect("the probe is alive");
        assert_eq!(said, what);
    }

    /// For the test: lets so many handlers go on.
    pub(crate) fn go_on(&self, handlers: usize) {
        self.gate.add_permits(handlers);
    }
}

/// Send one e-mail about an order.
#[task(queue = "mail")]
pub(crate) async fn send_mail(order: i64) -> anyhow::Result<String> {
    Ok(format!("order {order} is on its way"))
}

/// What a handler of `book` does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum How {
    Commit,
    /// The first attempt rolls back.
    RollBackOnce,
    /// Fails although it has committed.
    CommitAndFail,
}

/// Leave an effect and finish in one transaction; give the attempt.
#[task(max_attempts = 3, backoff = "fixed 1ms")]
pub(crate) async fn book(ctx: Context, how: How) -> anyhow::Result<u32> {
    let (job, attempt) = (ctx.job_number().unwrap_or_default(), ctx.attempt());
    ctx.info(format!("attempt {attempt}"));
    ctx.progress(1, 1);
    let tx = ctx.tasker().begin().await?;
    leave_effect(&tx, job, attempt).await?;
    ctx.finish_in(&tx, attempt).await?;
    ctx.info(format!("after {attempt}"));
    match how {
        How::RollBackOnce if attempt == 1 => {
            tx.rollback().await?;
            anyhow::bail!("no luck");
        }
        How::Commit | How::RollBackOnce => tx.commit().await?,
        How::CommitAndFail => {
            tx.commit().await?;
            anyhow::bail!("too late");
        }
    }
    // Not what counts.
    Ok(attempt + 100)
}

/// As `book`, with a stop before the transaction, before the finish and before the commit.
#[task(max_attempts = 3, backoff = "fixed 1ms")]
pub(crate) async fn stepwise(ctx: Context, probe: State<Probe>) -> anyhow::Result<String> {
    let job = ctx.job_number().unwrap_or_default();
    probe.stop_at("begin").await;
    let tx = ctx.tasker().begin().await?;
    leave_effect(&tx, job, ctx.attempt()).await?;
    probe.stop_at("finish").await;
    let state = match ctx.finish_in(&tx, "finished").await {
        Err(error @ tasker::Error::LeaseLost(_)) => {
            probe.stop_at("lost").await;
            return Err(error.into());
        }
        finished => finished?,
    };
    probe.stop_at("commit").await;
    tx.commit().await?;
    Ok(state.to_string())
}

/// Enqueue another job and finish, in one transaction.
#[task(max_attempts = 2, backoff = "fixed 1ms")]
pub(crate) async fn relay(ctx: Context) -> anyhow::Result<()> {
    let tx = ctx.tasker().begin().await?;
    let number = ctx.job_number().unwrap_or_default();
    SendMail::enqueue(SendMailParams::new(number))
        .within(&tx)
        .await?;
    ctx.finish_in(&tx, ()).await?;
    match ctx.attempt() {
        1 => anyhow::bail!("dropped, and so rolled back"),
        _ => Ok(tx.commit().await?),
    }
}

/// As `relay`, from a thread.
#[task]
pub(crate) fn relay_blocking(ctx: Context) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Handle::current();
    let tx = runtime.block_on(ctx.tasker().begin())?;
    let params = SendMailParams::new(7);
    SendMail::enqueue(params).within(&tx).blocking()?;
    runtime.block_on(ctx.finish_in(&tx, ()))?;
    Ok(runtime.block_on(tx.commit())?)
}

/// Run `book` by hand.
#[task]
pub(crate) async fn by_hand() -> anyhow::Result<u32> {
    Ok(Book::run(BookParams::new(How::Commit)).await?)
}

/// Enqueue past its own transaction.
#[task(max_attempts = 1)]
pub(crate) async fn clumsy(ctx: Context) -> anyhow::Result<()> {
    let tx = ctx.tasker().begin().await?;
    SendMail::enqueue(SendMailParams::new(1)).await?;
    Ok(tx.commit().await?)
}

/// Hold a connection of the application's until told to go on, and finish over it.
#[task(max_attempts = 1)]
pub(crate) async fn occupy(
    ctx: Context,
    db: State<DatabaseConnection>,
    probe: State<Probe>,
    waits: bool,
) -> anyhow::Result<()> {
    let tx = db.begin().await?;
    if waits {
        probe.stop_at("occupied").await;
    }
    leave_effect(&tx, ctx.job_number().unwrap_or_default(), ctx.attempt()).await?;
    ctx.finish_in(&tx, ()).await?;
    Ok(tx.commit().await?)
}
