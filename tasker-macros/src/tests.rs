//! What representative tasks expand to, for people to read: a change of the expansion shows as a difference here.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{main_fn, task};

fn pretty(tokens: TokenStream) -> String {
    let text = tokens.to_string();
    let file = syn::parse2(tokens).unwrap_or_else(|error| panic!("{error}: {text}"));
    prettyplease::unparse(&file)
}

macro_rules! snapshot {
    ($name:ident, $expansion:expr) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), pretty($expansion));
        }
    };
}

snapshot!(
    no_params,
    task::function(
        quote!(),
        quote!(
            async fn ping() {}
        )
    )
);

snapshot!(
    every_kind_of_param,
    task::function(
        quote!(
            alias = "hello",
            queue = "greetings",
            max_attempts = unlimited,
            priority = -1,
            tags = ["a"]
        ),
        quote! {
            /// Greet somebody.
            ///
            /// At length.
            pub async fn hello(
                /// Whom to greet.
                #[param(default = "World", alias = "who")] name: &str,
                #[param(default = 1, short = 'n')] times: u32,
                path: &Path,
                numbers: &[u8],
                flag: bool,
                nick: Option<String>,
                #[param(default = ["x"])] list: Vec<String>,
                r#type: Kind,
            ) -> anyhow::Result<String> {
                todo(name)
            }
        }
    )
);

snapshot!(
    injected,
    task::function(
        quote!(),
        quote! {
            async fn send(ctx: Context, mailer: &State<Mailer>, to: String, #[inject] user: User) -> Result<(), MailError> {
                mailer.send(to).await
            }
        }
    )
);

snapshot!(
    resource,
    task::function(
        quote!(),
        quote! {
            async fn shoot(browser: &mut Resource<Browser>, mut printer: pool::Resource<Printer>, url: String) -> Result<(), Oops> {
                printer.print(browser.open(&url).await?)
            }
        }
    )
);

snapshot!(
    blocking,
    task::function(
        quote!(name = Sum),
        quote!(
            fn add(a: i32, b: i32) -> Result<i32, Oops> {
                Ok(a + b)
            }
        )
    )
);

snapshot!(
    scheduled,
    task::function(
        quote!(
            schedule = NIGHTLY,
            schedule(
                "weekly mon 09:30",
                name = "morning",
                tz = "UTC",
                catch_up = all(max = 3),
                params(who = "you")
            ),
            overlap = skip,
            backoff = "fixed 3s",
            timeout = "30s"
        ),
        quote!(
            async fn report(#[param(default = "all")] who: String, limit: Option<u8>) {}
        )
    )
);

snapshot!(
    unique,
    task::function(
        quote!(unique(
            params(user, r#type),
            period = "1h",
            while(scheduled, queued, running, retrying, succeeded),
            on_conflict = replace
        )),
        quote!(
            async fn remind(#[param(name = "user_id")] user: u32, r#type: Kind, text: String) {}
        )
    )
);

snapshot!(
    derived,
    task::derive(quote! {
        /// Resize one picture.
        #[task(queue = "media")]
        struct Resize {
            path: PathBuf,
            #[param(default = 640)]
            width: u32,
        }
    })
);

snapshot!(
    with_mistakes,
    task::function(
        quote!(alais = "x", queue = "a"),
        quote!(
            pub async fn hello((a, b): (u8, u8), #[param(shrot = 'n')] times: u32) {}
        )
    )
);

snapshot!(
    entry,
    main_fn::expand(
        quote!(tasks = [my_lib, billing]),
        quote!(
            async fn main(app: App) -> anyhow::Result<()> {
                app.run().await
            }
        )
    )
);

#[test]
fn another_path_of_the_crate_is_the_only_one() {
    let expansion = task::function(
        quote!(
            crate = ::topspin,
            schedule("daily 12:00", tz = "UTC", params(to = "x")),
            backoff = "none",
            timeout = "1s"
        ),
        quote! {
            async fn send(ctx: Context, mailer: State<Mailer>, to: &str, list: Vec<u8>, maybe: Option<String>) -> Result<u8, E> {}
        },
    );
    let derived = task::derive(quote! {
        #[task(crate = ::topspin)]
        struct Resize { path: PathBuf }
    });
    let entry = main_fn::expand(
        quote!(crate = ::topspin),
        quote!(
            async fn main(app: App) {}
        ),
    );
    for expansion in [expansion, derived, entry] {
        let text = pretty(expansion);
        assert!(text.contains("::topspin::__private"), "{text}");
        assert!(!text.contains("tasker"), "{text}");
    }
}

/// The messages in an expansion, in order.
fn mistakes(expansion: TokenStream) -> Vec<String> {
    let file: syn::File = syn::parse2(expansion).expect("an expansion is always items");
    file.items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Macro(item) => Some(item.mac.tokens.to_string()),
            _ => None,
        })
        .collect()
}

#[test]
fn every_mistake_is_reported_at_once() {
    let found = mistakes(task::function(
        quote!(
            alais = "x",
            queue = "a",
            queue = "b",
            tz = "UTC",
            rate = "1/s"
        ),
        quote!(
            async fn hello<T>(#[param(short = 'h')] a: u8, #[serde(default)] b: &mut u8) -> u8 {}
        ),
    ));
    let expected = [
        "did you mean `alias`",
        "`queue` is given twice",
        "does not support `rate` yet",
        "cannot be generic",
        "`#[serde]` does nothing",
        "as `&mut`",
        "write `Result<u8, E>`",
        "a flag `-h` already",
        "`tz` is about schedules",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "{found} has no {expected}");
    }
}

#[test]
fn what_only_we_understand_is_stripped_also_from_a_task_with_mistakes() {
    let text = task::function(
        quote!(alais = "x"),
        quote!(
            async fn hello(
                #[doc = " About."]
                #[param(default)]
                a: u8,
                #[ctx] c: Ctx,
            ) {
            }
        ),
    )
    .to_string();
    assert!(
        text.starts_with("async fn hello (a : u8 , c : Ctx ,) { }"),
        "{text}"
    );
}

#[test]
fn a_half_typed_body_expands_and_comes_out_as_it_went_in() {
    let text = task::function(quote!(), quote!(async fn ping() { self. let x = ; })).to_string();
    assert!(
        text.starts_with("async fn ping () { self . let x = ; }"),
        "{text}"
    );
    assert!(text.contains("struct Ping"), "{text}");
}
