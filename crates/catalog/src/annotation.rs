//! What a package says of itself: the manifest annotation `dev.pkg.package`.

use std::collections::BTreeMap;

use formula::{Depend, Expose, FullName, Name, Requires, Service, Setup};
use serde::{Deserialize, Serialize};

/// The annotation's key.
const KEY: &str = "dev.pkg.package";
/// Largest annotation that is read, in bytes.
const BYTES_MAX: usize = 256 << 10;

/// A package in its own words, about one platform; with it no tap is needed to install.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Annotation {
    /// Version of this shape.
    pub schema: u32,
    /// Name of the package.
    pub name: Name,
    /// The version, as text.
    pub version: String,
    /// The rebuild of this version.
    #[serde(default)]
    pub revision: u32,
    /// What the package is, in a few words.
    #[serde(default)]
    pub summary: String,
    /// License, as an SPDX expression.
    #[serde(default)]
    pub license: String,
    /// What must be installed with it.
    #[serde(default)]
    pub depends: BTreeMap<FullName, Depend>,
    /// What the host must have.
    #[serde(default)]
    pub requires: Requires,
    /// What of it is linked into the prefix.
    #[serde(default)]
    pub expose: Expose,
    /// Environment variables for `pkg env` and `pkg run`.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Steps after installing.
    #[serde(default)]
    pub setup: Vec<Setup>,
    /// The service that it can run as.
    #[serde(default)]
    pub service: Option<Service>,
    /// Bytes of its files once unpacked, exact.
    #[serde(default)]
    pub unpacked_size: Option<u64>,
    /// Number of its files, links and folders, exact.
    #[serde(default)]
    pub entries: Option<u64>,
}

/// Versions of the annotation that this program reads.
const SCHEMA: u32 = 1;

impl Annotation {
    /// The annotation among a manifest's; `None` where pkg did not make the manifest.
    pub(crate) fn of(
        annotations: &BTreeMap<String, String>,
    ) -> Result<Option<Self>, serde_json::Error> {
        use serde::de::Error as _;
        let Some(text) = annotations.get(KEY) else { return Ok(None) };
        if text.len() > BYTES_MAX {
            return Err(serde_json::Error::custom("it is larger than 256 KiB"));
        }
        let annotation: Self = serde_json::from_str(text)?;
        if annotation.schema > SCHEMA {
            return Err(serde_json::Error::custom("it is of a later schema; update pkg"));
        }
        if formula::Version::parse(&annotation.version, formula::Scheme::Loose).is_err() {
            return Err(serde_json::Error::custom("its version is not one"));
        }
        formula::check_sound(&annotation.expose, &annotation.env, &annotation.setup)
            .map_err(serde_json::Error::custom)?;
        Ok(Some(annotation))
    }
}
