//! From a tap in a folder to the artifact of an edition: bytes only, nothing is sent.
//!
//! The same formulas, serial, time and packages give the same bytes. So whoever publishes can
//! tell that nothing changed: packed as the last edition, it has that edition's digest. Every
//! formula is read once, and what was parsed of it is let go of before the next one.

use std::{collections::BTreeMap, io};

use bytes::Bytes;
use digest::Digest;
use formula::{Formula, Key, Name, Outline, Report};
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

/// The formulas of a tap, as far as an edition has to do with them.
#[derive(Debug)]
pub struct Contents {
    tap: String,
    tap_file: Option<String>,
    /// The base in a registry below which the tap's packages are published.
    pub(super) registry: Option<String>,
    /// In order of name; what was published of their versions is not known yet.
    pub(super) entries: Vec<Entry>,
    outlines: Vec<Outline>,
}

/// An edition but for its serial and its time.
#[derive(Debug)]
pub struct Draft {
    tap: String,
    tap_file: Option<Digest>,
    entries: Vec<Entry>,
    /// The layers with the formulas.
    sources: Vec<Blob>,
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

/// A layer of an edition cannot be compressed.
#[derive(Debug, thiserror::Error)]
#[error("cannot pack tap `{tap}`")]
pub struct Error {
    /// Name of the tap.
    tap: String,
    /// What the compressor says.
    source: io::Error,
}

impl Contents {
    /// Those of a tap of which no formula was taken yet.
    pub fn of(tap: &Tap) -> Result<Self, tap::Error> {
        Ok(Self {
            tap: tap.name().to_owned(),
            tap_file: tap.tap_file()?,
            registry: tap.registry().map(ToOwned::to_owned),
            entries: Vec::new(),
            outlines: Vec::new(),
        })
    }

    /// Takes the next formula, in order of name.
    pub fn add(&mut self, formula: &Formula) {
        self.entries.push(entry(formula));
        self.outlines.push(formula.outline());
    }

    /// Whether no formula was taken.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Errors between the formulas.
    pub fn check(&self) -> Vec<Report> {
        formula::check_tap(&self.outlines)
    }

    /// Compresses the formulas' texts, and adds what was published of their versions.
    pub fn draft(mut self, packages: &Packages) -> Result<Draft, Error> {
        for entry in &mut self.entries {
            for version in entry.versions.iter_mut().filter(|it| it.package.is_some()) {
                let key = (entry.name.clone(), version.version.clone(), version.revision);
                version.platforms = packages.get(&key).cloned().unwrap_or_default();
            }
        }
        let texts = self.outlines.iter().map(|it| (it.name().as_str(), it.text()));
        let tap_file = self.tap_file.as_deref();
        let texts = texts.chain(tap_file.map(|text| (sources::TAP, text))).collect();
        let layers = sources::pack(&texts);
        Ok(Draft {
            sources: layers
                .map_err(|source| Error { tap: self.tap.clone(), source })?
                .into_iter()
                .map(sources_blob)
                .collect(),
            tap_file: tap_file.map(|text| sources::digest(text.as_bytes())),
            tap: self.tap,
            entries: self.entries,
        })
    }
}

fn sources_blob(layer: sources::Layer) -> Blob {
    let title = match layer.digits.as_str() {
        "" => "formulas.tar.zst".to_owned(),
        digits => format!("formulas-{digits}.tar.zst"),
    };
    let descriptor = Descriptor::titled(SOURCES, &title, &layer.bytes);
    Blob { descriptor, bytes: layer.bytes.into() }
}

impl Draft {
    /// The edition of that serial and time.
    pub fn pack(&self, serial: u64, published: &Moment) -> Result<Packed, Error> {
        let index = self.index(serial, published);
        let index: Bytes = index.map_err(|source| Error { tap: self.tap.clone(), source })?.into();
        let descriptor = Descriptor::titled(INDEX, "index.json.zst", &index);
        let parts = Parts {
            tap: self.tap.clone(),
            serial,
            published: published.clone(),
            index: descriptor.clone(),
            sources: self.sources.iter().map(|blob| blob.descriptor.clone()).collect(),
        };
        let artifact = manifest::artifact(&parts);
        let (config, nothing) = artifact.config();
        let first = [(config, nothing), (descriptor, index)];
        let blobs = first.map(|(descriptor, bytes)| Blob { descriptor, bytes });
        let manifest = artifact.manifest();
        Ok(Packed {
            digest: manifest.digest,
            manifest: manifest.bytes,
            blobs: blobs.into_iter().chain(self.sources.iter().cloned()).collect(),
            tag: super::tag(serial, published),
            formulas: self.entries.len(),
        })
    }

    fn index(&self, serial: u64, published: &Moment) -> io::Result<Vec<u8>> {
        let head = Head {
            schema: index::SCHEMA,
            tap: self.tap.clone(),
            serial,
            published: published.clone(),
            tap_file: self.tap_file.clone(),
        };
        let mut index = Vec::new();
        index::write(&head, self.entries.iter(), &mut index)?;
        zstd::bulk::compress(&index, sources::LEVEL)
    }
}

/// What the index says of a formula, but for what was published of its versions.
fn entry(formula: &Formula) -> Entry {
    let newest = formula.releases().first().and_then(|release| {
        let platform = formula.platforms(&release.version).into_iter().next()?;
        formula.resolve(&release.version, &platform).ok()
    });
    let version = |release: &formula::Release| Version {
        version: release.version.as_str().to_owned(),
        revision: release.revision,
        date: release.date.clone(),
        yanked: release.yanked.clone(),
        package: release.package.clone(),
        platforms: BTreeMap::new(),
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
