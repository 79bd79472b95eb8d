#[tasker::task(unique(while(scheduled, ready)))]
async fn hello(user: u32) {
    let _ = user;
}

fn main() {}
