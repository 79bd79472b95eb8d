use std::rc::Rc;

async fn pause() {}

#[tasker::task]
async fn hello() {
    let held = Rc::new(1);
    pause().await;
    drop(held);
}

fn main() {}
