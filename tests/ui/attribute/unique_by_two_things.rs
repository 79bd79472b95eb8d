#[tasker::task(unique(key = "one", params(user)))]
async fn hello(user: u32) {
    let _ = user;
}

fn main() {}
