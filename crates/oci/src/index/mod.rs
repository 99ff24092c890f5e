//! Indexes: lists of manifests, and the choice of the one for a host (image-spec, image-index.md).
//!
//! An index inside an index is chosen like a manifest; who follows it uses [`Descent`], which
//! bounds how far. Nothing here fetches.

use std::{cmp::Reverse, collections::BTreeMap, collections::BTreeSet, fmt};

use digest::Digest;
use serde::Deserialize;

use crate::{Descriptor, Platform, manifest::null_as_default, media_type::Kind};

/// A list of manifests, mostly one per platform.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// The type that the document gives itself; may be one of the author's own.
    pub media_type: Option<String>,
    /// What the artifact is, where its author says so.
    pub artifact_type: Option<String>,
    /// The manifests in order, of known and unknown types.
    #[serde(deserialize_with = "null_as_default")]
    pub manifests: Vec<Descriptor>,
    /// The manifest that this index is about.
    pub subject: Option<Descriptor>,
    /// Free text by key, untrusted.
    #[serde(default, deserialize_with = "null_as_default")]
    pub annotations: BTreeMap<String, String>,
}

/// No entry of an index runs on the host; says which there are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is nothing for {wanted}; there {}", Listed(.available))]
pub struct NoPlatform {
    /// The host.
    pub wanted: Box<Platform>,
    /// The platforms of the entries that could be chosen, each once and sorted.
    pub available: Vec<Platform>,
}

impl Index {
    /// The entry that suits a host best.
    ///
    /// More demanded features win (`libc.gnu` before a program for any libc), then the newest
    /// variant of the processor, then the same version of the system, then the first in the list.
    /// An entry without platform is taken when it is the only one and no other suits.
    pub fn pick(&self, host: &Platform) -> Result<&Descriptor, NoPlatform> {
        let fitting = self.candidates().enumerate().filter_map(|(position, entry)| {
            let fit = entry.platform.as_ref()?.fit(host)?;
            Some((fit, Reverse(position), entry))
        });
        if let Some((_, _, entry)) = fitting.max_by_key(|(fit, position, _)| (*fit, *position)) {
            return Ok(entry);
        }
        let mut anywhere = self.candidates().filter(|entry| entry.platform.is_none());
        match (anywhere.next(), anywhere.next()) {
            (Some(entry), None) => Ok(entry),
            _ => Err(NoPlatform { wanted: Box::new(host.clone()), available: self.platforms() }),
        }
    }

    /// The platforms of the entries that could be chosen, each once and sorted.
    pub fn platforms(&self) -> Vec<Platform> {
        let all: BTreeSet<_> = self.candidates().filter_map(|it| it.platform.as_ref()).collect();
        all.into_iter().cloned().collect()
    }

    /// The entries of known types that are not attestations about other entries.
    fn candidates(&self) -> impl Iterator<Item = &Descriptor> {
        self.manifests.iter().filter(|entry| {
            let known = matches!(Kind::of(&entry.media_type), Some(Kind::Image | Kind::Index));
            let attests = entry.platform.as_ref().is_some_and(Platform::is_unknown)
                || entry.annotations.contains_key("vnd.docker.reference.type");
            known && !attests
        })
    }
}

/// The platforms of an error, as the end of a sentence.
struct Listed<'a>(&'a [Platform]);

/// Most platforms that an error names.
const LISTED_MAX: usize = 24;

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, rest)) = self.0.split_first() else {
            return f.write_str("are no platforms in the index at all");
        };
        write!(f, "{}: {first}", if rest.is_empty() { "is" } else { "are" })?;
        for platform in rest.iter().take(LISTED_MAX - 1) {
            write!(f, ", {platform}")?;
        }
        match rest.len().saturating_sub(LISTED_MAX - 1) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// Bounds the way from an index through indexes inside it: in depth, in number, and against rings.
#[derive(Debug, Default)]
pub struct Descent {
    seen: BTreeSet<Digest>,
    depth: usize,
}

/// A chain of indexes that is not followed any further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TooDeep {
    /// The document was met before on the same way.
    #[error("the index {digest} contains itself")]
    Ring {
        /// The index met twice.
        digest: Digest,
    },
    /// There are more indexes inside each other than are followed.
    #[error("{digest} lies more than {DEPTH_MAX} indexes deep")]
    Depth {
        /// The document that is not fetched.
        digest: Digest,
    },
}

/// Most indexes inside each other; publishers use one, or two.
pub const DEPTH_MAX: usize = 4;

impl Descent {
    /// Notes that the document of `digest` is fetched next, one step further down.
    pub fn enter(&mut self, digest: &Digest) -> Result<(), TooDeep> {
        if !self.seen.insert(digest.clone()) {
            return Err(TooDeep::Ring { digest: digest.clone() });
        }
        self.depth += 1;
        // One document is the index itself, and the last one the manifest.
        if self.depth > DEPTH_MAX + 1 {
            return Err(TooDeep::Depth { digest: digest.clone() });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
