//! Sorted lines in a part of a file: looked up by halving, or read through in order.
//!
//! Everything is read at an offset, so that many readers share one file; nothing is mapped.

use std::{fs::File, io, os::unix::fs::FileExt as _};

/// Bytes that are read to look at one line, and to go through all.
const PEEK_BYTES: u64 = 512;
const CHUNK_BYTES: usize = 256 << 10;
/// From so few bytes on, reading in order is faster than halving.
const LINEAR_BYTES: u64 = 4096;

/// A part of a file that holds lines, sorted by what stands before their first tab.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines<'a> {
    pub(crate) file: &'a File,
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl Lines<'_> {
    /// Where the first line begins whose key is not before `key`; the end where there is none.
    pub(crate) fn lower_bound(&self, key: &[u8]) -> io::Result<u64> {
        // Lines that begin before `low` come before the key; of those from `high` on none is the first.
        let (mut low, mut high) = (self.start, self.end);
        while high - low > LINEAR_BYTES {
            let middle = low + (high - low) / 2;
            let Some(begin) = self.next_line(middle)?.filter(|begin| *begin < high) else {
                high = middle;
                continue;
            };
            if self.key_is_before(begin, key)? { low = begin } else { high = middle }
        }
        let mut found = self.end;
        self.each_from(low, &mut |at, line| {
            let is_before = key_of(line) < key;
            if !is_before {
                found = at;
            }
            is_before
        })?;
        Ok(found)
    }

    /// Goes through all lines from `offset`, where one begins, until `on` says false.
    pub(crate) fn each_from(
        &self,
        offset: u64,
        on: &mut dyn FnMut(u64, &[u8]) -> bool,
    ) -> io::Result<()> {
        // A lookup mostly wants the first few lines, so the first bite is a small one.
        self.chunks(offset, LINEAR_BYTES as usize, &mut |mut at, lines| {
            for line in lines.split_inclusive(|byte| *byte == b'\n') {
                if !on(at, line.strip_suffix(b"\n").unwrap_or(line)) {
                    return false;
                }
                at += line.len() as u64;
            }
            true
        })
    }

    /// Goes through whole lines, many at a time, until `on` says false.
    pub(crate) fn each_chunk(&self, on: &mut dyn FnMut(u64, &[u8]) -> bool) -> io::Result<()> {
        self.chunks(self.start, CHUNK_BYTES, on)
    }

    fn chunks(
        &self,
        offset: u64,
        first: usize,
        on: &mut dyn FnMut(u64, &[u8]) -> bool,
    ) -> io::Result<()> {
        let mut buffer = vec![0; first];
        let (mut at, mut held) = (offset, 0);
        while at < self.end {
            let wanted = (buffer.len() - held).min(usize_of(self.end - at) - held);
            self.file.read_exact_at(&mut buffer[held..held + wanted], at + held as u64)?;
            let filled = held + wanted;
            let whole = memchr::memrchr(b'\n', &buffer[..filled]).map_or(0, |end| end + 1);
            if whole == 0 && filled < buffer.len() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if whole > 0 && !on(at, &buffer[..whole]) {
                return Ok(());
            }
            buffer.copy_within(whole..filled, 0);
            (at, held) = (at + whole as u64, filled - whole);
            // A line longer than the buffer, or a reader that wants more than a few lines.
            let grown = if whole == 0 { buffer.len() * 2 } else { CHUNK_BYTES };
            buffer.resize(grown.max(buffer.len()), 0);
        }
        Ok(())
    }

    /// Where the first line begins that does so behind `offset`.
    fn next_line(&self, offset: u64) -> io::Result<Option<u64>> {
        let mut at = offset;
        while at < self.end {
            let piece = self.piece(at)?;
            if let Some(end) = memchr::memchr(b'\n', &piece) {
                return Ok(Some(at + end as u64 + 1));
            }
            at += piece.len() as u64;
        }
        Ok(None)
    }

    fn key_is_before(&self, begin: u64, key: &[u8]) -> io::Result<bool> {
        // No key is as long as a piece.
        Ok(key_of(&self.piece(begin)?) < key)
    }

    fn piece(&self, at: u64) -> io::Result<Vec<u8>> {
        let mut piece = vec![0; usize_of(PEEK_BYTES.min(self.end - at))];
        self.file.read_exact_at(&mut piece, at)?;
        Ok(piece)
    }
}

/// What stands before the first tab.
fn key_of(line: &[u8]) -> &[u8] {
    &line[..memchr::memchr(b'\t', line).unwrap_or(line.len())]
}

fn usize_of(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn halving_finds_what_reading_through_does(
            keys in prop::collection::btree_set("[a-z]{1,6}", 0..800),
            fill in 0_usize..700,
            wanted in "[a-z]{1,6}",
        ) {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(b"front\n").unwrap();
            let mut text = String::new();
            let mut begins = Vec::new();
            for (number, key) in keys.iter().enumerate() {
                begins.push((key.clone(), 6 + text.len() as u64));
                text.push_str(&format!("{key}\t{}\n", "x".repeat((fill * number) % 701)));
            }
            file.write_all(text.as_bytes()).unwrap();
            file.write_all(b"behind\n").unwrap();
            let lines = Lines { file: &file, start: 6, end: 6 + text.len() as u64 };
            let first = keys.first().cloned();
            for wanted in std::iter::once(wanted).chain(first).chain(keys.last().cloned()) {
                let expect = begins.iter().find(|(key, _)| *key >= wanted);
                let expect = expect.map_or(lines.end, |(_, begin)| *begin);
                prop_assert_eq!(lines.lower_bound(wanted.as_bytes()).unwrap(), expect);
            }
            let mut seen = Vec::new();
            lines.each_chunk(&mut |_, chunk| { seen.extend_from_slice(chunk); true }).unwrap();
            prop_assert!(seen == text.as_bytes());
            let mut count = 0;
            lines.each_from(lines.start, &mut |at, line| {
                let is_it = begins[count].1 == at && line.starts_with(begins[count].0.as_bytes());
                count += 1;
                is_it
            }).unwrap();
            prop_assert_eq!(count, begins.len());
        }
    }
}
