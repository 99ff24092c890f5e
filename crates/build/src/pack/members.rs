//! The members of the archive: every entry with its time, and equal files as one.
//!
//! Neither depends on the machine: equal contents become one file with several names whether or
//! not they were hard links in the folder, since a copy of a folder may lose these.

use std::collections::HashMap;

use digest::Sha256;

use super::Warning;
use crate::{
    archive::{Kind, Member},
    bytecode,
    layer::{Contents, Item, Source},
    staged::{self, Staged},
    survey::Survey,
};

/// The time of what has none of its own.
pub(super) const MTIME: u64 = store::content::MTIME as u64;

/// Most names of one file: filesystems allow 65,000 and more.
const NAMES_MAX: usize = 32_000;

/// The archive's members, in the order of their paths, and what there is to say of their times.
pub(super) fn members(staged: &Staged, survey: &Survey) -> (Vec<Item>, Vec<Warning>) {
    let (times, warnings) = times(staged, survey);
    let mut known: HashMap<_, (&str, usize)> = HashMap::new();
    let mut items = Vec::with_capacity(staged.entries().len());
    for staged::Entry { path, kind, .. } in staged.entries() {
        let mtime = times.get(path.as_str()).copied().unwrap_or(MTIME);
        let mut contents = None;
        let kind = match kind {
            staged::Kind::Folder => Kind::Folder,
            staged::Kind::Link(target) => Kind::Link(target.clone()),
            staged::Kind::File { size, executable } => {
                let (size, executable) = (*size, *executable);
                let sha256 = survey.digests.get(path).copied().unwrap_or_else(|| Sha256::of(b""));
                let key = (sha256, executable, mtime);
                match known.get_mut(&key) {
                    Some((first, names)) if size > 0 && *names < NAMES_MAX => {
                        *names += 1;
                        Kind::Same { first: (*first).to_owned(), executable }
                    }
                    _ => {
                        known.insert(key, (path, 1));
                        let source = Source::File(staged.root().join(path));
                        contents = Some(Contents { source, sha256 });
                        Kind::File { size, executable }
                    }
                }
            }
        };
        items.push(Item { member: Member { path: path.clone(), kind, mtime }, contents });
    }
    (items, warnings)
}

/// The sources that keep a time, because a compiled file is taken only with a source of that time.
///
/// Only where folder and compiled file agree: else Python would take what it does not take now.
fn times<'a>(staged: &'a Staged, survey: &Survey) -> (HashMap<&'a str, u64>, Vec<Warning>) {
    let (mut times, mut warnings) = (HashMap::new(), Vec::new());
    for (compiled, stamp) in &survey.stamps {
        let entries = staged.entries();
        let source = bytecode::source(compiled)
            .and_then(|source| entries.binary_search_by(|entry| entry.path.cmp(&source)).ok());
        let Some(entry) = source.map(|position| &entries[position]) else { continue };
        let staged::Kind::File { size, .. } = entry.kind else { continue };
        // The file's time and size are compared as Python does it, modulo 2^32.
        if (entry.mtime as u32, size as u32) == (stamp.mtime, stamp.size) {
            times.insert(entry.path.as_str(), u64::from(stamp.mtime));
        } else {
            warnings.push(Warning::StaleBytecode { path: compiled.clone() });
        }
    }
    (times, warnings)
}
