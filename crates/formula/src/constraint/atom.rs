//! One comparison of a constraint: an operator and a version or the first parts of one.

use std::cmp::Ordering;

use super::Error;
use crate::version::{Scheme, Token, Version, compare_loose, compare_semver, tokens};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Prefix,
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Caret,
    Tilde,
}

/// The longer of two operators that start alike comes first.
const OPERATORS: [(&str, Operator); 8] = [
    ("!=", Operator::Unequal),
    ("<=", Operator::LessEqual),
    (">=", Operator::GreaterEqual),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("^", Operator::Caret),
    ("~", Operator::Tilde),
];

#[derive(Clone)]
pub(super) struct Atom {
    operator: Operator,
    operand: Box<str>,
    /// The operand as SemVer, missing numbers read as 0; `None` where it is no such thing.
    semver: Option<semver::Version>,
    /// The first version above what `^` or `~` take.
    end: Option<semver::Version>,
}

impl Atom {
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim_matches(' ');
        if text.is_empty() {
            return Err("a comparison is empty; write `*` for any version");
        }
        let found = OPERATORS.iter().find(|(sign, _)| text.starts_with(sign));
        let (sign, operator) = found.copied().unwrap_or(("", Operator::Prefix));
        let operand = text[sign.len()..].trim_matches(' ');
        if Version::parse(operand, Scheme::Loose).is_err() {
            return Err(rule_of(operand));
        }
        let semver = pad(operand);
        let end = match (&semver, operator) {
            (Some(from), Operator::Caret) => Some(caret_end(from, operand)),
            (Some(from), Operator::Tilde) => Some(tilde_end(from, operand)),
            _ => None,
        };
        Ok(Self { operator, operand: operand.into(), semver, end })
    }

    pub(super) fn matches(&self, version: &Version) -> bool {
        let order = self.compare(version);
        match self.operator {
            Operator::Prefix => self.is_prefix_of(version),
            Operator::Equal => order.is_eq(),
            Operator::Unequal => order.is_ne(),
            Operator::Less => order.is_lt(),
            Operator::LessEqual => order.is_le(),
            Operator::Greater => order.is_gt(),
            Operator::GreaterEqual => order.is_ge(),
            Operator::Caret | Operator::Tilde => match (version.semver(), &self.end) {
                (Some(version), Some(end)) => order.is_ge() && compare_semver(version, end).is_lt(),
                _ => false,
            },
        }
    }

    /// Where `version` stands, seen from the operand.
    fn compare(&self, version: &Version) -> Ordering {
        match (version.semver(), &self.semver) {
            (Some(version), Some(operand)) => compare_semver(version, operand),
            _ => compare_loose(version.as_str(), &self.operand),
        }
    }

    fn is_prefix_of(&self, version: &Version) -> bool {
        let mut parts = tokens(version.as_str());
        tokens(&self.operand)
            .all(|want| parts.next().is_some_and(|part| part.compare(want).is_eq()))
    }

    /// `!=` names what is not wanted, so it invites nothing.
    pub(super) fn names_prerelease(&self) -> bool {
        self.operator != Operator::Unequal
            && match &self.semver {
                Some(operand) => !operand.pre.is_empty(),
                None => tokens(&self.operand).any(Token::is_prerelease),
            }
    }

    pub(super) fn check(&self, scheme: Scheme) -> Result<(), Error> {
        match (scheme, self.operator) {
            (Scheme::Loose, Operator::Caret) => Err(Error::NeedsSemver { operator: "^" }),
            (Scheme::Loose, Operator::Tilde) => Err(Error::NeedsSemver { operator: "~" }),
            (Scheme::Loose, _) => Ok(()),
            (Scheme::Semver, _) if self.semver.is_some() => Ok(()),
            (Scheme::Semver, _) => Err(Error::NotSemver { version: self.operand.to_string() }),
        }
    }
}

fn rule_of(operand: &str) -> &'static str {
    if operand.is_empty() {
        "a comparison names no version"
    } else if operand.contains('*') {
        "`*` stands alone; a bare version takes everything below it: `1.2` takes 1.2.3"
    } else if operand.contains(' ') {
        "comparisons are joined by `,` (and) or `||` (or)"
    } else {
        "a comparison is an operator and a version, like `>=1.2`"
    }
}

/// `operand` as SemVer: `3` is 3.0.0, `3.1` is 3.1.0.
fn pad(operand: &str) -> Option<semver::Version> {
    let numbers = operand.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let text = match operand.split('.').count() {
        1 if numbers => format!("{operand}.0.0"),
        2 if numbers => format!("{operand}.0"),
        _ => operand.to_owned(),
    };
    semver::Version::parse(&text).ok()
}

/// The first number that is not 0 may not grow; of `0` and `0.0` the last one that is written.
fn caret_end(from: &semver::Version, operand: &str) -> semver::Version {
    match (from.major, from.minor, operand.split('.').count()) {
        (0, 0, 3..) => early(0, 0, from.patch.saturating_add(1)),
        (0, 0, 1) => early(1, 0, 0),
        (0, minor, _) => early(0, minor.saturating_add(1), 0),
        (major, ..) => early(major.saturating_add(1), 0, 0),
    }
}

fn tilde_end(from: &semver::Version, operand: &str) -> semver::Version {
    match operand.split('.').count() {
        1 => early(from.major.saturating_add(1), 0, 0),
        _ => early(from.major, from.minor.saturating_add(1), 0),
    }
}

/// The lowest pre-release: `^1.2` takes no 2.0.0-rc.1.
fn early(major: u64, minor: u64, patch: u64) -> semver::Version {
    let mut version = semver::Version::new(major, minor, patch);
    version.pre = semver::Prerelease::new("0").expect("`0` is a pre-release");
    version
}
