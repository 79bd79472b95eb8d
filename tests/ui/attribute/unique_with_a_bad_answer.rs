#[tasker::task(unique(on_conflict = ignore))]
async fn hello(user: u32) {
    let _ = user;
}

fn main() {}
