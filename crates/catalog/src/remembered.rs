//! What `<root>/taps/<name>/tap.json` remembers of a tap: where it is, and what is known of it.
//!
//! The file is the only switch: it names the snapshot that is read. It is replaced whole, after
//! everything that it names is on the disk, so a reader finds the old state or the new one.

use std::{
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use digest::Digest;
use formula::Name;
use fs_err::{self as fs, os::unix::fs::OpenOptionsExt as _};
use serde::{Deserialize, Serialize};

use crate::edition::{AsOf, Moment};

/// The file's name in the folder of its tap.
const FILE: &str = "tap.json";

/// A tap that was added: a folder, or one in a registry.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Remembered {
    pub(crate) schema: u32,
    /// Counts up with each tap added, and so keeps their order.
    pub(crate) order: u64,
    /// The folder, absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) folder: Option<PathBuf>,
    /// The registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) registry: Option<Subscription>,
}

/// A tap in a registry, and how far this machine follows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// Where the tap is, as `oci://host/repository` or `oci:folder`.
    pub location: String,
    /// The edition that it is kept at, where that is not the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<AsOf>,
    /// The edition that is here.
    pub edition: Edition,
    /// The newest edition that was ever seen: the registry may not go back behind it.
    pub seen: Edition,
    /// When the registry was last asked, in seconds since 1970.
    pub checked: i64,
    /// Where the tap was copied from, if it is a mirror: what it names is looked for in it first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror_of: Option<String>,
}

/// One edition of a tap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// Its number, from 1.
    pub serial: u64,
    /// Its manifest.
    pub digest: Digest,
    /// When it was published.
    pub published: Moment,
}

impl Edition {
    /// The name of its snapshot's file.
    pub(crate) fn file(&self) -> String {
        format!("{}-{}.snapshot", self.serial, self.digest.short())
    }
}

impl Remembered {
    /// What is remembered of the tap `name` below `taps`; `None` where there is no such tap.
    pub(crate) fn read(taps: &Path, name: &str) -> io::Result<Option<Self>> {
        match fs::read(taps.join(name).join(FILE)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces what is remembered; it survives a loss of power.
    pub(crate) fn write(&self, taps: &Path, name: &str) -> io::Result<()> {
        let own = make_folder(taps, name)?;
        let staged = own.join("tap.json.new");
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o644).open(&staged)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        fs::rename(&staged, own.join(FILE))?;
        sync_folder(&own)?;
        sync_folder(taps)
    }

    /// Where the tap is, in words.
    pub(crate) fn location(&self) -> String {
        match (&self.folder, &self.registry) {
            (Some(folder), _) => folder.display().to_string(),
            (None, Some(subscription)) => subscription.location.clone(),
            (None, None) => String::new(),
        }
    }

    /// Forgets the tap: first that there is one, then everything of it.
    pub(crate) fn forget(taps: &Path, name: &str) -> io::Result<()> {
        let own = taps.join(name);
        fs::remove_file(own.join(FILE))?;
        fs::remove_dir_all(own)
    }

    /// The order of the next tap that is added.
    pub(crate) fn next_order(taps: &Path) -> io::Result<u64> {
        let mut order = 1;
        for name in names(taps)? {
            order = Self::read(taps, &name)?.map_or(order, |known| order.max(known.order + 1));
        }
        Ok(order)
    }
}

/// The names of the folders below `taps`, which may not be there yet.
pub(crate) fn names(taps: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(taps) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().into_string().ok();
        names.extend(name.filter(|name| Name::parse(name).is_ok()));
    }
    Ok(names)
}

/// Makes the folder of a tap, where it is not there.
pub(crate) fn make_folder(taps: &Path, name: &str) -> io::Result<PathBuf> {
    let own = taps.join(name);
    // Nobody else may write the root, whatever the umask lets through.
    std::fs::DirBuilder::new().recursive(true).mode(0o755).create(&own)?;
    Ok(own)
}

pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}
