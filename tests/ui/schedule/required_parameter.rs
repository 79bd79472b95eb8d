#[tasker::task(schedule = "daily 12:00")]
async fn hello(name: String, times: u32) {
    let _ = (name, times);
}

fn main() {}
