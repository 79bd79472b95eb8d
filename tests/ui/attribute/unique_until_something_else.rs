#[tasker::task(unique(until = done))]
async fn hello(user: u32) {
    let _ = user;
}

fn main() {}
