//! Artifacts of our own making: the one manifest that says what some blobs are together.
//!
//! Manifests that come from elsewhere are never written anew; this is for new ones.

use std::collections::BTreeMap;

use bytes::Bytes;
use digest::Digest;
use serde_json::json;

use crate::{Descriptor, Manifest, media_type};

/// The config of artifacts that have none (image-spec, manifest.md).
const EMPTY: &[u8] = b"{}";

/// The config of an image that runs nowhere.
const NO_IMAGE: &[u8] = br#"{"architecture":"unknown","config":{},"os":"unknown","rootfs":{"diff_ids":[],"type":"layers"}}"#;

/// How an artifact looks to a registry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shape {
    /// As the specification wants it: with the empty config.
    #[default]
    Artifact,
    /// With an image's config, for registries such as Quay that take nothing else. These want
    /// the layers to be of an image's types as well.
    Image,
}

/// An artifact that is to be pushed.
#[derive(Debug, Clone, Default)]
pub struct Artifact {
    /// What it is.
    pub artifact_type: String,
    /// Its contents in order.
    pub layers: Vec<Descriptor>,
    /// The manifest that it is about.
    pub subject: Option<Descriptor>,
    /// Free text by key.
    pub annotations: BTreeMap<String, String>,
    /// How it looks to a registry.
    pub shape: Shape,
}

impl Artifact {
    /// The config, which is a blob to be pushed like the layers.
    pub fn config(&self) -> (Descriptor, Bytes) {
        let (kind, bytes) = match self.shape {
            Shape::Artifact => (media_type::EMPTY, EMPTY),
            Shape::Image => (media_type::IMAGE_CONFIG, NO_IMAGE),
        };
        let descriptor = Descriptor::new(kind, Digest::sha256(bytes), bytes.len() as u64);
        (descriptor, Bytes::from_static(bytes))
    }

    /// The manifest; the same artifact gives the same bytes.
    pub fn manifest(&self) -> Manifest {
        let mut document = json!({
            "schemaVersion": 2,
            // Not demanded, but some registries refuse a manifest without it.
            "mediaType": media_type::IMAGE_MANIFEST,
            "artifactType": self.artifact_type,
            "config": self.config().0,
            "layers": self.layers,
        });
        if let Some(subject) = &self.subject {
            document["subject"] = json!(subject);
        }
        if !self.annotations.is_empty() {
            document["annotations"] = json!(self.annotations);
        }
        let bytes = Bytes::from(document.to_string());
        let digest = Digest::sha256(&bytes);
        Manifest { bytes, media_type: media_type::IMAGE_MANIFEST.to_owned(), digest }
    }
}
