//! A hand-written file that cannot be used, with the place in it that is to blame.

use std::{fmt, ops::Range, path::PathBuf};

/// What is wrong in a file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The file.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
    /// The bytes that are meant.
    pub span: Range<usize>,
    /// What is wrong, in one line.
    pub what: String,
    /// The note at the span.
    pub label: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl Malformed {
    /// The line of the span's start, counted from 1.
    pub fn line(&self) -> usize {
        line_of(&self.text, self.span.start)
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line(), self.what)
    }
}

impl std::error::Error for Malformed {}

/// The line of an offset, counted from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}
