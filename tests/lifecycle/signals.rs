//! Real signals to real processes.

use std::process::Command;
use std::time::{Duration, Instant};

use tasker::lifecycle::{Signal, with_signals};

use crate::probe::{E, numbers, soon};
use crate::process::{Ended, Process};

fn start(words: &[&str]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lifecycle-program"));
    command.args(words);
    Process::start(command)
}

/// The signals that a process has handlers for, of those below 64.
fn caught(process: &Process) -> Vec<i32> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid())).unwrap();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigCgt:"))
        .unwrap();
    let mask = u64::from_str_radix(mask.trim(), 16).unwrap();
    (1..64)
        .filter(|signal| mask & (1 << (signal - 1)) != 0)
        .collect()
}

fn send(process: &Process, signal: i32) {
    let pid = process.pid().to_string();
    let sent = Command::new("kill")
        .args([format!("-{signal}"), pid])
        .status();
    assert!(sent.unwrap().success());
}

/// F-12.
#[tokio::test]
async fn f12_a_signal_stops_the_parts_and_is_no_failure() {
    for signal in [Signal::INTERRUPT, Signal::TERMINATE] {
        let mut process = start(&["wait"]);
        process.hear("started").await;
        send(&process, signal.as_raw());
        process.hear("told to end").await;
        let Ended { out, err, .. } = process.ended().await.well();
        assert!(out.ends_with("Ok(())\n"), "{out}{err}");
    }
}

/// F-15.
#[tokio::test]
async fn f15_custom_signals_are_listened_to_and_no_others() {
    let mut process = start(&["custom", "42"]);
    process.hear("started").await;
    let listened = caught(&process);
    assert!(listened.contains(&42), "{listened:?}");
    for other in [Signal::INTERRUPT, Signal::TERMINATE, Signal::HANGUP] {
        assert!(!listened.contains(&other.as_raw()), "{listened:?}");
    }
    send(&process, 42);
    process.hear("told to end").await;
    process.ended().await.well();

    // The others do what they always do.
    let mut process = start(&["custom", "42"]);
    process.hear("started").await;
    process.interrupt();
    let ended = process.ended().await;
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(ended.status.signal(), Some(2), "{}", ended.err);
    assert!(!ended.out.contains("told to end"));

    let mut process = start(&["wait"]);
    process.hear("started").await;
    let listened = caught(&process);
    assert!(
        listened.contains(&2) && listened.contains(&15),
        "{listened:?}"
    );
    process.kill().await;
}

#[tokio::test]
async fn a_signal_that_cannot_be_caught_is_an_error() {
    let failure = with_signals(|| async {})
        .signals([Signal::from_raw(9)])
        .await
        .unwrap_err();
    assert!(failure.to_string().contains("signal 9"), "{failure}");
}

/// F-16.
#[tokio::test]
async fn f16_a_part_that_ends_early_ends_it() {
    soon(with_signals(|| async {})).await.unwrap();
    let failing = with_signals(|| async { Err::<(), _>(E(1)) });
    assert_eq!(numbers(soon(failing).await), [1]);
}

/// F-14: an error of its own stays one after the stop.
#[tokio::test]
async fn f14_an_error_after_the_signal_is_a_failure() {
    let mut process = start(&["fail-when-stopped"]);
    process.hear("started").await;
    process.terminate();
    let ended = process.ended().await;
    assert_eq!(ended.status.code(), Some(1), "{}", ended.err);
    assert!(ended.out.ends_with("Err(late)\n"), "{}", ended.out);
}

/// The second signal: what is deaf, and what blocks its thread, is not waited for.
#[tokio::test]
async fn a_second_signal_ends_it_within_a_second() {
    for deaf in ["deaf", "blocking"] {
        let mut process = start(&[deaf]);
        process.hear("started").await;
        process.terminate();
        let signaled = Instant::now();
        process.interrupt();
        let ended = process.ended().await;
        let took = signaled.elapsed();
        assert_eq!(ended.status.code(), Some(130), "{}{}", ended.out, ended.err);
        assert!(
            ended.out.contains("interrupted by a second signal"),
            "{}",
            ended.out
        );
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
}

/// A second signal reaches the worker, which gives its job back.
#[tokio::test]
async fn a_second_signal_makes_a_worker_give_its_jobs_back() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("tasker.db").display()
    );
    let mut process = start(&["worker", &url]);
    process.hear("working").await;
    process.terminate();
    process.interrupt();
    let ended = process.ended().await;
    assert_eq!(ended.status.code(), Some(130), "{}", ended.err);
    let tasker = tasker::Tasker::connect(url).await.unwrap();
    let jobs = tasker
        .jobs()
        .list(tasker::JobQuery::default())
        .await
        .unwrap();
    assert_eq!(
        (jobs[0].state, jobs[0].attempt),
        (tasker::JobState::Queued, 0)
    );
    assert!(tasker.workers().await.unwrap().is_empty());
}

/// The application's own command beside another part; the exit code is that of an interrupted program.
#[tokio::test]
async fn an_application_may_be_a_part() {
    let app = |words: &[&str], url: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lifecycle-app"));
        command
            .args(words)
            .args(["--database-url", url])
            .env("RUST_LOG", "info");
        Process::start(command)
    };
    let folder = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("tasker.db").display()
    );
    let mut process = app(&["work"], &url);
    process.hear("started").await;
    process.terminate();
    process.hear("told to end").await;
    process.ended().await.well();

    let mut process = app(&["work"], &url);
    process.hear("started").await;
    process.order("deaf");
    process.hear("deaf").await;
    process.terminate();
    process.log("a second signal ends at once").await;
    process.terminate();
    let ended = process.ended().await;
    assert_eq!(ended.status.code(), Some(130), "{}", ended.err);
}
