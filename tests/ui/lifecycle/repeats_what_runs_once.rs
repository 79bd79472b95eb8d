use std::time::Duration;
use tasker::lifecycle::{every, repeat, sequence};

fn main() {
    let owned = String::from("given away");
    let once = move || async move { drop(owned) };
    drop(repeat(every(Duration::from_secs(1)), sequence![|| async {}, once]));
}
