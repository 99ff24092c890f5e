//! Constraints: which versions a request, a dependency or a rule accepts.
//!
//! The syntax knows no scheme; [`Constraint::check`] says whether one can be used with a scheme.

mod atom;
#[cfg(test)]
mod tests;

use std::{fmt, str::FromStr};

use crate::version::{Scheme, Version};
use atom::Atom;

/// A set of versions, as text: `1.1`, `>=2, <4`, `^1.2 || =3.0.0-rc.1`, `*`.
///
/// A bare version is a prefix by parts: `1.1` takes 1.1 and 1.1.7, not 1.10.
/// `,` is and, `||` is or; `=`, `!=`, `<`, `<=`, `>`, `>=` compare; `^`, `~` are for SemVer only.
/// Two constraints are equal where their texts are.
#[derive(Clone)]
pub struct Constraint {
    text: Box<str>,
    /// Any of these, each a list of which all must hold; empty for `*`.
    alternatives: Box<[Box<[Atom]>]>,
}

/// A text that is no constraint, or not one for a scheme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text breaks the syntax.
    #[error("`{text}` is not a constraint: {rule}")]
    Malformed {
        /// The text, shortened to 80 characters and without control characters.
        text: String,
        /// The rule that the text breaks.
        rule: &'static str,
    },
    /// `^` and `~` say something about SemVer versions only.
    #[error("`{operator}` needs SemVer versions, and these are `loose`")]
    NeedsSemver {
        /// `^` or `~`.
        operator: &'static str,
    },
    /// A version in the constraint is none of SemVer, nor its first one or two numbers.
    #[error("`{version}` in a constraint is not SemVer")]
    NotSemver {
        /// The version.
        version: String,
    },
}

/// Longest constraint, in bytes.
const BYTES_MAX: usize = 256;

impl Constraint {
    /// Reads a constraint; the error names the rule that `text` breaks.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim_matches(' ');
        let malformed = |rule| Error::Malformed { text: crate::name::printable(text), rule };
        if text.len() > BYTES_MAX {
            return Err(malformed("it is longer than 256 bytes"));
        }
        if text == "*" {
            return Ok(Self::any());
        }
        let all = |text: &str| text.split(',').map(Atom::parse).collect::<Result<_, _>>();
        let alternatives = text.split("||").map(all).collect::<Result<_, _>>();
        Ok(Self { text: text.into(), alternatives: alternatives.map_err(malformed)? })
    }

    /// `*`: every version that is no pre-release.
    pub fn any() -> Self {
        Self { text: "*".into(), alternatives: Box::default() }
    }

    /// Whether this is `*`.
    pub fn is_any(&self) -> bool {
        self.alternatives.is_empty()
    }

    /// The constraint as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the constraint takes `version`; a pre-release only where it names one.
    pub fn matches(&self, version: &Version) -> bool {
        let early = version.is_prerelease();
        let holds = |all: &[Atom]| {
            (!early || all.iter().any(Atom::names_prerelease))
                && all.iter().all(|atom| atom.matches(version))
        };
        if self.is_any() { !early } else { self.alternatives.iter().any(|all| holds(all)) }
    }

    /// Whether `version` is in the constraint by plain order, pre-release or not.
    ///
    /// `[[when]] version` asks this: a rule for `<14` holds for 14.0.0-rc1.
    pub fn matches_plain(&self, version: &Version) -> bool {
        let holds = |all: &[Atom]| all.iter().all(|atom| atom.matches(version));
        self.is_any() || self.alternatives.iter().any(|all| holds(all))
    }

    /// Whether the constraint makes sense for versions of `scheme`.
    pub fn check(&self, scheme: Scheme) -> Result<(), Error> {
        self.alternatives.iter().flatten().try_for_each(|atom| atom.check(scheme))
    }
}

impl FromStr for Constraint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl PartialEq for Constraint {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Constraint {}

impl std::hash::Hash for Constraint {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Constraint({self})")
    }
}

serde_as_text!(Constraint);
