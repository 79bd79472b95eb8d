use tasker::lifecycle::concurrence;

fn main() {
    drop(concurrence![|shutdown| async move { shutdown.cancelled().await }]);
}
