//! Panics of handlers: caught where they happen, and told with their message and place.
//!
//! The place is known only to the panic hook, so one process-wide hook, chained before the one that was there,
//! leaves it in a thread-local; the catcher runs on the same thread right after and takes it.

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Once;

use futures_util::FutureExt;
use tokio::task::JoinError;

thread_local! {
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Runs `future`; a panic in it is an error with message and place.
pub(crate) async fn caught<F: Future>(future: F) -> Result<F::Output, String> {
    install();
    AssertUnwindSafe(future)
        .catch_unwind()
        .await
        .map_err(|panic| describe(panic.as_ref()))
}

/// Runs `function` here and now; a panic in it is an error with message and place.
pub(crate) fn caught_here<T>(function: impl FnOnce() -> T) -> Result<T, String> {
    install();
    catch_unwind(AssertUnwindSafe(function)).map_err(|panic| describe(panic.as_ref()))
}

/// Runs `function` on the pool for blocking work. A panic in it goes on in the caller, with the place where it
/// happened on that other thread.
pub(crate) async fn on_another_thread<T, F>(function: F) -> Result<T, JoinError>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    install();
    let caught =
        || catch_unwind(AssertUnwindSafe(function)).map_err(|panic| describe(panic.as_ref()));
    match tokio::task::spawn_blocking(caught).await? {
        Ok(value) => Ok(value),
        Err(told) => resume_unwind(Box::new(Told(told))),
    }
}

/// A panic that is described already.
struct Told(String);

fn install() {
    HOOK.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info
                .location()
                .map(|place| format!("{}:{}", place.file(), place.line()));
            // The thread may be so far gone that its locals are too.
            let _ = PLACE.try_with(|slot| *slot.borrow_mut() = place);
            previous(info);
        }));
    });
}

fn describe(panic: &(dyn Any + Send)) -> String {
    if let Some(Told(description)) = panic.downcast_ref() {
        return description.clone();
    }
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a value that is no text");
    match PLACE
        .try_with(|slot| slot.borrow_mut().take())
        .ok()
        .flatten()
    {
        Some(place) => format!("panicked at {place}: {message}"),
        None => format!("panicked: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_told_with_message_and_place() {
        let error = caught(async { panic!("no {}", "luck") }).await.unwrap_err();
        assert!(error.starts_with("panicked at "), "{error}");
        assert!(error.contains("panics.rs:"), "{error}");
        assert!(error.ends_with(": no luck"), "{error}");
        let thread = on_another_thread(|| panic!("again"));
        let error = caught(thread).await.unwrap_err();
        assert!(
            error.contains("panics.rs:") && error.ends_with(": again"),
            "{error}"
        );
        assert_eq!(caught(async { 7 }).await, Ok(7));
    }
}
