//! How a test speaks with the handlers in another process: they write lines to stdout, it writes lines to stdin.

use std::collections::HashSet;
use std::io::{BufRead, Write};

use tokio::sync::watch;

/// What was said on stdin so far, as a set of lines; so an order given before somebody waits for it is not lost.
#[derive(Debug)]
pub(crate) struct Orders {
    given: watch::Receiver<HashSet<String>>,
}

impl Orders {
    /// Listens on a thread of its own from now on.
    #[allow(
        dead_code,
        reason = "the tests, which know the tasks too, take no orders"
    )]
    pub(crate) fn listen() -> Self {
        let (giver, given) = watch::channel(HashSet::new());
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                giver.send_modify(|lines| {
                    lines.insert(line);
                });
            }
            // Handlers that wait go on waiting when nobody can give orders any more.
            std::mem::forget(giver);
        });
        Self { given }
    }

    /// Waits until `order` was given.
    pub(crate) async fn wait_for(&self, order: &str) {
        let mut given = self.given.clone();
        let heard = given.wait_for(|lines| lines.contains(order)).await;
        heard.expect("the one who gives orders is never dropped");
    }
}

/// Tells the test something.
pub(crate) fn say(what: String) {
    let mut out = std::io::stdout().lock();
    // A test that has gone away listens no more.
    let _ = writeln!(out, "{what}").and_then(|()| out.flush());
}
