//! What a maintainer's commands answer.

use build::Packed;
use formula::Key;
use publish::{publisher::Outcome, requests::Request};
use serde::Serialize;

/// A version that was published.
#[derive(Debug, Serialize)]
pub(crate) struct Publication {
    schema: u32,
    /// `oci://host/repository:tag`.
    pub(crate) reference: String,
    /// The index's digest, which the formula names.
    pub(crate) digest: String,
    pub(crate) platforms: Vec<Published>,
    /// Whether the index was not there before.
    index_new: bool,
    /// Names of files that were attached, beside the formulas of new packages.
    attached: Vec<String>,
    /// Bytes of blobs that were sent.
    sent_bytes: u64,
}

/// One platform of a version in a registry.
#[derive(Debug, Serialize)]
pub(crate) struct Published {
    pub(crate) platform: String,
    digest: String,
    /// Whether it was not there before.
    new: bool,
}

impl Publication {
    pub(crate) fn of(outcome: &Outcome) -> Self {
        let published = |(key, digest): (&Key, &digest::Digest)| Published {
            platform: key.to_string(),
            digest: digest.to_string(),
            new: outcome.new.contains(key),
        };
        Self {
            schema: 1,
            reference: format!("oci://{}", outcome.reference.trim_start_matches("oci://")),
            digest: outcome.index.to_string(),
            platforms: outcome.platforms.iter().map(published).collect(),
            index_new: outcome.is_index_new,
            attached: outcome.attached.iter().cloned().collect(),
            sent_bytes: outcome.sent_bytes,
        }
    }

    /// What was done with `what`: the verb of a line and its rest.
    pub(crate) fn told(&self, what: &str) -> Vec<(&'static str, String)> {
        let platforms: Vec<&str> = self.platforms.iter().map(|it| it.platform.as_str()).collect();
        let what = format!("{what} for {}", platforms.join(", "));
        let is_any_new = self.platforms.iter().any(|platform| platform.new);
        let mut told = vec![match (is_any_new, self.index_new) {
            (true, _) => ("Published", what),
            (false, true) => {
                ("Completed", format!("{what}: its packages were there, its index was not"))
            }
            (false, false) => ("Unchanged", what),
        }];
        if !self.attached.is_empty() {
            told.push(("Attached", self.attached.join(", ")));
        }
        told
    }
}

/// What publishing would write.
#[derive(Debug, Serialize)]
pub(crate) struct Requests {
    schema: u32,
    requests: Vec<Planned>,
}

/// One request.
#[derive(Debug, Serialize)]
struct Planned {
    method: &'static str,
    path: String,
    /// Bytes that would be sent.
    bytes: u64,
}

impl Requests {
    pub(crate) fn of(requests: &[Request]) -> Self {
        let planned = |request: &Request| Planned {
            method: request.method,
            path: request.path.clone(),
            bytes: request.bytes,
        };
        Self { schema: 1, requests: requests.iter().map(planned).collect() }
    }
}

/// Packages in a layout folder.
#[derive(Debug, Serialize)]
pub(crate) struct Packs {
    schema: u32,
    pub(crate) packages: Vec<Pack>,
}

/// One of them.
#[derive(Debug, Serialize)]
pub(crate) struct Pack {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) revision: u32,
    pub(crate) platform: String,
    /// The manifest's digest.
    digest: String,
    /// `oci:folder:tag`.
    pub(crate) reference: String,
    /// Bytes of the layer as it is sent.
    pub(crate) size: u64,
    unpacked_size: u64,
    pub(crate) entries: u64,
    warnings: Vec<String>,
}

impl Default for Packs {
    fn default() -> Self {
        Self { schema: 1, packages: Vec::new() }
    }
}

impl Packs {
    pub(crate) fn add(&mut self, key: Key, packed: &Packed, reference: String) {
        let annotation = &packed.annotation;
        self.packages.push(Pack {
            name: annotation.name.to_string(),
            version: annotation.version.clone(),
            revision: annotation.revision,
            platform: key.to_string(),
            digest: packed.manifest.digest.to_string(),
            reference,
            size: packed.layer.size,
            unpacked_size: annotation.unpacked_size.unwrap_or_default(),
            entries: annotation.entries.unwrap_or_default(),
            warnings: packed.warnings.iter().map(ToString::to_string).collect(),
        });
    }
}

/// A version in another repository.
#[derive(Debug, Serialize)]
pub(crate) struct Promotion {
    schema: u32,
    pub(crate) reference: String,
    pub(crate) digest: String,
    /// Bytes of blobs that were sent.
    pub(crate) sent_bytes: u64,
    /// Bytes of blobs that the registry took from another of its repositories.
    mounted_bytes: u64,
    /// Manifests that were written.
    manifests: usize,
}

impl Promotion {
    pub(crate) fn of(outcome: &publish::promote::Outcome) -> Self {
        Self {
            schema: 1,
            reference: outcome.place.clone(),
            digest: outcome.digest.to_string(),
            sent_bytes: outcome.copied.sent.bytes,
            mounted_bytes: outcome.copied.mounted.bytes,
            manifests: outcome.copied.manifests,
        }
    }
}

/// An edition of a tap.
#[derive(Debug, Serialize)]
pub(crate) struct TapEdition {
    schema: u32,
    pub(crate) reference: String,
    pub(crate) digest: String,
    serial: u64,
    published: String,
    formulas: usize,
    /// Whether it was published now; else nothing changed since.
    new: bool,
    /// Bytes of blobs that were sent.
    sent_bytes: u64,
}

impl TapEdition {
    pub(crate) fn of(outcome: &publish::tap::Outcome) -> Self {
        Self {
            schema: 1,
            reference: outcome.place.clone(),
            digest: outcome.digest.to_string(),
            serial: outcome.serial,
            published: outcome.published.clone(),
            formulas: outcome.formulas,
            new: outcome.new,
            sent_bytes: outcome.sent_bytes,
        }
    }
}
