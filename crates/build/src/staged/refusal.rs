//! What of a folder cannot be packed, and what to do about it.

use std::fmt;

use store::{archive::Rule, tree};

/// A path that cannot be in a package, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The path below the folder, made legible.
    pub path: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// Why something cannot be in a package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It breaks a rule that archives are installed by.
    #[error("{0} (rule {name})", name = .0.name())]
    Rule(Rule),
    /// It would run as its owner.
    #[error("it would run as its owner (rule setuid); take that away with `chmod u-s`")]
    Setuid,
    /// It would run as its group.
    #[error("it would run as its group (rule setgid); take that away with `chmod g-s`")]
    Setgid,
    /// The kernel would give it privileges.
    #[error("it has capabilities of the kernel (rule capability); take them away with `setcap -r`")]
    Capability,
    /// It is a socket.
    #[error("it is a socket (rule socket); remove it")]
    Socket,
    /// pkg's own folder.
    #[error("this name is kept for what pkg itself adds (rule reserved); rename it")]
    Reserved,
    /// Its place, or where it leads, breaks a rule of kegs.
    #[error("{0}")]
    Tree(tree::Error),
}

impl Refusal {
    pub(super) fn new(path: &[u8], problem: Problem) -> Self {
        let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        let path = String::from_utf8_lossy(path).chars().take(200).map(shown).collect();
        Self { path, problem }
    }

    pub(super) fn of_tree(error: tree::Error) -> Self {
        let path = match &error {
            tree::Error::LinkAbsolute { link, .. }
            | tree::Error::LinkLeaves { link, .. }
            | tree::Error::LinkDangles { link, .. }
            | tree::Error::LinkChain { link } => link.clone(),
            tree::Error::Path { path, .. } | tree::Error::UnderFile { path, .. } => path.clone(),
            _ => String::new(),
        };
        Self { path, problem: Problem::Tree(error) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.problem {
            // The sentences of a tree's errors name the path themselves.
            Problem::Tree(error) => error.fmt(f),
            problem => write!(f, "`{}`: {problem}", self.path),
        }
    }
}

/// Things of a message, each on a line of its own.
pub(crate) struct Lines<'a, T>(pub(crate) &'a [T]);

impl<T: fmt::Display> fmt::Display for Lines<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| write!(f, "\n{line}"))
    }
}
