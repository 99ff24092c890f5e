//! Archives of `docker save`, read as layouts: `manifest.json` names configs, layers and tags.
//!
//! Manifests are made for them, always the same for the same archive. What Docker writes today is
//! a layout as well and does not come here.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read as _,
};

use bytes::Bytes;
use digest::{Digest, Hasher};
use serde::Deserialize;
use serde_json::json;

use super::{Piece, contents::Contents, section::Section};
use crate::{
    Descriptor,
    excerpt::excerpt,
    layout::{
        Error,
        folder::unreadable,
        listing::{Edit, Listing},
    },
    manifest::{self, null_as_default},
    media_type, verify,
};

/// The file that says what the archive holds.
pub(super) const INDEX: &str = "manifest.json";

/// Most images and names of them; a listing of more is slow to put together.
const IMAGES_MAX: usize = 10_000;

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// An image of the archive.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Image {
    config: String,
    #[serde(default, deserialize_with = "null_as_default")]
    repo_tags: Vec<String>,
    #[serde(deserialize_with = "null_as_default")]
    layers: Vec<String>,
}

/// What a config says of its layers.
#[derive(Deserialize)]
struct Config {
    rootfs: RootFs,
}

#[derive(Deserialize)]
struct RootFs {
    #[serde(default, deserialize_with = "null_as_default")]
    diff_ids: Vec<Digest>,
}

/// The listing and the blobs that the archive would have as a layout; reads all of it once.
pub(super) fn read(contents: &Contents) -> Result<(Listing, BTreeMap<Digest, Piece>), Error> {
    let broken = |source| Error::Docker { path: contents.path.clone(), source };
    let text = contents.open(INDEX)?.map(|held| held.read(manifest::BYTES_MAX as u64));
    let text = text.transpose()?.unwrap_or_default();
    let images: Vec<Image> = serde_json::from_slice(&text).map_err(broken)?;
    let names = images.iter().map(|image| image.repo_tags.len().max(1));
    if names.sum::<usize>() > IMAGES_MAX {
        let rule = "names more images than are read";
        return Err(Error::Entry { path: contents.path.clone(), entry: INDEX.to_owned(), rule });
    }
    let mut reading = Reading { contents, known: BTreeMap::new(), blobs: BTreeMap::new() };
    let mut listing = Listing::default();
    let once = tags_of_one(&images);
    for image in &images {
        let entry = Box::new(reading.image(image)?);
        let bare = image.repo_tags.iter().filter_map(|name| tag(name));
        let names = image.repo_tags.iter().map(String::as_str);
        let names: Vec<_> = names.chain(bare.filter(|tag| once.contains(tag))).collect();
        if names.is_empty() {
            listing.apply(&Edit::List { entry: entry.clone(), name: None });
        }
        for name in names {
            let name = Some(name.to_owned());
            listing.apply(&Edit::List { entry: entry.clone(), name });
        }
    }
    Ok((listing, reading.blobs))
}

/// The tag of a name such as `quay.io/acme/tool:1.2`.
fn tag(name: &str) -> Option<&str> {
    name.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'))
}

/// The tags that only one of the images has, in whichever repository.
fn tags_of_one(images: &[Image]) -> BTreeSet<&str> {
    let mut seen = BTreeMap::<&str, usize>::new();
    for image in images {
        let tags: BTreeSet<&str> = image.repo_tags.iter().filter_map(|name| tag(name)).collect();
        tags.into_iter().for_each(|tag| *seen.entry(tag).or_default() += 1);
    }
    seen.into_iter().filter(|(_, images)| *images == 1).map(|(tag, _)| tag).collect()
}

struct Reading<'a> {
    contents: &'a Contents,
    /// Descriptors of files by where they start, as images share layers.
    known: BTreeMap<u64, Descriptor>,
    blobs: BTreeMap<Digest, Piece>,
}

impl Reading<'_> {
    /// Makes an image's manifest and gives its descriptor.
    fn image(&mut self, image: &Image) -> Result<Descriptor, Error> {
        let section = self.section(&image.config)?;
        let held = self.contents.open(&image.config)?;
        let text = held.map(|held| held.read(manifest::BYTES_MAX as u64)).transpose()?;
        let broken = |source| Error::Docker { path: self.contents.path.clone(), source };
        let config: Config = serde_json::from_slice(&text.unwrap_or_default()).map_err(broken)?;
        let descriptor =
            Descriptor { media_type: media_type::IMAGE_CONFIG.to_owned(), ..self.blob(&section)? };
        let mut layers = Vec::new();
        for (position, name) in image.layers.iter().enumerate() {
            let section = self.section(name)?;
            let layer = self.blob(&section)?;
            if layer.media_type == LAYER
                && let Some(expected) = config.rootfs.diff_ids.get(position)
                && *expected != layer.digest
            {
                let (expected, actual, size) = (expected.clone(), layer.digest.clone(), layer.size);
                let source = verify::Error::Digest { expected, actual, size };
                return Err(Error::Damaged { path: self.contents.path.join(name), source });
            }
            layers.push(layer);
        }
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": media_type::IMAGE_MANIFEST,
            "config": descriptor,
            "layers": layers,
        });
        let bytes = Bytes::from(manifest.to_string());
        let digest = Digest::sha256(&bytes);
        let size = bytes.len() as u64;
        self.blobs.insert(digest.clone(), Piece::Bytes(bytes));
        Ok(Descriptor::new(media_type::IMAGE_MANIFEST, digest, size))
    }

    fn section(&self, name: &str) -> Result<Section, Error> {
        let found = self.contents.find(name.trim_start_matches("./"))?;
        found.cloned().ok_or_else(|| Error::Entry {
            path: self.contents.path.clone(),
            entry: excerpt(name),
            rule: "is named by `manifest.json` and not there",
        })
    }

    /// The descriptor of a file as a layer.
    fn blob(&mut self, section: &Section) -> Result<Descriptor, Error> {
        if let Some(known) = self.known.get(&section.start) {
            return Ok(known.clone());
        }
        let (mut reader, mut hasher) = (section.reader(), Hasher::sha256());
        let mut buffer = vec![0; 256 << 10];
        let mut beginning = Vec::new();
        loop {
            let read = reader.read(&mut buffer).map_err(unreadable(&self.contents.path))?;
            if read == 0 {
                break;
            }
            if beginning.is_empty() {
                beginning.extend_from_slice(&buffer[..read.min(4)]);
            }
            hasher.update(&buffer[..read]);
        }
        let media_type = match &beginning[..] {
            [0x1f, 0x8b, ..] => format!("{LAYER}+gzip"),
            [0x28, 0xb5, 0x2f, 0xfd] => format!("{LAYER}+zstd"),
            _ => LAYER.to_owned(),
        };
        let descriptor = Descriptor::new(&media_type, hasher.finish(), section.size);
        self.blobs.insert(descriptor.digest.clone(), Piece::Section(section.clone()));
        self.known.insert(section.start, descriptor.clone());
        Ok(descriptor)
    }
}
