//! The decoded bytes of a stream, taken in pieces, with the bound on their number.

use std::sync::mpsc::Receiver;

use bytes::{Bytes, BytesMut};

use super::{Error, bounds::Budget};

/// Size of a block of a tar archive.
pub(crate) const BLOCK_BYTES: usize = 512;

/// Reads the decoded bytes that another thread sends.
pub(crate) struct Tape {
    outlet: Receiver<Bytes>,
    ahead: Bytes,
    passed: u64,
    turned: bool,
}

/// The stream ended before the bytes that were asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Short;

impl Tape {
    pub(crate) fn new(outlet: Receiver<Bytes>) -> Self {
        Self { outlet, ahead: Bytes::new(), passed: 0, turned: false }
    }

    /// What has arrived and is not yet taken; empty only at the end of the stream.
    ///
    /// The first call returns as much as fits a buffer, or the whole stream.
    pub(crate) fn ahead(&mut self) -> &[u8] {
        if self.ahead.is_empty() {
            // Dropped first: an empty rest still holds on to its buffer.
            self.ahead = Bytes::new();
            self.ahead = self.outlet.recv().unwrap_or_default();
            self.turned = true;
        }
        &self.ahead
    }

    /// Takes up to `most` bytes; none only at the end of the stream.
    pub(crate) fn piece(&mut self, most: u64) -> Bytes {
        let ahead = self.ahead().len();
        let take = usize::try_from(most).map_or(ahead, |most| most.min(ahead));
        self.passed += take as u64;
        self.ahead.split_to(take)
    }

    /// Takes `len` bytes, or all that are left; copied only where two buffers hold them.
    pub(crate) fn up_to(&mut self, len: usize) -> Bytes {
        let first = self.piece(len as u64);
        if first.len() == len || first.is_empty() {
            return first;
        }
        let mut joined = BytesMut::with_capacity(len);
        joined.extend_from_slice(&first);
        while joined.len() < len {
            let piece = self.piece((len - joined.len()) as u64);
            if piece.is_empty() {
                break;
            }
            joined.extend_from_slice(&piece);
        }
        joined.freeze()
    }

    /// Takes `len` bytes.
    pub(crate) fn whole(&mut self, len: usize) -> Result<Bytes, Short> {
        let bytes = self.up_to(len);
        if bytes.len() == len { Ok(bytes) } else { Err(Short) }
    }

    /// Passes over `len` bytes.
    pub(crate) fn skip(&mut self, mut len: u64) -> Result<(), Short> {
        while len > 0 {
            let piece = self.piece(len).len();
            if piece == 0 {
                return Err(Short);
            }
            len -= piece as u64;
        }
        Ok(())
    }

    /// Whether another buffer was begun since this was last asked.
    pub(crate) fn turned(&mut self) -> bool {
        std::mem::take(&mut self.turned)
    }

    /// Checks the number of decoded bytes so far.
    pub(crate) fn check(&self, budget: &Budget) -> Result<(), Error> {
        Ok(budget.check_stream(self.passed)?)
    }
}
