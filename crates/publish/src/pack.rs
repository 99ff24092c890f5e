//! A version of a formula, or a folder, as a package of one platform.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use build::{
    Compression, Packed, Staged,
    pack::{self, Audit, Facts, Progress},
    staged::{self, Links},
};
use formula::{Annotation, Expose, Key, Relocations, Requires, Resolved};
use install::{Around, Home, unpack};
use oci::{Body, Client, Descriptor, Place};
use store::lock::Wait;

use crate::{
    index::{self, index},
    push::Part,
    send::send,
};

/// Most rounds until a layout's index is as its tags say; each one more is another one packing.
const ROUNDS_MAX: usize = 32;

/// Something does not become a package.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its bytes cannot be had.
    #[error("cannot get what is to be packed")]
    Unpack(#[from] unpack::Error),
    /// What it holds cannot be installed.
    #[error("cannot pack `{name}` for {key}")]
    Staged {
        /// Name of the package.
        name: String,
        /// The platform.
        key: Key,
        /// What is wrong with it.
        #[source]
        source: staged::Error,
    },
    /// It cannot be written as a package.
    #[error("cannot pack `{name}` for {key}")]
    Pack {
        /// Name of the package.
        name: String,
        /// The platform.
        key: Key,
        /// What is wrong with it.
        #[source]
        source: pack::Error,
    },
    /// The layout cannot be read or written.
    #[error("cannot put the package into `{layout}`")]
    Layout {
        /// The layout.
        layout: String,
        /// What is wrong with it.
        #[source]
        source: Box<oci::Error>,
    },
    /// Others pack into the same layout without end.
    #[error("`{layout}` changed {ROUNDS_MAX} times while a package was put into it")]
    Restless {
        /// The layout.
        layout: String,
    },
    /// The layout's path is one that a reference cannot hold.
    #[error("`{}` cannot be a layout's folder", path.display())]
    Place {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: oci::place::Error,
    },
}

/// Packs versions of one formula.
#[derive(Clone, Copy)]
pub struct Packer<'a> {
    /// Where upstream's archives are fetched and unpacked.
    pub home: &'a Home,
    /// What relative paths of the formula start from.
    pub around: &'a Around,
    /// How layers are compressed.
    pub compression: Compression,
    /// Takes the blobs; exists.
    pub blobs: &'a Path,
    /// Hears how far packing is.
    pub tell: &'a dyn Fn(Progress),
}

impl Packer<'_> {
    /// Packs what upstream released for a platform.
    pub fn upstream(&self, package: &Resolved, wait: &mut Wait<'_>) -> Result<Packed, Error> {
        // Wrappers are made where it is installed, and so are no part of the package.
        let mut plain = package.clone();
        plain.expose.wrap = false;
        let unpacked = self.home.unpack(&plain, &package.source, self.around, wait)?;
        let keg = self.home.layout().keg(&unpacked.keg.name, &unpacked.keg.leaf);
        let links = Links { external: package.source.external_links(), homes: &[] };
        self.folder(&keg, &About::of(package), links)
    }

    /// Packs a folder.
    pub fn folder(&self, folder: &Path, about: &About, links: Links<'_>) -> Result<Packed, Error> {
        let (name, key) = (about.annotation.name.to_string(), about.key);
        let staged = Staged::read(folder, links);
        let staged = staged.map_err(|source| Error::Staged { name: name.clone(), key, source })?;
        let facts = Facts {
            annotation: about.annotation.clone(),
            homepage: about.homepage.clone(),
            key,
            compression: self.compression,
            audit: about.audit,
            build_folders: about.build_folders.clone(),
            provided: about.provided.clone(),
        };
        pack::pack(&staged, &facts, self.blobs, self.tell).map_err(|source| Error::Pack {
            name,
            key,
            source,
        })
    }
}

/// What is known of a package but its files.
#[derive(Debug, Clone)]
pub struct About {
    /// What it says of itself.
    pub annotation: Annotation,
    /// Its page on the web.
    pub homepage: Option<String>,
    /// What it runs on.
    pub key: Key,
    /// What becomes of files that would not work on another machine.
    pub audit: Audit,
    /// Folders of the build that must not be left in it.
    pub build_folders: Vec<String>,
    /// The libraries that each of its dependencies brings.
    pub provided: BTreeMap<String, BTreeSet<String>>,
}

impl About {
    /// What a formula knows.
    pub fn of(package: &Resolved) -> Self {
        Self { homepage: package.homepage.clone(), ..Self::new(annotation(package), package.key) }
    }

    /// What is known of a folder of which there is no formula.
    pub fn folder(name: formula::Name, version: &formula::Version, key: Key) -> Self {
        let annotation = Annotation {
            schema: Annotation::SCHEMA,
            name,
            version: version.to_string(),
            revision: 0,
            slot: None,
            keg_only: None,
            summary: String::new(),
            license: String::new(),
            depends: BTreeMap::new(),
            conflicts: BTreeMap::new(),
            external_links: Vec::new(),
            requires: Requires::default(),
            expose: Expose::default(),
            env: BTreeMap::new(),
            setup: Vec::new(),
            service: None,
            tests: Vec::new(),
            relocations: Relocations::default(),
            unpacked_size: None,
            entries: None,
        };
        Self::new(annotation, key)
    }

    /// Somebody else built it, and it works where it was meant to.
    fn new(annotation: Annotation, key: Key) -> Self {
        Self {
            annotation,
            homepage: None,
            key,
            audit: Audit::Warn,
            build_folders: Vec::new(),
            provided: BTreeMap::new(),
        }
    }
}

fn annotation(package: &Resolved) -> Annotation {
    let nothing_yet = formula::Extent { unpacked_size: 0, entries: 0 };
    Annotation::about(package, nothing_yet, Relocations::default())
}

/// The package as something to push.
pub fn part(key: Key, packed: &Packed) -> Part {
    let config = Body::Bytes(packed.config.bytes.clone());
    let layer = Body::File(packed.layer_path.clone());
    Part {
        key,
        manifest: packed.manifest.clone(),
        blobs: vec![(packed.layer.clone(), layer), (packed.config.descriptor.clone(), config)],
    }
}

/// Puts a package into a layout folder: its manifest as `<tag>.<platform>`, and under `<tag>` the
/// index of all platforms of the version that were packed into it.
///
/// What was there of the same platform is replaced: a layout is a workbench.
pub async fn lay(client: &Client, layout: &Path, tag: &str, part: &Part) -> Result<Place, Error> {
    let place = |tag: &str| {
        let text = format!("oci:{}:{tag}", layout.display());
        let place = Place::parse(&text);
        place.map_err(|source| Error::Place { path: layout.to_owned(), source })
    };
    let failed =
        |source| Error::Layout { layout: layout.display().to_string(), source: Box::new(source) };
    let own = place(&format!("{tag}.{}", part.key))?;
    let sent = send(client, &own, &part.manifest, &part.blobs).await;
    sent.map_err(|unsent| failed(unsent.source))?;
    let all = place(tag)?;
    let mut last = None;
    // The index is made of what the tags say, as in a registry: others may pack into it as well.
    for _ in 0..ROUNDS_MAX {
        let there = oci::found(client.manifest(&all).await).map_err(failed)?;
        let mut entries: Vec<Descriptor> = there.iter().flat_map(index::listed).collect();
        for other in client.tags(&all).await.map_err(failed)? {
            let Some(key) = key_of(tag, &other) else { continue };
            let there = client.resolve(&place(&other)?).await.map_err(failed)?;
            entries.retain(|entry| entry.platform != index::platform(key));
            entries.push(index::entry(key, &there));
        }
        let made = index(entries, &BTreeMap::new());
        if last.as_ref() == Some(&made.digest) {
            return Ok(all);
        }
        client.push_manifest(&all, &made).await.map_err(failed)?;
        last = Some(made.digest);
    }
    Err(Error::Restless { layout: layout.display().to_string() })
}

/// The platform of which a layout's tag names the version's package.
fn key_of(tag: &str, other: &str) -> Option<Key> {
    other.strip_prefix(tag)?.strip_prefix('.')?.parse().ok()
}
