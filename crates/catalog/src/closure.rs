//! What an exported archive holds: the editions of taps, and packages with all that they need.
//!
//! The archive is an image layout, in which everything that formulas pin lies as in a mirror
//! (`mirror`). This is the artifact in it that says what it is for.

use digest::Digest;
use formula::{Name, Platform};
use oci::{Client, Descriptor, Document, Place, Start};
use serde::{Deserialize, Serialize};

/// The name of the artifact in its layout.
pub const TAG: &str = "closure";
/// The type of the artifact.
pub const ARTIFACT: &str = "application/vnd.pkg.closure.v1";
/// The type of its only layer.
pub const CONTENT: &str = "application/vnd.pkg.closure.v1+json";
/// The schema that this program writes and reads.
pub const SCHEMA: u32 = 1;

/// Largest description that is read, in bytes.
const BYTES_MAX: u64 = 64 << 20;

/// What an archive holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closure {
    /// Version of this shape.
    pub schema: u32,
    /// What was asked for, as it was written.
    pub requests: Vec<String>,
    /// The platforms that it is for.
    pub platforms: Vec<Platform>,
    /// The taps, by name.
    pub taps: Vec<Edition>,
    /// The packages, by tap and name.
    pub packages: Vec<Package>,
}

/// A tap as it was when it was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// The tap's name where it was exported.
    pub name: String,
    /// Where it is followed.
    pub location: String,
    /// Where it was copied from, if it is a mirror.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror_of: Option<String>,
    /// The manifest of its edition.
    pub digest: Digest,
}

/// A package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// The tap that it is of.
    pub tap: String,
    /// Its name.
    pub name: Name,
    /// Its version.
    pub version: String,
    /// The rebuild of this version.
    pub revision: u32,
    /// The platforms that it is there for.
    pub platforms: Vec<Platform>,
}

/// An archive does not say what it holds.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("cannot read {place}")]
    Read {
        /// The archive.
        place: String,
        /// What is wrong with it.
        #[source]
        source: Box<oci::Error>,
    },
    /// It was not made by `pkg export`, whose last entries say what the archive holds.
    #[error("{place} was not made by `pkg export`, or lacks its end")]
    Foreign {
        /// The archive.
        place: String,
    },
    /// The description breaks its shape.
    #[error("what {place} says of itself cannot be read")]
    Broken {
        /// The archive.
        place: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A later program wrote it.
    #[error("{place} is of schema {schema}, which only a newer pkg reads")]
    Later {
        /// The archive.
        place: String,
        /// The schema.
        schema: u32,
    },
}

impl Closure {
    /// Reads what the layout at `place` holds.
    pub async fn read(client: &Client, place: &Place) -> Result<Self, Error> {
        let shown = || place.to_string();
        let failed = |source| Error::Read { place: shown(), source: Box::new(source) };
        let foreign = || Error::Foreign { place: shown() };
        let at = place.with_tag(TAG).map_err(|_| foreign())?;
        let manifest = oci::found(client.manifest(&at).await).map_err(failed)?;
        let manifest = manifest.ok_or_else(foreign)?;
        let Ok(Document::Image(image)) = manifest.document() else { return Err(foreign()) };
        let content = image.layers.first().filter(|layer| layer.media_type == CONTENT);
        let content = content.filter(|layer| layer.size <= BYTES_MAX).ok_or_else(foreign)?;
        let bytes = bytes(client, place, content).await.map_err(failed)?;
        let broken = |source| Error::Broken { place: shown(), source };
        let Schema { schema } = serde_json::from_slice(&bytes).map_err(broken)?;
        if schema != SCHEMA {
            return Err(Error::Later { place: shown(), schema });
        }
        serde_json::from_slice(&bytes).map_err(broken)
    }
}

/// What every shape has.
#[derive(Deserialize)]
struct Schema {
    schema: u32,
}

async fn bytes(client: &Client, place: &Place, blob: &Descriptor) -> Result<Vec<u8>, oci::Error> {
    client.blob(place, blob, Start::of(blob)?).await?.whole().await
}
