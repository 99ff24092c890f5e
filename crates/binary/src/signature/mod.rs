//! The ad-hoc code signature of a Mach-O file: the hashes of pages that edits change.
//!
//! macOS kills a program whose pages do not hash as its signature says. An ad-hoc signature is
//! nothing but hashes, so those of the edited pages are made anew; its flags, among them the one
//! that says that a linker made it, stay as they are. What somebody signed stays refused.

use std::{
    collections::BTreeSet,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
};

use sha2::{Digest as _, Sha256, Sha384};

use crate::{inspect::macho, placeholder::PLACEHOLDER, rewrite::Edit};

/// A code signature cannot be made anew.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("it cannot be read")]
    Read(#[from] io::Error),
    /// The file is not what its first bytes promise.
    #[error("the file breaks its format")]
    Format(#[from] macho::Error),
    /// The signature breaks its format.
    #[error("its {what} cannot be made sense of")]
    Malformed {
        /// The part that is wrong.
        what: &'static str,
    },
    /// The signature is somebody's.
    #[error("somebody signed it; sign it ad hoc with `codesign --force --sign -`")]
    Signed,
    /// The hashes are of a kind that is not made any more.
    #[error("its hashes are of kind {kind}; sign it anew for macOS 10.12 or later")]
    Hash {
        /// The kind's number.
        kind: u8,
    },
    /// The placeholder stands where the signature does.
    #[error("the placeholder stands in the signature itself, at byte {offset}")]
    Inside {
        /// The place.
        offset: u64,
    },
}

/// Kinds of blobs in a signature, and the flag of an ad-hoc one (`cs_blobs.h` of XNU).
const SUPER_BLOB: u32 = 0xfade_0cc0;
const CODE_DIRECTORY: u32 = 0xfade_0c02;
const CMS_SIGNATURE: u32 = 0xfade_0b01;
const AD_HOC: u32 = 0x2;
/// Versions of the code directory from which on it has fields that matter here.
const HAS_SCATTER: u32 = 0x2_0100;
const HAS_LIMIT_64: u32 = 0x2_0300;
/// More than any signature has: one directory for each kind of hash.
const BLOBS_MAX: u32 = 64;
/// A page is a power of two: 4 KiB or 16 KiB in practice.
const PAGE_BITS: Range<u8> = 9..25;
const SIGNATURE_BYTES_MAX: u64 = 256 << 20;

/// The edits that make the signatures of a file true again after `edits`, which keep its length.
pub(crate) fn mend(file: &mut (impl Read + Seek), edits: &[Edit]) -> Result<Vec<Edit>, Error> {
    let mut mended = Vec::new();
    for slice in macho::slices(file)? {
        if macho::is_archive(file, &slice)? {
            continue;
        }
        let Some(place) = macho::read(file, &slice)?.signature else { continue };
        let start = slice.start + place.start;
        let of_slice: Vec<&Edit> = edits.iter().filter(|edit| slice.contains(&edit.at)).collect();
        if of_slice.is_empty() {
            continue;
        }
        let signature = bytes(file, start, place.end - place.start)?;
        if let Some(edit) = of_slice.iter().find(|edit| edit.at + edit.over > start) {
            return Err(Error::Inside { offset: edit.at });
        }
        for directory in directories(&signature)? {
            let pages = directory.pages(&of_slice, slice.start);
            for page in pages {
                let range = directory.range(page);
                let mut page_bytes =
                    bytes(file, slice.start + range.start, range.end - range.start)?;
                lay_over(&mut page_bytes, slice.start + range.start, &of_slice);
                let with = directory.hash(&page_bytes);
                let at = start + directory.slot(page);
                mended.push(Edit { at, over: with.len() as u64, with });
            }
        }
    }
    Ok(mended)
}

/// Refuses a signature that cannot be made anew, where it will have to be.
pub(crate) fn check(bytes: &[u8]) -> Result<(), Error> {
    let with = PLACEHOLDER.as_bytes();
    let places = memchr::memmem::find_iter(bytes, with);
    let same = |at| Edit { at: at as u64, over: with.len() as u64, with: with.to_vec() };
    mend(&mut io::Cursor::new(bytes), &places.map(same).collect::<Vec<_>>()).map(drop)
}

/// The code directories of a signature: one for each kind of hash.
fn directories(signature: &[u8]) -> Result<Vec<CodeDirectory>, Error> {
    let malformed = Error::Malformed { what: "signature" };
    let (Some(SUPER_BLOB), Some(count)) = (word(signature, 0), word(signature, 8)) else {
        return Err(malformed);
    };
    if count > BLOBS_MAX {
        return Err(malformed);
    }
    let mut directories = Vec::new();
    for index in 0..count as usize {
        let at = word(signature, 12 + index * 8 + 4).ok_or(Error::Malformed { what: "index" })?;
        let (Some(magic), Some(length)) =
            (word(signature, at as usize), word(signature, at as usize + 4))
        else {
            return Err(Error::Malformed { what: "index" });
        };
        match magic {
            CODE_DIRECTORY => directories.push(CodeDirectory::read(signature, at as usize)?),
            // An empty one is what `codesign` writes into an ad-hoc signature.
            CMS_SIGNATURE if length > 8 => return Err(Error::Signed),
            _ => {}
        }
    }
    Ok(directories)
}

/// The hashes of a file's pages.
struct CodeDirectory {
    /// Where the first hash stands, in the signature.
    hashes: u64,
    hash_bytes: u64,
    hash_kind: u8,
    page_bytes: u64,
    /// Up to where the file is hashed.
    limit: u64,
}

impl CodeDirectory {
    fn read(signature: &[u8], at: usize) -> Result<Self, Error> {
        let malformed = || Error::Malformed { what: "code directory" };
        let field = |position: usize| word(signature, at + position).ok_or_else(malformed);
        let byte = |position: usize| signature.get(at + position).copied().ok_or_else(malformed);
        let (version, flags) = (field(8)?, field(12)?);
        let (hash_offset, slots, limit) = (field(16)?, field(28)?, field(32)?);
        let (hash_bytes, hash_kind, page_bits) = (byte(36)?, byte(37)?, byte(39)?);
        if flags & AD_HOC == 0 {
            return Err(Error::Signed);
        }
        if version >= HAS_SCATTER && field(44)? != 0 {
            return Err(malformed());
        }
        let long = match version {
            HAS_LIMIT_64.. => (u64::from(field(56)?) << 32) | u64::from(field(60)?),
            _ => 0,
        };
        let limit = if long == 0 { u64::from(limit) } else { long };
        let is_known = matches!((hash_kind, hash_bytes), (2, 32) | (3, 20) | (4, 48));
        if !is_known {
            return Err(Error::Hash { kind: hash_kind });
        }
        if !PAGE_BITS.contains(&page_bits) {
            return Err(malformed());
        }
        let directory = Self {
            hashes: at as u64 + u64::from(hash_offset),
            hash_bytes: u64::from(hash_bytes),
            hash_kind,
            page_bytes: 1 << page_bits,
            limit,
        };
        let end = directory.hashes + u64::from(slots) * directory.hash_bytes;
        let is_whole = u64::from(slots) == limit.div_ceil(directory.page_bytes);
        if end > signature.len() as u64 || !is_whole {
            return Err(malformed());
        }
        Ok(directory)
    }

    /// The pages that edits touch; `start` is where the slice begins.
    fn pages(&self, edits: &[&Edit], start: u64) -> BTreeSet<u64> {
        let touched = edits.iter().flat_map(|edit| {
            let first = (edit.at - start) / self.page_bytes;
            let last = (edit.at + edit.over.max(1) - 1 - start) / self.page_bytes;
            first..=last
        });
        touched.filter(|page| page * self.page_bytes < self.limit).collect()
    }

    /// Where a page lies, in the slice.
    fn range(&self, page: u64) -> Range<u64> {
        let start = page * self.page_bytes;
        start..(start + self.page_bytes).min(self.limit)
    }

    /// Where a page's hash stands, in the signature.
    fn slot(&self, page: u64) -> u64 {
        self.hashes + page * self.hash_bytes
    }

    fn hash(&self, page: &[u8]) -> Vec<u8> {
        let mut hash = match self.hash_kind {
            4 => Sha384::digest(page).to_vec(),
            _ => Sha256::digest(page).to_vec(),
        };
        hash.truncate(usize::try_from(self.hash_bytes).unwrap_or(hash.len()));
        hash
    }
}

/// Writes what edits put into a page; edits of the same length only.
fn lay_over(page: &mut [u8], start: u64, edits: &[&Edit]) {
    for edit in edits {
        for (position, byte) in (edit.at..).zip(&edit.with) {
            let place = position.checked_sub(start).and_then(|place| usize::try_from(place).ok());
            if let Some(place) = place.and_then(|place| page.get_mut(place)) {
                *place = *byte;
            }
        }
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_be_bytes(*word))
}

/// Some bytes of a file; what is declared is only read as far as it is there.
fn bytes(file: &mut (impl Read + Seek), at: u64, count: u64) -> Result<Vec<u8>, Error> {
    if count > SIGNATURE_BYTES_MAX {
        return Err(Error::Malformed { what: "size" });
    }
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.by_ref().take(count).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != count {
        return Err(Error::Malformed { what: "end" });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
