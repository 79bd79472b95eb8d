use std::rc::Rc;
use tasker::lifecycle::concurrence;

async fn holds_an_rc() {
    let rc = Rc::new(1);
    std::future::ready(()).await;
    drop(rc);
}

fn main() {
    drop(concurrence![holds_an_rc]);
}
