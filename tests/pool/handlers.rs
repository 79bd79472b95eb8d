//! `Resource<T>` in the handlers of durable tasks.

use std::sync::Arc;

use tasker::pool::{Error, Pool};
use tasker::{
    BoxError, Context, JobState, Resource, State, States, Summary, TaskError, Tasker, task,
};
use tasker_store::{FailureKind, MemoryStore};
use tokio::sync::{Semaphore, mpsc};

use crate::workshop::{Fault, Ledger, Tool, ms, pool, soon};

/// How handlers speak to their test.
struct Probe {
    said: mpsc::UnboundedSender<(u32, u32)>,
    gate: Semaphore,
}

impl Probe {
    fn say(&self, ctx: &Context, tool: &Tool) {
        self.said.send((ctx.attempt(), tool.id)).unwrap();
    }
}

/// Jam on the first attempts.
#[task(max_attempts = 3, backoff = "fixed 1ms")]
async fn jamming(
    ctx: Context,
    probe: State<Probe>,
    tool: &mut Resource<Tool>,
    times: u32,
) -> Result<u32, Fault> {
    tool.uses += 1;
    probe.say(&ctx, tool);
    match ctx.attempt() <= times {
        true => Err(Fault::Jammed),
        false => Ok(tool.id),
    }
}

/// Jam on the first attempt, with a backoff that no test waits for.
#[task(max_attempts = 2, backoff = "fixed 1h")]
async fn jamming_once(ctx: Context, tool: Resource<Tool>) -> anyhow::Result<u32> {
    if ctx.attempt() == 1 {
        return Err(Fault::Jammed.into());
    }
    Ok(tool.id)
}

/// Fail, panic, or be too slow, as asked.
#[task(max_attempts = 1, timeout = "50ms")]
async fn ending(tool: Resource<Tool>, how: String) -> Result<(), TaskError> {
    match how.as_str() {
        "fail" => Err(TaskError::discard(Fault::Paper(1))),
        "discard" => Err(TaskError::discard(Wrapped(Fault::Jammed))),
        "panic" => panic!("with tool {}", tool.id),
        "dawdle" => std::future::pending().await,
        _ => Ok(()),
    }
}

/// An error whose cause says that the tool is broken.
#[derive(Debug)]
struct Wrapped(Fault);

impl std::fmt::Display for Wrapped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("could not print")
    }
}

impl std::error::Error for Wrapped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

/// Use a tool on a thread for blocking work.
#[task(max_attempts = 2)]
fn blocking(mut tool: Resource<Tool>) -> Result<u32, Fault> {
    tool.uses += 1;
    match tool.id {
        1 => Err(Fault::Jammed),
        id => Ok(id),
    }
}

/// Hold a tool until the gate opens.
#[task]
async fn holding(ctx: Context, probe: State<Probe>, tool: Resource<Tool>) -> Result<(), Fault> {
    probe.say(&ctx, &tool);
    probe.gate.acquire().await.unwrap().forget();
    Ok(())
}

type Named = Resource<Tool>;

/// Take a tool by another name.
#[task]
async fn injected(#[inject] tool: Named) -> Result<u32, Fault> {
    Ok(tool.id)
}

/// Use a tool, the handler being one of a struct.
#[derive(tasker::Task)]
struct ByStruct {
    jams: bool,
}

#[allow(refining_impl_trait)] // the error may be any, by its own name
impl tasker::Handler for ByStruct {
    type Output = u32;

    async fn handle(self, ctx: Context) -> Result<u32, BoxError> {
        let tool = ctx.resource::<Tool>().await?;
        match self.jams && ctx.attempt() == 1 {
            true => Err(Fault::Jammed.into()),
            false => Ok(tool.id),
        }
    }
}

/// Take two tools at once.
#[task]
async fn greedy(left: Resource<Tool>, right: Resource<Tool>) -> Result<u32, Fault> {
    Ok(left.id + right.id)
}

/// Take a tool, give it back, take it again.
#[task]
async fn twice(ctx: Context) -> anyhow::Result<u32> {
    for _ in 0..3 {
        let mut tool = ctx
            .resource::<Tool>()
            .await
            .map_err(anyhow::Error::from_boxed)?;
        tool.uses += 1;
    }
    let tool = ctx
        .resource::<Tool>()
        .await
        .map_err(anyhow::Error::from_boxed)?;
    Ok(tool.uses)
}

struct Bench {
    tasker: Tasker,
    pool: Pool<Tool>,
    ledger: Arc<Ledger>,
    probe: Arc<Probe>,
    heard: mpsc::UnboundedReceiver<(u32, u32)>,
}

impl Bench {
    async fn new(workers: usize) -> Self {
        let (pool, ledger) = pool(|pool| pool.workers(workers).max_workers(workers));
        let (said, heard) = mpsc::unbounded_channel();
        let gate = Semaphore::new(0);
        let probe = Arc::new(Probe { said, gate });
        let mut states = States::default();
        states.insert::<Probe>(State::from(Arc::clone(&probe)));
        let tasker = Tasker::builder()
            .store(Arc::new(MemoryStore::new()))
            .states(states)
            .resource(pool.clone())
            .connect()
            .await
            .unwrap();
        Self {
            tasker,
            pool,
            ledger,
            probe,
            heard,
        }
    }

    async fn drain(&self) -> Summary {
        let worker = self.tasker.worker().until_empty(true).build().unwrap();
        soon(worker.run()).await.unwrap()
    }

    fn said(&mut self) -> Vec<(u32, u32)> {
        std::iter::from_fn(|| self.heard.try_recv().ok()).collect()
    }

    /// Everything goes back to the pool, and from there in order.
    async fn settle(self) {
        soon(self.pool.stop()).await.unwrap();
        self.ledger.assert_settled();
    }
}

#[tokio::test]
async fn a_broken_resource_is_replaced_and_its_job_retried_within_its_attempts() {
    let mut bench = Bench::new(1).await;
    let job = Jamming::enqueue(JammingParams::new(2_u32)).on(&bench.tasker);
    let job = job.await.unwrap();
    bench.drain().await;
    assert_eq!(job.result().await.unwrap(), 3);
    assert_eq!(bench.said(), [(1, 1), (2, 2), (3, 3)]);
    assert_eq!(bench.ledger.log().destroyed, [1, 2]);
    let job = Jamming::enqueue(JammingParams::new(9_u32)).on(&bench.tasker);
    let job = job.await.unwrap();
    assert_eq!(bench.drain().await.failed, 1);
    let row = job.job().await.unwrap();
    assert_eq!((row.state, row.attempt), (JobState::Failed, 3));
    assert_eq!(row.error.as_deref(), Some("jammed"));
    assert_eq!(bench.said(), [(1, 3), (2, 4), (3, 5)]);
    bench.settle().await;
}

/// The first time a resource breaks under a job is the resource's fault: no backoff.
#[tokio::test]
async fn the_first_retry_on_a_fresh_resource_comes_at_once() {
    let bench = Bench::new(1).await;
    let job = JammingOnce::enqueue().on(&bench.tasker).await.unwrap();
    let summary = bench.drain().await;
    assert_eq!((summary.succeeded, summary.retried), (1, 1));
    assert_eq!(job.result().await.unwrap(), 2);
    bench.settle().await;
}

#[tokio::test]
async fn what_becomes_of_the_resource_follows_from_how_the_handler_ended() {
    let bench = Bench::new(1).await;
    for (how, kind, tools) in [
        ("succeed", None, 1),
        ("fail", Some(FailureKind::Error), 1),
        ("discard", Some(FailureKind::Error), 2),
        ("panic", Some(FailureKind::Panic), 3),
        ("dawdle", Some(FailureKind::Timeout), 4),
    ] {
        let job = Ending::enqueue(EndingParams::new(how)).on(&bench.tasker);
        let job = job.await.unwrap();
        bench.drain().await;
        let attempts = bench.tasker.jobs().attempts(job.id()).await.unwrap();
        assert_eq!(attempts.first().map(|attempt| attempt.kind), kind, "{how}");
        bench.ledger.until(|log| log.created.len() == tools).await;
    }
    bench.settle().await;
}

#[tokio::test]
async fn a_plain_function_another_name_and_a_struct_will_do() {
    let bench = Bench::new(1).await;
    let thread = Blocking::enqueue().on(&bench.tasker).await.unwrap();
    bench.drain().await;
    assert_eq!(thread.result().await.unwrap(), 2);
    let injected = Injected::enqueue().on(&bench.tasker).await.unwrap();
    bench.drain().await;
    assert_eq!(injected.result().await.unwrap(), 2);
    let by_struct = ByStruct { jams: true }.enqueue().on(&bench.tasker);
    let by_struct = by_struct.await.unwrap();
    bench.drain().await;
    assert_eq!(by_struct.result().await.unwrap(), 3);
    bench.settle().await;
}

/// Handlers that each hold one and wait for another would wait for ever, so the second is refused at once.
#[tokio::test]
async fn a_second_resource_of_a_pool_is_refused_and_one_given_back_is_lent_again() {
    let bench = Bench::new(1).await;
    let job = Greedy::enqueue().on(&bench.tasker).await.unwrap();
    assert_eq!(bench.drain().await.failed, 1);
    let row = job.job().await.unwrap();
    assert_eq!((row.state, row.attempt), (JobState::Failed, 1));
    let said = row.error.unwrap();
    assert!(
        said.contains("a resource of the pool `pool::workshop::Tool` already"),
        "{said}"
    );
    let job = Twice::enqueue().on(&bench.tasker).await.unwrap();
    bench.drain().await;
    assert_eq!(job.result().await.unwrap(), 3);
    assert_eq!(bench.ledger.log().destroyed, [0; 0]);
    bench.settle().await;
}

/// More jobs than resources: they take turns.
#[tokio::test]
async fn handlers_wait_for_a_resource() {
    let mut bench = Bench::new(2).await;
    for _ in 0..5 {
        Holding::enqueue().on(&bench.tasker).await.unwrap();
    }
    let worker = bench.tasker.worker().concurrency(5).until_empty(true);
    let working = tokio::spawn(worker.build().unwrap().run());
    let mut tools = vec![
        soon(bench.heard.recv()).await.unwrap().1,
        soon(bench.heard.recv()).await.unwrap().1,
    ];
    tools.sort_unstable();
    assert_eq!(tools, [1, 2]);
    while bench.pool.stats().queued < 3 {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.said(), []);
    bench.probe.gate.add_permits(5);
    let summary = soon(working).await.unwrap().unwrap();
    assert_eq!(summary.succeeded, 5);
    assert_eq!(bench.ledger.log().peak, 2);
    bench.settle().await;
}

/// A stop that ends a handler while it waits, or while it holds a resource, loses neither.
#[tokio::test]
async fn a_stop_of_the_worker_gives_the_resource_back() {
    let mut bench = Bench::new(1).await;
    for _ in 0..2 {
        Holding::enqueue().on(&bench.tasker).await.unwrap();
    }
    let worker = bench.tasker.worker().grace(ms(10)).build().unwrap();
    let stopper = worker.stopper();
    let working = tokio::spawn(worker.run());
    soon(bench.heard.recv()).await.unwrap();
    while bench.pool.stats().queued < 1 {
        tokio::task::yield_now().await;
    }
    stopper.stop();
    let summary = soon(working).await.unwrap().unwrap();
    assert_eq!((summary.released, summary.failed), (2, 0));
    bench.probe.gate.add_permits(1);
    bench.settle().await;
}

/// What is missing is named when the worker is built, with its task and the cure.
#[tokio::test]
async fn a_missing_pool_is_named() {
    let tasker = Tasker::builder().store(Arc::new(MemoryStore::new()));
    let tasker = tasker.connect().await.unwrap();
    let said = tasker.worker().build().unwrap_err().to_string();
    let wanted = "task `injected`: no pool of `pool::workshop::Tool` was given to the application: \
                  add `.resource(pool)` to the `App` or to `Tasker::builder()`";
    assert!(said.contains(wanted), "{said}");
}

/// A pool that is stopped fails the attempt, and says so.
#[tokio::test]
async fn a_stopped_pool_fails_the_attempt() {
    let bench = Bench::new(1).await;
    bench.pool.stop().await.unwrap();
    let job = Ending::enqueue(EndingParams::new("succeed")).on(&bench.tasker);
    let job = job.await.unwrap();
    bench.drain().await;
    let row = job.job().await.unwrap();
    assert_eq!(row.error, Some(Error::Stopped.to_string()));
}
