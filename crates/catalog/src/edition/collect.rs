//! What was published of a tap's versions: the platforms of each `package`, asked of the registry.

use std::collections::BTreeMap;

use digest::Digest;
use formula::{Annotation, Key, Name, Platform};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use oci::{Client, Descriptor, Document, Place};

use super::{
    Package, Version,
    pack::{Contents, Packages},
};
use crate::{locate::in_oci_words, manifests::Manifests, published::Published};

/// Versions that are asked for at once.
const AT_ONCE: usize = 8;

/// What was published of a version cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tap names no registry, and so nobody can find its packages.
    #[error("`{name}` {version} names a `package`, and the tap's `tap.toml` names no registry")]
    NoRegistry {
        /// Name of the formula.
        name: Name,
        /// The version.
        version: String,
    },
    /// The repository's name cannot be one.
    #[error("`{place}` is not a repository")]
    Place {
        /// The repository.
        place: String,
        /// What is wrong with it.
        #[source]
        source: oci::place::Error,
    },
    /// The registry does not give what a formula names.
    #[error("cannot get the package of `{name}` {version} from {place}")]
    Ask {
        /// Name of the formula.
        name: Name,
        /// The version.
        version: String,
        /// The index or manifest.
        place: String,
        /// What the registry said.
        #[source]
        source: Box<oci::Error>,
    },
    /// What a formula names is no package.
    #[error("what `{name}` {version} names as its `package` is none: {why}")]
    NoPackage {
        /// Name of the formula.
        name: Name,
        /// The version.
        version: String,
        /// What it is instead.
        why: String,
    },
}

/// One version that has a `package`.
struct Wanted {
    name: Name,
    version: String,
    revision: u32,
    index: Digest,
    place: Place,
}

/// The packages of all versions of a tap; each manifest is asked for once, ever.
pub async fn collect(
    contents: &Contents,
    client: &Client,
    manifests: &Manifests,
) -> Result<Packages, Error> {
    let mut wanted = Vec::new();
    for entry in &contents.entries {
        for version in &entry.versions {
            wanted.extend(want(&entry.name, version, contents.registry.as_deref())?);
        }
    }
    let ask = async |one: Wanted| {
        let platforms = one.platforms(client, manifests).await?;
        Ok(((one.name, one.version, one.revision), platforms))
    };
    stream::iter(wanted).map(ask).buffer_unordered(AT_ONCE).try_collect().await
}

fn want(name: &Name, of: &Version, registry: Option<&str>) -> Result<Option<Wanted>, Error> {
    let Some(index) = &of.package else { return Ok(None) };
    let (name, version, revision) = (name.clone(), of.version.clone(), of.revision);
    let Some(registry) = registry else { return Err(Error::NoRegistry { name, version }) };
    let text = Published::new(registry, &name, &version, revision).reference();
    let place = Place::parse(&text);
    let place = place.map_err(|source| Error::Place { place: text, source })?;
    Ok(Some(Wanted { name, version, revision, index: index.clone(), place }))
}

impl Wanted {
    async fn platforms(
        &self,
        client: &Client,
        manifests: &Manifests,
    ) -> Result<BTreeMap<Key, Package>, Error> {
        let index = self.ask(&self.index, client, manifests).await?;
        let Ok(Document::Index(index)) = index.document() else {
            return Err(self.no_package("it is no index"));
        };
        let mut platforms = BTreeMap::new();
        for entry in &index.manifests {
            let Some(key) = key(entry) else {
                return Err(self.no_package("its index names a platform that no formula can"));
            };
            let manifest = self.ask(&entry.digest, client, manifests).await?;
            let Ok(Document::Image(image)) = manifest.document() else {
                return Err(self.no_package("its index names what is no manifest"));
            };
            let said = Annotation::of(&image.annotations);
            let said = said.map_err(|error| self.no_package(&error.to_string()))?;
            let said = self.checked(said)?;
            let size = image.layers.iter().map(|layer| layer.size).fold(0, u64::saturating_add);
            let package = Package {
                manifest: entry.digest.clone(),
                size,
                unpacked_size: said.unpacked_size,
                entries: said.entries,
            };
            if platforms.insert(key, package).is_some() {
                return Err(self.no_package(&format!("its index lists {key} twice")));
            }
        }
        Ok(platforms)
    }

    /// What the package says of itself, if it is this version.
    fn checked(&self, said: Option<Annotation>) -> Result<Annotation, Error> {
        let said = said.ok_or_else(|| self.no_package("it does not say what it is"))?;
        let is_it = said.name == self.name
            && said.version == self.version
            && said.revision == self.revision;
        match is_it {
            true => Ok(said),
            false => {
                let Annotation { name, version, revision, .. } = &said;
                let why = format!("it is {name} {version}, revision {revision}; publish it anew");
                Err(self.no_package(&why))
            }
        }
    }

    async fn ask(
        &self,
        digest: &Digest,
        client: &Client,
        manifests: &Manifests,
    ) -> Result<oci::Manifest, Error> {
        if let Some(manifest) = manifests.get(digest) {
            return Ok(manifest);
        }
        let place = self.place.with_digest(digest.clone());
        let asked = client.manifest(&place).await.map_err(|source| Error::Ask {
            name: self.name.clone(),
            version: self.version.clone(),
            place: place.to_string(),
            source: Box::new(source),
        })?;
        manifests.keep(&asked);
        Ok(asked)
    }

    fn no_package(&self, why: &str) -> Error {
        let (name, version) = (self.name.clone(), self.version.clone());
        Error::NoPackage { name, version, why: why.to_owned() }
    }
}

/// The key of an entry of a package's index; none for a platform that formulas have no word for.
pub fn key(entry: &Descriptor) -> Option<Key> {
    let Some(platform) = &entry.platform else { return Some(Key::Any) };
    let with_libc = Platform::usual().flat_map(|usual| {
        let libcs = formula::Libc::ALL.iter().map(|libc| Some(*libc));
        libcs.chain([None]).map(move |libc| Platform { libc, ..usual })
    });
    let mut known = with_libc.filter(|one| one.libc.is_none() || one.os == formula::Os::Linux);
    known.find(|known| in_oci_words(known) == *platform).map(Key::Platform)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_in_oci_words_is_a_key_again() {
        for text in ["linux-amd64", "linux-arm64-musl", "linux-armv7", "macos-arm64", "any"] {
            let wanted: Key = text.parse().unwrap();
            let digest = Digest::sha256(b"");
            let mut entry = Descriptor::new(oci::media_type::IMAGE_MANIFEST, digest, 0);
            if let Key::Platform(platform) = wanted {
                entry.platform = Some(in_oci_words(&platform));
            }
            assert_eq!(key(&entry), Some(wanted), "{text}");
            entry.platform = Some(oci::Platform::new("plan9", "amd64"));
            assert_eq!(key(&entry), None);
        }
    }
}
