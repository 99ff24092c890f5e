//! Versions and the two orders they come in.
//!
//! This file deliberately does not know which versions exist or which one is wanted.

mod loose;
#[cfg(test)]
mod tests;

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
};

use serde::{Deserialize, Serialize};

pub(crate) use loose::{Token, compare as compare_loose, tokens};

/// A version and its rebuild as people read them: `1.2`, or `1.2_3` for the third rebuild.
pub fn shown_version(version: &str, revision: u32) -> String {
    if revision == 0 { version.to_owned() } else { format!("{version}_{revision}") }
}

/// How the versions of a formula are ordered: its `versioning`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// Semantic Versioning 2.0.0; build metadata breaks ties as text.
    #[default]
    Semver,
    /// The order that distributions use: numbers by value, `~` and `rc` before the end.
    Loose,
}

impl Scheme {
    /// The word that a formula writes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Semver => "semver",
            Self::Loose => "loose",
        }
    }
}

/// One version of a package, with the order it belongs to.
///
/// `[A-Za-z0-9]+([.+~-][A-Za-z0-9]+)*`, at most 64 bytes; with [`Scheme::Semver`] also SemVer 2.
/// Versions of one scheme are totally ordered and equal only where their texts are.
#[derive(Clone)]
pub struct Version {
    text: Box<str>,
    /// `Some` exactly for [`Scheme::Semver`].
    semver: Option<semver::Version>,
}

/// A text that is no version of the scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text breaks the grammar that every version follows.
    #[error("`{text}` is not a version: {rule}")]
    Malformed {
        /// The text, shortened to 80 characters and without control characters.
        text: String,
        /// The rule that the text breaks.
        rule: &'static str,
    },
    /// The text is a version, but not one that Semantic Versioning can order.
    #[error("version `{text}` is not SemVer")]
    NotSemver {
        /// The version.
        text: String,
    },
}

/// Longest version, in bytes.
const BYTES_MAX: usize = 64;

impl Version {
    /// Reads a version of `scheme`.
    pub fn parse(text: &str, scheme: Scheme) -> Result<Self, Error> {
        if let Err(rule) = check(text) {
            return Err(Error::Malformed { text: crate::name::printable(text), rule });
        }
        let semver = match scheme {
            Scheme::Loose => None,
            Scheme::Semver => match semver::Version::parse(text) {
                Ok(version) => Some(version),
                Err(_) => return Err(Error::NotSemver { text: text.to_owned() }),
            },
        };
        Ok(Self { text: text.into(), semver })
    }

    /// The version as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The order that the version belongs to.
    pub fn scheme(&self) -> Scheme {
        if self.semver.is_some() { Scheme::Semver } else { Scheme::Loose }
    }

    /// Whether the version comes before a release: SemVer's rule, or a `~`, `dev`, `alpha`,
    /// `beta`, `pre` or `rc` in a loose one.
    pub fn is_prerelease(&self) -> bool {
        match &self.semver {
            Some(version) => !version.pre.is_empty(),
            None => tokens(&self.text).any(Token::is_prerelease),
        }
    }

    pub(crate) fn semver(&self) -> Option<&semver::Version> {
        self.semver.as_ref()
    }
}

fn check(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.len() > BYTES_MAX {
        return Err("it is longer than 64 bytes");
    }
    let mut separated = true;
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => separated = false,
            b'.' | b'+' | b'~' | b'-' if separated => {
                return Err("`.`, `+`, `~` and `-` stand alone, between letters or digits");
            }
            b'.' | b'+' | b'~' | b'-' => separated = true,
            _ => return Err("it holds other characters than letters, digits, `.+~-`"),
        }
    }
    if separated { Err("it ends in `.`, `+`, `~` or `-`") } else { Ok(()) }
}

/// SemVer's precedence, then the build metadata as text.
pub(crate) fn compare_semver(left: &semver::Version, right: &semver::Version) -> Ordering {
    left.cmp_precedence(right).then_with(|| left.build.as_str().cmp(right.build.as_str()))
}

impl Ord for Version {
    /// The scheme's order; where the schemes differ, all of semver comes before all of loose.
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.semver, &other.semver) {
            (Some(left), Some(right)) => compare_semver(left, right),
            (None, None) => compare_loose(&self.text, &other.text),
            (left, right) => left.is_none().cmp(&right.is_none()),
        }
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.scheme() == other.scheme()
    }
}

impl Eq for Version {}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
        self.scheme().hash(state);
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({self}, {})", self.scheme().as_str())
    }
}
