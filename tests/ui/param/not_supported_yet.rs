#[tasker::task]
async fn hello(#[param(secret)] password: String) {
    let _ = password;
}

fn main() {}
