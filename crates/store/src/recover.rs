//! What the next command does about a crash: it removes leftovers, and nothing else is needed.
//!
//! Whatever counts came into place by one rename each, after it was on the disk. So a crash can
//! leave only things that nobody can see: staging, and generations that were never current.

use crate::{Layout, Lock, Staging, generation, staging};

/// Why leftovers could not be removed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// In staging.
    #[error("cannot clear what an interrupted command staged")]
    Staging {
        /// Why.
        source: staging::Error,
    },
    /// Among the generations.
    #[error("cannot remove a generation that was never current")]
    Generations {
        /// Why.
        source: generation::Error,
    },
}

/// Removes what interrupted commands left; the first thing that a writer does.
pub fn recover(layout: &Layout, _lock: &Lock) -> Result<(), Error> {
    generation::sweep(layout).map_err(|source| Error::Generations { source })?;
    Staging::sweep(layout).map_err(|source| Error::Staging { source })
}
