#[tasker::task(unique = "")]
async fn hello(user: u32) {
    let _ = user;
}

fn main() {}
