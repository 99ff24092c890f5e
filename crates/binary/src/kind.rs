//! What a file is, as far as rewriting it must know.

/// What a file is, and so how a root is written into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8 without a NUL byte: it may become shorter.
    Text,
    /// A program or library in the format of Linux.
    Elf,
    /// A program or library in the format of macOS, for one processor or several.
    MachO,
    /// Anything else.
    Binary,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text => "a text",
            Self::Elf => "an ELF file",
            Self::MachO => "a Mach-O file",
            Self::Binary => "a file of bytes",
        })
    }
}

/// Bytes at the start of a file that tell its kind.
pub(crate) const HEAD_BYTES: usize = 8;

/// More processors than any fat file is for. A class file of Java begins with the same four
/// bytes, and then has its version there, which is larger.
pub(crate) const SLICES_MAX: u32 = 32;

impl Kind {
    /// The kind that the first bytes tell; `None` where all of them decide.
    pub(crate) fn of_head(head: &[u8]) -> Option<Self> {
        match head {
            [0x7f, b'E', b'L', b'F', ..] => Some(Self::Elf),
            [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => {
                Some(Self::MachO)
            }
            [0xca, 0xfe, 0xba, 0xbe | 0xbf, count @ ..] => {
                let count = count.first_chunk().map(|count| u32::from_be_bytes(*count));
                count.filter(|count| (1..=SLICES_MAX).contains(count)).map(|_| Self::MachO)
            }
            _ => None,
        }
    }
}

/// Tells text from other bytes, chunk by chunk.
#[derive(Default)]
pub(crate) struct TextCheck {
    /// The beginning of a character that the next chunk ends.
    pending: Vec<u8>,
    failed: bool,
}

impl TextCheck {
    /// Looks at the next bytes.
    pub(crate) fn feed(&mut self, chunk: &[u8]) {
        if self.failed {
            return;
        }
        if memchr::memchr(0, chunk).is_some() {
            self.failed = true;
            return;
        }
        let mut rest = chunk;
        while !self.pending.is_empty() {
            let Some((first, after)) = rest.split_first() else { return };
            self.pending.push(*first);
            rest = after;
            match std::str::from_utf8(&self.pending) {
                Ok(_) => self.pending.clear(),
                Err(error) if error.error_len().is_some() => {
                    self.failed = true;
                    return;
                }
                Err(_) => {}
            }
        }
        if let Err(error) = std::str::from_utf8(rest) {
            self.failed = error.error_len().is_some();
            self.pending.extend_from_slice(&rest[error.valid_up_to()..]);
        }
    }

    /// Whether all of it was text.
    pub(crate) fn is_text(&self) -> bool {
        !self.failed && self.pending.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_however_it_is_cut() {
        for (bytes, expect) in [
            (&b""[..], true),
            ("plain".as_bytes(), true),
            ("smörgås \u{1f600} ✓".as_bytes(), true),
            (b"a\0b", false),
            (b"\xff\xfe", false),
            (b"cut \xf0\x9f\x98", false),
            (b"\xed\xa0\x80", false),
        ] {
            for size in 1..=bytes.len().max(1) {
                let mut check = TextCheck::default();
                bytes.chunks(size).for_each(|chunk| check.feed(chunk));
                assert_eq!(check.is_text(), expect, "{bytes:?} by {size}");
            }
        }
    }

    #[test]
    fn a_class_of_java_is_no_fat_file() {
        assert_eq!(Kind::of_head(b"\xca\xfe\xba\xbe\0\0\0\x02"), Some(Kind::MachO));
        assert_eq!(Kind::of_head(b"\xca\xfe\xba\xbe\0\0\0\x3d"), None);
        assert_eq!(Kind::of_head(b"\xca\xfe\xba\xbe"), None);
    }
}
