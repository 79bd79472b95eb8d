#[tasker::task]
async fn hello(#[param(short = "n")] times: u32) {
    let _ = times;
}

fn main() {}
