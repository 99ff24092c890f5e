//! What an artifact of any kind holds: its manifests, layers, files, annotations and referrers.
//!
//! Only the program's own annotation and the configs of images and charts are read; whatever else
//! an author invented is shown as it stands.

mod kind;

use std::{cell::Cell, collections::BTreeMap};

use catalog::{Layer, Origin, Placement, Strip};
use digest::Digest;
use install::{Home, network, transaction};
use oci::{Client, Descriptor, Document, Manifest, Place, index::DEPTH_MAX, media_type};
use store::{
    archive::{Entry, Format},
    lock::Wait,
};

pub use kind::Kind;

/// Manifests that are looked at in all; further ones are only named.
const MANIFESTS_MAX: usize = 128;
/// How often referrers are asked for in all.
const REFERRERS_MAX: usize = 256;
/// Largest config that is read, in bytes.
const CONFIG_BYTES_MAX: u64 = 1 << 20;

/// An artifact, as far as it was looked at.
#[derive(Debug)]
pub struct Artifact {
    /// What it is, by what it says of itself.
    pub kind: Kind,
    /// Its media type, digest and size, and its platform where an index names one.
    pub descriptor: Descriptor,
    /// The type that its author gave it.
    pub artifact_type: Option<String>,
    /// What its author says of it, untrusted.
    pub annotations: BTreeMap<String, String>,
    /// The manifest that it is about.
    pub subject: Option<Digest>,
    /// Its config; none of an index.
    pub config: Option<Config>,
    /// Its layers in order; none of an index.
    pub layers: Vec<Content>,
    /// What an index lists.
    pub manifests: Vec<Listed>,
    /// What is about it, such as signatures and bills of material.
    pub referrers: Vec<Descriptor>,
}

/// The config of an image, a chart, or of an artifact of any other kind.
#[derive(Debug)]
pub struct Config {
    /// Its media type, digest and size.
    pub descriptor: Descriptor,
    /// What it says, where it is JSON of a reasonable size.
    pub value: Option<serde_json::Value>,
}

/// A layer.
#[derive(Debug)]
pub struct Content {
    /// Its media type, digest and size.
    pub descriptor: Descriptor,
    /// What it holds, where that was asked for.
    pub files: Option<Files>,
}

/// What a layer holds.
#[derive(Debug)]
pub struct Files {
    /// How it is packed.
    pub format: Format,
    /// Its entries, by path.
    pub entries: Vec<Entry>,
    /// The sum of the sizes of its files in bytes.
    pub size_bytes: u64,
}

/// One entry of an index.
#[derive(Debug)]
pub enum Listed {
    /// It was looked at.
    Artifact(Box<Artifact>),
    /// It is of an unknown type, missing, or one too many.
    Named {
        /// The index's words for it.
        descriptor: Box<Descriptor>,
        /// Why it was not looked at.
        why: String,
    },
}

/// An artifact cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The network cannot be set up.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// A registry or layout does not give it.
    #[error("cannot get {place}")]
    Ask {
        /// The reference.
        place: String,
        /// What the registry said.
        #[source]
        source: Box<oci::Error>,
    },
    /// A manifest breaks the specification.
    #[error("cannot read the manifest of {place}")]
    Manifest {
        /// The reference.
        place: String,
        /// The rule that it breaks.
        #[source]
        source: oci::manifest::Error,
    },
    /// A layer cannot be listed.
    #[error("cannot list what a layer holds")]
    Files(#[from] transaction::Error),
}

/// Looks at what `place` names; with `files` also into its layers, which are downloaded for it.
pub fn inspect(
    home: &Home,
    place: &Place,
    files: bool,
    wait: &mut Wait<'_>,
) -> Result<Artifact, Error> {
    let (runtime, client) = home.online()?;
    let look = Look { client, place, manifests: Cell::default(), referrers: Cell::default() };
    let mut artifact = runtime.block_on(look.top())?;
    if files {
        look.list(home, &mut artifact, wait)?;
    }
    Ok(artifact)
}

/// One look at a place.
struct Look<'a> {
    client: &'a Client,
    place: &'a Place,
    /// How many were looked at.
    manifests: Cell<usize>,
    /// How often referrers were asked for.
    referrers: Cell<usize>,
}

impl Look<'_> {
    async fn top(&self) -> Result<Artifact, Error> {
        let manifest = self.ask(self.place).await?;
        let size = manifest.bytes.len() as u64;
        let descriptor = Descriptor::new(&manifest.media_type, manifest.digest.clone(), size);
        let mut artifact = self.artifact(&manifest, descriptor, 0).await?;
        self.refer(&mut artifact).await;
        Ok(artifact)
    }

    async fn ask(&self, place: &Place) -> Result<Manifest, Error> {
        self.client
            .manifest(place)
            .await
            .map_err(|source| Error::Ask { place: place.to_string(), source: Box::new(source) })
    }

    async fn artifact(
        &self,
        manifest: &Manifest,
        descriptor: Descriptor,
        depth: usize,
    ) -> Result<Artifact, Error> {
        let place = || self.place.to_string();
        let document = manifest.document();
        match document.map_err(|source| Error::Manifest { place: place(), source })? {
            Document::Index(index) => {
                let mut manifests = Vec::new();
                for entry in index.manifests {
                    manifests.push(Box::pin(self.listed(entry, depth + 1)).await?);
                }
                Ok(Artifact {
                    kind: Kind::of_index(index.artifact_type.as_deref(), &manifests),
                    descriptor,
                    artifact_type: index.artifact_type,
                    annotations: index.annotations,
                    subject: index.subject.map(|subject| subject.digest),
                    config: None,
                    layers: Vec::new(),
                    manifests,
                    referrers: Vec::new(),
                })
            }
            Document::Image(image) => {
                let config = self.config(image.config.clone()).await?;
                let content = |descriptor| Content { descriptor, files: None };
                Ok(Artifact {
                    kind: Kind::of_image(&image, &config),
                    descriptor,
                    artifact_type: image.artifact_type,
                    annotations: image.annotations,
                    subject: image.subject.map(|subject| subject.digest),
                    config: Some(config),
                    layers: image.layers.into_iter().map(content).collect(),
                    manifests: Vec::new(),
                    referrers: Vec::new(),
                })
            }
        }
    }

    /// Indexes in each other, even in a ring, end at both bounds.
    async fn listed(&self, entry: Descriptor, depth: usize) -> Result<Listed, Error> {
        let named =
            |entry, why: &str| Listed::Named { descriptor: Box::new(entry), why: why.to_owned() };
        if media_type::Kind::of(&entry.media_type).is_none() {
            return Ok(named(entry, "not a manifest"));
        }
        if depth > DEPTH_MAX || self.manifests.get() >= MANIFESTS_MAX {
            return Ok(named(entry, "not looked at: there are too many"));
        }
        self.manifests.set(self.manifests.get() + 1);
        match self.ask(&self.place.with_digest(entry.digest.clone())).await {
            Ok(manifest) => {
                let artifact = self.artifact(&manifest, entry, depth).await?;
                Ok(Listed::Artifact(Box::new(artifact)))
            }
            // An index may list what was never copied along.
            Err(Error::Ask { source, .. }) if source.kind() == oci::Kind::NotFound => {
                Ok(named(entry, "missing"))
            }
            Err(error) => Err(error),
        }
    }

    async fn config(&self, descriptor: Descriptor) -> Result<Config, Error> {
        let is_json = descriptor.media_type.ends_with("json");
        let is_empty = descriptor.media_type == media_type::EMPTY;
        let value = match is_json && !is_empty && descriptor.size <= CONFIG_BYTES_MAX {
            true => self.bytes(&descriptor).await?,
            false => None,
        };
        let value = value.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok(Config { descriptor, value })
    }

    /// A small blob, whole; `None` where the place does not have it.
    async fn bytes(&self, descriptor: &Descriptor) -> Result<Option<Vec<u8>>, Error> {
        let place = || format!("{} of {}", descriptor.digest, self.place);
        let ask = |source| Error::Ask { place: place(), source: Box::new(source) };
        let start = oci::Start::of(descriptor).map_err(ask)?;
        let begun = oci::found(self.client.blob(self.place, descriptor, start).await);
        let Some(download) = begun.map_err(ask)? else { return Ok(None) };
        download.whole().await.map(Some).map_err(ask)
    }

    /// Asks what is about the artifact and about each of its manifests.
    async fn refer(&self, artifact: &mut Artifact) {
        if self.referrers.get() >= REFERRERS_MAX {
            return;
        }
        self.referrers.set(self.referrers.get() + 1);
        let digest = &artifact.descriptor.digest;
        // Old registries answer in many ways that they know none; what there is stays shown.
        let referrers = self.client.referrers(self.place, digest, None).await;
        artifact.referrers = referrers.unwrap_or_default();
        for listed in &mut artifact.manifests {
            if let Listed::Artifact(inner) = listed {
                Box::pin(self.refer(inner)).await;
            }
        }
    }

    fn list(
        &self,
        home: &Home,
        artifact: &mut Artifact,
        wait: &mut Wait<'_>,
    ) -> Result<(), transaction::Error> {
        let layers: Vec<Layer> =
            artifact.layers.iter().map(|content| self.layer(&content.descriptor)).collect();
        let plans = home.listing(&self.place.to_string(), &layers, wait)?;
        for (content, plan) in artifact.layers.iter_mut().zip(plans) {
            let (format, size_bytes) = (plan.format, plan.size_bytes);
            content.files = Some(Files { format, entries: plan.entries, size_bytes });
        }
        for listed in &mut artifact.manifests {
            if let Listed::Artifact(inner) = listed {
                self.list(home, inner, wait)?;
            }
        }
        Ok(())
    }

    fn layer(&self, descriptor: &Descriptor) -> Layer {
        let title = descriptor.title();
        Layer {
            digest: descriptor.digest.clone(),
            size: Some(descriptor.size),
            media_type: None,
            format: None,
            origin: Origin::Blob {
                place: self.place.clone(),
                descriptor: Box::new(descriptor.clone()),
            },
            placement: Placement::Detect {
                name: title.unwrap_or("content").to_owned(),
                strip: Strip::Count(0),
            },
            nearby: Vec::new(),
        }
    }
}
