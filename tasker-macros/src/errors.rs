//! [`Errors`]: every mistake in one go, each at its token.

use proc_macro2::{Span, TokenStream};

/// Mistakes found so far. Must be turned into tokens; dropping it unread is a bug of ours.
pub(crate) struct Errors {
    found: Vec<syn::Error>,
    read: bool,
}

impl Errors {
    pub(crate) fn new() -> Self {
        Self {
            found: Vec::new(),
            read: false,
        }
    }

    /// Notes a mistake at `span`.
    pub(crate) fn at(&mut self, span: Span, message: impl std::fmt::Display) {
        self.found.push(syn::Error::new(span, message));
    }

    /// Notes a mistake found by a parser.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.found.push(error);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// As `compile_error!`s, in the order they were found; nothing where there is none.
    pub(crate) fn into_tokens(mut self) -> TokenStream {
        self.read = true;
        std::mem::take(&mut self.found)
            .iter()
            .map(syn::Error::to_compile_error)
            .collect()
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        if !self.read && !std::thread::panicking() {
            panic!("a bug in tasker's macros: mistakes were collected and not reported");
        }
    }
}
