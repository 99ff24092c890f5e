//! The formula format: versions and their order, platforms, templates and the merge of rules.
//!
//! A formula says what a package is, which versions it has and where each one's bytes come from.
//! This room deliberately knows no disk, no network and no clock.

pub mod constraint;
pub mod name;
pub mod platform;
pub mod report;
pub mod selector;
mod tree;
pub mod version;

pub use constraint::Constraint;
pub use name::{FullName, Name};
pub use platform::{Arch, Key, Libc, Os, Platform};
pub use report::{Code, Problem, Report, Severity};
pub use selector::Selector;
pub use version::{Scheme, Version};
