//! Whether there is a server for a trial, and what becomes of the trial where there is none.
//!
//! `TASKER_TEST_POSTGRES_URL` and `TASKER_TEST_MYSQL_URL` name a server that runs; tests make databases of their
//! own in it and drop them, and do not stop it. Without one, a private server is started where the
//! binaries are installed. Else the engine is absent: its trials are ignored, with the reason, or fail where
//! `TASKER_TEST_REQUIRE` (a comma list of `postgres`, `mysql`) names it.

use std::env;

use libtest_mimic::{Completion, Trial};

use crate::engine::Engine;

/// What is to become of a trial that needs a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Usable {
    /// It is to be run.
    Yes,
    /// It is to be shown as ignored, for this reason.
    No(String),
    /// It is to fail, for this reason: the server is required.
    Required(String),
}

impl Engine {
    /// For trials that share a server with others and leave it as it is: [`crate::shared()`] has it.
    pub fn can_share(self) -> Usable {
        if self.external().is_some() {
            return Usable::Yes;
        }
        self.installed(&required())
    }

    /// For trials that start a server of their own, to do what they like with it: [`crate::Server::start`].
    pub fn can_start(self) -> Usable {
        if self.external().is_some() {
            let variable = self.variable();
            return Usable::No(format!(
                "`{variable}` names a server, and this needs one that it can stop"
            ));
        }
        self.installed(&required())
    }

    /// The server that the environment names.
    pub(crate) fn external(self) -> Option<String> {
        env::var(self.variable()).ok().filter(|url| !url.is_empty())
    }

    fn installed(self, required: &[Self]) -> Usable {
        match self.programs() {
            Ok(_) => Usable::Yes,
            Err(missing) => self.absent(&format!("{missing:#}"), required),
        }
    }

    fn absent(self, missing: &str, required: &[Self]) -> Usable {
        let (name, variable) = (self.name(), self.variable());
        let reason = format!("no {name}: {missing}; install it, or set `{variable}`");
        if required.contains(&self) {
            return Usable::Required(format!("{reason} (`TASKER_TEST_REQUIRE` names it)"));
        }
        Usable::No(reason)
    }
}

impl Usable {
    /// The trial `name`, which runs `run` if it can, else says why not.
    pub fn trial(self, name: impl Into<String>, run: impl FnOnce() + Send + 'static) -> Trial {
        match self {
            Self::Yes => Trial::test(name, || {
                run();
                Ok(())
            }),
            Self::No(reason) => {
                Trial::ignorable_test(name, || Ok(Completion::ignored_with(reason)))
            }
            Self::Required(reason) => Trial::test(name, || Err(reason.into())),
        }
    }
}

fn required() -> Vec<Engine> {
    let names = env::var("TASKER_TEST_REQUIRE").unwrap_or_default();
    parse_required(&names).unwrap_or_else(|name| {
        let known = Engine::ALL.map(Engine::name).join(", ");
        panic!("`TASKER_TEST_REQUIRE` names `{name}`; known are {known}")
    })
}

fn parse_required(names: &str) -> Result<Vec<Engine>, &str> {
    let names = names.split(',').map(str::trim).filter(|n| !n.is_empty());
    let engine = |name| Engine::ALL.into_iter().find(|e| e.name() == name);
    names.map(|name| engine(name).ok_or(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_is_a_list_of_names() {
        assert_eq!(parse_required(""), Ok(vec![]));
        assert_eq!(parse_required("mysql"), Ok(vec![Engine::MySql]));
        let both = Ok(vec![Engine::Postgres, Engine::MySql]);
        assert_eq!(parse_required(" postgres, mysql,"), both);
        assert_eq!(parse_required("postgres,mysq"), Err("mysq"));
    }

    #[test]
    fn an_absent_server_is_a_failure_only_where_it_is_required() {
        let Usable::No(reason) = Engine::MySql.absent("nothing there", &[Engine::Postgres]) else {
            panic!("it is not required");
        };
        assert!(reason.contains("no mysql: nothing there"), "{reason}");
        assert!(reason.contains("TASKER_TEST_MYSQL_URL"), "{reason}");
        let Usable::Required(reason) = Engine::MySql.absent("nothing there", &Engine::ALL) else {
            panic!("it is required");
        };
        assert!(reason.contains("TASKER_TEST_REQUIRE"), "{reason}");
    }
}
