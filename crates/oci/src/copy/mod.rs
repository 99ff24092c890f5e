//! Copies an artifact from one place to another, whatever kinds of places they are.
//!
//! First everything that it consists of is found; then blobs go, several at once; then manifests,
//! those inside others first; and last the artifact itself with its tag. So what a tag names is
//! always whole, and whatever was reached before a break need not be done again.

mod error;
mod graph;
mod supply;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use digest::Digest;
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream};

use crate::{
    Body, Descriptor, Document, Event, Place, Platform, Pushed, Wanted,
    config::Config,
    push,
    source::{Listed, Source, Target},
};

pub use error::Error;

use graph::{Graph, Node, Turn, Walk};
use supply::Supply;

/// What to copy of an artifact; by default all of it, and nothing that refers to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Which platforms of an index.
    pub platforms: Platforms,
    /// Signatures and whatever else refers to what is copied; `None` for none of it.
    pub referrers: Option<Referrers>,
}

/// Which platforms of an index are copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Platforms {
    /// All of them.
    #[default]
    All,
    /// The manifest that suits this platform best, in place of the index.
    One(Platform),
    /// The index as it is, with the manifests that suit these best; a registry may refuse an
    /// index of which it has not everything.
    Some(Vec<Platform>),
}

/// How far to follow what refers to what is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Referrers {
    /// How many steps from the artifact: 1 for its signatures, 2 for the signatures of those.
    pub depth: usize,
    /// How many in all; more are an error.
    pub count: usize,
}

impl Default for Referrers {
    fn default() -> Self {
        Self { depth: 3, count: 256 }
    }
}

/// What a copy came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// What the target's tag or digest names now.
    pub root: Descriptor,
    /// Blobs that were sent.
    pub sent: Amount,
    /// Blobs that the target's registry took from another of its repositories.
    pub mounted: Amount,
    /// Blobs that the target had.
    pub present: Amount,
    /// How many manifests were written; the others were there.
    pub manifests: usize,
    /// How many of all manifests refer to what was to be copied.
    pub referrers: usize,
}

/// So many blobs with so many bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub blobs: usize,
    /// Their size in bytes.
    pub bytes: u64,
}

impl Amount {
    fn add(&mut self, bytes: u64) {
        self.blobs += 1;
        // Of what is there already only an author's word is known, and no byte.
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// Copies what one place names to the other.
pub(crate) async fn copy(
    from: (&Place, Arc<dyn Target>),
    to: (&Place, Arc<dyn Target>),
    options: &Options,
    config: &Config,
) -> Result<Copied, crate::Error> {
    let source: Arc<dyn Source> = from.1;
    let graph = Walk { place: from.0, source: &source, options }.run().await?;
    let work = Work { from: (from.0, source), to, config };
    work.run(&graph).await
}

/// The writing half of a copy.
struct Work<'a> {
    from: (&'a Place, Arc<dyn Source>),
    to: (&'a Place, Arc<dyn Target>),
    config: &'a Config,
}

/// What the target has of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Nothing,
    /// The manifest.
    Manifest,
    /// The manifest, under the wanted tag.
    Tagged,
}

impl Work<'_> {
    async fn run(&self, graph: &Graph) -> Result<Copied, crate::Error> {
        let (place, target) = &self.to;
        let root = &graph.root().manifest;
        if place.digest().is_some_and(|digest| *digest != root.digest) {
            let (place, digest) = (place.to_string(), root.digest.clone());
            return Err(crate::Error::Copy(Error::Digest { place, digest }));
        }
        let nodes = graph.nodes();
        let held = self.held(&nodes).await?;
        let size = root.bytes.len() as u64;
        let mut copied = Copied {
            root: Descriptor::new(&root.media_type, root.digest.clone(), size),
            sent: Amount::default(),
            mounted: Amount::default(),
            present: Amount::default(),
            manifests: 0,
            referrers: nodes.iter().filter(|node| node.turn == Turn::Referrer).count(),
        };
        self.push_blobs(&nodes, &held, &mut copied).await?;
        for node in &nodes {
            copied.manifests += usize::from(self.push_manifest(graph, node, &held).await?);
        }
        target.commit().await.map_err(|error| self.failed(error))?;
        Ok(copied)
    }

    fn failed(&self, error: crate::Error) -> crate::Error {
        Error::to(self.to.0, error)
    }

    /// The tag or digest to write the artifact under.
    fn listed(&self) -> Listed<'_> {
        self.to.0.tag().map_or(Listed::Digest, Listed::Tag)
    }

    /// What the target has of each manifest, by one question for each.
    async fn held(&self, nodes: &[&Node]) -> Result<BTreeMap<Digest, Held>, crate::Error> {
        let asked: Vec<BoxFuture<'_, _>> =
            nodes.iter().map(|node| self.held_of(node).boxed()).collect();
        let mut answers = stream::iter(asked).buffer_unordered(self.config.jobs.max(1));
        let mut held = BTreeMap::new();
        while let Some(answer) = answers.next().await {
            let (digest, found) = answer?;
            held.insert(digest, found);
        }
        Ok(held)
    }

    async fn held_of(&self, node: &Node) -> Result<(Digest, Held), crate::Error> {
        let digest = &node.manifest.digest;
        let is_root = node.turn == Turn::Root;
        if let (true, Listed::Tag(tag)) = (is_root, self.listed()) {
            let found = self.to.1.holds(Wanted::Tag(tag)).await;
            if found.map_err(|error| self.failed(error))?.is_some_and(|it| it.digest == *digest) {
                return Ok((digest.clone(), Held::Tagged));
            }
        }
        let found = self.to.1.holds(Wanted::Digest(digest)).await;
        let found = found.map_err(|error| self.failed(error))?;
        Ok((digest.clone(), if found.is_some() { Held::Manifest } else { Held::Nothing }))
    }

    /// Pushes the blobs that the target may lack, each once and several at a time.
    async fn push_blobs(
        &self,
        nodes: &[&Node],
        held: &BTreeMap<Digest, Held>,
        copied: &mut Copied,
    ) -> Result<(), crate::Error> {
        let mut seen = BTreeSet::new();
        let (mut present, mut wanted) = (Vec::new(), Vec::new());
        let (whole, others): (Vec<&&Node>, Vec<&&Node>) =
            nodes.iter().partition(|node| self.is_whole(node, held));
        for (nodes, list) in [(whole, &mut present), (others, &mut wanted)] {
            let blobs = nodes.into_iter().flat_map(|node| node.blobs());
            list.extend(blobs.filter(|blob| seen.insert(blob.digest.clone())));
        }
        let all = || present.iter().chain(&wanted);
        let (blobs, bytes) =
            (all().count(), all().map(|blob| blob.size).fold(0, u64::saturating_add));
        (self.config.events)(Event::Copying { blobs, bytes });
        for blob in present {
            self.count(copied, blob, Pushed::Present);
        }
        let push = |blob: Descriptor| async move {
            let pushed = self.push_blob(&blob, false).await?;
            Ok((blob, pushed))
        };
        let pushes: Vec<BoxFuture<'_, _>> =
            wanted.into_iter().map(|blob| push(blob.clone()).boxed()).collect();
        let mut pushes = stream::iter(pushes).buffer_unordered(self.config.jobs.max(1));
        while let Some(pushed) = pushes.next().await {
            let (blob, pushed) = pushed?;
            self.count(copied, &blob, pushed);
        }
        Ok(())
    }

    /// Whether the target has a manifest and by its own word what that names.
    fn is_whole(&self, node: &Node, held: &BTreeMap<Digest, Held>) -> bool {
        let is_image = matches!(node.document, Document::Image(_));
        is_image && self.to.1.is_whole() && held[&node.manifest.digest] != Held::Nothing
    }

    fn count(&self, copied: &mut Copied, blob: &Descriptor, pushed: Pushed) {
        let Descriptor { digest, size, .. } = blob;
        match pushed {
            Pushed::Present => copied.present.add(*size),
            Pushed::Mounted => copied.mounted.add(*size),
            Pushed::Sent { .. } => copied.sent.add(*size),
        }
        (self.config.events)(Event::Copied { digest: digest.clone(), size: *size, pushed });
    }

    /// Sends a blob, twice if the source is too slow for the first time; `again` if the target
    /// said that it has it, and has not.
    async fn push_blob(&self, blob: &Descriptor, again: bool) -> Result<Pushed, crate::Error> {
        if let Ok(Some(data)) = blob.embedded() {
            let body = Body::Bytes(data.to_vec().into());
            return self.send(blob, &body, again).await.map_err(|error| self.failed(error));
        }
        // Between disks nobody waits for anybody.
        let is_remote = self.from.1.reference().is_some() && self.to.1.reference().is_some();
        let patience = is_remote.then_some(self.config.spool_after);
        let from = (self.from.0, &self.from.1);
        let supply = Arc::new(Supply::new(from, blob, patience, self.config));
        let body = Body::Source(supply.clone());
        let mut pushed = self.send(blob, &body, again).await;
        if pushed.is_err() && supply.may_go_on() {
            pushed = self.send(blob, &body, again).await;
        }
        pushed.map_err(|error| self.failed(error))
    }

    async fn send(
        &self,
        blob: &Descriptor,
        body: &Body,
        again: bool,
    ) -> Result<Pushed, crate::Error> {
        if again {
            return self.to.1.push_blob_again(blob, body).await;
        }
        self.to.1.push_blob(blob, body, self.from.1.reference()).await
    }

    /// Writes a manifest unless it is there; `true` if it was written.
    async fn push_manifest(
        &self,
        graph: &Graph,
        node: &Node,
        held: &BTreeMap<Digest, Held>,
    ) -> Result<bool, crate::Error> {
        let held = held[&node.manifest.digest];
        let is_there = match self.listed_as(node) {
            Listed::Tag(_) => held == Held::Tagged,
            // A layout may hold what it does not list.
            Listed::Digest => held != Held::Nothing && self.to.1.is_whole(),
            Listed::Inside => held != Held::Nothing,
        };
        if is_there && self.is_listed(node).await? {
            return Ok(false);
        }
        self.write(graph, node).await.map(|()| true)
    }

    /// Whether a manifest that is there is found by its subject too: where a registry keeps no
    /// lists of referrers, it may be missing in the list.
    async fn is_listed(&self, node: &Node) -> Result<bool, crate::Error> {
        let Some(subject) = node.document.subject() else { return Ok(true) };
        let listed = self.to.1.referrers(&subject.digest, None).await;
        let listed = listed.map_err(|error| self.failed(error))?;
        Ok(listed.iter().any(|entry| entry.digest == node.manifest.digest))
    }

    fn listed_as(&self, node: &Node) -> Listed<'_> {
        match node.turn {
            Turn::Root => self.listed(),
            Turn::Referrer => Listed::Digest,
            Turn::Inside => Listed::Inside,
        }
    }

    /// Writes a manifest; what a registry misses then, whatever it said before, is sent once more.
    async fn write(&self, graph: &Graph, node: &Node) -> Result<(), crate::Error> {
        let failed = |error| self.failed(error);
        let missing = match self.to.1.push_manifest(&node.manifest, self.listed_as(node)).await {
            Err(crate::Error::Push(push::Error::Missing { missing, .. })) => missing,
            pushed => return pushed.map_err(failed),
        };
        let misses = |digest: &Digest| missing.is_empty() || missing.contains(digest);
        for blob in node.blobs().filter(|blob| misses(&blob.digest)) {
            self.push_blob(blob, true).await?;
        }
        for inner in graph.inside(node).filter(|inner| misses(&inner.manifest.digest)) {
            Box::pin(self.write(graph, inner)).await?;
        }
        let pushed = self.to.1.push_manifest(&node.manifest, self.listed_as(node)).await;
        pushed.map_err(failed)
    }
}
