#[tasker::task]
async fn answer() -> Result<&'static str, std::io::Error> {
    Ok("forty-two")
}

fn main() {}
