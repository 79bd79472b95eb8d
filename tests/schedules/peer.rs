//! The other side: a Python process that answers case by case.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const SCRIPT: &str = include_str!("peer.py");
/// What the comparison was made with.
const PACKAGES: [&str; 2] = ["python-dateutil==4.0.0", "croniter==7.0.0"];

/// A Python with the packages.
#[derive(Debug)]
pub(crate) struct Peer {
    python: PathBuf,
    /// Where they were installed for this run.
    _folder: Option<TempDir>,
}

impl Peer {
    /// A Python that can answer, or why there is none.
    pub(crate) fn find() -> Result<Self, String> {
        let named = std::env::var_os("TASKER_TEST_PYTHON").map(PathBuf::from);
        let peer = Self {
            python: named.unwrap_or_else(|| "python3".into()),
            _folder: None,
        };
        match peer.check() {
            Err(_) if std::env::var_os("TASKER_TEST_PIP").is_some() => Self::install(&peer),
            Err(reason) => Err(format!(
                "{reason}; set TASKER_TEST_PYTHON to one that has them, or TASKER_TEST_PIP=1 to install them for this run"
            )),
            Ok(()) => Ok(peer),
        }
    }

    fn install(system: &Self) -> Result<Self, String> {
        let folder = TempDir::new().map_err(|error| error.to_string())?;
        system.run(&["-m", "venv", &folder.path().to_string_lossy()])?;
        let peer = Self {
            python: folder.path().join("bin/python"),
            _folder: Some(folder),
        };
        let zones = format!("tzdata=={}", zone_data());
        let pip = [
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ];
        peer.run(&[&pip[..], &PACKAGES, &[&zones]].concat())?;
        peer.check()?;
        Ok(peer)
    }

    /// Whether it has the packages, and the zones of the same year.
    fn check(&self) -> Result<(), String> {
        let program = "import croniter, dateutil.rrule, tzdata; print(tzdata.IANA_VERSION)";
        let version = self.run(&["-c", program]).map_err(|_| {
            format!(
                "`{}` does not have the packages croniter, python-dateutil and tzdata",
                self.python.display()
            )
        })?;
        match version.trim() == chrono_tz::IANA_TZDB_VERSION {
            true => Ok(()),
            false => Err(format!(
                "`{}` has the time zones of {}, and {} is needed (tzdata=={})",
                self.python.display(),
                version.trim(),
                chrono_tz::IANA_TZDB_VERSION,
                zone_data()
            )),
        }
    }

    fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let output = (Command::new(&self.python).args(arguments).output())
            .map_err(|error| format!("`{}` does not start: {error}", self.python.display()))?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    }

    /// The answers to the questions, in their order.
    pub(crate) fn ask(&self, questions: &[Value]) -> Result<Vec<Value>, String> {
        let failed = |error: std::io::Error| format!("the peer broke off: {error}");
        let mut child = Command::new(&self.python)
            .args(["-c", SCRIPT])
            // The package's zones and not those of the system.
            .env("PYTHONTZPATH", "")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let mut stdin = child.stdin.take().ok_or("the peer has no input")?;
        let lines: String = questions
            .iter()
            .map(|question| format!("{question}\n"))
            .collect();
        // From a thread of its own, or both would wait for the other to read.
        let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
        let stdout = child.stdout.take().ok_or("the peer has no output")?;
        let mut answers = Vec::new();
        for line in BufReader::new(stdout).lines() {
            let answer = serde_json::from_str(&line.map_err(failed)?);
            answers.push(answer.map_err(|error| error.to_string())?);
        }
        child.wait().map_err(failed)?;
        match writer.join() {
            Ok(Ok(())) if answers.len() == questions.len() => Ok(answers),
            _ => Err(format!(
                "the peer answered {} of {} questions",
                answers.len(),
                questions.len()
            )),
        }
    }
}

/// Whether a missing peer is a failure.
pub(crate) fn is_required() -> bool {
    let required = std::env::var("TASKER_TEST_REQUIRE").unwrap_or_default();
    required.split(',').any(|name| name == "python")
}

/// The version of the package with the same zones as ours: `2025.2` for `2025b`.
fn zone_data() -> String {
    let version = chrono_tz::IANA_TZDB_VERSION;
    let (year, letter) = version.split_at(4);
    let release = letter.bytes().next().map_or(1, |letter| letter - b'a' + 1);
    format!("{year}.{release}")
}
