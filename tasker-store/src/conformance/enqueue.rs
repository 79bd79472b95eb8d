//! Putting jobs into the store.

use super::Case;
use super::bench::{Bench, at, claim_knowing, job, job_in, secs};
use crate::clock::Due;
use crate::job::{Enqueued, JobId, JobRef, Keep, NewJob, Occurrence, Retention};
use crate::limits;
use crate::schedule::ScheduleId;
use crate::state::JobState;
use crate::task::{Declaration, NewTask};

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "enqueue",
        &[],
        [
            a_new_job_has_nothing_behind_it,
            a_job_is_kept_as_it_was_given,
            a_job_due_later_is_scheduled,
            an_instant_that_has_passed_means_now,
            answers_come_in_order_and_numbers_count_up,
            a_repeated_id_is_answered_as_the_first_time,
            a_repeated_id_changes_nothing,
            an_id_twice_in_one_call_is_one_job,
            a_job_of_a_disabled_task_is_refused_and_the_others_are_taken,
            a_disabled_task_is_refused_in_every_spelling,
            a_job_over_the_limits_is_refused_and_the_others_are_taken,
            a_job_nobody_enqueued_is_none,
            no_jobs_are_no_answers,
            a_thousand_jobs_in_one_call,
        ]
    )
}

async fn a_new_job_has_nothing_behind_it(b: Bench) {
    let id = b.add(job("hello")).await;
    let job = b.job(id).await;
    assert_eq!(job.state, JobState::Queued);
    assert_eq!((job.queue.as_str(), job.params.as_str()), ("default", "{}"));
    assert_eq!((job.attempt, job.max_attempts), (0, Some(4)));
    assert_eq!((job.priority, job.at_most_once), (0, false));
    assert_eq!((job.enqueued_at, job.due_at), (at(0), at(0)));
    assert_eq!((job.started_at, job.finished_at), (None, None));
    assert_eq!((job.worker, job.cancel_requested), (None, false));
    assert_eq!((job.output, job.error, job.progress), (None, None, None));
    assert_eq!((job.occurrence, job.deleted_at), (None, None));
    assert!(job.missed.is_empty());
    assert!(job.tags.is_empty());
}

async fn a_job_is_kept_as_it_was_given(b: Bench) {
    let occurrence = Occurrence {
        schedule: ScheduleId::generate(),
        at: at(-60),
    };
    let new = NewJob {
        id: JobId::generate(),
        alias: "Send-Mail".into(),
        queue: "my queue ✉".into(),
        priority: -3,
        params: r#"{"z": 1, "a": "\u0000 ü 'quote' ; -- $1 ?", "z": 2}"#.into(),
        shape: i64::MIN + 1,
        due: Due::In(secs(5)),
        max_attempts: None,
        at_most_once: true,
        retention: Retention {
            succeeded: Keep::Forever,
            unsuccessful: Keep::Forever,
        },
        tags: vec!["tenant:42".into(), "b,c".into(), "ä 'x'".into()],
        occurrence: Some(occurrence),
        missed: vec![at(-180), at(-120)],
        unique: None,
    };
    b.add(new.clone()).await;
    let job = b.job(new.id).await;
    assert_eq!(job.alias, new.alias, "the alias is kept as written");
    assert_eq!(job.queue, new.queue);
    assert_eq!(job.params, new.params, "params are text and stay untouched");
    assert_eq!((job.priority, job.shape), (new.priority, new.shape));
    assert_eq!((job.max_attempts, job.at_most_once), (None, true));
    assert_eq!(job.tags, new.tags, "tags stay in order");
    assert_eq!(job.occurrence, Some(occurrence));
    assert_eq!(job.missed, new.missed);
    assert_eq!(job.due_at, at(5));
}

async fn a_job_due_later_is_scheduled(b: Bench) {
    let later = b.add(job_in(10)).await;
    let at_instant = NewJob {
        due: Due::At(at(20)),
        ..job("hello")
    };
    let instant = b.add(at_instant).await;
    assert_eq!(b.state(later).await, JobState::Scheduled);
    assert_eq!(b.job(later).await.due_at, at(10));
    assert_eq!(b.state(instant).await, JobState::Scheduled);
    assert_eq!(b.job(instant).await.due_at, at(20));
}

async fn an_instant_that_has_passed_means_now(b: Bench) {
    for due in [Due::At(at(-3600)), Due::At(at(0)), Due::In(secs(0))] {
        let id = b
            .add(NewJob {
                due,
                ..job("hello")
            })
            .await;
        assert_eq!(b.state(id).await, JobState::Queued, "due {due:?}");
    }
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 10).await.len(), 3);
}

async fn answers_come_in_order_and_numbers_count_up(b: Bench) {
    let jobs: Vec<NewJob> = (0..5).map(|_| job("hello")).rev().collect();
    let given: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    let mut answers = b.store.enqueue(jobs).await.expect("enqueue");
    answers.extend(b.store.enqueue(vec![job("mail")]).await.expect("enqueue"));
    let mut last = 0;
    for (place, answer) in answers.iter().enumerate() {
        let Enqueued::New { id, number } = answer else {
            panic!("refused: {answer:?}");
        };
        assert!(*number > last, "numbers count up: {answers:?}");
        assert!(place == 5 || *id == given[place], "answers come in order");
        last = *number;
        let found = b.store.job(JobRef::Number(last)).await.expect("job");
        assert_eq!(found.map(|job| job.id), Some(*id));
    }
}

async fn a_repeated_id_is_answered_as_the_first_time(b: Bench) {
    let new = job("hello");
    let first = b.store.enqueue(vec![new.clone()]).await.expect("enqueue");
    b.add(job("mail")).await;
    let mixed = vec![job("hello"), new, job("hello")];
    let again = b.store.enqueue(mixed).await.expect("enqueue");
    assert_eq!(again[1], first[0]);
    assert_eq!(again.len(), 3);
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 10).await.len(), 4, "the repeat made no job");
}

async fn a_repeated_id_changes_nothing(b: Bench) {
    let new = job("hello");
    let (_, claimed) = b.running(new.clone()).await;
    let other = NewJob {
        params: r#"{"other": true}"#.into(),
        queue: "elsewhere".into(),
        ..new
    };
    let before = b.job(claimed.id).await;
    b.add(other).await;
    assert_eq!(b.job(claimed.id).await, before);
}

async fn an_id_twice_in_one_call_is_one_job(b: Bench) {
    let new = job("hello");
    let jobs = vec![new.clone(), new.clone()];
    let answers = b.store.enqueue(jobs).await.expect("enqueue");
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0], answers[1]);
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 10).await.len(), 1);
}

pub(super) fn new_task(alias: &str) -> NewTask {
    NewTask {
        alias: alias.into(),
        title: format!("The {alias} task."),
        description: String::new(),
        queue: "default".into(),
        params: "[]".into(),
        shape: 7,
        origin: "bench".into(),
    }
}

pub(super) async fn declare_tasks(b: &Bench, aliases: &[&str]) {
    let declaration = Declaration {
        tasks: aliases.iter().map(|alias| new_task(alias)).collect(),
        schedules: Vec::new(),
        retire_after: secs(3600),
    };
    b.store.declare(declaration).await.expect("declare");
}

pub(super) async fn enable(b: &Bench, alias: &str, enabled: bool) {
    let is_known = b.store.enable_task(alias, enabled).await;
    assert!(is_known.expect("enable_task"), "`{alias}` was declared");
}

async fn a_job_of_a_disabled_task_is_refused_and_the_others_are_taken(b: Bench) {
    declare_tasks(&b, &["hello", "mail"]).await;
    enable(&b, "mail", false).await;
    let jobs = vec![job("hello"), job("mail"), job("report")];
    let refused = jobs[1].id;
    let answers = b.store.enqueue(jobs).await.expect("enqueue");
    assert!(matches!(answers[0], Enqueued::New { .. }), "{answers:?}");
    assert!(matches!(answers[2], Enqueued::New { .. }), "{answers:?}");
    let Enqueued::Refused { reason } = &answers[1] else {
        panic!("a disabled task takes no jobs: {answers:?}");
    };
    assert!(
        reason.contains("mail"),
        "the reason names the task: {reason}"
    );
    assert_eq!(b.find(refused).await, None);
    enable(&b, "mail", true).await;
    b.add(job("mail")).await;
}

async fn a_disabled_task_is_refused_in_every_spelling(b: Bench) {
    declare_tasks(&b, &["send-mail"]).await;
    enable(&b, "SEND_MAIL", false).await;
    for spelling in ["send-mail", "send_mail", "SendMail"] {
        let answers = b.store.enqueue(vec![job(spelling)]).await.expect("enqueue");
        let is_refused = matches!(answers[0], Enqueued::Refused { .. });
        assert!(is_refused, "`{spelling}` is the disabled task: {answers:?}");
    }
}

async fn a_job_over_the_limits_is_refused_and_the_others_are_taken(b: Bench) {
    let with_params = |len: usize| NewJob {
        params: format!("{{\"p\":\"{}\"}}", "x".repeat(len - 8)),
        ..job("hello")
    };
    let largest = with_params(limits::PARAMS);
    let kept = (largest.id, largest.params.clone());
    let over = [
        with_params(limits::PARAMS + 1),
        NewJob {
            tags: vec!["t".into(); limits::TAGS + 1],
            ..job("hello")
        },
        NewJob {
            queue: String::new(),
            ..job("hello")
        },
        NewJob {
            max_attempts: Some(0),
            ..job("hello")
        },
    ];
    let jobs = std::iter::once(largest).chain(over).collect();
    let answers = b.store.enqueue(jobs).await.expect("enqueue");
    assert!(matches!(answers[0], Enqueued::New { .. }), "at the limit");
    for answer in &answers[1..] {
        assert!(matches!(answer, Enqueued::Refused { .. }), "{answer:?}");
    }
    assert!(b.job(kept.0).await.params == kept.1, "1 MiB reads back");
}

async fn a_job_nobody_enqueued_is_none(b: Bench) {
    assert_eq!(b.find(JobId::generate()).await, None);
    let by_number = b.store.job(JobRef::Number(1_000_000)).await.expect("job");
    assert_eq!(by_number, None);
}

async fn no_jobs_are_no_answers(b: Bench) {
    assert_eq!(b.store.enqueue(Vec::new()).await.expect("enqueue"), []);
}

async fn a_thousand_jobs_in_one_call(b: Bench) {
    let jobs: Vec<NewJob> = (0..1_000).map(|_| job("hello")).collect();
    let given: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    assert_eq!(b.add_all(jobs).await, given);
    let worker = b.worker().await;
    let claimed = b.claim_as(worker, claim_knowing(&["hello"], 2_000)).await;
    let order: Vec<JobId> = claimed.iter().map(|job| job.id).collect();
    assert_eq!(order, given, "one order, from enqueue to claim");
}
