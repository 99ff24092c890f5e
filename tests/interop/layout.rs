//! An OCI image layout on disk, made by the test, for a client to copy into a registry.

use std::path::{Path, PathBuf};

use digest::Digest;
use serde_json::{Value, json};
use test_registry::Tree;

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// The architecture of this machine, in OCI words.
pub(super) const OWN: &str = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };

/// The folder of a layout.
pub(super) struct Layout(PathBuf);

impl Layout {
    pub(super) fn new(folder: PathBuf) -> Self {
        fs_err::create_dir_all(folder.join("blobs/sha256")).unwrap();
        fs_err::write(folder.join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#).unwrap();
        Self(folder)
    }

    /// An image of one platform; its descriptor.
    pub(super) fn image(&self, architecture: &str, layers: &[Tree]) -> Value {
        let platform = json!({"os": "linux", "architecture": architecture});
        let diff_ids: Vec<_> = layers.iter().map(|tree| Digest::sha256(&tree.tar())).collect();
        let diff_ids: Vec<_> = diff_ids.iter().map(Digest::as_str).collect();
        let mut config = platform.clone();
        config["rootfs"] = json!({"type": "layers", "diff_ids": diff_ids});
        let config = self.blob("application/vnd.oci.image.config.v1+json", config.to_string());
        let kind = "application/vnd.oci.image.layer.v1.tar+gzip";
        let layers: Vec<_> = layers.iter().map(|tree| self.blob(kind, tree.tar_gzip())).collect();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": layers
        });
        let mut descriptor = self.blob(IMAGE, manifest.to_string());
        descriptor["platform"] = platform;
        descriptor
    }

    /// An index of images; its descriptor.
    pub(super) fn index(&self, images: &[Value]) -> Value {
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": images});
        self.blob(INDEX, index.to_string())
    }

    /// Names an image or index by a tag; the last word on the layout.
    pub(super) fn tag(&self, mut descriptor: Value, tag: &str) {
        descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": tag});
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor]});
        fs_err::write(self.path().join("index.json"), index.to_string()).unwrap();
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn blob(&self, media_type: &str, bytes: impl AsRef<[u8]>) -> Value {
        let bytes = bytes.as_ref();
        let digest = Digest::sha256(bytes);
        let path = self.path().join("blobs/sha256").join(digest.encoded());
        fs_err::write(path, bytes).unwrap();
        json!({"mediaType": media_type, "digest": digest.as_str(), "size": bytes.len()})
    }
}
