//! What an artifact consists of: found from its top down, before anything is written.
//!
//! Everything is named by digest and verified, so no ring is possible; but width and depth are
//! an author's choice, and bounded here.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use digest::Digest;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _, future::BoxFuture, stream};

use super::{Error, Options, Platforms};
use crate::{
    Descriptor, Document, Manifest, Place, Wanted,
    choose::{self, NoChoice},
    index::{DEPTH_MAX, TooDeep},
    media_type::Kind,
    source::Source,
};

/// Most manifests of one artifact, its referrers among them.
const MANIFESTS_MAX: usize = 10_000;

/// Most bytes that they have together, as all of them are held until they are written.
const BYTES_MAX: usize = 64 << 20;

/// Manifests that are read at once.
const READS: usize = 8;

/// When a manifest is written: those inside others first, the artifact itself last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// Before the one that names it; the deeper the earlier.
    Inside,
    /// Of something that refers to the artifact.
    Referrer,
    /// The artifact.
    Root,
}

/// A manifest of the artifact.
pub(super) struct Node {
    pub(super) manifest: Manifest,
    pub(super) document: Document,
    pub(super) turn: Turn,
    /// How many manifests it lies inside of.
    depth: usize,
    /// How many manifests it refers to the artifact through.
    distance: usize,
    /// Blobs that an index names itself.
    loose: Vec<Descriptor>,
}

/// All manifests of an artifact.
pub(super) struct Graph {
    nodes: BTreeMap<Digest, Node>,
    root: Digest,
}

impl Graph {
    /// The manifest that everything else hangs on.
    pub(super) fn root(&self) -> &Node {
        &self.nodes[&self.root]
    }

    /// The manifests that an index names.
    pub(super) fn inside(&self, node: &Node) -> impl Iterator<Item = &Node> {
        let entries = match &node.document {
            Document::Image(_) => &[][..],
            Document::Index(index) => &index.manifests,
        };
        entries.iter().filter_map(|entry| self.nodes.get(&entry.digest))
    }

    /// All manifests in the order in which they are to be written.
    pub(super) fn nodes(&self) -> Vec<&Node> {
        let mut nodes: Vec<&Node> = self.nodes.values().collect();
        nodes.sort_by_key(|node| {
            (node.turn == Turn::Root, node.distance, std::cmp::Reverse(node.depth))
        });
        nodes
    }
}

impl Node {
    /// The blobs that it names: config and layers, and what an index names beside manifests.
    pub(super) fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        let (config, layers) = match &self.document {
            Document::Image(image) => (Some(&image.config), &image.layers[..]),
            Document::Index(_) => (None, &self.loose[..]),
        };
        config.into_iter().chain(layers).filter(|blob| !is_foreign(blob))
    }
}

/// Content that its publisher may not pass on; it stays where its URLs say (image-spec, layer.md).
fn is_foreign(blob: &Descriptor) -> bool {
    let kinds = [".nondistributable.", ".foreign."];
    !blob.urls.is_empty() && kinds.iter().any(|kind| blob.media_type.contains(kind))
}

/// Finds what an artifact consists of.
pub(super) struct Walk<'a> {
    pub(super) place: &'a Place,
    pub(super) source: &'a Arc<dyn Source>,
    pub(super) options: &'a Options,
}

/// Manifests that were read.
type Known = BTreeMap<Digest, Manifest>;

/// A manifest that is to be read.
struct Step {
    entry: Descriptor,
    turn: Turn,
    depth: usize,
    distance: usize,
}

impl Walk<'_> {
    /// Reads all manifests of the artifact, and of what refers to it where that is asked for.
    pub(super) async fn run(&self) -> Result<Graph, crate::Error> {
        let root = self.root().await?;
        let digest = root.digest.clone();
        let mut nodes = BTreeMap::new();
        let size = root.bytes.len() as u64;
        let entry = Descriptor::new(&root.media_type, digest.clone(), size);
        let mut steps = vec![Step { entry, turn: Turn::Root, depth: 0, distance: 0 }];
        let mut known = Known::from([(digest.clone(), root)]);
        let mut referrers = BTreeSet::new();
        while !steps.is_empty() {
            self.read(&steps, &mut known).await?;
            let mut next = Vec::new();
            for step in steps {
                let manifest = known[&step.entry.digest].clone();
                let node = self.node(manifest, &step, &mut next).await?;
                if step.turn != Turn::Inside || matches!(node.document, Document::Image(_)) {
                    self.refer(&node, &mut referrers, &mut next).await?;
                }
                insert(&mut nodes, node);
                if nodes.len() + next.len() > MANIFESTS_MAX {
                    return Err(self.many("manifests", MANIFESTS_MAX));
                }
            }
            steps = next;
        }
        Ok(Graph { nodes, root: digest })
    }

    /// The manifest that the place names; of an index the one for the platform, where only that
    /// is wanted.
    async fn root(&self) -> Result<Manifest, crate::Error> {
        let platform = match &self.options.platforms {
            Platforms::One(platform) => Some(platform),
            _ => None,
        };
        let chosen = choose::choose(&**self.source, self.place, platform).await;
        chosen.map(|(_, manifest)| manifest).map_err(|error| self.failed(error))
    }

    async fn fetch(&self, digest: &Digest) -> Result<Manifest, crate::Error> {
        let manifest = self.source.manifest(Some(Wanted::Digest(digest))).await;
        manifest.map_err(|error| self.failed(error))
    }

    /// Reads the manifests of the steps that were not read yet.
    async fn read(&self, steps: &[Step], known: &mut Known) -> Result<(), crate::Error> {
        let unread: BTreeSet<&Digest> = steps.iter().map(|step| &step.entry.digest).collect();
        let unread = unread.into_iter().filter(|digest| !known.contains_key(*digest));
        let reads: Vec<BoxFuture<'_, _>> =
            unread.map(|digest| self.fetch(digest).boxed()).collect();
        let mut bytes: usize = known.values().map(|manifest| manifest.bytes.len()).sum();
        let mut reads = stream::iter(reads).buffer_unordered(READS);
        while let Some(manifest) = reads.try_next().await? {
            bytes += manifest.bytes.len();
            if bytes > BYTES_MAX {
                return Err(self.many("bytes of manifests", BYTES_MAX));
            }
            known.insert(manifest.digest.clone(), manifest);
        }
        Ok(())
    }

    /// A manifest as a node; what it names is read next.
    async fn node(
        &self,
        manifest: Manifest,
        step: &Step,
        next: &mut Vec<Step>,
    ) -> Result<Node, crate::Error> {
        let document =
            choose::document(self.place, &manifest).map_err(|error| self.failed(error))?;
        let mut loose = Vec::new();
        if let Document::Index(index) = &document {
            for entry in self.chosen(index)? {
                if Kind::of(&entry.media_type).is_none() && self.is_blob(entry).await? {
                    loose.push(entry.clone());
                    continue;
                }
                if step.depth + 1 > DEPTH_MAX {
                    let deep = TooDeep::Depth { digest: entry.digest.clone() };
                    return Err(self.failed(NoChoice::deep(self.place, deep)));
                }
                next.push(Step {
                    entry: entry.clone(),
                    turn: Turn::Inside,
                    depth: step.depth + 1,
                    distance: step.distance,
                });
            }
        }
        let Step { turn, depth, distance, .. } = *step;
        Ok(Node { manifest, document, turn, depth, distance, loose })
    }

    /// The entries of an index that are copied.
    fn chosen<'i>(&self, index: &'i crate::Index) -> Result<Vec<&'i Descriptor>, crate::Error> {
        let Platforms::Some(platforms) = &self.options.platforms else {
            return Ok(index.manifests.iter().collect());
        };
        let mut chosen: Vec<&Descriptor> = Vec::new();
        for platform in platforms {
            let picked = choose::pick(self.place, index, platform);
            let picked = picked.map_err(|error| self.failed(error))?;
            if !chosen.iter().any(|entry| entry.digest == picked.digest) {
                chosen.push(picked);
            }
        }
        Ok(chosen)
    }

    /// Whether an entry of a type that no manifest has is a blob at the source.
    async fn is_blob(&self, entry: &Descriptor) -> Result<bool, crate::Error> {
        let size = self.source.blob_size(&entry.digest).await;
        Ok(size.map_err(|error| self.failed(error))?.is_some())
    }

    /// What refers to a node is read next, each thing once.
    async fn refer(
        &self,
        node: &Node,
        seen: &mut BTreeSet<Digest>,
        next: &mut Vec<Step>,
    ) -> Result<(), crate::Error> {
        let Some(bounds) = self.options.referrers.filter(|bounds| node.distance < bounds.depth)
        else {
            return Ok(());
        };
        let found = self.source.referrers(&node.manifest.digest, None).await;
        for entry in found.map_err(|error| self.failed(error))? {
            if !seen.insert(entry.digest.clone()) {
                continue;
            }
            if seen.len() > bounds.count {
                return Err(self.many("referrers", bounds.count));
            }
            let distance = node.distance + 1;
            next.push(Step { entry, turn: Turn::Referrer, depth: 0, distance });
        }
        Ok(())
    }

    fn failed(&self, error: crate::Error) -> crate::Error {
        Error::from(self.place, error)
    }

    fn many(&self, what: &'static str, limit: usize) -> crate::Error {
        crate::Error::Copy(Error::Many { place: self.place.to_string(), what, limit })
    }
}

/// A manifest may be met on several ways: the deepest decides when it is written, and the most
/// visible how it is listed.
fn insert(nodes: &mut BTreeMap<Digest, Node>, mut node: Node) {
    if let Some(before) = nodes.remove(&node.manifest.digest) {
        node.turn = node.turn.max(before.turn);
        node.depth = node.depth.max(before.depth);
        node.distance = node.distance.min(before.distance);
    }
    nodes.insert(node.manifest.digest.clone(), node);
}
