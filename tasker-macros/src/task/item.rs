//! [`FnItem`] and [`StructItem`]: what the macro stands on, read but not judged.
//!
//! A function's body stays raw tokens, so that a half-typed one still expands, and comes out as it went in.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, FnArg, Ident, Signature, Visibility};

use super::args::Args;
use super::docs::is_doc;
use crate::errors::Errors;

/// A function.
pub(crate) struct FnItem {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    body: TokenStream,
}

impl Parse for FnItem {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        Ok(Self {
            attributes: input.call(Attribute::parse_outer)?,
            visibility: input.parse()?,
            signature: input.parse()?,
            body: input.parse()?,
        })
    }
}

impl FnItem {
    /// Reads a function; anything else is noted.
    pub(crate) fn read(item: TokenStream, errors: &mut Errors) -> Option<Self> {
        match syn::parse2(item.clone()) {
            Ok(item) => Some(item),
            Err(error) => {
                match wrong_item(item) {
                    Some(better) => errors.push(better),
                    None => errors.push(error),
                }
                None
            }
        }
    }

    /// The function as the user wrote it, without what only we understand.
    pub(crate) fn stripped(&self) -> TokenStream {
        let Self {
            attributes,
            visibility,
            body,
            ..
        } = self;
        let mut signature = self.signature.clone();
        for input in &mut signature.inputs {
            if let FnArg::Typed(typed) = input {
                typed.attrs.retain(|attribute| !is_ours(attribute));
            }
        }
        quote!(#(#attributes)* #visibility #signature #body)
    }
}

/// Whether an attribute on a parameter is for us (documentation is not allowed there by the language).
fn is_ours(attribute: &Attribute) -> bool {
    const OURS: [&str; 5] = ["param", "ctx", "state", "inject", "serde"];
    is_doc(attribute) || OURS.iter().any(|name| attribute.path().is_ident(name))
}

/// The mistake of putting `#[task]` on something that is no function.
fn wrong_item(item: TokenStream) -> Option<syn::Error> {
    let item: syn::Item = syn::parse2(item).ok()?;
    let message = match &item {
        syn::Item::Struct(_) => {
            "`#[task]` needs a function: for a struct write `#[derive(tasker::Task)]` above `#[task(…)]`"
        }
        syn::Item::Impl(_) => {
            "`#[task]` needs a free function: take what the type holds as `State<T>`"
        }
        _ => "`#[task]` needs a function",
    };
    let first = item.to_token_stream().into_iter().next()?;
    Some(syn::Error::new(first.span(), message))
}

/// A struct.
pub(crate) struct StructItem {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) ident: Ident,
    pub(crate) fields: Vec<syn::Field>,
}

impl StructItem {
    /// Reads a struct and its `#[task(…)]`; what cannot be a task is noted.
    pub(crate) fn read(item: TokenStream, errors: &mut Errors) -> Option<(Args, Self)> {
        let input = match syn::DeriveInput::parse.parse2(item) {
            Ok(input) => input,
            Err(error) => {
                errors.push(error);
                return None;
            }
        };
        let args = read_args(&input.attrs, errors);
        if let Some(generic) = input.generics.params.first() {
            errors.push(syn::Error::new_spanned(
                generic,
                "a task cannot be generic: its params are stored under one alias, with one type",
            ));
            return drop_args(args);
        }
        let fields = match input.data {
            syn::Data::Struct(data) => match data.fields {
                syn::Fields::Named(fields) => fields.named.into_iter().collect(),
                syn::Fields::Unit => Vec::new(),
                syn::Fields::Unnamed(fields) => {
                    errors.push(syn::Error::new_spanned(
                        fields,
                        "the fields of a task need names: they are its parameters",
                    ));
                    return drop_args(args);
                }
            },
            syn::Data::Enum(data) => {
                errors.at(
                    data.enum_token.span,
                    "a task is a struct: its fields are its parameters",
                );
                return drop_args(args);
            }
            syn::Data::Union(data) => {
                errors.at(
                    data.union_token.span,
                    "a task is a struct: its fields are its parameters",
                );
                return drop_args(args);
            }
        };
        let item = Self {
            attributes: input.attrs,
            visibility: input.vis,
            ident: input.ident,
            fields,
        };
        Some((args, item))
    }
}

fn drop_args<T>(_: Args) -> Option<T> {
    None
}

fn read_args(attributes: &[Attribute], errors: &mut Errors) -> Args {
    let mut tokens = None;
    for attribute in attributes {
        if !attribute.path().is_ident("task") {
            continue;
        }
        if tokens.is_some() {
            errors.push(syn::Error::new_spanned(
                attribute.path(),
                "`#[task]` is given twice: put all options into one",
            ));
            continue;
        }
        tokens = Some(match &attribute.meta {
            syn::Meta::List(list) => list.tokens.clone(),
            syn::Meta::Path(_) => TokenStream::new(),
            syn::Meta::NameValue(_) => {
                errors.push(syn::Error::new_spanned(
                    attribute.path(),
                    "the options of `#[task]` stand in parentheses: `#[task(alias = \"…\")]`",
                ));
                TokenStream::new()
            }
        });
    }
    Args::read(tokens.unwrap_or_default(), errors)
}
