//! What the machine remembers of one keg, outside of it.

use catalog::{Placement, Shape};
use digest::{Digest, Sha256};
use formula::Resolved;
use fs_err as fs;
use serde::{Deserialize, Serialize};
use store::{Layout, keg};

use crate::{expose::Exposed, settings::Setting};

/// Version of the receipt's shape.
const SCHEMA: u32 = 1;

/// What the machine remembers of one keg: enough to build it again, and to say what it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Version of this shape.
    pub schema: u32,
    /// The tap that the package came from.
    pub tap: String,
    /// Where its formula or manifest was found, so that an upgrade finds it again.
    pub origin: Origin,
    /// The formula's version as it was resolved for this machine.
    pub package: Resolved,
    /// What identifies the package's bytes.
    pub artifact: Digest,
    /// How the keg's tree is made of the artifact's layers.
    pub recipe: Recipe,
    /// What the keg offers below the prefix.
    pub exposed: Exposed,
    /// Settings files that it brings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
    /// Bytes of the unpacked files.
    pub unpacked_bytes: u64,
    /// Number of files, symlinks and folders.
    pub entries: u64,
    /// When it was installed, in seconds since 1970.
    pub installed_at: i64,
}

/// Where a package was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// In the tap that the receipt names.
    Tap,
    /// In a formula file that belongs to no tap; absolute.
    File(std::path::PathBuf),
    /// Straight from a reference, as the user wrote it.
    Reference(String),
}

/// How a keg's tree is made: the same recipe and layers always make the same tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// How the layers become one tree.
    pub shape: Shape,
    /// The layers, in order.
    pub layers: Vec<LayerRecipe>,
    /// Symlink targets outside of the keg that the formula allows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub external_links: Vec<String>,
    /// Paths that become executable, whatever the archive says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<String>,
    /// Files that are not of the layers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<Copied>,
}

/// One layer of a recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerRecipe {
    /// The digest of the layer's blob.
    pub digest: Digest,
    /// Where its contents go.
    pub placement: Placement,
}

/// A file of a keg that is not of its layers, or not as they have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copied {
    /// The path in the keg.
    pub path: String,
    /// The digest of its bytes.
    pub sha256: Sha256,
    /// Number of bytes.
    pub size: u64,
    /// Whether it may be executed.
    pub executable: bool,
    /// Its time in seconds since 1970, where that is not the one of all files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtime: Option<i64>,
    /// The text, for a file that pkg wrote; none for one that only keeps its own time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The file of the layers that it is made of, for one that is written for the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patched: Option<Patched>,
    /// The path in the keg of the program that a wrapper starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wraps: Option<String>,
}

/// A file of the layers, and what of it is written for the root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patched {
    /// The digest of its bytes as the layers have them.
    pub sha256: Sha256,
    /// Their number.
    pub size: u64,
    /// What is written.
    pub patches: Vec<keg::Patch>,
}

/// A receipt cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is missing or cannot be read.
    #[error("cannot read the receipt of `{keg}`")]
    Read {
        /// The keg.
        keg: keg::Id,
        /// What the system said; it names the path.
        #[source]
        source: std::io::Error,
    },
    /// The file is damaged, or of a later pkg.
    #[error("the receipt of `{keg}` cannot be understood")]
    Damaged {
        /// The keg.
        keg: keg::Id,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

impl Receipt {
    /// The version of the shape that is written.
    pub(crate) const SCHEMA: u32 = SCHEMA;

    /// Reads the receipt of a keg.
    pub fn read(layout: &Layout, keg: &keg::Id) -> Result<Self, Error> {
        let bytes = fs::read(layout.receipt(&keg.name, &keg.leaf))
            .map_err(|source| Error::Read { keg: keg.clone(), source })?;
        serde_json::from_slice(&bytes).map_err(|source| Error::Damaged { keg: keg.clone(), source })
    }

    /// The receipts of every keg of a name, those that cannot be read left out.
    pub(crate) fn all_of(layout: &Layout, name: &str) -> Vec<Self> {
        let Ok(entries) = fs::read_dir(layout.receipts().join(name)) else { return Vec::new() };
        let leaves = entries.flatten().filter_map(|entry| {
            let file = entry.file_name().into_string().ok()?;
            file.strip_suffix(".json").map(ToOwned::to_owned)
        });
        leaves
            .filter_map(|leaf| Self::read(layout, &keg::Id { name: name.to_owned(), leaf }).ok())
            .collect()
    }

    /// The receipt as it is kept.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a receipt has only text keys")
    }
}
