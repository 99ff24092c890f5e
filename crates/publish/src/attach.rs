//! What is said about a package beside it: its formula, bills of material, provenance.
//!
//! Each is an artifact of its own whose subject is the package's manifest, as the specification
//! has it; equal files make equal artifacts, so attaching twice adds nothing.

use bytes::Bytes;
use digest::Digest;
use oci::{Artifact, Body, Client, Descriptor, Place};

use crate::send::send;

/// Media type of a formula's source.
pub const FORMULA: &str = "application/vnd.pkg.formula.v1+toml";

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

impl Attachment {
    /// The artifact that says it of `subject`.
    pub(crate) fn artifact(&self, subject: &Descriptor) -> Artifact {
        Artifact {
            artifact_type: self.media_type.clone(),
            layers: vec![self.layer()],
            subject: Some(subject.clone()),
            ..Artifact::default()
        }
    }

    fn layer(&self) -> Descriptor {
        Descriptor::titled(&self.media_type, &self.name, &self.bytes)
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
    let artifact = attachment.artifact(subject);
    let (config, nothing) = artifact.config();
    let layer = (attachment.layer(), Body::Bytes(attachment.bytes.clone()));
    let manifest = artifact.manifest();
    let place = repository.with_digest(manifest.digest.clone());
    let blobs = [(config, Body::Bytes(nothing)), layer];
    send(client, &place, &manifest, &blobs).await.map_err(|unsent| unsent.source)?;
    Ok(manifest.digest)
}

#[cfg(test)]
mod tests {
    use oci::media_type;

    use super::*;

    #[test]
    fn an_attachment_is_an_artifact_about_its_subject() {
        let subject = Descriptor::new(media_type::IMAGE_MANIFEST, Digest::sha256(b"x"), 1);
        let bytes = Bytes::from_static(b"{}\n");
        let (name, media_type) = ("sbom.json".to_owned(), "application/spdx+json".to_owned());
        let made = Attachment { name, media_type, bytes }.artifact(&subject).manifest();
        let oci::Document::Image(image) = made.document().unwrap() else { panic!("{made:?}") };
        assert_eq!(image.artifact_type.as_deref(), Some("application/spdx+json"));
        assert_eq!(image.subject.unwrap().digest, subject.digest);
        assert_eq!(image.config.media_type, media_type::EMPTY);
        let title = image.layers[0].annotations.get("org.opencontainers.image.title");
        assert_eq!(title.map(String::as_str), Some("sbom.json"));
    }
}
