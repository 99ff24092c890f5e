//! Image layouts, read as a registry is (rows I of the checklist).

use std::path::PathBuf;

use digest::Digest;
use pkg_oci::{Descriptor, Document, Error, Kind, Place, Start, layout};
use serde_json::{Value, json};
use tempfile::TempDir;
use test_registry::{IMAGE, INDEX};

use crate::support::{chain, client, client_with, drain, noise};

/// A layout folder in the making.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("oci-layout", br#"{"imageLayoutVersion":"1.0.0","later":1}"#);
        folder.write("index.json", json!({"schemaVersion": 2, "manifests": []}).to_string());
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn blob(&self, bytes: impl AsRef<[u8]>) -> Digest {
        let digest = Digest::sha256(bytes.as_ref());
        self.write(&format!("blobs/sha256/{}", digest.encoded()), bytes);
        digest
    }

    fn index(&self, entries: &[Value]) {
        self.write("index.json", json!({"schemaVersion": 2, "manifests": entries}).to_string());
    }

    fn place(&self, rest: &str) -> Place {
        Place::parse(&format!("oci:{}{rest}", self.0.path().display())).unwrap()
    }
}

fn entry(media_type: &str, digest: &Digest, name: Option<&str>) -> Value {
    let mut entry = json!({"mediaType": media_type, "digest": digest.as_str(), "size": 1});
    if let Some(name) = name {
        entry["annotations"] = json!({"org.opencontainers.image.ref.name": name});
    }
    entry
}

/// An image whose text differs by `note`.
fn image(note: &str) -> String {
    let config = json!({"mediaType": "a/b", "digest": Digest::sha256(b"{}").as_str(), "size": 2});
    json!({"schemaVersion": 2, "config": config, "layers": [], "note": note}).to_string()
}

async fn failure(place: &Place) -> layout::Error {
    match client().manifest(place).await.unwrap_err() {
        Error::Layout(error) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn i1_a_folder_is_marked_and_of_a_known_version() {
    let folder = Folder::new();
    folder.write("README", "nothing to look at");
    assert!(matches!(failure(&folder.place(":1")).await, layout::Error::Unknown { .. }));
    folder.write("oci-layout", br#"{"imageLayoutVersion":"2.0.0"}"#);
    assert!(matches!(failure(&folder.place(":1")).await, layout::Error::Version { .. }));
    folder.write("oci-layout", "");
    assert!(matches!(failure(&folder.place(":1")).await, layout::Error::Marker { .. }));
    std::fs::remove_file(folder.path("oci-layout")).unwrap();
    assert!(matches!(failure(&folder.place(":1")).await, layout::Error::Missing { .. }));
    let nowhere = Place::parse("oci:/nowhere/at/all:1").unwrap();
    assert!(matches!(failure(&nowhere).await, layout::Error::Missing { .. }));
}

#[tokio::test]
async fn i1_an_index_that_is_none_is_refused() {
    let folder = Folder::new();
    let place = folder.place(":1");
    folder.write("index.json", image("x"));
    assert!(failure(&place).await.to_string().contains("index.json"));
    for text in ["", "[]", r#"{"schemaVersion":2}"#, r#"{"manifests":[],"manifests":[]}"#] {
        folder.write("index.json", text);
        assert!(matches!(failure(&place).await, layout::Error::Index { .. }), "{text}");
    }
    folder.write("index.json", vec![b' '; pkg_oci::manifest::BYTES_MAX + 1]);
    assert!(matches!(failure(&place).await, layout::Error::TooLarge { .. }));
}

#[tokio::test]
async fn i2_no_path_is_made_of_what_is_no_digest() {
    let folder = Folder::new();
    folder.write("secret", "outside of blobs");
    for digest in ["sha256:../../secret", "../..:secret", "sha256:/etc/passwd", "a/b:c"] {
        let text = json!({"schemaVersion": 2, "manifests":
            [{"mediaType": IMAGE, "digest": digest, "size": 1}]});
        folder.write("index.json", text.to_string());
        let error = client().manifest(&folder.place("")).await.unwrap_err();
        assert!(chain(&error).contains("is not a digest"), "{digest}: {}", chain(&error));
    }
}

#[tokio::test]
async fn i3_names_are_those_of_the_index_and_the_last_one_counts() {
    let folder = Folder::new();
    let (old, new) = (folder.blob(image("old")), folder.blob(image("new")));
    let odd = "docker.io/library/x:1";
    folder.index(&[
        entry(IMAGE, &old, Some("1.0")),
        entry(IMAGE, &new, Some("1.0")),
        entry(IMAGE, &old, Some(odd)),
        entry(IMAGE, &old, None),
    ]);
    let client = client_with(|config| config.offline = true);
    assert_eq!(client.resolve(&folder.place(":1.0")).await.unwrap().digest, new);
    assert_eq!(client.resolve(&folder.place(&format!(":{odd}"))).await.unwrap().digest, old);
    let pinned = folder.place(&format!(":1.0@{old}"));
    assert_eq!(client.manifest(&pinned).await.unwrap().digest, old);
    assert_eq!(client.tags(&folder.place("")).await.unwrap(), ["1.0"]);
    let error = client.resolve(&folder.place(":2")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(chain(&error).ends_with("has no `2`; it has `1.0`, `docker.io/library/x:1`"));
    let error = client.resolve(&folder.place("")).await.unwrap_err();
    assert!(chain(&error).contains("name one of the artifacts"), "{}", chain(&error));
    folder.index(&[entry(IMAGE, &old, Some("a")), entry(IMAGE, &old, Some("b"))]);
    assert_eq!(client.resolve(&folder.place("")).await.unwrap().digest, old);
}

#[tokio::test]
async fn i3_what_only_an_inner_index_names_is_read_too() {
    let folder = Folder::new();
    let inner = folder.blob(image("inner"));
    let index = json!({"schemaVersion": 2, "manifests": [entry(IMAGE, &inner, None)]});
    let outer = folder.blob(index.to_string());
    folder.index(&[entry(INDEX, &outer, Some("1"))]);
    let found = client().manifest(&folder.place(":1")).await.unwrap();
    assert!(matches!(found.document(), Ok(Document::Index(_))));
    let place = folder.place(":1").with_digest(inner.clone());
    let found = client().manifest(&place).await.unwrap();
    assert!(matches!(found.document(), Ok(Document::Image(_))));
    assert_eq!(found.digest, inner);
}

#[tokio::test]
async fn i3_the_parts_of_an_artifact_are_no_artifacts_beside_it() {
    let folder = Folder::new();
    let [a, b, c] = ["a", "b", "c"].map(|note| folder.blob(image(note)));
    let index = |parts: &[&Digest]| {
        let parts: Vec<_> = parts.iter().map(|digest| entry(IMAGE, digest, None)).collect();
        folder.blob(json!({"schemaVersion": 2, "manifests": parts}).to_string())
    };
    let (one, both, other) = (index(&[&a]), index(&[&a, &b]), index(&[&b, &c]));
    let gone = Digest::sha256(b"gone");
    let client = client_with(|config| config.offline = true);
    let check = async |named: &[(&str, &Digest)], expected: Result<&Digest, &str>| {
        let entries = named.iter().map(|(name, digest)| {
            let is_index = [&one, &both, &other].contains(digest);
            entry(if is_index { INDEX } else { IMAGE }, digest, Some(name))
        });
        folder.index(&entries.collect::<Vec<_>>());
        let found = client.resolve(&folder.place("")).await.map(|found| found.digest);
        let found = found.map_err(|error| chain(&error));
        match (&found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{named:?}"),
            (Err(error), Err(expected)) => assert!(error.ends_with(expected), "{error}"),
            _ => panic!("{named:?}: {found:?}"),
        }
    };
    check(&[("1", &both), ("1.x", &a), ("1.y", &b)], Ok(&both)).await;
    check(&[("1.x", &a), ("1", &one)], Ok(&one)).await;
    check(&[("1", &both), ("1.i", &both), ("1.old", &one), ("1.x", &a)], Ok(&both)).await;
    check(&[("1", &both), ("2", &other), ("1.x", &a)], Err("it has `1`, `2`")).await;
    check(&[("1", &one), ("2", &c)], Err("it has `1`, `2`")).await;
    check(&[("1", &one), ("2", &gone)], Err("it has `1`, `2`")).await;
    check(&[], Err("holds nothing")).await;
}

#[tokio::test]
async fn i6_bytes_are_verified_when_they_are_read() {
    let folder = Folder::new();
    let bytes = noise(600_000);
    let blob = folder.blob(&bytes);
    let manifest = folder.blob(image("x"));
    folder.index(&[entry(IMAGE, &manifest, Some("1"))]);
    let descriptor = Descriptor::new("a/b", blob.clone(), 600_000);
    let fetch = async |taken: usize| {
        let mut start = Start::of(&descriptor).unwrap();
        start.hasher.update(&bytes[..taken]);
        start.taken = taken as u64;
        drain(client().blob(&folder.place(":1"), &descriptor, start).await.unwrap()).await
    };
    for taken in [0, 1, 300_000, 600_000] {
        let (rest, verdict) = fetch(taken).await;
        verdict.unwrap();
        assert!(rest == bytes[taken..], "{taken}");
    }
    assert_eq!(client().blob_size(&folder.place(""), &blob).await.unwrap(), Some(600_000));
    let path = format!("blobs/sha256/{}", blob.encoded());
    let flipped = [&bytes[..599_999], &[!bytes[599_999]]].concat();
    for wrong in [&flipped[..], &bytes[1..], &[&bytes[..], b"x"].concat()] {
        folder.write(&path, wrong);
        assert_eq!(fetch(0).await.1.unwrap_err().kind(), Kind::Integrity);
    }
    folder.write(&format!("blobs/sha256/{}", manifest.encoded()), image("y"));
    assert!(matches!(failure(&folder.place(":1")).await, layout::Error::Damaged { .. }));
    std::fs::remove_file(folder.path(&path)).unwrap();
    assert_eq!(client().blob_size(&folder.place(""), &blob).await.unwrap(), None);
    let start = Start::of(&descriptor).unwrap();
    let error = client().blob(&folder.place(""), &descriptor, start).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn i1_only_regular_files_are_read() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let folder = Folder::new();
    let digest = folder.blob("x");
    folder.index(&[entry(IMAGE, &digest, Some("1"))]);
    let path = folder.path(&format!("blobs/sha256/{}", digest.encoded()));
    std::fs::remove_file(&path).unwrap();
    let (pipe, mode) = (FileType::Fifo, Mode::RUSR | Mode::WUSR);
    mknodat(CWD, &path, pipe, mode, 0).unwrap();
    assert!(matches!(failure(&folder.place(":1")).await, layout::Error::Read { .. }));
    let start = Start::new(digest.clone(), None).unwrap();
    let descriptor = Descriptor::new("a/b", digest, 1);
    assert!(client().blob(&folder.place(""), &descriptor, start).await.is_err());
}
