//! PostgreSQL's words. Finishing and claiming are one statement, each statement a transaction of its own, as durable
//! as the server is set.

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Row};
use uuid::Uuid;

use super::{Crowd, FUTURE, Held, Keep, PARAMS, PAST, Raw, Settled};
use crate::Result;

/// What is the same for all jobs of a call is given once, what is not as one array for each column.
const INSERT: &str = "INSERT INTO tasker_jobs (id, alias, task, queue, priority, state, shape, max_attempts, at_most_once,
        due_at, enqueued_at, keep_succeeded, keep_unsuccessful, tags, params)
     SELECT f.id, 'noop', 'noop', 'default', 0, 'queued', 0, 4, FALSE, $1, $1, 86400000000, 604800000000, '[]', f.params
       FROM unnest($2::uuid[], $3::text[]) AS f(id, params)";

macro_rules! end {
    () => {
        "UPDATE tasker_jobs AS j
            SET state = 'succeeded', finished_at = $1, prune_at = $1 + j.keep_succeeded
           FROM unnest($2::bigint[], $3::bigint[]) AS f(number, token)
          WHERE j.number = f.number AND j.token = f.token AND j.state = 'running'
         RETURNING j.number"
    };
}

macro_rules! delete {
    () => {
        "DELETE FROM tasker_jobs AS j
          USING unnest($2::bigint[], $3::bigint[]) AS f(number, token)
          WHERE $1::bigint IS NOT NULL AND j.number = f.number AND j.token = f.token AND j.state = 'running'
         RETURNING j.number"
    };
}

macro_rules! claim {
    ($now:literal, $worker:literal, $limit:literal) => {
        concat!(
            "UPDATE tasker_jobs AS j
                SET state = 'running', token = j.token + 1, attempt = j.attempt + 1, started_at = ",
            $now,
            ", worker = ",
            $worker,
            " WHERE j.number = ANY (ARRAY(
                    SELECT r.number FROM tasker_jobs AS r
                     WHERE r.queue = 'default' AND r.state = 'queued' AND r.deleted_at IS NULL
                     ORDER BY -(r.priority::int), r.due_at, r.number LIMIT ",
            $limit,
            " FOR UPDATE SKIP LOCKED))
             RETURNING j.number, j.token, j.id, j.alias, j.params, j.attempt"
        )
    };
}

/// What was ended comes back with no token.
macro_rules! fused {
    ($end:expr) => {
        concat!(
            "WITH ended AS (",
            $end,
            "), claimed AS (",
            claim!("$1", "$4", "$5"),
            ") SELECT * FROM claimed
               UNION ALL SELECT number, NULL, NULL, NULL, NULL, NULL FROM ended"
        )
    };
}

pub(super) struct Connection {
    inner: PgConnection,
    worker: Uuid,
}

impl Connection {
    pub(super) async fn open(url: &str) -> Result<Self> {
        let options: PgConnectOptions = url.parse()?;
        // A claim takes less time than its compilation.
        let inner = options.options([("jit", "off")]).connect().await?;
        let worker = Uuid::now_v7();
        Ok(Self { inner, worker })
    }
}

#[async_trait]
impl Raw for Connection {
    async fn server(&mut self) -> Result<String> {
        let words =
            "SELECT current_setting('server_version') || ', fsync=' || current_setting('fsync')
                         || ', synchronous_commit=' || current_setting('synchronous_commit')";
        Ok(sqlx::query_scalar(words).fetch_one(&mut self.inner).await?)
    }

    async fn insert(&mut self, jobs: usize) -> Result<()> {
        let ids: Vec<Uuid> = (0..jobs).map(|_| Uuid::now_v7()).collect();
        sqlx::query(INSERT)
            .bind(PAST)
            .bind(ids)
            .bind(vec![PARAMS; jobs])
            .execute(&mut self.inner)
            .await?;
        Ok(())
    }

    async fn settle(&mut self, held: &[Held], claim: usize, keep: Keep) -> Result<Settled> {
        let numbers: Vec<i64> = held.iter().map(|job| job.number).collect();
        let tokens: Vec<i64> = held.iter().map(|job| job.token).collect();
        let query = match (held.is_empty(), claim > 0, keep) {
            (true, ..) => sqlx::query(claim!("$1", "$2", "$3")),
            (false, true, Keep::Outcome) => sqlx::query(fused!(end!())),
            (false, true, Keep::Nothing) => sqlx::query(fused!(delete!())),
            (false, false, Keep::Outcome) => sqlx::query(end!()),
            (false, false, Keep::Nothing) => sqlx::query(delete!()),
        };
        let query = query.bind(PAST);
        let query = match (held.is_empty(), claim > 0) {
            (true, _) => query.bind(self.worker).bind(claim as i64),
            (false, true) => (query.bind(numbers).bind(tokens))
                .bind(self.worker)
                .bind(claim as i64),
            (false, false) => query.bind(numbers).bind(tokens),
        };
        let rows = query.fetch_all(&mut self.inner).await?;
        if claim == 0 {
            return Ok(Settled {
                ended: rows.len(),
                held: Vec::new(),
            });
        }
        let held: Vec<Held> = rows.iter().filter_map(claimed).collect();
        Ok(Settled {
            ended: rows.len() - held.len(),
            held,
        })
    }

    async fn crowd(&mut self, crowd: Crowd, jobs: usize) -> Result<()> {
        let (state, due, finished) = match crowd {
            Crowd::Queued => ("queued", PAST, "NULL::bigint, NULL::bigint"),
            Crowd::Scheduled => ("scheduled", FUTURE, "NULL::bigint, NULL::bigint"),
            Crowd::Finished => ("succeeded", PAST, "4102444800000000, 4102444800000000"),
        };
        let words = format!(
            "INSERT INTO tasker_jobs (id, alias, task, queue, priority, state, shape, max_attempts, at_most_once,
                    due_at, enqueued_at, keep_succeeded, keep_unsuccessful, tags, params, finished_at, prune_at)
             SELECT gen_random_uuid(), 'noop', 'noop', 'default', 0, '{state}', 0, 4, FALSE, {due} + i, {PAST},
                    86400000000, 604800000000, '[]', '{PARAMS}', {finished} FROM generate_series(1, {jobs}) AS i"
        );
        sqlx::query(AssertSqlSafe(words))
            .execute(&mut self.inner)
            .await?;
        // What the server would do by itself, at a moment of its own.
        sqlx::query("VACUUM (ANALYZE) tasker_jobs")
            .execute(&mut self.inner)
            .await?;
        Ok(())
    }

    async fn carried_out(&mut self) -> Result<Option<u64>> {
        let words = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()";
        let transactions: i64 = sqlx::query_scalar(words).fetch_one(&mut self.inner).await?;
        Ok(Some(u64::try_from(transactions)?))
    }
}

fn claimed(row: &PgRow) -> Option<Held> {
    let token: Option<i64> = row.get(1);
    token.map(|token| Held {
        number: row.get(0),
        token,
    })
}
