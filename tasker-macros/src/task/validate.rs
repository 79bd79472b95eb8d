//! What must be true of a task beyond its grammar. Nothing is changed here; mistakes are noted at their tokens.
//!
//! Rules that the runtime owns (aliases, schedules, zones, durations, backoffs) are not repeated here: the
//! expansion calls the runtime's own `const fn`s on them.

use std::collections::HashMap;

use proc_macro2::Span;
use syn::Ident;
use syn::ext::IdentExt;

use super::model::{Code, Model};
use super::names;
use super::param::Param;
use super::schedule::Schedule;
use crate::errors::Errors;
use crate::options;

/// Flags of every ad-hoc run.
const RESERVED_FLAGS: [&str; 8] = [
    "enqueue",
    "in",
    "at",
    "params",
    "json",
    "help",
    "version",
    "database-url",
];

/// Notes every mistake in `model`.
pub(crate) fn validate(model: &Model, errors: &mut Errors) {
    type_names(model, errors);
    let mut seen = Seen::default();
    for param in &model.params {
        param_names(model, param, &mut seen, errors);
    }
    schedules(model, errors);
    if let Some(unique) = &model.args.unique {
        unique.validate(model, errors);
    }
}

fn type_names(model: &Model, errors: &mut Errors) {
    let Code::Function(function) = &model.code else {
        return;
    };
    let handle = &model.handle;
    if *handle == function.ident {
        errors.at(
            handle.span(),
            format!("the task's type and its function cannot both be called `{handle}`: say `#[task(name = …)]`"),
        );
    }
    if let Some(taken) = taken(model) {
        errors.at(
            taken.span(),
            format!("`{taken}` is also the name of the type that this task makes: give that another one with `#[task(name = {handle}Task)]`"),
        );
    }
}

/// A type in the signature with a name that this task's own types have.
pub(crate) fn taken(model: &Model) -> Option<&Ident> {
    let Model {
        handle,
        params_type,
        ..
    } = model;
    model
        .taken
        .iter()
        .find(|taken| *taken == handle || *taken == params_type)
}

#[derive(Default)]
struct Seen {
    names: HashMap<String, ()>,
    flags: HashMap<String, ()>,
    shorts: HashMap<char, ()>,
}

fn param_names(model: &Model, param: &Param, seen: &mut Seen, errors: &mut Errors) {
    let field = &param.field;
    if matches!(model.code, Code::Function(_)) && names::is_reserved(field) {
        errors.at(
            param.field.span(),
            format!("`{}` has a function `{field}` of its own: give this parameter another name, and `#[param(name = \"{field}\")]` if jobs store it so", model.params_type),
        );
    }
    for (name, span) in std::iter::once(&param.name).chain(&param.aliases) {
        if seen.names.insert(name.clone(), ()).is_some() {
            errors.at(*span, format!("two parameters are stored as `{name}`"));
        }
    }
    let (flag, span) = &param.flag;
    if RESERVED_FLAGS.contains(&flag.as_str()) {
        errors.at(
            *span,
            format!("every task has a flag `--{flag}` already: give this parameter another one with `#[param(flag = \"…\")]`"),
        );
    } else if !is_flag(flag) {
        errors.at(
            *span,
            format!("`{flag}` is not a flag: use letters, digits, `-` and `_`, without the dashes in front"),
        );
    } else if seen.flags.insert(flag.clone(), ()).is_some() {
        errors.at(*span, format!("two parameters have the flag `--{flag}`"));
    }
    if let Some((short, span)) = param.short {
        short_flag(short, span, seen, errors);
    }
}

fn short_flag(short: char, span: Span, seen: &mut Seen, errors: &mut Errors) {
    if short == 'h' || short == 'V' {
        errors.at(span, format!("every task has a flag `-{short}` already"));
    } else if !short.is_alphanumeric() {
        errors.at(span, "a short flag is a letter or a digit");
    } else if seen.shorts.insert(short, ()).is_some() {
        errors.at(span, format!("two parameters have the flag `-{short}`"));
    }
}

fn is_flag(flag: &str) -> bool {
    flag.starts_with(char::is_alphanumeric)
        && flag
            .chars()
            .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

fn schedules(model: &Model, errors: &mut Errors) {
    let args = &model.args;
    if args.schedules.is_empty() {
        for key in &args.for_schedules {
            errors.at(
                key.span(),
                format!(
                    "`{key}` is about schedules and this task has none: add `schedule = \"…\"`"
                ),
            );
        }
    }
    let mut names = HashMap::new();
    for schedule in &args.schedules {
        let name = schedule.name.as_ref().map(|name| name.tokens.to_string());
        let span = schedule
            .name
            .as_ref()
            .map_or(schedule.span, |name| name.span);
        if names.insert(name.clone(), ()).is_some() {
            errors.at(
                span,
                match name {
                    Some(name) => format!("two schedules of this task are called {name}"),
                    None => {
                        "a second schedule needs a name: `schedule(\"…\", name = \"…\")`".to_owned()
                    }
                },
            );
        }
        schedule_params(model, schedule, errors);
    }
}

fn schedule_params(model: &Model, schedule: &Schedule, errors: &mut Errors) {
    let names: Vec<String> = model
        .params
        .iter()
        .map(|param| param.field.unraw().to_string())
        .collect();
    for (name, _) in &schedule.params {
        let plain = name.unraw().to_string();
        if !names.contains(&plain) {
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            let task = format!("task `{}`", model.ident());
            errors.at(
                name.span(),
                options::unknown(&plain, &task, "parameter", &known),
            );
        }
    }
    let missing: Vec<String> = model
        .params
        .iter()
        .filter(|param| param.is_required() && schedule_value(schedule, param).is_none())
        .map(|param| param.field.unraw().to_string())
        .collect();
    if missing.is_empty() {
        return;
    }
    let listed = missing.join("`, `");
    let written = missing.join(" = …, ");
    errors.at(
        schedule.span,
        format!("this schedule does not give `{listed}`: write `schedule(\"…\", params({written} = …))`, or declare a default with `#[param(default = …)]`"),
    );
}

/// What a schedule says a parameter is.
pub(crate) fn schedule_value<'a>(schedule: &'a Schedule, param: &Param) -> Option<&'a syn::Expr> {
    let field = param.field.unraw();
    schedule
        .params
        .iter()
        .find(|(name, _)| name.unraw() == field)
        .map(|(_, value)| value)
}
