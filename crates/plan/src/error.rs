//! Why there is no plan, in words for the person who wished.
//!
//! How a message is laid out on a terminal is deliberately not known here.

use std::fmt;

use formula::{Constraint, Name};

use crate::{Explanation, Key, Release};

/// A wish that cannot be fulfilled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No tap has the name.
    #[error("there is no package `{name}`{}", did_you_mean(.near))]
    NotFound {
        /// The name as it was asked for.
        name: Name,
        /// Names that look like it, the closest first.
        near: Vec<Name>,
    },
    /// What should change is not installed.
    #[error("`{key}` is not installed{}", did_you_mean(.near))]
    NotInstalled {
        /// What was named.
        key: Key,
        /// Installed packages that look like it, the closest first.
        near: Vec<Key>,
    },
    /// Several slots are installed, and the wish is about one.
    #[error("`{name}` is installed in several slots; name one of {}", list(.slots, "and"))]
    Ambiguous {
        /// The name.
        name: Name,
        /// The installed slots.
        slots: Vec<Key>,
    },
    /// The package exists, but in no version that was asked for.
    #[error("{}; {}", there_is_no(.key, .constraint), there_are(.near))]
    NoVersion {
        /// The name, and the slot where one was named.
        key: Key,
        /// What was asked for.
        constraint: Constraint,
        /// The nearest releases that exist, newest first, each with its key.
        near: Vec<(Key, Release)>,
    },
    /// There are versions that fit, but none of them can be installed.
    #[error("`{key}` cannot be installed: {}", barred(.key, .reasons))]
    Unavailable {
        /// The name, and the slot where one was named.
        key: Key,
        /// What keeps each fitting release out, newest first.
        reasons: Vec<(Release, Obstacle)>,
    },
    /// The release that is installed is no longer offered, so it cannot be installed again.
    #[error(
        "`{key}` {release} is no longer in tap `{}`, so it cannot be installed again",
        .release.tap
    )]
    Gone {
        /// What should be installed again.
        key: Key,
        /// The release that is installed.
        release: Box<Release>,
    },
    /// What should be removed is needed by what stays.
    #[error("`{key}` is needed by {}", needers(.by))]
    Needed {
        /// What should be removed.
        key: Key,
        /// Every package that needs it, each with the way that leads there.
        by: Vec<Needer>,
    },
    /// The wish would move a pinned package.
    #[error("`{key}` is pinned at {release}")]
    Pinned {
        /// The pinned package.
        key: Key,
        /// The release that it is pinned at.
        release: Box<Release>,
    },
    /// The wishes, the requests and the dependencies contradict each other.
    #[error("no solution: {0}")]
    NoSolution(Box<Explanation>),
    /// The solver was stopped: what the taps say is too tangled.
    #[error("no solution was found after {steps} steps; name exact versions to narrow the search")]
    Exhausted {
        /// How many steps were taken.
        steps: usize,
    },
    /// A tap could not say which releases there are.
    #[error("cannot look up `{name}`")]
    Lookup {
        /// The name that was looked up.
        name: Name,
        /// What the tap answered.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What sort of failure it is, for exit codes and hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The name, the version or the installed package does not exist.
    NotFound,
    /// Nothing fulfils all wishes, requests and dependencies.
    NoSolution,
    /// Something that stays needs what should go.
    Needed,
    /// Two packages exclude each other.
    Conflict,
    /// A pin stands in the way.
    Pinned,
    /// A tap failed.
    Lookup,
}

/// What keeps a release from being installed anew.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// It was withdrawn; naming it exactly (`=`) installs it all the same.
    Yanked(String),
    /// The package can no longer be installed.
    Disabled(String),
    /// This machine cannot use it.
    Host(String),
}

/// A package that needs another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needer {
    /// The package that needs it.
    pub key: Key,
    /// From a request (else from a package nothing needs) down to what is needed.
    pub chain: Vec<Key>,
    /// Whether the chain starts at something the user asked for.
    pub requested: bool,
}

impl Error {
    /// What sort of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. } | Self::NotInstalled { .. } | Self::NoVersion { .. } => {
                Kind::NotFound
            }
            Self::Gone { .. } => Kind::NotFound,
            Self::Ambiguous { .. } | Self::Unavailable { .. } | Self::Exhausted { .. } => {
                Kind::NoSolution
            }
            Self::Needed { .. } => Kind::Needed,
            Self::Pinned { .. } => Kind::Pinned,
            Self::NoSolution(explanation) => explanation.kind(),
            Self::Lookup { .. } => Kind::Lookup,
        }
    }

    /// What the user can do about it, one sentence each.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::NoSolution(explanation) => explanation.hints().to_vec(),
            Self::Pinned { key, .. } => vec![format!("unpin `{key}` first")],
            Self::Gone { key, .. } => vec![format!("upgrade `{key}` instead")],
            Self::Needed { by, .. } => {
                let keys: Vec<_> = by.iter().map(|needer| &needer.key).collect();
                vec![format!("uninstall {} as well", list(&keys, "and"))]
            }
            Self::Unavailable { key, reasons } => reasons
                .iter()
                .find(|(_, obstacle)| matches!(obstacle, Obstacle::Yanked(_)))
                .map(|(release, _)| {
                    format!("`{}@={release}` names it exactly and takes it anyway", key.name)
                })
                .into_iter()
                .collect(),
            Self::NoVersion { near, .. }
                if !near.is_empty() && near.iter().all(|(_, r)| r.version.is_prerelease()) =>
            {
                let (key, release) = &near[0];
                let version = &release.version;
                vec![format!("name a pre-release to take it: `{}@={version}`", key.name)]
            }
            _ => Vec::new(),
        }
    }
}

impl Obstacle {
    /// As a predicate: "was yanked (broken build)".
    pub(crate) fn told(&self, plural: bool) -> String {
        let (verb, why) = match (self, plural) {
            (Self::Yanked(why), false) => ("was yanked", why),
            (Self::Yanked(why), true) => ("were yanked", why),
            (Self::Disabled(why), false) => ("is disabled", why),
            (Self::Disabled(why), true) => ("are disabled", why),
            (Self::Host(why), _) => ("cannot be used here", why),
        };
        format!("{verb} ({why})")
    }
}

/// As a predicate about one release: "was yanked (broken build)".
impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(false))
    }
}

/// "mid (app, which you asked for, needs mid)": the needer and the way to it.
impl fmt::Display for Needer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.key)?;
        let top = &self.chain[0];
        match (top == &self.key, self.requested) {
            (true, true) => f.write_str(", which you asked for"),
            (true, false) => Ok(()),
            (false, _) => {
                let way: Vec<_> = self.chain.iter().map(Key::to_string).collect();
                write!(f, " ({})", way.join(" -> "))
            }
        }
    }
}

fn did_you_mean<T: fmt::Display>(near: &[T]) -> String {
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", list(near, "or")) }
}

fn there_is_no(key: &Key, constraint: &Constraint) -> String {
    match (constraint.is_any(), &key.slot) {
        (false, _) => format!("no version of `{key}` is {constraint}"),
        (true, Some(_)) => format!("there is no `{key}`"),
        (true, None) => format!("`{key}` has pre-releases only"),
    }
}

fn there_are(near: &[(Key, Release)]) -> String {
    let version = |(key, release): &(Key, Release)| match &key.slot {
        Some(slot) => format!("{release} (slot {slot})"),
        None => release.to_string(),
    };
    let versions: Vec<_> = near.iter().map(version).collect();
    match versions.as_slice() {
        [] => "there is none at all".to_owned(),
        [one] => format!("there is {one}"),
        many => format!("the nearest are {}", join(many, "and")),
    }
}

fn barred(key: &Key, reasons: &[(Release, Obstacle)]) -> String {
    let told = reasons.chunk_by(|(_, one), (_, next)| one == next).map(|alike| {
        let releases: Vec<_> = alike.iter().map(|(release, _)| release.to_string()).collect();
        let obstacle = alike[0].1.told(alike.len() > 1);
        format!("{} {} {obstacle}", key.name, join(&releases, "and"))
    });
    told.collect::<Vec<_>>().join("; ")
}

fn needers(by: &[Needer]) -> String {
    join(&by.iter().map(Needer::to_string).collect::<Vec<_>>(), "and")
}

/// "`a`, `b` and `c`".
fn list<T: fmt::Display>(items: &[T], word: &str) -> String {
    join(&items.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>(), word)
}

/// "a, b and c".
pub(crate) fn join(items: &[String], word: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [start @ .., last] => format!("{} {word} {last}", start.join(", ")),
    }
}
