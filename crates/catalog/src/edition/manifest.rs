//! The manifest of an edition: written when it is made, checked before anything of it is fetched.

use oci::{Artifact, Descriptor, Document, ImageManifest};

use super::{
    ARTIFACT, INDEX, Moment, NAME_KEY, PUBLISHED_KEY, SERIAL_KEY, SOURCES, parse_serial, sources,
};

/// Largest index as it comes, in bytes.
const INDEX_BYTES_MAX: u64 = 256 << 20;
/// Most layers with formulas, and most bytes of all of them.
const LAYERS_MAX: usize = 8192;
const LAYERS_BYTES_MAX: u64 = 1 << 30;

/// What a manifest says of its edition.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) tap: String,
    pub(crate) serial: u64,
    pub(crate) published: Moment,
    pub(crate) index: Descriptor,
    pub(crate) sources: Vec<Descriptor>,
}

/// The rule that a manifest breaks.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is another artifact.
    #[error("it is no tap but {found}")]
    Other {
        /// What it calls itself.
        found: String,
    },
    /// It does not say which edition it is.
    #[error("it has no annotation `{key}`, or one that cannot be read")]
    Annotation {
        /// The annotation.
        key: &'static str,
    },
    /// Its first layer is no index.
    #[error("its first layer is no index of a tap")]
    NoIndex,
    /// It has layers of more bytes than is read.
    #[error("its layers are larger, or more, than those of a tap may be")]
    Large,
}

/// Which edition of which tap a manifest is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Name of the tap.
    pub tap: String,
    /// Counts the tap's editions from 1.
    pub serial: u64,
    /// When it was published.
    pub published: Moment,
}

impl Standing {
    /// Reads a manifest; `None` for one that cannot be read at all.
    pub fn of(manifest: &oci::Manifest) -> Option<Result<Self, Error>> {
        let parts = Parts::of(manifest.document().ok()?);
        Some(parts.map(|Parts { tap, serial, published, .. }| Self { tap, serial, published }))
    }
}

impl Parts {
    pub(crate) fn of(document: Document) -> Result<Self, Error> {
        let Document::Image(manifest) = document else {
            return Err(Error::Other { found: "an index".to_owned() });
        };
        if manifest.artifact_type.as_deref() != Some(ARTIFACT) {
            let named = manifest.artifact_type.clone().unwrap_or(manifest.config.media_type);
            return Err(Error::Other { found: format!("`{}`", clean(&named)) });
        }
        let tap = said(&manifest, NAME_KEY, |text| Some(text.to_owned()))?;
        let serial = said(&manifest, SERIAL_KEY, parse_serial)?;
        let published = said(&manifest, PUBLISHED_KEY, |text| Moment::parse(text).ok())?;
        let mut layers = manifest.layers.into_iter();
        let index = layers.next().filter(|layer| layer.media_type == INDEX);
        let index = index.ok_or(Error::NoIndex)?;
        // Layers of other types are for later programs.
        let sources: Vec<_> = layers.filter(|layer| layer.media_type == SOURCES).collect();
        let bytes = sources.iter().try_fold(0_u64, |sum, layer| sum.checked_add(layer.size));
        let is_small = index.size <= INDEX_BYTES_MAX
            && sources.len() <= LAYERS_MAX
            && sources.iter().all(|layer| layer.size <= sources::BYTES_MAX)
            && bytes.is_some_and(|bytes| bytes <= LAYERS_BYTES_MAX);
        if !is_small {
            return Err(Error::Large);
        }
        Ok(Self { tap, serial, published, index, sources })
    }
}

fn said<T>(
    manifest: &ImageManifest,
    key: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, Error> {
    let value = manifest.annotations.get(key).and_then(|text| read(text));
    value.ok_or(Error::Annotation { key })
}

fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// The artifact of an edition: equal parts give equal bytes.
pub(crate) fn artifact(parts: &Parts) -> Artifact {
    let layers = std::iter::once(&parts.index).chain(&parts.sources).cloned();
    let annotations = [
        (NAME_KEY, parts.tap.clone()),
        (SERIAL_KEY, parts.serial.to_string()),
        (PUBLISHED_KEY, parts.published.to_string()),
    ];
    Artifact {
        artifact_type: ARTIFACT.to_owned(),
        layers: layers.collect(),
        annotations: annotations.map(|(key, text)| (key.to_owned(), text)).into(),
        ..Artifact::default()
    }
}
