//! `#[derive(tasker::Task)]`: the struct is the params, `Handler` the code.

#![allow(
    refining_impl_trait,
    reason = "the trait does not name the error, so that a handler may return any"
)]

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tasker::{Context, Task as _};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Dimensions {
    width: u32,
}

/// Resize one picture.
#[derive(tasker::Task)]
#[task(
    alias = "resize",
    queue = "media",
    timeout = "2m",
    unique(params(path), until = started),
    schedule("daily 03:00", params(path = "all"))
)]
struct Resize {
    /// The file to read.
    path: PathBuf,
    #[param(default = 640)]
    width: u32,
}

impl tasker::Handler for Resize {
    type Output = Dimensions;

    async fn handle(self, ctx: Context) -> anyhow::Result<Dimensions> {
        anyhow::ensure!(ctx.alias() == "resize" && self.path.is_relative());
        Ok(Dimensions { width: self.width })
    }
}

#[derive(tasker::Task)]
struct Sweep;

impl tasker::Handler for Sweep {
    type Output = ();

    async fn handle(self, _: Context) -> Result<(), std::io::Error> {
        Ok(())
    }
}

#[tokio::test]
async fn a_struct_runs_and_says_what_it_is() {
    let path = PathBuf::from("x.png");
    let done = Resize {
        path: path.clone(),
        width: 320,
    }
    .run()
    .await;
    assert_eq!(done.expect("runs"), Dimensions { width: 320 });
    let _inert = Resize::enqueue(Resize { path, width: 1 }).queue("other");
    let _inert = Resize::enqueue_many([]);
    Sweep.run().await.expect("runs");
    let task = Resize::definition();
    assert_eq!((task.title, task.queue), ("Resize one picture", "media"));
    assert_eq!(task.params[0].description, "The file to read.");
    let params = (task.schedules[0].params)().expect("encodes");
    assert_eq!(
        serde_json::Value::from(params),
        serde_json::json!({"path": "all", "width": 640})
    );
    assert_eq!(
        (Sweep::definition().alias, Sweep::definition().params.len()),
        ("sweep", 0)
    );
}
