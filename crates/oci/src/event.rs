//! What the client tells while it works; the answer itself never depends on it.

use std::{sync::Arc, time::Duration};

use digest::Digest;

use crate::{Pushed, credentials};

/// Something worth telling a person who waits.
#[derive(Debug, Clone)]
pub enum Event {
    /// A blob's bytes begin to arrive, or go on after a break.
    Receiving {
        /// The server that sends them, after redirects.
        host: String,
        /// The first byte asked for; more than 0 when a download goes on.
        from: u64,
        /// The whole blob's size in bytes, where it is known.
        size: Option<u64>,
    },
    /// A blob's bytes begin to leave, or go on after a break.
    Sending {
        /// The server that takes them.
        host: String,
        /// The blob.
        digest: Digest,
        /// The first byte sent; more than 0 when an upload goes on.
        from: u64,
        /// The whole blob's size in bytes.
        size: u64,
    },
    /// Some bytes of a blob left; they may have to leave again.
    Sent {
        /// The blob.
        digest: Digest,
        /// All that left since its first byte, in bytes.
        bytes: u64,
    },
    /// A copy found out what there is to do.
    Copying {
        /// How many blobs the artifact has, whether or not they are there already.
        blobs: usize,
        /// Their size in bytes.
        bytes: u64,
    },
    /// A blob of a copy is where it should be.
    Copied {
        /// The blob.
        digest: Digest,
        /// Its size in bytes.
        size: u64,
        /// How it came there.
        pushed: Pushed,
    },
    /// The source of a copy is slow: a blob is fetched whole before it is sent.
    Spooling {
        /// The blob.
        digest: Digest,
        /// Its size in bytes.
        size: u64,
    },
    /// Something failed and is tried again; of what fails beside it nothing is told.
    Retry {
        /// The server that was asked.
        host: String,
        /// How many times it failed since it last made progress.
        failures: u32,
        /// What failed, in one line.
        reason: String,
    },
    /// Requests to a server wait: it is overloaded, or it asked for time. Told once for a pause.
    Wait {
        /// The server that is waited for.
        host: String,
        /// For how long.
        wait: Duration,
    },
    /// A source is given up for the next of the list.
    NextSource {
        /// The server that was given up.
        host: String,
        /// Why, in one line.
        reason: String,
    },
    /// A mirror is left out, and the next of the list is asked.
    PassedOver {
        /// The mirror.
        mirror: String,
        /// Who is asked instead.
        next: String,
        /// Why, in one line.
        reason: String,
        /// Whether that is more than a lack: it lets nobody in, or sends what it was not asked for.
        is_fault: bool,
    },
    /// A server says something to its users; each text comes once.
    Warning {
        /// The server that says it.
        host: String,
        /// What it says, without control characters.
        text: String,
    },
    /// The stored credentials were refused or kept back, and the request went on without them.
    Anonymous {
        /// The registry that the credentials are for.
        host: String,
        /// Why they were not used, in one line.
        reason: String,
    },
    /// Something that may hold credentials cannot be read; each thing comes once.
    Credentials {
        /// What, and why.
        problem: Arc<credentials::Error>,
    },
}
