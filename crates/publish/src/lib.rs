//! What a maintainer does: from an upstream release to a formula, from a formula to a registry.
//!
//! This room deliberately knows no words on a terminal: it emits events and returns values.

pub mod attach;
pub mod blob;
pub mod bump;
pub mod carry;
pub mod discover;
pub mod draft;
pub mod export;
pub mod file;
pub mod files;
mod hashing;
mod index;
pub mod inspect;
pub mod layout;
pub mod make;
pub mod mirror;
pub mod pack;
mod parallel;
pub mod promote;
pub mod publisher;
pub mod push;
pub mod requests;
mod send;
mod sources;
pub mod tap;
pub mod trial;
pub mod upstream;
pub mod verify;
pub mod version;
mod wanted;
pub mod work;

pub use wanted::{Wanted, What, wanted};
