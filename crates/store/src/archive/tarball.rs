//! Reads a tar archive, block by block, into a listing.
//!
//! Only what every common reader reads alike is accepted: ustar, PAX and GNU long names
//! (POSIX.1-2024, pax; GNU tar manual, "Basic Tar Format").

use super::{
    Error, Kind, Rule,
    header::Header,
    listing::{Admitted, Held, Listing},
    name,
    pax::{self, Pax},
    plan::Dropped,
    sink::{SMALL_BYTES_MAX, Sink},
    tape::{BLOCK_BYTES, Short, Tape},
};

/// Largest PAX or GNU header; Go's and GNU's readers take no more either.
const EXTENSION_BYTES_MAX: u64 = 1 << 20;
/// Largest size that the octal field of a header holds.
const OCTAL_SIZE_MAX: u64 = 0o777_7777_7777;
const SETUID: u32 = 0o4000;
const SETGID: u32 = 0o2000;
const ANY_EXECUTE: u32 = 0o111;

/// Reads all entries of the archive on `tape`, up to and including what follows its end.
pub(crate) fn read(
    tape: &mut Tape,
    sink: &mut Sink<'_>,
    listing: &mut Listing,
) -> Result<(), Error> {
    Reader { tape, sink, listing, extensions: Extensions::default() }.read()
}

struct Reader<'a, 's> {
    tape: &'a mut Tape,
    sink: &'a mut Sink<'s>,
    listing: &'a mut Listing,
    extensions: Extensions,
}

/// The headers that stand before an entry and speak of it.
#[derive(Default)]
struct Extensions {
    pax: Option<Pax>,
    gnu_name: Option<Vec<u8>>,
    gnu_link: Option<Vec<u8>>,
}

/// A header together with what its extensions say.
struct Member<'a> {
    flag: u8,
    name: &'a [u8],
    link: Vec<u8>,
    size: u64,
    mode: u32,
    mtime: i64,
    capability: bool,
}

impl Reader<'_, '_> {
    fn read(mut self) -> Result<(), Error> {
        // A missing end marker is accepted: the blob's digest covers truncation.
        while let Some(block) = self.block()? {
            if block.iter().all(|byte| *byte == 0) {
                self.end()?;
                break;
            }
            let header = Header::read(&block).map_err(|rule| self.refused(rule))?;
            match header.flag() {
                b'x' => self.pax(&header)?,
                b'g' => self.global(&header)?,
                b'L' | b'K' => self.gnu(&header)?,
                _ => self.member(&header)?,
            }
            self.tape.check(&self.listing.budget)?;
            if self.tape.turned() {
                self.sink.flush()?;
            }
        }
        let Extensions { pax, gnu_name, gnu_link } = &self.extensions;
        if pax.is_some() || gnu_name.is_some() || gnu_link.is_some() {
            return Err(self.refused(Rule::Dangling));
        }
        Ok(())
    }

    /// The next header block; `None` at the end of the stream.
    fn block(&mut self) -> Result<Option<[u8; BLOCK_BYTES]>, Error> {
        if self.tape.ahead().is_empty() {
            return Ok(None);
        }
        let bytes = self.tape.up_to(BLOCK_BYTES);
        match bytes.first_chunk() {
            Some(block) => Ok(Some(*block)),
            // A last block that is cut short may only be padding.
            None if bytes.iter().all(|byte| *byte == 0) => Ok(Some([0; BLOCK_BYTES])),
            None => Err(self.truncated()),
        }
    }

    /// Checks that nothing but zeros follows the end marker.
    fn end(&mut self) -> Result<(), Error> {
        loop {
            let piece = self.tape.piece(u64::MAX);
            if piece.is_empty() {
                return Ok(());
            }
            if piece.iter().any(|byte| *byte != 0) {
                return Err(self.refused(Rule::AfterEnd));
            }
            self.tape.check(&self.listing.budget)?;
        }
    }

    fn pax(&mut self, header: &Header<'_>) -> Result<(), Error> {
        let bytes = self.extension(header)?;
        let pax = Pax::read(&bytes).map_err(|rule| self.refused(rule))?;
        set(&mut self.extensions.pax, pax).map_err(|rule| self.refused(rule))
    }

    fn global(&mut self, header: &Header<'_>) -> Result<(), Error> {
        let bytes = self.extension(header)?;
        pax::check_global(&bytes).map_err(|rule| self.refused(rule))
    }

    fn gnu(&mut self, header: &Header<'_>) -> Result<(), Error> {
        let mut bytes = self.extension(header)?;
        // Any other NUL is a control character like the rest of them.
        if bytes.pop() != Some(0) {
            return Err(self.refused(Rule::Gnu));
        }
        let slot = match header.flag() {
            b'L' => &mut self.extensions.gnu_name,
            _ => &mut self.extensions.gnu_link,
        };
        set(slot, bytes).map_err(|rule| self.refused(rule))
    }

    fn extension(&mut self, header: &Header<'_>) -> Result<Vec<u8>, Error> {
        let size = header.size().map_err(|rule| self.refused(rule))?;
        if size > EXTENSION_BYTES_MAX {
            return Err(self.refused(Rule::Extension));
        }
        let bytes = match self.tape.whole(size as usize) {
            Ok(bytes) => bytes.to_vec(),
            Err(Short) => return Err(self.truncated()),
        };
        self.padding(size).map_err(|Short| self.truncated())?;
        Ok(bytes)
    }

    fn member(&mut self, header: &Header<'_>) -> Result<(), Error> {
        let extensions = std::mem::take(&mut self.extensions);
        let own_name = header.name();
        let pax_name = extensions.pax.as_ref().and_then(|pax| pax.path.as_deref());
        let name = pax_name.or(extensions.gnu_name.as_deref()).unwrap_or(&own_name);
        let member = Member::read(header, &extensions, name)
            .map_err(|rule| Error::Refused { entry: name::legible_bytes(name), rule })?;
        match self.listing.admit(name)? {
            Admitted::Path(path) => self.entry(path, &member),
            Admitted::Root if member.flag == b'5' => Ok(()),
            Admitted::Root => Err(member.refused(Rule::Empty)),
            Admitted::Marker | Admitted::Refused => self.pass(&member),
        }
    }

    fn entry(&mut self, path: String, member: &Member<'_>) -> Result<(), Error> {
        let held = match member.flag {
            b'0' | 0 => self.file(&path, member)?,
            b'5' => Held::Kind(Kind::Directory),
            b'2' => match name::target(&member.link) {
                Ok(target) => Held::Kind(Kind::Symlink(target)),
                Err(rule) => return self.listing.refuse(path, rule),
            },
            b'1' => match self.listing.linked(&member.link) {
                Ok(held) => held,
                Err(rule) => return self.listing.refuse(path, rule),
            },
            b'3' | b'4' => return self.listing.refuse(path, Rule::Device),
            b'6' => return self.listing.refuse(path, Rule::Fifo),
            // How far an unknown entry reaches is unknown too.
            b'S' => return Err(member.refused(Rule::Sparse)),
            _ => return Err(member.refused(Rule::Type)),
        };
        if matches!(held, Held::File(_)) {
            self.note(&path, member);
        }
        self.listing.insert(path, held, member.mtime);
        Ok(())
    }

    fn file(&mut self, path: &str, member: &Member<'_>) -> Result<Held, Error> {
        // Unix V7 has no type for directories but a `/` at the end of their names.
        if member.name.ends_with(b"/") {
            let is_directory = member.flag == 0 && member.size == 0;
            return if is_directory {
                Ok(Held::Kind(Kind::Directory))
            } else {
                Err(member.refused(Rule::Slash))
            };
        }
        self.listing.budget.take_bytes(member.size)?;
        let executable = member.mode & ANY_EXECUTE != 0;
        let taken = if member.size <= SMALL_BYTES_MAX {
            match self.tape.whole(member.size as usize) {
                Ok(bytes) => self.sink.small(bytes, executable)?,
                Err(Short) => return Err(Error::truncated(path)),
            }
        } else {
            let mut large = self.sink.large(executable)?;
            let mut left = member.size;
            while left > 0 {
                let piece = self.tape.piece(left);
                if piece.is_empty() {
                    return Err(Error::truncated(path));
                }
                left -= piece.len() as u64;
                large.write(piece)?;
            }
            large.finish()?
        };
        self.padding(member.size).map_err(|Short| Error::truncated(path))?;
        Ok(Held::File(taken))
    }

    /// Passes over the contents of something that is not installed.
    fn pass(&mut self, member: &Member<'_>) -> Result<(), Error> {
        match member.flag {
            b'0' | 0 => {
                self.listing.budget.take_bytes(member.size)?;
                let passed = self.tape.skip(member.size).and_then(|()| self.padding(member.size));
                passed.map_err(|Short| Error::truncated(&name::legible_bytes(member.name)))
            }
            b'1'..=b'6' => Ok(()),
            b'S' => Err(member.refused(Rule::Sparse)),
            _ => Err(member.refused(Rule::Type)),
        }
    }

    fn padding(&mut self, size: u64) -> Result<(), Short> {
        self.tape.skip(size.next_multiple_of(BLOCK_BYTES as u64) - size)
    }

    fn note(&mut self, path: &str, member: &Member<'_>) {
        let dropped = [
            (member.mode & SETUID != 0, Dropped::Setuid),
            (member.mode & SETGID != 0, Dropped::Setgid),
            (member.capability, Dropped::Capability),
        ];
        for (is_dropped, what) in dropped {
            if is_dropped {
                self.listing.note(path, what);
            }
        }
    }

    fn refused(&self, rule: Rule) -> Error {
        Error::refused(&self.place(), rule)
    }

    fn truncated(&self) -> Error {
        Error::truncated(&self.place())
    }

    /// Where in the archive the reader stands, for what has no name.
    fn place(&self) -> String {
        format!("entry {}", self.listing.count() + 1)
    }
}

impl<'a> Member<'a> {
    fn read(header: &Header<'_>, extensions: &Extensions, name: &'a [u8]) -> Result<Self, Rule> {
        let Extensions { pax, gnu_name, gnu_link } = extensions;
        let pax = pax.as_ref();
        let pax_link = pax.and_then(|pax| pax.link.as_ref());
        if pax.is_some_and(|pax| pax.path.is_some()) && gnu_name.is_some()
            || pax_link.is_some() && gnu_link.is_some()
        {
            return Err(Rule::PaxAndGnu);
        }
        let own_size = header.size()?;
        let size = match pax.and_then(|pax| pax.size) {
            Some(size) if size != own_size && size <= OCTAL_SIZE_MAX => return Err(Rule::PaxSize),
            size => size.unwrap_or(own_size),
        };
        let flag = header.flag();
        // Readers do not agree whether such contents are there.
        if size > 0 && matches!(flag, b'1'..=b'6') {
            return Err(Rule::Contents);
        }
        Ok(Self {
            flag,
            name,
            link: pax_link.or(gnu_link.as_ref()).map_or_else(|| header.link().to_vec(), Vec::clone),
            size,
            mode: header.mode()?,
            mtime: pax.and_then(|pax| pax.mtime).map_or_else(|| header.mtime(), Ok)?,
            capability: pax.is_some_and(|pax| pax.capability),
        })
    }

    fn refused(&self, rule: Rule) -> Error {
        Error::Refused { entry: name::legible_bytes(self.name), rule }
    }
}

fn set<T>(slot: &mut Option<T>, value: T) -> Result<(), Rule> {
    if slot.replace(value).is_some() { Err(Rule::PaxTwice) } else { Ok(()) }
}
