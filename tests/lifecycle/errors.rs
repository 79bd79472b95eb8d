//! What becomes of failures.

use std::io::{Error, ErrorKind};

use tasker::lifecycle::{
    Cancelled, Failure, Shutdown, concurrence, ignore_error, on_error, sequence, with_state,
};

use crate::probe::{E, Probe, Wrapped, numbers};

/// F-27.
#[tokio::test]
async fn f27_a_handler_is_called_with_errors_only() {
    let probe = Probe::new();
    let handled = |outcome: fn() -> Result<(), Failure>| {
        let probe = probe.clone();
        on_error(
            move || async move { outcome() },
            move |failure| {
                probe.say(failure);
                async { Err::<(), _>(E(2)) }
            },
        )
    };
    handled(|| Ok(())).await.unwrap();
    let canceled = handled(|| Err(Failure::new(Wrapped(Cancelled.into()))));
    let failure = canceled.await.unwrap_err();
    assert!(
        failure.is_cancelled() && failure.is::<Wrapped>(),
        "{failure}"
    );
    assert!(probe.rest().await.is_empty());

    let failed = handled(|| Err(Failure::new(E(1))));
    assert_eq!(numbers(failed.await), [2]);
    assert_eq!(probe.rest().await, ["E1"]);

    // It may swallow, panic, and sees what is lent.
    on_error(|| async { Err::<(), _>(E(1)) }, |_| async {})
        .await
        .unwrap();
    let panics = on_error(
        || async { Err::<(), _>(E(1)) },
        |failure| async move { panic!("{failure}") },
    );
    assert!(panics.await.unwrap_err().to_string().ends_with(": E1"));
    let looks = on_error(
        || async { Err::<(), _>(E(1)) },
        |_| async {
            let number = Shutdown::current().state::<u8>().await.map_err(Wrapped)?;
            Err::<(), _>(Wrapped(E(*number).into()))
        },
    );
    let failure = with_state(8_u8, looks).await.unwrap_err();
    assert_eq!(failure.find(), Some(&E(8)));
}

/// F-28.
#[tokio::test]
async fn f28_listed_errors_are_passed_over() {
    let fail = |error: fn() -> Failure| move || async move { Err::<(), _>(error()) };
    ignore_error(fail(|| Failure::new(E(1)))).await.unwrap();
    ignore_error(fail(|| Failure::new(Cancelled)))
        .await
        .unwrap();
    ignore_error(|| async { panic!("all the same") })
        .await
        .unwrap();
    ignore_error(|| async {}).of::<E>().await.unwrap();

    for listed in [
        fail(|| Failure::new(E(1))),
        fail(|| Failure::new(Wrapped(E(1).into()))),
    ] {
        ignore_error(listed).of::<Error>().of::<E>().await.unwrap();
        let other = ignore_error(listed).of::<Error>().of::<Cancelled>();
        assert!(other.await.unwrap_err().is::<E>());
    }
    let missing = |error: &Error| error.kind() == ErrorKind::NotFound;
    let fails = fail(|| Failure::new(Error::from(ErrorKind::NotFound)));
    ignore_error(fails).when(missing).await.unwrap();
    let fails = fail(|| Failure::new(Error::from(ErrorKind::TimedOut)));
    assert!(ignore_error(fails).when(missing).await.is_err());

    // Of several errors those that are not listed stay.
    let late = |shutdown: Shutdown| async move {
        shutdown.cancelled().await;
        Err::<(), _>(Error::from(ErrorKind::NotFound))
    };
    let both = concurrence![late, || async { Err::<(), _>(E(5)) }];
    assert_eq!(numbers(ignore_error(both).of::<Error>().await), [5]);
}

/// Through `?` in a function of the application, and through anyhow, which hides the outermost type.
#[tokio::test]
async fn errors_are_found_through_what_is_put_around_them() {
    async fn inner() -> anyhow::Result<()> {
        let several = concurrence![
            || async { Err::<(), _>(E(1)) },
            |shutdown: Shutdown| async move {
                shutdown.cancelled().await;
                Err::<(), _>(Error::from(ErrorKind::NotFound))
            },
        ];
        several.await?;
        Ok(())
    }
    async fn outer() -> anyhow::Result<()> {
        use anyhow::Context;
        sequence![inner].await.context("the outer part")
    }
    for failure in [
        sequence![inner].await.unwrap_err(),
        sequence![outer].await.unwrap_err(),
        concurrence![sequence![concurrence![outer]]]
            .await
            .unwrap_err(),
    ] {
        assert_eq!(failure.find(), Some(&E(1)), "{failure}");
        let found: &Error = failure.find().unwrap();
        assert_eq!(found.kind(), ErrorKind::NotFound);
    }

    // What it holds is found also where nothing is around it.
    async fn plain() -> anyhow::Result<()> {
        Err(E(4).into())
    }
    assert_eq!(sequence![plain].await.unwrap_err().find(), Some(&E(4)));
    ignore_error(plain).of::<E>().await.unwrap();

    async fn stopped() -> anyhow::Result<()> {
        sequence![|| async { Err::<(), _>(Cancelled) }].await?;
        Ok(())
    }
    concurrence![stopped].await.unwrap();
}
