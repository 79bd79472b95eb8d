#[tasker::task(unique(while(scheduled, queued, succeeded)))]
async fn hello(user: u32) {
    let _ = user;
}

fn main() {}
