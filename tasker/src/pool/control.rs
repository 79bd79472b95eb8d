//! [`Control`]: what is known of one piece of work by everybody who may end it.
//!
//! Two switches that only go one way. `settled`: somebody has the right to answer the caller; whoever turns it is
//! the only one to do so. `aborted`: the work is to end. The worker that runs it waits for the second; the work
//! itself hears of it by a token, which is made only if it asks for one.

use std::future::poll_fn;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures_util::task::AtomicWaker;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Default)]
pub(super) struct Control {
    settled: AtomicBool,
    aborted: AtomicBool,
    /// Whether the work has said that its resource is broken.
    marked: AtomicBool,
    waker: AtomicWaker,
    token: OnceLock<CancellationToken>,
}

impl Control {
    /// Takes the right to answer; `false` where somebody has it already.
    pub(super) fn settle(&self) -> bool {
        !self.settled.swap(true, Ordering::AcqRel)
    }

    pub(super) fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Acquire)
    }

    /// Tells the work to end.
    pub(super) fn abort(&self) {
        // Before the look at the token, and after it is made in `token`: one of the two sees the other.
        self.aborted.store(true, Ordering::SeqCst);
        if let Some(token) = self.token.get() {
            token.cancel();
        }
        self.waker.wake();
    }

    /// Waits until the work is to end. One waiter at a time.
    pub(super) async fn aborted(&self) {
        poll_fn(|context| {
            self.waker.register(context.waker());
            match self.aborted.load(Ordering::SeqCst) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }

    /// The token by which the work hears that it is to end.
    pub(super) fn token(&self) -> CancellationToken {
        let token = self.token.get_or_init(CancellationToken::new);
        if self.aborted.load(Ordering::SeqCst) {
            token.cancel();
        }
        token.clone()
    }

    /// Says that the resource is broken, or, before an attempt, that nothing was said yet.
    pub(super) fn mark(&self, broken: bool) {
        self.marked.store(broken, Ordering::Release);
    }

    pub(super) fn is_marked(&self) -> bool {
        self.marked.load(Ordering::Acquire)
    }

    /// Whether the work has asked for its token.
    pub(super) fn is_heard(&self) -> bool {
        self.token.get().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_one_has_the_right_to_answer() {
        let control = Control::default();
        assert!(control.settle());
        assert!(!control.settle());
        assert!(control.is_settled());
    }

    #[tokio::test]
    async fn a_token_hears_of_an_abort_before_and_after_it_is_made() {
        let (early, late) = (Control::default(), Control::default());
        let token = early.token();
        assert!(!token.is_cancelled());
        early.abort();
        assert!(token.is_cancelled());
        assert!(!late.is_heard());
        late.abort();
        assert!(late.token().is_cancelled());
        late.aborted().await;
    }
}
