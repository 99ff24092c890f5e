//! A layout's `index.json`: the manifests that it lists, and their names.
//!
//! Where the file is kept is not known here. What others wrote into it stays as it is; only the
//! entries that a change is about are touched.

use std::{collections::BTreeSet, path::Path};

use bytes::Bytes;
use digest::Digest;
use serde_json::{Map, Value, json};

use super::Error;
use crate::{Descriptor, Document, Manifest, descriptor::REF_NAME, manifest, media_type};

/// The index of a layout.
#[derive(Clone)]
pub(crate) struct Listing {
    document: Map<String, Value>,
    entries: Vec<Descriptor>,
}

/// A change of a listing.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    /// Lists a manifest, under a name or, without one, by its digest.
    List { entry: Box<Descriptor>, name: Option<String> },
    /// Takes a name away; its manifest stays listed.
    Unname(String),
    /// Takes away all that is listed of a manifest.
    Unlist(Digest),
}

impl Default for Listing {
    fn default() -> Self {
        let document = json!({
            "schemaVersion": 2,
            "mediaType": media_type::IMAGE_INDEX,
            "manifests": [],
        });
        let Value::Object(document) = document else { unreachable!("it is an object") };
        Self { document, entries: Vec::new() }
    }
}

impl Listing {
    /// Reads the bytes of the file at `path`.
    pub(crate) fn parse(bytes: Bytes, path: &Path) -> Result<Self, Error> {
        let digest = Digest::sha256(&bytes);
        let media_type = media_type::IMAGE_INDEX.to_owned();
        let manifest = Manifest { bytes, media_type, digest };
        let unreadable = |source| Error::Index { path: path.to_owned(), source };
        let entries = match manifest.document().map_err(unreadable)? {
            Document::Index(index) => index.manifests,
            Document::Image(_) => return Err(Error::NoIndex { path: path.to_owned() }),
        };
        let document = serde_json::from_slice(&manifest.bytes).map_err(|source| {
            unreadable(manifest::Error::Json { digest: manifest.digest, source })
        })?;
        Ok(Self { document, entries })
    }

    /// The bytes of the file at `path`.
    pub(crate) fn to_bytes(&self, path: &Path) -> Result<Vec<u8>, Error> {
        let bytes = serde_json::to_vec(&self.document).expect("a map of JSON can be written");
        if bytes.len() > manifest::BYTES_MAX {
            let limit = manifest::BYTES_MAX as u64;
            return Err(Error::TooLarge { path: path.to_owned(), limit });
        }
        Ok(bytes)
    }

    /// The same entries in an order of their own, whichever came first.
    pub(crate) fn sorted_by_name(mut self) -> Self {
        let key = |entry: &Descriptor| (name(entry).map(str::to_owned), entry.digest.clone());
        let values = std::mem::take(self.manifests());
        let mut both: Vec<_> = self.entries.drain(..).zip(values).collect();
        both.sort_by_key(|(entry, _)| key(entry));
        let (entries, values): (Vec<_>, Vec<_>) = both.into_iter().unzip();
        self.entries = entries;
        *self.manifests() = values;
        self
    }

    /// All entries in order.
    pub(crate) fn entries(&self) -> &[Descriptor] {
        &self.entries
    }

    /// The entry of a name; of several the last, as it was written later.
    pub(crate) fn named(&self, wanted: &str) -> Option<&Descriptor> {
        self.entries.iter().rev().find(|entry| name(entry) == Some(wanted))
    }

    /// The first entry of a digest.
    pub(crate) fn listed(&self, digest: &Digest) -> Option<&Descriptor> {
        self.entries.iter().find(|entry| entry.digest == *digest)
    }

    /// What the layout may be about: what has a name, or else all; each digest once.
    ///
    /// What has no name may be there for another's sake, such as a signature.
    pub(crate) fn candidates(&self) -> Vec<&Descriptor> {
        let has_name = |entry: &&Descriptor| name(entry).is_some();
        let mut entries: Vec<_> = self.entries.iter().filter(has_name).collect();
        if entries.is_empty() {
            entries = self.entries.iter().collect();
        }
        let mut seen = BTreeSet::new();
        entries.retain(|entry| seen.insert(&entry.digest));
        entries
    }

    /// All names, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        self.sorted(self.entries.iter())
    }

    /// The names of one manifest, sorted.
    pub(crate) fn names_of(&self, digest: &Digest) -> Vec<String> {
        self.sorted(self.entries.iter().filter(|entry| entry.digest == *digest))
    }

    fn sorted<'a>(&self, entries: impl Iterator<Item = &'a Descriptor>) -> Vec<String> {
        let names: BTreeSet<&str> = entries.filter_map(name).collect();
        names.into_iter().map(str::to_owned).collect()
    }

    /// Makes a change; `false` if nothing is different after it.
    pub(crate) fn apply(&mut self, edit: &Edit) -> bool {
        match edit {
            Edit::List { entry, name: None } => {
                if self.listed(&entry.digest).is_some() {
                    return false;
                }
                self.push(entry, None);
            }
            Edit::List { entry, name: Some(tag) } => {
                let digest = &entry.digest;
                if self.named(tag).is_some_and(|entry| entry.digest == *digest) {
                    return false;
                }
                self.retain(|other| {
                    name(other) != Some(tag) && (other.digest != *digest || name(other).is_some())
                });
                self.push(entry, Some(tag));
            }
            Edit::Unname(tag) => {
                let Some(entry) = self.named(tag).cloned() else {
                    return false;
                };
                self.retain(|other| name(other) != Some(tag));
                if self.listed(&entry.digest).is_none() {
                    self.push(&entry, None);
                }
            }
            Edit::Unlist(digest) => {
                let before = self.entries.len();
                self.retain(|other| other.digest != *digest);
                return self.entries.len() != before;
            }
        }
        true
    }

    fn retain(&mut self, keep: impl Fn(&Descriptor) -> bool) {
        let kept: Vec<bool> = self.entries.iter().map(keep).collect();
        let mut each = kept.iter();
        self.entries.retain(|_| *each.next().expect("one for each"));
        let mut each = kept.iter();
        self.manifests().retain(|_| *each.next().expect("one for each"));
    }

    fn push(&mut self, entry: &Descriptor, tag: Option<&str>) {
        let mut entry = entry.clone();
        entry.annotations.remove(REF_NAME);
        if let Some(tag) = tag {
            entry.annotations.insert(REF_NAME.to_owned(), tag.to_owned());
        }
        self.manifests().push(serde_json::to_value(&entry).expect("a descriptor is JSON"));
        self.entries.push(entry);
    }

    /// The list in the document; the same length and order as the entries.
    fn manifests(&mut self) -> &mut Vec<Value> {
        let list = self.document.entry("manifests").or_insert(Value::Null);
        if !list.is_array() {
            *list = Value::Array(Vec::new());
        }
        list.as_array_mut().expect("it is an array now")
    }
}

fn name(entry: &Descriptor) -> Option<&str> {
    entry.annotations.get(REF_NAME).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(note: &str) -> Box<Descriptor> {
        let digest = Digest::sha256(note.as_bytes());
        Box::new(Descriptor::new(media_type::IMAGE_MANIFEST, digest, 1))
    }

    fn list(note: &str, name: Option<&str>) -> Edit {
        Edit::List { entry: entry(note), name: name.map(str::to_owned) }
    }

    /// The entries as `note:name`, `-` for none.
    fn shown(listing: &Listing) -> String {
        let notes = ["a", "b", "c"];
        let note = |digest: &Digest| {
            notes.into_iter().find(|note| Digest::sha256(note.as_bytes()) == *digest).unwrap()
        };
        let bytes = listing.to_bytes(Path::new("x")).unwrap();
        let again = Listing::parse(bytes.into(), Path::new("x")).unwrap();
        assert_eq!(again.entries, listing.entries);
        let entries = listing.entries.iter();
        let all: Vec<_> = entries
            .map(|entry| format!("{}:{}", note(&entry.digest), name(entry).unwrap_or("-")))
            .collect();
        all.join(" ")
    }

    #[test]
    fn i3_a_name_moves_and_what_has_none_is_kept() {
        let mut listing = Listing::default();
        let mut check = |edit: Edit, changes: bool, expected: &str| {
            assert_eq!(listing.apply(&edit), changes, "{edit:?}");
            assert_eq!(shown(&listing), expected, "{edit:?}");
        };
        check(list("a", None), true, "a:-");
        check(list("a", None), false, "a:-");
        check(list("b", Some("1")), true, "a:- b:1");
        check(list("b", Some("1")), false, "a:- b:1");
        check(list("b", None), false, "a:- b:1");
        check(list("b", Some("2")), true, "a:- b:1 b:2");
        check(list("c", Some("1")), true, "a:- b:2 c:1");
        check(list("a", Some("3")), true, "b:2 c:1 a:3");
        check(Edit::Unname("9".to_owned()), false, "b:2 c:1 a:3");
        check(Edit::Unname("2".to_owned()), true, "c:1 a:3 b:-");
        check(Edit::Unlist(entry("c").digest), true, "a:3 b:-");
        check(Edit::Unlist(entry("c").digest), false, "a:3 b:-");
    }

    #[test]
    fn i4_what_others_wrote_is_kept() {
        let text = json!({
            "schemaVersion": 2,
            "later": {"x": [1]},
            "annotations": {"k": "v"},
            "manifests": [{
                "mediaType": "a/b", "digest": entry("a").digest.as_str(), "size": 1, "later": true,
            }],
        });
        let bytes = text.to_string().into_bytes();
        let mut listing = Listing::parse(bytes.into(), Path::new("x")).unwrap();
        listing.apply(&list("b", Some("1")));
        let written: Value =
            serde_json::from_slice(&listing.to_bytes(Path::new("x")).unwrap()).unwrap();
        for key in ["schemaVersion", "later", "annotations"] {
            assert_eq!(written[key], text[key], "{key}");
        }
        assert_eq!(written["manifests"][0], text["manifests"][0]);
        assert_eq!(written["manifests"][1]["annotations"][REF_NAME], "1");
        assert!(written["manifests"][1].get("platform").is_none());
    }

    #[test]
    fn what_has_no_name_counts_only_where_nothing_has_one() {
        let candidates = |edits: &[Edit]| {
            let mut listing = Listing::default();
            edits.iter().for_each(|edit| assert!(listing.apply(edit)));
            let digests = listing.candidates().into_iter().map(|entry| entry.digest.clone());
            digests.collect::<Vec<_>>()
        };
        let digests =
            |notes: &[&str]| -> Vec<_> { notes.iter().map(|note| entry(note).digest).collect() };
        assert_eq!(candidates(&[]), []);
        assert_eq!(candidates(&[list("a", None)]), digests(&["a"]));
        assert_eq!(candidates(&[list("a", None), list("b", None)]), digests(&["a", "b"]));
        assert_eq!(candidates(&[list("a", None), list("b", Some("1"))]), digests(&["b"]));
        assert_eq!(candidates(&[list("b", Some("2")), list("b", Some("1"))]), digests(&["b"]));
    }
}
