//! A digest as a type: parsed once, compared by value, verified while bytes pass.
//!
//! This room deliberately knows no files and no network.

mod content;
mod hasher;
mod hashing;
mod text;

pub use content::{ContentHasher, Sha256};
pub use hasher::{Hasher, Unsupported};
pub use hashing::Hashing;
pub use text::{Digest, Malformed};
