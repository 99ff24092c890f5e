//! The index of a version: its platforms, as every client of images reads them.

use std::collections::BTreeMap;

use bytes::Bytes;
use digest::Digest;
use formula::{Key, Platform};
use oci::{Descriptor, Manifest, media_type};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema_version: u32,
    media_type: &'a str,
    artifact_type: &'a str,
    manifests: Vec<Entry<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    media_type: &'a str,
    digest: &'a Digest,
    size: u64,
    artifact_type: &'a str,
    /// Bytes for any platform name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<Words>,
}

#[derive(Serialize)]
struct Words {
    architecture: &'static str,
    os: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'static str>,
    #[serde(rename = "os.features", skip_serializing_if = "Vec::is_empty")]
    os_features: Vec<String>,
}

/// The index of these manifests, each for one platform; equal input makes equal bytes.
pub(crate) fn index(
    platforms: &BTreeMap<Key, Descriptor>,
    annotations: &BTreeMap<String, String>,
) -> Manifest {
    let document = Document {
        schema_version: 2,
        media_type: media_type::IMAGE_INDEX,
        artifact_type: catalog::PACKAGE,
        manifests: platforms.iter().map(|(key, descriptor)| entry(key, descriptor)).collect(),
        annotations,
    };
    let bytes = serde_json::to_vec(&document).expect("it has only text keys");
    Manifest {
        digest: Digest::sha256(&bytes),
        bytes: Bytes::from(bytes),
        media_type: media_type::IMAGE_INDEX.to_owned(),
    }
}

fn entry<'a>(key: &Key, descriptor: &'a Descriptor) -> Entry<'a> {
    Entry {
        media_type: media_type::IMAGE_MANIFEST,
        digest: &descriptor.digest,
        size: descriptor.size,
        artifact_type: catalog::PACKAGE,
        platform: match key {
            Key::Any => None,
            Key::Platform(platform) => Some(words(platform)),
        },
    }
}

fn words(platform: &Platform) -> Words {
    Words {
        architecture: platform.goarch(),
        os: platform.goos(),
        variant: platform.variant(),
        os_features: platform.libc.iter().map(|libc| format!("libc.{}", libc.as_str())).collect(),
    }
}
