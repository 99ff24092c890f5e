//! Manifests as served, and the documents that their bytes are (image-spec, manifest.md).
//!
//! The bytes are kept as they came and never written anew, since their digest is their name.
//! Which types of artifacts there are, and what a config says, is deliberately not known here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use bytes::Bytes;
use digest::Digest;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{Descriptor, Index, excerpt::excerpt, media_type, media_type::Kind, scan};

/// Largest manifest or index that is read, in bytes; registries refuse larger ones as well.
pub const BYTES_MAX: usize = 4 << 20;

/// A manifest or index as a registry or layout serves it, verified against `digest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The bytes as served.
    pub bytes: Bytes,
    /// The type under which it was served; of a layout, the type its descriptor names.
    pub media_type: String,
    /// The digest of the bytes.
    pub digest: Digest,
}

/// What a manifest's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one is read per manifest and taken apart at once")]
pub enum Document {
    /// A config and layers: an image, or any other artifact.
    Image(ImageManifest),
    /// A list of manifests, mostly one per platform.
    Index(Index),
}

/// A config and layers; both are descriptors, of whatever types the artifact's author chose.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageManifest {
    /// The type that the document gives itself; may be one of the author's own.
    pub media_type: Option<String>,
    /// What the artifact is, where its author says so.
    pub artifact_type: Option<String>,
    /// The config's descriptor; never read here.
    pub config: Descriptor,
    /// The contents in order; may be none.
    #[serde(deserialize_with = "null_as_default")]
    pub layers: Vec<Descriptor>,
    /// The manifest that this one is about.
    pub subject: Option<Descriptor>,
    /// Free text by key, untrusted.
    #[serde(default, deserialize_with = "null_as_default")]
    pub annotations: BTreeMap<String, String>,
}

/// A manifest that cannot be taken for one document, and one only.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes are too many.
    #[error("the manifest {digest} has {size} bytes; at most {BYTES_MAX} are read")]
    TooLarge {
        /// The manifest.
        digest: Digest,
        /// Its size in bytes.
        size: usize,
    },
    /// The bytes are no JSON, or not of the document's form.
    #[error("cannot read the manifest {digest}")]
    Json {
        /// The manifest.
        digest: Digest,
        /// What is wrong, and where.
        #[source]
        source: serde_json::Error,
    },
    /// Docker's first manifest, which pins no content.
    #[error(
        "{digest} is a Docker schema 1 manifest, which is not supported; \
         ask its publisher to push it again with a current client"
    )]
    Schema1 {
        /// The manifest.
        digest: Digest,
    },
    /// Served as one type of manifest, and by its own word another.
    #[error("the manifest {digest} is served as `{served}` but calls itself `{own}`")]
    Mismatch {
        /// The manifest.
        digest: Digest,
        /// The type under which it was served.
        served: String,
        /// The type that its body names.
        own: String,
    },
    /// Has the parts of an image and of an index, so that readers could differ on what it is.
    #[error("the manifest {digest} has both `manifests` and `config` or `layers`")]
    Ambiguous {
        /// The manifest.
        digest: Digest,
    },
    /// A key that the document's kind must have is missing.
    #[error("the manifest {digest}{} has no `{key}`", Served(served))]
    Incomplete {
        /// The manifest.
        digest: Digest,
        /// The type under which it was served.
        served: String,
        /// The key that is missing.
        key: &'static str,
    },
    /// Neither its type nor its form are those of a manifest.
    #[error("{digest}{} is neither an image manifest nor an index", Served(served))]
    Unknown {
        /// The manifest.
        digest: Digest,
        /// The type under which it was served.
        served: String,
    },
}

/// The type under which a manifest was served, where there is one, inside a sentence.
struct Served<'a>(&'a str);

impl fmt::Display for Served<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ", served as `{}`,", self.0) }
    }
}

impl Manifest {
    /// A manifest of which only the bytes are known: its type is the one that it gives itself,
    /// else that of its form.
    ///
    /// # Errors
    ///
    /// The bytes are no manifest.
    pub fn of_bytes(bytes: Bytes) -> Result<Self, Error> {
        let (media_type, digest) = (own_type(&bytes), Digest::sha256(&bytes));
        let mut manifest = Self { bytes, media_type, digest };
        let document = manifest.document()?;
        if manifest.media_type.is_empty() {
            manifest.media_type = match document {
                Document::Image(_) => media_type::IMAGE_MANIFEST.to_owned(),
                Document::Index(_) => media_type::IMAGE_INDEX.to_owned(),
            };
        }
        Ok(manifest)
    }

    /// The descriptor that names it.
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(&self.media_type, self.digest.clone(), self.bytes.len() as u64)
    }

    /// Reads the bytes as the document that the type under which they were served says.
    ///
    /// A type of the author's own is accepted, on either side, with the form of one kind only.
    pub fn document(&self) -> Result<Document, Error> {
        if self.bytes.len() > BYTES_MAX {
            return Err(Error::TooLarge { digest: self.digest.clone(), size: self.bytes.len() });
        }
        self.document_of_any_size()
    }

    /// The same for bytes of our own, which may be more than are read from others.
    pub(crate) fn document_of_any_size(&self) -> Result<Document, Error> {
        let keys = scan::top_keys(&self.bytes).map_err(|source| self.unreadable(source))?;
        match self.kind(&keys)? {
            Kind::Schema1 => Err(Error::Schema1 { digest: self.digest.clone() }),
            Kind::Image => Ok(Document::Image(self.parse()?)),
            Kind::Index => Ok(Document::Index(self.parse()?)),
        }
    }

    fn kind(&self, keys: &BTreeSet<String>) -> Result<Kind, Error> {
        let heading: Heading = self.parse()?;
        let digest = || self.digest.clone();
        let served = || excerpt(&self.media_type);
        let served_as = Kind::of(&self.media_type);
        let own_kind = heading.media_type.as_deref().and_then(Kind::of);
        if heading.schema_version == Some(1)
            || keys.contains("fsLayers")
            || [served_as, own_kind].contains(&Some(Kind::Schema1))
        {
            return Ok(Kind::Schema1);
        }
        if let (Some(_), Some(_), Some(own)) = (served_as, own_kind, &heading.media_type)
            && !media_type::is_same(own, &self.media_type)
        {
            return Err(Error::Mismatch { digest: digest(), served: served(), own: excerpt(own) });
        }
        let is_image = keys.contains("layers") || keys.contains("config");
        let is_index = keys.contains("manifests");
        let form = match (is_image, is_index) {
            (true, true) => return Err(Error::Ambiguous { digest: digest() }),
            (true, false) => Some(Kind::Image),
            (false, true) => Some(Kind::Index),
            (false, false) => None,
        };
        let Some(kind) = served_as.or(own_kind).or(form) else {
            return Err(Error::Unknown { digest: digest(), served: served() });
        };
        let needed: &[&str] =
            if kind == Kind::Index { &["manifests"] } else { &["config", "layers"] };
        match needed.iter().find(|key| !keys.contains(**key)) {
            Some(key) => Err(Error::Incomplete { digest: digest(), served: served(), key }),
            None => Ok(kind),
        }
    }

    fn parse<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.bytes).map_err(|source| self.unreadable(source))
    }

    fn unreadable(&self, source: serde_json::Error) -> Error {
        Error::Json { digest: self.digest.clone(), source }
    }
}

impl Document {
    /// The type that the document gives itself; may be one of the author's own.
    pub fn media_type(&self) -> Option<&str> {
        match self {
            Self::Image(image) => image.media_type.as_deref(),
            Self::Index(index) => index.media_type.as_deref(),
        }
    }

    /// The manifest that this one is about.
    pub fn subject(&self) -> Option<&Descriptor> {
        match self {
            Self::Image(image) => image.subject.as_ref(),
            Self::Index(index) => index.subject.as_ref(),
        }
    }

    /// What the artifact is: its own word, else the type of its config.
    pub fn artifact_type(&self) -> Option<&str> {
        let (own, config) = match self {
            Self::Image(image) => (&image.artifact_type, Some(image.config.media_type.as_str())),
            Self::Index(index) => (&index.artifact_type, None),
        };
        own.as_deref().filter(|own| !own.is_empty()).or(config)
    }

    /// Free text by key, untrusted.
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        match self {
            Self::Image(image) => &image.annotations,
            Self::Index(index) => &index.annotations,
        }
    }
}

/// What every document has at its top.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Heading {
    schema_version: Option<u64>,
    media_type: Option<String>,
}

/// The type that a manifest gives itself; empty where it gives none, so that its form decides.
pub(crate) fn own_type(bytes: &[u8]) -> String {
    let heading = serde_json::from_slice::<Heading>(bytes).ok();
    heading.and_then(|heading| heading.media_type).unwrap_or_default()
}

pub(crate) fn null_as_default<'de, D, T>(input: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(input)?.unwrap_or_default())
}

#[cfg(test)]
mod tests;
