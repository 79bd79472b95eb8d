struct Oops;

#[tasker::task]
async fn hello() -> Result<(), Oops> {
    Ok(())
}

fn main() {}
