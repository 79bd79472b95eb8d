//! Declarations: how a binary's tasks and schedules get into the store, change, go and come back.

use super::Case;
use super::bench::{Bench, at, job, secs};
use super::enqueue::new_task;
use crate::clock::Instant;
use crate::job::{JobId, NewJob, Occurrence};
use crate::schedule::{CatchUp, Fire, Fired, NewSchedule, Overlap, Schedule, ScheduleState, Then};
use crate::task::{Declaration, Diff};

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "schedules",
        &[],
        [
            a_new_schedule_is_active_and_makes_no_job,
            a_schedule_is_kept_as_it_was_declared,
            an_unchanged_declaration_changes_nothing,
            a_changed_rule_or_zone_clears_the_next_run,
            another_change_keeps_the_next_run,
            what_nobody_declares_any_more_is_retired,
            what_was_retired_comes_back,
            a_pause_survives_declarations,
            a_resumed_schedule_leaves_out_what_passed,
            a_pause_needs_a_schedule_that_can_be_paused,
            a_broken_schedule_waits_for_a_change,
            a_completed_schedule_starts_again_by_a_new_rule,
            tasks_are_mirrored_and_updated,
            a_declaration_leaves_enabled_alone,
        ]
    )
}

pub(super) fn new_schedule(name: &str) -> NewSchedule {
    NewSchedule::new(name, "hello", "every 1m")
}

pub(super) async fn declare(b: &Bench, schedules: Vec<NewSchedule>) -> Diff {
    let declaration = Declaration {
        tasks: Vec::new(),
        schedules,
        retire_after: secs(3600),
    };
    b.store.declare(declaration).await.expect("declare")
}

pub(super) async fn schedule(b: &Bench, name: &str) -> Schedule {
    let all = b.store.schedules().await.expect("schedules");
    let found = all.into_iter().find(|schedule| schedule.name == name);
    found.unwrap_or_else(|| panic!("schedule `{name}` is not in the store"))
}

/// A job for the occurrence of `schedule` at `planned`.
pub(super) fn occurrence(schedule: &Schedule, planned: Instant) -> NewJob {
    NewJob {
        id: JobId::generate(),
        occurrence: Some(Occurrence {
            schedule: schedule.id,
            at: planned,
        }),
        ..job(&schedule.alias)
    }
}

/// One step without jobs.
pub(super) async fn step(b: &Bench, schedule: &Schedule, then: Then) -> Fired {
    fire(b, schedule, Vec::new(), then).await
}

pub(super) async fn fire(b: &Bench, schedule: &Schedule, jobs: Vec<NewJob>, then: Then) -> Fired {
    let fire = Fire {
        schedule: schedule.id,
        version: schedule.version,
        jobs,
        overlap: Overlap::Allow,
        then,
    };
    b.store.fire(fire).await.expect("fire")
}

/// A declared schedule whose next occurrence is `seconds` after the beginning.
pub(super) async fn planned(b: &Bench, name: &str, seconds: i64) -> Schedule {
    declare(b, vec![new_schedule(name)]).await;
    let read = schedule(b, name).await;
    let fired = step(b, &read, Then::Next(at(seconds))).await;
    assert_eq!(fired, Fired::Applied { jobs: 0 });
    schedule(b, name).await
}

/// D-45, X-D13.
async fn a_new_schedule_is_active_and_makes_no_job(b: Bench) {
    let diff = declare(&b, vec![new_schedule("hello")]).await;
    assert_eq!(diff.added, ["hello"]);
    assert!(diff.changed.is_empty() && diff.retired.is_empty());
    let new = schedule(&b, "hello").await;
    assert_eq!((new.state, new.error), (ScheduleState::Active, None));
    assert_eq!((new.next_run_at, new.last_run_at), (None, None));
    assert_eq!((new.executions, new.created_at), (0, at(0)));
    let due = b.store.due(9).await.expect("due");
    assert_eq!(due.schedules.len(), 1, "its next run is to be computed");
    assert_eq!((due.now, due.more), (at(0), false));
    let worker = b.worker().await;
    assert_eq!(b.claim(worker, 9).await, []);
}

async fn a_schedule_is_kept_as_it_was_declared(b: Bench) {
    let catch_ups = [CatchUp::Skip, CatchUp::Once, CatchUp::All { max: 17 }];
    let overlaps = [
        Overlap::Allow,
        Overlap::Skip,
        Overlap::QueueOne,
        Overlap::CancelPrevious,
    ];
    let mut given = Vec::new();
    let policies = catch_ups.into_iter().cycle().zip(overlaps);
    for (place, (catch_up, overlap)) in policies.enumerate() {
        given.push(NewSchedule {
            name: format!("hello/{place} ü"),
            description: "What it is for, \"quoted\" ü.".into(),
            queue: Some("mail".into()).filter(|_| place > 0),
            start_at: Some(at(place as i64)),
            end_at: Some(at(99)),
            max_executions: Some(u32::MAX),
            alias: "Hello".into(),
            rule: "daily 12:00 'x'".into(),
            tz: "Europe/London".into(),
            params: r#"{"z": 1, "a": 2}"#.into(),
            catch_up,
            overlap,
        });
    }
    declare(&b, given.clone()).await;
    let kept = b.store.schedules().await.expect("schedules");
    let kept: Vec<NewSchedule> = kept.iter().map(Schedule::definition).collect();
    assert_eq!(kept, given, "all of it, by name");
}

async fn an_unchanged_declaration_changes_nothing(b: Bench) {
    let before = planned(&b, "hello", 60).await;
    b.advance(5);
    let diff = declare(&b, vec![new_schedule("hello")]).await;
    assert_eq!(diff, Diff::default());
    let after = schedule(&b, "hello").await;
    assert_eq!(after.seen_at, at(5), "but it was seen");
    let expected = Schedule {
        seen_at: at(5),
        ..before.clone()
    };
    assert_eq!(after, expected);
    let fired = step(&b, &before, Then::Next(at(120))).await;
    assert_eq!(
        fired,
        Fired::Applied { jobs: 0 },
        "what was read still holds"
    );
}

async fn a_changed_rule_or_zone_clears_the_next_run(b: Bench) {
    let first = new_schedule("hello");
    let changed_rule = NewSchedule {
        rule: "every 2m".into(),
        ..first.clone()
    };
    let changed_zone = NewSchedule {
        tz: "Asia/Tokyo".into(),
        ..first
    };
    for changed in [changed_rule, changed_zone] {
        let before = planned(&b, "hello", 60).await;
        let diff = declare(&b, vec![changed.clone()]).await;
        assert_eq!(diff.changed, ["hello"]);
        let after = schedule(&b, "hello").await;
        assert_eq!(after.next_run_at, None);
        assert_eq!((&after.rule, &after.tz), (&changed.rule, &changed.tz));
        assert_eq!((after.id, after.created_at), (before.id, at(0)));
        assert!(after.version > before.version);
        let fired = step(&b, &before, Then::Next(at(60))).await;
        assert_eq!(fired, Fired::Stale, "what was read no longer holds");
    }
}

async fn another_change_keeps_the_next_run(b: Bench) {
    let before = planned(&b, "hello", 60).await;
    let changed = NewSchedule {
        params: r#"{"name": "Tom"}"#.into(),
        catch_up: CatchUp::Skip,
        overlap: Overlap::Skip,
        ..new_schedule("hello")
    };
    let diff = declare(&b, vec![changed.clone()]).await;
    assert_eq!(diff.changed, ["hello"]);
    let after = schedule(&b, "hello").await;
    assert_eq!(after.next_run_at, Some(at(60)));
    assert_eq!(after.params, changed.params);
    assert_eq!(
        (after.catch_up, after.overlap),
        (CatchUp::Skip, Overlap::Skip)
    );
    assert!(after.version > before.version);
}

async fn what_nobody_declares_any_more_is_retired(b: Bench) {
    let old = planned(&b, "old", 60).await;
    b.advance(3599);
    let diff = declare(&b, vec![new_schedule("new")]).await;
    assert_eq!(diff.retired, [] as [String; 0], "not yet an hour");
    b.advance(2);
    let diff = declare(&b, vec![new_schedule("new")]).await;
    assert_eq!((diff.retired, diff.added), (vec!["old".into()], vec![]));
    let retired = schedule(&b, "old").await;
    assert_eq!(retired.state, ScheduleState::Retired);
    let due = b.store.due(9).await.expect("due");
    assert!(due.schedules.iter().all(|schedule| schedule.name == "new"));
    let fired = step(&b, &retired, Then::Next(at(9_999))).await;
    assert_eq!(fired, Fired::Stale);
    assert_eq!(step(&b, &old, Then::Next(at(9_999))).await, Fired::Stale);
}

async fn what_was_retired_comes_back(b: Bench) {
    declare(&b, vec![new_schedule("old")]).await;
    b.advance(4_000);
    declare(&b, Vec::new()).await;
    assert_eq!(schedule(&b, "old").await.state, ScheduleState::Retired);
    let diff = declare(&b, vec![new_schedule("old")]).await;
    assert_eq!(diff.changed, ["old"]);
    let back = schedule(&b, "old").await;
    assert_eq!(
        (back.state, back.seen_at),
        (ScheduleState::Active, at(4_000))
    );
    assert_eq!(declare(&b, Vec::new()).await, Diff::default());
}

async fn pause(b: &Bench, name: &str, paused: bool) -> bool {
    let answer = b.store.pause_schedule(name, paused).await;
    answer.expect("pause_schedule")
}

/// D-49.
async fn a_pause_survives_declarations(b: Bench) {
    let before = planned(&b, "hello", 60).await;
    assert!(pause(&b, "hello", true).await);
    assert_eq!(schedule(&b, "hello").await.state, ScheduleState::Paused);
    assert_eq!(step(&b, &before, Then::Next(at(90))).await, Fired::Stale);
    let changed = NewSchedule {
        rule: "every 2m".into(),
        ..new_schedule("hello")
    };
    for declared in [new_schedule("hello"), changed] {
        declare(&b, vec![declared]).await;
        assert_eq!(schedule(&b, "hello").await.state, ScheduleState::Paused);
    }
    b.advance(4_000);
    declare(&b, Vec::new()).await;
    declare(&b, vec![new_schedule("hello")]).await;
    let state = schedule(&b, "hello").await.state;
    assert_eq!(
        state,
        ScheduleState::Paused,
        "not lost by an absence either"
    );
    let due = b.store.due(9).await.expect("due");
    assert_eq!(due.schedules, [], "a held schedule is never due");
}

/// D-49.
async fn a_resumed_schedule_leaves_out_what_passed(b: Bench) {
    let before = planned(&b, "hello", 60).await;
    assert!(pause(&b, "hello", true).await);
    b.advance(600);
    assert!(pause(&b, "hello", false).await);
    let after = schedule(&b, "hello").await;
    assert_eq!(after.state, ScheduleState::Active);
    assert_eq!(after.next_run_at, None, "to be computed from now on");
    assert!(after.version > before.version);
    assert_eq!(b.store.due(9).await.expect("due").schedules, [after]);
}

async fn a_pause_needs_a_schedule_that_can_be_paused(b: Bench) {
    assert!(!pause(&b, "nobody", true).await);
    assert!(!pause(&b, "nobody", false).await);
    let read = planned(&b, "hello", 60).await;
    assert!(!pause(&b, "hello", false).await, "it is not held");
    step(&b, &read, Then::Completed).await;
    assert!(!pause(&b, "hello", true).await, "it is completed");
    assert!(!pause(&b, "hello", false).await);
    assert_eq!(schedule(&b, "hello").await.state, ScheduleState::Completed);
}

/// D-42.
async fn a_broken_schedule_waits_for_a_change(b: Bench) {
    let read = planned(&b, "hello", 60).await;
    step(&b, &read, Then::Broken("no such zone".into())).await;
    let broken = schedule(&b, "hello").await;
    assert_eq!(broken.state, ScheduleState::Broken);
    assert_eq!(broken.error.as_deref(), Some("no such zone"));
    declare(&b, vec![new_schedule("hello")]).await;
    assert_eq!(schedule(&b, "hello").await.state, ScheduleState::Broken);
    let cured = NewSchedule {
        tz: "Europe/Paris".into(),
        ..new_schedule("hello")
    };
    let diff = declare(&b, vec![cured]).await;
    assert_eq!(diff.changed, ["hello"]);
    let after = schedule(&b, "hello").await;
    assert_eq!((after.state, after.error), (ScheduleState::Active, None));
    assert_eq!(after.next_run_at, None);
}

async fn a_completed_schedule_starts_again_by_a_new_rule(b: Bench) {
    let read = planned(&b, "hello", 60).await;
    step(&b, &read, Then::Completed).await;
    declare(&b, vec![new_schedule("hello")]).await;
    assert_eq!(schedule(&b, "hello").await.state, ScheduleState::Completed);
    let changed = NewSchedule {
        rule: "every 2m".into(),
        ..new_schedule("hello")
    };
    declare(&b, vec![changed]).await;
    assert_eq!(schedule(&b, "hello").await.state, ScheduleState::Active);
}

async fn tasks_are_mirrored_and_updated(b: Bench) {
    let mut second = new_task("Send-Mail");
    second.description = "One e-mail, \"quoted\" ü.".into();
    second.shape = i64::MIN;
    let declaration = |tasks| Declaration {
        tasks,
        ..Declaration::default()
    };
    let tasks = vec![second.clone(), new_task("Hello")];
    b.store.declare(declaration(tasks)).await.expect("declare");
    let mirrored = b.store.tasks().await.expect("tasks");
    let aliases: Vec<&str> = mirrored.iter().map(|task| task.alias.as_str()).collect();
    assert_eq!(aliases, ["Hello", "Send-Mail"], "by alias, as written");
    let task = &mirrored[1];
    assert_eq!(
        (&task.title, &task.description),
        (&second.title, &second.description)
    );
    assert_eq!((&task.queue, &task.params), (&second.queue, &second.params));
    assert_eq!((task.shape, &task.origin), (second.shape, &second.origin));
    assert_eq!((task.enabled, task.seen_at), (true, Some(at(0))));
    b.advance(9);
    second.title = "Sends one e-mail.".into();
    second.alias = "send_mail".into();
    b.store
        .declare(declaration(vec![second]))
        .await
        .expect("declare");
    let mirrored = b.store.tasks().await.expect("tasks");
    assert_eq!(mirrored.len(), 2, "another spelling is the same task");
    let seen: Vec<_> = mirrored.iter().map(|task| task.seen_at).collect();
    assert_eq!(seen, [Some(at(0)), Some(at(9))]);
    assert_eq!(mirrored[1].title, "Sends one e-mail.");
}

async fn a_declaration_leaves_enabled_alone(b: Bench) {
    super::enqueue::declare_tasks(&b, &["hello"]).await;
    super::enqueue::enable(&b, "hello", false).await;
    super::enqueue::declare_tasks(&b, &["hello"]).await;
    let tasks = b.store.tasks().await.expect("tasks");
    assert!(!tasks[0].enabled, "a restart does not undo the operator");
    let unknown = b.store.enable_task("nobody", true).await;
    assert!(!unknown.expect("enable_task"));
}
