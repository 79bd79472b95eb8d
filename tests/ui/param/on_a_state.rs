use tasker::State;

#[tasker::task]
async fn hello(#[param(default)] text: State<String>) {
    let _ = text;
}

fn main() {}
