#[tasker::task(unique(keys = "one"))]
async fn hello(user: u32) {
    let _ = user;
}

fn main() {}
