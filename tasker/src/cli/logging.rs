//! Logs on stderr, for programs that set up none of their own.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::{EnvFilter, fmt};

const DEFAULT: &str = "warn,tasker=info";

/// Shows what `TASKER_LOG`, else `RUST_LOG`, asks for (the syntax is tracing-subscriber's). Does nothing where
/// the program has a subscriber already.
pub(crate) fn install() {
    let (filter, fault) = filter(|name| std::env::var(name).ok());
    let colour =
        stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
    let installed = fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(colour)
        .try_init();
    if let (Ok(()), Some(fault)) = (installed, fault) {
        tracing::warn!(target: "tasker", "{fault}");
    }
}

fn filter(variable: impl Fn(&str) -> Option<String>) -> (EnvFilter, Option<String>) {
    let given = ["TASKER_LOG", "RUST_LOG"]
        .into_iter()
        .filter_map(|name| Some((name, variable(name)?)))
        .find(|(_, text)| !text.is_empty());
    let Some((name, text)) = given else {
        return (EnvFilter::new(DEFAULT), None);
    };
    match EnvFilter::try_new(&text) {
        Ok(filter) => (filter, None),
        Err(error) => {
            let fault =
                format!("{name} is `{text}`, which is no filter ({error}): using `{DEFAULT}`");
            (EnvFilter::new(DEFAULT), Some(fault))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(variables: &[(&str, &str)]) -> (String, bool) {
        let (filter, fault) = filter(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, text)| (*text).to_owned())
        });
        (filter.to_string(), fault.is_some())
    }

    #[test]
    fn our_variable_goes_before_the_general_one() {
        let both = [("TASKER_LOG", "debug"), ("RUST_LOG", "error")];
        assert_eq!(shown(&both), ("debug".into(), false));
        assert_eq!(shown(&both[1..]), ("error".into(), false));
    }

    #[test]
    fn nonsense_and_nothing_mean_the_default() {
        let default = EnvFilter::new(DEFAULT).to_string();
        assert_eq!(shown(&[]), (default.clone(), false));
        assert_eq!(shown(&[("TASKER_LOG", "")]), (default.clone(), false));
        assert_eq!(shown(&[("RUST_LOG", "a=b=c=!")]), (default, true));
    }
}
