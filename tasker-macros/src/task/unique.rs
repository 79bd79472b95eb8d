//! [`Unique`]: the option `unique`, alone, as `unique = "key"`, or with options of its own in parentheses.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Ident, Token};

use super::model::Model;
use crate::errors::Errors;
use crate::options::{self, Known, Text};

const KNOWN: Known = Known {
    of: "`unique`",
    names: &["key", "params", "period", "until", "while", "on_conflict"],
    repeatable: &[],
    later: &[],
};

/// The states a job can be in, as they are written, and as variants of the store's type.
const STATES: [(&str, &str); 8] = [
    ("scheduled", "Scheduled"),
    ("queued", "Queued"),
    ("running", "Running"),
    ("retrying", "Retrying"),
    ("paused", "Paused"),
    ("succeeded", "Succeeded"),
    ("failed", "Failed"),
    ("canceled", "Canceled"),
];

/// What makes a task's jobs unique, as written.
#[derive(Default)]
pub(crate) struct Unique {
    by: By,
    pub(crate) period: Option<Text>,
    holds: Option<Holds>,
    on_conflict: Option<Ident>,
}

/// What tells jobs apart.
#[derive(Default)]
enum By {
    #[default]
    Params,
    ParamsOf(Vec<Ident>),
    Key(Text),
}

/// For how long a job counts.
enum Holds {
    /// One of the store's own constants.
    Until(Ident),
    /// In these states, and where that stands.
    While(Vec<Ident>, Span),
}

impl Unique {
    /// Reads what follows the word `unique`.
    pub(crate) fn read(input: ParseStream, errors: &mut Errors) -> syn::Result<Self> {
        let mut unique = Self::default();
        if input.peek(Token![=]) {
            unique.by = By::Key(key(input)?);
        } else if input.peek(syn::token::Paren) {
            let inner;
            syn::parenthesized!(inner in input);
            let mut by = None;
            options::read(
                inner.parse()?,
                &KNOWN,
                errors,
                |name, key, input, errors| unique.take(name, key, input, &mut by, errors),
            );
        }
        Ok(unique)
    }

    fn take(
        &mut self,
        name: &str,
        word: &Ident,
        input: ParseStream,
        by: &mut Option<Ident>,
        errors: &mut Errors,
    ) -> syn::Result<()> {
        if matches!(name, "key" | "params")
            && let Some(other) = by.replace(word.clone())
        {
            errors.at(
                word.span(),
                format!("jobs are told apart by `{other}` already: keep one of the two"),
            );
        }
        if matches!(name, "until" | "while") && self.holds.is_some() {
            errors.at(
                word.span(),
                "`until` and `while` say the same in two ways: keep one",
            );
        }
        match name {
            "key" => self.by = By::Key(key(input)?),
            "params" if input.peek(syn::token::Paren) => {
                self.by = By::ParamsOf(words(input, word)?);
            }
            "params" if input.peek(Token![=]) => {
                return Err(syn::Error::new(
                    word.span(),
                    "`params` names parameters: write `params(user, day)`, or `params` for all of them",
                ));
            }
            "params" => self.by = By::Params,
            "period" => self.period = Some(Text::assigned(input)?),
            "until" => self.holds = Some(Holds::Until(until(input)?)),
            "while" => self.holds = Some(Holds::While(states(input, word)?, word.span())),
            _ => self.on_conflict = Some(on_conflict(input)?),
        }
        Ok(())
    }

    /// Notes params that the task does not have.
    pub(crate) fn validate(&self, model: &Model, errors: &mut Errors) {
        let By::ParamsOf(chosen) = &self.by else {
            return;
        };
        let names: Vec<String> = model
            .params
            .iter()
            .map(|param| param.field.unraw().to_string())
            .collect();
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        for (place, name) in chosen.iter().enumerate() {
            let plain = name.unraw().to_string();
            if !known.contains(&plain.as_str()) {
                let task = format!("task `{}`", model.ident());
                errors.at(
                    name.span(),
                    options::unknown(&plain, &task, "parameter", &known),
                );
            } else if chosen[..place].iter().any(|before| before == name) {
                errors.at(name.span(), format!("`{plain}` is given twice: keep one"));
            }
        }
    }

    /// The text that is every job's key, if one is.
    pub(crate) fn key(&self) -> Option<&Text> {
        match &self.by {
            By::Key(key) => Some(key),
            By::Params | By::ParamsOf(_) => None,
        }
    }

    /// A constant that does not compile where no job could keep to the states.
    pub(crate) fn check(&self, rt: &TokenStream) -> TokenStream {
        let Some(Holds::While(states, span)) = &self.holds else {
            return TokenStream::new();
        };
        let span = Span::mixed_site().located_at(*span);
        let states = states.iter();
        quote_spanned! {span=>
            const _: () = if let #rt::Err(message) = #rt::Holds::while_in(&[#(#rt::JobState::#states),*]) {
                ::core::panic!("{}", message)
            };
        }
    }

    /// As the definition has it.
    pub(crate) fn definition(&self, model: &Model) -> TokenStream {
        let rt = &model.rt;
        let by = match &self.by {
            By::Params => quote!(Params),
            By::Key(Text { tokens, .. }) => quote!(Key(#tokens)),
            By::ParamsOf(chosen) => {
                let names = chosen.iter().filter_map(|name| {
                    let of = |param: &&super::param::Param| param.field.unraw() == name.unraw();
                    model.params.iter().find(of).map(|param| &param.name.0)
                });
                quote!(ParamsOf(&[#(#names),*]))
            }
        };
        let period = match &self.period {
            Some(Text { tokens, .. }) => quote!(#rt::Some(#rt::period(#tokens))),
            None => quote!(#rt::None),
        };
        let holds = match &self.holds {
            None => quote!(#rt::None),
            Some(Holds::Until(constant)) => quote!(#rt::Some(#rt::Holds::#constant)),
            Some(Holds::While(states, _)) => {
                quote!(#rt::Some(#rt::holds(&[#(#rt::JobState::#states),*])))
            }
        };
        let on_conflict = match &self.on_conflict {
            Some(on_conflict) => quote!(#on_conflict),
            None => quote!(Existing),
        };
        quote! {
            #rt::Some(#rt::UniqueDefinition {
                by: #rt::UniqueBy::#by,
                period: #period,
                holds: #holds,
                on_conflict: #rt::OnConflict::#on_conflict,
            })
        }
    }
}

fn key(input: ParseStream) -> syn::Result<Text> {
    let key = Text::assigned(input)?;
    match key.literal.as_deref() {
        Some("") => Err(syn::Error::new(
            key.span,
            "a key of nothing tells no jobs apart: to have one job of the task at a time, give it any text",
        )),
        _ => Ok(key),
    }
}

/// Words in parentheses, at least one.
fn words(input: ParseStream, of: &Ident) -> syn::Result<Vec<Ident>> {
    let inner;
    syn::parenthesized!(inner in input);
    let words = inner.parse_terminated(Ident::parse_any, Token![,])?;
    if words.is_empty() {
        return Err(syn::Error::new(
            of.span(),
            format!("`{of}(…)` names at least one"),
        ));
    }
    Ok(words.into_iter().collect())
}

/// A word after `=`.
fn word(input: ParseStream) -> syn::Result<Ident> {
    let _: Token![=] = input.parse()?;
    Ident::parse_any(input)
}

fn until(input: ParseStream) -> syn::Result<Ident> {
    let word = word(input)?;
    let constant = match word.to_string().as_str() {
        "started" => "UNTIL_STARTED",
        "finished" => "UNTIL_FINISHED",
        other => {
            return Err(syn::Error::new(
                word.span(),
                format!(
                    "`until` is `started` or `finished`, not `{other}`; for other states write `while(scheduled, queued, …)`"
                ),
            ));
        }
    };
    Ok(Ident::new(constant, word.span()))
}

fn states(input: ParseStream, of: &Ident) -> syn::Result<Vec<Ident>> {
    if !input.peek(syn::token::Paren) {
        return Err(syn::Error::new(
            of.span(),
            "`while` names states: write `while(scheduled, queued, running, retrying, succeeded)`",
        ));
    }
    words(input, of)?
        .into_iter()
        .map(|word| {
            let written = word.to_string();
            let found = STATES.iter().find(|(name, _)| *name == written);
            let (_, variant) = found.ok_or_else(|| {
                let names = STATES.map(|(name, _)| name);
                let message = options::unknown(&written, "a job", "state", &names);
                syn::Error::new(word.span(), message)
            })?;
            Ok(Ident::new(variant, word.span()))
        })
        .collect()
}

fn on_conflict(input: ParseStream) -> syn::Result<Ident> {
    let word = word(input)?;
    let variant = match word.to_string().as_str() {
        "existing" => "Existing",
        "skip" => "Skip",
        "replace" => "Replace",
        "reschedule" => "Reschedule",
        other => {
            return Err(syn::Error::new(
                word.span(),
                format!(
                    "`on_conflict` is `existing`, `skip`, `replace` or `reschedule`, not `{other}`"
                ),
            ));
        }
    };
    Ok(Ident::new(variant, word.span()))
}
