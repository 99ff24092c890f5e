//! A strict first reading of a document's JSON, so that every reader sees the same document.
//!
//! Readers differ on duplicate keys (first or last wins) and on case (Go ignores it), so a
//! document that uses either to say two things is refused before anything is taken from it.

use std::{collections::BTreeSet, fmt};

use serde::de::{Deserializer as _, Error as _, MapAccess, SeqAccess};

/// Reads all of `bytes` and answers with the keys of the outermost object.
pub(crate) fn top_keys(bytes: &[u8]) -> Result<BTreeSet<String>, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let keys = json.deserialize_map(Level::Document)?;
    json.end()?;
    Ok(keys)
}

/// Which object of a document is being read.
#[derive(Clone, Copy)]
enum Level {
    Document,
    Descriptor,
    Platform,
    Free,
}

impl Level {
    /// The keys that may not be written in another case at this level.
    fn known(self) -> &'static [&'static str] {
        match self {
            Self::Document => &[
                "schemaVersion",
                "mediaType",
                "artifactType",
                "config",
                "layers",
                "manifests",
                "subject",
                "annotations",
                "fsLayers",
            ],
            Self::Descriptor => &[
                "mediaType",
                "artifactType",
                "digest",
                "size",
                "urls",
                "annotations",
                "data",
                "platform",
            ],
            Self::Platform => &["architecture", "os", "os.version", "os.features", "variant"],
            Self::Free => &[],
        }
    }

    fn below(self, key: &str) -> Self {
        match (self, key) {
            (Self::Document, "config" | "subject" | "layers" | "manifests") => Self::Descriptor,
            (Self::Descriptor, "platform") => Self::Platform,
            _ => Self::Free,
        }
    }

    fn check(self, key: &str) -> Result<(), String> {
        let folded = fold(key);
        match self.known().iter().find(|known| **known != key && fold(known) == folded) {
            Some(known) => Err(format!("a key is `{known}` in another case")),
            None => Ok(()),
        }
    }
}

/// A key as the most lenient reader compares it; the long s and the Kelvin sign fold as well.
fn fold(key: &str) -> String {
    key.to_uppercase().to_lowercase()
}

impl<'de> serde::de::DeserializeSeed<'de> for Level {
    type Value = BTreeSet<String>;

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> serde::de::Visitor<'de> for Level {
    type Value = BTreeSet<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(BTreeSet::new())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(BTreeSet::new())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(BTreeSet::new())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(BTreeSet::new())
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(BTreeSet::new())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(BTreeSet::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element_seed(self)?.is_some() {}
        Ok(BTreeSet::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            self.check(&key).map_err(A::Error::custom)?;
            map.next_value_seed(self.below(&key))?;
            if !keys.insert(key) {
                return Err(A::Error::custom("a key stands twice in one object"));
            }
        }
        Ok(keys)
    }
}
