//! What a command asks for, in words that are not yet the planner's.

use catalog::Spec;

use crate::proposal::Exact;

/// Something that is installed, as a user names it: `NAME` or `NAME@SLOT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The name.
    pub name: String,
    /// The slot, where the user named it.
    pub slot: Option<String>,
}

/// What a command asks for.
#[derive(Debug, Clone)]
pub enum Request {
    /// Have packages, and remember that they were asked for.
    Install(Vec<Spec>),
    /// Remove packages.
    Uninstall(Vec<Target>),
    /// Install the same releases again.
    Reinstall(Vec<Target>),
    /// Move packages to the newest release inside their request; all requested ones if empty.
    Upgrade(Vec<Spec>),
    /// Remove what no request needs.
    Autoremove,
    /// Keep packages at their version, or no longer.
    Pin(Vec<Target>, bool),
    /// Remember packages as requested, or as dependencies only.
    Mark(Vec<Target>, bool),
    /// Link packages into `bin` and the like, or no longer.
    Link(Vec<Target>, bool),
    /// Make one slot the one that is linked.
    Use(Target),
    /// Go back to what was before the last change.
    Undo,
    /// Go forward again.
    Redo,
    /// Go to what a generation holds.
    Rollback(u64),
    /// Have what was chosen beforehand, and nothing else.
    Exactly(Vec<Exact>),
}

impl Request {
    /// Whether it is about everything that was asked for, and names nothing.
    pub fn names_all(&self) -> bool {
        matches!(self, Self::Upgrade(specs) if specs.is_empty())
    }

    /// The packages that it names as a user may: by name, file or reference.
    pub(crate) fn specs(&self) -> &[Spec] {
        match self {
            Self::Install(specs) | Self::Upgrade(specs) => specs,
            _ => &[],
        }
    }
}

impl Target {
    /// Reads `NAME` or `NAME@SLOT`.
    pub fn parse(text: &str) -> Self {
        match text.split_once('@') {
            Some((name, slot)) => Self { name: name.to_owned(), slot: Some(slot.to_owned()) },
            None => Self { name: text.to_owned(), slot: None },
        }
    }
}
