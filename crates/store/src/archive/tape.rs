//! The decoded bytes of a stream, taken in pieces, with the bound on their number.

use super::{
    Error,
    bounds::Budget,
    inflate::{Outlet, Slab},
};

/// Size of a block of a tar archive.
pub(crate) const BLOCK_BYTES: usize = 512;

/// Reads the decoded bytes that another thread sends.
pub(crate) struct Tape {
    outlet: Outlet,
    slab: Option<Slab>,
    at: usize,
    passed: u64,
}

/// The stream ended before the bytes that were asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Short;

impl Tape {
    pub(crate) fn new(outlet: Outlet) -> Self {
        Self { outlet, slab: None, at: 0, passed: 0 }
    }

    /// What has arrived and is not yet taken; empty only at the end of the stream.
    ///
    /// The first call returns as much as fits a buffer, or the whole stream.
    pub(crate) fn ahead(&mut self) -> &[u8] {
        if self.slab.as_ref().is_none_or(|slab| slab.filled().len() == self.at) {
            let next = self.outlet.slabs.recv().ok();
            if let Some(used) = std::mem::replace(&mut self.slab, next) {
                self.passed += used.filled().len() as u64;
                // With the other side gone or all spares in place the buffer is simply freed.
                drop(self.outlet.spares.try_send(used));
            }
            self.at = 0;
        }
        self.slab.as_ref().map_or(&[], |slab| &slab.filled()[self.at..])
    }

    /// Takes up to `most` bytes; none only at the end of the stream.
    pub(crate) fn piece(&mut self, most: u64) -> &[u8] {
        let ahead = self.ahead().len();
        let take = usize::try_from(most).map_or(ahead, |most| most.min(ahead));
        let start = self.at;
        self.at += take;
        self.slab.as_ref().map_or(&[], |slab| &slab.filled()[start..start + take])
    }

    /// Takes `len` bytes as one slice, copied to `scratch` only where two buffers hold them.
    pub(crate) fn whole<'a>(
        &'a mut self,
        len: usize,
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], Short> {
        if self.ahead().len() >= len {
            return Ok(self.piece(len as u64));
        }
        scratch.clear();
        while scratch.len() < len {
            let piece = self.piece((len - scratch.len()) as u64);
            if piece.is_empty() {
                return Err(Short);
            }
            scratch.extend_from_slice(piece);
        }
        Ok(scratch)
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

    /// Checks the number of decoded bytes so far.
    pub(crate) fn check(&self, budget: &Budget) -> Result<(), Error> {
        Ok(budget.check_stream(self.passed + self.at as u64)?)
    }
}
