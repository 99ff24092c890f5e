//! Frames from the network, joined to chunks worth handing from thread to thread.

use bytes::{Bytes, BytesMut};

/// Bytes of a chunk; the last one, and those before a break, may have fewer.
pub(crate) const CHUNK_BYTES: usize = 256 << 10;

/// Joins frames; a frame that is large already passes without a copy.
#[derive(Default)]
pub(crate) struct Coalescer(BytesMut);

impl Coalescer {
    /// Takes from the front of `frame` and gives a chunk as soon as there is one.
    ///
    /// To be called until the frame is empty.
    pub(crate) fn feed(&mut self, frame: &mut Bytes) -> Option<Bytes> {
        if self.0.is_empty() && frame.len() >= CHUNK_BYTES / 2 {
            return Some(frame.split_to(frame.len().min(CHUNK_BYTES)));
        }
        if self.0.capacity() == 0 {
            self.0.reserve(CHUNK_BYTES);
        }
        let room = CHUNK_BYTES - self.0.len();
        self.0.extend_from_slice(&frame.split_to(frame.len().min(room)));
        if self.0.len() == CHUNK_BYTES { self.rest() } else { None }
    }

    /// What is left, if anything.
    pub(crate) fn rest(&mut self) -> Option<Bytes> {
        let rest = std::mem::take(&mut self.0);
        (!rest.is_empty()).then(|| rest.freeze())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn chunks_are_the_frames_joined(sizes in prop::collection::vec(0..600_000_usize, 0..8)) {
            let whole: Vec<u8> = (0..=250).cycle().take(sizes.iter().sum()).collect();
            let mut left = Bytes::from(whole.clone());
            let mut coalescer = Coalescer::default();
            let mut chunks = Vec::new();
            for size in sizes {
                let mut frame = left.split_to(size);
                while !frame.is_empty() {
                    chunks.extend(coalescer.feed(&mut frame));
                }
            }
            chunks.extend(coalescer.rest());
            prop_assert!(chunks.iter().all(|chunk| (1..=CHUNK_BYTES).contains(&chunk.len())));
            prop_assert!(chunks.concat() == whole);
        }
    }

    #[test]
    fn small_frames_fill_whole_chunks() {
        let mut coalescer = Coalescer::default();
        let mut sizes = Vec::new();
        for _ in 0..40 {
            let mut frame = Bytes::from(vec![0; 16 << 10]);
            while !frame.is_empty() {
                sizes.extend(coalescer.feed(&mut frame).map(|chunk| chunk.len()));
            }
        }
        assert_eq!(sizes, [CHUNK_BYTES, CHUNK_BYTES]);
        assert_eq!(coalescer.rest().map(|rest| rest.len()), Some(128 << 10));
    }
}
