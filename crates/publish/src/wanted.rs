//! What a formula pins: every address, file and artifact of its versions, with its digest.
//!
//! Nothing is asked or read here; what is pinned several times is listed once.

use std::path::PathBuf;

use catalog::{Found, Published};
use digest::Digest;
use formula::{PatchPlace, Platform, Release, Resolved, Source};

/// Something with a digest, and whatever names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The versions and platforms that name it: `tool 1.2.0 linux-amd64`.
    pub named: Vec<String>,
    /// What it is.
    pub what: What,
    /// Its digest.
    pub digest: Digest,
}

/// What is pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The bytes at an address.
    Url(String),
    /// A file of this machine.
    File(PathBuf),
    /// A manifest or index, with everything that it names.
    Artifact(String),
    /// The tree of a commit.
    Tree {
        /// The repository's address or path.
        url: String,
        /// The commit.
        commit: String,
    },
}

impl What {
    /// Where it is, in one line.
    pub fn place(&self) -> String {
        match self {
            Self::Url(place) | Self::Artifact(place) => place.clone(),
            Self::Tree { url, commit } => format!("{url} at {commit}"),
            Self::File(path) => path.display().to_string(),
        }
    }
}

/// Everything that a formula pins, in the order of its versions.
///
/// What does not resolve is left out: `pkg check` tells why.
pub fn wanted(found: &Found) -> Vec<Wanted> {
    let mut list = List { found, wanted: Vec::new() };
    for release in found.formula.releases() {
        for platform in platforms(found, release) {
            if let Ok(resolved) = found.formula.resolve(&release.version, &platform) {
                list.resolved(&resolved, release.index.is_some());
            }
        }
        list.published(release);
    }
    list.wanted
}

/// The platforms that a version is resolved for; with an index every usual one, since only the
/// index says which there are.
pub(crate) fn platforms(found: &Found, release: &Release) -> Vec<Platform> {
    let platforms = found.formula.platforms(&release.version);
    if platforms.is_empty() { Platform::usual().collect() } else { platforms }
}

struct List<'a> {
    found: &'a Found,
    wanted: Vec<Wanted>,
}

impl List<'_> {
    fn resolved(&mut self, resolved: &Resolved, is_index: bool) {
        // An index says its platforms itself; a tree is the same on all of them.
        let name = match is_index || matches!(resolved.source, Source::Git { .. }) {
            true => format!("{} {}", resolved.name, resolved.version),
            false => format!("{} {} {}", resolved.name, resolved.version, resolved.key),
        };
        match &resolved.build {
            None => self.source(&name, &resolved.source),
            Some(build) => {
                let name = format!("{} {} source", resolved.name, resolved.version);
                self.source(&name, &build.source);
                for patch in &build.patches {
                    let what = match &patch.place {
                        PatchPlace::File(path) => What::File(self.below(path)),
                        PatchPlace::Url(url) => What::Url(url.clone()),
                    };
                    self.push(&name, what, &patch.digest);
                }
            }
        }
    }

    fn source(&mut self, name: &str, source: &Source) {
        match source {
            Source::Http { urls, digest, .. } => {
                urls.iter().for_each(|url| self.push(name, What::Url(url.clone()), digest));
            }
            Source::File { path, digest, .. } => {
                let path = self.below(path);
                self.push(name, What::File(path), digest);
            }
            Source::Oci { reference, pin, .. } | Source::Image { reference, pin, .. } => {
                self.push(name, What::Artifact(reference.clone()), pin.digest());
            }
            Source::Git { url, commit, digest, .. } => {
                let url = match url.contains("://") {
                    true => url.clone(),
                    false => self.below(url).display().to_string(),
                };
                self.push(name, What::Tree { url, commit: commit.clone() }, digest);
            }
            Source::Build { .. } | Source::Later { .. } => {}
        }
    }

    /// The index that was pushed for a version, where the tap says in which registry.
    fn published(&mut self, release: &Release) {
        let formula = &self.found.formula;
        let (Some(digest), Some(base)) = (&release.package, &self.found.registry) else { return };
        let (version, revision) = (release.version.as_str(), release.revision);
        let place = Published::new(base, formula.name(), version, revision).reference();
        let name = format!("{} {version} package", formula.name());
        self.push(&name, What::Artifact(place), digest);
    }

    fn push(&mut self, name: &str, what: What, digest: &Digest) {
        let known = self.wanted.iter_mut().find(|w| w.digest == *digest && w.what == what);
        match known {
            Some(known) if known.named.iter().any(|there| there == name) => {}
            Some(known) => known.named.push(name.to_owned()),
            None => {
                let named = vec![name.to_owned()];
                self.wanted.push(Wanted { named, what, digest: digest.clone() });
            }
        }
    }

    fn below(&self, path: &str) -> PathBuf {
        let folder = self.found.folder.as_ref();
        folder.map_or_else(|| PathBuf::from(path), |folder| folder.join(path))
    }
}
