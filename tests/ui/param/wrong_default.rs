#[tasker::task]
async fn hello(#[param(default = 1.5)] times: u32) {
    let _ = times;
}

fn main() {}
