//! Files on this machine: contents by digest, kegs, generations, and the lock over them.
//!
//! A transaction uses the first block of the list: the [`Lock`] is taken and what a crash left is
//! cleared by [`recover`], bytes are decoded by [`archive`] into [`staging`], become a
//! [`tree`], then a [`keg`]; [`commit`] puts it in place and [`generation`] makes it visible. The
//! second block looks after what is there. This room deliberately does not know where bytes come
//! from, nor what depends on what.

pub mod layout;

pub mod archive;
pub mod commit;
pub mod generation;
pub mod keg;
pub mod lock;
pub mod recover;
pub mod staging;
pub mod tree;

pub mod collect;
pub mod in_use;
pub mod repair;
pub mod verify;

pub mod content;

mod accounts;
mod disk;
mod durable;
#[cfg(test)]
mod faults;
mod removal;
mod root;
#[cfg(test)]
mod sandbox;
mod shelves;

pub use content::Content;
pub use layout::Layout;
pub use lock::Lock;
pub use removal::delete as remove;
pub use shelves::Shelves;
pub use staging::Staging;
