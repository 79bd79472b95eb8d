//! A task in a module of its own.

/// Send what is due.
#[tasker::task]
async fn send_invoices() {}
