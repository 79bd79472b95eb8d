//! The macros of tasker. Their documentation stands on the re-exports in `tasker`, where its examples compile.
//!
//! In: the tokens of an attribute and its item. Out: the item, and what tasker makes of it. Only this file knows
//! `proc_macro`; everything below is a pure function of `proc_macro2` tokens. Read next: `task`.

mod errors;
mod main_fn;
mod options;
mod task;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// See `tasker::task`.
#[proc_macro_attribute]
pub fn task(args: TokenStream, item: TokenStream) -> TokenStream {
    shown("task", task::function(args.into(), item.into()))
}

/// See `tasker::Task`.
#[proc_macro_derive(Task, attributes(task, param))]
pub fn derive_task(item: TokenStream) -> TokenStream {
    shown("Task", task::derive(item.into()))
}

/// See `tasker::main`.
#[proc_macro_attribute]
pub fn main(args: TokenStream, item: TokenStream) -> TokenStream {
    shown("main", main_fn::expand(args.into(), item.into()))
}

/// With `TASKER_MACROS_DEBUG` set, prints what a macro expands to.
fn shown(name: &str, expansion: proc_macro2::TokenStream) -> TokenStream {
    if std::env::var_os("TASKER_MACROS_DEBUG").is_some() {
        eprintln!("// tasker: expansion of `{name}`\n{expansion}\n");
    }
    expansion.into()
}
