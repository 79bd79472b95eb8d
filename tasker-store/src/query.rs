//! Which jobs and schedules to read.

use uuid::Uuid;

use crate::schedule::{Schedule, ScheduleSource, ScheduleState};
use crate::state::JobState;
use crate::task::canonical_alias;

/// A question about jobs. All conditions hold at once; the newest come first.
#[derive(Clone, Debug)]
pub struct JobQuery {
    /// Only these states; empty means all.
    pub states: Vec<JobState>,
    /// Only jobs of this task.
    pub alias: Option<String>,
    /// Only jobs of this queue.
    pub queue: Option<String>,
    /// Only jobs with this tag.
    pub tag: Option<String>,
    /// Only the job that holds the unique key of this digest, see [`crate::Unique::digest`].
    pub holds: Option<Uuid>,
    /// Soft-deleted ones too.
    pub include_deleted: bool,
    /// Only jobs with a smaller number: the last one of the page before.
    pub before: Option<i64>,
    /// At most so many. Default 50.
    pub limit: u32,
}

impl Default for JobQuery {
    fn default() -> Self {
        Self {
            states: Vec::new(),
            alias: None,
            queue: None,
            tag: None,
            holds: None,
            include_deleted: false,
            before: None,
            limit: 50,
        }
    }
}

/// A question about schedules. All conditions hold at once; the answer is ordered by name.
#[derive(Clone, Debug, Default)]
pub struct ScheduleQuery {
    /// Only these states; empty means all.
    pub states: Vec<ScheduleState>,
    /// Only schedules of this task.
    pub alias: Option<String>,
    /// Only schedules whose jobs go to this queue: their own, or where they name none, that of their task as the store
    /// knows it.
    pub queue: Option<String>,
    /// Only names like this, in which `*` stands for any text and `?` for any one character. Case counts.
    pub name: Option<String>,
    /// Only those that code declares, or those that were created at run time.
    pub source: Option<ScheduleSource>,
    /// Soft-deleted ones too.
    pub include_deleted: bool,
    /// Only names after this one: the last one of the page before.
    pub after: Option<String>,
    /// At most so many; `None` is all.
    pub limit: Option<u32>,
}

impl ScheduleQuery {
    /// Those of `schedules`, which come by name, that are asked for; `queue_of` knows the queue of a task by its alias
    /// in the form that is compared.
    pub(crate) fn select(
        &self,
        schedules: impl Iterator<Item = Schedule>,
        queue_of: impl Fn(&str) -> Option<String>,
    ) -> Vec<Schedule> {
        let alias = self.alias.as_deref().map(canonical_alias);
        let is_asked_for = |schedule: &Schedule| {
            let task = canonical_alias(&schedule.alias);
            (self.include_deleted || schedule.deleted_at.is_none())
                && (self.states.is_empty() || self.states.contains(&schedule.state))
                && alias.as_ref().is_none_or(|alias| task == *alias)
                && self.source.is_none_or(|source| schedule.source == source)
                && (self.after.as_ref()).is_none_or(|after| schedule.name > *after)
                && (self.name.as_ref()).is_none_or(|name| is_like(&schedule.name, name))
                && self.queue.as_ref().is_none_or(|queue| {
                    let own = schedule.queue.clone();
                    own.or_else(|| queue_of(&task)).as_ref() == Some(queue)
                })
        };
        let most = self.limit.map_or(usize::MAX, |limit| limit as usize);
        schedules.filter(is_asked_for).take(most).collect()
    }
}

/// Whether `name` is like `pattern`, in which `*` is any text and `?` any one character.
fn is_like(name: &str, pattern: &str) -> bool {
    let (name, pattern): (Vec<char>, Vec<char>) =
        (name.chars().collect(), pattern.chars().collect());
    let (mut at, mut in_pattern) = (0, 0);
    // Where the last `*` stands, and how far the name was when it was met.
    let mut star: Option<(usize, usize)> = None;
    while at < name.len() {
        match pattern.get(in_pattern) {
            Some('*') => {
                star = Some((in_pattern, at));
                in_pattern += 1;
            }
            Some(&sign) if sign == '?' || sign == name[at] => {
                at += 1;
                in_pattern += 1;
            }
            _ => match star {
                // It stands for one character more.
                Some((place, from)) => {
                    star = Some((place, from + 1));
                    (in_pattern, at) = (place + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[in_pattern..].iter().all(|&sign| sign == '*')
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn a_star_is_any_text_and_a_question_mark_one_character() {
        for (name, pattern) in [
            ("mail/morning", "mail/*"),
            ("mail/morning", "*morning"),
            ("mail/morning", "m*i*ng"),
            ("mail/morning", "mail?morning"),
            ("größe", "gr??e"),
            ("mail", "mail"),
            ("mail", "mail*"),
            ("aab", "*ab"),
            ("", "*"),
        ] {
            assert!(is_like(name, pattern), "{name} {pattern}");
        }
        for (name, pattern) in [
            ("mail/morning", "mail"),
            ("mail", "mail?"),
            ("mail", "Mail"),
            ("mail", ""),
            ("mail", "*x*"),
            ("mail", "m?l"),
        ] {
            assert!(!is_like(name, pattern), "{name} {pattern}");
        }
    }
}
