//! A manifest as Go's programs write it, so that equal artifacts have equal digests.
//!
//! The order of the keys is that of the specification's own Go types, and Go escapes in JSON what
//! would mean something in HTML.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use digest::Digest;
use oci::{Descriptor, Manifest, Platform, media_type};
use serde::Serialize;

use super::annotations::Texts;

/// What a manifest says.
pub(super) struct Parts<'a> {
    /// Whether it names its own type; Helm's manifests do not.
    pub(super) is_typed: bool,
    pub(super) artifact_type: Option<&'a str>,
    pub(super) config: &'a Descriptor,
    pub(super) layers: Vec<&'a Descriptor>,
    pub(super) subject: Option<&'a Descriptor>,
    pub(super) annotations: &'a Texts,
}

impl Parts<'_> {
    /// The manifest that says it.
    pub(super) fn manifest(&self) -> Manifest {
        let document = Document {
            schema_version: 2,
            media_type: self.is_typed.then_some(media_type::IMAGE_MANIFEST),
            artifact_type: self.artifact_type,
            config: Entry::of(self.config),
            layers: self.layers.iter().map(|layer| Entry::of(layer)).collect(),
            subject: self.subject.map(Entry::of),
            annotations: self.annotations,
        };
        let bytes = Bytes::from(json(&document));
        let media_type = media_type::IMAGE_MANIFEST.to_owned();
        Manifest { digest: Digest::sha256(&bytes), bytes, media_type }
    }
}

/// The config of an artifact for one platform.
pub(super) fn config(platform: &Platform) -> Bytes {
    Bytes::from(json(&GoPlatform::of(platform)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema_version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<&'a str>,
    config: Entry<'a>,
    layers: Vec<Entry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<Entry<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: &'a Texts,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    media_type: &'a str,
    digest: &'a Digest,
    size: u64,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    urls: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: &'a Texts,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<GoPlatform<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<&'a str>,
}

impl<'a> Entry<'a> {
    fn of(descriptor: &'a Descriptor) -> Self {
        Self {
            media_type: &descriptor.media_type,
            digest: &descriptor.digest,
            size: descriptor.size,
            urls: &descriptor.urls,
            annotations: &descriptor.annotations,
            data: descriptor.data.as_ref().map(|data| BASE64_STANDARD.encode(data)),
            platform: descriptor.platform.as_ref().map(GoPlatform::of),
            artifact_type: descriptor.artifact_type.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct GoPlatform<'a> {
    architecture: &'a str,
    os: &'a str,
    #[serde(rename = "os.version", skip_serializing_if = "Option::is_none")]
    os_version: Option<&'a str>,
    #[serde(rename = "os.features", skip_serializing_if = "<[String]>::is_empty")]
    os_features: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'a str>,
}

impl<'a> GoPlatform<'a> {
    fn of(platform: &'a Platform) -> Self {
        Self {
            architecture: &platform.architecture,
            os: &platform.os,
            os_version: platform.os_version.as_deref(),
            os_features: &platform.os_features,
            variant: platform.variant.as_deref(),
        }
    }
}

/// The characters that Go's encoder escapes; none of them can stand outside of a text.
const ESCAPED: &[(char, &str)] = &[
    ('<', "\\u003c"),
    ('>', "\\u003e"),
    ('&', "\\u0026"),
    ('\u{2028}', "\\u2028"),
    ('\u{2029}', "\\u2029"),
];

pub(super) fn json(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("documents have text keys only");
    ESCAPED.iter().fold(text, |text, (char, escape)| text.replace(*char, escape))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_go() {
        let mut config = Descriptor::new(media_type::EMPTY, Digest::sha256(b"{}"), 2);
        config.data = Some(b"{}".to_vec());
        let layer = Descriptor::titled("text/plain", "a <&> b\u{2028}\"\u{8}", b"");
        let mut subject = Descriptor::new(media_type::IMAGE_MANIFEST, Digest::sha256(b"x"), 1);
        subject.platform = Some(Platform::new("linux", "arm").with_variant("v7"));
        subject.artifact_type = Some("c/d".into());
        let annotations = [("k".to_owned(), "v".to_owned())].into();
        let parts = Parts {
            is_typed: true,
            artifact_type: Some("a/b"),
            config: &config,
            layers: vec![&layer],
            subject: Some(&subject),
            annotations: &annotations,
        };
        let text = String::from_utf8(parts.manifest().bytes.to_vec()).unwrap();
        let (empty, x) = (Digest::sha256(b""), Digest::sha256(b"x"));
        let expected = [
            r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","#,
            r#""artifactType":"a/b","config":{"mediaType":"application/vnd.oci.empty.v1+json","#,
            r#""digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","#,
            r#""size":2,"data":"e30="},"layers":[{"mediaType":"text/plain","digest":""#,
            empty.as_str(),
            r#"","size":0,"annotations":{"org.opencontainers.image.title":"#,
            r#""a \u003c\u0026\u003e b\u2028\"\b"}}],"subject":{"mediaType":"#,
            r#""application/vnd.oci.image.manifest.v1+json","digest":""#,
            x.as_str(),
            r#"","size":1,"platform":{"architecture":"arm","os":"linux","variant":"v7"},"#,
            r#""artifactType":"c/d"},"annotations":{"k":"v"}}"#,
        ];
        assert_eq!(text, expected.concat());
    }
}
