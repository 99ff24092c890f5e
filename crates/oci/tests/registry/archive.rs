//! Layouts in tar archives, hostile ones among them, and what `docker save` writes (rows A14, I7,
//! I9).

use std::path::{Path, PathBuf};

use digest::Digest;
use pkg_oci::{Client, Document, Error, Kind, Place, copy::Options, layout};
use serde_json::json;
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;
use test_registry::IMAGE;

use crate::{
    ends::{Ends, blob, fetch, index, push_image},
    support::{chain, client, noise},
};

/// An archive in the making.
struct Tar(Builder<Vec<u8>>);

const MARKER: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

impl Tar {
    fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    /// A layout that holds one image, `1`, with entries named as `name` makes them.
    fn layout(name: impl Fn(&str) -> String) -> Self {
        let manifest = image();
        let blob = |bytes: &[u8]| format!("blobs/sha256/{}", Digest::sha256(bytes).encoded());
        let index = json!({"schemaVersion": 2, "manifests": [{
            "mediaType": IMAGE, "digest": Digest::sha256(manifest.as_bytes()).as_str(),
            "size": manifest.len(), "annotations": {"org.opencontainers.image.ref.name": "1"},
        }]});
        Self::new()
            .file(&name("oci-layout"), MARKER)
            .file(&name(&blob(manifest.as_bytes())), manifest)
            .file(&name("index.json"), index.to_string())
    }

    fn file(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.entry(EntryType::Regular, name, "", bytes.as_ref())
    }

    /// An entry whose name and link are written as they are, whatever they are.
    fn entry(mut self, kind: EntryType, name: &str, link: &str, bytes: &[u8]) -> Self {
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.as_mut_bytes()[..name.len().min(100)]
            .copy_from_slice(&name.as_bytes()[..name.len().min(100)]);
        header.as_mut_bytes()[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        self.0.append(&header, bytes).unwrap();
        self
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }

    fn write(self, path: &Path) -> Place {
        std::fs::write(path, self.bytes()).unwrap();
        at(path, "1")
    }
}

fn image() -> String {
    let config = json!({"mediaType": "a/b", "digest": Digest::sha256(b"{}").as_str(), "size": 2});
    json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": []}).to_string()
}

fn at(path: &Path, tag: &str) -> Place {
    Place::parse(&format!("oci-archive:{}:{tag}", path.display())).unwrap()
}

fn scratch() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.tar");
    (folder, path)
}

#[tokio::test]
async fn a14_an_archive_is_a_place_like_any_other() {
    let (_folder, path) = scratch();
    let place = at(&path, "1.2");
    let image = push_image(&client(), &place, &[b"layer"]).await;
    assert_eq!(client().resolve(&place).await.unwrap().digest, image.digest);
    let only = Place::parse(&format!("oci-archive:{}", path.display())).unwrap();
    assert_eq!(client().manifest(&only).await.unwrap(), image);
    let (layer, _) = blob("layer");
    assert_eq!(fetch(&client(), &only, &layer).await, b"layer");
    let error = client().manifest(&at(&path, "2")).await.unwrap_err();
    assert!(chain(&error).ends_with("has no `2`; it has `1.2`"), "{}", chain(&error));
}

#[tokio::test]
async fn i7_names_are_cleaned() {
    let (_folder, path) = scratch();
    let names: [fn(&str) -> String; 3] =
        [str::to_owned, |name| format!("./{name}"), |name| format!(".//{name}")];
    for name in names {
        let place = Tar::layout(name)
            .entry(EntryType::Directory, "./", "", b"")
            .entry(EntryType::Directory, "blobs/", "", b"")
            .entry(EntryType::Directory, "blobs", "", b"")
            .entry(EntryType::Symlink, "unneeded", "/etc/passwd", b"")
            .write(&path);
        assert_eq!(client().manifest(&place).await.unwrap().bytes, image());
    }
    // Without the blocks that mark the end, as after a copy that was padded otherwise.
    let mut bytes = Tar::layout(str::to_owned).bytes();
    bytes.truncate(bytes.len() - 1024);
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(client().manifest(&at(&path, "1")).await.unwrap().bytes, image());
}

/// Reads each archive and compares the start of the reason for which it is refused.
async fn refuse(cases: Vec<(Vec<u8>, &str)>) {
    let (_folder, path) = scratch();
    let place = Place::parse(&format!("oci-archive:{}", path.display())).unwrap();
    for (number, (bytes, part)) in cases.into_iter().enumerate() {
        std::fs::write(&path, bytes).unwrap();
        let error = client().manifest(&place).await.unwrap_err();
        assert!(chain(&error).contains(part), "{number}: {} ({part})", chain(&error));
    }
}

#[tokio::test]
async fn i7_hostile_names_are_refused_with_the_reason() {
    let with = |name: &str| Tar::layout(str::to_owned).file(name, "").bytes();
    let blob = format!("blobs/sha256/{}", Digest::sha256(image().as_bytes()).encoded());
    let index = json!({"schemaVersion": 2, "manifests": [{
        "mediaType": IMAGE, "digest": Digest::sha256(image().as_bytes()).as_str(), "size": 1,
    }]});
    let without_blob = Tar::new().file("oci-layout", MARKER).file("index.json", index.to_string());
    let link =
        |tar: Tar, name: &str| tar.entry(EntryType::Symlink, name, "/etc/hosts", b"").bytes();
    refuse(vec![
        (with("../x"), "leads out of the archive"),
        (with("blobs/../../x"), "leads out of the archive"),
        (with("/etc/x"), "is an absolute name"),
        (with("index.json"), "is there twice"),
        (with("./oci-layout"), "is there twice"),
        (link(Tar::layout(str::to_owned), &blob), "is there twice"),
        (link(Tar::new(), "oci-layout"), "is a link or a folder where a file is needed"),
        (link(without_blob, &blob), "has no `sha256:"),
    ])
    .await;
}

#[tokio::test]
async fn i7_hostile_headers_are_refused_with_the_reason() {
    let layout = || Tar::layout(str::to_owned);
    let long = vec![b'x'; (64 << 10) + 1];
    let pax = |text: &str| {
        layout().entry(EntryType::XHeader, "x", "", text.as_bytes()).file("z", "").bytes()
    };
    let extension = |kind: EntryType| layout().entry(kind, "x", "", &long).bytes();
    refuse(vec![
        (extension(EntryType::GNULongName), "longer than any name"),
        (extension(EntryType::XHeader), "longer than any name"),
        (pax("99 path=y\n"), "an extended header is malformed"),
        (pax("10 path=y\n10 path=z\n"), "extended twice"),
        (pax("13 path=../y\n"), "leads out of the archive"),
        (pax("13 size=99999\n"), "extended header is malformed"),
        (pax("14 size=99999\n"), "ends within a file"),
        (pax("10 size=x\n"), "a size is no number"),
        (layout().bytes()[..520].to_vec(), "ends within a file"),
        (layout().bytes()[..1100].to_vec(), "ends within a header"),
        (b"\x1f\x8b\x08compressed".to_vec(), "it is compressed; decompress it first"),
        (vec![b'x'; 2048], "checksum is wrong"),
    ])
    .await;
}

#[tokio::test]
async fn i7_what_is_no_layout_is_refused_with_the_reason() {
    let big = vec![b' '; pkg_oci::manifest::BYTES_MAX + 1];
    let large = Tar::new().file("oci-layout", MARKER).file("index.json", &big).bytes();
    refuse(vec![
        (Tar::new().file("x", "y").bytes(), "has no file `oci-layout`"),
        (Tar::new().file("oci-layout", MARKER).bytes(), "has no file `oci-layout`"),
        (Tar::new().file("oci-layout", &big[..(64 << 10) + 1]).bytes(), "more than 65536 bytes"),
        (large, "more than 4194304 bytes"),
        (Vec::new(), "cannot read"),
    ])
    .await;
}

#[tokio::test]
async fn i7_no_size_in_a_header_is_ever_allocated() {
    let (_folder, path) = scratch();
    let mut bytes = Tar::layout(str::to_owned).bytes();
    bytes.truncate(bytes.len() - 1024);
    let mut header = Header::new_gnu();
    header.set_path("huge").unwrap();
    header.set_entry_type(EntryType::Regular);
    header.set_size(1 << 62);
    header.set_cksum();
    bytes.extend_from_slice(header.as_bytes());
    std::fs::write(&path, bytes).unwrap();
    let error = client().manifest(&at(&path, "1")).await.unwrap_err();
    assert!(chain(&error).contains("ends within a file"), "{}", chain(&error));
}

#[tokio::test]
async fn i7_bit_rot_in_an_archive_is_noticed() {
    let ends = Ends::new();
    let client = client();
    let place = ends.at("archive", "1");
    let layer = noise(300_000);
    push_image(&client, &place, &[&layer]).await;
    let path = place.path().unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    let begin = bytes.windows(16).position(|window| window == &layer[..16]).unwrap();
    bytes[begin + 1000] ^= 1;
    std::fs::write(path, bytes).unwrap();
    let to = ends.at("memory", "1");
    let error = client.copy(&place, &to, &Options::default()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Integrity, "{}", chain(&error));
    assert!(chain(&error).contains("cannot copy from"), "{}", chain(&error));
}

/// The headers of an archive, one line each.
fn headers(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap();
    let mut archive = tar::Archive::new(&bytes[..]);
    let entries = archive.entries().unwrap().map(|entry| {
        let entry = entry.unwrap();
        let header = entry.header();
        format!(
            "{} {:o} {} {} {}",
            entry.path().unwrap().display(),
            header.mode().unwrap(),
            header.uid().unwrap(),
            header.gid().unwrap(),
            header.mtime().unwrap()
        )
    });
    entries.collect()
}

#[tokio::test]
async fn i9_the_same_content_gives_the_same_archive() {
    let ends = Ends::new();
    let client = client();
    let from = ends.at("memory", "x");
    let one = push_image(&client, &from, &[&noise(70_000), b"1"]).await;
    let two = push_image(&client, &from, &[b"2", &noise(70_001)]).await;
    client
        .push_manifest(&from, &index(&[("linux/amd64", &one), ("linux/arm64", &two)]))
        .await
        .unwrap();
    let path = |name: &str| ends.folder.path().join(name);
    client.copy(&from, &at(&path("a.tar"), "1"), &Options::default()).await.unwrap();
    // By way of a registry, with other places, jobs and orders.
    let by_way = ends.at("registry", "other");
    client.copy(&from, &by_way, &Options::default()).await.unwrap();
    let single = crate::support::client_with(|config| config.jobs = 1);
    single.copy(&by_way, &at(&path("b.tar"), "1"), &Options::default()).await.unwrap();
    let read = |name: &str| std::fs::read(path(name)).unwrap();
    assert!(read("a.tar") == read("b.tar"));
    let headers = headers(&path("a.tar"));
    let mut sorted = headers.clone();
    sorted.sort();
    assert_eq!(headers, sorted);
    assert_eq!(headers[..2], ["blobs/ 755 0 0 315619200", "blobs/sha256/ 755 0 0 315619200"]);
    let end = ["index.json 644 0 0 315619200", "oci-layout 644 0 0 315619200"];
    assert_eq!(headers[headers.len() - 2..], end);
    // A copy of what is there leaves the file alone.
    let before = std::fs::metadata(path("a.tar")).unwrap().modified().unwrap();
    client.copy(&from, &at(&path("a.tar"), "1"), &Options::default()).await.unwrap();
    assert_eq!(std::fs::metadata(path("a.tar")).unwrap().modified().unwrap(), before);
}

#[tokio::test]
async fn i9_an_archive_is_added_to_and_others_changes_are_kept() {
    let ends = Ends::new();
    let client = client();
    let tasks = (0..6).map(|number| {
        let place = ends.at("archive", &format!("v{number}"));
        let from = ends.at("memory", &format!("v{number}"));
        let client = client.clone();
        tokio::spawn(async move {
            push_image(&client, &from, &[format!("{number}").as_bytes()]).await;
            client.copy(&from, &place, &Options::default()).await.unwrap()
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let place = ends.at("archive", "v0");
    assert_eq!(client.tags(&place).await.unwrap().len(), 6);
    for number in 0..6 {
        let (layer, _) = blob(format!("{number}"));
        assert_eq!(fetch(&client, &place, &layer).await, format!("{number}").as_bytes());
    }
    assert_eq!(std::fs::read_dir(place.path().unwrap().parent().unwrap()).unwrap().count(), 1);
}

/// What `docker save` wrote before it wrote layouts.
fn docker_save(tags: [&str; 2]) -> (Tar, Vec<u8>) {
    let layer = noise(70_000);
    let config = |layers: &[&[u8]]| {
        let ids: Vec<_> = layers.iter().map(|layer| Digest::sha256(layer)).collect();
        json!({"architecture": "amd64", "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": ids}})
        .to_string()
    };
    let manifest = json!([
        {"Config": "aa.json", "RepoTags": [tags[0]], "Layers": ["l1/layer.tar", "l2/layer.tar"]},
        {"Config": "bb.json", "RepoTags": [tags[1]], "Layers": ["l1/layer.tar"]},
    ]);
    let tar = Tar::new()
        .file("aa.json", config(&[&layer, b"two"]))
        .file("l1/VERSION", "1.0")
        .file("l1/layer.tar", &layer)
        .file("l2/layer.tar", "two")
        .file("bb.json", config(&[&layer]))
        .file("manifest.json", manifest.to_string())
        .file("repositories", "{}");
    (tar, layer)
}

#[tokio::test]
async fn i7_what_docker_saved_is_read_as_a_layout() {
    let (_folder, path) = scratch();
    let (tar, layer) = docker_save(["quay.io/acme/one:1", "two:2"]);
    tar.write(&path);
    let client = client();
    assert_eq!(client.tags(&at(&path, "1")).await.unwrap(), ["1", "2"]);
    let full = client.manifest(&at(&path, "quay.io/acme/one:1")).await.unwrap();
    assert_eq!(client.manifest(&at(&path, "1")).await.unwrap(), full);
    assert_eq!(full.media_type, IMAGE);
    let Document::Image(image) = full.document().unwrap() else { panic!("no image") };
    assert_eq!(image.layers.len(), 2);
    assert!(fetch(&client, &at(&path, "1"), &image.layers[0]).await == layer);
    let memory = layout::Memory::new().place("1");
    client.copy(&at(&path, "1"), &memory, &Options::default()).await.unwrap();
    assert_eq!(client.manifest(&memory).await.unwrap(), full);
    let (descriptor, body) = blob("x");
    let error = client.push_blob(&at(&path, "1"), &descriptor, &body, None).await.unwrap_err();
    assert!(matches!(error, Error::Layout(layout::Error::DockerTarget { .. })), "{error:?}");
    // One tag of two repositories names neither of them.
    docker_save(["a:1", "b:1"]).0.write(&path);
    assert_eq!(client.tags(&at(&path, "1")).await.unwrap(), Vec::<String>::new());
    assert!(client.manifest(&at(&path, "a:1")).await.is_ok());
}

#[tokio::test]
async fn i7_what_docker_saved_is_checked() {
    let (_folder, path) = scratch();
    let read = async |tar: Tar| -> String {
        let error = failure(&client(), &tar.write(&path)).await;
        chain(&error)
    };
    let image = |layers: &[&str]| {
        json!([{"Config": "c.json", "RepoTags": null, "Layers": layers}]).to_string()
    };
    let config = json!({"rootfs": {"diff_ids": [Digest::sha256(b"other")]}}).to_string();
    let wrong = Tar::new()
        .file("c.json", &config)
        .file("l/layer.tar", "this")
        .file("manifest.json", image(&["l/layer.tar"]));
    assert!(read(wrong).await.contains("layer.tar` is damaged"));
    let missing = Tar::new().file("c.json", &config).file("manifest.json", image(&["x"]));
    assert!(read(missing).await.contains("named by `manifest.json` and not there"));
    let link = Tar::new()
        .file("c.json", &config)
        .entry(EntryType::Symlink, "l", "/etc/passwd", b"")
        .file("manifest.json", image(&["l"]));
    assert!(read(link).await.contains("is a link or a folder"));
    let tags: Vec<String> = (0..10_001).map(|number| format!("a:{number}")).collect();
    let images = json!([{"Config": "c.json", "RepoTags": tags, "Layers": []}]);
    let many = Tar::new().file("c.json", &config).file("manifest.json", images.to_string());
    assert!(read(many).await.contains("`manifest.json` names more images than are read"));
    let broken = Tar::new().file("manifest.json", "{");
    assert!(read(broken).await.contains("cannot read `manifest.json`"));
}

async fn failure(client: &Client, place: &Place) -> Error {
    client.manifest(place).await.unwrap_err()
}
