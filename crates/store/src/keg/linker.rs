//! Placing a keg's files with two threads, each folder opened once.
//!
//! Two, because creating names in one folder is serial in the kernel and a third thread brought
//! nothing; open folders, because walking paths took twice as long.

use std::{
    io,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use rustix::fd::{AsFd as _, BorrowedFd};

use super::{
    Copy, Error, Source,
    shape::{Bytes, File, Folder, Shape, join},
    share::{self, Finish, Outcome, Sharing, Sources},
};
use crate::disk::{
    KEG_FOLDER, PRIVATE_FOLDER, STORED, fchmod, futimens, mkdirat, open_folder_at, set_link_times,
    symlinkat,
};

/// What all files of one keg are placed with.
pub(super) struct Linker<'a> {
    /// For messages.
    pub(super) keg: &'a str,
    pub(super) top: BorrowedFd<'a>,
    pub(super) sources: Sources<'a>,
    pub(super) sharing: Sharing,
    pub(super) masked: bool,
}

/// Why one file could not be placed, before it is said which.
enum Failure {
    Missing(crate::Content),
    Io(io::Error),
}

impl<E: Into<io::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Io(error.into())
    }
}

/// A keg with fewer folders is not worth a second thread.
const FOLDERS_FOR_TWO: usize = 8;

impl Linker<'_> {
    /// Makes all folders, then fills and seals each; the top one stays writable for its rename.
    pub(super) fn link(&self, shape: &Shape<'_>) -> Result<(), Error> {
        for folder in &shape.folders[1..] {
            mkdirat(self.top, folder.path, PRIVATE_FOLDER)
                .map_err(|errno| self.failed(folder.path, errno.into()))?;
        }
        let next = AtomicUsize::new(0);
        let work = || -> Result<(), Error> {
            while let Some(folder) = shape.folders.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.fill(folder).inspect_err(|_| {
                    // The other thread need not go on.
                    next.store(shape.folders.len(), Ordering::Relaxed);
                })?;
            }
            Ok(())
        };
        if shape.folders.len() < FOLDERS_FOR_TWO {
            return work();
        }
        thread::scope(|scope| {
            let second = scope.spawn(work);
            let first = work();
            let second = second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            first.and(second)
        })
    }

    fn fill(&self, folder: &Folder<'_>) -> Result<(), Error> {
        let failed = |errno: rustix::io::Errno| self.failed(folder.path, errno.into());
        let path = if folder.path.is_empty() { "." } else { folder.path };
        let open = open_folder_at(self.top, path).map_err(failed)?;
        for file in &folder.files {
            self.place(open.as_fd(), file).map_err(|failure| {
                let path = join(folder.path, file.name);
                match failure {
                    Failure::Missing(content) => Error::Missing { path, content },
                    Failure::Io(source) => self.failed(&path, source),
                }
            })?;
        }
        for (name, target) in &folder.links {
            symlinkat(*target, &open, *name)
                .and_then(|()| set_link_times(&open, name))
                .map_err(|errno| self.failed(&join(folder.path, name), errno.into()))?;
        }
        futimens(&open, &STORED).map_err(failed)?;
        if folder.path.is_empty() {
            return Ok(());
        }
        fchmod(&open, KEG_FOLDER).map_err(failed)
    }

    fn place(&self, folder: BorrowedFd<'_>, file: &File<'_>) -> Result<(), Failure> {
        let finish = Finish {
            executable: file.bytes.is_executable(),
            mtime: file.bytes.mtime(),
            masked: self.masked,
        };
        let content = match &file.bytes {
            Bytes::Own(Copy { source: Source::Bytes(bytes), .. }) => {
                return Ok(share::write(folder, file.name, bytes, &finish)?);
            }
            Bytes::Own(Copy { source: Source::Patched { from, patches, .. }, .. }) => {
                let (shelf, path) = self.sources.find(from);
                let source = (shelf, path.as_str());
                let found = share::patched(source, patches, (folder, file.name), &finish)?;
                return if found { Ok(()) } else { Err(Failure::Missing(*from)) };
            }
            Bytes::Own(Copy { source: Source::Content(content), .. }) | Bytes::Shared(content) => {
                content
            }
        };
        // An empty file is never shared: a filesystem allows only so many links to one.
        if content.is_empty() {
            return Ok(share::write(folder, file.name, b"", &finish)?);
        }
        let (shelf, path) = self.sources.find(content);
        let source = (shelf, path.as_str());
        let found = match &file.bytes {
            Bytes::Own(_) => share::copy(source, folder, file.name, &finish)?,
            Bytes::Shared(_) => match self.sharing.share(source, folder, file.name, &finish)? {
                Outcome::Shared => true,
                Outcome::Missing => false,
                Outcome::CopyInstead => share::copy(source, folder, file.name, &finish)?,
            },
        };
        if found { Ok(()) } else { Err(Failure::Missing(*content)) }
    }

    fn failed(&self, path: &str, source: io::Error) -> Error {
        Error::Make { keg: self.keg.to_owned(), path: path.to_owned(), source }
    }
}
