//! Whether a lock is for what `pkg.toml` asks: compared as text, so that no formula is needed.

use std::{collections::BTreeSet, fmt};

use formula::Platform;

use super::Lock;
use crate::wants::Wants;

/// One way in which `pkg.lock` is not what `pkg.toml` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// It is asked for, and not locked.
    Missing(String),
    /// It is locked, and not asked for any more.
    Left(String),
    /// It is asked for in another way.
    Changed {
        /// The name.
        name: String,
        /// What `pkg.toml` says.
        asked: String,
        /// What it was locked for.
        locked: String,
    },
    /// A tap is elsewhere.
    Tap {
        /// Its name.
        name: String,
        /// What `pkg.toml` says.
        asked: Option<String>,
        /// Where it was.
        locked: String,
    },
    /// The platforms are others.
    Platform {
        /// The platform.
        platform: Platform,
        /// Whether `pkg.toml` has it.
        asked: bool,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "`{name}` is in pkg.toml and not in pkg.lock"),
            Self::Left(name) => write!(f, "`{name}` is in pkg.lock and not in pkg.toml"),
            Self::Changed { name, asked, locked } => {
                write!(f, "`{name}` is asked for as {asked}, and locked as {locked}")
            }
            Self::Tap { name, asked: Some(asked), locked } => {
                write!(f, "tap `{name}` is {asked} in pkg.toml, and {locked} in pkg.lock")
            }
            Self::Tap { name, asked: None, locked } => {
                write!(f, "tap `{name}` ({locked}) is in pkg.lock and not in pkg.toml")
            }
            Self::Platform { platform, asked: true } => {
                write!(f, "{platform} is in pkg.toml, and nothing is locked for it")
            }
            Self::Platform { platform, asked: false } => {
                write!(f, "{platform} is in pkg.lock and not in pkg.toml")
            }
        }
    }
}

impl Lock {
    /// In what it is not what `wants` ask for; nothing where it is up to date.
    pub fn differences(&self, wants: &Wants) -> Vec<Difference> {
        let mut found = Vec::new();
        for want in &wants.packages {
            let name = want.name.to_string();
            match self.requests.get(&want.name) {
                None => found.push(Difference::Missing(name)),
                Some(locked) => {
                    let asked =
                        shown(&want.version, &want.group, want.tap.as_ref(), want.from.as_ref());
                    let locked = shown(
                        &locked.version,
                        &locked.group,
                        locked.tap.as_ref(),
                        locked.from.as_ref(),
                    );
                    if asked != locked {
                        found.push(Difference::Changed { name, asked, locked });
                    }
                }
            }
        }
        let left = self.requests.keys().filter(|name| wants.want(name.as_str()).is_none());
        found.extend(left.map(|name| Difference::Left(name.to_string())));
        for (name, locked) in &self.taps {
            let asked = wants.taps.get(name);
            if asked != Some(locked) {
                let (name, asked, locked) = (name.clone(), asked.cloned(), locked.clone());
                found.push(Difference::Tap { name, asked, locked });
            }
        }
        if let Some(asked) = &wants.platforms {
            let asked: BTreeSet<Platform> = asked.iter().copied().collect();
            let differ = |platform: &Platform| Difference::Platform {
                platform: *platform,
                asked: asked.contains(platform),
            };
            found.extend(asked.symmetric_difference(&self.platforms).map(differ));
        }
        found
    }
}

/// What is asked for, in one line: `"1.2"`, `"1.2" of tap acme in group dev`.
fn shown(version: &str, group: &str, tap: Option<&String>, from: Option<&String>) -> String {
    let tap = tap.map_or_else(String::new, |tap| format!(" of tap `{tap}`"));
    let from = from.map_or_else(String::new, |from| format!(" from `{from}`"));
    let group = match group {
        crate::wants::DEFAULT => String::new(),
        group => format!(" in group `{group}`"),
    };
    format!("`{version}`{tap}{from}{group}")
}
