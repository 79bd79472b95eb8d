#[tasker::task]
async fn hello(#[param(shrot = 'n')] times: u32) {
    let _ = times;
}

fn main() {}
