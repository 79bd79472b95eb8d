//! A pool of printing presses, each tenth use of which ends in a jam.
//!
//! In: pages to print. Out: all of them: a press that jams is taken away, a fresh one comes, and the page is printed
//! again. `print-pages` submits closures to the pool in memory; `print-page` is a durable task that borrows a press.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tasker::pool::{Error, Manager, Pool};
use tasker::{BoxError, Resource, State, task};

/// A costly thing.
pub(crate) struct Press {
    /// How often any of them was used.
    uses: Arc<AtomicU32>,
}

#[derive(Debug, thiserror::Error)]
#[error("the press jammed at page {0}")]
struct Jammed(u32);

impl Press {
    async fn print(&mut self, page: u32) -> Result<String, Jammed> {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let uses = self.uses.fetch_add(1, Ordering::SeqCst) + 1;
        match uses % 10 {
            0 => Err(Jammed(page)),
            _ => Ok(format!("page {page}")),
        }
    }
}

/// How presses are made, and which errors mean that one is done for.
struct Presses {
    uses: Arc<AtomicU32>,
}

impl Manager for Presses {
    type Resource = Press;

    async fn create(&self) -> Result<Press, BoxError> {
        let uses = Arc::clone(&self.uses);
        Ok(Press { uses })
    }

    async fn destroy(&self, press: Press) {
        // A browser would be closed here, a session ended.
        drop(press);
    }

    fn is_broken(&self, error: &(dyn std::error::Error + 'static)) -> bool {
        error.is::<Jammed>()
    }
}

/// Two presses, and up to four when there is much to print. None is made before there is something.
pub(crate) fn presses() -> Result<Pool<Press>, Error> {
    let uses = Arc::default();
    Pool::builder(Presses { uses })
        .name("presses")
        .workers(2)
        .max_workers(4)
        .max_retries(3)
        .build()
}

/// Print pages in this process, without a store.
#[task]
async fn print_pages(
    presses: State<Pool<Press>>,
    #[param(default = 25)] pages: u32,
) -> Result<String, Error> {
    let mut printing = Vec::new();
    for page in 1..=pages {
        let work = presses.submit(move |mut press| async move { press.print(page).await });
        printing.push(work.handle().await?);
    }
    for page in printing {
        page.await?;
    }
    let metrics = presses.metrics();
    Ok(format!(
        "{} pages printed, {} of them at the second go",
        metrics.completed, metrics.retried
    ))
}

/// Print one page.
///
/// The error of a jammed press is retried like any other, within the attempts of the job.
#[task]
async fn print_page(press: &mut Resource<Press>, page: u32) -> Result<String, Jammed> {
    press.print(page).await
}

/// Enqueue a job for each page of a book.
#[task]
async fn print_book(#[param(default = 12)] pages: u32) -> Result<String, tasker::Error> {
    let jobs = PrintPage::enqueue_many((1..=pages).map(PrintPageParams::new)).await?;
    Ok(format!("{} pages enqueued", jobs.len()))
}
