//! [`Args`]: what stands in `#[task(…)]`, read but not judged against the function.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Ident, Lit, Path, Token};

use super::schedule::Schedule;
use super::unique::Unique;
use crate::errors::Errors;
use crate::options::{self, Known, Text};

const KNOWN: Known = Known {
    of: "`#[task]`",
    names: &[
        "alias",
        "title",
        "queue",
        "priority",
        "max_attempts",
        "backoff",
        "timeout",
        "schedule",
        "tz",
        "catch_up",
        "overlap",
        "unique",
        "tags",
        "name",
        "crate",
        "derive",
    ],
    repeatable: &["schedule"],
    later: &[
        ("concurrency", ""),
        ("rate", ""),
        ("at_most_once", ""),
        ("retention", ""),
    ],
};

/// The options of a task.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) alias: Option<Text>,
    pub(crate) title: Option<Text>,
    pub(crate) queue: Option<Text>,
    pub(crate) priority: Option<Expr>,
    pub(crate) max_attempts: Option<MaxAttempts>,
    pub(crate) backoff: Option<Text>,
    pub(crate) timeout: Option<Text>,
    pub(crate) schedules: Vec<Schedule>,
    pub(crate) tz: Option<Text>,
    pub(crate) catch_up: Option<CatchUp>,
    pub(crate) overlap: Option<Overlap>,
    pub(crate) unique: Option<Unique>,
    pub(crate) tags: Vec<Text>,
    pub(crate) name: Option<Ident>,
    pub(crate) krate: Option<Path>,
    pub(crate) derives: Vec<Path>,
    /// Options that say how schedules behave, and where they stand.
    pub(crate) for_schedules: Vec<Ident>,
}

/// How many attempts a job has.
#[derive(Clone)]
pub(crate) enum MaxAttempts {
    Unlimited,
    Count(Expr),
}

/// What happens to missed occurrences.
#[derive(Clone)]
pub(crate) enum CatchUp {
    Skip,
    Once,
    All(TokenStream),
}

/// What happens while the job before is unfinished.
#[derive(Clone, Copy)]
pub(crate) enum Overlap {
    Allow,
    Skip,
    QueueOne,
    CancelPrevious,
}

impl Args {
    /// Reads the options; what is wrong is noted and left out.
    pub(crate) fn read(input: TokenStream, errors: &mut Errors) -> Self {
        let mut args = Self::default();
        options::read(input, &KNOWN, errors, |name, key, input, errors| {
            args.take(name, key, input, errors)
        });
        args
    }

    fn take(
        &mut self,
        name: &str,
        key: &Ident,
        input: ParseStream,
        errors: &mut Errors,
    ) -> syn::Result<()> {
        if matches!(name, "tz" | "catch_up" | "overlap") {
            self.for_schedules.push(key.clone());
        }
        match name {
            "alias" => self.alias = Some(Text::assigned(input)?),
            "title" => self.title = Some(Text::assigned(input)?),
            "queue" => self.queue = Some(queue(Text::assigned(input)?)?),
            "priority" => self.priority = Some(options::assigned_expr(input)?),
            "max_attempts" => self.max_attempts = Some(max_attempts(input)?),
            "backoff" => self.backoff = Some(Text::assigned(input)?),
            "timeout" => self.timeout = Some(Text::assigned(input)?),
            "schedule" => self.schedules.push(Schedule::read(key, input, errors)?),
            "tz" => self.tz = Some(Text::assigned(input)?),
            "catch_up" => self.catch_up = Some(CatchUp::read(input)?),
            "overlap" => self.overlap = Some(Overlap::read(input)?),
            "unique" => self.unique = Some(Unique::read(input, errors)?),
            "tags" => self.tags = tags(input)?,
            "name" => self.name = Some(type_name(input)?),
            "crate" => self.krate = Some(krate(input)?),
            _ => self.derives = derives(input)?,
        }
        Ok(())
    }
}

impl CatchUp {
    pub(crate) fn read(input: ParseStream) -> syn::Result<Self> {
        let (word, span) = word(input)?;
        match word.as_str() {
            "skip" => Ok(Self::Skip),
            "once" => Ok(Self::Once),
            "all" => Ok(Self::All(bound(input)?)),
            _ => Err(syn::Error::new(
                span,
                format!("`catch_up` is `skip`, `once`, `all` or `all(max = 10)`, not `{word}`"),
            )),
        }
    }
}

impl Overlap {
    pub(crate) fn read(input: ParseStream) -> syn::Result<Self> {
        let (word, span) = word(input)?;
        match word.as_str() {
            "allow" => Ok(Self::Allow),
            "skip" => Ok(Self::Skip),
            "queue_one" => Ok(Self::QueueOne),
            "cancel_previous" => Ok(Self::CancelPrevious),
            _ => Err(syn::Error::new(
                span,
                format!(
                    "`overlap` is `allow`, `skip`, `queue_one` or `cancel_previous`, not `{word}`"
                ),
            )),
        }
    }
}

/// A word after `=`, with or without quotes.
fn word(input: ParseStream) -> syn::Result<(String, Span)> {
    let _: Token![=] = input.parse()?;
    if input.peek(syn::LitStr) {
        let text: syn::LitStr = input.parse()?;
        return Ok((text.value(), text.span()));
    }
    let ident: Ident = input.parse()?;
    Ok((ident.to_string(), ident.span()))
}

/// `(max = n)`, or nothing.
fn bound(input: ParseStream) -> syn::Result<TokenStream> {
    if !input.peek(syn::token::Paren) {
        return Ok(quote!(100));
    }
    let inner;
    syn::parenthesized!(inner in input);
    let key: Ident = inner.parse()?;
    if key != "max" {
        return Err(syn::Error::new(
            key.span(),
            format!("`all` takes `max`, as in `all(max = 10)`, not `{key}`"),
        ));
    }
    let max = options::assigned_expr(&inner)?;
    if is_zero(&max) {
        return Err(syn::Error::new(
            max.span(),
            "`max` is at least 1; to make up for nothing, write `catch_up = skip`",
        ));
    }
    if !inner.is_empty() {
        return Err(inner.error("`all` takes `max` only"));
    }
    Ok(max.into_token_stream())
}

fn max_attempts(input: ParseStream) -> syn::Result<MaxAttempts> {
    let value = options::assigned_expr(input)?;
    if let Expr::Path(path) = &value
        && path.path.is_ident("unlimited")
    {
        return Ok(MaxAttempts::Unlimited);
    }
    if is_zero(&value) {
        return Err(syn::Error::new(
            value.span(),
            "`max_attempts` counts the first attempt, so it is at least 1; for attempts without end write `unlimited`",
        ));
    }
    match &value {
        Expr::Lit(ExprLit {
            lit: Lit::Int(_), ..
        })
        | Expr::Path(_) => Ok(MaxAttempts::Count(value)),
        other => Err(syn::Error::new(
            other.span(),
            "`max_attempts` is a number, the path of a `const` number, or `unlimited`",
        )),
    }
}

fn is_zero(value: &Expr) -> bool {
    matches!(value, Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) if number.base10_parse::<u128>().is_ok_and(|number| number == 0))
}

fn queue(text: Text) -> syn::Result<Text> {
    let Some(name) = &text.literal else {
        return Ok(text);
    };
    let count = name.chars().count();
    if count == 0 || count > 64 || name.chars().any(char::is_control) {
        return Err(syn::Error::new(
            text.span,
            format!(
                "`{}` is not a queue name: use 1 to 64 printable characters",
                name.escape_debug()
            ),
        ));
    }
    Ok(text)
}

fn tags(input: ParseStream) -> syn::Result<Vec<Text>> {
    let inner;
    if input.peek(Token![=]) {
        let _: Token![=] = input.parse()?;
        syn::bracketed!(inner in input);
    } else {
        syn::parenthesized!(inner in input);
    }
    let tags: Vec<Text> = inner
        .parse_terminated(Text::read, Token![,])?
        .into_iter()
        .collect();
    for tag in &tags {
        if let Some(text) = &tag.literal
            && (text.is_empty() || text.len() > 128)
        {
            return Err(syn::Error::new(tag.span, "a tag has 1 to 128 bytes"));
        }
    }
    match tags.get(16) {
        Some(tag) => Err(syn::Error::new(tag.span, "a job has at most 16 tags")),
        None => Ok(tags),
    }
}

fn type_name(input: ParseStream) -> syn::Result<Ident> {
    let _: Token![=] = input.parse()?;
    if input.peek(syn::LitStr) {
        let text: syn::LitStr = input.parse()?;
        return Err(syn::Error::new(
            text.span(),
            format!(
                "`name` names a type: write it without quotes, `name = {}`",
                text.value()
            ),
        ));
    }
    input.parse()
}

fn krate(input: ParseStream) -> syn::Result<Path> {
    let _: Token![=] = input.parse()?;
    if input.peek(syn::LitStr) {
        let text: syn::LitStr = input.parse()?;
        let path = text.value();
        let path = path.trim_start_matches("::");
        return Err(syn::Error::new(
            text.span(),
            format!("`crate` is a path: write it without quotes, `crate = ::{path}`"),
        ));
    }
    let path: Path = input.call(Path::parse_mod_style)?;
    let first = path
        .segments
        .first()
        .map(|segment| segment.ident.to_string());
    if path.leading_colon.is_none() && first.as_deref() != Some("crate") {
        let written = path.to_token_stream().to_string().replace(' ', "");
        return Err(syn::Error::new(
            path.span(),
            format!(
                "`crate` needs a path that means the same everywhere: write `crate = ::{written}`, or one that starts with `crate::`"
            ),
        ));
    }
    Ok(path)
}

fn derives(input: ParseStream) -> syn::Result<Vec<Path>> {
    let inner;
    if input.peek(Token![=]) {
        let _: Token![=] = input.parse()?;
    }
    if input.peek(syn::token::Bracket) {
        syn::bracketed!(inner in input);
    } else {
        syn::parenthesized!(inner in input);
    }
    let paths = inner.parse_terminated(Path::parse_mod_style, Token![,])?;
    for path in &paths {
        let last = path
            .segments
            .last()
            .map(|segment| segment.ident.to_string());
        if let Some(made @ ("Debug" | "Default" | "Serialize" | "Deserialize")) = last.as_deref() {
            return Err(syn::Error::new(
                path.span(),
                match made {
                    "Debug" => "the params have a `Debug` already",
                    "Default" => {
                        "the params have a `Default` already, where none of them is required"
                    }
                    _ => {
                        "the params are written and read by code of the macro: they need no serde derive"
                    }
                },
            ));
        }
    }
    Ok(paths.into_iter().collect())
}
