//! What stands in for a task with mistakes: the same surface, with nothing behind it.
//!
//! The errors beside it keep the crate from building, so none of this ever runs.

use proc_macro2::TokenStream;
use quote::quote;

use super::model::{Code, Model};
use super::validate::taken;
use super::{checks, surface};

/// A handle and params that callers can name and use.
pub(crate) fn stub(model: &Model) -> TokenStream {
    let Model {
        rt,
        handle,
        params_type,
        ..
    } = model;
    let checks = checks::checks(model);
    if taken(model).is_some()
        || *model.ident() == *handle && matches!(model.code, Code::Function(_))
    {
        // The names are somebody else's: a stub would be one more mistake.
        return quote!(const _: () = { #checks };);
    }
    let items = surface::items(model);
    let functions = surface::functions(model);
    let params = match (&model.code, model.params.is_empty()) {
        (Code::Function(_), true) => quote!(#rt::NoParams),
        _ => quote!(#params_type),
    };
    let codec = match (&model.code, model.params.is_empty()) {
        (Code::Function(_), true) => TokenStream::new(),
        _ => quote! {
            impl #rt::Params for #params_type {
                fn encode(&self) -> #rt::Result<#rt::Fields, #rt::ParamError> {
                    loop {}
                }

                fn decode(_: #rt::Fields) -> #rt::Result<Self, #rt::ParamError> {
                    loop {}
                }
            }
        },
    };
    let output = surface::output(model);
    quote! {
        #items
        const _: () = {
            #checks
            #functions
            #codec
            impl #rt::Task for #handle {
                type Params = #params;
                type Output = #output;

                fn definition() -> &'static #rt::TaskDefinition {
                    loop {}
                }
            }
        };
    }
}
