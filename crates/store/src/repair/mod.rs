//! Rebuilding a damaged keg beside the old one, and letting the two change places.
//!
//! A keg is never rewritten, so a process that runs from it keeps the files it has open. Bytes
//! come from staging, from the store, or from the keg itself where its own are good; what none
//! of them has is reported, and the caller stages it and calls again.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    path::{Path, PathBuf},
};

use rustix::{fs::CWD, io::Errno};

use crate::{
    Content, Layout, Staging,
    disk::{
        self, At, OPEN_FOLDER, PRIVATE_FOLDER, STORED, exchange, fchmod, futimens, mkdirat,
        open_folder, renameat, to_free_name,
    },
    durable::Folders,
    keg::{self, Copy, Shape, StagedKeg},
    staging,
    tree::Sealed,
    verify::Verifier,
};

/// Why a keg could not be repaired.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No good copy of some files is on this machine; the package must be fetched again.
    #[error(
        "{} files of `{keg}` are nowhere on this machine; it must be fetched again",
        contents.len()
    )]
    Missing {
        /// The keg.
        keg: keg::Id,
        /// What to stage before another try.
        contents: Vec<Content>,
    },
    /// The keg could not be built again.
    #[error("cannot build `{keg}` again")]
    Build {
        /// The keg.
        keg: keg::Id,
        /// Why.
        source: keg::Error,
    },
    /// A good file of the keg could not be saved.
    #[error("cannot save the good files of `{keg}`")]
    Save {
        /// The keg.
        keg: keg::Id,
        /// Why.
        source: staging::Error,
    },
    /// A file, the keg or a folder could not be put into place.
    #[error("cannot put `{}` into place", path.display())]
    Place {
        /// The place.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The disk did not confirm what was written.
    #[error("cannot make sure that `{}` is on the disk", path.display())]
    Sync {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Builds a keg again from good bytes and puts it into the place of the damaged one.
///
/// Damaged files of the store are replaced as well; other kegs that share them show the same
/// damage and are repaired by a call each.
pub fn keg(
    layout: &Layout,
    staging: &Staging,
    id: &keg::Id,
    expected: &Sealed,
    copies: &[Copy],
) -> Result<(), Error> {
    let build = |source| Error::Build { keg: id.clone(), source };
    id.check().map_err(build)?;
    let shape = Shape::new(expected, copies).map_err(build)?;
    let mut repair = Repair { layout, staging, id, touched: Folders::default() };
    let damaged = repair.gather(&shape)?;
    let staged = keg::link(layout, staging, expected, id, copies).map_err(build)?;
    disk::sync_filesystem(staging.folder())
        .map_err(|errno| Error::Sync { path: staging.path().to_owned(), source: errno.into() })?;
    for content in &damaged {
        repair.replace(content)?;
    }
    repair.swap(&staged)?;
    keg::present(layout, id).map_err(build)?;
    repair.touched.sync().map_err(|(path, source)| Error::Sync { path, source })
}

/// One keg under repair.
struct Repair<'a> {
    layout: &'a Layout,
    staging: &'a Staging,
    id: &'a keg::Id,
    touched: Folders,
}

impl Repair<'_> {
    /// Sees to it that each content is good in the store, or is staged to replace it there.
    fn gather(&self, shape: &Shape<'_>) -> Result<Vec<Content>, Error> {
        let mut verifier = Verifier::new(true);
        let mut paths: BTreeMap<Content, Vec<String>> = BTreeMap::new();
        for (path, file) in shape.files() {
            if let Some(content) = file.bytes.needed() {
                paths.entry(content).or_default().push(path);
            }
        }
        let top = self.layout.keg(&self.id.name, &self.id.leaf);
        let (mut damaged, mut missing) = (Vec::new(), Vec::new());
        for (content, paths) in paths {
            let stored = self.layout.file(&content);
            if verifier.holds(&stored, &content) {
                self.seal(&stored, &content)?;
                // The keg shares what is good instead of a second copy.
                self.staging.retain(|staged| *staged != content);
                continue;
            }
            if !self.staging.contains(&content) {
                let own = paths.iter().map(|path| top.join(path));
                match self.good(&mut verifier, &content, own)? {
                    Some((path, file)) => {
                        self.staging.copy(&path, file, &content).map_err(self.unsaved())?;
                    }
                    None => missing.push(content),
                }
            }
            damaged.push(content);
        }
        if missing.is_empty() {
            return Ok(damaged);
        }
        Err(Error::Missing { keg: self.id.clone(), contents: missing })
    }

    /// Gives a good file of the store its mode and time back.
    fn seal(&self, path: &Path, content: &Content) -> Result<(), Error> {
        disk::read(CWD, path)
            .and_then(|file| {
                fchmod(&file, disk::mode(content.executable))?;
                futimens(&file, &STORED)
            })
            .map_err(place_failed(path))
    }

    /// A file with these bytes: the keg's own, or one of the other mode in the store or staging.
    ///
    /// What became a program after it was unpacked is fetched again as a plain file.
    fn good(
        &self,
        verifier: &mut Verifier,
        content: &Content,
        own: impl Iterator<Item = PathBuf>,
    ) -> Result<Option<(PathBuf, File)>, Error> {
        let other = Content { executable: !content.executable, ..*content };
        for path in own.chain([self.layout.file(&other)]) {
            if verifier.holds(&path, content) {
                let file = disk::read(CWD, &path).map_err(place_failed(&path))?;
                return Ok(Some((path, File::from(file))));
            }
        }
        if !self.staging.contains(&other) {
            return Ok(None);
        }
        let file = self.staging.read(&other).map_err(self.unsaved())?;
        Ok(Some((self.staging.path().to_owned(), file)))
    }

    fn unsaved(&self) -> impl Fn(staging::Error) -> Error {
        let keg = self.id.clone();
        move |source| Error::Save { keg: keg.clone(), source }
    }

    /// Moves a staged content over the damaged one in the store.
    fn replace(&mut self, content: &Content) -> Result<(), Error> {
        let place = self.layout.file(content);
        let shelf = place.parent().expect("a stored file lies on a shelf");
        make_folder(shelf)?;
        renameat(self.staging.files(), content.shelf_path(), CWD, &place)
            .map_err(place_failed(&place))?;
        self.touched.add(shelf);
        self.touched.add(&self.layout.files_dir());
        self.staging.retain(|staged| staged != content);
        Ok(())
    }

    /// Lets the new keg and the old one change places, or fills the gap.
    fn swap(&mut self, staged: &StagedKeg) -> Result<(), Error> {
        let place = self.layout.keg(&self.id.name, &self.id.leaf);
        let family = place.parent().expect("a keg lies in a folder");
        make_folder(family)?;
        let new = At(self.staging.folder(), Path::new(&staged.staged));
        let old = At(CWD, place.as_path());
        let spare = self.staging.fresh_name("trash/old");
        let spare = At(self.staging.folder(), Path::new(&spare));
        // A folder that may not be written cannot be moved.
        let opened = open_folder(&place).and_then(|top| fchmod(&top, PRIVATE_FOLDER));
        match opened {
            Ok(()) | Err(Errno::NOTDIR | Errno::LOOP) => exchange(old, new, spare),
            Err(Errno::NOENT) => to_free_name(new, old),
            Err(errno) => Err(errno),
        }
        .map_err(place_failed(&place))?;
        self.touched.add(family);
        self.touched.add(&self.layout.cellar());
        self.touched.add(&place);
        Ok(())
    }
}

fn make_folder(path: &Path) -> Result<(), Error> {
    match mkdirat(CWD, path, OPEN_FOLDER) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(errno) => Err(place_failed(path)(errno)),
    }
}

fn place_failed(path: &Path) -> impl Fn(Errno) -> Error {
    let path = path.to_owned();
    move |errno| Error::Place { path: path.clone(), source: errno.into() }
}

#[cfg(test)]
mod tests;
