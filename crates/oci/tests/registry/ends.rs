//! Every kind of place, asked and written to in the same words (rows I5, I8).

use std::path::Path;

use bytes::Bytes;
use digest::Digest;
use pkg_oci::{
    Body, Client, Descriptor, Document, Error, Kind, Manifest, Place, Pushed, Start, layout::Memory,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_registry::{IMAGE, INDEX, TestRegistry};

use crate::support::{chain, client, drain, noise, place};

/// One of each kind of place, all of them empty.
pub(crate) struct Ends {
    pub(crate) registry: TestRegistry,
    pub(crate) folder: TempDir,
    memory: Memory,
}

/// The kinds of places.
pub(crate) const KINDS: [&str; 4] = ["registry", "folder", "archive", "memory"];

impl Ends {
    pub(crate) fn new() -> Self {
        let (registry, memory) = (TestRegistry::start(), Memory::new());
        Self { registry, folder: tempfile::tempdir().unwrap(), memory }
    }

    /// The place of a kind, at a tag.
    pub(crate) fn at(&self, kind: &str, tag: &str) -> Place {
        let path = self.folder.path().display();
        let text = match kind {
            "registry" => return place(&self.registry, &format!("a/b:{tag}")),
            "memory" => return self.memory.place(tag),
            "folder" => format!("oci:{path}/layout:{tag}"),
            _ => format!("oci-archive:{path}/new/layout.tar:{tag}"),
        };
        Place::parse(&text).unwrap()
    }
}

/// A blob with its descriptor.
pub(crate) fn blob(bytes: impl Into<Bytes>) -> (Descriptor, Body) {
    let bytes = bytes.into();
    let descriptor = Descriptor::new("a/b", Digest::sha256(&bytes), bytes.len() as u64);
    (descriptor, Body::Bytes(bytes))
}

/// A manifest of these bytes, as served under `media_type`.
pub(crate) fn manifest(media_type: &str, bytes: impl Into<Bytes>) -> Manifest {
    let bytes = bytes.into();
    let digest = Digest::sha256(&bytes);
    Manifest { bytes, media_type: media_type.to_owned(), digest }
}

/// Stores an image of these layers, with a config of its own, and gives its manifest.
pub(crate) async fn push_image(client: &Client, to: &Place, layers: &[&[u8]]) -> Manifest {
    push_document(client, to, layers, |_| {}).await
}

/// The same, with a manifest that `change` changes.
pub(crate) async fn push_document(
    client: &Client,
    to: &Place,
    layers: &[&[u8]],
    change: impl FnOnce(&mut Value),
) -> Manifest {
    let (config, body) = blob(format!("{{\"of\":{}}}", layers.len()));
    client.push_blob(to, &config, &body, None).await.unwrap();
    let mut descriptors = Vec::new();
    for layer in layers {
        let (descriptor, body) = blob(layer.to_vec());
        client.push_blob(to, &descriptor, &body, None).await.unwrap();
        descriptors.push(descriptor);
    }
    let mut document = json!({
        "schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": descriptors,
    });
    change(&mut document);
    let manifest = manifest(IMAGE, document.to_string());
    client.push_manifest(to, &manifest).await.unwrap();
    manifest
}

/// A manifest's descriptor as JSON.
pub(crate) fn entry(manifest: &Manifest) -> Value {
    let size = manifest.bytes.len();
    json!({"mediaType": manifest.media_type, "digest": manifest.digest.as_str(), "size": size})
}

/// An index over manifests, by `os/arch`.
pub(crate) fn index(entries: &[(&str, &Manifest)]) -> Manifest {
    let entries = entries.iter().map(|(platform, inner)| {
        let mut entry = entry(inner);
        if let Some((os, arch)) = platform.split_once('/') {
            entry["platform"] = json!({"os": os, "architecture": arch});
        }
        entry
    });
    let entries: Vec<Value> = entries.collect();
    manifest(
        INDEX,
        json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).to_string(),
    )
}

pub(crate) async fn fetch(client: &Client, from: &Place, blob: &Descriptor) -> Vec<u8> {
    let download = client.blob(from, blob, Start::of(blob).unwrap()).await.unwrap();
    let (bytes, verdict) = drain(download).await;
    verdict.unwrap();
    bytes
}

#[tokio::test]
async fn i8_every_kind_of_place_takes_and_gives_the_same() {
    let ends = Ends::new();
    let client = client();
    for kind in KINDS {
        let to = ends.at(kind, "1");
        assert_eq!(client.resolve(&to).await.unwrap_err().kind(), absent(kind), "{kind}");
        let layer = noise(600_000);
        let (descriptor, body) = blob(layer.clone());
        let sent = Pushed::Sent { bytes: 600_000 };
        assert_eq!(client.push_blob(&to, &descriptor, &body, None).await.unwrap(), sent, "{kind}");
        let again = client.push_blob(&to, &descriptor, &body, None).await.unwrap();
        assert_eq!(again, Pushed::Present, "{kind}");
        let image = push_image(&client, &to, &[&layer]).await;
        assert_eq!(client.resolve(&to).await.unwrap().digest, image.digest, "{kind}");
        let found = client.manifest(&to).await.unwrap();
        assert_eq!((&found.bytes, &found.media_type), (&image.bytes, &image.media_type), "{kind}");
        assert!(fetch(&client, &to, &descriptor).await == layer, "{kind}");
        let size = client.blob_size(&to, &descriptor.digest).await.unwrap();
        assert_eq!(size, Some(600_000), "{kind}");
        assert_eq!(client.blob_size(&to, &Digest::sha256(b"x")).await.unwrap(), None, "{kind}");
        client.push_tagged(&to, &image, &["2", "3"]).await.unwrap();
        assert_eq!(client.tags(&to).await.unwrap(), ["1", "2", "3"], "{kind}");
        let pinned = to.with_digest(image.digest.clone());
        assert_eq!(client.manifest(&pinned).await.unwrap(), found, "{kind}");
        client.delete_tag(&ends.at(kind, "2")).await.unwrap();
        assert_eq!(client.tags(&to).await.unwrap(), ["1", "3"], "{kind}");
        let kept = client.delete_manifest(&to, &image.digest, false).await.unwrap_err();
        assert!(chain(&kept).contains('3'), "{kind}: {}", chain(&kept));
        client.delete_manifest(&to, &image.digest, true).await.unwrap();
        assert_eq!(client.resolve(&pinned).await.unwrap_err().kind(), Kind::NotFound, "{kind}");
        client.delete_blob(&to, &descriptor.digest).await.unwrap();
        assert_eq!(client.blob_size(&to, &descriptor.digest).await.unwrap(), None, "{kind}");
        let gone = client.delete_blob(&to, &descriptor.digest).await.unwrap_err();
        assert_eq!(gone.kind(), Kind::NotFound, "{kind}: {}", chain(&gone));
    }
}

fn absent(kind: &str) -> Kind {
    // An archive that is not there is a file that cannot be read.
    if kind == "archive" { Kind::Invalid } else { Kind::NotFound }
}

#[tokio::test]
async fn i8_a_tag_moves_and_the_former_manifest_stays_readable() {
    let ends = Ends::new();
    let client = client();
    for kind in KINDS {
        let to = ends.at(kind, "1");
        let old = push_image(&client, &to, &[b"old"]).await;
        let new = push_image(&client, &to, &[b"new"]).await;
        assert_eq!(client.resolve(&to).await.unwrap().digest, new.digest, "{kind}");
        let former = client.manifest(&to.with_digest(old.digest.clone())).await.unwrap();
        assert_eq!(former.bytes, old.bytes, "{kind}");
        assert_eq!(client.tags(&to).await.unwrap(), ["1"], "{kind}");
    }
}

#[tokio::test]
async fn i8_referrers_are_found_in_layouts_by_their_subject() {
    let ends = Ends::new();
    let client = client();
    for kind in ["folder", "archive", "memory"] {
        let to = ends.at(kind, "1");
        let image = push_image(&client, &to, &[b"x"]).await;
        let none = client.referrers(&to, &image.digest, None).await.unwrap();
        assert_eq!(none, [], "{kind}");
        let signature = manifest(IMAGE, referrer(&image, "sig/v1", "s"));
        let sbom = manifest(IMAGE, referrer(&image, "sbom/v1", "b"));
        let other = manifest(IMAGE, referrer(&sbom, "sig/v1", "o"));
        for referrer in [&signature, &sbom, &other] {
            let at = to.with_digest(referrer.digest.clone());
            let Place::Memory { memory, .. } = &to else {
                client.push_manifest(&untagged(&at), referrer).await.unwrap();
                continue;
            };
            let (memory, digest) = (memory.clone(), Some(referrer.digest.clone()));
            let at = Place::Memory { memory, tag: None, digest };
            client.push_manifest(&at, referrer).await.unwrap();
        }
        let found = client.referrers(&to, &image.digest, None).await.unwrap();
        let mut digests: Vec<_> = found.iter().map(|entry| &entry.digest).collect();
        digests.sort();
        let mut expected = [&signature.digest, &sbom.digest];
        expected.sort();
        assert_eq!(digests, expected, "{kind}");
        let found = client.referrers(&to, &image.digest, Some("sig/v1")).await.unwrap();
        assert_eq!(found.len(), 1, "{kind}");
        assert_eq!(found[0].digest, signature.digest, "{kind}");
        assert_eq!(found[0].annotations["note"], "s", "{kind}");
        // What has no name is there for the image's sake, and does not hide it.
        assert_eq!(client.resolve(&nameless(&to)).await.unwrap().digest, image.digest, "{kind}");
    }
}

/// A manifest about another one, with blobs that are nowhere.
pub(crate) fn referrer(subject: &Manifest, artifact_type: &str, note: &str) -> String {
    let empty = json!({
        "mediaType": "application/vnd.oci.empty.v1+json",
        "digest": Digest::sha256(b"{}").as_str(), "size": 2,
    });
    json!({
        "schemaVersion": 2, "mediaType": IMAGE, "artifactType": artifact_type,
        "config": empty, "layers": [empty], "subject": entry(subject),
        "annotations": {"note": note},
    })
    .to_string()
}

/// The same place without its tag.
fn untagged(place: &Place) -> Place {
    match place.clone() {
        Place::Layout { path, digest, .. } => Place::Layout { path, tag: None, digest },
        Place::Archive { path, digest, .. } => Place::Archive { path, tag: None, digest },
        Place::Memory { memory, digest, .. } => Place::Memory { memory, tag: None, digest },
        registry @ Place::Registry(_) => registry,
    }
}

fn nameless(place: &Place) -> Place {
    match untagged(place) {
        Place::Layout { path, .. } => Place::Layout { path, tag: None, digest: None },
        Place::Archive { path, .. } => Place::Archive { path, tag: None, digest: None },
        Place::Memory { memory, .. } => Place::Memory { memory, tag: None, digest: None },
        registry @ Place::Registry(_) => registry,
    }
}

#[tokio::test]
async fn i8_referrers_are_found_by_the_fallback_tag_of_other_tools() {
    let ends = Ends::new();
    let client = client();
    let to = ends.at("folder", "1");
    let image = push_image(&client, &to, &[b"x"]).await;
    let signature = manifest(IMAGE, referrer(&image, "sig/v1", "s"));
    let (descriptor, body) = blob(signature.bytes.clone());
    client.push_blob(&to, &descriptor, &body, None).await.unwrap();
    let tag = image.digest.as_str().replace(':', "-");
    let list = index(&[("", &signature), ("", &image)]);
    client.push_manifest(&to.with_tag(&tag).unwrap(), &list).await.unwrap();
    let found = client.referrers(&to, &image.digest, None).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].artifact_type.as_deref(), Some("sig/v1"));
}

#[tokio::test]
async fn i5_what_is_not_what_it_should_be_leaves_nothing() {
    let ends = Ends::new();
    let client = client();
    for kind in ["folder", "archive", "memory"] {
        let to = ends.at(kind, "1");
        let (descriptor, _) = blob(noise(600_000));
        let file = ends.folder.path().join("wrong");
        let wrong = [&noise(599_999)[..], b"x"].concat();
        let bodies = [wrong.clone(), noise(599_999), [noise(600_000), b"x".to_vec()].concat()];
        for bytes in bodies {
            std::fs::write(&file, &bytes).unwrap();
            for body in [Body::Bytes(bytes.into()), Body::File(file.clone())] {
                let error = client.push_blob(&to, &descriptor, &body, None).await.unwrap_err();
                assert_eq!(error.kind(), Kind::Integrity, "{kind}: {}", chain(&error));
            }
        }
        let body = Body::File("/nowhere/at/all".into());
        assert!(client.push_blob(&to, &descriptor, &body, None).await.is_err(), "{kind}");
        std::fs::remove_file(&file).unwrap();
        assert_eq!(unfinished(ends.folder.path()), 0, "{kind}");
        match client.blob_size(&to, &descriptor.digest).await {
            Ok(size) => assert_eq!(size, None, "{kind}"),
            Err(error) => assert!(matches!(error, Error::Layout(_)), "{kind}: {error:?}"),
        }
    }
}

/// The files below a folder that are neither blobs nor what a layout has beside them.
pub(crate) fn unfinished(folder: &Path) -> usize {
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            count += unfinished(&path);
        } else if name.starts_with('.') {
            count += 1;
        }
    }
    count
}

#[tokio::test]
async fn i5_a_blob_that_is_there_is_left_and_one_of_another_size_replaced() {
    use std::os::unix::fs::MetadataExt as _;
    let ends = Ends::new();
    let client = client();
    let to = ends.at("folder", "1");
    let (descriptor, body) = blob("content");
    client.push_blob(&to, &descriptor, &body, None).await.unwrap();
    let folder = ends.folder.path().join("layout");
    let path = folder.join("blobs/sha256").join(descriptor.digest.encoded());
    let file = || std::fs::metadata(&path).unwrap();
    let before = file().ino();
    assert_eq!(file().mode() & 0o133, 0, "others may read it, and nobody run it");
    assert_eq!(client.push_blob(&to, &descriptor, &body, None).await.unwrap(), Pushed::Present);
    assert_eq!(file().ino(), before);
    std::fs::write(&path, "cut").unwrap();
    let sent = Pushed::Sent { bytes: 7 };
    assert_eq!(client.push_blob(&to, &descriptor, &body, None).await.unwrap(), sent);
    assert_eq!(std::fs::read(&path).unwrap(), b"content");
}

#[tokio::test]
async fn c5_an_index_keeps_its_children_out_of_the_list() {
    let ends = Ends::new();
    let client = client();
    let to = ends.at("memory", "x");
    let (one, two) =
        (push_image(&client, &to, &[b"1"]).await, push_image(&client, &to, &[b"2"]).await);
    let index = index(&[("linux/amd64", &one), ("linux/arm64", &two)]);
    client.push_manifest(&to, &index).await.unwrap();
    let target = ends.at("folder", "y");
    client.copy(&to, &target, &pkg_oci::copy::Options::default()).await.unwrap();
    let text = std::fs::read(ends.folder.path().join("layout/index.json")).unwrap();
    let listed: Value = serde_json::from_slice(&text).unwrap();
    let listed = listed["manifests"].as_array().unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0]["digest"], index.digest.as_str());
    let inner = client.manifest(&target.with_digest(two.digest.clone())).await.unwrap();
    assert!(matches!(inner.document(), Ok(Document::Image(_))));
}
