//! What a maintainer does: from an upstream release to a formula, from a formula to a registry.
//!
//! This room deliberately knows no words on a terminal: it emits events and returns values.

mod index;
pub mod inspect;
pub mod push;
