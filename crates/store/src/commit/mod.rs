//! Putting what a transaction staged into place, in the order that no crash can spoil.
//!
//! Everything is on the disk before the first rename. Then come contents, kegs, plans and
//! receipts, so that each thing stands only where what it needs stands already. Nothing is
//! overwritten but receipts and plans; nothing is visible to users before a generation links it.

use std::{
    borrow::Cow,
    io,
    path::{Path, PathBuf},
};

use digest::Digest;
use rustix::{
    fd::{AsFd as _, BorrowedFd, OwnedFd},
    fs::CWD,
    io::Errno,
};

use crate::{
    Content, Layout, Staging,
    archive::Plan,
    disk::{self, At, OPEN_FOLDER, mkdirat, open_folder, renameat, to_free_name},
    durable::Folders,
    keg::{self, StagedKeg},
};

/// Why a transaction could not be put into place.
///
/// What was in place before is untouched, and what came into place is whole.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A receipt or plan could not be staged; `StorageFull` says that the disk is full.
    #[error("cannot write to `{}`", path.display())]
    Write {
        /// The transaction's folder.
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
    /// Something staged could not be moved to its place.
    #[error("cannot put `{}` into place", path.display())]
    Place {
        /// The place.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A keg's or receipt's name is refused, or the keg in place could not be sealed.
    #[error("cannot put the keg `{keg}` into place")]
    Keg {
        /// The keg.
        keg: keg::Id,
        /// Why.
        source: keg::Error,
    },
}

/// What the machine remembers of one keg, as bytes that only `install` reads.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// Of which keg.
    pub keg: keg::Id,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Puts contents, kegs, plans and receipts into place; they are on the disk when it returns.
///
/// A content or keg that stands there already is equal by its name, and stays.
pub fn commit(
    layout: &Layout,
    staging: &Staging,
    kegs: &[StagedKeg],
    receipts: &[Receipt],
    plans: &[(Digest, Plan)],
) -> Result<(), Error> {
    for Receipt { keg, .. } in receipts {
        keg.check().map_err(|source| Error::Keg { keg: keg.clone(), source })?;
    }
    let records = stage_records(layout, staging, receipts, plans)?;
    disk::sync_filesystem(staging.folder())
        .map_err(|errno| Error::Sync { path: staging.path().to_owned(), source: errno.into() })?;
    let mut placing = Placing { layout, staging, touched: Folders::default() };
    placing.contents()?;
    for keg in kegs {
        placing.keg(keg)?;
    }
    for (staged, place) in records {
        placing.record(&staged, place)?;
    }
    placing.touched.sync().map_err(|(path, source)| Error::Sync { path, source })
}

/// Writes records into staging; gives each one's name there and its place, plans first.
fn stage_records(
    layout: &Layout,
    staging: &Staging,
    receipts: &[Receipt],
    plans: &[(Digest, Plan)],
) -> Result<Vec<(String, PathBuf)>, Error> {
    let plans = plans.iter().map(|(blob, plan)| (Cow::Owned(plan.to_bytes()), layout.plan(blob)));
    let receipts = receipts.iter().map(|Receipt { keg, bytes }| {
        (Cow::Borrowed(bytes.as_slice()), layout.receipt(&keg.name, &keg.leaf))
    });
    plans
        .chain(receipts)
        .map(|(bytes, place)| {
            let name = staging.fresh_name("record");
            disk::write_record(staging.folder(), &name, &bytes)
                .map_err(|source| Error::Write { path: staging.path().to_owned(), source })?;
            Ok((name, place))
        })
        .collect()
}

/// The renames of one transaction and the folders that they touch.
struct Placing<'a> {
    layout: &'a Layout,
    staging: &'a Staging,
    touched: Folders,
}

impl Placing<'_> {
    fn contents(&mut self) -> Result<(), Error> {
        let mut staged = self.staging.staged();
        if staged.is_empty() {
            return Ok(());
        }
        let store = self.open(self.layout.files_dir())?;
        let mut contents: Vec<Content> = staged.iter().copied().collect();
        contents.sort_unstable();
        let first = |content: &Content| content.sha256.as_bytes()[0];
        for shelf in contents.chunk_by(|a, b| first(a) == first(b)) {
            let name = format!("{:02x}", first(&shelf[0]));
            self.touched.add(&self.layout.files_dir().join(&name));
            if !self.whole_shelf(store.as_fd(), &name, first(&shelf[0]))? {
                self.shelf(store.as_fd(), shelf)?;
            }
        }
        staged.clear();
        Ok(())
    }

    /// Moves all contents of one shelf in one step, if the store has no such shelf yet.
    fn whole_shelf(&mut self, store: BorrowedFd<'_>, name: &str, first: u8) -> Result<bool, Error> {
        if !self.staging.all_wanted() {
            self.make_folder(At(store, name), &self.layout.files_dir().join(name))?;
            return Ok(false);
        }
        match to_free_name(At(self.staging.files(), name), At(store, name)) {
            Ok(()) => {
                self.staging.forget_shelf(first);
                self.touched.add(&self.layout.files_dir());
                Ok(true)
            }
            Err(Errno::EXIST | Errno::NOTEMPTY) => Ok(false),
            Err(errno) => {
                Err(Error::Place { path: self.layout.files_dir().join(name), source: errno.into() })
            }
        }
    }

    fn shelf(&self, store: BorrowedFd<'_>, contents: &[Content]) -> Result<(), Error> {
        for content in contents {
            let path = content.shelf_path();
            self.place_new(
                At(self.staging.files(), path.as_str()),
                At(store, path.as_str()),
                || self.layout.file(content),
            )?;
        }
        Ok(())
    }

    fn keg(&mut self, keg: &StagedKeg) -> Result<(), Error> {
        let keg::Id { name, leaf } = &keg.id;
        let cellar = self.open(self.layout.cellar())?;
        let family = self.layout.cellar().join(name);
        self.make_folder(At(cellar.as_fd(), name.as_str()), &family)?;
        self.place_new(
            At(self.staging.folder(), keg.staged.as_str()),
            At(cellar.as_fd(), keg.id.to_string().as_str()),
            || self.layout.keg(name, leaf),
        )?;
        self.touched.add(&family);
        self.touched.add(&self.layout.keg(name, leaf));
        // A folder that may not be written cannot be moved, so it is sealed only here.
        keg::present(self.layout, &keg.id)
            .map_err(|source| Error::Keg { keg: keg.id.clone(), source })?;
        Ok(())
    }

    fn record(&mut self, staged: &str, place: PathBuf) -> Result<(), Error> {
        let failed = |errno: Errno| Error::Place { path: place.clone(), source: errno.into() };
        let folder = place.parent().expect("a record lies in a folder");
        self.make_folder(At(CWD, folder), folder)?;
        renameat(self.staging.folder(), staged, CWD, &place).map_err(failed)?;
        self.touched.add(folder);
        Ok(())
    }

    /// Moves to a place; what stands there already is equal and stays.
    fn place_new(
        &self,
        staged: At<'_, &str>,
        place: At<'_, &str>,
        path: impl Fn() -> PathBuf,
    ) -> Result<(), Error> {
        match to_free_name(staged, place) {
            Ok(()) | Err(Errno::EXIST | Errno::NOTEMPTY) => Ok(()),
            Err(errno) => Err(Error::Place { path: path(), source: errno.into() }),
        }
    }

    fn make_folder<P: rustix::path::Arg>(
        &mut self,
        at: At<'_, P>,
        path: &Path,
    ) -> Result<(), Error> {
        match mkdirat(at.0, at.1, OPEN_FOLDER) {
            Ok(()) => {
                self.touched.add(path.parent().expect("a made folder lies in another"));
                Ok(())
            }
            Err(Errno::EXIST) => Ok(()),
            Err(errno) => Err(Error::Place { path: path.to_owned(), source: errno.into() }),
        }
    }

    fn open(&self, path: PathBuf) -> Result<OwnedFd, Error> {
        open_folder(&path).map_err(|errno| Error::Place { path, source: errno.into() })
    }
}

#[cfg(test)]
mod tests;
