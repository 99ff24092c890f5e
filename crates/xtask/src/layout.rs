//! The package `hello` as an OCI image layout, which the program carries with the tap `core`.
//!
//! `formulas/hello/` is a package as any registry holds it: an index of the version, in it one
//! manifest for all platforms, a plain image. The same input gives the same bytes on any machine;
//! another release of zlib-rs may compress otherwise, then the formula gets a new version.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use digest::Digest;
use fs_err as fs;
use serde_json::{Map, Value, json};

use crate::layer::Layer;

const ARTIFACT: &str = "application/vnd.pkg.package.v1";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CREATED: &str = "1980-01-02T00:00:00Z";

/// An image layout in memory.
pub struct Layout {
    /// The bytes of each file, by its path in the layout's folder.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The digest of the package's manifest, which the formula pins.
    pub manifest: Digest,
}

/// Writes `hello/` in the folder of the tap; the digest that `hello.toml` must pin.
///
/// # Errors
/// The formula cannot be read, or a file cannot be written or removed.
pub fn write(formulas: &Path) -> anyhow::Result<Digest> {
    let layout = Layout::of_hello(&fs::read_to_string(formulas.join("hello.toml"))?)?;
    let folder = formulas.join("hello");
    for path in present(&folder)?.iter().filter(|path| !layout.files.contains_key(*path)) {
        fs::remove_file(folder.join(path))?;
    }
    for (path, bytes) in &layout.files {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().context("a file lies in a folder")?)?;
        fs::write(file, bytes)?;
    }
    Ok(layout.manifest)
}

/// Checks that `hello/` in the folder of the tap is what [`write`] makes, and that `hello.toml`
/// pins it.
///
/// # Errors
/// Names every file that is missing, differs or does not belong there, or the digest to pin.
pub fn check(formulas: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(formulas.join("hello.toml"))?;
    let layout = Layout::of_hello(&text)?;
    let folder = formulas.join("hello");
    let mut wrong = Vec::new();
    for (path, bytes) in &layout.files {
        match fs::read(folder.join(path)) {
            Ok(found) if Digest::sha256(&found) == Digest::sha256(bytes) => {}
            Ok(_) => wrong.push(format!("{path} differs")),
            Err(_) => wrong.push(format!("{path} is missing")),
        }
    }
    let stray = present(&folder)?.into_iter().filter(|path| !layout.files.contains_key(path));
    wrong.extend(stray.map(|path| format!("{path} does not belong there")));
    if !text.contains(&format!("\"{}\"", layout.manifest)) {
        wrong.push(format!("hello.toml does not pin {}", layout.manifest));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("formulas/hello is not up to date: {}; run `cargo xtask layout`", wrong.join(", "))
}

impl Layout {
    /// The layout of the newest version in the text of `hello.toml`.
    ///
    /// # Errors
    /// The text is no TOML, or lacks a key that the package tells of itself.
    pub fn of_hello(formula: &str) -> anyhow::Result<Self> {
        let heading = Heading::read(formula)?;
        let mut blobs = Blobs::default();
        let manifest = blobs.manifest(&heading)?;
        let index = blobs.json(
            INDEX,
            &json!({
                "schemaVersion": 2,
                "mediaType": INDEX,
                "artifactType": ARTIFACT,
                "manifests": [manifest.named(ARTIFACT)],
                "annotations": heading.annotations(),
            }),
        )?;
        let mut entry = index.named(ARTIFACT);
        entry["annotations"] = json!({ "org.opencontainers.image.ref.name": heading.version });
        let entries = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [entry] });
        let mut files = blobs.files;
        files.insert("index.json".to_owned(), serde_jcs::to_vec(&entries)?);
        let version = json!({ "imageLayoutVersion": "1.0.0" });
        files.insert("oci-layout".to_owned(), serde_jcs::to_vec(&version)?);
        Ok(Self { files, manifest: manifest.digest })
    }
}

/// What the package says of itself, out of its formula.
struct Heading {
    name: String,
    summary: String,
    license: String,
    version: String,
}

impl Heading {
    fn read(formula: &str) -> anyhow::Result<Self> {
        let table: toml::Table = formula.parse().context("cannot read hello.toml")?;
        let text = |key: &str| match table.get(key) {
            Some(toml::Value::String(text)) => Ok(text.clone()),
            _ => bail!("hello.toml has no `{key}`"),
        };
        let versions = table.get("version").and_then(toml::Value::as_table);
        Ok(Self {
            name: text("name")?,
            summary: text("summary")?,
            license: text("license")?,
            version: match versions.map(|versions| versions.keys().collect::<Vec<_>>()).as_deref() {
                Some([version]) => (*version).clone(),
                _ => bail!("hello.toml must have exactly one version: its layout holds one"),
            },
        })
    }

    /// What other tools' pages show.
    fn annotations(&self) -> Map<String, Value> {
        [
            ("authors", "The pkg developers"),
            ("created", CREATED),
            ("description", &self.summary),
            ("licenses", &self.license),
            ("title", &self.name),
            ("version", &self.version),
        ]
        .into_iter()
        .map(|(key, value)| (format!("org.opencontainers.image.{key}"), value.into()))
        .collect()
    }

    /// The annotation with which a package installs without its formula.
    fn package(&self, layer: &Layer) -> anyhow::Result<String> {
        Ok(serde_jcs::to_string(&json!({
            "schema": 1,
            "name": self.name,
            "version": self.version,
            "revision": 0,
            "license": self.license,
            "summary": self.summary,
            "unpacked_size": layer.unpacked_size,
            "entries": layer.entries,
        }))?)
    }
}

/// The blobs of a layout, by path.
#[derive(Default)]
struct Blobs {
    files: BTreeMap<String, Vec<u8>>,
}

struct Blob {
    media_type: &'static str,
    digest: Digest,
    size: usize,
}

impl Blobs {
    fn add(&mut self, media_type: &'static str, bytes: Vec<u8>) -> Blob {
        let blob = Blob { media_type, digest: Digest::sha256(&bytes), size: bytes.len() };
        let path = format!("blobs/{}/{}", blob.digest.algorithm(), blob.digest.encoded());
        self.files.insert(path, bytes);
        blob
    }

    fn json(&mut self, media_type: &'static str, value: &Value) -> anyhow::Result<Blob> {
        Ok(self.add(media_type, serde_jcs::to_vec(value)?))
    }

    fn manifest(&mut self, heading: &Heading) -> anyhow::Result<Blob> {
        let layer = Layer::of_hello()?;
        let mut annotations = heading.annotations();
        annotations.insert("dev.pkg.package".to_owned(), heading.package(&layer)?.into());
        // An image must name a platform. The descriptor in the index names none: pkg and the
        // tools that go by it take this manifest everywhere.
        let config = self.json(
            CONFIG,
            &json!({
                "architecture": "amd64",
                "os": "linux",
                "created": CREATED,
                "config": {},
                "rootfs": { "type": "layers", "diff_ids": [layer.diff_id] },
            }),
        )?;
        let layer = self.add(LAYER, layer.bytes);
        self.json(
            MANIFEST,
            &json!({
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "artifactType": ARTIFACT,
                "config": config.descriptor(),
                "layers": [layer.descriptor()],
                "annotations": annotations,
            }),
        )
    }
}

impl Blob {
    fn descriptor(&self) -> Value {
        json!({ "mediaType": self.media_type, "digest": self.digest, "size": self.size })
    }

    fn named(&self, artifact_type: &str) -> Value {
        let mut descriptor = self.descriptor();
        descriptor["artifactType"] = artifact_type.into();
        descriptor
    }
}

/// The paths of all files below `folder`, which need not exist.
fn present(folder: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut paths = BTreeSet::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder.join(&below)) else { continue };
        for entry in entries {
            let entry = entry?;
            let path = below.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else {
                paths.insert(path.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    Ok(paths)
}
