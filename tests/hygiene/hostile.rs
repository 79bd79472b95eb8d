//! A module where every name that generated code could lean on means something else.
#![allow(
    dead_code,
    unused_macros,
    reason = "these names exist to be in the way"
)]

use ::serde::{Deserialize, Serialize};

mod tasker {}
mod std {}
mod core {}
mod serde {}
mod inventory {}
mod anyhow {}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct String(u8);
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Vec(u8);
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Option(u8);
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Box(u8);
pub(crate) struct Result;
pub(crate) struct Ok;
pub(crate) struct Err;
pub(crate) struct Some;
pub(crate) struct None;
pub(crate) struct PathBuf;
pub(crate) struct Params;
pub(crate) struct Duration;
pub(crate) struct Fields;
pub(crate) struct Output;
pub(crate) struct Call;
trait Into {}
trait From {}
trait Default {}
trait Clone {}
trait Debug {}
trait Send {}
trait Sync {}
trait Iterator {}
trait IntoIterator {}
trait FromIterator {}
trait Future {}
trait Task {}
macro_rules! panic {
    ($($t:tt)*) => {
        compile_error!("the wrong panic")
    };
}
macro_rules! env {
    ($($t:tt)*) => {
        compile_error!("the wrong env")
    };
}
macro_rules! vec {
    ($($t:tt)*) => {
        compile_error!("the wrong vec")
    };
}

/// A trait whose methods would be found before ours, were they called by name.
trait Everything: Sized {
    fn words(&self, _: &u8) {}
    fn render(&self, _: &str) {}
    fn put(&self) {}
    fn take(&self) {}
    fn get(&self) {}
    fn into(self) {}
    fn map_err(self) {}
    fn into_result(self) {}
    fn encode(&self) {}
    fn decode(&self) {}
}

impl<T> Everything for T {}

#[::tasker::task(
    alias = "hostile-names",
    schedule("daily 12:00", tz = "UTC", params(states = "x", r#type = "y")),
    timeout = "3s",
    unique(
        params(states, r#type),
        period = "1h",
        while(scheduled, queued, running, retrying, failed),
        on_conflict = skip
    )
)]
async fn hostile(
    context: ::tasker::Context,
    states: &str,
    fields: &[u8],
    #[param(default)] string: String,
    #[param(default)] list: Vec,
    #[param(default)] option: Option,
    #[param(default)] boxed: Box,
    call: bool,
    result: ::std::option::Option<u8>,
    r#type: &::std::path::Path,
) -> ::std::result::Result<u8, ::std::io::Error> {
    let _ = (
        context, states, fields, string, list, option, boxed, call, r#type,
    );
    ::std::result::Result::Ok(result.unwrap_or(7))
}

#[::tasker::task(schedule("daily 12:00", params(r#fn = 3, unused = 4)), name = Loop)]
fn r#loop(r#fn: u8, _unused: &u8) -> ::std::result::Result<(), ::std::string::String> {
    let _ = r#fn;
    ::std::result::Result::Ok(())
}

#[::tasker::task(unique = KEY)]
async fn foo_bar() {}

const KEY: &::core::primitive::str = "one";

#[allow(
    non_snake_case,
    reason = "the name makes the type that `foo_bar` makes"
)]
#[::tasker::task(alias = "other", name = Other)]
async fn fooBar() {}

mod renamed {
    //! Tasks by way of a re-export.

    mod framework {
        pub(crate) use ::tasker::*;
    }

    #[framework::task(crate = crate::hostile::renamed::framework, alias = "by-another-name", unique)]
    async fn by_another_name(what: u8) {
        let _ = what;
    }

    #[tokio::test]
    async fn a_renamed_crate_works() {
        ByAnotherName::run(ByAnotherNameParams::new(1))
            .await
            .expect("runs");
    }
}

#[tokio::test]
async fn a_task_runs_among_hostile_names() {
    let params = HostileParams::new("text", "path").fields([1, 2]).call(true);
    let done = Hostile::run(params).await;
    assert_eq!(done.expect("runs"), 7);
    Loop::run(LoopParams::new(1, 2)).await.expect("runs");
    FooBar::run().await.expect("runs");
    Other::run().await.expect("runs");
}

#[test]
fn a_task_may_stand_in_a_function() {
    #[::tasker::task]
    async fn inside(value: u8) {
        let _ = value;
    }
    assert_eq!(Inside::ALIAS, "inside");
    let _params = Inside::params(3);
}

#[test]
fn a_task_may_come_out_of_a_macro() {
    macro_rules! task_of {
        ($name:ident, $param:ident: $ty:ty, $default:expr) => {
            #[::tasker::task]
            async fn $name(#[param(default = $default)] $param: $ty) {
                let _ = $param;
            }
        };
    }
    task_of!(made_up, value: ::std::option::Option<u8>, 3);
    assert_eq!(MadeUp::params().value.expect("has a default"), 3);
}
