//! The name of a keg's folder: another content is another keg, never a rewrite.

use std::collections::BTreeMap;

use catalog::Artifact;
use digest::Sha256;
use formula::{Resolved, Scheme, Source, Version};
use serde::Serialize;
use store::generation::Keg;

use crate::needs;

/// Hexadecimal digits of a keg's id.
const ID_DIGITS: usize = 12;

/// What a keg's id is the digest of; never a URL, a tag or a mirror.
#[derive(Serialize)]
struct Identity<'a> {
    artifact: [&'a str; 1],
    platform: String,
    source: SourceIdentity<'a>,
    expose: &'a formula::Expose,
    setup: &'a [formula::Setup],
    #[serde(skip_serializing_if = "Option::is_none")]
    wrapped: Option<Wrapped<'a>>,
    /// The root, where files are written for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    relocated: Option<&'a str>,
}

#[derive(Serialize)]
struct SourceIdentity<'a> {
    strategy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    strip: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<formula::Format>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    paths: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    external_links: &'a [String],
}

/// Wrappers hold the environment and the keg's absolute path.
#[derive(Serialize)]
struct Wrapped<'a> {
    env: &'a BTreeMap<String, String>,
    root: &'a str,
    /// The slots that `{dep:NAME}` may name, where there are any.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    slots: BTreeMap<String, Option<String>>,
}

/// `<version>[_<revision>]-<id>` of the package as it would be unpacked for `root`, beside `kegs`.
pub(crate) fn leaf(package: &Resolved, artifact: &Artifact, root: &str, kegs: &[Keg]) -> String {
    let id = Sha256::of(&canonical(package, artifact, root, kegs)).to_hex();
    format!("{}-{}", shown(package), &id[..ID_DIGITS])
}

/// The JSON that a keg's id is the digest of.
fn canonical(package: &Resolved, artifact: &Artifact, root: &str, kegs: &[Keg]) -> Vec<u8> {
    let slots = || {
        let slots = needs::slots(&package.depends, kegs).into_iter();
        slots.filter(|(_, slot)| slot.is_some()).collect()
    };
    let relocations = artifact.annotation.as_ref().map(|said| &said.relocations);
    let identity = Identity {
        artifact: [artifact.digest.as_str()],
        platform: package.key.to_string(),
        source: source(&package.source),
        expose: &package.expose,
        setup: &package.setup,
        wrapped: package.expose.wrap.then(|| Wrapped { env: &package.env, root, slots: slots() }),
        relocated: relocations.filter(|list| !list.is_empty()).map(|_| root),
    };
    // RFC 8785, so that the id does not depend on how a library orders keys.
    serde_jcs::to_vec(&identity).expect("an identity has only text keys")
}

/// A version whose scheme is not remembered.
pub(crate) fn version(text: &str) -> Option<Version> {
    let semver = Version::parse(text, Scheme::Semver);
    semver.or_else(|_| Version::parse(text, Scheme::Loose)).ok()
}

/// `<version>[_<revision>]`, as people read it.
pub(crate) fn shown(package: &Resolved) -> String {
    formula::shown_version(&package.version, package.revision)
}

fn source(source: &Source) -> SourceIdentity<'_> {
    let of = |strategy, strip, format, external_links| SourceIdentity {
        strategy,
        strip,
        format,
        paths: &[],
        external_links,
    };
    match source {
        Source::Oci { strip, format, external_links, .. } => {
            of("oci", *strip, *format, external_links)
        }
        Source::Http { strip, format, external_links, .. } => {
            of("http", *strip, *format, external_links)
        }
        Source::File { strip, format, external_links, .. } => {
            of("file", *strip, *format, external_links)
        }
        Source::Git { strip, external_links, .. } => of("git", *strip, None, external_links),
        Source::Image { strip, paths, external_links, .. } => {
            SourceIdentity { paths, ..of("image", *strip, None, external_links) }
        }
        Source::Build { .. } => of("build", None, None, &[]),
        Source::Later { .. } => of("later", None, None, &[]),
    }
}

#[cfg(test)]
mod tests;
