//! Rules that the runtime owns, checked while the user's crate is compiled: a call of the runtime's own
//! `const fn` in a constant of its own, with the span of the text.

use proc_macro2::TokenStream;
use quote::quote;

use super::model::Model;

/// One constant per text that follows a rule of the runtime.
pub(crate) fn checks(_model: &Model) -> TokenStream {
    TokenStream::new()
}

/// The delay before another attempt.
pub(crate) fn backoff(model: &Model) -> TokenStream {
    let rt = &model.rt;
    quote!(#rt::Backoff::DEFAULT)
}

/// How long one attempt may run.
pub(crate) fn timeout(model: &Model) -> TokenStream {
    let rt = &model.rt;
    quote!(#rt::None)
}
