//! What an archive holds, by name; kept so that the same blob need not be decoded again.
//!
//! A plan knows no place: where its entries go, and whether their links may be there, is for the
//! [tree](crate::tree) to judge.

mod text;

use crate::Content;

use super::{Excess, Format, Order, Profile, Rule};

pub use text::Malformed;

/// What an archive holds, sorted by path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The entries, by path; whiteouts stand before the entry of the same path.
    pub entries: Vec<Entry>,
    /// What was left out of the entries, to be said to the user.
    pub notes: Vec<Note>,
    /// The format that the blob was read as.
    pub format: Format,
    /// The format that was asked for; `None` where the bytes decided.
    pub asked: Option<Format>,
    /// The profile that the archive was read by.
    pub profile: Profile,
    /// The sum of the sizes of all files in bytes; a hard link adds none.
    pub size_bytes: u64,
}

/// One entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path below the archive's root: no leading, doubled or trailing `/`, no `.` nor `..`.
    pub path: String,
    /// What lies there.
    pub kind: Kind,
    /// The time of the last change in seconds since 1970.
    pub mtime: i64,
}

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A directory hides what lower layers put there; only in [`Profile::Image`].
    Opaque,
    /// What lower layers put there is gone; only in [`Profile::Image`].
    Whiteout,
    /// A directory.
    Directory,
    /// A file, or a hard link to one.
    File(Content),
    /// A symlink with its target as the archive says it.
    Symlink(String),
    /// Something that may not be installed; only in [`Profile::Image`].
    Refused(Rule),
}

impl Kind {
    /// Sorts entries of one path: what speaks of lower layers comes first.
    fn rank(&self) -> u8 {
        match self {
            Self::Opaque => 0,
            Self::Whiteout => 1,
            _ => 2,
        }
    }
}

/// Something of an entry that is not carried over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The entry's path.
    pub path: String,
    /// What is not carried over.
    pub dropped: Dropped,
}

/// A privilege that a file loses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dropped {
    /// The bit that runs a program as its owner.
    Setuid,
    /// The bit that runs a program as its group.
    Setgid,
    /// Capabilities of the kernel (`security.capability`).
    Capability,
}

impl Plan {
    /// Whether decoding the same blob by `order` would give this plan.
    pub fn answers(&self, order: &Order) -> bool {
        let asked = match order.effective_format() {
            Some(format) => self.format == format,
            None => self.format.is_archive() || self.asked.is_none(),
        };
        let named = self.format.is_archive()
            || matches!(&self.entries[..], [only] if only.path == order.name);
        asked && named && self.profile == order.profile
    }

    /// Compares the plan with what was declared, as decoding does.
    ///
    /// # Errors
    ///
    /// The bound that the plan exceeds or falls short of.
    pub fn check_declared(&self, order: &Order) -> Result<(), Excess> {
        let entries = self.entries.len() as u64;
        match (order.bounds.bytes, order.bounds.entries) {
            (Some(declared), _) if declared != self.size_bytes => {
                Err(Excess::DeclaredBytes { declared, found: self.size_bytes })
            }
            (_, Some(declared)) if declared != entries => {
                Err(Excess::DeclaredEntries { declared, found: entries })
            }
            _ => Ok(()),
        }
    }

    /// The contents of all files, in the order of their paths; one content may come repeatedly.
    pub fn contents(&self) -> impl Iterator<Item = &Content> {
        self.entries.iter().filter_map(|entry| match &entry.kind {
            Kind::File(content) => Some(content),
            _ => None,
        })
    }

    pub(super) fn sort(&mut self) {
        let key = |entry: &Entry| entry.kind.rank();
        self.entries.sort_unstable_by(|a, b| a.path.cmp(&b.path).then(key(a).cmp(&key(b))));
        self.entries.dedup_by(|a, b| a.path == b.path && key(a) == key(b));
        self.notes.sort_unstable();
    }
}
