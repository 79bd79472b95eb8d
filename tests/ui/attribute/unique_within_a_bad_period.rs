#[tasker::task(unique(params, period = "1 hour"))]
async fn hello(user: u32) {
    let _ = user;
}

fn main() {}
