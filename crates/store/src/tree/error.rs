//! Why archives do not make a keg.

use crate::archive::Rule;

/// Why plans do not make a tree, or a tree no keg; each says what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Two layers hold the same path.
    #[error(
        "`{path}` is in layer {first} and in layer {second}; only layers of an `image` may \
         replace one another"
    )]
    Equal {
        /// The path.
        path: String,
        /// The layer that came first, counted from 1.
        first: usize,
        /// The layer that holds it again.
        second: usize,
    },
    /// Something lies below what is no directory.
    #[error("`{path}` cannot lie below `{parent}`, which is no directory")]
    UnderFile {
        /// The path.
        path: String,
        /// The file or link that it would lie in.
        parent: String,
    },
    /// A path breaks a rule where it is placed.
    #[error("`{path}` cannot be placed: {rule} (rule {})", .rule.name())]
    Path {
        /// The path.
        path: String,
        /// The rule.
        rule: Rule,
    },
    /// An entry that breaks a rule is among those to be installed.
    #[error(
        "`{path}` cannot be installed: {rule} (rule {}); narrow `paths` so that it is not taken",
        .rule.name()
    )]
    Refused {
        /// The path, made legible.
        path: String,
        /// The rule.
        rule: Rule,
    },
    /// All entries lie less deep than the components to drop.
    #[error("`strip = {count}` leaves nothing of the archive; use a smaller number")]
    StripsAll {
        /// The leading components to drop.
        count: u32,
    },
    /// A path to take is not in the image.
    #[error("`{path}` is not in the image; `paths` must name what its layers hold")]
    NoMatch {
        /// The path or pattern.
        path: String,
    },
    /// A symlink's target is absolute.
    #[error(
        "the link `{link}` leads to `{target}`, outside the keg; list `{target}` in \
         `[source] external-links` if that is meant"
    )]
    LinkAbsolute {
        /// The link.
        link: String,
        /// Its target.
        target: String,
    },
    /// A symlink leads out of the keg.
    #[error(
        "the link `{link}` leaves the keg by `{target}`; list `{target}` in \
         `[source] external-links` if that is meant"
    )]
    LinkLeaves {
        /// The link.
        link: String,
        /// Its target.
        target: String,
    },
    /// A symlink leads to nothing.
    #[error(
        "the link `{link}` leads to `{target}`, which does not exist; list `{target}` in \
         `[source] external-links` if something else provides it"
    )]
    LinkDangles {
        /// The link.
        link: String,
        /// Its target.
        target: String,
    },
    /// A symlink leads through too many others, or in a circle.
    #[error("the link `{link}` passes more than 8 links, or leads in a circle")]
    LinkChain {
        /// The link.
        link: String,
    },
    /// Two paths are one where the filesystem does not tell letters apart as finely.
    #[error("`{first}` and `{second}` are the same file on this filesystem, which folds letters")]
    Folds {
        /// The path that comes first.
        first: String,
        /// The other one.
        second: String,
    },
}
