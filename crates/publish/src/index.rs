//! The index of a version: its platforms, as every client of images reads them.

use std::collections::BTreeMap;

use bytes::Bytes;
use digest::Digest;
use formula::Key;
use oci::{Descriptor, Manifest, Platform, media_type};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema_version: u32,
    media_type: &'a str,
    artifact_type: &'a str,
    manifests: &'a [Descriptor],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: &'a BTreeMap<String, String>,
}

/// The index of these entries; equal entries make equal bytes, whatever their order.
pub(crate) fn index(
    mut entries: Vec<Descriptor>,
    annotations: &BTreeMap<String, String>,
) -> Manifest {
    entries.sort_by(|a, b| (&a.platform, &a.digest).cmp(&(&b.platform, &b.digest)));
    let document = Document {
        schema_version: 2,
        media_type: media_type::IMAGE_INDEX,
        artifact_type: catalog::PACKAGE,
        manifests: &entries,
        annotations,
    };
    let bytes = Bytes::from(serde_json::to_vec(&document).expect("it has only text keys"));
    let media_type = media_type::IMAGE_INDEX.to_owned();
    Manifest { digest: Digest::sha256(&bytes), bytes, media_type }
}

/// The index of a version's packages.
pub(crate) fn of(
    platforms: &BTreeMap<Key, Descriptor>,
    annotations: &BTreeMap<String, String>,
) -> Manifest {
    index(platforms.iter().map(|(key, it)| entry(*key, it)).collect(), annotations)
}

/// What an index lists; nothing where the manifest is none.
pub(crate) fn listed(manifest: &Manifest) -> Vec<Descriptor> {
    match manifest.document() {
        Ok(oci::Document::Index(index)) => index.manifests,
        _ => Vec::new(),
    }
}

/// What an index says of a package's manifest, which was looked up by its digest or tag.
pub(crate) fn entry(key: Key, manifest: &Descriptor) -> Descriptor {
    let mut entry =
        Descriptor::new(media_type::IMAGE_MANIFEST, manifest.digest.clone(), manifest.size);
    entry.artifact_type = Some(catalog::PACKAGE.to_owned());
    entry.platform = platform(key);
    entry
}

/// A key's platform in OCI words; `None` for bytes that serve every platform.
pub(crate) fn platform(key: Key) -> Option<Platform> {
    match key {
        Key::Any => None,
        Key::Platform(platform) => Some(catalog::in_oci_words(&platform)),
    }
}
