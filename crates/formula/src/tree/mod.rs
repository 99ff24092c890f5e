//! TOML as a tree whose every key and value knows where it was written.
//!
//! This file deliberately does not know which keys a formula has.

mod parse;

pub(crate) use parse::is_hidden;
