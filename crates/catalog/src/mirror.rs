//! Mirrors of taps: what stands where, so that a registry inside needs nothing outside.
//!
//! A mirrored edition is the same artifact, byte for byte, with the same serial. Whatever its
//! formulas pin lies by digest in a repository of the formula below the tap's own, or in the same
//! layout; where it lay before is not asked while it is there. A tag beside the editions says that
//! a tap is a mirror. How things get there is not known here.

use std::collections::BTreeMap;

use digest::Digest;
use formula::{Name, Platform};
use oci::{Artifact, Client, Descriptor, Document, Manifest, Place, Start, media_type};

/// The tag of the mark; no edition and no version has one that begins so.
pub const TAG: &str = "_mirror";
/// The type of the mark.
pub const MARK: &str = "application/vnd.pkg.tap.mirror.v1";
/// The type of what holds bytes that were pinned outside of registries.
pub const ARCHIVE: &str = "application/vnd.pkg.archive.v1";

const OF_KEY: &str = "dev.pkg.mirror.of";
const EDITION_KEY: &str = "dev.pkg.mirror.edition";
const PLATFORMS_KEY: &str = "dev.pkg.mirror.platforms";
const OUTSIDE_KEY: &str = "dev.pkg.mirror.outside";
/// The value where what lies outside of registries was left out.
const SKIPPED: &str = "skipped";

/// What a tap's repository says of itself as a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Where the tap was copied from.
    pub of: String,
    /// The manifest of the edition that was copied last, with all that it names.
    pub edition: Digest,
    /// The only platforms that were copied; all where none is named.
    pub platforms: Vec<Platform>,
    /// Whether what lies outside of registries was copied too.
    pub with_outside: bool,
}

impl Mark {
    /// Reads a mark; `None` for anything else.
    pub fn of(manifest: &Manifest) -> Option<Self> {
        let Document::Image(image) = manifest.document().ok()? else { return None };
        if image.artifact_type.as_deref() != Some(MARK) {
            return None;
        }
        let said = |key| image.annotations.get(key).map(String::as_str);
        let platforms = said(PLATFORMS_KEY).unwrap_or_default().split_whitespace();
        Some(Self {
            of: said(OF_KEY)?.chars().filter(|c| !c.is_control()).take(512).collect(),
            edition: said(EDITION_KEY)?.parse().ok()?,
            platforms: platforms.map(str::parse).collect::<Result<_, _>>().ok()?,
            with_outside: said(OUTSIDE_KEY) != Some(SKIPPED),
        })
    }

    /// The artifact that says it.
    pub fn artifact(&self) -> Artifact {
        let platforms: Vec<_> = self.platforms.iter().map(ToString::to_string).collect();
        let mut annotations = BTreeMap::from([
            (OF_KEY.to_owned(), self.of.clone()),
            (EDITION_KEY.to_owned(), self.edition.to_string()),
        ]);
        if !platforms.is_empty() {
            annotations.insert(PLATFORMS_KEY.to_owned(), platforms.join(" "));
        }
        if !self.with_outside {
            annotations.insert(OUTSIDE_KEY.to_owned(), SKIPPED.to_owned());
        }
        let artifact =
            Artifact { artifact_type: MARK.to_owned(), annotations, ..Artifact::default() };
        // The specification wants a layer, and the empty config serves as one.
        Artifact { layers: vec![artifact.config().0], ..artifact }
    }
}

/// Where everything lies that the formula `name` of a mirrored tap pins.
pub fn place(tap: &Place, name: &Name) -> Place {
    match tap {
        Place::Registry(reference) => {
            let (host, repository) = (reference.host(), reference.repository());
            let text = format!("{host}/{repository}/{}", repository_name(name));
            // A name of a formula makes a repository of any that is one.
            Place::parse(&text).unwrap_or_else(|_| tap.bare())
        }
        layout => layout.bare(),
    }
}

/// A tag as it is written at [`place`]: in a layout the formula's name stands before it.
pub fn tag(tap: &Place, name: &Name, tag: &str) -> String {
    match tap {
        Place::Registry(_) => tag.to_owned(),
        _ => format!("{}/{tag}", repository_name(name)),
    }
}

/// The tag that keeps what is pinned by `digest`, which no version can be called like.
pub fn keeper(digest: &Digest) -> String {
    format!("_{}.{}", digest.algorithm(), digest.encoded().get(..64).unwrap_or(digest.encoded()))
}

/// A manifest or index by its digest, of a place that may not have it.
///
/// An index of which only some platforms were copied is a blob there, as registries refuse one of
/// which they lack a part.
pub async fn manifest(
    client: &Client,
    place: &Place,
    digest: &Digest,
) -> Result<Option<Manifest>, oci::Error> {
    let exactly = place.with_digest(digest.clone());
    if let Some(manifest) = oci::found(client.manifest(&exactly).await)? {
        return Ok(Some(manifest));
    }
    let descriptor = Descriptor::new(media_type::IMAGE_INDEX, digest.clone(), 0);
    let start = Start::new(digest.clone(), None)?;
    let Some(mut download) = oci::found(client.blob(place, &descriptor, start).await)? else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    while let Some(piece) = download.next().await? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > oci::manifest::BYTES_MAX {
            return Ok(None);
        }
    }
    let media_type = media_type::IMAGE_INDEX.to_owned();
    let index = Manifest { bytes: bytes.into(), media_type, digest: digest.clone() };
    // Another blob of that digest is no index.
    Ok(matches!(index.document(), Ok(Document::Index(_))).then_some(index))
}

fn repository_name(name: &Name) -> String {
    name.as_str().replace('+', "__p")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let check = |platforms: &[&str], with_outside| {
            let platforms = platforms.iter().map(|text| text.parse().unwrap()).collect();
            let (of, edition) = ("oci://reg.example/tap".to_owned(), Digest::sha256(b"e"));
            let mark = Mark { of, edition, platforms, with_outside };
            assert_eq!(Mark::of(&mark.artifact().manifest()), Some(mark));
        };
        check(&[], true);
        check(&["linux-amd64", "macos-arm64"], false);
        assert_eq!(Mark::of(&Artifact::default().manifest()), None);
    }

    #[test]
    fn what_a_formula_pins_has_a_place() {
        let check = |tap: &str, name: &str, expect: &str, tagged: &str| {
            let (tap, name) = (Place::parse(tap).unwrap(), Name::parse(name).unwrap());
            assert_eq!(place(&tap, &name).to_string(), expect);
            let tag = tag(&tap, &name, "1.0");
            assert_eq!(place(&tap, &name).with_tag(&tag).unwrap().to_string(), tagged);
        };
        let registry = "oci://reg.example:5000/acme/tap";
        check(
            &format!("{registry}:latest"),
            "g++",
            &format!("{registry}/g__p__p"),
            &format!("{registry}/g__p__p:1.0"),
        );
        check("oci:here:latest", "foo", "oci:here", "oci:here:foo/1.0");
        check("oci-archive:x.tar", "foo", "oci-archive:x.tar", "oci-archive:x.tar:foo/1.0");
    }

    #[test]
    fn a_keeper_is_a_tag_of_any_registry() {
        let place = Place::parse("reg.example/a").unwrap();
        for digest in [Digest::sha256(b""), format!("sha512:{}", "a".repeat(128)).parse().unwrap()]
        {
            assert!(place.with_tag(&keeper(&digest)).is_ok(), "{digest}");
        }
    }
}
