//! Projects: what a folder asks for in `pkg.toml`, and exactly what that is in `pkg.lock`.
//!
//! - [`Wants`] is `pkg.toml`, which people write; [`edit`] changes its text
//! - [`malformed`] reads the values of files that people write, and says where one is to blame
//! - [`Lock`] is `pkg.lock`: every byte for every platform, one fact to a line
//! - [`locking`] chooses what is locked, [`sync`] has it in a root of the project's own
//! - [`bundle`] is the same for a whole machine, and reads the lists of other programs
//!
//! This room deliberately knows no words on a terminal, and runs nothing.

mod bounded;
pub mod malformed;
mod platform;
pub mod wants;

pub mod edit;
mod entry;
pub mod lock;
mod place;

pub mod locking;
pub mod project;
pub mod sync;
pub mod taps;

pub mod bundle;

pub use lock::Lock;
pub use malformed::Malformed;
pub use platform::{Unknown, read as read_platform};
pub use project::Project;
pub use wants::{Want, Wants};
