//! Generated code in hostile surroundings: nothing it names may be taken from it, and no lint may fire in it.
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub)]

mod ordinary;
