use std::time::Duration;
use tasker::lifecycle::{every, repeat};

fn main() {
    drop(repeat(every(Duration::from_secs(1)), async {}));
}
