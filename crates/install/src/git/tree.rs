//! A tree as the bytes of its canonical archive, piece by piece.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{ChildStdout, Stdio},
    thread,
};

use build::archive::{self, Member};
use bytes::Bytes;

use super::{
    Error,
    listing::{Blob, Entry, Kind, legible},
    program::{Program, Running},
};

/// Size of the pieces, in bytes.
const PIECE_BYTES: usize = 256 << 10;
/// The time of everything in the archive, in seconds since 1970: 1980-01-02T00:00:00Z.
const TIME: u64 = 315_619_200;
/// Longest line that `git` puts before an object.
const LINE_BYTES_MAX: u64 = 512;
/// Longest target of a link that is read; the decoder takes no longer one either.
const TARGET_BYTES_MAX: u64 = 1024;
/// Pointers of git LFS are shorter than this, and begin so.
const POINTER_BYTES_MAX: u64 = 1024;
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

/// The tree of a commit, read out of its repository.
pub(crate) struct Tree {
    entries: std::vec::IntoIter<Entry>,
    objects: BufReader<ChildStdout>,
    /// Bytes of the file under way that are still to come.
    left: u64,
    padding: usize,
    is_done: bool,
    pointers: Vec<String>,
    /// Ended before its repository goes.
    running: Running,
    program: Program,
}

impl Tree {
    /// Begins to read the objects of `entries`.
    pub(super) fn open(program: Program, entries: Vec<Entry>) -> Result<Self, Error> {
        let words = ["cat-file", "--batch", "--buffer"];
        let mut running = program.answering(&words, Stdio::piped())?;
        let names = entries.iter().filter_map(Entry::blob);
        let names: Vec<String> = names.map(|blob| format!("{}\n", blob.name)).collect();
        let (Some(mut input), Some(answer)) = (running.input(), running.answer()) else {
            let source = std::io::ErrorKind::BrokenPipe.into();
            return Err(Error::Run { source });
        };
        // On a thread of its own: neither side waits for the other to read.
        let asking = move || {
            // Ends early only where the other side did, which says why.
            let _ = names.iter().try_for_each(|name| input.write_all(name.as_bytes())).is_ok();
        };
        let builder = thread::Builder::new().name("git".to_owned());
        builder.spawn(asking).map_err(|source| Error::Run { source })?;
        Ok(Self {
            entries: entries.into_iter(),
            objects: BufReader::with_capacity(PIECE_BYTES, answer),
            left: 0,
            padding: 0,
            is_done: false,
            pointers: Vec::new(),
            running,
            program,
        })
    }

    /// Files read so far that only say where git LFS has their contents.
    pub(crate) fn pointers(&self) -> &[String] {
        &self.pointers
    }

    /// The day of the commit that the tree is of.
    pub(super) fn day(&self, commit: &str) -> Option<String> {
        self.program.day(commit)
    }

    /// The next bytes of the archive; `None` at its end.
    pub(crate) fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        while piece.len() < PIECE_BYTES && !self.is_done {
            if self.left > 0 {
                self.contents(&mut piece)?;
            } else if let Some(entry) = self.entries.next() {
                self.begin(entry, &mut piece)?;
            } else {
                piece.extend(archive::END);
                self.is_done = true;
            }
        }
        Ok((!piece.is_empty()).then(|| Bytes::from(piece)))
    }

    fn begin(&mut self, entry: Entry, piece: &mut Vec<u8>) -> Result<(), Error> {
        let Entry { path, kind } = entry;
        if let Kind::File { blob, .. } | Kind::Link { blob } = &kind {
            self.object(blob)?;
        }
        let kind = match kind {
            Kind::Folder => archive::Kind::Folder,
            Kind::Link { blob } => archive::Kind::Link(self.target(&path, &blob)?),
            Kind::File { executable, blob } => {
                self.left = blob.size;
                archive::Kind::File { size: blob.size, executable }
            }
        };
        let member = Member { path, kind, mtime: TIME };
        piece.extend(member.header());
        if let archive::Kind::File { size, .. } = member.kind {
            self.padding = archive::padding(size);
            if size == 0 {
                self.end_object()?;
            } else if size < POINTER_BYTES_MAX {
                self.notice(&member.path)?;
            }
        }
        Ok(())
    }

    fn target(&mut self, path: &str, blob: &Blob) -> Result<String, Error> {
        let refused = |rule| Error::Refused { path: legible(path.as_bytes()), rule };
        if blob.size > TARGET_BYTES_MAX {
            return Err(refused("its target is too long"));
        }
        let mut target = vec![0; blob.size as usize];
        self.objects.read_exact(&mut target).map_err(|_| self.broken())?;
        self.end_object()?;
        String::from_utf8(target).map_err(|_| refused("its target is not UTF-8"))
    }

    /// Reads the line before an object and compares it with what was listed.
    fn object(&mut self, blob: &Blob) -> Result<(), Error> {
        let Blob { name, size } = blob;
        let mut line = String::new();
        let read = (&mut self.objects).take(LINE_BYTES_MAX).read_line(&mut line);
        match read {
            Ok(_) if line == format!("{name} blob {size}\n") => Ok(()),
            _ => Err(self.broken()),
        }
    }

    fn contents(&mut self, piece: &mut Vec<u8>) -> Result<(), Error> {
        let room = self.left.min((PIECE_BYTES - piece.len()) as u64);
        let read = (&mut self.objects).take(room).read_to_end(piece);
        match read {
            Ok(read @ 1..) => self.left -= read as u64,
            _ => return Err(self.broken()),
        }
        if self.left == 0 {
            self.end_object()?;
            piece.resize(piece.len() + self.padding, 0);
        }
        Ok(())
    }

    fn end_object(&mut self) -> Result<(), Error> {
        let mut end = [0];
        match self.objects.read_exact(&mut end) {
            Ok(()) if end == *b"\n" => Ok(()),
            _ => Err(self.broken()),
        }
    }

    /// Takes note of a file that is only a pointer, by its first bytes.
    fn notice(&mut self, path: &str) -> Result<(), Error> {
        // What is buffered may be less than the whole: then nothing is noticed.
        let ahead = self.objects.fill_buf().map_err(|source| Error::Run { source })?;
        if self.left > POINTER.len() as u64 && ahead.starts_with(POINTER) {
            self.pointers.push(path.to_owned());
        }
        Ok(())
    }

    fn broken(&self) -> Error {
        Error::Said { step: "read the tree", said: self.running.said() }
    }
}
