//! A package straight from a reference: no tap, no formula, only what the registry says.

use std::collections::BTreeMap;

use formula::{Expose, Key, Name, Pin, Platform, Requires, Resolved, Scheme, Source, Version};
use oci::{Document, Place};

use crate::{
    artifact::{Artifact, Reading},
    locate::{self, Error, Way},
    manifests::Manifests,
};

/// The tap that such packages belong to.
pub const TAP: &str = "direct";

/// A package that a reference names.
#[derive(Debug, Clone)]
pub struct Direct {
    /// What a formula would say of it.
    pub resolved: Resolved,
    /// Its layers.
    pub artifact: Artifact,
}

/// Follows a reference; its tag is asked for each time, a digest at most once.
pub async fn follow(
    place: &Place,
    host: &Platform,
    manifests: &Manifests,
    client: &oci::Client,
) -> Result<Direct, Error> {
    let name = name_of(place);
    let asked = client
        .manifest(place)
        .await
        .map_err(|source| Error::Asked { place: place.to_string(), source: Box::new(source) })?;
    manifests.keep(&asked);
    let wants_index = matches!(locate::document(place, &asked)?, Document::Index(_));
    let reading = Reading { name: name.as_str(), format: None, strip: None, paths: None };
    let mut way = Way::new(reading, place.clone(), asked.digest.clone(), wants_index, host)?;
    let first = way.follow(&asked)?;
    let artifact = match first {
        Some(artifact) => artifact,
        None => way.ask(manifests, client).await?,
    };
    let pin = Pin::Manifest(artifact.digest.clone());
    let resolved = resolved(place, &name, &artifact, pin, host);
    Ok(Direct { resolved, artifact })
}

fn resolved(
    place: &Place,
    name: &Name,
    artifact: &Artifact,
    pin: Pin,
    host: &Platform,
) -> Resolved {
    let said = artifact.annotation.clone();
    let source = Source::Oci {
        reference: place.to_string(),
        pin,
        format: None,
        strip: None,
        external_links: said.as_ref().map_or_else(Vec::new, |said| said.external_links.clone()),
    };
    let version = match &said {
        Some(said) => said.version.clone(),
        None => version_of(place, artifact),
    };
    Resolved {
        name: said.as_ref().map_or_else(|| name.clone(), |said| said.name.clone()),
        version,
        revision: said.as_ref().map_or(0, |said| said.revision),
        scheme: Scheme::Loose,
        slot: said.as_ref().and_then(|said| said.slot.clone()),
        key: Key::Platform(*host),
        platform: *host,
        license: said.as_ref().map_or_else(String::new, |said| said.license.clone()),
        summary: said.as_ref().map_or_else(String::new, |said| said.summary.clone()),
        homepage: None,
        keg_only: said.as_ref().and_then(|said| said.keg_only.clone()),
        source,
        build: None,
        package: None,
        requires: said.as_ref().map_or_else(Requires::default, |said| said.requires.clone()),
        depends: said.as_ref().map_or_else(BTreeMap::new, |said| said.depends.clone()),
        conflicts: said.as_ref().map_or_else(BTreeMap::new, |said| said.conflicts.clone()),
        replaces: Vec::new(),
        aliases: Vec::new(),
        expose: said.as_ref().map_or_else(Expose::default, |said| said.expose.clone()),
        env: said.as_ref().map_or_else(BTreeMap::new, |said| said.env.clone()),
        setup: said.as_ref().map_or_else(Vec::new, |said| said.setup.clone()),
        tests: said.as_ref().map_or_else(Vec::new, |said| said.tests.clone()),
        service: said.and_then(|said| said.service),
        caveats: None,
        deprecated: None,
        disabled: None,
        yanked: None,
    }
}

/// The last part of the place, as a name: other characters become `-`.
fn name_of(place: &Place) -> Name {
    let text = |name: Option<&std::ffi::OsStr>| {
        name.map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    };
    let last = match place {
        Place::Registry(reference) => {
            reference.repository().rsplit('/').next().unwrap_or_default().to_owned()
        }
        Place::Layout { path, .. } => text(path.file_name()),
        Place::Archive { path, .. } => text(path.file_stem()),
        Place::Memory { .. } => String::new(),
    };
    if let Ok(name) = Name::parse(&last) {
        return name;
    }
    let mut text = String::new();
    for c in last.to_ascii_lowercase().chars().take(64) {
        match c {
            'a'..='z' | '0'..='9' => text.push(c),
            _ if text.is_empty() || text.ends_with('-') => {}
            _ => text.push('-'),
        }
    }
    let text = text.trim_end_matches('-');
    Name::parse(text).unwrap_or_else(|_| Name::parse("package").expect("it follows the grammar"))
}

/// The tag where it can be a version, else one made of the manifest's digest.
///
/// A tag cannot hold `+`: helm and pkg write `_` in its place.
fn version_of(place: &Place, artifact: &Artifact) -> String {
    let version = place.tag().map(|tag| tag.replace('_', "+"));
    version
        .filter(|tag| Version::parse(tag, Scheme::Loose).is_ok())
        .unwrap_or_else(|| format!("0-{}", artifact.digest.short()))
}
