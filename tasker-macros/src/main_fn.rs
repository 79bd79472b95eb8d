//! `#[tasker::main]`: an `async fn main(app: App)` becomes the program's entry.
//!
//! The body stays raw tokens inside a function of its own; everything else is the runtime's.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, Ident, Path, Signature, Token, Visibility};

use crate::errors::Errors;
use crate::options::{self, Known};

const KNOWN: Known = Known {
    of: "`#[tasker::main]`",
    names: &["tasks", "crate"],
    repeatable: &[],
    later: &[],
};

struct MainItem {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    signature: Signature,
    body: TokenStream,
}

impl Parse for MainItem {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        Ok(Self {
            attributes: input.call(Attribute::parse_outer)?,
            visibility: input.parse()?,
            signature: input.parse()?,
            body: input.parse()?,
        })
    }
}

#[derive(Default)]
struct Args {
    tasks: Vec<Ident>,
    krate: Option<Path>,
}

/// Expands `#[tasker::main(args)] item`.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let args = read(args, &mut errors);
    let item: MainItem = match syn::parse2(item.clone()) {
        Ok(item) => item,
        Err(error) => {
            errors.push(error);
            let errors = errors.into_tokens();
            return quote!(#item #errors);
        }
    };
    check(&item.signature, &mut errors);
    if errors.is_empty() {
        let nothing = errors.into_tokens();
        let made = program(&args, &item);
        return quote!(#made #nothing);
    }
    let errors = errors.into_tokens();
    let MainItem {
        attributes, body, ..
    } = &item;
    let name = Ident::new("__main", Span::mixed_site());
    let inputs = &item.signature.inputs;
    let output = &item.signature.output;
    // `main` itself must exist and be plain, or there are errors about that as well.
    quote! {
        #errors
        #(#attributes)*
        fn main() {
            #[allow(dead_code)]
            async fn #name(#inputs) #output #body
        }
    }
}

fn read(input: TokenStream, errors: &mut Errors) -> Args {
    let mut args = Args::default();
    options::read(input, &KNOWN, errors, |name, _, input, _| {
        let _: Token![=] = input.parse()?;
        if name == "crate" {
            args.krate = Some(input.call(Path::parse_mod_style)?);
            return Ok(());
        }
        let inner;
        syn::bracketed!(inner in input);
        let names = inner.parse_terminated(<Ident as syn::ext::IdentExt>::parse_any, Token![,])?;
        args.tasks = names.into_iter().collect();
        Ok(())
    });
    args
}

fn check(signature: &Signature, errors: &mut Errors) {
    if signature.asyncness.is_none() {
        errors.at(
            signature.fn_token.span,
            "`#[tasker::main]` needs an async fn: add `async`",
        );
    }
    if signature.ident != "main" {
        errors.at(
            signature.ident.span(),
            format!(
                "`#[tasker::main]` makes the program's entry: call this function `main`, not `{}`",
                signature.ident
            ),
        );
    }
    if let Some(generic) = signature.generics.params.first() {
        errors.at(generic.span(), "`main` cannot be generic");
    }
    match signature.inputs.len() {
        1 => {}
        0 => errors.at(
            signature.ident.span(),
            "`main` takes the application: write `async fn main(app: tasker::App)`",
        ),
        _ => errors.at(
            signature.inputs[1].span(),
            "`main` takes the application only",
        ),
    }
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first() {
        errors.at(
            receiver.span(),
            "`main` takes the application: write `app: tasker::App`",
        );
    }
}

fn program(args: &Args, item: &MainItem) -> TokenStream {
    let rt = match &args.krate {
        Some(path) => quote!(#path::__private),
        None => quote!(::tasker::__private),
    };
    let MainItem {
        attributes,
        visibility,
        signature,
        body,
    } = item;
    let name = Ident::new("__main", Span::mixed_site());
    let (inputs, output) = (&signature.inputs, &signature.output);
    let externs = args
        .tasks
        .iter()
        .map(|task| quote_spanned!(task.span()=> extern crate #task as _;));
    let names = args.tasks.iter().map(Ident::to_string);
    let span = Span::mixed_site();
    quote_spanned! {span=>
        #(#attributes)*
        #visibility fn main() -> ::std::process::ExitCode {
            #(#externs)*
            async fn #name(#inputs) #output #body
            #rt::main(
                #rt::Program {
                    name: ::core::env!("CARGO_PKG_NAME"),
                    version: ::core::env!("CARGO_PKG_VERSION"),
                    about: ::core::env!("CARGO_PKG_DESCRIPTION"),
                    tasks: &[#(#names),*],
                },
                #name,
            )
        }
    }
}
