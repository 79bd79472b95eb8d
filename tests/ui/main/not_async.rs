#[tasker::main]
fn main(app: tasker::Tasker) {
    drop(app);
}
