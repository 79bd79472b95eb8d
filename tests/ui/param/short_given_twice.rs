#[tasker::task]
async fn hello(#[param(short = 'n')] name: String, #[param(short = 'n')] times: u32) {
    let _ = (name, times);
}

fn main() {}
