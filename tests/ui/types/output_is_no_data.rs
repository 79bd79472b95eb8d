struct Report;

#[tasker::task]
async fn hello() -> Result<Report, std::io::Error> {
    Ok(Report)
}

fn main() {}
