//! Progress and log of running attempts.

use super::Case;
use super::bench::{Bench, at, job, retry_in, secs, succeeded};
use crate::attempt::{Level, LogLine, Progress};
use crate::job::JobId;
use crate::limits;
use crate::settle::{Claimed, Fate, NewLine, Note, NoteBody};
use crate::state::JobState;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "notes",
        &[],
        [
            progress_is_kept_and_replaced,
            lines_come_in_order_with_their_time,
            a_line_is_kept_as_it_was_written,
            lines_of_several_attempts_stay_apart,
            all_lines_of_an_attempt_are_kept,
            fates_come_in_the_order_of_the_notes,
            a_job_without_a_log_has_an_empty_one,
        ]
    )
}

fn line(age: u64, message: &str) -> NewLine {
    NewLine {
        age: secs(age),
        level: Level::Info,
        message: message.into(),
    }
}

async fn note(b: &Bench, job: &Claimed, body: NoteBody) {
    let lease = job.lease();
    let fates = b.store.note(vec![Note { lease, body }]).await;
    let expected = [Fate::Applied(JobState::Running)];
    assert_eq!(fates.expect("note"), expected);
}

/// Logs one line of a running attempt.
pub(super) async fn say(b: &Bench, job: &Claimed, message: &str) {
    let body = NoteBody {
        progress: None,
        lines: vec![line(0, message)],
    };
    note(b, job, body).await;
}

async fn log(b: &Bench, job: JobId) -> Vec<LogLine> {
    b.store.log(job).await.expect("log")
}

async fn progress_is_kept_and_replaced(b: Bench) {
    let (worker, claimed) = b.running(job("hello")).await;
    assert_eq!(b.job(claimed.id).await.progress, None);
    let total = u64::from(u32::MAX) * 4;
    for done in [1, total] {
        let progress = Some(Progress { done, total });
        let lines = Vec::new();
        note(&b, &claimed, NoteBody { progress, lines }).await;
        assert_eq!(b.job(claimed.id).await.progress, progress);
    }
    say(&b, &claimed, "no progress in this one").await;
    let latest = Some(Progress { done: total, total });
    assert_eq!(b.job(claimed.id).await.progress, latest);
    b.end(worker, &claimed, succeeded()).await;
    assert_eq!(b.job(claimed.id).await.progress, latest);
}

async fn lines_come_in_order_with_their_time(b: Bench) {
    let (_, claimed) = b.running(job("hello")).await;
    b.advance(10);
    let lines = vec![line(3, "first"), line(1, "second"), line(1, "third")];
    let body = NoteBody {
        progress: None,
        lines,
    };
    note(&b, &claimed, body).await;
    say(&b, &claimed, "fourth").await;
    let log = log(&b, claimed.id).await;
    let told: Vec<_> = log.iter().map(|l| (l.message.as_str(), l.at)).collect();
    let expected = [
        ("first", at(7)),
        ("second", at(9)),
        ("third", at(9)),
        ("fourth", at(10)),
    ];
    assert_eq!(told, expected);
    assert!(log.iter().all(|line| line.attempt == 1));
}

async fn a_line_is_kept_as_it_was_written(b: Bench) {
    let (_, claimed) = b.running(job("hello")).await;
    let longest = "ü".repeat(limits::LINE / 2);
    let levels = [Level::Error, Level::Warn, Level::Info, Level::Debug];
    let messages = [
        "",
        "two\nlines\t'and' \"quotes\" %s $1 ?",
        "🦀",
        longest.as_str(),
    ];
    let lines = levels.into_iter().zip(messages);
    let lines = lines.map(|(level, message)| NewLine {
        level,
        ..line(0, message)
    });
    let body = NoteBody {
        progress: None,
        lines: lines.collect(),
    };
    note(&b, &claimed, body).await;
    let log = log(&b, claimed.id).await;
    let kept: Vec<_> = log.iter().map(|l| (l.level, l.message.as_str())).collect();
    let given: Vec<_> = levels.into_iter().zip(messages).collect();
    assert!(kept == given, "kept {kept:?}");
}

async fn lines_of_several_attempts_stay_apart(b: Bench) {
    let (worker, first) = b.running(job("hello")).await;
    say(&b, &first, "one").await;
    b.end(worker, &first, retry_in(0)).await;
    let second = b.take(worker).await;
    say(&b, &second, "two").await;
    let log = log(&b, first.id).await;
    let told: Vec<_> = log
        .iter()
        .map(|l| (l.attempt, l.message.as_str()))
        .collect();
    assert_eq!(told, [(1, "one"), (2, "two")]);
}

async fn all_lines_of_an_attempt_are_kept(b: Bench) {
    let (_, claimed) = b.running(job("hello")).await;
    let message = |place: usize| format!("line {place}");
    for half in [0..limits::LINES / 2, limits::LINES / 2..limits::LINES] {
        let body = NoteBody {
            progress: None,
            lines: half.map(|place| line(0, &message(place))).collect(),
        };
        note(&b, &claimed, body).await;
    }
    let log = log(&b, claimed.id).await;
    assert_eq!(log.len(), limits::LINES);
    for (place, line) in log.iter().enumerate() {
        assert_eq!(line.message, message(place), "in order");
    }
}

async fn fates_come_in_the_order_of_the_notes(b: Bench) {
    b.add_all((0..3).map(|_| job("hello")).collect()).await;
    let worker = b.worker().await;
    let jobs = b.claim(worker, 3).await;
    b.end(worker, &jobs[1], succeeded()).await;
    let notes = jobs.iter().map(|job| Note {
        lease: job.lease(),
        body: NoteBody {
            progress: None,
            lines: vec![line(0, "hi")],
        },
    });
    let fates = b.store.note(notes.collect()).await.expect("note");
    let kept = Fate::Applied(JobState::Running);
    assert_eq!(fates, [kept, Fate::Stale, kept]);
    assert_eq!(log(&b, jobs[1].id).await, [], "the stale one is dropped");
    assert_eq!(log(&b, jobs[2].id).await.len(), 1);
}

async fn a_job_without_a_log_has_an_empty_one(b: Bench) {
    let id = b.add(job("hello")).await;
    for id in [id, JobId::generate()] {
        assert_eq!(log(&b, id).await, []);
        assert_eq!(b.store.attempts(id).await.expect("attempts"), []);
    }
}
