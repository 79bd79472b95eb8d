//! Who runs a private server: database servers refuse to be run by root.
//!
//! In: the folder of a server. Out: its owner, who also runs whatever works in it.

use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

/// An unprivileged user and its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// Gives `folder`, which this process has just made, to the first of `names` that exists, where this process is
    /// root's; nothing is to be done elsewhere.
    pub(crate) fn own(folder: &Path, names: &[&str]) -> Result<Option<Self>> {
        if std::fs::metadata(folder)?.uid() != 0 {
            return Ok(None);
        }
        let users = std::fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        let account = (names.iter()).find_map(|name| Self::find(&users, name));
        let account = account.with_context(|| format!("root needs one of the users {names:?}"))?;
        chown(folder, Some(account.user), Some(account.group))?;
        Ok(Some(account))
    }

    /// Makes `command` run as this user, without any further groups.
    pub(crate) fn runs(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }

    fn find(users: &str, name: &str) -> Option<Self> {
        let lines = users
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>());
        lines.into_iter().find_map(|fields| match fields[..] {
            [it, _, user, group, ..] if it == name => Some(Self {
                user: user.parse().ok()?,
                group: group.parse().ok()?,
            }),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users =
            "root:x:0:0:root:/root:/bin/bash\npostgres2:x:1:2::/:\npostgres:x:101:104::/:\n";
        let found = Account::find(users, "postgres");
        assert_eq!(
            found,
            Some(Account {
                user: 101,
                group: 104
            })
        );
        assert_eq!(Account::find(users, "mysql"), None);
    }
}
