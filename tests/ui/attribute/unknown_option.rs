#[tasker::task(alais = "x")]
async fn hello() {}

fn main() {}
