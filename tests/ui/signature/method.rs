struct Greeter;

impl Greeter {
    #[tasker::task]
    async fn hello(&self) {}
}

fn main() {}
