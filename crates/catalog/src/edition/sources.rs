//! The formulas' texts as layers: archives by the hash of the name, in frames of their own.
//!
//! A formula stays in its layer whatever else changes, so an update brings the layers of the
//! formulas that changed and no others; and of a layer one frame is decoded to read a formula.

use std::{
    collections::BTreeMap,
    io::{self, Read as _},
};

use digest::{Digest, Sha256};
use formula::Name;

/// Most bytes that a layer holds on average, before there are sixteen times as many layers.
const LAYER_BYTES: usize = 256 << 10;
/// Most digits of a name's hash by which layers are told apart: whoever adds the tap asks for
/// each layer once, and 256 requests are enough.
const DIGITS_MAX: usize = 2;
/// Bytes after which a frame ends.
const FRAME_BYTES: usize = 64 << 10;
/// How hard zstd tries: it is done once, and read everywhere.
pub(crate) const LEVEL: i32 = 9;

/// Largest layer as it comes and once decoded, in bytes.
pub(crate) const BYTES_MAX: u64 = 64 << 20;
const DECODED_BYTES_MAX: u64 = 256 << 20;
/// Largest text of a formula, in bytes; the parser has the same bound.
const TEXT_BYTES_MAX: u64 = 1 << 20;

/// 1980-01-02T00:00:00Z, the time of every file that pkg writes into an archive.
const MTIME: u64 = 315_619_200;

/// The name of `tap.toml` among the texts; no formula can have it.
pub(crate) const TAP: &str = "tap";

/// One layer: the digits that its names' hashes begin with, and its bytes.
pub(crate) struct Layer {
    pub(crate) digits: String,
    pub(crate) bytes: Vec<u8>,
}

/// Where a text stands in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    /// Where the frame begins in which the text does.
    pub(crate) frame: u64,
    /// Bytes of what the frame and those behind it hold before the text.
    pub(crate) skip: u64,
    /// Bytes of the text.
    pub(crate) len: u64,
}

/// Packs texts by name; the same texts give the same layers.
pub(crate) fn pack(texts: &BTreeMap<&str, &str>) -> io::Result<Vec<Layer>> {
    let total: usize = texts.values().map(|text| text.len()).sum();
    let mut digits = 0;
    while digits < DIGITS_MAX && total > LAYER_BYTES << (4 * digits) {
        digits += 1;
    }
    let mut layers: BTreeMap<String, Vec<(&str, &str)>> = BTreeMap::new();
    for (name, text) in texts {
        let hash = Sha256::of(name.as_bytes()).to_hex();
        layers.entry(hash[..digits].to_owned()).or_default().push((name, text));
    }
    let layer = |(digits, texts): (String, Vec<_>)| Ok(Layer { digits, bytes: archive(&texts)? });
    layers.into_iter().map(layer).collect()
}

fn archive(texts: &[(&str, &str)]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut ends = Vec::new();
    for (name, text) in texts {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(MTIME);
        archive.append_data(&mut header, format!("{name}.toml"), text.as_bytes())?;
        ends.push(archive.get_ref().len());
    }
    let whole = archive.into_inner()?;
    ends.pop();
    ends.push(whole.len());
    let (mut bytes, mut start) = (Vec::new(), 0);
    for end in ends {
        if end - start >= FRAME_BYTES || end == whole.len() {
            bytes.extend(zstd::bulk::compress(&whole[start..end], LEVEL)?);
            start = end;
        }
    }
    Ok(bytes)
}

/// The rule that a layer breaks.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no zstd, or no tar.
    #[error("it is no archive of formulas")]
    Archive(#[source] io::Error),
    /// It holds more than is read.
    #[error("it holds more than 256 MiB")]
    Large,
    /// It holds something else than files of formulas.
    #[error("it holds `{name}`, which is no file of a formula of at most 1 MiB")]
    Foreign {
        /// The name, shortened.
        name: String,
    },
}

/// Reads a layer: `on` gets each text by its name, with its place.
pub(crate) fn read(layer: &[u8], on: &mut dyn FnMut(&str, Spot, &[u8])) -> Result<(), Error> {
    let (whole, frames) = decode(layer)?;
    let mut archive = tar::Archive::new(&whole[..]);
    // Raw, so that an extension is an entry of a kind that is refused.
    for entry in archive.entries().map_err(Error::Archive)?.raw(true) {
        let entry = entry.map_err(Error::Archive)?;
        let path = entry.path_bytes();
        let foreign = || Error::Foreign {
            name: String::from_utf8_lossy(&path)
                .chars()
                .filter(|c| !c.is_control())
                .take(80)
                .collect(),
        };
        let stem = std::str::from_utf8(&path).ok().and_then(|path| path.strip_suffix(".toml"));
        let stem = stem.filter(|stem| Name::parse(stem).is_ok()).ok_or_else(foreign)?;
        let (start, len) = (entry.raw_file_position(), entry.header().size().unwrap_or(u64::MAX));
        if entry.header().entry_type() != tar::EntryType::Regular || len > TEXT_BYTES_MAX {
            return Err(foreign());
        }
        let text = usize::try_from(start).ok().zip(usize::try_from(start + len).ok());
        let text = text.and_then(|(start, end)| whole.get(start..end));
        let text = text.ok_or_else(|| Error::Archive(io::ErrorKind::UnexpectedEof.into()))?;
        let (raw, frame) = frames[frames.partition_point(|(raw, _)| *raw <= start) - 1];
        on(stem, Spot { frame, skip: start - raw, len }, text);
    }
    Ok(())
}

/// Where frames begin, in order: in the archive, and in the layer.
type Frames = Vec<(u64, u64)>;

/// The layer's archive, and its frames.
fn decode(layer: &[u8]) -> Result<(Vec<u8>, Frames), Error> {
    let (mut whole, mut frames) = (Vec::new(), Vec::new());
    let mut rest = layer;
    while !rest.is_empty() {
        frames.push((whole.len() as u64, (layer.len() - rest.len()) as u64));
        let decoder = zstd::stream::read::Decoder::with_buffer(rest).map_err(Error::Archive)?;
        let mut decoder = decoder.single_frame();
        let left = DECODED_BYTES_MAX - whole.len() as u64;
        let taken = (&mut decoder).take(left + 1).read_to_end(&mut whole);
        if taken.map_err(Error::Archive)? as u64 > left {
            return Err(Error::Large);
        }
        let after = decoder.finish();
        if after.len() == rest.len() {
            return Err(Error::Archive(io::ErrorKind::UnexpectedEof.into()));
        }
        rest = after;
    }
    if frames.is_empty() {
        return Err(Error::Archive(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok((whole, frames))
}

/// Reads the text at a spot from the rest of its layer, which begins with the spot's frame.
pub(crate) fn text(rest: impl io::Read, spot: Spot) -> io::Result<String> {
    let mut decoder = zstd::stream::read::Decoder::new(rest)?;
    io::copy(&mut (&mut decoder).take(spot.skip), &mut io::sink())?;
    let mut text = String::new();
    (&mut decoder).take(spot.len).read_to_string(&mut text)?;
    if text.len() as u64 == spot.len { Ok(text) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// The digest by which the index names a text.
pub(crate) fn digest(text: &[u8]) -> Digest {
    Digest::sha256(text)
}
