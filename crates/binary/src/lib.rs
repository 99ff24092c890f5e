//! Programs, libraries and scripts as bytes: what they are, which paths they hold, and the edits
//! with which they work under another root.
//!
//! A build runs below the [`PLACEHOLDER`]; [`find`] says where it stands in a file, [`audit`] what
//! else would not work on another machine, and [`rewrite`] puts the real root in its place.
//! This room deliberately knows no package, no formula and no registry, and never runs what it
//! reads. Whatever a file says of itself is bounded by the bytes that are there.

pub mod placeholder;

pub mod find;
mod kind;

pub mod inspect;

pub mod audit;

pub mod rewrite;
pub mod signature;

#[cfg(test)]
mod samples;

pub use audit::{Finding, Rules, audit};
pub use find::{Found, Scanner, find, occurrences};
pub use inspect::{File, inspect};
pub use kind::Kind;
pub use placeholder::PLACEHOLDER;
pub use rewrite::{Edit, Target, rewrite};
