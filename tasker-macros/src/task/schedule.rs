//! [`Schedule`]: one `schedule` option, in its short form `schedule = "…"` or its long form `schedule("…", …)`.

use proc_macro2::Span;
use syn::parse::ParseStream;
use syn::{Expr, Ident, Token};

use super::args::{CatchUp, Overlap};
use crate::errors::Errors;
use crate::options::{self, Known, Text};

const KNOWN: Known = Known {
    of: "`schedule`",
    names: &["name", "tz", "catch_up", "overlap", "params"],
    repeatable: &[],
    later: &[],
};

/// When a task runs by itself, as written.
pub(crate) struct Schedule {
    /// Where the option stands.
    pub(crate) span: Span,
    pub(crate) rule: Text,
    pub(crate) name: Option<Text>,
    pub(crate) tz: Option<Text>,
    pub(crate) catch_up: Option<CatchUp>,
    pub(crate) overlap: Option<Overlap>,
    /// The params of its jobs, by the name of the parameter.
    pub(crate) params: Vec<(Ident, Expr)>,
}

impl Schedule {
    /// Reads what follows the word `schedule`.
    pub(crate) fn read(key: &Ident, input: ParseStream, errors: &mut Errors) -> syn::Result<Self> {
        let short = input.peek(Token![=]);
        if short {
            let rule = Text::assigned(input)?;
            return Ok(Self::new(key.span(), rule));
        }
        if !input.peek(syn::token::Paren) {
            return Err(syn::Error::new(
                key.span(),
                "`schedule` needs a rule: write `schedule = \"daily 12:00\"`, or `schedule(\"daily 12:00\", name = \"noon\")`",
            ));
        }
        let inner;
        syn::parenthesized!(inner in input);
        let rule = Text::read(&inner)?;
        let mut schedule = Self::new(key.span(), rule);
        if !inner.is_empty() {
            let _: Token![,] = inner.parse()?;
        }
        let rest = inner.parse()?;
        options::read(rest, &KNOWN, errors, |name, _, input, errors| {
            schedule.take(name, input, errors)
        });
        Ok(schedule)
    }

    fn new(span: Span, rule: Text) -> Self {
        Self {
            span,
            rule,
            name: None,
            tz: None,
            catch_up: None,
            overlap: None,
            params: Vec::new(),
        }
    }

    fn take(&mut self, name: &str, input: ParseStream, errors: &mut Errors) -> syn::Result<()> {
        match name {
            "name" => self.name = Some(Text::assigned(input)?),
            "tz" => self.tz = Some(Text::assigned(input)?),
            "catch_up" => self.catch_up = Some(CatchUp::read(input)?),
            "overlap" => self.overlap = Some(Overlap::read(input)?),
            _ => self.params = params(input, errors)?,
        }
        Ok(())
    }
}

fn params(input: ParseStream, errors: &mut Errors) -> syn::Result<Vec<(Ident, Expr)>> {
    let inner;
    syn::parenthesized!(inner in input);
    let mut params: Vec<(Ident, Expr)> = Vec::new();
    while !inner.is_empty() {
        let name: Ident = inner.call(syn::ext::IdentExt::parse_any)?;
        let value = options::assigned_expr(&inner)?;
        if params.iter().any(|(known, _)| *known == name) {
            errors.at(name.span(), format!("`{name}` is given twice: keep one"));
        } else {
            params.push((name, value));
        }
        if !inner.is_empty() {
            let _: Token![,] = inner.parse()?;
        }
    }
    Ok(params)
}
