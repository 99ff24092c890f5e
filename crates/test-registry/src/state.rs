//! What the registry holds.

use std::collections::{BTreeMap, HashMap};

use bytes::{Bytes, BytesMut};
use digest::Digest;

use crate::{auth::Auth, fault::Rule, log::Request, quirk::Quirk};

#[derive(Default)]
pub(crate) struct State {
    pub(crate) repositories: BTreeMap<String, Repository>,
    pub(crate) files: HashMap<String, Bytes>,
    pub(crate) uploads: HashMap<String, Upload>,
    pub(crate) uploads_begun: u64,
    pub(crate) quirks: Vec<Quirk>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) log: Vec<Request>,
    pub(crate) auth: Auth,
    pub(crate) tags_page: Option<usize>,
    pub(crate) busy: usize,
    pub(crate) peak: usize,
}

#[derive(Default)]
pub(crate) struct Repository {
    pub(crate) blobs: BTreeMap<Digest, Bytes>,
    pub(crate) manifests: BTreeMap<Digest, Manifest>,
    pub(crate) tags: BTreeMap<String, Digest>,
}

pub(crate) struct Manifest {
    pub(crate) media_type: String,
    pub(crate) bytes: Bytes,
}

/// An upload session.
pub(crate) struct Upload {
    pub(crate) repository: String,
    pub(crate) bytes: BytesMut,
    /// How many bytes the first chunk had.
    pub(crate) first: Option<usize>,
}

impl State {
    /// Whether the registry is so.
    pub(crate) fn is(&self, quirk: &Quirk) -> bool {
        self.quirks.contains(quirk)
    }

    /// What `pick` takes from the quirks.
    pub(crate) fn quirk<T>(&self, pick: impl Fn(&Quirk) -> Option<T>) -> Option<T> {
        self.quirks.iter().find_map(pick)
    }
}

impl Repository {
    pub(crate) fn put_manifest(
        &mut self,
        tag: Option<&str>,
        media_type: &str,
        bytes: Bytes,
    ) -> Digest {
        let digest = Digest::sha256(&bytes);
        let media_type = media_type.to_owned();
        self.manifests.insert(digest.clone(), Manifest { media_type, bytes });
        if let Some(tag) = tag {
            self.tags.insert(tag.to_owned(), digest.clone());
        }
        digest
    }

    /// The manifest that a tag or a digest names.
    pub(crate) fn find(&self, reference: &str) -> Option<(Digest, &Manifest)> {
        let digest = match reference.parse::<Digest>() {
            Ok(digest) => digest,
            Err(_) => self.tags.get(reference)?.clone(),
        };
        let manifest = self.manifests.get(&digest)?;
        Some((digest, manifest))
    }
}
