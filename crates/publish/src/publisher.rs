//! A version of a formula, packed for its platforms and put into the tap's registry.
//!
//! The formula's file is written by the caller, at the very end: before, it could name what is
//! not there yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use build::{Compression, Packed};
use catalog::{Found, Published, Tap};
use digest::Digest;
use formula::{Annotation, Key, Resolved};
use install::{Home, network};
use oci::Document;
use store::lock::Wait;

use crate::{
    attach::{self, Attachment},
    make::{self, Builder},
    pack::{self, Packer},
    push::{self, Part, Repository},
    requests::Request,
    work::Folder,
};

/// What is to be published.
pub struct Order<'a> {
    /// The formula, of a tap that has a registry.
    pub found: &'a Found,
    /// The tap.
    pub tap: &'a Tap,
    /// Builds what is source code.
    pub builder: &'a Builder,
    /// One version of it on each platform; at least one.
    pub packages: Vec<Resolved>,
    /// Further tags that are moved to the version, such as `latest` and `1`.
    pub also: Vec<String>,
    /// The formula's source, attached to packages that are new.
    pub source: Attachment,
    /// Files that say something about the packages, new or not.
    pub attachments: Vec<Attachment>,
    /// How layers are compressed.
    pub compression: Compression,
}

/// A version that is published.
#[derive(Debug)]
pub struct Outcome {
    /// `host/repository:tag`.
    pub reference: String,
    /// The digest of its index, which the formula is to name.
    pub index: Digest,
    /// Its platforms, those of other publishers among them.
    pub platforms: BTreeMap<Key, Digest>,
    /// Those that were not there before.
    pub new: Vec<Key>,
    /// Whether the index was not there before, as where an earlier run was cut.
    pub is_index_new: bool,
    /// Names of the files that were attached; of a new package its formula is not worth a word.
    pub attached: BTreeSet<String>,
    /// Bytes of blobs that were sent.
    pub sent_bytes: u64,
    /// What somebody should look at, one line each.
    pub warnings: Vec<String>,
}

/// A version cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tap's `tap.toml` names no registry.
    #[error("the tap of `{file}` names no registry to publish to")]
    NoRegistry {
        /// The formula's file.
        file: String,
    },
    /// A further tag is none, or means something else.
    #[error("`{tag}` cannot be moved to a version: {why}")]
    Tag {
        /// The tag.
        tag: String,
        /// What it is instead.
        why: &'static str,
    },
    /// The folder for the packages cannot be made.
    #[error("cannot make a folder for the packages")]
    Folder(#[source] io::Error),
    /// A package cannot be made.
    #[error(transparent)]
    Make(#[from] make::Error),
    /// The network cannot be set up.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// The registry does not take it.
    #[error(transparent)]
    Push(#[from] push::Error),
    /// A file cannot be attached.
    #[error("cannot attach `{name}` to {place}")]
    Attach {
        /// The file's name.
        name: String,
        /// The package.
        place: String,
        /// What the registry said.
        #[source]
        source: Box<oci::Error>,
    },
}

/// A version whose packages are made and wait to be pushed.
pub struct Prepared<'a> {
    home: &'a Home,
    pub(crate) order: Order<'a>,
    repository: Repository,
    pub(crate) parts: Vec<Part>,
    warnings: Vec<String>,
    /// Holds the packages until they are pushed.
    _blobs: Folder,
}

impl<'a> Prepared<'a> {
    /// Packs each platform.
    pub fn new(home: &'a Home, order: Order<'a>, wait: &mut Wait<'_>) -> Result<Self, Error> {
        let found = order.found;
        let no_registry = || Error::NoRegistry { file: found.file.clone() };
        let base = found.registry.as_ref().ok_or_else(no_registry)?;
        check_further(&order)?;
        let first = order.packages.first().ok_or_else(no_registry)?;
        let published = Published::new(base, &first.name, &first.version, first.revision);
        let repository = Repository::new(published)?;
        order.also.iter().try_for_each(|tag| repository.tagged(tag).map(drop))?;
        // A registry that cannot be asked, or not by this user, says so before anything is built.
        let (runtime, client) = home.online_directly()?;
        runtime.block_on(repository.there(client))?;
        let blobs = scratch(home)?;
        let around = &home.around(found);
        let tell = &|progress| order.builder.tell(progress);
        let (compression, blobs_path) = (order.compression, blobs.path());
        let packer = Packer { home, around, compression, blobs: blobs_path, tell };
        let (mut parts, mut warnings) = (Vec::new(), Vec::new());
        for package in &order.packages {
            let packed = order.builder.pack(&packer, Some(order.tap), package, wait)?;
            warnings.extend(said(&packed, package.key));
            parts.push(pack::part(package.key, &packed));
        }
        Ok(Self { home, order, repository, parts, warnings, _blobs: blobs })
    }

    /// Pushes the packages, what is about them, the index, and then the further tags.
    pub fn push(self) -> Result<Outcome, Error> {
        let (runtime, client) = self.home.online_directly()?;
        runtime.block_on(async {
            self.repository.check_rolling(client, &self.order.also).await?;
            let pushed = self.repository.push(client, &self.parts, &self.about()).await?;
            let mut attached = BTreeSet::new();
            for part in &self.parts {
                let is_new = pushed.new.contains(&part.key);
                let names = self.attach(client, part, is_new).await?;
                attached.extend(
                    names.into_iter().filter(|name| !is_new || *name != self.order.source.name),
                );
            }
            self.repository.roll(client, &pushed.index, &self.order.also).await?;
            Ok(Outcome {
                reference: self.repository.published.reference(),
                index: pushed.index.digest,
                platforms: pushed.platforms,
                new: pushed.new.into_iter().collect(),
                is_index_new: pushed.is_index_new,
                attached,
                sent_bytes: pushed.sent_bytes,
                warnings: self.warnings,
            })
        })
    }

    /// What the index says of the version: what its packages say to other tools.
    pub(crate) fn about(&self) -> BTreeMap<String, String> {
        self.parts.iter().map(annotations).next().unwrap_or_default()
    }

    /// What is attached to a package: what was asked for, and the formula, unless a package that
    /// was there has it; a run that was cut may not have come so far.
    pub(crate) async fn attachments(
        &self,
        client: &oci::Client,
        part: &Part,
        is_new: bool,
    ) -> Result<Vec<&Attachment>, Error> {
        let Order { source, attachments, .. } = &self.order;
        let is_wanted = is_new || {
            let (place, digest) = (self.repository.place(), &part.manifest.digest);
            let there = client.referrers(place, digest, Some(attach::FORMULA)).await;
            there.map_err(|error| self.unattached(source, error))?.is_empty()
        };
        Ok(is_wanted.then_some(source).into_iter().chain(attachments).collect())
    }

    /// Attaches what belongs to a package; the names of the files.
    async fn attach(
        &self,
        client: &oci::Client,
        part: &Part,
        is_new: bool,
    ) -> Result<Vec<String>, Error> {
        let (place, subject) = (self.repository.place(), part.descriptor());
        let attachments = self.attachments(client, part, is_new).await?;
        for attachment in &attachments {
            let attached = attach::attach(client, place, &subject, attachment).await;
            attached.map_err(|error| self.unattached(attachment, error))?;
        }
        Ok(attachments.into_iter().map(|attachment| attachment.name.clone()).collect())
    }

    fn unattached(&self, attachment: &Attachment, source: oci::Error) -> Error {
        let (name, place) = (attachment.name.clone(), self.repository.place().to_string());
        Error::Attach { name, place, source: Box::new(source) }
    }

    /// What [`Self::push`] would write, after asking what is there; nothing is written.
    pub fn requests(&self) -> Result<Vec<Request>, Error> {
        let (runtime, client) = self.home.online_directly()?;
        runtime.block_on(async {
            self.repository.check_rolling(client, &self.order.also).await?;
            self.repository.requests(client, self).await
        })
    }

    /// What somebody should look at, one line each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// Refuses further tags that are not free to be moved.
fn check_further(order: &Order<'_>) -> Result<(), Error> {
    let formula = &order.found.formula;
    let released = |tag: &str| {
        // Whatever the revision: earlier ones are published still.
        let version = tag.rsplit_once("__r").map_or(tag, |(version, _)| version);
        let tag_of = |release: &formula::Release| {
            Published::new("", formula.name(), release.version.as_str(), 0).tag
        };
        formula.releases().iter().any(|release| [tag, version].contains(&tag_of(release).as_str()))
    };
    for tag in &order.also {
        let why = match tag.as_str() {
            tag if !oci::reference::is_tag(tag) => "it is no tag",
            tag if tag.starts_with("sha256-") || tag.starts_with("sha512-") => {
                "it lists what refers to a digest"
            }
            tag if Published::keeps(tag) => "it keeps what was published",
            tag if released(tag) => "it is a version of its own",
            _ => continue,
        };
        return Err(Error::Tag { tag: tag.clone(), why });
    }
    Ok(())
}

/// A folder of the cache for what is made, gone when it is dropped.
pub fn scratch(home: &Home) -> Result<Folder, Error> {
    let work = make::work(home.cache(), home.layout().root());
    Folder::new(&work, false).map_err(Error::Folder)
}

fn said(packed: &Packed, key: Key) -> impl Iterator<Item = String> {
    packed.warnings.iter().map(move |warning| format!("{key}: {warning}"))
}

/// What a package says to other tools.
fn annotations(part: &Part) -> BTreeMap<String, String> {
    match part.manifest.document() {
        Ok(Document::Image(image)) => {
            let public = image.annotations.into_iter().filter(|(key, _)| key != Annotation::KEY);
            public.collect()
        }
        _ => BTreeMap::new(),
    }
}
