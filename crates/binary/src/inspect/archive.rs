//! Archives of objects, as `ar` makes them.

/// An `ar` archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Archive {
    /// Whether it only names files that lie elsewhere.
    pub is_thin: bool,
}

pub(super) const MAGIC: &[u8; 8] = b"!<arch>\n";
const THIN_MAGIC: &[u8; 8] = b"!<thin>\n";
const HEADER_BYTES: usize = 60;

pub(super) fn read(bytes: &[u8]) -> Option<Archive> {
    match bytes.first_chunk()? {
        MAGIC => Some(Archive { is_thin: false }),
        THIN_MAGIC => Some(Archive { is_thin: true }),
        _ => None,
    }
}

/// The members of an archive, each with where it begins; ends at the first that is malformed.
pub(crate) fn members(bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let mut at = MAGIC.len();
    std::iter::from_fn(move || {
        let header = bytes.get(at..)?.get(..HEADER_BYTES)?;
        let size = std::str::from_utf8(&header[48..58]).ok()?.trim_end();
        let size: usize = size.parse().ok()?;
        let start = at + HEADER_BYTES;
        let member = bytes.get(start..)?.get(..size)?;
        // Members begin at even places.
        at = start + size + size % 2;
        Some((start as u64, member))
    })
}
