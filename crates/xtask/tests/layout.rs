//! The committed layout of `hello` is what its formula and files say, down to each tar header.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{collections::BTreeMap, io::Read as _, path::Path};

use digest::Digest;
use fs_err as fs;
use serde_json::Value;
use xtask::layout::{self, Layout};

fn formulas() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../formulas"))
}

fn formula() -> String {
    fs::read_to_string(formulas().join("hello.toml")).unwrap()
}

/// A copy of what belongs to `hello`, in a folder of its own.
fn copy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hello.toml"), formula()).unwrap();
    layout::write(folder.path()).unwrap();
    folder
}

/// The blob that a descriptor names, of the size that it says.
fn blob<'a>(files: &'a BTreeMap<String, Vec<u8>>, descriptor: &Value) -> &'a [u8] {
    let digest = descriptor["digest"].as_str().unwrap();
    let bytes = &files[&format!("blobs/{}", digest.replace(':', "/"))];
    assert_eq!(Digest::sha256(bytes).as_str(), digest);
    assert_eq!(descriptor["size"], bytes.len());
    bytes
}

fn document(files: &BTreeMap<String, Vec<u8>>, descriptor: &Value) -> Value {
    let document: Value = serde_json::from_slice(blob(files, descriptor)).unwrap();
    assert_eq!(document["mediaType"], descriptor["mediaType"]);
    assert_eq!(document["schemaVersion"], 2);
    document
}

#[test]
fn the_committed_layout_is_up_to_date() {
    layout::check(formulas()).unwrap();
}

#[test]
fn the_tag_leads_to_the_pinned_manifest() {
    let layout = Layout::of_hello(&formula()).unwrap();
    let entries: Value = serde_json::from_slice(&layout.files["index.json"]).unwrap();
    let [entry] = &entries["manifests"].as_array().unwrap()[..] else { panic!("{entries}") };
    assert_eq!(entry["annotations"]["org.opencontainers.image.ref.name"], "1.0.0");
    let index = document(&layout.files, entry);
    let [descriptor] = &index["manifests"].as_array().unwrap()[..] else { panic!("{index}") };
    assert_eq!(descriptor["digest"], layout.manifest.as_str());
    assert!(descriptor.get("platform").is_none(), "it serves every platform: {descriptor}");
    let manifest = document(&layout.files, descriptor);
    assert_eq!(manifest["artifactType"], "application/vnd.pkg.package.v1");
    let package = manifest["annotations"]["dev.pkg.package"].as_str().unwrap();
    let package: Value = serde_json::from_str(package).unwrap();
    assert_eq!((&package["name"], &package["version"]), (&"hello".into(), &"1.0.0".into()));
}

#[test]
fn the_layer_is_a_reproducible_archive() {
    let layout = Layout::of_hello(&formula()).unwrap();
    let path = format!("blobs/sha256/{}", layout.manifest.encoded());
    let manifest: Value = serde_json::from_slice(&layout.files[&path]).unwrap();
    let config: Value = serde_json::from_slice(blob(&layout.files, &manifest["config"])).unwrap();
    let mut archive = Vec::new();
    let layer = blob(&layout.files, &manifest["layers"][0]);
    flate2::read::GzDecoder::new(layer).read_to_end(&mut archive).unwrap();
    assert_eq!(config["rootfs"]["diff_ids"][0], Digest::sha256(&archive).as_str());

    let mut seen = Vec::new();
    let mut files_size = 0;
    for entry in tar::Archive::new(&archive[..]).entries().unwrap() {
        let entry = entry.unwrap();
        let header = entry.header();
        let owner = (header.uid().unwrap(), header.gid().unwrap());
        assert_eq!((owner, header.mtime().unwrap()), ((0, 0), 315_619_200));
        files_size += header.size().unwrap();
        let path = entry.path().unwrap().display().to_string();
        seen.push(format!("{:o} {path}", header.mode().unwrap()));
    }
    let expected = [
        "755 bin/",
        "755 bin/hello",
        "755 share/",
        "755 share/man/",
        "755 share/man/man1/",
        "644 share/man/man1/hello.1",
    ];
    assert_eq!(seen, expected);
    let package = manifest["annotations"]["dev.pkg.package"].as_str().unwrap();
    let package: Value = serde_json::from_str(package).unwrap();
    assert_eq!(package["unpacked_size"], files_size);
    assert_eq!(package["entries"], expected.len());
}

#[track_caller]
fn check_refuses(change: impl Fn(&Path), expect: &str) {
    let folder = copy();
    layout::check(folder.path()).unwrap();
    change(folder.path());
    let error = layout::check(folder.path()).unwrap_err().to_string();
    assert!(error.contains(expect), "{error}");
}

#[test]
fn the_check_names_what_is_wrong() {
    check_refuses(
        |folder| fs::write(folder.join("hello/index.json"), "{}").unwrap(),
        "index.json differs",
    );
    check_refuses(
        |folder| fs::remove_file(folder.join("hello/oci-layout")).unwrap(),
        "oci-layout is missing",
    );
    check_refuses(
        |folder| fs::write(folder.join("hello/blobs/sha256/00"), "").unwrap(),
        "blobs/sha256/00 does not belong there",
    );
    let other = format!("sha256:{}", "0".repeat(64));
    let manifest = Layout::of_hello(&formula()).unwrap().manifest;
    check_refuses(
        |folder| {
            let text = formula().replace(manifest.as_str(), &other);
            fs::write(folder.join("hello.toml"), text).unwrap();
        },
        &format!("hello.toml does not pin {manifest}"),
    );
}

#[test]
fn writing_repairs_the_folder() {
    let folder = copy();
    fs::write(folder.path().join("hello/oci-layout"), "").unwrap();
    fs::write(folder.path().join("hello/blobs/sha256/00"), "").unwrap();
    layout::write(folder.path()).unwrap();
    layout::check(folder.path()).unwrap();
}
