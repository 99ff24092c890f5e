//! What the user should know about a plan, besides its steps.

use std::fmt;

use formula::{Constraint, Name};

use crate::{Key, Release};

/// One thing to know; its text is one line without a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// What should be installed is installed already, and stays.
    AlreadyInstalled {
        /// The package.
        key: Key,
        /// The release that is installed.
        release: Release,
        /// The request that keeps it.
        request: Constraint,
        /// A newer release that an upgrade inside the request may lead to.
        newer: Option<Release>,
    },
    /// What should be upgraded is the newest release already.
    UpToDate {
        /// The package.
        key: Key,
        /// The release that is installed.
        release: Release,
        /// The request that it is the newest of, if there is one.
        request: Option<Constraint>,
    },
    /// There is a newer release than the plan leads to.
    Newer {
        /// The package.
        key: Key,
        /// The release of the plan.
        release: Release,
        /// The newer one.
        newer: Release,
        /// What keeps it out.
        because: Because,
    },
    /// The release was withdrawn.
    Yanked {
        /// The package.
        key: Key,
        /// The release of the plan.
        release: Release,
        /// The reason that its formula gives.
        why: String,
    },
    /// The package should no longer be used.
    Deprecated {
        /// The package.
        key: Key,
        /// The reason that its formula gives.
        why: String,
    },
    /// The package can no longer be installed, but is.
    Disabled {
        /// The package.
        key: Key,
        /// The reason that its formula gives.
        why: String,
    },
    /// The package goes on under another name.
    Renamed {
        /// The installed package.
        key: Key,
        /// The name that replaces its name.
        to: Name,
    },
    /// The package comes from another tap than before.
    TapChanged {
        /// The package.
        key: Key,
        /// The tap that it is installed from.
        from: String,
        /// The tap of the plan.
        to: String,
    },
    /// The plan leaves packages behind that nothing needs; autoremove removes them.
    Unneeded {
        /// The packages.
        keys: Vec<Key>,
    },
}

/// What keeps a newer release out of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// The request does not take it.
    Request(Constraint),
    /// The package is pinned.
    Pinned,
    /// This machine cannot use it.
    Host(String),
    /// It does not go with another package.
    Held {
        /// The package that it does not go with, where one alone is the reason.
        by: Option<Key>,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyInstalled { key, release, request, newer } => {
                write!(f, "{key} {release} is installed already")?;
                if !request.is_any() {
                    write!(f, ", as asked for with `{request}`")?;
                }
                match newer {
                    Some(newer) => write!(f, "; an upgrade leads to {newer}"),
                    None => Ok(()),
                }
            }
            Self::UpToDate { key, release, request } => {
                let inside = request.as_ref().filter(|request| !request.is_any());
                let inside = inside.map(|request| format!(" of `{request}`")).unwrap_or_default();
                write!(f, "{key} {release} is the newest{inside}")
            }
            Self::Newer { key, release, newer, because } => {
                write!(f, "{key} {newer} is newer than {release}, but {because}")
            }
            Self::Yanked { key, release, why } => write!(f, "{key} {release} was yanked: {why}"),
            Self::Deprecated { key, why } => write!(f, "{key} is deprecated: {why}"),
            Self::Disabled { key, why } => write!(f, "{key} is disabled: {why}"),
            Self::Renamed { key, to } => write!(f, "{key} is now called {to}"),
            Self::TapChanged { key, from, to } => {
                write!(f, "{key} comes from tap `{to}`, no longer from `{from}`")
            }
            Self::Unneeded { keys } => {
                let keys: Vec<_> = keys.iter().map(Key::to_string).collect();
                let are = if keys.len() == 1 { "is" } else { "are" };
                let keys = crate::error::join(&keys, "and");
                write!(f, "{keys} {are} no longer needed; autoremove removes what nothing needs")
            }
        }
    }
}

/// As a clause: "it is pinned".
impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(request) => write!(f, "it was asked for as `{request}`"),
            Self::Pinned => f.write_str("it is pinned"),
            Self::Host(why) => write!(f, "it cannot be used here ({why})"),
            Self::Held { by: Some(by) } => write!(f, "it does not go with {by} as it stays"),
            Self::Held { by: None } => f.write_str("it does not go with what else stays"),
        }
    }
}
