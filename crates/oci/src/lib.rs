//! The OCI specifications, spoken and read: registries, image layouts, and what they hold.
//!
//! Reading order: a [`Place`] says where, a [`Descriptor`] what; a [`Manifest`] is verified bytes
//! and its [`Document`] their meaning; an [`Index`] picks for a [`Platform`]. This room
//! deliberately knows no packages, formulas and prefixes.

pub mod host;
pub mod media_type;

pub mod descriptor;
mod excerpt;
pub mod index;
pub mod manifest;
pub mod place;
pub mod platform;
pub mod reference;
mod scan;
pub mod credentials;
pub mod verify;

pub use descriptor::Descriptor;
pub use index::Index;
pub use manifest::{Document, ImageManifest, Manifest};
pub use place::Place;
pub use platform::Platform;
pub use reference::{Reference, Wanted};
