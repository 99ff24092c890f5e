//! Where everything lies below the root folder; paths only, nothing is read or made here.
//!
//! The shape is fixed: see "on disk" in the design. Making the folders and judging whether a
//! root is safe is the business of [`Layout::create`] in `root.rs`.

use std::path::{Path, PathBuf};

use digest::Digest;

use crate::Content;

pub use crate::root::Error;

/// The paths below one root folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
    /// The root whose store and lock it has; its own, but for a guest.
    host: PathBuf,
}

impl Layout {
    /// The layout below `root`, which need not exist yet; see [`Layout::create`].
    pub fn new(root: PathBuf) -> Self {
        Self { host: root.clone(), root }
    }

    /// The layout of a guest: all is below `root`, but the store and the lock are those of `host`.
    pub fn guest(root: PathBuf, host: PathBuf) -> Self {
        Self { root, host }
    }

    /// The root whose store and lock it has, where they are not its own.
    pub fn host(&self) -> Option<&Path> {
        (self.host != self.root).then_some(&self.host)
    }

    /// The root folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of all distinct files.
    pub fn files_dir(&self) -> PathBuf {
        self.host.join("store/files")
    }

    /// The one file that holds `content`.
    pub fn file(&self, content: &Content) -> PathBuf {
        let mut path = self.files_dir();
        path.push(content.shelf_path());
        path
    }

    /// The folder of the plans of archives.
    pub fn plans_dir(&self) -> PathBuf {
        self.host.join("store/plans")
    }

    /// The plan of the archive whose blob has this digest.
    pub fn plan(&self, blob: &Digest) -> PathBuf {
        let encoded = blob.encoded();
        self.plans_dir().join(encoded.get(..2).unwrap_or(encoded)).join(encoded)
    }

    /// The folder of downloads to resume.
    pub fn partial_dir(&self) -> PathBuf {
        self.host.join("store/partial")
    }

    /// The download to resume of the blob that has this digest.
    pub fn partial(&self, blob: &Digest) -> PathBuf {
        self.partial_dir().join(blob.encoded())
    }

    /// The folder of all kegs, `<name>/<leaf>`.
    pub fn cellar(&self) -> PathBuf {
        self.root.join("cellar")
    }

    /// The folder of one keg; `leaf` is `<version>[_<revision>]-<id>`.
    pub fn keg(&self, name: &str, leaf: &str) -> PathBuf {
        self.cellar().join(name).join(leaf)
    }

    /// The folder of all receipts, `<name>/<leaf>.json`.
    pub fn receipts(&self) -> PathBuf {
        self.root.join("receipts")
    }

    /// The receipt of one keg.
    pub fn receipt(&self, name: &str, leaf: &str) -> PathBuf {
        self.receipts().join(name).join(format!("{leaf}.json"))
    }

    /// The folder of all generations.
    pub fn generations(&self) -> PathBuf {
        self.root.join("generations")
    }

    /// The folder of one generation's links.
    pub fn generation(&self, number: u64) -> PathBuf {
        self.generations().join(number.to_string())
    }

    /// The record of one generation.
    pub fn record(&self, number: u64) -> PathBuf {
        self.generations().join(format!("{number}.json"))
    }

    /// The prefix: a symlink to the current generation.
    pub fn current(&self) -> PathBuf {
        self.root.join("current")
    }

    /// The user's settings of packages; outside generations.
    pub fn etc(&self) -> PathBuf {
        self.root.join("etc")
    }

    /// The user's data of packages; outside generations.
    pub fn var(&self) -> PathBuf {
        self.root.join("var")
    }

    /// The last verified state of each tap.
    pub fn taps(&self) -> PathBuf {
        self.root.join("taps")
    }

    /// The roots of projects, which are guests of this one.
    pub fn projects(&self) -> PathBuf {
        self.root.join("projects")
    }

    /// The private folders of transactions under way.
    pub fn staging(&self) -> PathBuf {
        self.root.join("staging")
    }

    /// The file whose flock makes one process the writer.
    pub fn lock(&self) -> PathBuf {
        self.host.join("lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_design() {
        let layout = Layout::new(PathBuf::from("/r"));
        let content = Content::of(b"x", true);
        let hex = content.sha256.to_hex();
        let blob = content.sha256.to_digest();
        let rows = [
            (layout.file(&content), format!("/r/store/files/{}/{hex}.x", &hex[..2])),
            (layout.plan(&blob), format!("/r/store/plans/{}/{hex}", &hex[..2])),
            (layout.partial(&blob), format!("/r/store/partial/{hex}")),
            (layout.keg("rg", "14.1.1-0123456789ab"), "/r/cellar/rg/14.1.1-0123456789ab".into()),
            (layout.receipt("rg", "14.1.1-0a"), "/r/receipts/rg/14.1.1-0a.json".into()),
            (layout.generation(7), "/r/generations/7".into()),
            (layout.record(7), "/r/generations/7.json".into()),
            (layout.current(), "/r/current".into()),
        ];
        for (path, expected) in rows {
            assert_eq!(path, PathBuf::from(expected));
        }
    }

    #[test]
    fn a_guest_shares_the_store_and_the_lock_and_nothing_else() {
        let host = Layout::new(PathBuf::from("/r"));
        let guest = Layout::guest(PathBuf::from("/r/projects/1"), PathBuf::from("/r"));
        let content = Content::of(b"x", true);
        assert_eq!(guest.file(&content), host.file(&content));
        assert_eq!((guest.plans_dir(), guest.lock()), (host.plans_dir(), host.lock()));
        assert_eq!(guest.cellar(), PathBuf::from("/r/projects/1/cellar"));
        assert_eq!(guest.staging(), PathBuf::from("/r/projects/1/staging"));
        assert_eq!((host.host(), guest.host()), (None, Some(Path::new("/r"))));
    }
}
