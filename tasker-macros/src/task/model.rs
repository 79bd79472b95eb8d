//! [`Model`]: a task as the expansion needs it, from a function or a struct.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Ident, Pat, PatType, ReturnType, Type, Visibility};

use super::args::Args;
use super::docs;
use super::item::{FnItem, StructItem};
use super::names;
use super::param::Param;
use super::ty::{last_segment, only_argument, ungrouped};
use crate::errors::Errors;
use crate::options::Text;

/// A task.
pub(crate) struct Model {
    /// The path of everything generated code names.
    pub(crate) rt: TokenStream,
    pub(crate) args: Args,
    pub(crate) alias: Text,
    pub(crate) title: Text,
    pub(crate) description: String,
    pub(crate) visibility: Visibility,
    /// The handle, or the struct itself.
    pub(crate) handle: Ident,
    /// The params, or the struct itself.
    pub(crate) params_type: Ident,
    pub(crate) params: Vec<Param>,
    pub(crate) code: Code,
    /// Names in the signature's types, which ours must not take.
    pub(crate) taken: Vec<Ident>,
    /// Whether the item is deprecated, and so our uses of it must be allowed.
    pub(crate) deprecated: bool,
    pub(crate) docs: Vec<Attribute>,
}

/// Where a task's code is.
pub(crate) enum Code {
    /// In a function.
    Function(Function),
    /// In an `impl Handler`.
    Handler,
}

/// The function of a task.
pub(crate) struct Function {
    pub(crate) ident: Ident,
    pub(crate) blocking: bool,
    pub(crate) args: Vec<Arg>,
    /// What it returns.
    pub(crate) returns: TokenStream,
    /// Where to complain about its output, and about its error.
    pub(crate) output_span: Span,
    pub(crate) error_span: Span,
}

/// One argument of the call.
pub(crate) enum Arg {
    /// The parameter of this index.
    Param(usize),
    /// Something had from the context.
    Injected {
        ty: TokenStream,
        span: Span,
        borrow: Borrow,
    },
}

/// How the function takes what is had from the context.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Borrow {
    /// By value.
    No,
    /// As `&T`.
    Shared,
    /// As `&mut T`: a resource is used that way.
    Mut,
}

impl Model {
    /// A task that is a function.
    pub(crate) fn of_function(args: Args, item: FnItem, errors: &mut Errors) -> Self {
        let rt = runtime(&args);
        check_signature(&item, errors);
        let mut params = Vec::new();
        let mut call = Vec::new();
        let mut taken = Vec::new();
        for input in &item.signature.inputs {
            match input {
                FnArg::Receiver(receiver) => errors.at(
                    receiver.self_token.span(),
                    "a task is a free function: move it out of the `impl`, and take what `self` holds as `State<T>`",
                ),
                FnArg::Typed(typed) => {
                    note_name(&typed.ty, &mut taken);
                    if let Some(arg) = argument(typed, &rt, &mut params, errors) {
                        call.push(arg);
                    }
                }
            }
        }
        let ident = item.signature.ident.clone();
        let (returns, output_span, error_span) =
            returned(&item.signature.output, ident.span(), &mut taken, errors);
        let handle = args.name.clone().or_else(|| names::pascal(&ident));
        let handle = handle.unwrap_or_else(|| {
            errors.at(
                ident.span(),
                format!("no type can be named after `{ident}`: say which with `#[task(name = …)]`"),
            );
            Ident::new("Task", ident.span())
        });
        let code = Code::Function(Function {
            blocking: item.signature.asyncness.is_none(),
            args: call,
            returns,
            output_span,
            error_span,
            ident: ident.clone(),
        });
        let params_type = format_ident!("{handle}Params", span = handle.span());
        Self::new(
            rt,
            args,
            &ident,
            &item.attributes,
            (handle, params_type),
            code,
            params,
        )
        .with(item.visibility, taken)
    }

    /// A task that is a struct.
    pub(crate) fn of_struct(args: Args, item: StructItem, errors: &mut Errors) -> Self {
        let rt = runtime(&args);
        if let Some(name) = &args.name {
            errors.at(
                name.span(),
                "the struct is the task's type: it needs no `name`",
            );
        }
        if let Some(derive) = args.derives.first() {
            errors.at(
                derive.span(),
                "the struct is yours: put the derives on it, beside `tasker::Task`",
            );
        }
        let mut params = Vec::new();
        for field in &item.fields {
            let Some(ident) = &field.ident else { continue };
            if let Type::Reference(reference) = ungrouped(&field.ty) {
                errors.at(
                    reference.and_token.span(),
                    "a task owns its params: write the owned type here",
                );
                continue;
            }
            params.extend(
                Param::read(ident, &field.ty, &field.attrs, &rt, errors).map(|mut param| {
                    // The field is the user's, whatever its name.
                    param.field = ident.clone();
                    param
                }),
            );
        }
        let ident = item.ident.clone();
        let names = (ident.clone(), ident.clone());
        Self::new(
            rt,
            args,
            &ident,
            &item.attributes,
            names,
            Code::Handler,
            params,
        )
        .with(item.visibility, Vec::new())
    }

    fn new(
        rt: TokenStream,
        args: Args,
        ident: &Ident,
        attributes: &[Attribute],
        (handle, params_type): (Ident, Ident),
        code: Code,
        params: Vec<Param>,
    ) -> Self {
        let (title, description) = docs::split(&docs::text(attributes));
        let title = match &args.title {
            Some(title) => title.clone(),
            None if title.is_empty() => Text::made(&names::sentence(ident), ident.span()),
            None => Text::made(&title, ident.span()),
        };
        let alias = args
            .alias
            .clone()
            .unwrap_or_else(|| Text::made(&names::kebab(ident), ident.span()));
        Self {
            rt,
            args,
            alias,
            title,
            description,
            visibility: Visibility::Inherited,
            handle,
            params_type,
            params,
            code,
            taken: Vec::new(),
            deprecated: attributes
                .iter()
                .any(|attribute| attribute.path().is_ident("deprecated")),
            docs: attributes
                .iter()
                .filter(|attribute| docs::is_doc(attribute))
                .cloned()
                .collect(),
        }
    }

    fn with(mut self, visibility: Visibility, taken: Vec<Ident>) -> Self {
        self.visibility = visibility;
        self.taken = taken;
        self
    }

    /// The name of the function, or the struct.
    pub(crate) fn ident(&self) -> &Ident {
        match &self.code {
            Code::Function(function) => &function.ident,
            Code::Handler => &self.handle,
        }
    }
}

fn runtime(args: &Args) -> TokenStream {
    match &args.krate {
        Some(path) => quote!(#path::__private),
        None => quote!(::tasker::__private),
    }
}

/// Notes what no task's function can be.
fn check_signature(item: &FnItem, errors: &mut Errors) {
    let signature = &item.signature;
    let mut refuse = |tokens: Option<Span>, message: &str| {
        if let Some(span) = tokens {
            errors.at(span, message);
        }
    };
    refuse(
        signature.constness.as_ref().map(Spanned::span),
        "a task runs while the program does: leave `const` out",
    );
    refuse(
        signature.unsafety.as_ref().map(Spanned::span),
        "the worker that runs a task can promise nothing: leave `unsafe` out of its signature",
    );
    refuse(
        signature.abi.as_ref().map(Spanned::span),
        "a task is a Rust function: leave `extern` out",
    );
    refuse(
        signature.generics.params.first().map(Spanned::span),
        "a task cannot be generic: its params are stored under one alias, with one type",
    );
    refuse(
        signature
            .generics
            .where_clause
            .as_ref()
            .map(|clause| clause.where_token.span()),
        "a task cannot be generic, so it needs no `where`",
    );
    refuse(
        signature.variadic.as_ref().map(Spanned::span),
        "a task has a fixed number of parameters: take a `Vec`",
    );
}

fn argument(
    typed: &PatType,
    rt: &TokenStream,
    params: &mut Vec<Param>,
    errors: &mut Errors,
) -> Option<Arg> {
    let marks: Vec<&Attribute> = typed
        .attrs
        .iter()
        .filter(|attribute| {
            ["ctx", "state", "inject"]
                .iter()
                .any(|name| attribute.path().is_ident(name))
        })
        .collect();
    if !marks.is_empty() || is_injected(&typed.ty) {
        for mark in marks.iter().skip(1) {
            errors.push(syn::Error::new_spanned(
                mark.path(),
                "one of `#[ctx]`, `#[state]` and `#[inject]` is enough",
            ));
        }
        if let Some(attribute) = typed
            .attrs
            .iter()
            .find(|attribute| attribute.path().is_ident("param"))
        {
            errors.push(syn::Error::new_spanned(
                attribute.path(),
                "this is no parameter: the worker supplies it, so `#[param]` has no meaning here",
            ));
        }
        return Some(injected(&typed.ty));
    }
    let Pat::Ident(pat) = &*typed.pat else {
        errors.push(syn::Error::new_spanned(
            &typed.pat,
            "a parameter needs one name, which jobs store it under: take it apart in the body",
        ));
        return None;
    };
    if pat.by_ref.is_some() || pat.subpat.is_some() {
        errors.push(syn::Error::new_spanned(
            pat,
            "a parameter needs one name, which jobs store it under: take it apart in the body",
        ));
        return None;
    }
    let param = Param::read(&pat.ident, &typed.ty, &typed.attrs, rt, errors)?;
    params.push(param);
    Some(Arg::Param(params.len() - 1))
}

/// Whether a type's last name says that it is had from the context.
fn is_injected(ty: &Type) -> bool {
    let ty = match ungrouped(ty) {
        Type::Reference(reference) => &reference.elem,
        other => other,
    };
    last_segment(ty).is_some_and(|segment| {
        let name = segment.ident.to_string();
        match name.as_str() {
            "Context" => segment.arguments.is_none(),
            "State" | "Resource" => only_argument(segment).is_some(),
            _ => false,
        }
    })
}

fn injected(ty: &Type) -> Arg {
    let span = ty.span();
    match ungrouped(ty) {
        Type::Reference(reference) => Arg::Injected {
            ty: reference.elem.to_token_stream(),
            span,
            borrow: match reference.mutability {
                Some(_) => Borrow::Mut,
                None => Borrow::Shared,
            },
        },
        ty => Arg::Injected {
            ty: ty.to_token_stream(),
            span,
            borrow: Borrow::No,
        },
    }
}

/// The return type, and where to complain about what is in it.
fn returned(
    output: &ReturnType,
    fallback: Span,
    taken: &mut Vec<Ident>,
    errors: &mut Errors,
) -> (TokenStream, Span, Span) {
    let ReturnType::Type(_, ty) = output else {
        return (quote!(()), fallback, fallback);
    };
    note_name(ty, taken);
    let span = ty.span();
    let unit = (quote_spanned!(span=> ()), span, span);
    let instead = match ungrouped(ty) {
        Type::Tuple(tuple) if tuple.elems.is_empty() => return unit,
        Type::Path(_) => last_segment(ty).and_then(plain_value),
        Type::Never(_) => Some("a task ends some day: return nothing, or a `Result`".to_owned()),
        Type::ImplTrait(_) => Some(
            "the type a task returns must have a name, so that callers can wait for it".to_owned(),
        ),
        Type::Reference(_) => {
            Some("a task returns something it owns, or nothing: write `Result<T, E>`".to_owned())
        }
        other => {
            let written = other.to_token_stream();
            Some(format!(
                "a task returns nothing or a `Result`: write `Result<{written}, E>`"
            ))
        }
    };
    if let Some(instead) = instead {
        errors.at(span, instead);
        return unit;
    }
    let (mut output_span, mut error_span) = (span, span);
    if let Some(segment) = last_segment(ty)
        && let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments
    {
        for argument in &arguments.args {
            if let syn::GenericArgument::Type(Type::Reference(found)) = argument {
                let owned = match last_segment(&found.elem) {
                    Some(segment) if segment.ident == "str" => "String".to_owned(),
                    _ => found.elem.to_token_stream().to_string(),
                };
                errors.at(
                    found.span(),
                    format!("what a task returns is kept, so it must own it: write `{owned}`"),
                );
                return unit;
            }
            if let syn::GenericArgument::Type(Type::ImplTrait(found)) = argument {
                errors.at(
                    found.span(),
                    "the types a task returns must have names: use `Box<dyn Error + Send + Sync>` or `anyhow::Error` for any error",
                );
                return unit;
            }
        }
        if let Some(output) = arguments.args.first() {
            output_span = output.span();
        }
        if let Some(error) = arguments.args.iter().nth(1) {
            error_span = error.span();
        }
    }
    (ty.to_token_stream(), output_span, error_span)
}

/// What to say of a return type that is certainly no `Result`.
fn plain_value(segment: &syn::PathSegment) -> Option<String> {
    const VALUES: [&str; 20] = [
        "String", "Vec", "Option", "Box", "bool", "char", "u8", "u16", "u32", "u64", "u128",
        "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64",
    ];
    let name = segment.ident.to_string();
    let written = segment.to_token_stream().to_string().replace(' ', "");
    VALUES
        .contains(&name.as_str())
        .then(|| format!("a task returns nothing or a `Result`: write `Result<{written}, E>`"))
}

/// Notes the name of a type that stands alone, as in `order: Order`.
fn note_name(ty: &Type, taken: &mut Vec<Ident>) {
    match ungrouped(ty) {
        Type::Reference(reference) => note_name(&reference.elem, taken),
        Type::Slice(slice) => note_name(&slice.elem, taken),
        Type::Path(path) if path.qself.is_none() => {
            if let Some(ident) = path.path.get_ident() {
                taken.push(ident.clone());
            }
            let arguments = path.path.segments.last().map(|segment| &segment.arguments);
            if let Some(syn::PathArguments::AngleBracketed(arguments)) = arguments {
                for argument in &arguments.args {
                    if let syn::GenericArgument::Type(ty) = argument {
                        note_name(ty, taken);
                    }
                }
            }
            if let Some(first) = path.path.segments.first()
                && path.path.segments.len() == 1
                && path.path.leading_colon.is_none()
            {
                taken.push(first.ident.clone());
            }
        }
        _ => {}
    }
}
