//! An output that cannot be read back is no error until somebody reads it.

#[derive(serde::Serialize)]
struct Report {
    lines: usize,
}

#[tasker::task]
async fn hello() -> Result<Report, std::fmt::Error> {
    Ok(Report { lines: 0 })
}

fn main() {
    let _inert = Hello::enqueue();
}
