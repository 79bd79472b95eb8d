struct Report;

#[tasker::task]
async fn hello() -> Report {
    Report
}

fn main() {}
