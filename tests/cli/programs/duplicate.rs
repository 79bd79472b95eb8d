//! Two tasks under one alias, in different spellings.

use tasker::task;

/// Send a letter.
#[task(alias = "send-mail")]
async fn letter() {}

/// Send an e-mail.
#[task(alias = "send_mail")]
async fn message() {}

#[tasker::main]
async fn main(app: tasker::App) -> tasker::Result<()> {
    app.run().await
}
