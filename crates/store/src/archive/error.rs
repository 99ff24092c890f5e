//! Why an archive was not decoded.

use std::io;

use super::{Compression, Excess, Rule};
use crate::staging;

/// Why an archive was not decoded; nothing of it has left staging.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes did not come, or were not those that their digest names.
    #[error("cannot take the archive's bytes")]
    Fetch {
        /// What the source of the bytes said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The compressed stream is damaged or of another format.
    #[error("cannot decompress the {} stream", .compression.name())]
    Decompress {
        /// The compression it was read as.
        compression: Compression,
        /// What the decoder said.
        #[source]
        source: io::Error,
    },
    /// Bytes follow the end of the compressed stream.
    #[error("data follow the end of the {} stream", .compression.name())]
    Trailing {
        /// The compression it was read as.
        compression: Compression,
    },
    /// An entry breaks a rule, and so the archive is refused whole.
    #[error(
        "the archive is refused for `{entry}`: {rule} (rule {}); it must be made anew without that",
        .rule.name()
    )]
    Refused {
        /// The entry's name, made legible, or its place in the archive.
        entry: String,
        /// The rule.
        rule: Rule,
    },
    /// The archive stops in the middle of an entry.
    #[error("the archive ends in the middle of `{entry}`")]
    Truncated {
        /// The entry's name, made legible, or its place in the archive.
        entry: String,
    },
    /// The archive is larger than its bounds, or not what was declared.
    #[error("the archive is refused for its size")]
    Excess {
        /// Which bound.
        #[from]
        source: Excess,
    },
    /// The zip archive's structure is damaged or contradicts itself.
    #[error("cannot read the zip archive")]
    Zip {
        /// What the reader said.
        #[source]
        source: zip::result::ZipError,
    },
    /// A file could not be written to staging.
    #[error("cannot keep what the archive holds")]
    Stage {
        /// What staging said.
        #[source]
        source: staging::Error,
    },
    /// The zip archive could not be kept for reading.
    #[error("cannot keep the zip archive while it is read")]
    Spool {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A thread that decompresses or writes could not be started.
    #[error("cannot start a thread to unpack on")]
    Thread {
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn refused(entry: &str, rule: Rule) -> Self {
        Self::Refused { entry: super::name::legible(entry), rule }
    }

    pub(crate) fn truncated(entry: &str) -> Self {
        Self::Truncated { entry: super::name::legible(entry) }
    }
}
