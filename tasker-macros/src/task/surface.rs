//! What callers see of a task: its handle, its params, and how it is enqueued and run.
//!
//! Emitted also where the task has mistakes, so that callers elsewhere do not light up.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;

use super::model::{Code, Model};
use super::names;
use super::param::Param;
use super::ty::Kind;

/// The items that stand beside the function: the handle and the params.
pub(crate) fn items(model: &Model) -> TokenStream {
    let Code::Function(_) = model.code else {
        return TokenStream::new();
    };
    let Model {
        handle,
        visibility,
        docs,
        ..
    } = model;
    let about = format!(
        "The task `{}`: its parameters, and how it is enqueued and run.",
        model.ident().unraw()
    );
    let first = match docs.is_empty() {
        true => quote!(#[doc = #about]),
        false => quote!(#(#docs)* #[doc = ""] #[doc = #about]),
    };
    let params = params_struct(model);
    quote! {
        #first
        #[allow(dead_code)]
        #[derive(::core::fmt::Debug)]
        #visibility struct #handle;
        #params
    }
}

fn params_struct(model: &Model) -> TokenStream {
    if model.params.is_empty() {
        return TokenStream::new();
    }
    let Model {
        params_type,
        visibility,
        handle,
        ..
    } = model;
    let about = format!("The params of [`{handle}`].");
    let derives = &model.args.derives;
    let derives = match derives.is_empty() {
        true => TokenStream::new(),
        false => quote!(#[derive(#(#derives),*)]),
    };
    let fields = model.params.iter().map(|param| {
        let docs = docs(param);
        let field = &param.field;
        let ty = &param.ty.tokens;
        quote!(#docs pub #field: #ty)
    });
    quote! {
        #[doc = #about]
        #derives
        #[allow(dead_code)]
        #visibility struct #params_type { #(#fields),* }
    }
}

fn docs(param: &Param) -> TokenStream {
    let docs = &param.docs;
    if docs.is_empty() {
        let about = format!("The parameter `{}`.", param.field.unraw());
        return quote!(#[doc = #about]);
    }
    quote!(#(#docs)*)
}

/// The functions of the handle and the params, which stand out of sight.
pub(crate) fn functions(model: &Model) -> TokenStream {
    let builder = match &model.code {
        Code::Function(_) if !model.params.is_empty() => builder(model),
        _ => TokenStream::new(),
    };
    let calls = calls(model);
    quote!(#builder #calls)
}

/// What the task returns when it succeeds.
pub(crate) fn output(model: &Model) -> TokenStream {
    let rt = &model.rt;
    match &model.code {
        Code::Function(function) => {
            let returns = &function.returns;
            quote_spanned!(function.output_span=> <#returns as #rt::Returned>::Output)
        }
        Code::Handler => {
            let handle = &model.handle;
            quote_spanned!(handle.span()=> <#handle as #rt::Handler>::Output)
        }
    }
}

fn builder(model: &Model) -> TokenStream {
    let Model {
        rt, params_type, ..
    } = model;
    let required = model.params.iter().filter(|param| param.is_required());
    let (arguments, values): (Vec<_>, Vec<_>) = model
        .params
        .iter()
        .map(|param| {
            let field = &param.field;
            let Some(default) = param.default_value(rt) else {
                return match param.ty.kind {
                    Kind::Text => {
                        let ty = &param.ty.tokens;
                        (
                            quote!(#field: impl #rt::Into<#ty>,),
                            quote!(#field: #rt::Into::into(#field)),
                        )
                    }
                    _ => {
                        let ty = &param.ty.tokens;
                        (quote!(#field: #ty,), quote!(#field))
                    }
                };
            };
            (TokenStream::new(), quote!(#field: #default))
        })
        .unzip();
    let setters = model
        .params
        .iter()
        .filter(|param| !names::is_reserved(&param.field))
        .map(|param| setter(param, rt));
    let default = match required.count() {
        0 => quote! {
            #[automatically_derived]
            impl #rt::Default for #params_type {
                fn default() -> Self {
                    Self::new()
                }
            }
        },
        _ => TokenStream::new(),
    };
    quote! {
        #[allow(dead_code)]
        impl #params_type {
            /// Params with what is required; the rest has its default.
            #[must_use]
            pub fn new(#(#arguments)*) -> Self {
                Self { #(#values),* }
            }

            #(#setters)*
        }

        #default
    }
}

/// The function that sets one parameter: what it takes is what people have in hand.
fn setter(param: &Param, rt: &TokenStream) -> TokenStream {
    let field = &param.field;
    let docs = docs(param);
    let (takes, value) = match &param.ty.kind {
        Kind::Option(inner) => {
            let (takes, value) = one(&inner.kind, &inner.tokens, field, rt);
            (takes, quote!(#rt::Some(#value)))
        }
        Kind::List(inner) => {
            let (takes, value) = match inner.kind {
                Kind::Text => {
                    let inner = &inner.tokens;
                    (
                        quote!(impl #rt::Into<#inner>),
                        quote!(#rt::Iterator::map(#rt::IntoIterator::into_iter(#field), #rt::Into::into)),
                    )
                }
                _ => {
                    let inner = &inner.tokens;
                    (quote!(#inner), quote!(#field))
                }
            };
            (
                quote!(impl #rt::IntoIterator<Item = #takes>),
                quote!(#rt::FromIterator::from_iter(#value)),
            )
        }
        kind => one(kind, &param.ty.tokens, field, rt),
    };
    quote! {
        #docs
        #[must_use]
        pub fn #field(mut self, #field: #takes) -> Self {
            self.#field = #value;
            self
        }
    }
}

fn one(
    kind: &Kind,
    ty: &TokenStream,
    field: &syn::Ident,
    rt: &TokenStream,
) -> (TokenStream, TokenStream) {
    match kind {
        Kind::Text => (quote!(impl #rt::Into<#ty>), quote!(#rt::Into::into(#field))),
        _ => (quote!(#ty), quote!(#field)),
    }
}

fn calls(model: &Model) -> TokenStream {
    let Model {
        rt,
        handle,
        params_type,
        alias,
        ..
    } = model;
    let output = output(model);
    let alias = &alias.tokens;
    let result = quote!(#rt::BoxFuture<'static, #rt::Result<#output, #rt::Error>>);
    let readable = quote!(where for<'de> #output: #rt::Deserialize<'de>);
    let (enqueue, run, given) = match (&model.code, model.params.is_empty()) {
        (Code::Handler, _) => (quote!(self), quote!(self), quote!(&self)),
        (_, true) => (quote!(), quote!(), quote!(&#rt::NoParams)),
        _ => (
            quote!(params: #params_type),
            quote!(params: #params_type),
            quote!(&params),
        ),
    };
    let params = match (&model.code, model.params.is_empty()) {
        (Code::Function(_), false) if model.params.iter().all(|param| !param.is_required()) => {
            quote! {
                /// Params to fill in.
                pub fn params() -> #params_type {
                    #params_type::new()
                }
            }
        }
        (Code::Function(_), false) => with_required(model),
        _ => TokenStream::new(),
    };
    let many = match (&model.code, model.params.is_empty()) {
        (Code::Function(_), true) => TokenStream::new(),
        _ => quote! {
            /// Jobs with these params, about to be enqueued in one statement: all of them, or none.
            pub fn enqueue_many(
                params: impl #rt::IntoIterator<Item = #params_type>,
            ) -> #rt::EnqueueMany<#output> {
                #rt::enqueue_many::<#handle>(params)
            }
        },
    };
    let span = Span::mixed_site();
    quote_spanned! {span=>
        #[allow(dead_code)]
        impl #handle {
            /// The task's unique name.
            pub const ALIAS: &'static str = #alias;

            #params

            /// A job about to be enqueued: set options, then await it.
            pub fn enqueue(#enqueue) -> #rt::Enqueue<#output> {
                #rt::enqueue::<#handle>(#given)
            }

            #many

            /// Runs the task in this process, now, with the same checks and states as a worker.
            pub fn run(#run) -> #result #readable {
                #rt::run_here::<#handle>(#given)
            }
        }
    }
}

/// `params`, where some are required: it takes what `new` takes.
fn with_required(model: &Model) -> TokenStream {
    let Model {
        rt, params_type, ..
    } = model;
    let (arguments, names): (Vec<_>, Vec<_>) = model
        .params
        .iter()
        .filter(|param| param.is_required())
        .map(|param| {
            let field = &param.field;
            let (takes, _) = one(&param.ty.kind, &param.ty.tokens, field, rt);
            (quote!(#field: #takes), field)
        })
        .unzip();
    quote! {
        /// Params to fill in, with what is required.
        pub fn params(#(#arguments),*) -> #params_type {
            #params_type::new(#(#names),*)
        }
    }
}
