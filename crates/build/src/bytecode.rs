//! Python's compiled files: the time and size of the source that one was compiled from.
//!
//! Python takes a compiled file only if its source still has that time (PEP 552), so a package
//! that is to start fast must keep it. Files compiled with SOURCE_DATE_EPOCH set name a hash of
//! the source instead and need no time.

/// What a compiled file says of its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The source's time in seconds since 1970.
    pub(crate) mtime: u32,
    /// The source's size in bytes, its lowest 32 bits.
    pub(crate) size: u32,
}

/// The first of the magic numbers of Python 3.7, from which on a header says what it holds.
const MAGIC_WITH_FLAGS: u16 = 3390;
/// The magic numbers of Python 2 lie here and above.
const MAGIC_OF_PYTHON_2: u16 = 20_121;

/// The stamp in the head of a `.pyc`; `None` for a file of another kind, or without a time.
pub(crate) fn stamp(head: &[u8]) -> Option<Stamp> {
    let word = |at: usize| Some(u32::from_le_bytes(*head.get(at..)?.first_chunk()?));
    let magic = u16::from_le_bytes(*head.first_chunk()?);
    if head.get(2..4) != Some(b"\r\n") || !(MAGIC_WITH_FLAGS..MAGIC_OF_PYTHON_2).contains(&magic) {
        return None;
    }
    (word(4)? == 0).then_some(Stamp { mtime: word(8)?, size: word(12)? })
}

/// The source of the compiled file at `path`: `x.py` of `__pycache__/x.cpython-312.pyc`.
pub(crate) fn source(path: &str) -> Option<String> {
    let stem = path.strip_suffix(".pyc")?;
    let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    let (folder, name) = match folder.strip_suffix("__pycache__") {
        Some(parent) => (parent, name.split_once('.')?.0),
        None if folder.is_empty() => ("", name),
        None => return Some(format!("{folder}/{name}.py")),
    };
    Some(format!("{folder}{name}.py"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_of_a_compiled_file() {
        for (path, expected) in [
            ("lib/__pycache__/x.cpython-312.pyc", Some("lib/x.py")),
            ("lib/__pycache__/x.cpython-312.opt-1.pyc", Some("lib/x.py")),
            ("__pycache__/x.cpython-312.pyc", Some("x.py")),
            ("lib/x.pyc", Some("lib/x.py")),
            ("x.pyc", Some("x.py")),
            ("lib/__pycache__/x.pyc", None),
            ("x.py", None),
        ] {
            assert_eq!(source(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn only_a_header_with_a_time_gives_a_stamp() {
        let head = |magic: u16, flags: u32| {
            let words = [flags, 1_700_000_000, 1234].map(u32::to_le_bytes).concat();
            [&magic.to_le_bytes()[..], b"\r\n", &words].concat()
        };
        let stamped = Some(Stamp { mtime: 1_700_000_000, size: 1234 });
        assert_eq!(stamp(&head(3531, 0)), stamped);
        assert_eq!(stamp(&head(3531, 3)), None, "it names a hash");
        assert_eq!(stamp(&head(3379, 0)), None, "Python 3.6 has no flags");
        assert_eq!(stamp(&head(62_211, 0)), None, "Python 2.7");
        assert_eq!(stamp(&head(3531, 0)[..15]), None);
        assert_eq!(stamp(b"#!/bin/sh\necho hello\n"), None);
    }
}
