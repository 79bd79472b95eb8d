struct Mailer;

#[tasker::task]
async fn hello(#[inject] mailer: Mailer) {
    let _ = mailer;
}

fn main() {}
