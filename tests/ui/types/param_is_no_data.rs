struct Mailer;

#[tasker::task]
async fn hello(mailer: Mailer) {
    let _ = mailer;
}

fn main() {}
