//! A task's flags from its definition, and its params from what was typed.
//!
//! In: a [`TaskDefinition`] and clap's matches. Out: params that have passed the task's own check, or a
//! [`Fault`] that names the flag. Repeated flags: the last one wins, a list collects (see `value`). A `bool`
//! takes its value behind `=` only, so that it never swallows the next word.

use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, value_parser};
use serde_json::Value;

use super::value;
use crate::dynamic::known_names;
use crate::task::{Fields, ParamDefinition, ParamError, Shape, TaskDefinition};

/// The id of the flag that takes all params at once.
pub(super) const PARAMS: &str = "params";

const LIST_HELP: &str = "A list: values separated by commas, or the flag once for each value, whose commas are \
    then kept, or a JSON array.";

/// Wrong usage of a task's flags.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn invalid(message: String) -> Self {
        Self {
            kind: ErrorKind::ValueValidation,
            message,
        }
    }
}

/// One flag for each param, and `--params`; where that is given, no other is required.
pub(super) fn flags(task: &'static TaskDefinition, has_params: bool) -> Vec<Arg> {
    let flag = |param| flag(param, has_params);
    let mut flags: Vec<Arg> = task.params.iter().map(flag).collect();
    flags.push(
        Arg::new(PARAMS)
            .long("params")
            .value_name("JSON")
            .help("Params as one JSON object; flags beside it override its fields"),
    );
    flags
}

fn flag(param: &'static ParamDefinition, has_params: bool) -> Arg {
    let shape = (param.shape)();
    let shape = value::inner(&shape);
    let mut arg = Arg::new(id(param))
        .long(param.flag)
        .short(param.short)
        .value_name(value_name(param, shape))
        .action(ArgAction::Append)
        .allow_negative_numbers(true)
        .required(param.required && !has_params)
        .help_heading("Parameters");
    arg = match shape {
        Shape::Bool => arg
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
        Shape::Choice(names) => arg.value_parser(PossibleValuesParser::new(names.iter().copied())),
        _ => arg.value_parser(value_parser!(String)),
    };
    let help = help(param, shape);
    match shape {
        Shape::List(_) if help.is_empty() => arg.long_help(LIST_HELP),
        Shape::List(_) => arg.long_help(format!("{help}\n\n{LIST_HELP}")).help(help),
        _ => arg.help(help),
    }
}

/// Kept apart from the ids of our own flags.
fn id(param: &ParamDefinition) -> String {
    format!("param:{}", param.name)
}

fn value_name(param: &ParamDefinition, shape: &Shape) -> String {
    match shape {
        Shape::Bool => "true|false".into(),
        Shape::Struct(_) | Shape::Map => "JSON".into(),
        _ => param.flag.to_uppercase().replace('-', "_"),
    }
}

fn help(param: &ParamDefinition, shape: &Shape) -> String {
    let mut help = param.description.trim().to_owned();
    let mut note = |text: String| {
        if !help.is_empty() {
            help.push(' ');
        }
        help.push_str(&text);
    };
    if let Some(default) = param.default {
        note(format!("[default: {default}]"));
    }
    if let Shape::List(element) = shape
        && let Shape::Choice(names) = value::inner(element)
    {
        note(format!("[possible values: {}]", names.join(", ")));
    }
    help
}

/// The params that were given, checked.
pub(super) fn params(task: &'static TaskDefinition, matches: &ArgMatches) -> Result<Fields, Fault> {
    let mut fields = match matches.get_one::<String>(PARAMS) {
        Some(text) => object(task, text)?,
        None => Fields::new(),
    };
    for param in task.params {
        let Some(texts) = matches.get_many::<String>(&id(param)) else {
            continue;
        };
        let texts: Vec<&str> = texts.map(String::as_str).collect();
        let value = value::of(&(param.shape)(), &texts).map_err(|reason| {
            let said = texts.join("', '");
            Fault::invalid(format!(
                "invalid value '{said}' for '--{}': {reason}",
                param.flag
            ))
        })?;
        fields.insert(param.name.to_owned(), value);
    }
    let missing: Vec<String> = (task.params.iter())
        .filter(|param| param.required && !fields.contains_key(param.name))
        .map(|param| format!("'--{}'", param.flag))
        .collect();
    if !missing.is_empty() {
        return Err(Fault {
            kind: ErrorKind::MissingRequiredArgument,
            message: format!("required and not given: {}", missing.join(", ")),
        });
    }
    (task.check)(fields.clone()).map_err(|error| refused(task, &error))?;
    Ok(fields)
}

fn object(task: &TaskDefinition, text: &str) -> Result<Fields, Fault> {
    let fields = match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) => return Err(Fault::invalid("'--params' takes a JSON object".into())),
        Err(error) => {
            let message = format!("'--params' takes a JSON object, and this is not JSON: {error}");
            return Err(Fault::invalid(message));
        }
    };
    known_names(task.params.iter().map(|param| param.name), &fields)
        .map_err(|error| Fault::invalid(format!("'--params': {error}")))?;
    Ok(fields)
}

/// What the task's own check said, with the flag in place of the field.
fn refused(task: &TaskDefinition, error: &ParamError) -> Fault {
    let path = error.path();
    let name = path.split(['.', '[']).next().unwrap_or(path);
    let Some(param) = task.params.iter().find(|param| param.name == name) else {
        return Fault::invalid(error.to_string());
    };
    let place = match &path[name.len()..] {
        "" => String::new(),
        rest => format!(" (at `{}`)", rest.trim_start_matches('.')),
    };
    Fault::invalid(format!(
        "invalid value for '--{}'{place}: {}",
        param.flag,
        error.reason()
    ))
}
