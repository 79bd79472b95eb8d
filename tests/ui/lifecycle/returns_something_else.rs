use tasker::lifecycle::sequence;

async fn answer() -> u8 {
    42
}

fn main() {
    drop(sequence![answer]);
}
