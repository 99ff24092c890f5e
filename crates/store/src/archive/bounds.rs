//! How much an archive may unpack to: what was declared, else what its compressed size allows.
//!
//! A ratio alone is no bound (33 KB of zstd hold 1 GiB of zeros), and neither are bytes alone
//! (1.4 MB of gzip hold 200,000 empty files), so bytes, entries, names and the decoded stream
//! each have their own.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// What is known beforehand about the size of an archive, from a source that can be trusted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The blob's size in bytes, if a pinned descriptor says it; else the bytes that came count.
    pub compressed: Option<u64>,
    /// The exact sum of the sizes of all files; a hard link adds none.
    pub bytes: Option<u64>,
    /// The exact number of entries; the root itself is none.
    pub entries: Option<u64>,
}

/// What an archive exceeds or falls short of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// The files hold more bytes than a blob of this size may.
    #[error("it unpacks to more than {limit} bytes; to hold more it must declare its size")]
    Bytes {
        /// The most bytes allowed.
        limit: u64,
    },
    /// There are more entries than a blob of this size may have.
    #[error("it has more than {limit} entries; to have more it must declare their number")]
    Entries {
        /// The most entries allowed.
        limit: u64,
    },
    /// The names are longer than any real archive's.
    #[error("its names are longer than {limit} bytes altogether")]
    Names {
        /// The most bytes of names allowed.
        limit: u64,
    },
    /// Headers and padding make up more of the archive than any real one's.
    #[error("it decompresses to more than {limit} bytes of files, headers and padding")]
    Stream {
        /// The most decoded bytes allowed.
        limit: u64,
    },
    /// The files do not hold the number of bytes that was declared.
    #[error("it unpacks to {found} bytes where {declared} were declared")]
    DeclaredBytes {
        /// What was declared.
        declared: u64,
        /// What the archive holds; a lower bound when it is more than declared.
        found: u64,
    },
    /// There is another number of entries than was declared.
    #[error("it has {found} entries where {declared} were declared")]
    DeclaredEntries {
        /// What was declared.
        declared: u64,
        /// What the archive has; a lower bound when it is more than declared.
        found: u64,
    },
}

const BYTES_FLOOR: u64 = 512 << 20;
const BYTES_RATIO: u64 = 40;
const ENTRIES_FLOOR: u64 = 50_000;
const ENTRIES_RATIO: u64 = 32;
/// Names of real archives are 40 to 90 bytes long on average.
const NAME_BYTES_PER_ENTRY: u64 = 256;
/// Headers, PAX headers and padding of real entries take 1 to 3 KiB.
const STREAM_BYTES_PER_ENTRY: u64 = 4096;
/// For padding after the end and for a few entries with large PAX headers.
const STREAM_SLACK: u64 = 64 << 20;

/// Counts what an archive takes of its bounds.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    bounds: Bounds,
    arrived: Arc<AtomicU64>,
    bytes: u64,
    entries: u64,
    names: u64,
}

impl Budget {
    /// A budget by `bounds`; `arrived` counts the blob's bytes that have come so far.
    pub(crate) fn new(bounds: Bounds, arrived: Arc<AtomicU64>) -> Self {
        Self { bounds, arrived, bytes: 0, entries: 0, names: 0 }
    }

    fn compressed(&self) -> u64 {
        self.bounds.compressed.unwrap_or_else(|| self.arrived.load(Ordering::Relaxed))
    }

    fn bytes_max(&self) -> u64 {
        let allowed = || BYTES_FLOOR.max(self.compressed().saturating_mul(BYTES_RATIO));
        self.bounds.bytes.unwrap_or_else(allowed)
    }

    fn entries_max(&self) -> u64 {
        let allowed = || ENTRIES_FLOOR.max(self.compressed() / ENTRIES_RATIO);
        self.bounds.entries.unwrap_or_else(allowed)
    }

    /// Takes one entry whose name has `name_bytes`.
    pub(crate) fn take_entry(&mut self, name_bytes: usize) -> Result<(), Excess> {
        self.entries += 1;
        self.names = self.names.saturating_add(name_bytes as u64);
        let limit = self.entries_max();
        if self.entries > limit {
            return Err(match self.bounds.entries {
                Some(declared) => Excess::DeclaredEntries { declared, found: self.entries },
                None => Excess::Entries { limit },
            });
        }
        let limit = limit.max(ENTRIES_FLOOR).saturating_mul(NAME_BYTES_PER_ENTRY);
        if self.names > limit { Err(Excess::Names { limit }) } else { Ok(()) }
    }

    /// Takes a file of `size` bytes, before any of them is read.
    pub(crate) fn take_bytes(&mut self, size: u64) -> Result<(), Excess> {
        self.bytes = self.bytes.saturating_add(size);
        let limit = self.bytes_max();
        if self.bytes <= limit {
            return Ok(());
        }
        Err(match self.bounds.bytes {
            Some(declared) => Excess::DeclaredBytes { declared, found: self.bytes },
            None => Excess::Bytes { limit },
        })
    }

    /// Checks the number of decoded bytes, headers and padding included.
    pub(crate) fn check_stream(&self, position: u64) -> Result<(), Excess> {
        let overhead = self.entries_max().saturating_mul(STREAM_BYTES_PER_ENTRY);
        let limit = self.bytes_max().saturating_add(overhead).saturating_add(STREAM_SLACK);
        if position > limit { Err(Excess::Stream { limit }) } else { Ok(()) }
    }

    /// Compares what was taken with what was declared, and returns the bytes of all files.
    pub(crate) fn finish(&self) -> Result<u64, Excess> {
        match self.bounds {
            Bounds { bytes: Some(declared), .. } if declared != self.bytes => {
                Err(Excess::DeclaredBytes { declared, found: self.bytes })
            }
            Bounds { entries: Some(declared), .. } if declared != self.entries => {
                Err(Excess::DeclaredEntries { declared, found: self.entries })
            }
            _ => Ok(self.bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(bounds: Bounds) -> Budget {
        Budget::new(bounds, Arc::default())
    }

    #[test]
    fn undeclared_sizes_grow_with_what_arrived() {
        let arrived = Arc::new(AtomicU64::new(0));
        let mut budget = Budget::new(Bounds::default(), Arc::clone(&arrived));
        assert_eq!(budget.take_bytes(512 << 20), Ok(()));
        assert_eq!(budget.take_bytes(1), Err(Excess::Bytes { limit: 512 << 20 }));
        arrived.store(100 << 20, Ordering::Relaxed);
        assert_eq!(budget.take_bytes(3 << 30), Ok(()));
        assert_eq!(budget.take_bytes(u64::MAX), Err(Excess::Bytes { limit: 4000 << 20 }));
    }

    #[test]
    fn declared_sizes_are_exact() {
        let declared = Bounds { compressed: None, bytes: Some(10), entries: Some(2) };
        let mut exact = budget(declared);
        exact.take_entry(1).unwrap();
        exact.take_bytes(10).unwrap();
        assert_eq!(exact.finish(), Err(Excess::DeclaredEntries { declared: 2, found: 1 }));
        exact.take_entry(1).unwrap();
        assert_eq!(exact.finish(), Ok(10));
        assert_eq!(exact.take_entry(1), Err(Excess::DeclaredEntries { declared: 2, found: 3 }));
        assert_eq!(exact.take_bytes(1), Err(Excess::DeclaredBytes { declared: 10, found: 11 }));
    }

    #[test]
    fn names_and_streams_are_bounded() {
        let mut budget = budget(Bounds::default());
        let limit = 50_000 * 256;
        assert_eq!(budget.take_entry(limit), Ok(()));
        assert_eq!(budget.take_entry(1), Err(Excess::Names { limit: limit as u64 }));
        assert_eq!(budget.check_stream(512 << 20), Ok(()));
        assert!(budget.check_stream(1 << 30).is_err());
    }
}
