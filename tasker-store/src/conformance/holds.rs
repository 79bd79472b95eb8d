//! Named leases.

use std::sync::Arc;

use super::Case;
use super::bench::{Bench, secs};
use crate::lease::{Held, WorkerId};

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "holds",
        &[],
        [
            one_holder_at_a_time,
            names_do_not_block_each_other,
            a_hold_ends_with_its_time_and_the_token_grows,
            a_hold_lasts_while_it_is_extended,
            a_hold_that_is_over_is_not_extended,
            letting_go_frees_the_name,
            only_the_holder_can_let_go,
            racing_holders_make_one,
        ]
    )
}

async fn hold(b: &Bench, name: &str, holder: WorkerId) -> Held {
    b.store.hold(name, holder, secs(10)).await.expect("hold")
}

async fn extend(b: &Bench, holder: WorkerId, token: i64) -> Held {
    let held = b.store.extend("leader", holder, token, secs(10)).await;
    held.expect("extend")
}

async fn let_go(b: &Bench, holder: WorkerId, token: i64) {
    let done = b.store.let_go("leader", holder, token).await;
    done.expect("let_go");
}

/// The token of a hold that must succeed.
async fn held(b: &Bench, holder: WorkerId) -> i64 {
    match hold(b, "leader", holder).await {
        Held::Yes { token } => token,
        Held::No => panic!("nobody holds the name"),
    }
}

async fn one_holder_at_a_time(b: Bench) {
    let (first, second) = (WorkerId::generate(), WorkerId::generate());
    held(&b, first).await;
    assert_eq!(hold(&b, "leader", second).await, Held::No);
    assert_eq!(hold(&b, "leader", first).await, Held::No, "it is held");
}

async fn names_do_not_block_each_other(b: Bench) {
    let holder = WorkerId::generate();
    held(&b, holder).await;
    for name in ["Leader", "leader/2", "ü 'x'", ""] {
        let other = hold(&b, name, WorkerId::generate()).await;
        assert!(matches!(other, Held::Yes { .. }), "`{name}`: {other:?}");
    }
}

async fn a_hold_ends_with_its_time_and_the_token_grows(b: Bench) {
    let (first, second) = (WorkerId::generate(), WorkerId::generate());
    let old = held(&b, first).await;
    b.advance(9);
    assert_eq!(hold(&b, "leader", second).await, Held::No);
    b.advance(2);
    let new = held(&b, second).await;
    assert!(new > old, "the token only grows: {old}, then {new}");
    assert_eq!(extend(&b, first, old).await, Held::No);
}

async fn a_hold_lasts_while_it_is_extended(b: Bench) {
    let (first, second) = (WorkerId::generate(), WorkerId::generate());
    let token = held(&b, first).await;
    for _ in 0..5 {
        b.advance(8);
        assert_eq!(extend(&b, first, token).await, Held::Yes { token });
        assert_eq!(hold(&b, "leader", second).await, Held::No);
    }
}

async fn a_hold_that_is_over_is_not_extended(b: Bench) {
    let (first, second) = (WorkerId::generate(), WorkerId::generate());
    let token = held(&b, first).await;
    assert_eq!(extend(&b, second, token).await, Held::No, "not the holder");
    assert_eq!(
        extend(&b, first, token + 1).await,
        Held::No,
        "not the token"
    );
    b.advance(11);
    assert_eq!(
        extend(&b, first, token).await,
        Held::No,
        "over, if unclaimed"
    );
    let again = held(&b, first).await;
    assert_eq!(extend(&b, first, token).await, Held::No, "an older hold");
    let extended = extend(&b, first, again).await;
    assert_eq!(extended, Held::Yes { token: again });
}

async fn letting_go_frees_the_name(b: Bench) {
    let (first, second) = (WorkerId::generate(), WorkerId::generate());
    let old = held(&b, first).await;
    let_go(&b, first, old).await;
    let_go(&b, first, old).await;
    assert_eq!(extend(&b, first, old).await, Held::No);
    let new = held(&b, second).await;
    assert!(new > old, "the token only grows: {old}, then {new}");
}

async fn only_the_holder_can_let_go(b: Bench) {
    let (first, second) = (WorkerId::generate(), WorkerId::generate());
    let old = held(&b, first).await;
    b.advance(11);
    let token = held(&b, second).await;
    let_go(&b, first, old).await;
    let_go(&b, first, token).await;
    let_go(&b, second, old).await;
    assert_eq!(extend(&b, second, token).await, Held::Yes { token });
    let gone = b.store.let_go("nobody's", first, 1).await;
    gone.expect("harmless");
}

async fn racing_holders_make_one(b: Bench) {
    let gate = Arc::new(tokio::sync::Barrier::new(8));
    let mut racers = Vec::new();
    for _ in 0..8 {
        let (store, gate) = (Arc::clone(&b.store), Arc::clone(&gate));
        racers.push(tokio::spawn(async move {
            gate.wait().await;
            let held = store.hold("leader", WorkerId::generate(), secs(10)).await;
            held.expect("hold")
        }));
    }
    let mut holders = 0;
    for racer in racers {
        let held = racer.await.expect("no racer panics");
        holders += u32::from(held != Held::No);
    }
    assert_eq!(holders, 1);
}
