#[tasker::task]
async fn hello(name: &mut String) {
    name.clear();
}

fn main() {}
