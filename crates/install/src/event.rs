//! What happens while a plan is carried out, for whoever shows it.

use std::{sync::Arc, time::Duration};

/// One thing that happened; the list is closed, so that a view can show them all.
#[derive(Debug, Clone)]
pub enum Event {
    /// A package's manifest is being asked for.
    Resolving {
        /// Name of the package.
        name: String,
    },
    /// A download starts; `id` names it in the events that follow.
    Download {
        /// Counts up from 0 in one command.
        id: u64,
        /// Name of the package.
        name: String,
        /// Bytes to come, where known.
        total: Option<u64>,
    },
    /// A server says how much a download brings that nobody declared.
    Sized {
        /// The download.
        id: u64,
        /// Bytes of the whole.
        total: u64,
    },
    /// More bytes of a download arrived.
    Progress {
        /// The download.
        id: u64,
        /// Bytes since the last such event.
        bytes: u64,
    },
    /// A download is whole and verified.
    Downloaded {
        /// The download.
        id: u64,
    },
    /// A request is tried again.
    Retry {
        /// The host that failed.
        host: String,
        /// What it said.
        why: String,
        /// How long until the next try.
        wait: Duration,
    },
    /// An installed package is being compared with what it must be.
    Checking {
        /// The keg.
        name: String,
    },
    /// A package's tests are being run.
    Testing {
        /// Name of the package.
        name: String,
    },
    /// A package's tree is being linked into its keg.
    Linking {
        /// Name of the package.
        name: String,
    },
    /// Everything is being written through to the disk.
    Syncing,
    /// The prefix is that of a new generation.
    Switched {
        /// Its number.
        generation: u64,
    },
    /// A host or a package has something to say.
    Warning(String),
}

/// An error with its causes, in one line: what a warning has room for.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Takes events, from any thread.
pub type Listener = Arc<dyn Fn(Event) + Send + Sync>;
