//! Content to put into the registry: file trees, layers, manifests, always the same bytes.

use std::{collections::BTreeMap, io::Write as _};

use bytes::Bytes;
use digest::Digest;
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

/// The media type of an image manifest.
pub const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of an index.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// 1980-01-02T00:00:00Z.
const MTIME: u64 = 315_619_200;

/// A blob with what its descriptor says.
#[derive(Debug, Clone)]
pub struct Layer {
    media_type: String,
    bytes: Bytes,
    annotations: BTreeMap<String, String>,
    diff_id: Digest,
}

impl Layer {
    /// A layer of these bytes.
    pub fn new(media_type: &str, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let diff_id = Digest::sha256(&bytes);
        Self { media_type: media_type.to_owned(), bytes, annotations: BTreeMap::new(), diff_id }
    }

    /// Names the file that the layer is.
    pub fn title(self, title: &str) -> Self {
        self.annotation("org.opencontainers.image.title", title)
    }

    /// Adds an annotation.
    pub fn annotation(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(key.to_owned(), value.to_owned());
        self
    }

    /// The bytes of the blob.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The digest of the blob.
    pub fn digest(&self) -> Digest {
        Digest::sha256(&self.bytes)
    }

    /// What a manifest says of it.
    pub fn descriptor(&self) -> Value {
        let mut value = descriptor(&self.media_type, &self.digest(), self.bytes.len());
        if !self.annotations.is_empty() {
            value["annotations"] = json!(self.annotations);
        }
        value
    }
}

/// Files, folders and links to be archived; the same tree gives the same bytes.
#[derive(Debug, Clone)]
pub struct Tree {
    entries: BTreeMap<String, Entry>,
    mtime: u64,
}

impl Default for Tree {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), mtime: MTIME }
    }
}

#[derive(Debug, Clone)]
enum Entry {
    File(Bytes, u32),
    Folder,
    Symlink(String),
}

impl Tree {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file; folders come into being by themselves.
    pub fn file(mut self, path: &str, bytes: impl Into<Bytes>, mode: u32) -> Self {
        self.entries.insert(path.to_owned(), Entry::File(bytes.into(), mode));
        self
    }

    /// Adds an empty folder.
    pub fn folder(mut self, path: &str) -> Self {
        self.entries.insert(format!("{}/", path.trim_end_matches('/')), Entry::Folder);
        self
    }

    /// Adds a symlink.
    pub fn symlink(mut self, path: &str, target: &str) -> Self {
        self.entries.insert(path.to_owned(), Entry::Symlink(target.to_owned()));
        self
    }

    /// Gives everything in it this time, in seconds since 1970.
    pub fn modified(self, mtime: u64) -> Self {
        Self { mtime, ..self }
    }

    /// The tree as a tar archive.
    pub fn tar(&self) -> Bytes {
        let mut entries = self.entries.clone();
        for path in self.entries.keys() {
            let parents = path.trim_end_matches('/').match_indices('/');
            entries.extend(parents.map(|(at, _)| (path[..=at].to_owned(), Entry::Folder)));
        }
        let mut archive = tar::Builder::new(Vec::new());
        for (path, entry) in &entries {
            append(&mut archive, path, entry, self.mtime).expect("writing to memory does not fail");
        }
        archive.into_inner().expect("writing to memory does not fail").into()
    }

    /// The tree as tar+gzip.
    pub fn tar_gzip(&self) -> Bytes {
        gzip(&self.tar())
    }

    /// The tree as tar+zstd.
    pub fn tar_zstd(&self) -> Bytes {
        zstd::encode_all(&self.tar()[..], 3).expect("compressing memory does not fail").into()
    }

    /// The tree as an image's layer, tar+gzip.
    pub fn layer_gzip(&self) -> Layer {
        self.layer("application/vnd.oci.image.layer.v1.tar+gzip", self.tar_gzip())
    }

    /// The tree as an image's layer, tar+zstd.
    pub fn layer_zstd(&self) -> Layer {
        self.layer("application/vnd.oci.image.layer.v1.tar+zstd", self.tar_zstd())
    }

    fn layer(&self, media_type: &str, bytes: Bytes) -> Layer {
        Layer { diff_id: Digest::sha256(&self.tar()), ..Layer::new(media_type, bytes) }
    }
}

fn append(
    archive: &mut tar::Builder<Vec<u8>>,
    path: &str,
    entry: &Entry,
    mtime: u64,
) -> std::io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_mtime(mtime);
    header.set_size(0);
    match entry {
        Entry::File(bytes, mode) => {
            header.set_mode(*mode);
            header.set_size(bytes.len() as u64);
            archive.append_data(&mut header, path, &bytes[..])
        }
        Entry::Folder => {
            header.set_mode(0o755);
            header.set_entry_type(tar::EntryType::Directory);
            archive.append_data(&mut header, path, &[][..])
        }
        Entry::Symlink(target) => {
            header.set_mode(0o777);
            header.set_entry_type(tar::EntryType::Symlink);
            archive.append_link(&mut header, path, target)
        }
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.expect("compressing memory does not fail").into()
}

fn descriptor(media_type: &str, digest: &Digest, size: usize) -> Value {
    json!({"mediaType": media_type, "digest": digest.as_str(), "size": size})
}

/// The platform of this machine in OCI words, as `os/arch`.
pub(crate) fn host_platform() -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        os => os,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" => "ppc64le",
        arch => arch,
    };
    format!("{os}/{arch}")
}

fn platform(text: &str) -> Value {
    let mut parts = text.splitn(3, '/');
    let mut value = json!({"os": parts.next(), "architecture": parts.next()});
    if let Some(variant) = parts.next() {
        value["variant"] = variant.into();
    }
    value
}

pub(crate) fn config(platform_text: &str, layers: &[Layer]) -> Bytes {
    let mut config = platform(platform_text);
    let diff_ids: Vec<&str> = layers.iter().map(|layer| layer.diff_id.as_str()).collect();
    config["config"] = json!({});
    config["rootfs"] = json!({"type": "layers", "diff_ids": diff_ids});
    config.to_string().into()
}

/// An image manifest over a config of `config_size` bytes.
pub(crate) fn image(config: &Digest, layers: &[Layer], config_size: usize) -> Bytes {
    manifest(descriptor(CONFIG, config, config_size), layers).to_string().into()
}

pub(crate) fn artifact(artifact_type: &str, layers: &[Layer]) -> Bytes {
    let mut manifest = manifest(descriptor(EMPTY, &Digest::sha256(b"{}"), 2), layers);
    manifest["artifactType"] = artifact_type.into();
    manifest.to_string().into()
}

pub(crate) fn manifest(config: Value, layers: &[Layer]) -> Value {
    let layers: Vec<Value> = layers.iter().map(Layer::descriptor).collect();
    json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": layers})
}

pub(crate) fn config_descriptor(bytes: &[u8]) -> Value {
    descriptor(CONFIG, &Digest::sha256(bytes), bytes.len())
}

pub(crate) fn index(entries: &[(&str, &Digest, usize)]) -> Bytes {
    let manifests: Vec<Value> = entries
        .iter()
        .map(|(text, digest, size)| {
            let mut entry = descriptor(IMAGE, digest, *size);
            entry["platform"] = platform(text);
            entry
        })
        .collect();
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
    index.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_tree_gives_the_same_bytes() {
        let one = Tree::new().file("bin/jq", "x", 0o755).symlink("bin/j", "jq").folder("etc");
        let two = Tree::new().folder("etc/").symlink("bin/j", "jq").file("bin/jq", "x", 0o755);
        assert_eq!(one.layer_zstd().digest(), two.layer_zstd().digest());
        assert_eq!(one.layer_gzip().digest(), two.layer_gzip().digest());
        let bytes = one.tar();
        let mut archive = tar::Archive::new(&bytes[..]);
        let paths: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        assert_eq!(paths, ["bin/", "bin/j", "bin/jq", "etc/"]);
    }
}
