//! `completions <shell>`: a script that completes this program's commands, tasks and flags.

use clap::{Arg, Command, value_parser};
use clap_complete::Shell;

use super::output;
use crate::error::Result;

pub(super) fn command() -> Command {
    Command::new("completions")
        .about("Print a script that teaches a shell to complete this program's words")
        .arg(
            Arg::new("shell")
                .required(true)
                .value_name("SHELL")
                .value_parser(value_parser!(Shell)),
        )
}

/// `tree` is the whole one, with every task's flags.
pub(super) fn print(shell: Shell, mut tree: Command) -> Result<()> {
    let name = tree.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut tree, name, &mut script);
    output::line(&String::from_utf8_lossy(&script))
}
