//! `LISTEN`: news from other processes, over a connection of its own.
//!
//! In: notifications, as `notify` writes them. Out: wakes for the listeners of this process; what it told itself is not told
//! twice. While the connection stands wakes are prompt; each time it is made there is a gap, since what was said before was not
//! heard. Where it is lost, also without a sign (it is probed), that is said once, whoever waits looks often, and it is made again.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant as Monotonic};

use futures_util::future::BoxFuture;
use sea_orm::sqlx::postgres::{PgListener, PgNotification};
use sea_orm::sqlx::{self, Acquire, Connection};

use crate::clock::Clock;
use crate::sql::desk::Desk;
use crate::sql::patience::jittered;
use crate::sql::postgres::Address;
use crate::sql::postgres::notify;
use crate::wake::{Wake, Waker};

/// How long making the connection, or an answer to a probe, may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How often it is seen whether anybody still listens; where nothing was heard since, the connection is probed.
const TICK: Duration = Duration::from_secs(5);
/// For how long it is kept when nobody listens any more.
const LINGER: Duration = Duration::from_secs(60);
/// How long after a loss, or a vain attempt, it is made again: from this, doubling, to that.
const AGAIN_FIRST: Duration = Duration::from_millis(100);
const AGAIN_LAST: Duration = Duration::from_secs(5);

/// What notices that other processes wrote, for as long as somebody listens. `None` behind a pooler, where a connection
/// is not ours between transactions.
pub(crate) fn listen(address: &Address, desk: &Arc<Desk>) -> Option<BoxFuture<'static, ()>> {
    if address.poll_only {
        return None;
    }
    let ear = Ear {
        address: address.clone(),
        waker: desk.waker.clone(),
        // Nobody tells that a test moved its clock.
        is_prompt: matches!(desk.clock, Clock::Store),
        desk: Arc::downgrade(desk),
    };
    Some(Box::pin(ear.listen()))
}

struct Ear {
    address: Address,
    waker: Waker,
    is_prompt: bool,
    desk: Weak<Desk>,
}

/// Why listening came to an end.
enum End {
    /// Nobody here listens any more.
    Unheard,
    /// The connection is of no more use.
    Lost(String),
}

impl Ear {
    async fn listen(self) {
        // Vain attempts since the connection stood, and whether that was said.
        let (mut vain, mut is_said) = (0, false);
        loop {
            let reason = match self.connect().await {
                Ok(Some(listener)) => {
                    if is_said {
                        tracing::info!("news from other processes arrives again");
                    }
                    (vain, is_said) = (0, false);
                    match self.hear(listener).await {
                        End::Unheard => return,
                        End::Lost(reason) => Some(reason),
                    }
                }
                Ok(None) => None,
                Err(reason) => Some(reason),
            };
            if let Some(reason) = reason.filter(|_| !is_said) {
                tracing::warn!(
                    reason,
                    "no connection brings news from other processes; looking often meanwhile"
                );
                is_said = true;
            }
            if self.desk.strong_count() == 0 || !self.waker.is_heard() {
                return;
            }
            let pause = AGAIN_FIRST.saturating_mul(1 << vain.min(10));
            vain += 1;
            tokio::time::sleep(jittered(pause.min(AGAIN_LAST))).await;
        }
    }

    /// Connects and listens; `None` where there is no installation yet.
    async fn connect(&self) -> Result<Option<PgListener>, String> {
        let connecting = async {
            let mut listener = PgListener::connect_with(&self.address.listening_pool()).await?;
            listener.eager_reconnect(false);
            let channel = sqlx::query_scalar::<_, String>(notify::CHANNEL);
            let Some(channel) = channel.fetch_optional(&mut listener).await? else {
                return Ok(None);
            };
            listener.listen(&channel).await?;
            Ok(Some(listener))
        };
        match tokio::time::timeout(ANSWER_WITHIN, connecting).await {
            Ok(connected) => connected.map_err(|error: sqlx::Error| error.to_string()),
            Err(_) => Err(format!("no answer within {ANSWER_WITHIN:?}")),
        }
    }

    async fn hear(&self, mut listener: PgListener) -> End {
        let _prompt = Prompt::begin(&self.waker, self.is_prompt);
        let mut tick_at = Monotonic::now() + TICK;
        let (mut is_silent, mut unheard_since) = (true, None);
        loop {
            match tokio::time::timeout_at(tick_at.into(), listener.try_recv()).await {
                Ok(Ok(Some(notification))) => {
                    is_silent = false;
                    self.tell(&notification);
                    continue;
                }
                Ok(Ok(None)) => return End::Lost("the server ended it".into()),
                Ok(Err(error)) => return End::Lost(error.to_string()),
                Err(_) => tick_at = Monotonic::now() + TICK,
            }
            let Some(desk) = self.desk.upgrade() else {
                return End::Unheard;
            };
            if self.waker.is_heard() {
                unheard_since = None;
            } else if unheard_since.get_or_insert_with(Monotonic::now).elapsed() > LINGER {
                return End::Unheard;
            }
            desk.say_awaited();
            drop(desk);
            if std::mem::replace(&mut is_silent, true)
                && let Err(reason) = probe(&mut listener).await
            {
                return End::Lost(reason);
            }
        }
    }

    fn tell(&self, notification: &PgNotification) {
        let (sender, news) = notify::read(notification.payload());
        if sender == Some(self.waker.id()) {
            return;
        }
        let Some(news) = news else {
            return self.waker.wake(Wake::Gap);
        };
        if news.ready {
            self.waker.wake(Wake::Ready);
        }
        if let Some(due) = news.due {
            let left = due.saturating_duration_since(Monotonic::now());
            self.waker.wake(Wake::Due(left));
        }
        if news.control {
            self.waker.wake(Wake::Control);
        }
        if news.finished {
            self.waker.wake_waiters();
        }
        if news.awaited
            && let Some(desk) = self.desk.upgrade()
        {
            desk.heard_awaited();
        }
    }
}

/// Whether the other end is still there. What is no statement costs the server least.
async fn probe(listener: &mut PgListener) -> Result<(), String> {
    let probing = async {
        let connection = listener.acquire().await?;
        connection.ping().await
    };
    match tokio::time::timeout(ANSWER_WITHIN, probing).await {
        Ok(probed) => probed.map_err(|error: sqlx::Error| error.to_string()),
        Err(_) => Err(format!("no answer within {ANSWER_WITHIN:?}")),
    }
}

/// Wakes are prompt for as long as this lives.
struct Prompt<'a>(&'a Waker);

impl<'a> Prompt<'a> {
    fn begin(waker: &'a Waker, is_prompt: bool) -> Self {
        waker.set_prompt(is_prompt);
        waker.wake(Wake::Gap);
        waker.wake_waiters();
        Self(waker)
    }
}

impl Drop for Prompt<'_> {
    fn drop(&mut self) {
        self.0.set_prompt(false);
    }
}
