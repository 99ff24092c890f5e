//! Where a text stands in a file, read once in pieces and never held whole.

use std::io::{self, Read};

use memchr::memmem::Finder;

use crate::{
    kind::{HEAD_BYTES, Kind, TextCheck},
    placeholder::PLACEHOLDER,
};

const CHUNK_BYTES: usize = 256 << 10;

/// What a file is, and where the placeholder stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What the file is.
    pub kind: Kind,
    /// Where the placeholder begins, ascending; none where the file works under any root.
    pub offsets: Vec<u64>,
}

/// Looks for the placeholder in a file.
pub fn find(file: impl Read) -> io::Result<Found> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    let mut text = TextCheck::default();
    let offsets = scan(file, PLACEHOLDER.as_bytes(), &mut |chunk| {
        let missing = HEAD_BYTES - head.len();
        head.extend(chunk.iter().take(missing));
        text.feed(chunk);
    })?;
    let all = || if text.is_text() { Kind::Text } else { Kind::Binary };
    Ok(Found { kind: Kind::of_head(&head).unwrap_or_else(all), offsets })
}

/// Where a text begins in what a reader gives, ascending and without overlaps.
pub fn occurrences(reader: impl Read, needle: &[u8]) -> io::Result<Vec<u64>> {
    scan(reader, needle, &mut |_| {})
}

fn scan(mut reader: impl Read, needle: &[u8], see: &mut dyn FnMut(&[u8])) -> io::Result<Vec<u64>> {
    let mut offsets = Vec::new();
    let mut scanner = Scanner::new(needle);
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        let count = match reader.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            count => count?,
        };
        if count == 0 {
            return Ok(offsets);
        }
        see(&buffer[..count]);
        scanner.feed(&buffer[..count], &mut |offset| offsets.push(offset));
    }
}

/// Looks for a text in pieces that follow one another.
pub struct Scanner<'a> {
    finder: Finder<'a>,
    /// What may be the beginning of the text, then the piece that came last.
    window: Vec<u8>,
    /// Where the window begins.
    start: u64,
}

impl<'a> Scanner<'a> {
    /// Looks for `needle`; an empty one is nowhere.
    pub fn new(needle: &'a [u8]) -> Self {
        Self { finder: Finder::new(needle), window: Vec::new(), start: 0 }
    }

    /// Looks at the next piece, and tells where the text begins in all of them.
    pub fn feed(&mut self, piece: &[u8], found: &mut dyn FnMut(u64)) {
        let length = self.finder.needle().len();
        if length == 0 {
            return;
        }
        self.window.extend_from_slice(piece);
        let mut searched = 0;
        for position in self.finder.find_iter(&self.window) {
            found(self.start + position as u64);
            searched = position + length;
        }
        let searched = searched.max(self.window.len().saturating_sub(length - 1));
        self.window.drain(..searched);
        self.start += searched as u64;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives at most so many bytes at once.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = buffer.len().min(self.1);
            self.0.read(&mut buffer[..most])
        }
    }

    proptest! {
        #[test]
        fn what_is_found_does_not_depend_on_the_pieces(
            text in "[ab]{0,200}", needle in "[ab]{1,5}", size in 1_usize..9,
        ) {
            let whole: Vec<u64> =
                text.match_indices(&needle).map(|(position, _)| position as u64).collect();
            let pieces = occurrences(Drops(text.as_bytes(), size), needle.as_bytes()).unwrap();
            prop_assert_eq!(pieces, whole);
        }
    }

    #[test]
    fn the_placeholder_is_found_across_chunks() {
        let mut bytes = vec![b'x'; CHUNK_BYTES - 60];
        bytes.extend_from_slice(PLACEHOLDER.as_bytes());
        bytes.extend_from_slice(PLACEHOLDER.as_bytes());
        let at = CHUNK_BYTES as u64 - 60;
        let found = find(&bytes[..]).unwrap();
        assert_eq!(found, Found { kind: Kind::Text, offsets: vec![at, at + 128] });
        bytes.push(0);
        assert_eq!(find(&bytes[..]).unwrap().kind, Kind::Binary);
    }
}
