//! Waiting for states that nothing tells of.

use std::time::Duration;

/// What is waited for at the most; reaching it is a failure.
pub const LONG: Duration = Duration::from_secs(30);

/// Looks every few milliseconds until `reached`; panics after [`LONG`].
pub async fn until(what: &str, mut reached: impl AsyncFnMut() -> bool) {
    let looks = async {
        while !reached().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let looks = tokio::time::timeout(LONG, looks).await;
    assert!(looks.is_ok(), "waited {LONG:?} until {what}");
}
