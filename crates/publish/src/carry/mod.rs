//! Carries what formulas pin into another place, by digest: a mirror's registry, or a layout.
//!
//! What lies in a registry is copied as it is, with all platforms and referrers; what lies on a web
//! server or in a git repository becomes the one layer of an artifact. Everything gets a tag that
//! keeps it, last, so that the tag proves that all is there. Which formulas are carried is not
//! known here.

mod pins;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use catalog::{Layer, in_oci_words, mirror};
use digest::Digest;
use formula::{Libc, Name, Os, Platform};
use install::{Home, bring};
use oci::{Artifact, Body, Client, Descriptor, Document, Manifest, Place, copy, descriptor::TITLE};
use tokio::runtime::Runtime;

use crate::send::send;
pub(crate) use pins::{Pinned, Pins, What};

/// Where the bytes of an archive were pinned, as an annotation of what holds them.
const SOURCE_KEY: &str = "org.opencontainers.image.source";
/// The type of bytes of which nobody said one.
const BYTES: &str = "application/octet-stream";

/// Something cannot be carried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be had where the formula says that it is.
    #[error("cannot get {place}")]
    Ask {
        /// The place.
        place: String,
        /// What the server said.
        #[source]
        source: Box<oci::Error>,
    },
    /// Bytes of a web server or repository do not come.
    #[error("cannot get {place}")]
    Bring {
        /// The address.
        place: String,
        /// What is wrong.
        #[source]
        source: Box<bring::Error>,
    },
    /// The target does not take it.
    #[error("cannot {step} {place}")]
    Put {
        /// What was being done, as a verb.
        step: &'static str,
        /// The target.
        place: String,
        /// What the registry said.
        #[source]
        source: Box<oci::Error>,
    },
    /// Nothing can lie on this machine meanwhile.
    #[error("cannot make a temporary file")]
    Scratch(#[source] std::io::Error),
}

impl Error {
    /// Whether the side that is read from is to blame, so that others may still be carried.
    pub(crate) fn is_of_source(&self) -> bool {
        matches!(self, Self::Ask { .. } | Self::Bring { .. })
    }
}

/// What carrying came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Artifacts that were not there, or not wholly.
    pub artifacts: usize,
    /// Archives from outside of registries that were not there.
    pub archives: usize,
    /// Artifacts and archives that were there.
    pub present: usize,
    /// Bytes that were sent.
    pub sent_bytes: u64,
}

impl Figures {
    pub(crate) fn add(&mut self, other: Self) {
        self.artifacts += other.artifacts;
        self.archives += other.archives;
        self.present += other.present;
        self.sent_bytes += other.sent_bytes;
    }

    fn present() -> Self {
        Self { present: 1, ..Self::default() }
    }

    fn copied(copied: &copy::Copied) -> Self {
        let is_new = copied.sent.blobs + copied.mounted.blobs + copied.manifests > 0;
        let sent_bytes = copied.sent.bytes;
        Self {
            artifacts: usize::from(is_new),
            present: usize::from(!is_new),
            sent_bytes,
            archives: 0,
        }
    }
}

/// Carries into one place.
pub(crate) struct Carrier<'a> {
    pub(crate) home: &'a Home,
    pub(crate) runtime: &'a Runtime,
    pub(crate) client: &'a Client,
    /// The place of the tap, which everything else stands below or beside.
    pub(crate) to: &'a Place,
    /// The only platforms that are carried; all where none is named.
    pub(crate) platforms: &'a [Platform],
    /// Whether the tags of versions move to what is carried.
    pub(crate) names: bool,
    /// A folder for what lies on this machine meanwhile.
    pub(crate) scratch: &'a Path,
}

impl Carrier<'_> {
    /// Carries one thing, unless it is there.
    pub(crate) fn carry(&self, pinned: &Pinned) -> Result<Figures, Error> {
        let Pinned { formula, digest, .. } = pinned;
        match &pinned.what {
            What::Outside(layer) => self.archive(formula, layer),
            What::Artifact(place) => {
                let tag = mirror::keeper(digest);
                self.runtime.block_on(self.artifact(pinned, place, &tag))
            }
            What::Package { place, tag } => {
                let kept = format!("{tag}.i.{}", digest.short());
                self.runtime.block_on(self.artifact(pinned, place, &kept))
            }
        }
    }

    /// Moves the tag of a version to the package that was carried.
    async fn name(&self, pinned: &Pinned, manifest: &Manifest) -> Result<(), Error> {
        let What::Package { tag, .. } = &pinned.what else { return Ok(()) };
        let to = self.tagged(&pinned.formula, tag)?;
        let failed = |source| put("tag", &to, source);
        let there = oci::found(self.client.resolve(&to).await).map_err(failed)?;
        if there.is_some_and(|there| there.digest == pinned.digest) {
            return Ok(());
        }
        self.client.push_manifest(&to, manifest).await.map_err(failed)
    }

    async fn artifact(&self, pinned: &Pinned, own: &Place, tag: &str) -> Result<Figures, Error> {
        let (from, manifest) = self.source(pinned, own).await?;
        let to = self.tagged(&pinned.formula, tag)?;
        let referrers = Some(copy::Referrers::default());
        let all = copy::Options { platforms: copy::Platforms::All, referrers };
        let chosen = match manifest.document() {
            Ok(Document::Index(index)) if !self.platforms.is_empty() => {
                let picked = self.platforms.iter().filter_map(|platform| {
                    let words = in_oci_words(platform);
                    Some((words.clone(), index.pick(&words).ok()?.clone()))
                });
                let picked: Vec<_> = picked.collect();
                let others = |entry: &&Descriptor| {
                    picked.iter().all(|(_, chosen)| chosen.digest != entry.digest)
                };
                index.manifests.iter().any(|entry| others(&entry)).then_some(picked)
            }
            _ => None,
        };
        let options = match (chosen, self.to) {
            (None, _) => all,
            (Some(chosen), Place::Registry(_)) => {
                return self.parts(pinned, &from, &manifest, chosen).await;
            }
            (Some(chosen), _) => {
                let platforms = chosen.into_iter().map(|(platform, _)| platform).collect();
                copy::Options { platforms: copy::Platforms::Some(platforms), referrers }
            }
        };
        let copied = self.client.copy(&from, &to, &options).await;
        let copied = copied.map_err(|source| sided(&from, &to, source))?;
        if self.names {
            self.name(pinned, &manifest).await?;
        }
        Ok(Figures::copied(&copied))
    }

    /// Some platforms of an index: no registry takes an index of which it lacks a part, so it goes
    /// as bytes, and the manifests of the platforms by themselves.
    async fn parts(
        &self,
        pinned: &Pinned,
        from: &Place,
        index: &Manifest,
        chosen: Vec<(oci::Platform, Descriptor)>,
    ) -> Result<Figures, Error> {
        if chosen.is_empty() {
            return Ok(Figures::default());
        }
        let referrers = Some(copy::Referrers::default());
        let options = copy::Options { referrers, ..copy::Options::default() };
        let mut figures = Figures::default();
        let parts: BTreeSet<Digest> = chosen.into_iter().map(|(_, entry)| entry.digest).collect();
        for digest in parts {
            let to = self.tagged(&pinned.formula, &mirror::keeper(&digest))?;
            let from = from.bare().with_digest(digest);
            let copied = self.client.copy(&from, &to, &options).await;
            let copied = copied.map_err(|source| sided(&from, &to, source))?;
            figures.add(Figures::copied(&copied));
        }
        let to = self.tagged(&pinned.formula, &mirror::keeper(&index.digest))?;
        let size = index.bytes.len() as u64;
        let descriptor = Descriptor::new(&index.media_type, index.digest.clone(), size);
        let body = Body::Bytes(index.bytes.clone());
        figures.sent_bytes += self.keep(&to, descriptor, body, &from.to_string()).await?;
        let is_new = figures.artifacts > 0;
        Ok(Figures { artifacts: usize::from(is_new), present: usize::from(!is_new), ..figures })
    }

    /// Where it can be had, and what it is.
    async fn source(&self, pinned: &Pinned, own: &Place) -> Result<(Place, Manifest), Error> {
        let ask = |place: &Place, source| Error::Ask {
            place: place.to_string(),
            source: Box::new(source),
        };
        for place in &pinned.nearby {
            let near = mirror::manifest(self.client, place, &pinned.digest).await;
            if let Some(manifest) = near.map_err(|source| ask(place, source))? {
                return Ok((place.bare().with_digest(pinned.digest.clone()), manifest));
            }
        }
        let own = own.bare().with_digest(pinned.digest.clone());
        let manifest = self.client.manifest(&own).await.map_err(|source| ask(&own, source))?;
        Ok((own, manifest))
    }

    /// Bytes from outside of registries, as the layer of an artifact.
    fn archive(&self, formula: &Name, layer: &Layer) -> Result<Figures, Error> {
        let to = self.tagged(formula, &mirror::keeper(&layer.digest))?;
        let there = self.runtime.block_on(self.client.resolve(&to));
        if oci::found(there).map_err(|source| put("look up", &to, source))?.is_some() {
            return Ok(Figures::present());
        }
        let mut file = tempfile::NamedTempFile::new_in(self.scratch).map_err(Error::Scratch)?;
        let place = layer.origin.describe();
        let size = self
            .home
            .bring(formula.as_str(), layer, &mut file)
            .map_err(|source| Error::Bring { place: place.clone(), source: Box::new(source) })?;
        let mut descriptor = Descriptor::new(BYTES, layer.digest.clone(), size);
        let title = place.rsplit('/').next().filter(|title| !title.is_empty());
        if let Some(title) = title {
            descriptor.annotations.insert(TITLE.to_owned(), title.to_owned());
        }
        let body = Body::File(file.path().to_owned());
        let sent = self.runtime.block_on(self.keep(&to, descriptor, body, &place))?;
        Ok(Figures { archives: 1, sent_bytes: sent, ..Figures::default() })
    }

    /// Puts bytes into an artifact that keeps them; how many were sent.
    async fn keep(
        &self,
        to: &Place,
        descriptor: Descriptor,
        body: Body,
        source: &str,
    ) -> Result<u64, Error> {
        let artifact = Artifact {
            artifact_type: mirror::ARCHIVE.to_owned(),
            layers: vec![descriptor.clone()],
            annotations: BTreeMap::from([(SOURCE_KEY.to_owned(), source.to_owned())]),
            ..Artifact::default()
        };
        let manifest = artifact.manifest();
        let there = oci::found(self.client.resolve(to).await);
        let there = there.map_err(|source| put("look up", to, source))?;
        if there.is_some_and(|there| there.digest == manifest.digest) {
            return Ok(0);
        }
        let (config, nothing) = artifact.config();
        let blobs = [(config, Body::Bytes(nothing)), (descriptor, body)];
        let sent = send(self.client, to, &manifest, &blobs).await;
        sent.map_err(|unsent| put(unsent.step, to, unsent.source))
    }

    /// A tag of the place where all that a formula pins is carried to.
    fn tagged(&self, formula: &Name, tag: &str) -> Result<Place, Error> {
        let place = mirror::place(self.to, formula);
        let tagged = place.with_tag(&mirror::tag(self.to, formula, tag));
        tagged.map_err(|_| {
            let source = oci::Error::Push(oci::push::Error::NoTag { reference: tag.to_owned() });
            put("tag", &place, source)
        })
    }
}

/// A platform as machines are; of Linux without a C library one for each of `libcs`.
pub fn with_libc(platform: Platform, libcs: &[Libc]) -> Vec<Platform> {
    match platform {
        Platform { os: Os::Linux, libc: None, .. } => {
            libcs.iter().map(|libc| Platform { libc: Some(*libc), ..platform }).collect()
        }
        whole => vec![whole],
    }
}

pub(crate) fn put(step: &'static str, place: &Place, source: oci::Error) -> Error {
    Error::Put { step, place: place.to_string(), source: Box::new(source) }
}

/// An error of a copy, on the side that it is of.
pub(crate) fn sided(from: &Place, to: &Place, source: oci::Error) -> Error {
    match source {
        oci::Error::Copy(copy::Error::To { source, .. }) => {
            Error::Put { step: "copy to", place: to.to_string(), source }
        }
        oci::Error::Copy(copy::Error::From { source, .. }) => {
            Error::Ask { place: from.to_string(), source }
        }
        source => Error::Ask { place: from.to_string(), source: Box::new(source) },
    }
}
