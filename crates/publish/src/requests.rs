//! What publishing would write, told before anything is written.

use std::collections::BTreeSet;

use digest::Digest;
use oci::{Artifact, Client, Manifest, Place};

use crate::{
    index,
    publisher::{self, Prepared},
    push::{Error, Part, Repository, There},
};

/// One request that publishing would make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `POST` or `PUT`.
    pub method: &'static str,
    /// The path; `…` in it stands for what the registry chooses.
    pub path: String,
    /// Bytes that would be sent.
    pub bytes: u64,
}

impl Repository {
    /// The writes of a push and of what follows it, as the registry is now.
    ///
    /// # Errors
    ///
    /// Those that pushing would meet before its first write.
    pub(crate) async fn requests(
        &self,
        client: &Client,
        prepared: &Prepared<'_>,
    ) -> Result<Vec<Request>, publisher::Error> {
        let (parts, order) = (&prepared.parts, &prepared.order);
        let There { platforms: there, unkept } = self.there(client).await?;
        self.check_free(parts, &there)?;
        let mut platforms = there.clone();
        let (requests, blobs) = (Vec::new(), BTreeSet::new());
        let mut writes = Writes { repository: self, client, requests, blobs };
        let is_new = |part: &&Part| !there.contains_key(&part.key);
        for part in parts.iter().filter(is_new) {
            for (blob, _) in &part.blobs {
                writes.blob(&blob.digest, blob.size).await?;
            }
            let tag = self.published.platform_tag(part.key, &part.manifest.digest);
            writes.manifest(&tag, part.manifest.bytes.len());
            platforms.insert(part.key, part.descriptor());
        }
        for (key, it) in unkept {
            let size = usize::try_from(it.size).unwrap_or(usize::MAX);
            writes.manifest(&self.published.platform_tag(key, &it.digest), size);
        }
        let made = index::of(&platforms, &prepared.about());
        if self.index_there(client).await?.as_ref() != Some(&made.digest) {
            writes.manifest(&self.published.index_tag(&made.digest), made.bytes.len());
            writes.manifest(&self.published.tag, made.bytes.len());
        }
        for part in parts {
            let subject = part.descriptor();
            let attachments = prepared.attachments(client, part, is_new(&part)).await?;
            let artifacts: Vec<_> = attachments.iter().map(|it| it.artifact(&subject)).collect();
            let manifests: Vec<Manifest> = artifacts.iter().map(Artifact::manifest).collect();
            let lists = client.lists_to_write(self.place(), &subject.digest, &manifests).await;
            let lists = lists.map_err(|error| self.failed("look into", self.place(), error))?;
            for ((artifact, manifest), list) in artifacts.iter().zip(&manifests).zip(lists) {
                for blob in [&artifact.config().0].into_iter().chain(&artifact.layers) {
                    writes.blob(&blob.digest, blob.size).await?;
                }
                writes.manifest(manifest.digest.as_str(), manifest.bytes.len());
                if let Some((tag, size)) = list {
                    writes.manifest(&tag, size);
                }
            }
        }
        order.also.iter().for_each(|tag| writes.manifest(tag, made.bytes.len()));
        Ok(writes.requests)
    }
}

struct Writes<'a> {
    repository: &'a Repository,
    client: &'a Client,
    requests: Vec<Request>,
    /// What the repository has by then.
    blobs: BTreeSet<Digest>,
}

impl Writes<'_> {
    fn path(&self) -> String {
        match self.repository.place() {
            Place::Registry(reference) => format!("/v2/{}", reference.repository()),
            other => other.to_string(),
        }
    }

    /// Two requests, unless the blob is there.
    async fn blob(&mut self, digest: &Digest, size: u64) -> Result<(), Error> {
        if !self.blobs.insert(digest.clone()) {
            return Ok(());
        }
        let place = self.repository.place();
        let there = self.client.blob_size(place, digest).await;
        let there = there.map_err(|error| self.repository.failed("look into", place, error))?;
        if there.is_none() {
            let uploads = format!("{}/blobs/uploads/", self.path());
            self.requests.push(Request { method: "POST", path: uploads.clone(), bytes: 0 });
            let path = format!("{uploads}…?digest={digest}");
            self.requests.push(Request { method: "PUT", path, bytes: size });
        }
        Ok(())
    }

    fn manifest(&mut self, name: &str, bytes: usize) {
        let path = format!("{}/manifests/{name}", self.path());
        self.requests.push(Request { method: "PUT", path, bytes: bytes as u64 });
    }
}
