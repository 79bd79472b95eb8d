//! Which process a worker is, and which workers on the list it takes the place of when it joins.
//!
//! In: this process, and the workers the store has. Out: the marks to join with, and the ids to replace. A worker that died is
//! otherwise waited for until its lease ends; it need not be in two cases:
//!
//! - **Its process is gone.** One on the same boot of the same machine, in the same process namespace, can look. A process id by
//!   itself says nothing, since it is used again: the mark also has the moment its process began. What cannot be seen (another
//!   machine, another container, a `/proc` that hides others, a system that has none) is taken to live. So neither two workers
//!   on one machine nor two containers of one name ever take each other for dead.
//! - **Its name was chosen for one worker at a time** (`--name`, `TASKER_WORKER_NAME`, [`name`](crate::WorkerBuilder::name)), and a
//!   process that starts now has that name: a pod or unit with a stable name, started again elsewhere. The one that starts takes
//!   over, as a member with a fixed id does in the group protocols of message brokers: it is the one the operator wants. Where the
//!   other is not dead but cut off or doubled, its lease is void, its handlers are told to end, nothing it writes counts any more,
//!   and it goes on under the name of its process: two that were given one name by mistake both work, and never fight.
//!   A worker that is seen to be alive on this machine is not replaced even so; the second one then does without the name too.
//!
//! Machines cloned while they run share all of the marks: their host names must differ, as they must for people.

use std::fs;

use tasker_store::{NewWorker, Worker};

/// What tells a process from all others.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    /// The boot of the machine, and the namespaces in which the other two mean something.
    space: String,
    pid: u32,
    /// When it began, in the kernel's ticks since the boot.
    began: u64,
}

/// What is known of a process from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    Alive,
    Gone,
    /// It cannot be seen from here.
    Unknown,
}

/// What tells this process from all others, as text; empty where the system does not say.
pub(super) fn process() -> String {
    Mark::own().map_or_else(String::new, |mark| mark.text())
}

/// What people call a worker of this process unless it was given a name.
pub(super) fn default_name(host: &str) -> String {
    format!("{host}:{}", std::process::id())
}

/// Says whom `new` replaces of those `listed`, and takes a chosen name from it that another has. Only a worker that `starts`
/// takes over for its name: one that was away for a while (its lease ended meanwhile) was perhaps replaced itself.
pub(super) fn place(new: &mut NewWorker, listed: &[Worker], starts: bool) {
    let own = Mark::own();
    new.replaces = Vec::new();
    let mut rival = None;
    for other in listed.iter().filter(|other| other.id != new.id) {
        let same_name = new.named && other.named && other.name == new.name;
        match sight(own.as_ref(), &new.host, other) {
            Sight::Gone => new.replaces.push(other.id),
            Sight::Unknown if same_name && starts => new.replaces.push(other.id),
            Sight::Alive | Sight::Unknown if same_name => rival = Some(other),
            Sight::Alive | Sight::Unknown => {}
        }
    }
    if let Some(rival) = rival {
        let name = default_name(&new.host);
        tracing::warn!(
            target: "tasker",
            "`{}` is the name of the worker {} on {} too: this one goes on as `{name}`; give each worker a name of its own",
            new.name,
            rival.pid,
            rival.host,
        );
        new.name = name;
        new.named = false;
    }
    for replaced in &new.replaces {
        tracing::info!(target: "tasker", worker = %replaced, "takes the place of a worker that is gone: its jobs are free at once");
    }
}

fn sight(own: Option<&Mark>, host: &str, other: &Worker) -> Sight {
    match (own, Mark::parse(&other.process)) {
        (Some(own), Some(mark)) if own.space == mark.space && host == other.host => mark.sight(),
        _ => Sight::Unknown,
    }
}

impl Mark {
    /// The mark of this process.
    fn own() -> Option<Self> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let space = |name: &str| fs::read_link(format!("/proc/self/ns/{name}")).ok();
        // Older kernels have no namespaces of time.
        let (pids, time) = (space("pid")?, space("time").unwrap_or_default());
        let own = Stat::read("self")?;
        // Else `/proc` is that of another namespace, and what it shows is not about our ids.
        (own.pid == std::process::id()).then(|| Self {
            space: format!("{} {} {}", boot.trim(), pids.display(), time.display()),
            pid: own.pid,
            began: own.began,
        })
    }

    fn text(&self) -> String {
        format!("{} {} {}", self.pid, self.began, self.space)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        Some(Self {
            pid: parts.next()?.parse().ok()?,
            began: parts.next()?.parse().ok()?,
            space: parts.next()?.to_owned(),
        })
    }

    /// Whether the process is there, for one whose space is ours.
    fn sight(&self) -> Sight {
        // Where the first process cannot be seen others may be hidden too.
        if Stat::read("1").is_none() {
            return Sight::Unknown;
        }
        match fs::read_to_string(format!("/proc/{}/stat", self.pid)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Sight::Gone,
            Err(_) => Sight::Unknown,
            Ok(text) => match Stat::parse(&text) {
                None => Sight::Unknown,
                // Another one has its id by now, or it ended and nobody has taken note.
                Some(stat) if stat.began != self.began || stat.ended => Sight::Gone,
                Some(_) => Sight::Alive,
            },
        }
    }
}

/// What the kernel says of a process.
struct Stat {
    pid: u32,
    began: u64,
    ended: bool,
}

impl Stat {
    fn read(process: &str) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        Self::parse(&text)
    }

    /// By `proc(5)`; the second field, the name, is in brackets and may contain anything.
    fn parse(text: &str) -> Option<Self> {
        let (pid, _) = text.split_once(' ')?;
        let (_, rest) = text.rsplit_once(") ")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let state = *fields.first()?;
        let threads: u64 = fields.get(17)?.parse().ok()?;
        Some(Self {
            pid: pid.parse().ok()?,
            began: fields.get(19)?.parse().ok()?,
            // The first thread may end before others do.
            ended: matches!(state, "Z" | "X" | "x") && threads <= 1,
        })
    }
}

/// What is wrong with `name` as the name of a worker, if anything.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let count = name.chars().count();
    if count == 0 || count > 128 || name.chars().any(char::is_control) {
        return Err(format!(
            "`{}` is not the name of a worker: use 1 to 128 printable characters",
            name.escape_debug()
        ));
    }
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    use tasker_store::{NewWorker, Worker, WorkerId};

    use super::{Mark, Sight, Stat, check_name, place};

    const HOST: &str = "here";

    fn new(name: Option<&str>) -> NewWorker {
        NewWorker {
            id: WorkerId::generate(),
            name: name.unwrap_or("here:1").into(),
            named: name.is_some(),
            host: HOST.into(),
            pid: std::process::id(),
            process: super::process(),
            lease: Duration::from_secs(30),
            concurrency: 1,
            queues: Vec::new(),
            replaces: Vec::new(),
        }
    }

    fn listed(name: Option<&str>, mark: Option<&Mark>) -> Worker {
        let at = tasker_store::from_micros(0);
        Worker {
            id: WorkerId::generate(),
            name: name.unwrap_or("here:1").into(),
            named: name.is_some(),
            host: HOST.into(),
            pid: mark.map_or(1, |mark| mark.pid),
            process: mark.map_or_else(String::new, Mark::text),
            concurrency: 1,
            queues: Vec::new(),
            started_at: at,
            lease_until: at,
            running: 0,
        }
    }

    /// A process that ends when its input does, and its mark.
    fn child() -> (Child, Mark) {
        let child = Command::new("cat").stdin(Stdio::piped()).spawn();
        let child = child.expect("`cat` starts");
        let stat = Stat::read(&child.id().to_string()).expect("it is there");
        let space = Mark::own().expect("Linux has marks").space;
        let mark = Mark {
            space,
            pid: child.id(),
            began: stat.began,
        };
        (child, mark)
    }

    #[test]
    fn a_mark_reads_back() {
        let own = Mark::own().expect("Linux has marks");
        assert_eq!(Mark::parse(&own.text()), Some(own.clone()));
        assert_eq!(own.sight(), Sight::Alive);
        assert_eq!(Mark::parse(""), None);
        assert_eq!(Mark::parse("7 x y"), None);
    }

    #[test]
    fn a_process_is_gone_once_it_has_ended_also_before_its_parent_knows() {
        let (mut child, mark) = child();
        assert_eq!(mark.sight(), Sight::Alive);
        drop(child.stdin.take());
        // Nobody waits for it yet, so it stays on the kernel's list.
        while mark.sight() == Sight::Alive {
            std::thread::yield_now();
        }
        assert_eq!(mark.sight(), Sight::Gone);
        assert!(Stat::read(&mark.pid.to_string()).is_some());
        child.wait().expect("it is ours");
        assert_eq!(mark.sight(), Sight::Gone);
    }

    #[test]
    fn an_id_that_was_given_out_again_is_no_sign_of_life() {
        let own = Mark::own().expect("Linux has marks");
        let before = Mark {
            began: own.began - 1,
            ..own
        };
        assert_eq!(before.sight(), Sight::Gone);
    }

    #[test]
    fn who_is_gone_is_replaced_whatever_its_name_and_who_lives_is_not() {
        let (mut child, alive) = child();
        let own = Mark::own().expect("Linux has marks");
        let gone = Mark {
            began: own.began - 1,
            ..own
        };
        for name in [None, Some("mail")] {
            let others = [
                listed(None, Some(&gone)),
                listed(Some("web"), Some(&gone)),
                listed(None, Some(&alive)),
                listed(None, None),
                listed(Some("web"), Some(&alive)),
            ];
            for starts in [true, false] {
                let mut new = new(name);
                place(&mut new, &others, starts);
                assert_eq!(new.replaces, [others[0].id, others[1].id]);
                assert_eq!(new.named, name.is_some());
            }
        }
        child.kill().expect("it is there");
        child.wait().expect("it is ours");
    }

    #[test]
    fn what_cannot_be_seen_is_taken_to_live() {
        let own = Mark::own().expect("Linux has marks");
        let gone = Mark {
            began: own.began - 1,
            ..own
        };
        // Another container: its ids are its own.
        let mut container = listed(None, Some(&gone));
        container.process = Mark {
            space: gone.space.replace("pid:[", "pid:[9"),
            ..gone.clone()
        }
        .text();
        // Another boot.
        let mut earlier = listed(None, Some(&gone));
        earlier.process = Mark {
            space: format!("0{}", gone.space),
            ..gone.clone()
        }
        .text();
        // A clone of this machine.
        let mut clone = listed(None, Some(&gone));
        clone.host = "there".into();
        let mut new = new(None);
        place(&mut new, &[container, earlier, clone], true);
        assert_eq!(new.replaces, []);
    }

    #[test]
    fn who_starts_under_a_name_takes_over_from_whoever_cannot_be_seen_to_live() {
        let (elsewhere, other) = (listed(Some("mail"), None), listed(Some("web"), None));
        // A name that nobody chose stands for nothing.
        let mut by_chance = listed(None, None);
        by_chance.name = "mail".into();
        let others = [elsewhere, other, by_chance];
        let mut starting = new(Some("mail"));
        place(&mut starting, &others, true);
        assert_eq!(starting.replaces, [others[0].id]);
        assert_eq!((starting.name.as_str(), starting.named), ("mail", true));
        // One that was away does not fight the one that took over.
        let mut back = new(Some("mail"));
        place(&mut back, &others, false);
        assert_eq!(back.replaces, []);
        assert!(!back.named && back.name.starts_with("here:"));
    }

    #[test]
    fn a_name_is_not_taken_from_one_that_lives_on_this_machine() {
        let (mut child, alive) = child();
        let others = [listed(Some("mail"), Some(&alive))];
        let mut second = new(Some("mail"));
        place(&mut second, &others, true);
        assert_eq!(second.replaces, []);
        assert!(!second.named && second.name.starts_with("here:"));
        child.kill().expect("it is there");
        child.wait().expect("it is ours");
    }

    #[test]
    fn names_are_printable() {
        assert_eq!(check_name("mail 1"), Ok(()));
        assert!(check_name("").unwrap_err().contains("1 to 128"));
        assert!(check_name("a\nb").is_err());
        assert!(check_name(&"x".repeat(129)).is_err());
    }
}
