//! A formula for an artifact in a registry: an index with its platforms, or one manifest.

use std::collections::BTreeMap;

use formula::{Key, Libc, Os, Platform};
use oci::{Document, Manifest, Place, descriptor::TITLE};

use super::{Desk, Error, origin, origin::version_in_tag, text::Value};

/// Most of a config that is read, in bytes.
const CONFIG_BYTES_MAX: u64 = 1 << 20;

const VERSION: &str = "org.opencontainers.image.version";
const LICENSES: &str = "org.opencontainers.image.licenses";
const DESCRIPTION: &str = "org.opencontainers.image.description";
const URL: &str = "org.opencontainers.image.url";
const SOURCE: &str = "org.opencontainers.image.source";
const CREATED: &str = "org.opencontainers.image.created";

/// What is known of the artifact that is installed on one platform.
struct Found {
    annotations: BTreeMap<String, String>,
    is_image: bool,
    config: Option<serde_json::Value>,
}

/// Drafts a formula for what a reference names.
pub(super) fn draft(desk: &mut Desk<'_>, reference: &str) -> Result<(), Error> {
    let place = Place::parse(reference)
        .map_err(|source| Error::Reference { reference: reference.to_owned(), source })?;
    let place = tagged(desk, place)?;
    let manifest = ask(desk, &place)?;
    let document = read(&manifest, &place)?;
    let (pins, first, annotations) = match document {
        Document::Index(index) => {
            let annotations = index.annotations.clone();
            let first = index.manifests.iter().find(|one| {
                oci::media_type::Kind::of(&one.media_type) == Some(oci::media_type::Kind::Image)
            });
            let first = first.map(|one| place.with_digest(one.digest.clone()));
            let platforms: Vec<String> = index
                .manifests
                .iter()
                .filter_map(|one| one.platform.as_ref())
                .filter(|platform| !platform.is_unknown())
                .map(ToString::to_string)
                .collect();
            desk.guess("platforms", platforms.join(" "), "the index lists them");
            (vec![("index".to_owned(), manifest.digest.clone())], first, annotations)
        }
        Document::Image(_) => {
            (Vec::new(), Some(place.with_digest(manifest.digest.clone())), BTreeMap::new())
        }
    };
    let mut found = match first {
        Some(first) => look(desk, &first)?,
        None => Found { annotations: BTreeMap::new(), is_image: false, config: None },
    };
    found.annotations.extend(annotations);
    desk.sketch.pins = match pins.is_empty() {
        false => pins,
        true => {
            let key = key_of(found.config.as_ref());
            desk.guess("platforms", key.to_string(), "the artifact's config says so");
            vec![(key.to_string(), manifest.digest.clone())]
        }
    };
    describe(desk, &place, &found)?;
    source(desk, &place, &found);
    Ok(())
}

/// The place with a tag: a bare repository leads to its newest version.
fn tagged(desk: &mut Desk<'_>, place: Place) -> Result<Place, Error> {
    let names_a_version = tag_of(&place).is_some_and(|tag| version_in_tag(tag).is_some());
    let Place::Registry(reference) = &place else { return Ok(place) };
    if names_a_version || reference.digest().is_some() {
        return Ok(place);
    }
    let tags = desk.upstream.runtime.block_on(desk.upstream.client.tags(&place));
    let tags =
        tags.map_err(|source| Error::Ask { place: place.to_string(), source: Box::new(source) })?;
    let versions = tags.iter().filter_map(|tag| {
        let text = version_in_tag(tag)?;
        let version = formula::Version::parse(&text, formula::Scheme::Loose).ok()?;
        let is_plain = text.chars().all(|c| c.is_ascii_digit() || c == '.') && text.contains('.');
        is_plain.then_some((version, tag))
    });
    let newest = versions.max_by(|(a, _), (b, _)| a.cmp(b));
    let Some((_, tag)) = newest else { return Ok(place) };
    desk.guess("tag", tag.clone(), "the newest that is a version");
    Ok(reference.with_tag(tag).map_or_else(|_| place.clone(), Place::Registry))
}

fn tag_of(place: &Place) -> Option<&str> {
    match place.wanted() {
        Some(oci::Wanted::Tag(tag)) => Some(tag),
        _ => None,
    }
}

fn ask(desk: &Desk<'_>, place: &Place) -> Result<Manifest, Error> {
    let manifest = desk.upstream.runtime.block_on(desk.upstream.client.manifest(place));
    manifest.map_err(|source| Error::Ask { place: place.to_string(), source: Box::new(source) })
}

fn read(manifest: &Manifest, place: &Place) -> Result<Document, Error> {
    manifest.document().map_err(|source| Error::Manifest { place: place.to_string(), source })
}

/// What one manifest and its config say.
fn look(desk: &Desk<'_>, place: &Place) -> Result<Found, Error> {
    let manifest = ask(desk, place)?;
    let Document::Image(image) = read(&manifest, place)? else {
        return Ok(Found { annotations: BTreeMap::new(), is_image: false, config: None });
    };
    let is_config = image.config.media_type.ends_with("image.config.v1+json")
        || image.config.media_type.ends_with("container.image.v1+json");
    let is_package = image.artifact_type.is_some() || formula_annotation(&image.annotations);
    let config = match image.config.size <= CONFIG_BYTES_MAX && is_config {
        true => desk.upstream.runtime.block_on(config(desk, place, &image.config)),
        false => None,
    };
    Ok(Found { annotations: image.annotations, is_image: is_config && !is_package, config })
}

fn formula_annotation(annotations: &BTreeMap<String, String>) -> bool {
    annotations.contains_key(formula::Annotation::KEY)
}

/// A config; one that cannot be had says nothing.
async fn config(
    desk: &Desk<'_>,
    place: &Place,
    descriptor: &oci::Descriptor,
) -> Option<serde_json::Value> {
    let start = oci::Start::of(descriptor).ok()?;
    let download = desk.upstream.client.blob(place, descriptor, start).await.ok()?;
    serde_json::from_slice(&download.whole().await.ok()?).ok()
}

/// The platform that a config names, else `any`.
fn key_of(config: Option<&serde_json::Value>) -> Key {
    let word = |name: &str| config.and_then(|config| config[name].as_str());
    let (Some(os), Some(arch)) = (word("os"), word("architecture")) else { return Key::Any };
    let os = if os == "darwin" { Some(Os::Macos) } else { Os::from_word(os) };
    let arch = match (arch, word("variant")) {
        ("arm", Some("v7")) => Some(formula::Arch::Armv7),
        (arch, _) => formula::Arch::from_word(arch),
    };
    let features = config.and_then(|config| config["os.features"].as_array());
    let libc = features
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_str)
        .find_map(|word| Libc::from_word(word.strip_prefix("libc.")?));
    match (os, arch) {
        (Some(os), Some(arch)) => Key::Platform(Platform { os, arch, libc }),
        _ => Key::Any,
    }
}

fn describe(desk: &mut Desk<'_>, place: &Place, found: &Found) -> Result<(), Error> {
    let said =
        |key: &str| found.annotations.get(key).filter(|text| !text.trim().is_empty()).cloned();
    let last = match place {
        Place::Registry(reference) => reference.repository().rsplit('/').next().map(str::to_owned),
        _ => place.to_string().trim_end_matches('/').rsplit(['/', ':']).next().map(str::to_owned),
    };
    let title = said(TITLE).and_then(|title| origin::name(&title));
    let last = last.and_then(|last| origin::name(&last));
    desk.set_name(&[(title, "the artifact's title"), (last, "the repository's name")])?;
    let tag = tag_of(place).map(str::to_owned);
    let by_tag = tag.as_deref().and_then(version_in_tag);
    if let Some(version) = &by_tag {
        desk.set_version(version, "the tag has it");
    } else if let Some(version) = said(VERSION).as_deref().and_then(version_in_tag) {
        desk.set_version(&version, "the artifact says so");
    }
    let why = "the artifact says so";
    let summary =
        said(DESCRIPTION).map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    if let Some(summary) = summary {
        desk.guess("summary", summary.clone(), why);
        desk.sketch.summary = Some(summary.trim_end_matches('.').to_owned());
    }
    if let Some(license) = said(LICENSES) {
        desk.guess("license", license.clone(), why);
        desk.sketch.license = Some(license);
    }
    let homepage = said(URL).or(said(SOURCE)).filter(|url| url.starts_with("https://"));
    desk.sketch.homepage = homepage;
    let created = said(CREATED).and_then(|time| time.get(..10).map(str::to_owned));
    // Packages have one time for all, so that they are the same on every machine.
    desk.sketch.date = created.filter(|day| !day.starts_with("19"));
    Ok(())
}

/// `[source]`, and for an image what to take of it.
fn source(desk: &mut Desk<'_>, place: &Place, found: &Found) {
    let text = |key: &str, text: String| (key.to_owned(), Value::Text(text));
    let repository = match place {
        Place::Registry(reference) => format!("{}/{}", reference.host(), reference.repository()),
        other => other.to_string().split('@').next().map_or_else(String::new, |text| {
            let tag = tag_of(other).map(|tag| format!(":{tag}"));
            tag.and_then(|tag| text.strip_suffix(&tag)).unwrap_or(text).to_owned()
        }),
    };
    let key = if found.is_image { "image" } else { "oci" };
    let mut lines = vec![text(key, repository.clone())];
    desk.guess(
        key,
        repository,
        if found.is_image { "it is a container image" } else { "it is an artifact" },
    );
    let version = desk.sketch.version.clone();
    if let Some(tag) = tag_of(place) {
        let tag = super::asset::versioned(tag, &version);
        if tag != "{version}" {
            lines.push(text("tag", tag));
        }
    }
    if found.is_image {
        let entry = found.config.as_ref().and_then(entry);
        let command = entry.as_deref().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
        match &entry {
            Some(path) => desk.guess("paths", path.clone(), "the image runs it"),
            None => desk.left.push("`paths`: which files of the image are taken".to_owned()),
        }
        let paths = vec![entry.unwrap_or_else(|| super::text::FILL_IN.to_owned())];
        lines.push(("paths".to_owned(), Value::List(paths)));
        desk.sketch.test = command;
    } else {
        desk.sketch.test = Some(desk.sketch.name.clone());
        desk.sketch.is_test_guessed = true;
    }
    desk.left
        .push("`[test]`: whether there is such a command, and it prints its version".to_owned());
    desk.sketch.source = lines;
}

/// The program that an image runs, if its path is absolute.
fn entry(config: &serde_json::Value) -> Option<String> {
    let of = |key: &str| config["config"][key][0].as_str();
    let path = of("Entrypoint").or(of("Cmd"))?;
    let path = path.strip_prefix('/')?;
    (!path.is_empty() && !path.ends_with("/sh") && !path.ends_with("/bash"))
        .then(|| path.to_owned())
}
