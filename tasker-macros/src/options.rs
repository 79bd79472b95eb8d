//! The grammar all our attributes share: `key = value`, `key(…)` or `key`, separated by commas.
//!
//! A mistake in one option does not hide the next: the rest of it is skipped up to the comma.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, ExprLit, Ident, Lit, Token};

use crate::errors::Errors;

/// What an attribute's options are called and which there are.
pub(crate) struct Known {
    /// Whose options they are, such as ``"`#[task]`"``.
    pub(crate) of: &'static str,
    /// Every option.
    pub(crate) names: &'static [&'static str],
    /// Those that may be given more than once.
    pub(crate) repeatable: &'static [&'static str],
    /// Those of a later release, with what to do until then.
    pub(crate) later: &'static [(&'static str, &'static str)],
}

/// Reads options and hands each to `take`, once.
pub(crate) fn read(
    input: TokenStream,
    known: &Known,
    errors: &mut Errors,
    mut take: impl FnMut(&str, &Ident, ParseStream, &mut Errors) -> syn::Result<()>,
) {
    let parser = |input: ParseStream| {
        read_all(input, known, errors, &mut take);
        Ok(())
    };
    // The parser takes everything there is and notes its own mistakes.
    if let Err(error) = parser.parse2(input) {
        errors.push(error);
    }
}

fn read_all(
    input: ParseStream,
    known: &Known,
    errors: &mut Errors,
    take: &mut dyn FnMut(&str, &Ident, ParseStream, &mut Errors) -> syn::Result<()>,
) {
    let mut seen: Vec<String> = Vec::new();
    while !input.is_empty() {
        let done = read_one(input, known, errors, &mut seen, take);
        if let Err(error) = done {
            errors.push(error);
            skip(input);
        } else if !input.is_empty() && !input.peek(Token![,]) {
            errors.at(input.span(), "expected a comma before the next option");
            skip(input);
        }
        if input.peek(Token![,]) {
            let _: syn::Result<Token![,]> = input.parse();
        }
    }
}

fn read_one(
    input: ParseStream,
    known: &Known,
    errors: &mut Errors,
    seen: &mut Vec<String>,
    take: &mut dyn FnMut(&str, &Ident, ParseStream, &mut Errors) -> syn::Result<()>,
) -> syn::Result<()> {
    let key = Ident::parse_any(input)?;
    let name = key.to_string();
    if let Some((_, instead)) = known.later.iter().find(|(later, _)| *later == name) {
        errors.at(
            key.span(),
            format!("{} does not support `{name}` yet{instead}", known.of),
        );
        skip(input);
        return Ok(());
    }
    if !known.names.contains(&name.as_str()) {
        errors.at(key.span(), unknown(&name, known.of, "option", known.names));
        skip(input);
        return Ok(());
    }
    if seen.contains(&name) && !known.repeatable.contains(&name.as_str()) {
        errors.at(key.span(), format!("`{name}` is given twice: keep one"));
        skip(input);
        return Ok(());
    }
    seen.push(name.clone());
    take(&name, &key, input, errors)
}

/// What to say of a name that is none of `names`.
pub(crate) fn unknown<'a>(
    name: &str,
    of: &str,
    what: &str,
    names: impl IntoIterator<Item = &'a &'a str>,
) -> String {
    let names: Vec<&str> = names.into_iter().copied().collect();
    let list = names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let near = names
        .iter()
        .map(|known| (distance(name, known), *known))
        .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
        .min_by_key(|(distance, _)| *distance);
    match near {
        Some((_, near)) => {
            format!("{of} has no {what} `{name}`: did you mean `{near}`? There are {list}")
        }
        None if names.is_empty() => format!("{of} has no {what} `{name}`, and takes none"),
        None => format!("{of} has no {what} `{name}`: there are {list}"),
    }
}

/// How many insertions, removals and replacements make `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replace = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replace.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Goes on to the next comma.
fn skip(input: ParseStream) {
    while !input.is_empty() && !input.peek(Token![,]) {
        let _: syn::Result<TokenTree> = input.parse();
    }
}

/// A text: a literal, or something that names a `const` of type `&str`.
#[derive(Clone)]
pub(crate) struct Text {
    /// As it stands in the source.
    pub(crate) tokens: TokenStream,
    /// What it says, where it is a literal.
    pub(crate) literal: Option<String>,
    /// Where it stands.
    pub(crate) span: Span,
}

impl Text {
    /// A text of our own, with the span of what it was made from.
    pub(crate) fn made(text: &str, span: Span) -> Self {
        Self {
            tokens: syn::LitStr::new(text, span).to_token_stream(),
            literal: Some(text.to_owned()),
            span,
        }
    }

    /// What stands after `=`.
    pub(crate) fn assigned(input: ParseStream) -> syn::Result<Self> {
        let _: Token![=] = input.parse()?;
        Self::read(input)
    }

    /// What stands here.
    pub(crate) fn read(input: ParseStream) -> syn::Result<Self> {
        let start = input.span();
        let wrong = |span| {
            syn::Error::new(
                span,
                "expected a text in quotes, or the path of a `const` text",
            )
        };
        if input.is_empty() || input.peek(Token![,]) {
            return Err(wrong(start));
        }
        let expr: Expr = input.parse()?;
        let literal = match &expr {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(text.value()),
            Expr::Path(_) | Expr::Macro(_) => None,
            other => return Err(wrong(syn::spanned::Spanned::span(other))),
        };
        Ok(Self {
            span: syn::spanned::Spanned::span(&expr),
            tokens: expr.into_token_stream(),
            literal,
        })
    }
}

/// The expression after `=`.
pub(crate) fn assigned_expr(input: ParseStream) -> syn::Result<Expr> {
    let _: Token![=] = input.parse()?;
    input.parse()
}
