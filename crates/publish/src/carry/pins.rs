//! What the versions of a formula need to be installed: packages, and what they are made of where
//! none was published.

use catalog::{Artifact, Found, Layer, Manifests, Published, locate};
use digest::Digest;
use formula::{Key, Name, Platform, Release, Resolved, Source};
use install::{Around, Home};
use oci::Place;

use crate::{sources, wanted};

/// Something that a formula pins.
#[derive(Debug, Clone)]
pub(crate) struct Pinned {
    /// What names it, in words: `tool 1.2.0 linux-amd64`.
    pub(crate) named: String,
    /// The formula.
    pub(crate) formula: Name,
    /// What it is.
    pub(crate) what: What,
    /// Its digest.
    pub(crate) digest: Digest,
    /// Places that may have it, and are asked before its own.
    pub(crate) nearby: Vec<Place>,
}

/// What is pinned.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// The index of a version that was published, and the version's tag.
    Package { place: Place, tag: String },
    /// A manifest or index of any registry.
    Artifact(Place),
    /// Bytes that lie in no registry.
    Outside(Box<Layer>),
}

impl Pinned {
    /// Where it is, in words.
    pub(crate) fn place(&self) -> String {
        match &self.what {
            What::Package { place, .. } | What::Artifact(place) => place.to_string(),
            What::Outside(layer) => layer.origin.describe(),
        }
    }
}

/// What is needed of a formula for some platforms; for all that it has where none is named.
pub(crate) struct Pins<'a> {
    found: &'a Found,
    around: Around,
    platforms: &'a [Platform],
    pinned: Vec<Pinned>,
}

impl<'a> Pins<'a> {
    pub(crate) fn new(home: &Home, found: &'a Found, platforms: &'a [Platform]) -> Self {
        let around = home.around(found);
        Self { found, around, platforms, pinned: Vec::new() }
    }

    /// Of all versions.
    pub(crate) fn all(mut self) -> Vec<Pinned> {
        for release in self.found.formula.releases() {
            self.add(release);
        }
        self.pinned
    }

    /// Of one version.
    pub(crate) fn of(mut self, version: &str) -> Vec<Pinned> {
        let mut releases = self.found.formula.releases().iter();
        if let Some(release) = releases.find(|release| release.version.as_str() == version) {
            self.add(release);
        }
        self.pinned
    }

    fn add(&mut self, release: &Release) {
        let formula = &self.found.formula;
        let (version, revision) = (release.version.as_str(), release.revision);
        if let (Some(digest), Some(base)) = (&release.package, &self.found.registry) {
            let published = Published::new(base, formula.name(), version, revision);
            if let Ok(place) = Place::parse(&published.reference()) {
                let what = What::Package { place: place.bare(), tag: published.tag };
                self.push(format!("{} {version}", formula.name()), what, digest);
            }
        }
        let platforms = match self.platforms {
            [] => wanted::platforms(self.found, release),
            named => named.to_vec(),
        };
        for platform in platforms {
            // What does not resolve is not installed there either; `pkg check` tells why.
            if let Ok(resolved) = formula.resolve(&release.version, &platform)
                && !self.is_published(release, &platform)
            {
                self.resolved(&resolved);
            }
        }
    }

    /// Whether the version's package is for the platform, so that nothing else is asked for.
    fn is_published(&self, release: &Release, platform: &Platform) -> bool {
        let is_it = |key: &Key| match key {
            Key::Any => true,
            Key::Platform(one) => {
                let is_libc = one.libc.is_none() || one.libc == platform.libc;
                one.os == platform.os && one.arch == platform.arch && is_libc
            }
        };
        let mut published = self.found.published.iter();
        release.package.is_some()
            && self.found.registry.is_some()
            && published.any(|version| {
                version.version == release.version.as_str()
                    && version.revision == release.revision
                    && version.platforms.keys().any(is_it)
            })
    }

    fn resolved(&mut self, resolved: &Resolved) {
        let named = format!("{} {} {}", resolved.name, resolved.version, resolved.key);
        let Some(build) = &resolved.build else {
            return self.source(named, resolved, &resolved.source);
        };
        self.source(named.clone(), resolved, &build.source);
        for patch in &build.patches {
            if let formula::PatchPlace::Url(url) = &patch.place {
                let layer = sources::layer(url, &patch.digest, &self.around);
                self.push(named.clone(), What::Outside(Box::new(layer)), &patch.digest);
            }
        }
    }

    fn source(&mut self, named: String, resolved: &Resolved, source: &Source) {
        match source {
            Source::Oci { reference, pin, .. } | Source::Image { reference, pin, .. } => {
                // A layout lies with the tap's author, and cannot be installed from elsewhere.
                if let Ok(place @ Place::Registry(_)) = Place::parse(reference) {
                    self.push(named, What::Artifact(place.bare()), pin.digest());
                }
            }
            Source::Http { .. } | Source::Git { .. } => {
                let Around { folder, nearby, .. } = &self.around;
                let wanted = locate::Wanted {
                    name: resolved.name.as_str(),
                    source,
                    folder: folder.as_deref(),
                    host: &resolved.platform,
                    nearby,
                };
                if let Ok(Some(Artifact { layers, .. })) =
                    locate::at_hand(&wanted, &Manifests::default())
                {
                    for layer in layers {
                        let digest = layer.digest.clone();
                        self.push(named.clone(), What::Outside(Box::new(layer)), &digest);
                    }
                }
            }
            Source::File { .. } | Source::Build { .. } | Source::Later { .. } => {}
        }
    }

    /// What is pinned several times is needed once.
    fn push(&mut self, named: String, what: What, digest: &Digest) {
        if self.pinned.iter().all(|pinned| pinned.digest != *digest) {
            let (formula, digest) = (self.found.formula.name().clone(), digest.clone());
            let nearby = self.around.nearby.clone();
            self.pinned.push(Pinned { named, formula, what, digest, nearby });
        }
    }
}
