//! A staged folder becomes a package: layer, config, manifest, and what is to be said of it.
//!
//! Equal folders and facts give equal bytes, whatever the clock, the umask, the order of the
//! folder's entries, or the machine. Where the package goes is deliberately not known here.

mod members;
mod warning;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use formula::{Annotation, Key};
use oci::{Descriptor, Manifest, Platform};

use crate::{
    image,
    layer::{self, Compression, Item},
    staged::Staged,
    survey::{self, Survey},
};

pub use crate::image::Config;
pub use warning::Warning;

/// What is known of a package but its files.
#[derive(Debug, Clone)]
pub struct Facts {
    /// What the package says of itself; packing adds what its files say.
    pub annotation: Annotation,
    /// Its page on the web.
    pub homepage: Option<String>,
    /// What it runs on.
    pub key: Key,
    /// How its layer is compressed.
    pub compression: Compression,
}

/// A package, ready to be put somewhere.
#[derive(Debug, Clone)]
pub struct Packed {
    /// What the package says of itself.
    pub annotation: Annotation,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its platform; `None` where it serves every one.
    pub platform: Option<Platform>,
    /// Its config, which is small and stays in memory.
    pub config: Config,
    /// Its layer.
    pub layer: Descriptor,
    /// The file that holds the layer.
    pub layer_path: PathBuf,
    /// What somebody should look at.
    pub warnings: Vec<Warning>,
}

/// Why a folder did not become a package.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder could not be looked through.
    #[error("cannot look through what is to be packed")]
    Survey {
        /// Which file, and why.
        #[from]
        source: survey::Error,
    },
    /// The layer could not be written.
    #[error("cannot write the package's files as a layer")]
    Layer {
        /// Which file, and why.
        #[from]
        source: layer::Error,
    },
    /// The package could not be described.
    #[error("cannot write what the package says of itself as JSON")]
    Describe {
        /// What the writer says.
        #[from]
        source: serde_json::Error,
    },
}

/// Packs a folder; the layer's blob is written into `folder`, which exists.
///
/// # Errors
///
/// What cannot be read or written, and what would not work where it is installed.
pub fn pack(staged: &Staged, facts: &Facts, folder: &Path) -> Result<Packed, Error> {
    let survey = Survey::of(staged)?;
    let (items, mut warnings) = members::members(staged, &survey);
    warnings.extend(Warning::of_folded(staged));
    let mut annotation = facts.annotation.clone();
    annotation.entries = Some(items.len() as u64);
    annotation.unpacked_size = Some(unpacked_size(&items));
    let mut layer = layer::write(&items, facts.compression, folder)?;
    let title = image::file_name(&annotation, facts.key, facts.compression);
    layer.descriptor.annotations.insert("org.opencontainers.image.title".to_owned(), title);
    let config = image::config(facts.key, &layer)?;
    let annotations = image::annotations(&annotation, facts.homepage.as_deref())?;
    Ok(Packed {
        annotation,
        manifest: image::manifest(&config, &layer.descriptor, annotations)?,
        platform: image::platform(facts.key),
        config,
        layer: layer.descriptor,
        layer_path: layer.path,
        warnings,
    })
}

impl Packed {
    /// What an index says of the package.
    pub fn entry(&self) -> Descriptor {
        let Manifest { media_type, digest, bytes } = &self.manifest;
        let mut entry = Descriptor::new(media_type, digest.clone(), bytes.len() as u64);
        entry.platform.clone_from(&self.platform);
        entry
    }

    /// The bytes of the config.
    pub fn config_bytes(&self) -> &Bytes {
        &self.config.bytes
    }
}

/// The bytes of all files, where one with several names counts once.
fn unpacked_size(items: &[Item]) -> u64 {
    items.iter().map(|item| item.member.size()).sum()
}

#[cfg(test)]
mod tests;
