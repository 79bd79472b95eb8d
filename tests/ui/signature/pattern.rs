#[tasker::task]
async fn hello((a, b): (u8, u8)) {
    let _ = (a, b);
}

fn main() {}
