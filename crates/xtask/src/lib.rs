//! Writes what is generated and committed and checks that it is up to date, and measures.

pub mod bench;
mod layer;
pub mod layout;
pub mod reference;
