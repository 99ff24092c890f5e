//! Plans: what is wished for, what is installed and what there is -> ordered steps with reasons.
//!
//! - [`Candidates`] offers every release of a name; the room above implements it
//! - [`plan`] turns [`Wish`]es into a [`Plan`], or says why there is none
//! - [`query`] answers questions about what is installed: who needs what, and what is outdated
//!
//! This room deliberately knows no files, no network, no clock, and not how a step is done.

mod candidate;
mod error;
mod explain;
mod goals;
mod graph;
mod installed;
mod note;
mod notes;
mod planner;
mod pool;
pub mod query;
mod reach;
mod set;
mod solve;
mod step;
mod wish;

pub use candidate::{Candidate, Candidates, Dependency, Key, Release};
pub use error::{Error, Kind, Needer, Obstacle};
pub use explain::{Explanation, Missing};
pub use installed::Installed;
pub use note::{Because, Note};
pub use planner::plan;
pub use step::{Action, Plan, Reason, Step};
pub use wish::Wish;
