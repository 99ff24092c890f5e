//! What a layout is about where nobody names one of its artifacts.
//!
//! A layout often names the parts of an artifact beside the artifact: each platform's manifest
//! beside the index of all, or the index of fewer platforms that stood there before.

use std::collections::BTreeSet;

use digest::Digest;

use super::{Error, Layout, Listing};
use crate::{Descriptor, Document};

/// An entry, and the digests that it lists where it is an index.
struct Candidate<'a> {
    entry: &'a Descriptor,
    lists: BTreeSet<Digest>,
}

impl Layout {
    /// The only artifact that is no part of another.
    pub(super) fn only(&self, listing: &Listing) -> Result<Descriptor, Error> {
        let entries = listing.candidates();
        if let [only] = entries[..] {
            return Ok(only.clone());
        }
        let candidate = |entry| Ok(Candidate { entry, lists: self.lists(listing, entry)? });
        let candidates: Vec<_> =
            entries.into_iter().map(candidate).collect::<Result<_, Error>>()?;
        let is_whole = |one: &&Candidate<'_>| !candidates.iter().any(|other| one.is_part_of(other));
        let whole: Vec<_> = candidates.iter().filter(is_whole).collect();
        let path = || self.shelf.path().to_owned();
        match whole[..] {
            [] => Err(Error::Empty { path: path() }),
            [only] => Ok(only.entry.clone()),
            _ => {
                let names = whole.iter().flat_map(|one| listing.names_of(&one.entry.digest));
                let names: BTreeSet<String> = names.collect();
                Err(Error::Several { path: path(), names: names.into_iter().collect() })
            }
        }
    }

    /// What an entry lists; nothing where it is no index, or not here.
    fn lists(&self, listing: &Listing, entry: &Descriptor) -> Result<BTreeSet<Digest>, Error> {
        let manifest = match self.read(listing, &entry.digest, Some(&entry.media_type)) {
            Ok(manifest) => manifest,
            Err(Error::Unknown { .. } | Error::TooLarge { .. }) => return Ok(BTreeSet::new()),
            Err(error) => return Err(error),
        };
        Ok(match manifest.document() {
            Ok(Document::Index(index)) => index.manifests.into_iter().map(|it| it.digest).collect(),
            _ => BTreeSet::new(),
        })
    }
}

impl Candidate<'_> {
    /// Whether `other` lists this one, or all that this one lists and more.
    fn is_part_of(&self, other: &Self) -> bool {
        let is_less = || !self.lists.is_empty() && self.lists.len() < other.lists.len();
        other.lists.contains(&self.entry.digest) || is_less() && self.lists.is_subset(&other.lists)
    }
}
