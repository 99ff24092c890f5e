//! Carrying out a plan, all or nothing: fetch, unpack, link, switch, record, recover.
//!
//! This room deliberately knows no words on a terminal: it emits [`Event`]s and takes answers.

pub mod home;
mod host;
pub mod network;

mod event;
pub mod receipt;
mod request;
mod state;

mod around;
pub mod away;
mod blobs;
pub mod history;
mod offer;
pub mod proposal;

pub mod assemble;
pub mod expose;
mod identity;
mod needs;
pub mod relocate;

pub mod bring;
pub mod feed;
pub mod fetch;
pub mod git;
pub mod import;

pub mod cleanup;
pub mod closure;
pub mod doctor;
pub mod follow;
pub mod launch;
pub mod linking;
pub mod login;
pub mod made;
pub mod projects;
pub mod query;
pub mod regular;
mod remake;
mod resume;
pub mod settings;
pub mod setup;
pub mod test;

mod shadow;
pub mod transaction;
pub mod unpack;

pub use around::Around;
pub use event::{Event, Listener, with_causes};
pub use home::{Home, Setting};
pub use host::Host;
pub use proposal::{Proposal, Step, Verb};
pub use receipt::{Origin, Receipt};
pub use request::{Request, Target};
pub use shadow::Shadow;
pub use state::{Installed, Package};
pub use transaction::{Options, Outcome, Realised, Talk};
