#[tasker::task(schedule("daily 12:00", params(nmae = "Tom")))]
async fn hello(#[param(default = "World")] name: String) {
    let _ = name;
}

fn main() {}
