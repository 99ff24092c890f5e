//! Reads a zip archive, strictly, once all of it is here and its digest accepted.
//!
//! A zip says everything twice, in its directory and before each file. Both must agree, no byte
//! may belong to two entries, and only stored and deflated entries are read (APPNOTE 6.3.10).

use std::{
    cell::Cell,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write as _},
};

use bytes::Bytes;
use zip::{CompressionMethod, DateTime, ExtraField, ZipArchive, read::ZipFile, result::ZipError};

use super::{
    Error, Kind, Rule,
    chunks::Source,
    listing::{Admitted, Held, Listing},
    name::{self, PATH_BYTES_MAX},
    sink::{SMALL_BYTES_MAX, Sink},
};
use crate::Staging;

/// What may be read to find all entries, beside a share of the archive itself: an entry of
/// 46 bytes takes ten times as much memory.
const DIRECTORY_BYTES_FLOOR: u64 = 8 << 20;
const DIRECTORY_SHARE: u64 = 64;

const FILE_TYPE: u32 = 0o170_000;
const DIRECTORY: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;
const SYMLINK: u32 = 0o120_000;
const ANY_EXECUTE: u32 = 0o111;

/// Reads all entries of the zip archive that `source` brings.
pub(crate) fn read(
    mut source: Source,
    staging: &Staging,
    sink: &mut Sink<'_>,
    listing: &mut Listing,
) -> Result<(), Error> {
    let file = spool(&mut source, staging)?;
    let size = file.metadata().map_err(|source| Error::Spool { source })?.len();
    let allowance = Cell::new(DIRECTORY_BYTES_FLOOR.max(size / DIRECTORY_SHARE));
    let metered = Metered { file, allowance: &allowance };
    let mut archive = ZipArchive::new(metered).map_err(failed)?;
    allowance.set(u64::MAX);
    if archive.offset() != 0 {
        return Err(Error::refused("entry 1", Rule::Prefix));
    }
    archive.validate_header_consistency().map_err(failed)?;
    for position in 0..archive.len() {
        let mut file = archive.by_index(position).map_err(|error| encrypted(position, error))?;
        entry(&mut file, sink, listing)?;
    }
    Ok(())
}

/// Keeps the blob in a file without a name, until its digest is accepted.
fn spool(source: &mut Source, staging: &Staging) -> Result<File, Error> {
    let failed = |source| Error::Spool { source };
    let mut file = tempfile::tempfile_in(staging.path()).map_err(failed)?;
    while let Some(chunk) = source.chunk()? {
        file.write_all(&chunk).map_err(failed)?;
    }
    file.rewind().map_err(failed)?;
    Ok(file)
}

fn entry(
    file: &mut ZipFile<'_, Metered<'_>>,
    sink: &mut Sink<'_>,
    listing: &mut Listing,
) -> Result<(), Error> {
    let raw = file.name_raw().to_vec();
    let refused = |rule| Error::Refused { entry: name::legible_bytes(&raw), rule };
    if file.encrypted() {
        return Err(refused(Rule::Encrypted));
    }
    if !matches!(file.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
        return Err(refused(Rule::Method));
    }
    if raw.contains(&b'\\') {
        return Err(refused(Rule::Backslash));
    }
    let mode = file.unix_mode().unwrap_or(0);
    let (is_directory, mtime) = (raw.ends_with(b"/"), mtime(file));
    let path = match listing.admit(&raw)? {
        Admitted::Path(path) => path,
        Admitted::Root if is_directory => return Ok(()),
        Admitted::Root => return Err(refused(Rule::Empty)),
        Admitted::Marker | Admitted::Refused => return Ok(()),
    };
    let held = match (mode & FILE_TYPE, is_directory) {
        (0 | DIRECTORY, true) if file.size() > 0 => return Err(refused(Rule::Contents)),
        (0 | DIRECTORY, true) => Held::Kind(Kind::Directory),
        (0 | REGULAR, false) => {
            listing.budget.take_bytes(file.size())?;
            contents(file, sink, mode & ANY_EXECUTE != 0)?
        }
        (SYMLINK, false) => {
            let mut target = Vec::new();
            file.take(PATH_BYTES_MAX as u64 + 1)
                .read_to_end(&mut target)
                .map_err(|error| failed(error.into()))?;
            match name::target(&target) {
                Ok(target) => Held::Kind(Kind::Symlink(target)),
                Err(rule) => return listing.refuse(path, rule),
            }
        }
        (REGULAR | DIRECTORY | SYMLINK, _) => return Err(refused(Rule::Slash)),
        _ => return listing.refuse(path, Rule::Device),
    };
    listing.insert(path, held, mtime);
    Ok(())
}

fn contents(
    file: &mut ZipFile<'_, Metered<'_>>,
    sink: &mut Sink<'_>,
    executable: bool,
) -> Result<Held, Error> {
    let size = file.size();
    // One byte more than was said, so that a longer file shows.
    let mut reader = file.take(size.saturating_add(1));
    let mut piece = || {
        let mut bytes = Vec::new();
        let read = Read::by_ref(&mut reader).take(SMALL_BYTES_MAX).read_to_end(&mut bytes);
        read.map(|_| Bytes::from(bytes)).map_err(|error| failed(error.into()))
    };
    let mut bytes = piece()?;
    if size < SMALL_BYTES_MAX {
        check_size(size, bytes.len() as u64)?;
        return Ok(Held::File(sink.small(bytes, executable)?));
    }
    let mut large = sink.large(executable)?;
    let mut taken = 0;
    while !bytes.is_empty() {
        taken += bytes.len() as u64;
        large.write(bytes)?;
        bytes = piece()?;
    }
    check_size(size, taken)?;
    Ok(Held::File(large.finish()?))
}

fn check_size(said: u64, found: u64) -> Result<(), Error> {
    if said == found {
        return Ok(());
    }
    Err(failed(ZipError::InvalidArchive("a file has another size than the directory says".into())))
}

/// Seconds since 1970: the extended timestamp, else the DOS time taken for UTC.
fn mtime(file: &ZipFile<'_, Metered<'_>>) -> i64 {
    let extended = file.extra_data_fields().find_map(|field| match field {
        ExtraField::ExtendedTimestamp(times) => times.mod_time(),
        _ => None,
    });
    extended.map(i64::from).or_else(|| file.last_modified().map(|time| seconds(&time))).unwrap_or(0)
}

fn seconds(time: &DateTime) -> i64 {
    let (year, month) = (i64::from(time.year()), i64::from(time.month()));
    // Years that begin in March put the leap day last (Hinnant, days_from_civil).
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(time.day()) - 1;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468;
    let (hour, minute) = (i64::from(time.hour()), i64::from(time.minute()));
    ((days * 24 + hour) * 60 + minute) * 60 + i64::from(time.second())
}

fn encrypted(position: usize, error: ZipError) -> Error {
    let place = format!("entry {}", position + 1);
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
            Error::refused(&place, Rule::Encrypted)
        }
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => {
            Error::refused(&place, Rule::Method)
        }
        error => failed(error),
    }
}

fn failed(source: ZipError) -> Error {
    Error::Zip { source }
}

/// A file of which no more may be read than is left of an allowance.
struct Metered<'a> {
    file: File,
    allowance: &'a Cell<u64>,
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        match self.allowance.get().checked_sub(read as u64) {
            Some(left) => self.allowance.set(left),
            None => return Err(io::Error::other("the zip's directory is too large for its size")),
        }
        Ok(read)
    }
}

impl Seek for Metered<'_> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}
