//! What makes a layer a valid OCI image: its config and its manifest (image-spec).
//!
//! Both are canonical JSON (RFC 8785), so equal packages have equal digests.

use std::collections::BTreeMap;

use bytes::Bytes;
use digest::Digest;
use formula::{Annotation, Key};
use oci::{Descriptor, Manifest, Platform, media_type};
use serde::Serialize;
use serde_json::json;

use crate::layer::{Compression, Layer};

/// What the manifest of a package is, as its `artifactType`.
const PACKAGE: &str = "application/vnd.pkg.package.v1";

/// The time of everything in a package: 1980-01-02T00:00:00Z, since 0 breaks writers of zip.
pub(crate) const CREATED: &str = "1980-01-02T00:00:00Z";

/// Where a program is looked for when the package is run as an image.
const PATH: &str = "PATH=/bin:/sbin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin";

/// A config or a manifest that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Says what it is.
    pub descriptor: Descriptor,
    /// Its bytes.
    pub bytes: Bytes,
}

/// The platform of a key in OCI words; `None` where the package serves every platform.
pub(crate) fn platform(key: Key) -> Option<Platform> {
    let Key::Platform(platform) = key else { return None };
    let (variant, feature) = (platform.variant(), platform.os_feature());
    Some(Platform::of_words(platform.goos(), platform.goarch(), variant, feature))
}

/// The config of an image of one layer.
pub(crate) fn config(key: Key, layer: &Layer) -> serde_json::Result<Config> {
    // A config must name a platform; what serves every one says what most readers can take.
    let platform = platform(key).unwrap_or_else(|| Platform::new("linux", "amd64"));
    let mut config = json!({
        "architecture": platform.architecture,
        "os": platform.os,
        "created": CREATED,
        "config": {"Env": [PATH]},
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id]},
        "history": [{"created": CREATED, "created_by": "pkg pack"}],
    });
    if let Some(variant) = &platform.variant {
        config["variant"] = json!(variant);
    }
    if !platform.os_features.is_empty() {
        config["os.features"] = json!(platform.os_features);
    }
    let bytes = Bytes::from(serde_jcs::to_vec(&config)?);
    let descriptor =
        Descriptor::new(media_type::IMAGE_CONFIG, Digest::sha256(&bytes), bytes.len() as u64);
    Ok(Config { descriptor, bytes })
}

/// The manifest of a package.
pub(crate) fn manifest(
    config: &Config,
    layer: &Descriptor,
    annotations: BTreeMap<String, String>,
) -> serde_json::Result<Manifest> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Document<'a> {
        schema_version: u32,
        media_type: &'a str,
        artifact_type: &'a str,
        config: &'a Descriptor,
        layers: [&'a Descriptor; 1],
        annotations: BTreeMap<String, String>,
    }
    let bytes = Bytes::from(serde_jcs::to_vec(&Document {
        schema_version: 2,
        media_type: media_type::IMAGE_MANIFEST,
        artifact_type: PACKAGE,
        config: &config.descriptor,
        layers: [layer],
        annotations,
    })?);
    let media_type = media_type::IMAGE_MANIFEST.to_owned();
    Ok(Manifest { digest: Digest::sha256(&bytes), media_type, bytes })
}

/// What a manifest says of a package: the package's own words, and those that others read.
pub(crate) fn annotations(
    annotation: &Annotation,
    homepage: Option<&str>,
) -> serde_json::Result<BTreeMap<String, String>> {
    let standard = [
        ("title", annotation.name.to_string()),
        ("version", version(annotation)),
        ("description", annotation.summary.clone()),
        ("licenses", annotation.license.clone()),
        ("url", homepage.unwrap_or_default().to_owned()),
        ("created", CREATED.to_owned()),
    ];
    let mut annotations: BTreeMap<_, _> = standard
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (format!("org.opencontainers.image.{key}"), value))
        .collect();
    annotations.insert(Annotation::KEY.to_owned(), serde_jcs::to_string(annotation)?);
    Ok(annotations)
}

/// The name under which a client that keeps blobs as files saves the layer.
pub(crate) fn file_name(annotation: &Annotation, key: Key, compression: Compression) -> String {
    let (name, version) = (&annotation.name, version(annotation));
    format!("{name}-{version}-{key}.{}", compression.extension())
}

/// `<version>[_<revision>]`.
pub(crate) fn version(annotation: &Annotation) -> String {
    formula::shown_version(&annotation.version, annotation.revision)
}
