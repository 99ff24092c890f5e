//! A package in few words: an image per platform under one index.

use bytes::Bytes;
use digest::Digest;

use crate::{
    content::{self, IMAGE, Tree},
    server::TestRegistry,
};

const ARTIFACT_TYPE: &str = "application/vnd.pkg.package.v1";

/// A package being described; [`Package::push`] puts it into the registry.
#[must_use = "nothing is stored before `push`"]
pub struct Package<'a> {
    registry: &'a TestRegistry,
    repository: String,
    tag: String,
    tree: Tree,
    platforms: Vec<String>,
    annotations: Vec<(String, String)>,
    gzip: bool,
}

/// Where a package is and what its parts are called.
#[derive(Debug, Clone)]
pub struct Published {
    /// `127.0.0.1:PORT/repository:tag`.
    pub reference: String,
    /// The index.
    pub index: Digest,
    /// The manifest of each platform, in the order of [`Package::platform`].
    pub manifests: Vec<Digest>,
    /// The one layer, the same for each platform.
    pub layer: Digest,
}

impl<'a> Package<'a> {
    pub(crate) fn new(registry: &'a TestRegistry, name: &str, version: &str) -> Self {
        Self {
            registry,
            repository: name.to_owned(),
            tag: version.to_owned(),
            tree: Tree::new(),
            platforms: Vec::new(),
            annotations: Vec::new(),
            gzip: false,
        }
    }

    /// Puts it into another repository than the one of its name.
    pub fn repository(self, repository: &str) -> Self {
        Self { repository: repository.to_owned(), ..self }
    }

    /// Adds a file.
    pub fn file(self, path: &str, bytes: impl Into<Bytes>, mode: u32) -> Self {
        Self { tree: self.tree.file(path, bytes, mode), ..self }
    }

    /// Adds a symlink.
    pub fn symlink(self, path: &str, target: &str) -> Self {
        Self { tree: self.tree.symlink(path, target), ..self }
    }

    /// Gives every file this time, in seconds since 1970.
    pub fn modified(self, mtime: u64) -> Self {
        Self { tree: self.tree.modified(mtime), ..self }
    }

    /// Is for this `os/arch[/variant]`; without any it is for the machine that the test runs on.
    pub fn platform(mut self, platform: &str) -> Self {
        self.platforms.push(platform.to_owned());
        self
    }

    /// Adds an annotation to each platform's manifest.
    pub fn annotation(mut self, key: &str, value: &str) -> Self {
        self.annotations.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Compresses the layer with gzip instead of zstd.
    pub fn gzip(self) -> Self {
        Self { gzip: true, ..self }
    }

    /// Stores layer, configs, manifests and index.
    pub fn push(mut self) -> Published {
        if self.platforms.is_empty() {
            self.platforms.push(content::host_platform());
        }
        let layers = [if self.gzip { self.tree.layer_gzip() } else { self.tree.layer_zstd() }];
        let layer = self.registry.push_blob(&self.repository, layers[0].bytes().clone());
        let manifests: Vec<Digest> = self
            .platforms
            .iter()
            .map(|platform| {
                let config = content::config(platform, &layers);
                let mut manifest = content::manifest(content::config_descriptor(&config), &layers);
                self.registry.push_blob(&self.repository, config);
                manifest["artifactType"] = ARTIFACT_TYPE.into();
                for (key, value) in &self.annotations {
                    manifest["annotations"][key] = value.as_str().into();
                }
                let bytes = manifest.to_string();
                self.registry.push_manifest(&self.repository, None, IMAGE, bytes)
            })
            .collect();
        let entries: Vec<(&str, Digest)> =
            self.platforms.iter().map(String::as_str).zip(manifests.iter().cloned()).collect();
        let index = self.registry.push_index(&self.repository, &self.tag, &entries);
        let reference = format!("{}/{}:{}", self.registry.host(), self.repository, self.tag);
        Published { reference, index, manifests, layer }
    }
}
