//! From a folder to a package: the steps of `[build]`, and what they leave packed as an OCI image.
//!
//! [`run`] carries out the steps of `[build]`, each in a sandbox. [`Staged`] is a folder that was
//! read and judged, and [`pack`](fn@pack) makes a package of it: a layer, a config and a manifest,
//! the same bytes on any machine. This room deliberately knows no registry: what it makes are
//! files and descriptions, and others say where they go.

pub mod run;

pub mod staged;

pub mod archive;
mod bytecode;
mod image;
mod layer;
pub mod pack;
#[cfg(test)]
mod sandbox;
mod survey;

pub use binary::PLACEHOLDER;
pub use layer::Compression;
pub use pack::{Packed, pack};
pub use staged::Staged;
