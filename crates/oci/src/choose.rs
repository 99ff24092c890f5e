//! The manifest for one platform: of an index the entry that suits it, however deep it lies.

use crate::{
    Descriptor, Document, Error, Index, Kind, Manifest, Place, Platform, Wanted,
    index::{Descent, NoPlatform, TooDeep},
    manifest,
    source::Source,
};

/// There is no one manifest for a platform.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoChoice {
    /// A manifest cannot be taken for one document.
    #[error("cannot follow what {place} names")]
    Manifest {
        /// Where it is.
        place: String,
        /// What is wrong with it.
        #[source]
        source: manifest::Error,
    },
    /// No entry of the index suits the platform.
    #[error("cannot choose from {place}")]
    Platform {
        /// Where the index is.
        place: String,
        /// What there is.
        #[source]
        source: NoPlatform,
    },
    /// Indexes lie too deep inside each other.
    #[error("cannot follow what {place} names")]
    Deep {
        /// Where the index is.
        place: String,
        /// How deep.
        #[source]
        source: TooDeep,
    },
}

impl NoChoice {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Manifest { .. } | Self::Deep { .. } => Kind::Registry,
            Self::Platform { .. } => Kind::NotFound,
        }
    }
}

/// The manifest that the place, which is one of `source`, names; of an index the one that suits
/// `platform` best, where a platform is named, with what the index says of it.
pub(crate) async fn choose(
    source: &dyn Source,
    place: &Place,
    platform: Option<&Platform>,
) -> Result<(Descriptor, Manifest), Error> {
    let mut manifest = source.manifest(place.wanted()).await?;
    let mut descriptor = manifest.descriptor();
    let Some(platform) = platform else { return Ok((descriptor, manifest)) };
    let mut descent = Descent::default();
    loop {
        descent.enter(&manifest.digest).map_err(|source| NoChoice::deep(place, source))?;
        let Document::Index(index) = document(place, &manifest)? else {
            return Ok((descriptor, manifest));
        };
        descriptor = pick(place, &index, platform)?.clone();
        manifest = source.manifest(Some(Wanted::Digest(&descriptor.digest))).await?;
    }
}

/// The document of a manifest that the place leads to.
pub(crate) fn document(place: &Place, manifest: &Manifest) -> Result<Document, Error> {
    let no = |source| Error::Choose(NoChoice::Manifest { place: place.to_string(), source });
    manifest.document().map_err(no)
}

/// The entry for a platform of an index that the place leads to.
pub(crate) fn pick<'a>(
    place: &Place,
    index: &'a Index,
    platform: &Platform,
) -> Result<&'a Descriptor, Error> {
    let no = |source| Error::Choose(NoChoice::Platform { place: place.to_string(), source });
    index.pick(platform).map_err(no)
}

impl NoChoice {
    /// The error of who would have to go too deep below the place.
    pub(crate) fn deep(place: &Place, source: TooDeep) -> Error {
        Error::Choose(Self::Deep { place: place.to_string(), source })
    }
}
