//! What a worker makes of it: jobs of other processes start long before it would look for them.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use servers::{Engine, LONG, Space};
use tasker::{State, States, Stopper, Tasker, task};
use tokio::sync::mpsc;

use crate::place::space;
use crate::trials;

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "work",
        Engine::Postgres.can_share(),
        [
            a_job_of_another_process_starts_at_once,
            a_job_that_was_put_off_elsewhere_starts_when_it_is_due,
            a_result_of_another_process_arrives,
        ]
    )
}

/// How handlers tell that they ran.
type Said = Mutex<mpsc::UnboundedSender<String>>;

/// Say a name.
#[task]
async fn news_said(said: State<Said>, name: String) -> anyhow::Result<String> {
    let sender = said.lock().expect("nobody panics with it").clone();
    // An error means that the trial is over.
    let _ = sender.send(name.clone());
    Ok(name)
}

/// A worker of another process than the one that enqueues.
pub(crate) struct Working {
    pub(crate) heard: mpsc::UnboundedReceiver<String>,
    stopper: Stopper,
}

impl Working {
    pub(crate) async fn on(url: &str) -> Self {
        let (sender, heard) = mpsc::unbounded_channel();
        let mut states = States::default();
        states.insert::<Said>(Mutex::new(sender).into());
        let tasker = Tasker::builder()
            .database_url(url)
            .states(states)
            .connect()
            .await
            .expect("it opens");
        let worker = tasker.worker().build().expect("it is set up well");
        let stopper = worker.stopper();
        tokio::spawn(worker.run());
        Self { heard, stopper }
    }

    pub(crate) async fn hear(&mut self, name: &str) {
        loop {
            let said = tokio::time::timeout(LONG, self.heard.recv()).await;
            if said.expect("a job starts").as_deref() == Some(name) {
                return;
            }
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.stopper.stop();
    }
}

/// Enqueues from a process of its own.
pub(crate) async fn say(tasker: &Tasker, name: &str, within: Duration) {
    let job = NewsSaid::enqueue(NewsSaidParams::new(name)).delay(within);
    job.on(tasker).await.expect("enqueue");
}

/// The middle one.
fn median(mut spans: Vec<Duration>) -> Duration {
    spans.sort();
    spans[spans.len() / 2]
}

async fn with_worker() -> (Space, Working, Tasker) {
    let space = space().await;
    let mut working = Working::on(&space.url()).await;
    let tasker = Tasker::connect(&space.url()).await.expect("it opens");
    say(&tasker, "first", Duration::ZERO).await;
    working.hear("first").await;
    (space, working, tasker)
}

async fn a_job_of_another_process_starts_at_once() {
    let (_space, mut working, tasker) = with_worker().await;
    let mut spans = Vec::new();
    for n in 0..20 {
        let name = n.to_string();
        let begun = Instant::now();
        say(&tasker, &name, Duration::ZERO).await;
        working.hear(&name).await;
        spans.push(begun.elapsed());
    }
    // By itself the worker would look after a second.
    let median = median(spans);
    assert!(median < Duration::from_millis(500), "{median:?}");
}

async fn a_job_that_was_put_off_elsewhere_starts_when_it_is_due() {
    let (_space, mut working, tasker) = with_worker().await;
    let mut spans = Vec::new();
    for n in 0..5 {
        let name = n.to_string();
        let begun = Instant::now();
        say(&tasker, &name, Duration::from_millis(300)).await;
        working.hear(&name).await;
        spans.push(begun.elapsed());
    }
    assert!(
        spans.iter().all(|span| span.as_millis() >= 300),
        "{spans:?}"
    );
    // By itself it would ask after several seconds.
    let median = median(spans);
    assert!(median < Duration::from_secs(3), "{median:?}");
}

async fn a_result_of_another_process_arrives() {
    let (_space, _working, tasker) = with_worker().await;
    for n in 0..10 {
        let job = NewsSaid::enqueue(NewsSaidParams::new(n.to_string()));
        let job = job.on(&tasker).await.expect("enqueue");
        let result = tokio::time::timeout(LONG, job.result()).await;
        assert_eq!(
            result.expect("it ends").expect("it succeeds"),
            n.to_string()
        );
    }
}
