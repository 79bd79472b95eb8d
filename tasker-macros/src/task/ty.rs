//! What a parameter's type is to us: the type its struct owns, and how it is given to the function.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{GenericArgument, PathArguments, Type};

use crate::errors::Errors;

/// The type of a parameter.
pub(crate) struct Owned {
    /// What the params own.
    pub(crate) tokens: TokenStream,
    /// What it is made of, as far as its name tells.
    pub(crate) kind: Kind,
    /// Whether the function takes a borrow of it.
    pub(crate) borrowed: bool,
    /// Where the type stands.
    pub(crate) span: Span,
}

/// What a type is made of, as far as its name tells.
#[derive(Clone)]
pub(crate) enum Kind {
    /// `String`, `PathBuf`: a text converts into it.
    Text,
    /// `bool`: not given is `false`.
    Bool,
    /// `Option<T>`: not given is `None`.
    Option(Box<Inner>),
    /// `Vec<T>`: not given is empty.
    List(Box<Inner>),
    /// Anything else.
    Other,
}

/// What stands inside an `Option` or a `Vec`.
#[derive(Clone)]
pub(crate) struct Inner {
    pub(crate) tokens: TokenStream,
    pub(crate) kind: Kind,
}

impl Kind {
    /// Whether a missing value has a meaning of its own.
    pub(crate) fn is_optional(&self) -> bool {
        matches!(self, Kind::Bool | Kind::Option(_) | Kind::List(_))
    }
}

/// Reads the type of a parameter; `rt` is the path of the runtime. What cannot be one is noted.
pub(crate) fn owned(ty: &Type, rt: &TokenStream, errors: &mut Errors) -> Option<Owned> {
    let span = ty.span();
    let Type::Reference(reference) = ungrouped(ty) else {
        check(ty, errors)?;
        return Some(Owned {
            tokens: ty.to_token_stream(),
            kind: kind(ty),
            borrowed: false,
            span,
        });
    };
    if let Some(mutability) = &reference.mutability {
        errors.at(
            mutability.span(),
            "a task cannot borrow a parameter as `&mut`: take it by value, `mut` and all",
        );
        return None;
    }
    if let Some(lifetime) = &reference.lifetime {
        errors.at(
            lifetime.span(),
            "a parameter is borrowed for the call only: leave the lifetime out",
        );
        return None;
    }
    let inner = ungrouped(&reference.elem);
    let (tokens, kind) = match inner {
        Type::Path(path) if path.path.is_ident("str") => {
            (quote_spanned!(span=> #rt::String), Kind::Text)
        }
        Type::Path(path) if last_is(path, "Path") => {
            (quote_spanned!(span=> #rt::PathBuf), Kind::Text)
        }
        Type::Slice(slice) => {
            check(&slice.elem, errors)?;
            let elem = &slice.elem;
            let inner = Inner {
                tokens: elem.to_token_stream(),
                kind: kind(elem),
            };
            (
                quote_spanned!(span=> #rt::Vec<#elem>),
                Kind::List(Box::new(inner)),
            )
        }
        Type::TraitObject(_) => {
            errors.at(
                span,
                "a parameter is data, which a trait object is not: take it as `State<dyn …>`",
            );
            return None;
        }
        inner => {
            check(inner, errors)?;
            (inner.to_token_stream(), kind(inner))
        }
    };
    Some(Owned {
        tokens,
        kind,
        borrowed: true,
        span,
    })
}

/// A type without the invisible parentheses that a `macro_rules!` puts around it.
pub(crate) fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        Type::Paren(paren) => ungrouped(&paren.elem),
        other => other,
    }
}

/// The last name of a type's path, with its arguments.
pub(crate) fn last_segment(ty: &Type) -> Option<&syn::PathSegment> {
    match ungrouped(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

/// The one type argument of a name such as `Option<T>`.
pub(crate) fn only_argument(segment: &syn::PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    match (arguments.args.first(), arguments.args.len()) {
        (Some(GenericArgument::Type(ty)), 1) => Some(ty),
        _ => None,
    }
}

fn last_is(path: &syn::TypePath, name: &str) -> bool {
    path.path
        .segments
        .last()
        .is_some_and(|segment| segment.ident == name && segment.arguments.is_none())
}

fn kind(ty: &Type) -> Kind {
    let Some(segment) = last_segment(ty) else {
        return Kind::Other;
    };
    let name = segment.ident.to_string();
    let inner = || {
        let ty = only_argument(segment)?;
        Some(Box::new(Inner {
            tokens: ty.to_token_stream(),
            kind: kind(ty),
        }))
    };
    match (name.as_str(), segment.arguments.is_none()) {
        ("String" | "PathBuf", true) => Kind::Text,
        ("bool", true) => Kind::Bool,
        ("Option", false) => inner().map_or(Kind::Other, Kind::Option),
        ("Vec", false) => inner().map_or(Kind::Other, Kind::List),
        _ => Kind::Other,
    }
}

/// Notes what stands in a type that params cannot own.
fn check(ty: &Type, errors: &mut Errors) -> Option<()> {
    match ungrouped(ty) {
        Type::ImplTrait(found) => {
            errors.at(
                found.impl_token.span(),
                "the params need a type to store: name one in place of `impl`",
            );
            return None;
        }
        Type::Infer(found) => {
            errors.at(found.span(), "the type of a parameter must be written out");
            return None;
        }
        Type::TraitObject(found) => {
            errors.at(
                found.span(),
                "a parameter is data, which a trait object is not: take it as `State<dyn …>`",
            );
            return None;
        }
        Type::BareFn(found) => {
            errors.at(
                found.span(),
                "a parameter is data, which a function is not: take it as `State<…>`",
            );
            return None;
        }
        Type::Ptr(found) => {
            errors.at(found.span(), "a pointer cannot be a parameter of a task");
            return None;
        }
        _ => {}
    }
    check_tokens(ty.to_token_stream(), errors)
}

/// Notes borrows and lifetimes inside a type.
fn check_tokens(tokens: TokenStream, errors: &mut Errors) -> Option<()> {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                let message = match tokens.peek() {
                    Some(TokenTree::Ident(ident)) if ident == "str" => {
                        "a borrow inside another type cannot be stored: write `String` in place of `&str`"
                    }
                    _ => "a borrow inside another type cannot be stored: write the owned type here",
                };
                errors.at(punct.span(), message);
                return None;
            }
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                if let Some(TokenTree::Ident(name)) = tokens.next()
                    && name != "static"
                {
                    let mut span = punct.span();
                    span = span.join(name.span()).unwrap_or(span);
                    errors.at(
                        span,
                        "params outlive the call that enqueues them, so their types borrow nothing: use the owned form, such as `'static` here",
                    );
                    return None;
                }
            }
            TokenTree::Group(group) => check_tokens(group.stream(), errors)?,
            _ => {}
        }
    }
    Some(())
}
