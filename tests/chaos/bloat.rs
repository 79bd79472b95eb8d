//! What earlier jobs leave behind in a server's tables must not slow those that come after.

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Database, IsolationLevel, TransactionTrait};
use servers::Server;
use tasker_store::{Migrate, NewJob, SqlStore, Store, WorkerId};

use crate::floods::{announcement, height, job, settle};
use crate::place::{On, Place};
use crate::{Trials, trials};

/// What a claim of 100 jobs may take, in 99 of 100 cases, while the server may clean up nothing.
const PINNED: Duration = Duration::from_millis(250);

/// For how long at the most a job may be overlooked that came in before those claimed last.
const OVERLOOKED: Duration = Duration::from_secs(10);

pub(crate) fn trials(on: On) -> Trials {
    match on {
        On::Sqlite => Vec::new(),
        On::Postgres => trials!(
            on,
            with on.server().can_start(),
            [jobs_that_the_server_may_not_clean_up_after_do_not_slow_claims]
        ),
        On::MySql => trials!(
            on,
            with on.server().can_start(),
            [a_claim_and_a_settle_read_little_more_than_they_take]
        ),
    }
}

/// X-C9: as many jobs as `TASKER_TEST_FLOOD` says come and go under a transaction that has been idle since before.
async fn jobs_that_the_server_may_not_clean_up_after_do_not_slow_claims(on: On) {
    let server = Server::start(on.server()).await;
    let place = Place::within(on, &server).await;
    let other = Database::connect(place.space().driver_url()).await;
    let other = other.expect("the server answers");
    let old = other.begin_with_config(Some(IsolationLevel::RepeatableRead), None);
    let old = old.await.expect("a transaction");
    let look = "select count(*) from tasker_jobs";
    old.execute_unprepared(look).await.expect("it looks");

    let mut line = Line::of(&place).await;
    let jobs = height(20_000);
    let mut claims = Vec::new();
    for _ in 0..jobs / 1_000 {
        line.enqueue(1_000).await;
        claims.extend(line.drain().await);
    }
    // One that belongs before all of them is not overlooked for long, wherever claims begin by now.
    line.enqueue(1_000).await;
    let urgent = NewJob {
        priority: 5,
        ..job(Duration::ZERO)
    };
    let id = urgent.id;
    line.store.enqueue(vec![urgent]).await.expect("enqueue");
    let (asked, mut found) = (Instant::now(), false);
    while !found {
        line.next().await;
        found = line.held.iter().any(|lease| lease.job == id);
        assert!(asked.elapsed() < OVERLOOKED, "it is overlooked");
    }
    old.rollback().await.expect("it ends");
    let last = &mut claims[jobs / 100 * 9 / 10..];
    last.sort_unstable();
    let (p50, p99) = (last[last.len() / 2], last[last.len() * 99 / 100]);
    println!("{jobs} jobs under an old transaction; the last claims: p50 {p50:?}, p99 {p99:?}");
    assert!(p99 < PINNED, "{p99:?}");
}

/// By the server's own count of rows, with a history and a queue behind it.
async fn a_claim_and_a_settle_read_little_more_than_they_take(on: On) {
    const TAKEN: u64 = 100;
    let server = Server::start(on.server()).await;
    let place = Place::within(on, &server).await;
    let mut line = Line::of(&place).await;
    line.enqueue(3_000).await;
    line.drain().await;
    line.enqueue(6_000).await;
    line.next().await;
    let before = read(&server).await;
    for _ in 0..10 {
        assert_eq!(line.next().await, TAKEN as usize);
    }
    // Each job is found by an index for its end, its look, its claim and its taking, each with what lies around it.
    let each = (read(&server).await - before) / 10 / TAKEN;
    println!("{each} rows read for a job");
    assert!(each < 20, "{each} rows read for a job");
}

/// How many rows the server has read by now.
async fn read(server: &Server) -> u64 {
    let count = "select cast(sum(variable_value) as char) from information_schema.global_status
         where variable_name like 'HANDLER_READ%'";
    let count = server.text(count).await;
    count.parse().expect("a whole number")
}

/// Jobs that come and go.
struct Line {
    store: SqlStore,
    worker: WorkerId,
    held: Vec<tasker_store::Lease>,
}

impl Line {
    async fn of(place: &Place) -> Self {
        let store = SqlStore::connect(place.url()).await.expect("it is there");
        store.open(Migrate::Check).await.expect("it is made");
        let worker = WorkerId::generate();
        store.join(announcement(worker)).await.expect("join");
        Self {
            store,
            worker,
            held: Vec::new(),
        }
    }

    async fn enqueue(&self, jobs: usize) {
        for _ in 0..jobs / 1_000 {
            let new = (0..1_000).map(|_| job(Duration::ZERO)).collect();
            self.store.enqueue(new).await.expect("enqueue");
        }
    }

    /// Ends the jobs claimed before and claims the next 100; gives how many there were.
    async fn next(&mut self) -> usize {
        let settled = self.store.settle(settle(self.worker, &self.held)).await;
        let jobs = settled.expect("settle").jobs;
        self.held = jobs.iter().map(|job| job.lease()).collect();
        self.held.len()
    }

    /// The same until nothing is left; gives what each took.
    async fn drain(&mut self) -> Vec<Duration> {
        let mut each = Vec::new();
        loop {
            let begun = Instant::now();
            let jobs = self.next().await;
            each.push(begun.elapsed());
            if jobs == 0 {
                return each;
            }
        }
    }
}
