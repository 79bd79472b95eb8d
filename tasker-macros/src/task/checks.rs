//! Rules that the runtime owns, checked while the user's crate is compiled: a call of the runtime's own
//! `const fn` in a constant of its own, with the span of the text.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Ident;

use super::args::MaxAttempts;
use super::model::Model;
use crate::options::Text;

/// One constant per text that follows a rule of the runtime.
pub(crate) fn checks(model: &Model) -> TokenStream {
    let args = &model.args;
    let mut checks = vec![check(model, "check_alias", &[&model.alias])];
    if let Some(backoff) = &args.backoff {
        checks.push(check(model, "check_backoff", &[backoff]));
    }
    if let Some(timeout) = &args.timeout {
        checks.push(check(model, "check_timeout", &[timeout]));
    }
    if let Some(unique) = &args.unique {
        if let Some(key) = unique.key() {
            checks.push(check(model, "check_key", &[key]));
        }
        if let Some(period) = &unique.period {
            checks.push(check(model, "check_period", &[period]));
        }
        checks.push(unique.check(&model.rt));
    }
    if let Some(tz) = &args.tz {
        checks.push(check(model, "check_zone", &[tz]));
    }
    for schedule in &args.schedules {
        checks.push(check(model, "check_rule", &[&schedule.rule]));
        if let Some(tz) = &schedule.tz {
            checks.push(check(model, "check_zone", &[tz]));
        }
        if let Some(tz) = schedule.tz.as_ref().or(args.tz.as_ref()) {
            checks.push(check(model, "check_together", &[&schedule.rule, tz]));
        }
    }
    if let Some(MaxAttempts::Count(count @ syn::Expr::Path(_))) = &args.max_attempts {
        let span = syn::spanned::Spanned::span(count);
        checks.push(quote_spanned! {span=>
            const _: () = ::core::assert!(
                #count >= 1,
                "max_attempts counts the first attempt, so it is at least 1"
            );
        });
    }
    checks.into_iter().collect()
}

/// A constant that calls `function` and panics with what it says, at the last of `texts`.
fn check(model: &Model, function: &str, texts: &[&Text]) -> TokenStream {
    let rt = &model.rt;
    let span = texts.last().map_or_else(Span::call_site, |text| text.span);
    let function = Ident::new(function, span);
    let texts = texts.iter().map(|text| &text.tokens);
    let span = Span::mixed_site().located_at(span);
    quote_spanned! {span=>
        const _: () = if let #rt::Err(message) = #rt::#function(#(#texts),*) {
            ::core::panic!("{}", message.as_str())
        };
    }
}

/// The delay before another attempt.
pub(crate) fn backoff(model: &Model) -> TokenStream {
    let rt = &model.rt;
    match &model.args.backoff {
        Some(Text { tokens, .. }) => quote!(#rt::backoff(#tokens)),
        None => quote!(#rt::Backoff::DEFAULT),
    }
}

/// How long one attempt may run.
pub(crate) fn timeout(model: &Model) -> TokenStream {
    let rt = &model.rt;
    match &model.args.timeout {
        Some(Text { tokens, .. }) => quote!(#rt::Some(#rt::timeout(#tokens))),
        None => quote!(#rt::None),
    }
}
