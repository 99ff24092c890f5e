//! Archives side by side in one tree: placement and leading components.

use super::{Error, Node, Tree, parent};
use crate::archive::{Entry, Kind, Plan, Rule, check_path};

/// Which leading components of an archive's paths are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strip {
    /// So many; what lies less deep is left out.
    Count(u32),
    /// A lone top folder, unless it belongs to the standard layout, such as `bin`.
    LoneTop,
}

/// Top folders that say what is inside and so are kept.
const STANDARD_LAYOUT: &[&str] = &[
    "bin", "etc", "include", "lib", "lib32", "lib64", "libexec", "man", "opt", "sbin", "share",
    "var",
];

impl Tree {
    /// Adds an archive's entries below `at`; `""` is the keg itself.
    ///
    /// # Errors
    ///
    /// A path that another layer holds, and paths that break a rule where they are placed.
    pub fn merge(&mut self, plan: &Plan, at: &str, strip: Strip) -> Result<(), Error> {
        self.layers += 1;
        let count = match strip {
            _ if !plan.format.is_archive() => 0,
            Strip::Count(count) => count,
            Strip::LoneTop => u32::from(has_lone_top(&plan.entries)),
        };
        let mut placed = false;
        // Entries of one folder follow one another, so it is looked for once.
        let mut known = String::new();
        for Entry { path, kind, mtime } in &plan.entries {
            let node = match kind {
                Kind::Directory => Node::Directory,
                Kind::File(content) => Node::File(*content),
                Kind::Symlink(target) => Node::Symlink(target.clone()),
                Kind::Refused(rule) => {
                    return Err(Error::Refused { path: path.clone(), rule: *rule });
                }
                Kind::Opaque | Kind::Whiteout => {
                    return Err(Error::Refused { path: path.clone(), rule: Rule::Whiteout });
                }
            };
            if let Some(rest) = without_leading(path, count) {
                let path = if at.is_empty() { rest.to_owned() } else { format!("{at}/{rest}") };
                check_path(&path).map_err(|rule| Error::Path { path: path.clone(), rule })?;
                let folder = parent(&path).unwrap_or_default();
                if folder != known {
                    self.make_parents(&path)?;
                    known = folder.to_owned();
                }
                self.put_in_folder(path, node, *mtime)?;
                placed = true;
            }
        }
        if placed || plan.entries.is_empty() { Ok(()) } else { Err(Error::StripsAll { count }) }
    }

    /// The tree without the leading components of its paths.
    ///
    /// # Errors
    ///
    /// A path that two then share, or that nothing is left.
    pub fn stripped(mut self, count: u32) -> Result<Self, Error> {
        if count == 0 {
            return Ok(self);
        }
        let nodes = std::mem::take(&mut self.nodes);
        let was_empty = nodes.is_empty();
        for (path, placed) in nodes {
            if let Some(rest) = without_leading(&path, count) {
                self.put(rest.to_owned(), placed.node, placed.mtime)?;
            }
        }
        let strips_all = self.nodes.is_empty() && !was_empty;
        if strips_all { Err(Error::StripsAll { count }) } else { Ok(self) }
    }
}

fn without_leading(path: &str, count: u32) -> Option<&str> {
    (0..count).try_fold(path, |path, _| path.split_once('/').map(|(_, rest)| rest))
}

fn has_lone_top(entries: &[Entry]) -> bool {
    let top = |entry: &Entry| entry.path.split('/').next().map(str::to_owned);
    let Some(first) = entries.first().and_then(top) else { return false };
    let is_below = |entry: &Entry| {
        entry.path.strip_prefix(&first).is_some_and(|rest| match rest {
            "" => entry.kind == Kind::Directory,
            rest => rest.starts_with('/'),
        })
    };
    let has_more = entries.iter().any(|entry| entry.path.len() > first.len());
    has_more && !STANDARD_LAYOUT.contains(&first.as_str()) && entries.iter().all(is_below)
}
