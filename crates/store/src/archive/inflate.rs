//! Decompresses a stream on one thread, for another thread to read.
//!
//! Decoded bytes travel in recycled buffers, one message per buffer, at most four under way: a
//! message per file would cost more than the files themselves. Pieces of a buffer may be held on
//! to; it goes back when the last of them is dropped.

use std::{
    io::{self, BufRead as _, Read},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
};

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use liblzma::{bufread::XzDecoder, stream::Stream};

use super::{Compression, Error, chunks::Source};

/// Size of one buffer of decoded bytes; a multiple of tar's block, and enough for small files to
/// be hashed beside each other.
pub(crate) const SLAB_BYTES: usize = 1 << 20;
const SLABS_UNDER_WAY: usize = 4;
/// As many as can be under way to the tape, in it, and from there to the disk.
const SPARES_MAX: usize = 8;
/// Windows of at most 128 MiB (`zstd --long=27`), the most that the tool itself takes unasked.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;
/// `xz -9` needs 65 MiB to decompress, a dictionary of 128 MiB some 129.
const XZ_MEMORY_BYTES_MAX: u64 = 192 << 20;

/// A buffer of decoded bytes.
struct Slab {
    bytes: Box<[u8]>,
    len: usize,
    home: SyncSender<Box<[u8]>>,
}

impl AsRef<[u8]> for Slab {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        // With the other side gone or enough spares there the buffer is simply freed.
        drop(self.home.try_send(std::mem::take(&mut self.bytes)));
    }
}

/// The end of the pipe that decoded bytes go into.
pub(crate) struct Inlet {
    slabs: SyncSender<Bytes>,
    spares: Receiver<Box<[u8]>>,
    home: SyncSender<Box<[u8]>>,
}

/// A pipe for decoded bytes.
pub(crate) fn pipe() -> (Inlet, Receiver<Bytes>) {
    let (slabs, outlet) = sync_channel(SLABS_UNDER_WAY);
    let (home, spares) = sync_channel(SPARES_MAX);
    (Inlet { slabs, spares, home }, outlet)
}

impl Inlet {
    fn slab(&self) -> Slab {
        let spare = self.spares.try_recv();
        let bytes = spare.unwrap_or_else(|_| vec![0; SLAB_BYTES].into());
        Slab { bytes, len: 0, home: self.home.clone() }
    }
}

/// Decompresses all of `source` into `inlet`, and returns when the source's verdict is known.
pub(crate) fn inflate(
    source: &mut Source,
    compression: Compression,
    inlet: Inlet,
) -> Result<(), Error> {
    let outcome = match open(source, compression) {
        Ok(decoder) => pump(decoder, inlet),
        Err(error) => Err(error),
    };
    if let Some(failure) = source.take_failure() {
        return Err(failure);
    }
    match outcome {
        Ok(Flow::Ended) if source.chunk()?.is_some() => Err(Error::Trailing { compression }),
        Ok(Flow::Ended) => Ok(()),
        Ok(Flow::Stopped) => source.drain(),
        Err(error) => {
            source.drain()?;
            Err(Error::Decompress { compression, source: error })
        }
    }
}

fn open(source: &mut Source, compression: Compression) -> io::Result<Box<dyn Read + '_>> {
    Ok(match compression {
        Compression::None => Box::new(source),
        Compression::Gzip => Box::new(GzipMembers { member: Some(GzDecoder::new(source)) }),
        Compression::Zstd => {
            let mut decoder = zstd::Decoder::with_buffer(source)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            Box::new(decoder)
        }
        Compression::Xz => {
            let stream =
                Stream::new_stream_decoder(XZ_MEMORY_BYTES_MAX, liblzma::stream::CONCATENATED)?;
            Box::new(XzDecoder::new_stream(source, stream))
        }
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(source)),
    })
}

enum Flow {
    /// The stream's end was reached.
    Ended,
    /// Nobody reads the outlet any more.
    Stopped,
}

fn pump(mut decoder: Box<dyn Read + '_>, inlet: Inlet) -> io::Result<Flow> {
    loop {
        let mut slab = inlet.slab();
        while slab.len < SLAB_BYTES {
            match decoder.read(&mut slab.bytes[slab.len..]) {
                Ok(0) => break,
                Ok(read) => slab.len += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let last = slab.len < SLAB_BYTES;
        if slab.len > 0 && inlet.slabs.send(Bytes::from_owner(slab)).is_err() {
            return Ok(Flow::Stopped);
        }
        if last {
            return Ok(Flow::Ended);
        }
    }
}

/// All members of a gzip stream; zeros that pad a tape's last block may follow the last one.
struct GzipMembers<'a> {
    member: Option<GzDecoder<&'a mut Source>>,
}

impl Read for GzipMembers<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            self.member = match self.member.take() {
                Some(member) => next_member(member.into_inner())?,
                None => None,
            };
        }
        Ok(0)
    }
}

fn next_member(source: &mut Source) -> io::Result<Option<GzDecoder<&mut Source>>> {
    let mut padded = false;
    loop {
        let bytes = source.fill_buf()?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if bytes.iter().any(|byte| *byte != 0) {
            let reason = "data follow the zeros after the last gzip member";
            return if padded {
                Err(io::Error::new(io::ErrorKind::InvalidData, reason))
            } else {
                Ok(Some(GzDecoder::new(source)))
            };
        }
        padded = true;
        let zeros = bytes.len();
        source.consume(zeros);
    }
}
