//! Schedules made and changed while programs run: by applications, by operators, and the jobs made of them by hand.

use std::sync::Arc;

use super::Case;
use super::bench::{Bench, at, ids};
use super::schedules::{declare, fire, new_schedule, occurrence, planned, schedule, step};
use crate::error::ErrorKind;
use crate::schedule::{
    CatchUp, Fired, NewSchedule, Overlap, Schedule, ScheduleChange, ScheduleId, ScheduleSource,
    ScheduleState, Then,
};
use crate::state::JobState;
use crate::task::Diff;

pub(super) fn cases() -> Vec<Case> {
    chapter!(
        "plans",
        &[],
        [
            a_created_schedule_is_kept_as_it_was_given,
            a_draft_is_never_due,
            a_name_is_given_once,
            five_racing_creates_make_one_schedule,
            what_is_over_the_limits_is_refused,
            an_update_needs_the_version_it_was_read_at,
            five_racing_updates_make_one_change,
            a_moved_schedule_is_to_be_computed_anew,
            another_update_keeps_the_next_run,
            an_update_that_changes_nothing_keeps_the_version,
            an_update_brings_back_what_was_broken_or_completed,
            a_state_can_be_asked_for,
            a_deleted_schedule_is_out_of_the_way,
            a_restored_schedule_leaves_out_what_passed,
            a_deletion_survives_declarations,
            an_erased_schedule_is_gone,
            code_does_not_take_a_name_from_the_run_time,
            what_nobody_declares_lives_on,
        ]
    )
}

/// Creates a schedule that must not be there yet.
pub(super) async fn create(b: &Bench, new: NewSchedule) -> Schedule {
    match b.store.create_schedule(new, false).await.expect("create") {
        ScheduleChange::Done(schedule) => *schedule,
        other => panic!("it is new: {other:?}"),
    }
}

pub(super) async fn update(
    b: &Bench,
    read: &Schedule,
    to: NewSchedule,
    state: Option<ScheduleState>,
) -> ScheduleChange {
    let updated = b.store.update_schedule(read.id, read.version, to, state);
    updated.await.expect("update_schedule")
}

/// Updates a schedule that nobody else changes.
pub(super) async fn changed(
    b: &Bench,
    read: &Schedule,
    to: NewSchedule,
    state: Option<ScheduleState>,
) -> Schedule {
    match update(b, read, to, state).await {
        ScheduleChange::Done(schedule) => *schedule,
        other => panic!("nobody else changed it: {other:?}"),
    }
}

pub(super) async fn delete(b: &Bench, name: &str, deleted: bool) -> ScheduleChange {
    let answer = b.store.delete_schedule(name, deleted).await;
    answer.expect("delete_schedule")
}

pub(super) async fn read(b: &Bench, name: &str) -> Option<Schedule> {
    b.store.schedule(name).await.expect("schedule")
}

/// Names of the schedules that are due.
pub(super) async fn due(b: &Bench) -> Vec<String> {
    let due = b.store.due(99).await.expect("due");
    due.schedules.into_iter().map(|s| s.name).collect()
}

async fn a_created_schedule_is_kept_as_it_was_given(b: Bench) {
    let new = NewSchedule {
        description: "What it is for.".into(),
        tz: "Europe/London".into(),
        params: r#"{"z": 1, "a": 2}"#.into(),
        queue: Some("mail".into()),
        start_at: Some(at(60)),
        end_at: Some(at(3600)),
        max_executions: Some(3),
        catch_up: CatchUp::All { max: 17 },
        overlap: Overlap::Skip,
        ..NewSchedule::new("Morning ü", "Send-Mail", "daily 12:00")
    };
    let made = create(&b, new.clone()).await;
    assert_eq!(made.definition(), new);
    assert_eq!(made.source, ScheduleSource::Runtime);
    assert_eq!((made.state, &made.error), (ScheduleState::Active, &None));
    assert_eq!((made.next_run_at, made.last_run_at), (None, None));
    assert_eq!((made.executions, made.extra_jobs), (0, 0));
    assert_eq!((made.created_at, made.deleted_at), (at(0), None));
    assert_eq!(read(&b, "Morning ü").await, Some(made.clone()));
    assert_eq!(b.store.schedules().await.expect("schedules"), [made]);
    assert_eq!(due(&b).await, ["Morning ü"], "its next run is to be found");
    assert_eq!(read(&b, "morning ü").await, None, "case counts");
}

async fn a_draft_is_never_due(b: Bench) {
    let made = b.store.create_schedule(new_schedule("hello"), true).await;
    let ScheduleChange::Done(draft) = made.expect("create") else {
        panic!("it is new");
    };
    assert_eq!(draft.state, ScheduleState::Draft);
    assert_eq!(due(&b).await, [] as [&str; 0]);
    assert_eq!(step(&b, &draft, Then::Next(at(9))).await, Fired::Stale);
    let paused = b.store.pause_schedule("hello", true).await;
    assert!(!paused.expect("pause_schedule"), "it is not in force");
    let active = changed(&b, &draft, draft.definition(), Some(ScheduleState::Active)).await;
    assert_eq!(active.state, ScheduleState::Active);
    assert_eq!(due(&b).await, ["hello"]);
}

async fn a_name_is_given_once(b: Bench) {
    let first = create(&b, new_schedule("hello")).await;
    let other = NewSchedule::new("hello", "other", "daily 12:00");
    let taken = b.store.create_schedule(other.clone(), false).await;
    let taken = taken.expect("create");
    assert_eq!(taken, ScheduleChange::Not(Box::new(first.clone())));
    delete(&b, "hello", true).await;
    let taken = b.store.create_schedule(other.clone(), false).await;
    let ScheduleChange::Not(there) = taken.expect("create") else {
        panic!("a deleted one keeps its name");
    };
    assert_eq!((there.id, there.deleted_at), (first.id, Some(at(0))));
    assert!(b.store.erase_schedule("hello").await.expect("erase"));
    assert_ne!(create(&b, other).await.id, first.id);
}

async fn five_racing_creates_make_one_schedule(b: Bench) {
    let gate = Arc::new(tokio::sync::Barrier::new(5));
    let mut callers = Vec::new();
    for _ in 0..5 {
        let store = b.store.detach().await.expect("detach");
        let gate = Arc::clone(&gate);
        callers.push(tokio::spawn(async move {
            gate.wait().await;
            let made = store.create_schedule(new_schedule("hello"), false).await;
            made.expect("create")
        }));
    }
    let mut made = Vec::new();
    let mut told = Vec::new();
    for caller in callers {
        match caller.await.expect("no caller panics") {
            ScheduleChange::Done(schedule) => made.push(schedule.id),
            ScheduleChange::Not(schedule) => told.push(schedule.id),
            ScheduleChange::Unknown => panic!("a schedule is there"),
        }
    }
    assert_eq!(made.len(), 1);
    assert_eq!(told, [made[0]; 4], "the others are told of it");
}

async fn what_is_over_the_limits_is_refused(b: Bench) {
    let good = create(&b, new_schedule("good")).await;
    let bad = [
        new_schedule(""),
        new_schedule(" hello"),
        new_schedule("a\nb"),
        new_schedule(&"x".repeat(256)),
        NewSchedule {
            params: "x".repeat((1 << 20) + 1),
            ..new_schedule("hello")
        },
        NewSchedule {
            queue: Some(String::new()),
            ..new_schedule("hello")
        },
        NewSchedule {
            max_executions: Some(0),
            ..new_schedule("hello")
        },
        NewSchedule {
            start_at: Some(at(2)),
            end_at: Some(at(1)),
            ..new_schedule("hello")
        },
    ];
    for new in bad {
        let created = b.store.create_schedule(new.clone(), false).await;
        assert_eq!(
            created.expect_err("it is over the limits").kind(),
            ErrorKind::Invalid,
            "{new:?}"
        );
        let updated = b
            .store
            .update_schedule(good.id, good.version, new.clone(), None);
        let kind = updated.await.expect_err("it is over the limits").kind();
        assert_eq!(kind, ErrorKind::Invalid, "{new:?}");
    }
    assert_eq!(b.store.schedules().await.expect("schedules"), [good]);
    create(&b, new_schedule(&"x".repeat(255))).await;
}

async fn an_update_needs_the_version_it_was_read_at(b: Bench) {
    let first = create(&b, new_schedule("hello")).await;
    let to = NewSchedule {
        description: "one".into(),
        ..first.definition()
    };
    let second = changed(&b, &first, to, None).await;
    assert!(second.version > first.version);
    let late = NewSchedule {
        description: "two".into(),
        ..first.definition()
    };
    let stale = update(&b, &first, late.clone(), None).await;
    assert_eq!(stale, ScheduleChange::Not(Box::new(second.clone())));
    assert_eq!(read(&b, "hello").await, Some(second.clone()));
    let nobody = Schedule {
        id: ScheduleId::generate(),
        ..second
    };
    let unknown = update(&b, &nobody, late, None).await;
    assert_eq!(unknown, ScheduleChange::Unknown);
}

async fn five_racing_updates_make_one_change(b: Bench) {
    let first = create(&b, new_schedule("hello")).await;
    let gate = Arc::new(tokio::sync::Barrier::new(5));
    let mut callers = Vec::new();
    for caller in 0..5 {
        let store = b.store.detach().await.expect("detach");
        let (gate, first) = (Arc::clone(&gate), first.clone());
        callers.push(tokio::spawn(async move {
            let to = NewSchedule {
                description: format!("by {caller}"),
                ..first.definition()
            };
            gate.wait().await;
            let updated = store.update_schedule(first.id, first.version, to, None);
            updated.await.expect("update_schedule")
        }));
    }
    let mut done = 0;
    for caller in callers {
        let answer = caller.await.expect("no caller panics");
        done += usize::from(matches!(answer, ScheduleChange::Done(_)));
    }
    assert_eq!(done, 1);
    assert_eq!(schedule(&b, "hello").await.version, first.version + 1);
}

async fn a_moved_schedule_is_to_be_computed_anew(b: Bench) {
    let moves: [fn(&mut NewSchedule); 4] = [
        |to| to.rule = "every 2m".into(),
        |to| to.tz = "Asia/Tokyo".into(),
        |to| to.start_at = Some(at(600)),
        |to| to.end_at = Some(at(900)),
    ];
    create(&b, new_schedule("hello")).await;
    for change in moves {
        let new = schedule(&b, "hello").await;
        step(&b, &new, Then::Next(at(60))).await;
        let before = schedule(&b, "hello").await;
        assert_eq!(before.next_run_at, Some(at(60)));
        let mut to = before.definition();
        change(&mut to);
        let after = changed(&b, &before, to.clone(), None).await;
        assert_eq!(after.next_run_at, None);
        assert_eq!(after.definition(), to);
        let late = step(&b, &before, Then::Next(at(60))).await;
        assert_eq!(late, Fired::Stale, "what was read no longer holds");
    }
}

async fn another_update_keeps_the_next_run(b: Bench) {
    let new = create(&b, new_schedule("hello")).await;
    step(&b, &new, Then::Next(at(60))).await;
    let before = schedule(&b, "hello").await;
    let to = NewSchedule {
        description: "Another.".into(),
        params: r#"{"name": "Tom"}"#.into(),
        queue: Some("mail".into()),
        max_executions: Some(9),
        catch_up: CatchUp::Skip,
        overlap: Overlap::Skip,
        ..before.definition()
    };
    let after = changed(&b, &before, to.clone(), None).await;
    assert_eq!(after.next_run_at, Some(at(60)));
    assert_eq!(after.definition(), to);
    assert_eq!(read(&b, "hello").await, Some(after));
}

async fn an_update_that_changes_nothing_keeps_the_version(b: Bench) {
    let new = create(&b, new_schedule("hello")).await;
    let same = changed(&b, &new, new.definition(), Some(ScheduleState::Active)).await;
    assert_eq!(same, new);
    assert_eq!(read(&b, "hello").await, Some(new));
}

async fn an_update_brings_back_what_was_broken_or_completed(b: Bench) {
    let new = create(&b, new_schedule("hello")).await;
    step(&b, &new, Then::Broken("no such zone".into())).await;
    let broken = schedule(&b, "hello").await;
    let same = changed(&b, &broken, broken.definition(), None).await;
    assert_eq!(same.state, ScheduleState::Broken, "nothing changed");
    let to = NewSchedule {
        tz: "Europe/Paris".into(),
        ..broken.definition()
    };
    let cured = changed(&b, &broken, to, None).await;
    assert_eq!((cured.state, &cured.error), (ScheduleState::Active, &None));
    step(&b, &cured, Then::Completed).await;
    let over = schedule(&b, "hello").await;
    let to = NewSchedule {
        description: "It is over.".into(),
        ..over.definition()
    };
    let over = changed(&b, &over, to, None).await;
    assert_eq!(
        over.state,
        ScheduleState::Completed,
        "it has no more of them"
    );
    let to = NewSchedule {
        end_at: Some(at(9_999)),
        ..over.definition()
    };
    assert_eq!(
        changed(&b, &over, to, None).await.state,
        ScheduleState::Active
    );
}

async fn a_state_can_be_asked_for(b: Bench) {
    let new = create(&b, new_schedule("hello")).await;
    step(&b, &new, Then::Next(at(60))).await;
    let active = schedule(&b, "hello").await;
    let draft = changed(&b, &active, active.definition(), Some(ScheduleState::Draft)).await;
    assert_eq!(
        (draft.state, draft.next_run_at),
        (ScheduleState::Draft, None)
    );
    assert!(draft.version > active.version);
    assert_eq!(due(&b).await, [] as [&str; 0]);
    let again = changed(&b, &draft, draft.definition(), Some(ScheduleState::Active)).await;
    step(&b, &again, Then::Completed).await;
    let over = schedule(&b, "hello").await;
    let again = changed(&b, &over, over.definition(), Some(ScheduleState::Active)).await;
    assert_eq!(
        (again.state, again.next_run_at),
        (ScheduleState::Active, None)
    );
    assert_eq!(due(&b).await, ["hello"]);
}

async fn a_deleted_schedule_is_out_of_the_way(b: Bench) {
    let before = create(&b, new_schedule("hello")).await;
    b.advance(9);
    let ScheduleChange::Done(deleted) = delete(&b, "hello", true).await else {
        panic!("it was there");
    };
    assert_eq!(deleted.deleted_at, Some(at(9)));
    assert_eq!(deleted.state, ScheduleState::Active, "it keeps its state");
    assert!(deleted.version > before.version);
    assert_eq!(due(&b).await, [] as [&str; 0]);
    assert_eq!(b.store.schedules().await.expect("schedules"), []);
    assert_eq!(read(&b, "hello").await, Some(*deleted.clone()));
    let fired = fire(
        &b,
        &deleted,
        vec![occurrence(&deleted, at(9))],
        Then::Next(at(60)),
    )
    .await;
    assert_eq!(fired, Fired::Stale);
    let again = delete(&b, "hello", true).await;
    assert_eq!(again, ScheduleChange::Not(deleted.clone()));
    assert!(!b.store.pause_schedule("hello", true).await.expect("pause"));
    let to = NewSchedule {
        rule: "daily 12:00".into(),
        ..deleted.definition()
    };
    let updated = update(&b, &deleted, to, None).await;
    assert_eq!(updated, ScheduleChange::Not(deleted));
    assert_eq!(delete(&b, "nobody", true).await, ScheduleChange::Unknown);
    let none = b.store.outlook().await.expect("outlook").fire_in;
    assert_eq!(none, None, "nobody waits for it");
}

async fn a_restored_schedule_leaves_out_what_passed(b: Bench) {
    let new = create(&b, new_schedule("hello")).await;
    step(&b, &new, Then::Next(at(60))).await;
    delete(&b, "hello", true).await;
    b.advance(600);
    let ScheduleChange::Done(back) = delete(&b, "hello", false).await else {
        panic!("it was deleted");
    };
    assert_eq!((back.deleted_at, back.next_run_at), (None, None));
    assert_eq!(back.id, new.id);
    assert_eq!(due(&b).await, ["hello"], "to be computed from now on");
    let again = delete(&b, "hello", false).await;
    assert_eq!(again, ScheduleChange::Not(back));
}

async fn a_deletion_survives_declarations(b: Bench) {
    declare(&b, vec![new_schedule("hello")]).await;
    delete(&b, "hello", true).await;
    let changed = NewSchedule {
        rule: "every 2m".into(),
        ..new_schedule("hello")
    };
    for declared in [new_schedule("hello"), changed.clone()] {
        declare(&b, vec![declared]).await;
        assert_eq!(b.store.schedules().await.expect("schedules"), []);
    }
    assert_eq!(due(&b).await, [] as [&str; 0]);
    delete(&b, "hello", false).await;
    let back = schedule(&b, "hello").await;
    assert_eq!(back.rule, changed.rule, "as it was declared meanwhile");
}

async fn an_erased_schedule_is_gone(b: Bench) {
    let new = planned(&b, "hello", 60).await;
    b.advance(60);
    let made = occurrence(&new, at(60));
    let id = made.id;
    fire(&b, &new, vec![made], Then::Next(at(120))).await;
    assert!(b.store.erase_schedule("hello").await.expect("erase"));
    assert_eq!(read(&b, "hello").await, None);
    assert_eq!(b.state(id).await, JobState::Queued, "its jobs stay");
    assert!(!b.store.erase_schedule("hello").await.expect("erase"));
    let worker = b.worker().await;
    assert_eq!(ids(&b.claim(worker, 9).await), [id]);
}

async fn code_does_not_take_a_name_from_the_run_time(b: Bench) {
    let made = create(&b, NewSchedule::new("hello", "hello", "daily 12:00")).await;
    for _ in 0..2 {
        let diff = declare(&b, vec![new_schedule("hello")]).await;
        let expected = Diff {
            taken: vec!["hello".into()],
            ..Diff::default()
        };
        assert_eq!(diff, expected, "told each time");
    }
    assert_eq!(read(&b, "hello").await, Some(made));
}

async fn what_nobody_declares_lives_on(b: Bench) {
    let made = create(&b, new_schedule("hello")).await;
    b.advance(1_000_000);
    assert_eq!(declare(&b, Vec::new()).await, Diff::default());
    assert_eq!(read(&b, "hello").await, Some(made));
}
