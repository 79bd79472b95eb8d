#[tasker::task(unique(params = [user]))]
async fn hello(user: u32) {
    let _ = user;
}

fn main() {}
