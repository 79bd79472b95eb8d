//! `#[task]` and `#[derive(Task)]`: a small compiler.
//!
//! ```text
//! attribute ─args→ Args ─┐
//!                        ├─model→ Model ─validate→ Model ─expand→ tokens
//! item ──────item→ Item ─┘                              └fallback→ tokens, where there are mistakes
//! ```
//!
//! Attribute and signature are read independently, so that a mistake in one does not hide one in the other.
//! The user's function is always emitted as it was written; with mistakes, a stub of what would have been made
//! stands beside them, so that callers elsewhere do not light up.

mod args;
mod checks;
mod docs;
mod expand;
mod fallback;
mod item;
mod model;
mod names;
mod param;
mod schedule;
mod surface;
mod ty;
mod unique;
mod validate;

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Errors;
use args::Args;
use item::{FnItem, StructItem};
use model::Model;

/// Expands `#[task(args)] item`.
pub(crate) fn function(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let args = Args::read(args, &mut errors);
    let Some(item) = FnItem::read(item.clone(), &mut errors) else {
        let errors = errors.into_tokens();
        return quote!(#item #errors);
    };
    let function = item.stripped();
    let model = Model::of_function(args, item, &mut errors);
    let made = finish(&model, errors);
    quote!(#function #made)
}

/// Expands `#[derive(Task)]`.
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let Some((args, item)) = StructItem::read(item, &mut errors) else {
        return errors.into_tokens();
    };
    let model = Model::of_struct(args, item, &mut errors);
    finish(&model, errors)
}

fn finish(model: &Model, mut errors: Errors) -> TokenStream {
    validate::validate(model, &mut errors);
    if errors.is_empty() {
        let nothing = errors.into_tokens();
        let made = expand::expand(model);
        return quote!(#made #nothing);
    }
    let errors = errors.into_tokens();
    let stub = fallback::stub(model);
    quote!(#errors #stub)
}
