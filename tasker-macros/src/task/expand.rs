//! From a valid [`Model`] to tokens. Cannot fail.
//!
//! Beside the handle and the params, everything stands in one `const _`. Each bound on a user's type is asked for
//! once, at that type (`codec`, `inject`, `output`, `failure`), so that a type which does not meet it is one error.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::args::{CatchUp, MaxAttempts, Overlap};
use super::model::{Arg, Borrow, Code, Function, Model};
use super::param::{Param, value};
use super::schedule::Schedule;
use super::surface;
use super::validate::schedule_value;

/// Everything the macro makes, beside the user's own item.
pub(crate) fn expand(model: &Model) -> TokenStream {
    let items = surface::items(model);
    let functions = surface::functions(model);
    let requirements = requirements(model);
    let checks = super::checks::checks(model);
    let params = params_impl(model);
    let task = task_impl(model);
    let definition = definition(model);
    let run = run(model);
    let rt = &model.rt;
    let allow = match model.deprecated {
        true => quote!(#[allow(deprecated)]),
        false => TokenStream::new(),
    };
    quote! {
        #items

        #allow
        const _: () = {
            #requirements
            #checks
            #functions
            #params
            #task
            #run
            #definition
            #rt::inventory::submit! {
                #rt::Registration { definition: &__DEFINITION }
            }
        };
    }
}

fn codec(index: usize) -> Ident {
    format_ident!("__PARAM_{index}", span = Span::mixed_site())
}

fn injected(index: usize) -> Ident {
    format_ident!("__INJECT_{index}", span = Span::mixed_site())
}

/// One constant per bound on a user's type, spanned at that type.
fn requirements(model: &Model) -> TokenStream {
    let rt = &model.rt;
    let params = model.params.iter().enumerate().map(|(index, param)| {
        let name = codec(index);
        let ty = &param.ty.tokens;
        quote_spanned!(param.ty.span=> const #name: #rt::Codec<#ty> = #rt::codec::<#ty>();)
    });
    let output = surface::output(model);
    let Code::Function(function) = &model.code else {
        let span = Span::mixed_site().located_at(model.handle.span());
        let write = quote_spanned! {span=>
            const __OUTPUT: #rt::Write<#output> = #rt::output::<#output>();
        };
        return quote!(#(#params)* #write);
    };
    let injects = function.args.iter().enumerate().filter_map(|(index, arg)| {
        let Arg::Injected { ty, span, .. } = arg else {
            return None;
        };
        let name = injected(index);
        Some(quote_spanned!(*span=> const #name: #rt::Inject<#ty> = #rt::inject::<#ty>();))
    });
    let returns = &function.returns;
    let error = quote_spanned!(function.error_span=> <#returns as #rt::Returned>::Error);
    let write = quote_spanned! {function.output_span=>
        const __OUTPUT: #rt::Write<#output> = #rt::output::<#output>();
    };
    let failure = quote_spanned! {function.error_span=>
        const __FAILURE: fn(#error) -> #rt::BoxError = #rt::failure::<#error>();
    };
    quote!(#(#params)* #(#injects)* #write #failure)
}

fn params_impl(model: &Model) -> TokenStream {
    let Model {
        rt, params_type, ..
    } = model;
    if model.params.is_empty() {
        let Code::Handler = model.code else {
            return TokenStream::new();
        };
        return quote! {
            #[automatically_derived]
            impl #rt::Params for #params_type {
                fn encode(&self) -> #rt::Result<#rt::Fields, #rt::ParamError> {
                    #rt::Ok(#rt::Fields::new())
                }

                fn decode(_: #rt::Fields) -> #rt::Result<Self, #rt::ParamError> {
                    #rt::Ok(Self {})
                }
            }
        };
    }
    let span = Span::mixed_site();
    let fields = Ident::new("fields", span);
    let puts = model.params.iter().enumerate().map(|(index, param)| {
        let codec = codec(index);
        let name = &param.name.0;
        let field = &param.field;
        quote_spanned!(span=> #codec.put(&mut #fields, #name, &self.#field)?;)
    });
    let takes = model.params.iter().enumerate().map(|(index, param)| {
        let codec = codec(index);
        let name = &param.name.0;
        let field = &param.field;
        let aliases = param.aliases.iter().map(|(alias, _)| alias);
        let default = match param.default_value(rt) {
            Some(default) => quote!(#rt::Some(|| #default)),
            None => quote!(#rt::None),
        };
        quote_spanned!(span=> #field: #codec.take(&mut #fields, #name, &[#(#aliases),*], #default)?)
    });
    let debug = match &model.code {
        Code::Function(_) => {
            let name = params_type.to_string();
            quote_spanned! {span=>
                #[automatically_derived]
                impl #rt::fmt::Debug for #params_type {
                    fn fmt(&self, f: &mut #rt::fmt::Formatter<'_>) -> #rt::fmt::Result {
                        #rt::debug(#name, self, f)
                    }
                }
            }
        }
        Code::Handler => TokenStream::new(),
    };
    quote_spanned! {span=>
        #[automatically_derived]
        impl #rt::Params for #params_type {
            fn encode(&self) -> #rt::Result<#rt::Fields, #rt::ParamError> {
                let mut #fields = #rt::Fields::new();
                #(#puts)*
                #rt::Ok(#fields)
            }

            fn decode(mut #fields: #rt::Fields) -> #rt::Result<Self, #rt::ParamError> {
                #rt::Ok(Self { #(#takes),* })
            }
        }

        #debug
    }
}

/// The type of the task's params.
fn params_type(model: &Model) -> TokenStream {
    let Model {
        rt, params_type, ..
    } = model;
    match (&model.code, model.params.is_empty()) {
        (Code::Function(_), true) => quote!(#rt::NoParams),
        _ => quote!(#params_type),
    }
}

fn task_impl(model: &Model) -> TokenStream {
    let Model { rt, handle, .. } = model;
    let params = params_type(model);
    let output = surface::output(model);
    quote! {
        #[automatically_derived]
        impl #rt::Task for #handle {
            type Params = #params;
            type Output = #output;

            fn definition() -> &'static #rt::TaskDefinition {
                &__DEFINITION
            }
        }
    }
}

fn run(model: &Model) -> TokenStream {
    let Model {
        rt, params_type, ..
    } = model;
    let span = Span::mixed_site();
    let body = match &model.code {
        Code::Function(function) => run_function(model, function),
        Code::Handler => quote_spanned! {span=>
            let params = #rt::decode::<#params_type>(call.params)?;
            let result = #rt::handle::<#params_type>(params, &context).await;
        },
    };
    let output = surface::output(model);
    // A future that is not `Send` is complained about at the function's name: the block is the user's, as far as
    // its span goes, and what stands in it is ours.
    let name = model.ident().span();
    let body = quote_spanned! {span=>
        let context = call.context;
        #body
        #rt::finish(&context, result, __OUTPUT, __words)
    };
    let mut block = Group::new(Delimiter::Brace, body);
    block.set_span(name);
    let future = quote_spanned!(name=> async move #block);
    let mut argument = Group::new(Delimiter::Parenthesis, future);
    argument.set_span(name);
    // The compiler joins the spans of a call's parts, so the path has the name's span too.
    let path: TokenStream = quote!(#rt::boxed)
        .into_iter()
        .map(|mut token| {
            token.set_span(token.span().located_at(name));
            token
        })
        .collect();
    let boxed = quote!(#path #argument);
    quote_spanned! {span=>
        fn __words(value: &#output) -> #rt::Option<#rt::String> {
            use #rt::{InWords as _, Wordless as _};
            (&#rt::Pick::<#output>::new()).__words(value)
        }

        fn __render(json: &str) -> #rt::Option<#rt::String> {
            use #rt::{Rendered as _, Unrendered as _};
            (&#rt::Pick::<#output>::new()).__render(json)
        }

        fn __run(
            call: #rt::Call,
        ) -> #rt::BoxFuture<'static, #rt::Result<#rt::Output, #rt::CallError>> {
            #boxed
        }
    }
}

/// The statements that call the function and leave its `result`.
fn run_function(model: &Model, function: &Function) -> TokenStream {
    let Model {
        rt, params_type, ..
    } = model;
    let span = Span::mixed_site().located_at(function.ident.span());
    let param_local = |index: usize| format_ident!("param_{index}", span = span);
    let injected_local = |index: usize| format_ident!("injected_{index}", span = span);
    let decode = match model.params.is_empty() {
        true => TokenStream::new(),
        false => {
            let fields = model.params.iter().enumerate().map(|(index, param)| {
                let field = &param.field;
                let local = param_local(index);
                quote_spanned!(span=> #field: #local)
            });
            quote_spanned!(span=> let #params_type { #(#fields),* } = #rt::decode(call.params)?;)
        }
    };
    let mut injects = TokenStream::new();
    let arguments = function
        .args
        .iter()
        .enumerate()
        .map(|(index, arg)| match arg {
            Arg::Param(param) => {
                let local = param_local(*param);
                match model.params[*param].ty.borrowed {
                    true => quote_spanned!(span=> &#local),
                    false => quote_spanned!(span=> #local),
                }
            }
            Arg::Injected { borrow, .. } => {
                let (local, source) = (injected_local(index), injected(index));
                let (pattern, argument) = match borrow {
                    Borrow::No => (quote!(#local), quote_spanned!(span=> #local)),
                    Borrow::Shared => (quote!(#local), quote_spanned!(span=> &#local)),
                    Borrow::Mut => (quote!(mut #local), quote_spanned!(span=> &mut #local)),
                };
                injects.extend(quote_spanned!(span=> let #pattern = #source.get(&context).await?;));
                argument
            }
        });
    let ident = &function.ident;
    let call = quote_spanned!(span=> #ident(#(#arguments),*));
    let result = match function.blocking {
        true => quote_spanned! {span=>
            let result = #rt::blocking(&context, move || {
                #rt::Returned::into_result(#call).map_err(__FAILURE)
            })
            .await;
        },
        false => quote_spanned! {span=>
            let result = #rt::Returned::into_result(#call.await).map_err(__FAILURE);
        },
    };
    quote!(#decode #injects #result)
}

fn definition(model: &Model) -> TokenStream {
    let rt = &model.rt;
    let args = &model.args;
    let alias = &model.alias.tokens;
    let title = &model.title.tokens;
    let description = &model.description;
    let queue = args.queue.as_ref().map(|queue| &queue.tokens);
    let queue = queue.map_or_else(|| quote!("default"), |queue| quote!(#queue));
    let priority = match &args.priority {
        Some(priority) => quote!(#priority),
        None => quote!(0),
    };
    let max_attempts = match &args.max_attempts {
        Some(MaxAttempts::Unlimited) => quote!(#rt::None),
        Some(MaxAttempts::Count(count)) => quote!(#rt::Some(#count)),
        None => quote!(#rt::Some(4)),
    };
    let backoff = super::checks::backoff(model);
    let timeout = super::checks::timeout(model);
    let tags = args.tags.iter().map(|tag| &tag.tokens);
    let unique = args.unique.as_ref();
    let unique = unique.map_or_else(|| quote!(#rt::None), |unique| unique.definition(model));
    let params = model
        .params
        .iter()
        .enumerate()
        .map(|(index, param)| param_definition(rt, index, param));
    let schedules = args
        .schedules
        .iter()
        .map(|schedule| schedule_definition(model, schedule));
    let (blocking, missing) = match &model.code {
        Code::Function(function) => (function.blocking, missing(rt, function)),
        Code::Handler => (false, quote!(|_| #rt::Vec::new())),
    };
    let params_type = params_type(model);
    quote! {
        static __DEFINITION: #rt::TaskDefinition = #rt::TaskDefinition {
            alias: #alias,
            title: #title,
            description: #description,
            queue: #queue,
            priority: #priority,
            max_attempts: #max_attempts,
            backoff: #backoff,
            timeout: #timeout,
            tags: &[#(#tags),*],
            unique: #unique,
            params: &[#(#params),*],
            schedules: &[#(#schedules),*],
            blocking: #blocking,
            run: __run,
            check: #rt::check::<#params_type>,
            render: __render,
            missing: #missing,
            origin: ::core::env!("CARGO_PKG_NAME"),
            file: ::core::file!(),
            line: ::core::line!(),
        };
    }
}

fn missing(rt: &TokenStream, function: &Function) -> TokenStream {
    let each: Vec<_> = function
        .args
        .iter()
        .enumerate()
        .filter(|(_, arg)| matches!(arg, Arg::Injected { .. }))
        .map(|(index, _)| injected(index))
        .collect();
    if each.is_empty() {
        return quote!(|_| #rt::Vec::new());
    }
    let states = Ident::new("states", Span::mixed_site());
    quote! {
        |#states| #rt::Iterator::collect(#rt::Iterator::flatten(#rt::IntoIterator::into_iter([
            #(#each.missing(#states)),*
        ])))
    }
}

fn param_definition(rt: &TokenStream, index: usize, param: &Param) -> TokenStream {
    let codec = codec(index);
    let name = &param.name.0;
    let description = &param.description;
    let flag = &param.flag.0;
    let required = param.is_required();
    let short = option(rt, param.short.map(|(short, _)| quote!(#short)));
    let default = option(rt, param.default_text().map(|text| quote!(#text)));
    quote! {
        #rt::ParamDefinition {
            name: #name,
            description: #description,
            flag: #flag,
            short: #short,
            default: #default,
            required: #required,
            shape: #codec.shape(),
        }
    }
}

fn schedule_definition(model: &Model, schedule: &Schedule) -> TokenStream {
    let rt = &model.rt;
    let args = &model.args;
    let rule = &schedule.rule.tokens;
    let name = option(rt, schedule.name.as_ref().map(|name| name.tokens.clone()));
    let tz = schedule.tz.as_ref().or(args.tz.as_ref());
    let tz = option(rt, tz.map(|tz| tz.tokens.clone()));
    let catch_up = match schedule.catch_up.as_ref().or(args.catch_up.as_ref()) {
        Some(CatchUp::Skip) => quote!(Skip),
        Some(CatchUp::All(max)) => quote!(All { max: #max }),
        Some(CatchUp::Once) | None => quote!(Once),
    };
    let overlap = match schedule.overlap.or(args.overlap) {
        Some(Overlap::Skip) => quote!(Skip),
        Some(Overlap::QueueOne) => quote!(QueueOne),
        Some(Overlap::CancelPrevious) => quote!(CancelPrevious),
        Some(Overlap::Allow) | None => quote!(Allow),
    };
    let params_type = params_type(model);
    let fields = model.params.iter().map(|param| {
        let field = &param.field;
        let given = schedule_value(schedule, param).map(|expr| value(&param.ty.kind, expr, rt));
        let value = given.or_else(|| param.default_value(rt));
        quote!(#field: #value)
    });
    let params = match (&model.code, model.params.is_empty()) {
        (Code::Function(_), true) => quote!(#rt::NoParams),
        _ => quote!(#params_type { #(#fields),* }),
    };
    quote! {
        #rt::ScheduleDefinition {
            name: #name,
            rule: #rule,
            tz: #tz,
            catch_up: #rt::CatchUp::#catch_up,
            overlap: #rt::Overlap::#overlap,
            params: || #rt::Params::encode(&#params),
        }
    }
}

fn option(rt: &TokenStream, value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(#rt::Some(#value)),
        None => quote!(#rt::None),
    }
}
