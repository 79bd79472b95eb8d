use tasker::lifecycle::repeat;
use tasker::rule;

fn main() {
    drop(repeat(rule!("daily 25:00"), || async {}));
}
