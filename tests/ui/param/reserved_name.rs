#[tasker::task]
async fn hello(new: String) {
    let _ = new;
}

fn main() {}
