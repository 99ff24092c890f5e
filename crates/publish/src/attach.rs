//! What is said about a package beside it: its formula, bills of material, provenance.
//!
//! Each is an artifact of its own whose subject is the package's manifest, as the specification
//! has it; equal files make equal artifacts, so attaching twice adds nothing.

use std::collections::BTreeMap;

use bytes::Bytes;
use digest::Digest;
use oci::{Body, Client, Descriptor, Manifest, Place, media_type};
use serde::Serialize;

/// Media type of a formula's source.
pub const FORMULA: &str = "application/vnd.pkg.formula.v1+toml";
/// The two bytes of a config that says nothing.
const EMPTY: &[u8] = b"{}";

/// A file that is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, for whoever pulls it.
    pub name: String,
    /// What it is: a media type.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Bytes,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema_version: u32,
    media_type: &'a str,
    artifact_type: &'a str,
    config: Descriptor,
    layers: [Descriptor; 1],
    subject: &'a Descriptor,
}

impl Attachment {
    /// The artifact that says it of `subject`.
    pub(crate) fn manifest(&self, subject: &Descriptor) -> Manifest {
        let document = Document {
            schema_version: 2,
            media_type: media_type::IMAGE_MANIFEST,
            artifact_type: &self.media_type,
            config: empty(),
            layers: [self.layer()],
            subject,
        };
        let bytes = Bytes::from(serde_json::to_vec(&document).expect("it has only text keys"));
        let media_type = media_type::IMAGE_MANIFEST.to_owned();
        Manifest { digest: Digest::sha256(&bytes), bytes, media_type }
    }

    pub(crate) fn layer(&self) -> Descriptor {
        let digest = Digest::sha256(&self.bytes);
        let mut layer = Descriptor::new(&self.media_type, digest, self.bytes.len() as u64);
        let title = "org.opencontainers.image.title".to_owned();
        layer.annotations = BTreeMap::from([(title, self.name.clone())]);
        layer
    }
}

/// Attaches a file to a manifest of a repository, which is named without a tag: the artifact is
/// found by its subject, and a tag would be moved.
pub async fn attach(
    client: &Client,
    repository: &Place,
    subject: &Descriptor,
    attachment: &Attachment,
) -> Result<Digest, oci::Error> {
    let manifest = attachment.manifest(subject);
    let empty_body = Body::Bytes(Bytes::from_static(EMPTY));
    client.push_blob(repository, &empty(), &empty_body, None).await?;
    let body = Body::Bytes(attachment.bytes.clone());
    client.push_blob(repository, &attachment.layer(), &body, None).await?;
    client.push_manifest(&repository.with_digest(manifest.digest.clone()), &manifest).await?;
    Ok(manifest.digest)
}

/// The config of every attachment.
pub(crate) fn empty() -> Descriptor {
    Descriptor::new(media_type::EMPTY, Digest::sha256(EMPTY), EMPTY.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attachment_is_an_artifact_about_its_subject() {
        let subject = Descriptor::new(media_type::IMAGE_MANIFEST, Digest::sha256(b"x"), 1);
        let bytes = Bytes::from_static(b"{}\n");
        let (name, media_type) = ("sbom.json".to_owned(), "application/spdx+json".to_owned());
        let made = Attachment { name, media_type, bytes }.manifest(&subject);
        let oci::Document::Image(image) = made.document().unwrap() else { panic!("{made:?}") };
        assert_eq!(image.artifact_type.as_deref(), Some("application/spdx+json"));
        assert_eq!(image.subject.unwrap().digest, subject.digest);
        assert_eq!(image.config.media_type, media_type::EMPTY);
        let title = image.layers[0].annotations.get("org.opencontainers.image.title");
        assert_eq!(title.map(String::as_str), Some("sbom.json"));
    }
}
