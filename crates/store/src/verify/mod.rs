//! Comparing a keg on the disk with what it must be.
//!
//! Where bytes are hashed, each inode is hashed once for all the kegs that share it. What to do
//! about damage is the business of [`crate::repair`].

use std::{
    collections::{BTreeMap, HashMap},
    fs::Metadata,
    io::{self, Read as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use digest::{ContentHasher, Sha256};

use crate::{
    Content, Layout,
    keg::{self, Copy, File, Folder, Shape, join},
    tree::Sealed,
};

/// Why a keg could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A folder could not be read.
    #[error("cannot read the folder `{}`", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The copies do not fit the tree.
    #[error("the receipt of `{keg}` does not fit its package")]
    Receipt {
        /// The keg.
        keg: keg::Id,
        /// Why.
        source: keg::Error,
    },
}

/// One thing in a keg that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The path in the keg; empty for the keg itself.
    pub path: String,
    /// What is wrong with it.
    pub what: What,
}

/// What is wrong with a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It is not there; of a folder, neither is what was in it.
    Missing,
    /// It does not belong there.
    Extra,
    /// It is another kind of thing: a folder for a file, a link for a folder.
    Kind,
    /// The file is longer or shorter.
    Size {
        /// The bytes that it must have.
        expected: u64,
        /// The bytes that it has.
        found: u64,
    },
    /// The file holds other bytes.
    Bytes,
    /// The permissions are others.
    Mode {
        /// The bits that it must have.
        expected: u32,
        /// The bits that it has.
        found: u32,
    },
    /// The link leads elsewhere.
    Target {
        /// Where it must lead.
        expected: String,
        /// Where it leads.
        found: PathBuf,
    },
    /// The file's own time, which its package relies on, has changed.
    Time,
    /// The file cannot be read.
    Unreadable(io::ErrorKind),
}

/// Compares kegs with what they must be.
#[derive(Debug)]
pub struct Verifier {
    deep: bool,
    /// What each inode holds, by device and number.
    hashed: HashMap<(u64, u64), Sha256>,
}

impl Verifier {
    /// Looks at sizes and modes only, or, `deep`, at every byte.
    pub fn new(deep: bool) -> Self {
        Self { deep, hashed: HashMap::new() }
    }

    /// What is damaged in one keg, in the order of paths; nothing is the good news.
    pub fn keg(
        &mut self,
        layout: &Layout,
        id: &keg::Id,
        expected: &Sealed,
        copies: &[Copy],
    ) -> Result<Vec<Damage>, Error> {
        let shape = Shape::new(expected, copies)
            .map_err(|source| Error::Receipt { keg: id.clone(), source })?;
        let top = layout.keg(&id.name, &id.leaf);
        let mut findings = Findings { top: &top, damages: Vec::new() };
        if let Ok(found) = fs_err::symlink_metadata(&top) {
            findings.check_folder_itself("", &found);
        } else {
            findings.add("", What::Missing);
        }
        let mut skipped: Vec<&str> = Vec::new();
        for folder in &shape.folders {
            let parent = keg::split(folder.path).0;
            let bad = findings.damages.iter().any(|damage| {
                damage.path == folder.path && matches!(damage.what, What::Missing | What::Kind)
            });
            if bad || !folder.path.is_empty() && skipped.contains(&parent) {
                skipped.push(folder.path);
            } else {
                self.folder(&mut findings, folder)?;
            }
        }
        let mut damages = findings.damages;
        damages.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(damages)
    }

    /// The stored files that do not hold what their names say; each inode is hashed once.
    pub fn files(&mut self, layout: &Layout) -> Result<Vec<PathBuf>, Error> {
        let mut damaged = Vec::new();
        let shelves = list(&layout.files_dir())?.into_values().filter(|path| path.is_dir());
        for shelf in shelves {
            for (name, path) in list(&shelf)? {
                let Some((sha256, _)) = Content::from_file_name(&name) else { continue };
                let found = fs_err::symlink_metadata(&path);
                let held = found.and_then(|found| self.hash(&path, &found));
                if held.ok() != Some(sha256) {
                    damaged.push(path);
                }
            }
        }
        Ok(damaged)
    }

    /// Whether a file holds exactly this content, whatever its mode.
    pub(crate) fn holds(&mut self, path: &Path, content: &Content) -> bool {
        let Ok(found) = fs_err::symlink_metadata(path) else { return false };
        found.is_file()
            && found.len() == content.size
            && self.hash(path, &found).is_ok_and(|held| held == content.sha256)
    }

    fn folder(&mut self, findings: &mut Findings<'_>, folder: &Folder<'_>) -> Result<(), Error> {
        let mut found = list(&findings.top.join(folder.path))?;
        for name in &folder.folders {
            if let Some(metadata) = findings.take(&mut found, folder.path, name) {
                findings.check_folder_itself(&join(folder.path, name), &metadata);
            }
        }
        for (name, target) in &folder.links {
            if let Some(metadata) = findings.take(&mut found, folder.path, name) {
                findings.check_link(&join(folder.path, name), target, &metadata);
            }
        }
        for file in &folder.files {
            if let Some(metadata) = findings.take(&mut found, folder.path, file.name) {
                self.file(findings, &join(folder.path, file.name), file, &metadata);
            }
        }
        for name in found.into_keys() {
            findings.add(&join(folder.path, &name), What::Extra);
        }
        Ok(())
    }

    fn file(&mut self, findings: &mut Findings<'_>, path: &str, file: &File<'_>, found: &Metadata) {
        if !found.is_file() {
            return findings.add(path, What::Kind);
        }
        let content = file.bytes.content();
        findings.check_mode(path, content.mode(), found);
        if file.bytes.own_time().is_some_and(|mtime| mtime != found.mtime()) {
            findings.add(path, What::Time);
        }
        if found.len() != content.size {
            findings.add(path, What::Size { expected: content.size, found: found.len() });
        } else if self.deep {
            match self.hash(&findings.top.join(path), found) {
                Ok(held) if held == content.sha256 => {}
                Ok(_) => findings.add(path, What::Bytes),
                Err(error) => findings.add(path, What::Unreadable(error.kind())),
            }
        }
    }

    fn hash(&mut self, path: &Path, found: &Metadata) -> io::Result<Sha256> {
        let inode = (found.dev(), found.ino());
        if let Some(&known) = self.hashed.get(&inode) {
            return Ok(known);
        }
        let mut file = std::fs::File::from(crate::disk::read(rustix::fs::CWD, path)?);
        let mut hasher = ContentHasher::default();
        let mut buffer = vec![0; 64 << 10];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => hasher.update(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let held = hasher.finish();
        self.hashed.insert(inode, held);
        Ok(held)
    }
}

/// What was found in one keg.
struct Findings<'a> {
    top: &'a Path,
    damages: Vec<Damage>,
}

impl Findings<'_> {
    fn add(&mut self, path: &str, what: What) {
        self.damages.push(Damage { path: path.to_owned(), what });
    }

    /// Takes an expected name from what the folder holds.
    fn take(
        &mut self,
        found: &mut BTreeMap<String, PathBuf>,
        folder: &str,
        name: &str,
    ) -> Option<Metadata> {
        let metadata = found.remove(name).and_then(|path| fs_err::symlink_metadata(path).ok());
        if metadata.is_none() {
            self.add(&join(folder, name), What::Missing);
        }
        metadata
    }

    fn check_folder_itself(&mut self, path: &str, found: &Metadata) {
        if found.is_dir() {
            self.check_mode(path, 0o555, found);
        } else {
            self.add(path, What::Kind);
        }
    }

    fn check_mode(&mut self, path: &str, expected: u32, found: &Metadata) {
        let found = found.mode() & 0o7777;
        if found != expected {
            self.add(path, What::Mode { expected, found });
        }
    }

    fn check_link(&mut self, path: &str, target: &str, found: &Metadata) {
        if !found.is_symlink() {
            return self.add(path, What::Kind);
        }
        match fs_err::read_link(self.top.join(path)) {
            Ok(found) if found == Path::new(target) && found.as_os_str() == target => {}
            Ok(found) => self.add(path, What::Target { expected: target.to_owned(), found }),
            Err(error) => self.add(path, What::Unreadable(error.kind())),
        }
    }
}

/// The names in a folder with their paths; a name that is no UTF-8 is none of ours.
fn list(folder: &Path) -> Result<BTreeMap<String, PathBuf>, Error> {
    let failed = |source| Error::Folder { path: folder.to_owned(), source };
    let mut found = BTreeMap::new();
    for entry in fs_err::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        found.insert(entry.file_name().to_string_lossy().into_owned(), entry.path());
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
