#[tasker::task]
async fn hello(names: Vec<&str>) {
    let _ = names;
}

fn main() {}
