//! Why a tap is not added, or not refreshed.

use std::io;

use digest::Digest;

use crate::{
    edition::{AsOf, Moment, manifest},
    snapshot, taps,
};

/// A tap cannot be added or refreshed; what was here stays.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The registry does not give what is asked of it.
    #[error("cannot get the tap from {place}")]
    Ask {
        /// Where the tap is.
        place: String,
        /// What the registry said.
        #[source]
        source: Box<oci::Error>,
    },
    /// The manifest cannot be read.
    #[error("cannot read the manifest of {place}")]
    Manifest {
        /// Where the tap is.
        place: String,
        /// The rule that it breaks.
        #[source]
        source: oci::manifest::Error,
    },
    /// The manifest is not one of a tap.
    #[error("{place} cannot be followed")]
    NoTap {
        /// Where the tap is.
        place: String,
        /// The rule that it breaks.
        #[source]
        source: manifest::Error,
    },
    /// The edition breaks a rule.
    #[error("{place} is refused: {serial} of {published} breaks a rule")]
    Broken {
        /// Where the tap is.
        place: String,
        /// Its serial, as a word.
        serial: String,
        /// When it was published.
        published: Moment,
        /// The rule.
        #[source]
        source: snapshot::Broken,
    },
    /// The registry gives an older edition than it gave before.
    #[error(
        "{place} is refused: it has serial {served} now, and had {seen} before; \
         a tap never goes back"
    )]
    Rollback {
        /// Where the tap is.
        place: String,
        /// The serial that it gives now.
        served: u64,
        /// The newest serial that was seen.
        seen: u64,
    },
    /// The registry gives another edition of the same serial.
    #[error("{place} is refused: serial {serial} was {seen} before, and is {served} now")]
    Forked {
        /// Where the tap is.
        place: String,
        /// The serial.
        serial: u64,
        /// The manifest that was seen.
        seen: Digest,
        /// The manifest that it gives now.
        served: Digest,
    },
    /// The location holds another tap than the one that was added.
    #[error("{place} is refused: it is the tap `{found}` now, and was `{expected}`")]
    Renamed {
        /// Where the tap is.
        place: String,
        /// The name that it gives itself.
        found: String,
        /// The name that it had.
        expected: String,
    },
    /// An archive has a tap of that name from somewhere else.
    #[error("tap `{tap}` is from {here} here, and the archive has the one of {there}")]
    Elsewhere {
        /// Name of the tap.
        tap: String,
        /// Where the one that is here is.
        here: String,
        /// Where that of the archive is followed.
        there: String,
    },
    /// There is no such edition.
    #[error("{place} has no edition as of {as_of}; the oldest is {oldest}")]
    NoEdition {
        /// Where the tap is.
        place: String,
        /// What was asked for.
        as_of: AsOf,
        /// The oldest that there is, in words.
        oldest: String,
    },
    /// Two editions have the serial.
    #[error("{place} has serial {serial} more than once: name a digest")]
    Several {
        /// Where the tap is.
        place: String,
        /// The serial.
        serial: u64,
    },
    /// The tap is not in a registry.
    #[error("tap `{tap}` is not in a registry: it is always as it is")]
    NotThere {
        /// Name of the tap.
        tap: String,
    },
    /// The name cannot be taken, or there is no such tap.
    #[error(transparent)]
    Taps(#[from] taps::Error),
    /// What is known of the tap cannot be read or written.
    #[error("cannot {step} what is known of tap `{tap}`")]
    State {
        /// What was being done, as a verb.
        step: &'static str,
        /// Name of the tap.
        tap: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}
