//! From a tap in a folder to the artifact of an edition: bytes only, nothing is sent.
//!
//! The same formulas, serial, time and packages give the same bytes. So whoever publishes can
//! tell that nothing changed: packed as the last edition, it has that edition's digest.

use std::{collections::BTreeMap, io};

use bytes::Bytes;
use digest::Digest;
use formula::{Formula, Key, Name};
use oci::Descriptor;

use super::{
    Entry, INDEX, Moment, Package, SOURCES, Version,
    index::{self, Head},
    manifest::{self, Parts},
    sources,
};
use crate::tap::{self, Tap};

/// What was published of each version, by name, version and revision.
pub type Packages = BTreeMap<(Name, String, u32), BTreeMap<Key, Package>>;

/// Which edition is made.
#[derive(Debug, Clone, Copy)]
pub struct Issue<'a> {
    /// Counts the tap's editions from 1.
    pub serial: u64,
    /// The time.
    pub published: &'a Moment,
    /// What was published of the versions that have a `package`.
    pub packages: &'a Packages,
}

/// An edition, ready to be sent: the blobs first, then the manifest.
#[derive(Debug, Clone)]
pub struct Packed {
    /// The manifest; its type is that of an image manifest.
    pub manifest: Bytes,
    /// The manifest's digest.
    pub digest: Digest,
    /// What the manifest names: the config, the index, the formulas.
    pub blobs: Vec<Blob>,
    /// The tag that is kept for ever; `latest` is the other one.
    pub tag: String,
    /// How many formulas it holds.
    pub formulas: usize,
}

/// Some bytes with their descriptor.
#[derive(Debug, Clone)]
pub struct Blob {
    /// What it is.
    pub descriptor: Descriptor,
    /// The bytes.
    pub bytes: Bytes,
}

/// A tap cannot be made an edition.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tap or one of its formulas cannot be read.
    #[error("cannot look into tap `{tap}`")]
    Tap {
        /// Name of the tap.
        tap: String,
        /// What is wrong with it.
        #[source]
        source: tap::Error,
    },
    /// A layer cannot be compressed.
    #[error("cannot pack tap `{tap}`")]
    Pack {
        /// Name of the tap.
        tap: String,
        /// What the compressor says.
        #[source]
        source: io::Error,
    },
}

/// Makes an edition of a tap.
pub fn pack(tap: &Tap, issue: &Issue<'_>) -> Result<Packed, Error> {
    let of_tap = |source| Error::Tap { tap: tap.name().to_owned(), source };
    let texts = tap.texts().map_err(of_tap)?;
    let mut entries = Vec::new();
    for (stem, text) in &texts {
        let formula = tap.parse_text(stem, text).map_err(of_tap)?;
        entries.push(entry(&formula, issue.packages));
    }
    let tap_file = tap.tap_file().map_err(of_tap)?;
    let mut by_name: BTreeMap<&str, &str> =
        texts.iter().map(|(stem, text)| (stem.as_str(), text.as_str())).collect();
    by_name.extend(tap_file.as_deref().map(|text| (sources::TAP, text)));
    let head = Head {
        schema: index::SCHEMA,
        tap: tap.name().to_owned(),
        serial: issue.serial,
        published: issue.published.clone(),
        tap_file: tap_file.as_deref().map(|text| sources::digest(text.as_bytes())),
    };
    assemble(&head, &entries, &by_name)
        .map_err(|source| Error::Pack { tap: tap.name().to_owned(), source })
}

fn assemble(head: &Head, entries: &[Entry], texts: &BTreeMap<&str, &str>) -> io::Result<Packed> {
    let mut index = Vec::new();
    index::write(head, entries.iter(), &mut index)?;
    let index: Bytes = zstd::bulk::compress(&index, sources::LEVEL)?.into();
    let descriptor = Descriptor::titled(INDEX, "index.json.zst", &index);
    let mut blobs = vec![Blob { descriptor, bytes: index }];
    for layer in sources::pack(texts)? {
        let title = match layer.digits.as_str() {
            "" => "formulas.tar.zst".to_owned(),
            digits => format!("formulas-{digits}.tar.zst"),
        };
        let descriptor = Descriptor::titled(SOURCES, &title, &layer.bytes);
        blobs.push(Blob { descriptor, bytes: layer.bytes.into() });
    }
    let parts = Parts {
        tap: head.tap.clone(),
        serial: head.serial,
        published: head.published.clone(),
        index: blobs[0].descriptor.clone(),
        sources: blobs[1..].iter().map(|blob| blob.descriptor.clone()).collect(),
    };
    let artifact = manifest::artifact(&parts);
    let (descriptor, bytes) = artifact.config();
    blobs.insert(0, Blob { descriptor, bytes });
    let manifest = artifact.manifest();
    Ok(Packed {
        digest: manifest.digest,
        manifest: manifest.bytes,
        blobs,
        tag: super::tag(head.serial, &head.published),
        formulas: entries.len(),
    })
}

fn entry(formula: &Formula, packages: &Packages) -> Entry {
    let newest = formula.releases().first().and_then(|release| {
        let platform = formula.platforms(&release.version).into_iter().next()?;
        formula.resolve(&release.version, &platform).ok()
    });
    let version = |release: &formula::Release| {
        let text = release.version.as_str().to_owned();
        let published = (formula.name().clone(), text.clone(), release.revision);
        Version {
            version: text,
            revision: release.revision,
            date: release.date.clone(),
            yanked: release.yanked.clone(),
            package: release.package.clone(),
            platforms: match &release.package {
                Some(_) => packages.get(&published).cloned().unwrap_or_default(),
                None => BTreeMap::new(),
            },
        }
    };
    Entry {
        name: formula.name().clone(),
        schema: index::SCHEMA,
        source: sources::digest(formula.text().as_bytes()),
        summary: formula.summary().to_owned(),
        homepage: formula.homepage().map(ToOwned::to_owned),
        license: formula.license().map(ToOwned::to_owned),
        aliases: formula.aliases().cloned().collect(),
        replaces: formula.replaces().cloned().collect(),
        deprecated: newest.as_ref().and_then(|newest| newest.deprecated.clone()),
        disabled: newest.and_then(|newest| newest.disabled),
        versions: formula.releases().iter().map(version).collect(),
    }
}
