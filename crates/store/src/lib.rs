//! Files on this machine: contents by digest, kegs, generations, and the lock over them.
//!
//! The order of the list is the order of a transaction: bytes are decoded into [`staging`] by
//! [`archive`], become a [`tree`], then a keg, which a commit puts in place and a
//! generation makes visible. This room deliberately does not know where bytes come
//! from, nor what depends on what.

pub mod archive;
pub mod tree;

pub mod content;
pub mod layout;
pub mod staging;

mod accounts;
mod file;
mod removal;
mod rename;
mod root;

pub use content::Content;
pub use layout::Layout;
pub use staging::Staging;
