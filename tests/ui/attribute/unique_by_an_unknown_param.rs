#[tasker::task(unique(params(usr)))]
async fn hello(user: u32) {
    let _ = user;
}

fn main() {}
