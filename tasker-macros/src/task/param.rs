//! [`Param`]: one parameter, from its declaration and its `#[param(…)]`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitChar, LitStr, Meta, Token, Type};

use super::ty::{self, Kind, Owned};
use super::{docs, names};
use crate::errors::Errors;
use crate::options::{self, Known};

const KNOWN: Known = Known {
    of: "`#[param]`",
    names: &["default", "short", "flag", "name", "alias"],
    repeatable: &["alias"],
    later: &[
        (
            "with",
            ": wrap the type in one with its own `Serialize` and `Deserialize`",
        ),
        ("secret", ": keep the secret in a `State` and pass its name"),
    ],
};

/// One parameter of a task.
pub(crate) struct Param {
    /// The field of the params.
    pub(crate) field: Ident,
    /// Its type.
    pub(crate) ty: Owned,
    /// Its name in JSON, and where that was said.
    pub(crate) name: (String, Span),
    /// Earlier names in JSON.
    pub(crate) aliases: Vec<(String, Span)>,
    /// Its flag, and where that was said.
    pub(crate) flag: (String, Span),
    /// Its short flag.
    pub(crate) short: Option<(char, Span)>,
    /// What it is where it is not given.
    pub(crate) default: Option<DefaultValue>,
    /// Its documentation, as text.
    pub(crate) description: String,
    /// Its documentation, as attributes.
    pub(crate) docs: Vec<Attribute>,
}

/// What `#[param(default …)]` says.
pub(crate) enum DefaultValue {
    /// `default`: the type's own.
    OfType(Span),
    /// `default = …`.
    Value(Expr),
}

#[derive(Default)]
struct Options {
    default: Option<DefaultValue>,
    short: Option<(char, Span)>,
    flag: Option<(String, Span)>,
    name: Option<(String, Span)>,
    aliases: Vec<(String, Span)>,
}

impl Param {
    /// Reads one parameter; what is wrong is noted.
    pub(crate) fn read(
        ident: &Ident,
        ty: &Type,
        attributes: &[Attribute],
        rt: &TokenStream,
        errors: &mut Errors,
    ) -> Option<Self> {
        let options = Options::read(attributes, errors);
        let ty = ty::owned(ty, rt, errors)?;
        let field = names::param(ident);
        let span = ident.span();
        Some(Self {
            name: options
                .name
                .unwrap_or_else(|| (field.unraw().to_string(), span)),
            flag: options.flag.unwrap_or_else(|| (names::kebab(&field), span)),
            short: options.short,
            default: options.default,
            aliases: options.aliases,
            description: docs::reflow(&docs::text(attributes)),
            docs: attributes
                .iter()
                .filter(|attribute| docs::is_doc(attribute))
                .cloned()
                .collect(),
            field,
            ty,
        })
    }

    /// Whether a job without it cannot run.
    pub(crate) fn is_required(&self) -> bool {
        self.default.is_none() && !self.ty.kind.is_optional()
    }

    /// Its value where it is not given; `None` where it is required.
    pub(crate) fn default_value(&self, rt: &TokenStream) -> Option<TokenStream> {
        match &self.default {
            Some(DefaultValue::Value(expr)) => Some(value(&self.ty.kind, expr, rt)),
            Some(DefaultValue::OfType(span)) => {
                Some(quote_spanned!(*span=> #rt::Default::default()))
            }
            None if self.is_required() => None,
            None => Some(quote!(#rt::Default::default())),
        }
    }

    /// Its default for people, as it stands in the source.
    pub(crate) fn default_text(&self) -> Option<String> {
        let DefaultValue::Value(expr) = self.default.as_ref()? else {
            return None;
        };
        if let Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) = expr
        {
            return Some(text.value());
        }
        Some(written(expr))
    }
}

/// An expression as a person would write it: a number without its type, and no space where none belongs. (A span
/// gives the source of its first token only, on a stable compiler.)
fn written(expr: &Expr) -> String {
    match expr {
        Expr::Lit(ExprLit {
            lit: Lit::Int(number),
            ..
        }) => number.base10_digits().to_owned(),
        Expr::Lit(ExprLit {
            lit: Lit::Float(number),
            ..
        }) => number.base10_digits().to_owned(),
        Expr::Unary(unary) => format!("{}{}", unary.op.to_token_stream(), written(&unary.expr)),
        _ => {
            let mut text = expr.to_token_stream().to_string();
            for (loose, tight) in [
                (" :: ", "::"),
                (" ! ", "!"),
                (" . ", "."),
                (" (", "("),
                ("( ", "("),
                (" )", ")"),
                ("[ ", "["),
                (" ]", "]"),
                (" ,", ","),
            ] {
                text = text.replace(loose, tight);
            }
            text
        }
    }
}

/// A value for a parameter of this kind, as the user wrote it: texts convert, the rest stands as it is.
pub(crate) fn value(kind: &Kind, expr: &Expr, rt: &TokenStream) -> TokenStream {
    match (kind, expr) {
        (Kind::Option(inner), expr) if !is_option(expr) => {
            let inner = value(&inner.kind, expr, rt);
            quote_spanned!(expr.span()=> #rt::Some(#inner))
        }
        (Kind::List(inner), Expr::Array(array)) => {
            let elems = array.elems.iter().map(|elem| value(&inner.kind, elem, rt));
            quote_spanned!(expr.span()=> #rt::Into::into([#(#elems),*]))
        }
        // A constant or a macro may be a text; what calls a function says its type itself.
        (Kind::Text, Expr::Path(_) | Expr::Macro(_))
        | (
            _,
            Expr::Lit(ExprLit {
                lit: Lit::Str(_), ..
            }),
        ) => quote_spanned!(expr.span()=> #rt::Into::into(#expr)),
        _ => expr.to_token_stream(),
    }
}

fn is_option(expr: &Expr) -> bool {
    let path = match expr {
        Expr::Path(path) => &path.path,
        Expr::Call(call) => match &*call.func {
            Expr::Path(path) => &path.path,
            _ => return false,
        },
        _ => return false,
    };
    path.segments
        .last()
        .is_some_and(|segment| segment.ident == "Some" || segment.ident == "None")
}

impl Options {
    fn read(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut options = Self::default();
        let mut seen = false;
        for attribute in attributes {
            let path = attribute.path();
            if path.is_ident("serde") {
                errors.at(
                    path.span(),
                    "`#[serde]` does nothing on a parameter of a task: use `#[param(default, name = \"…\", alias = \"…\")]`",
                );
            }
            if path.is_ident("cfg") || path.is_ident("cfg_attr") {
                errors.at(
                    path.span(),
                    "a parameter of a task cannot depend on the build: stored jobs outlive it",
                );
            }
            if !path.is_ident("param") {
                continue;
            }
            if seen {
                errors.at(
                    path.span(),
                    "`#[param]` is given twice: put all options into one",
                );
                continue;
            }
            seen = true;
            match &attribute.meta {
                Meta::List(list) => options::read(
                    list.tokens.clone(),
                    &KNOWN,
                    errors,
                    |name, key, input, _| options.take(name, key, input),
                ),
                other => errors.at(
                    other.span(),
                    "`#[param]` needs options in parentheses, such as `#[param(default = 1)]`",
                ),
            }
        }
        options
    }

    fn take(&mut self, name: &str, key: &Ident, input: ParseStream) -> syn::Result<()> {
        match name {
            "default" if input.peek(Token![=]) => {
                self.default = Some(DefaultValue::Value(options::assigned_expr(input)?));
            }
            "default" => self.default = Some(DefaultValue::OfType(key.span())),
            "short" => self.short = Some(short(input)?),
            "flag" => self.flag = Some(text(input)?),
            "name" => self.name = Some(text(input)?),
            _ => self.aliases.push(text(input)?),
        }
        Ok(())
    }
}

fn short(input: ParseStream) -> syn::Result<(char, Span)> {
    let _: Token![=] = input.parse()?;
    if input.peek(LitStr) {
        let text: LitStr = input.parse()?;
        let value = text.value();
        let letter = value.trim_start_matches('-').chars().next().unwrap_or('n');
        return Err(syn::Error::new(
            text.span(),
            format!("a short flag is one character: write `short = '{letter}'`"),
        ));
    }
    let letter: LitChar = input.parse()?;
    Ok((letter.value(), letter.span()))
}

fn text(input: ParseStream) -> syn::Result<(String, Span)> {
    let _: Token![=] = input.parse()?;
    let text: LitStr = input.parse()?;
    if text.value().is_empty() {
        return Err(syn::Error::new(text.span(), "a name cannot be empty"));
    }
    Ok((text.value(), text.span()))
}
