//! The formula format: versions and their order, platforms, templates and the merge of rules.
//!
//! A formula says what a package is, which versions it has and where each one's bytes come from.
//! The way of a text: [`Formula::parse`] reads it into a tree that knows every place, and checks
//! what can be checked at once; [`Formula::resolve`] merges rules, expands templates and checks
//! the rest for one version on one platform; [`Formula::check`] does so for all of them.
//! This room deliberately knows no disk, no network and no clock.

#[macro_use]
mod as_text;

pub mod name;
pub mod platform;
pub mod selector;

pub mod constraint;
pub mod version;

pub mod report;
mod tree;

mod format;
mod model;
mod path;
mod read;
mod url;

mod formula;
mod tap;
pub mod template;

pub mod resolve;
mod resolved;
mod sound;

mod annotation;
pub mod relocation;

mod check;
pub mod edit;
mod schema;
mod update;

pub use annotation::{Annotation, Extent};
pub use check::{Outline, check_tap};
pub use constraint::Constraint;
pub use edit::Edit;
pub use format::Format;
pub use formula::{Formula, Heading, Release};
pub use name::{FullName, Name};
pub use platform::{Arch, Key, Libc, Os, Platform};
pub use relocation::{Relocation, Relocations};
pub use report::{Code, Problem, Report, Severity};
pub use resolved::{
    Build, Cache, Completions, Depend, Expose, Notice, Patch, PatchPlace, Paths, Pin, Requires,
    Resolved, Service, Setup, Source, Test, Verb,
};
pub use schema::json_schema;
pub use selector::Selector;
pub use sound::Unsound;
pub use tap::{Defaults, TapFile, TapKind};
pub use update::Watch;
pub use version::{Scheme, Version, shown_version};
