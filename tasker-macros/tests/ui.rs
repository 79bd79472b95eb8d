//! What the compiler says of mistakes: every fixture in `tests/ui` of the workspace.
//!
//! It stands in this package, not with the other tests of the whole, because each fixture is built with the
//! dependencies of the package that runs it, in a target folder of its own: here that is `tasker` with its macros
//! alone, there it would be every backend.

use std::process::Command;

/// The release whose messages are on record.
const RELEASE: &str = "1.95";

#[test]
fn mistakes_are_explained() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = version.expect("a compiler is there, since this was compiled");
    if !version.starts_with(&format!("rustc {RELEASE}.")) {
        println!(
            "skipped: the messages on record are those of rustc {RELEASE}, and this is {version}"
        );
        return;
    }
    let tests = trybuild::TestCases::new();
    tests.pass("../tests/ui/pass/*.rs");
    for kind in [
        "attribute",
        "derive",
        "lifecycle",
        "main",
        "param",
        "schedule",
        "signature",
        "types",
    ] {
        tests.compile_fail(format!("../tests/ui/{kind}/*.rs"));
    }
}
