//! The manifest for one platform: of an index the entry that suits it, however deep it lies.

use crate::{
    Client, Descriptor, Document, Error, Kind, Manifest, Place, Platform,
    index::{Descent, NoPlatform, TooDeep},
    manifest,
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

impl Client {
    /// The manifest that the place names; of an index the one that suits `platform` best, where
    /// a platform is named, with what the index says of it.
    pub async fn choose(
        &self,
        place: &Place,
        platform: Option<&Platform>,
    ) -> Result<(Descriptor, Manifest), Error> {
        let mut manifest = self.manifest(place).await?;
        let mut descriptor = manifest.descriptor();
        let Some(platform) = platform else { return Ok((descriptor, manifest)) };
        let named = || place.to_string();
        let mut descent = Descent::default();
        loop {
            let entered = descent.enter(&manifest.digest);
            entered.map_err(|source| no(NoChoice::Deep { place: named(), source }))?;
            let document = manifest.document();
            let document =
                document.map_err(|source| no(NoChoice::Manifest { place: named(), source }))?;
            let Document::Index(index) = document else { return Ok((descriptor, manifest)) };
            let entry = index.pick(platform);
            let entry =
                entry.map_err(|source| no(NoChoice::Platform { place: named(), source }))?;
            descriptor = entry.clone();
            manifest = self.manifest(&place.with_digest(entry.digest.clone())).await?;
        }
    }
}

fn no(choice: NoChoice) -> Error {
    Error::Choose(choice)
}
