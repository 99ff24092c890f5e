//! One file's bytes and mode, and the name under which they are kept.

use digest::Sha256;
use serde::{Deserialize, Serialize};

/// The time of every file that shares its bytes, in seconds: 1980-01-02T00:00:00Z.
pub const MTIME: i64 = 315_619_200;

/// One file's bytes and whether they may be executed.
///
/// The mode is a part of it because it belongs to the inode: the same bytes as 0444 and as 0555
/// are two files of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// The digest of the bytes.
    pub sha256: Sha256,
    /// The number of bytes.
    pub size: u64,
    /// Whether the file's mode is 0555 instead of 0444.
    pub executable: bool,
}

impl Content {
    /// The content of a file that holds `bytes`.
    pub fn of(bytes: &[u8], executable: bool) -> Self {
        Self { sha256: Sha256::of(bytes), size: bytes.len() as u64, executable }
    }

    /// The file's permission bits: 0555 or 0444.
    pub fn mode(&self) -> u32 {
        if self.executable { 0o555 } else { 0o444 }
    }

    /// Whether there are no bytes; empty files are made anew everywhere and never kept.
    pub fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// The path below `store/files`: `<aa>/<digest>[.x]` (design, on disk).
    pub fn shelf_path(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let bytes = self.sha256.as_bytes();
        let mut path = String::with_capacity(69);
        for (position, byte) in bytes[..1].iter().chain(bytes).enumerate() {
            if position == 1 {
                path.push('/');
            }
            path.push(char::from(DIGITS[usize::from(byte >> 4)]));
            path.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        if self.executable {
            path.push_str(".x");
        }
        path
    }

    /// What a name `<digest>[.x]` in `store/files` says: the digest and whether it is executable.
    pub(crate) fn from_file_name(name: &str) -> Option<(Sha256, bool)> {
        match name.strip_suffix(".x") {
            Some(hex) => Some((Sha256::from_hex(hex)?, true)),
            None => Some((Sha256::from_hex(name)?, false)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_names_its_file_and_the_name_reads_back() {
        for executable in [false, true] {
            let content = Content::of(b"bytes", executable);
            let hex = content.sha256.to_hex();
            let path = content.shelf_path();
            let (shelf, name) = path.split_once('/').unwrap();
            assert_eq!(shelf, &hex[..2]);
            assert_eq!(name, if executable { format!("{hex}.x") } else { hex });
            assert_eq!(Content::from_file_name(name), Some((content.sha256, executable)));
        }
        assert_eq!(Content::from_file_name("README"), None);
    }
}
