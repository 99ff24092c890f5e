//! Why a layout does not give or take what it is asked to.

use std::{fmt, io, path::PathBuf};

use super::VERSION;
use crate::{excerpt::excerpt, manifest, verify};

/// A failure of an image layout, in whatever it is kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder or archive is no layout.
    #[error("`{}` is no image layout: it has no file `oci-layout`", path.display())]
    Missing {
        /// The folder or archive.
        path: PathBuf,
    },
    /// The file that marks a layout does not say so.
    #[error("`{}` does not mark an image layout", path.display())]
    Marker {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        #[source]
        source: serde_json::Error,
    },
    /// The layout is of another version.
    #[error("`{}` is an image layout of version `{found}`; {VERSION} is read", path.display())]
    Version {
        /// The folder or archive.
        path: PathBuf,
        /// The version, shortened.
        found: String,
    },
    /// A file of the layout cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file of the layout is larger than what it should be.
    #[error("`{}` has more than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// The index of the layout cannot be read as one.
    #[error("cannot read `{}`", path.display())]
    Index {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: manifest::Error,
    },
    /// The index of the layout is something else.
    #[error("`{}` is no index", path.display())]
    NoIndex {
        /// The file.
        path: PathBuf,
    },
    /// The layout has nothing of that name or digest.
    #[error("the layout `{}` has no `{wanted}`; it has {}", path.display(), Names(names))]
    Unknown {
        /// The folder or archive.
        path: PathBuf,
        /// The name or digest.
        wanted: String,
        /// The names that it has, sorted.
        names: Vec<String>,
    },
    /// The layout lists nothing.
    #[error("the layout `{}` holds nothing", path.display())]
    Empty {
        /// The folder or archive.
        path: PathBuf,
    },
    /// The layout holds several artifacts, and none is named.
    #[error(
        "name one of the artifacts in the layout `{}`: it has {}",
        path.display(), Names(names)
    )]
    Several {
        /// The folder or archive.
        path: PathBuf,
        /// Their names, sorted.
        names: Vec<String>,
    },
    /// A file does not hold what its name says.
    #[error("`{}` is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How the bytes differ.
        #[source]
        source: verify::Error,
    },
    /// The folder is to become a layout, but holds something else.
    #[error("`{}` holds other files and is no image layout; name an empty folder", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A file of the layout cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The layout cannot be locked against others who change it.
    #[error("cannot lock `{}`", path.display())]
    Lock {
        /// What is locked.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Other names of the layout point at a manifest that is to be deleted.
    #[error("{digest} is also named {} in `{}`", Names(names), path.display())]
    Named {
        /// The folder or archive.
        path: PathBuf,
        /// The manifest.
        digest: digest::Digest,
        /// The other names, sorted.
        names: Vec<String>,
    },
    /// An entry of an archive breaks a rule; nothing of the archive is used.
    #[error("cannot read the archive `{}`: `{entry}` {rule}", path.display())]
    Entry {
        /// The archive.
        path: PathBuf,
        /// The entry, shortened and without control characters.
        entry: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// The file is no tar archive, or a broken one.
    #[error("`{}` is no tar archive: at byte {offset}, {rule}", path.display())]
    Tar {
        /// The archive.
        path: PathBuf,
        /// Where reading ended.
        offset: u64,
        /// The rule that is broken there.
        rule: &'static str,
    },
    /// What `docker save` says of its archive cannot be read.
    #[error("cannot read `manifest.json` in `{}`", path.display())]
    Docker {
        /// The archive.
        path: PathBuf,
        /// What is wrong, and where.
        #[source]
        source: serde_json::Error,
    },
    /// The archive is Docker's own kind, which is only read.
    #[error("`{}` is an archive of `docker save`, which is only read; name a new file", path.display())]
    DockerTarget {
        /// The archive.
        path: PathBuf,
    },
}

/// Most names of a layout that a message lists.
const NAMES_SHOWN: usize = 8;

/// A list of names for a message.
struct Names<'a>(&'a [String]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("no names");
        }
        let shown: Vec<String> =
            self.0.iter().take(NAMES_SHOWN).map(|name| excerpt(name)).collect();
        write!(f, "`{}`", shown.join("`, `"))?;
        match self.0.len() - shown.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
