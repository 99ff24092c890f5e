//! What a formula says of a package, as `info` and `versions` answer it.

use catalog::Found;
use formula::{Formula, FullName, Key, Name, Notice, Platform, Release, Resolved, Source};
use install::Receipt;
use serde::Serialize;

use super::package::Package;

/// The versions of a package, newest first.
#[derive(Debug, Serialize)]
pub(crate) struct Versions {
    schema: u32,
    name: String,
    tap: String,
    pub(crate) versions: Vec<Version>,
}

/// One version.
#[derive(Debug, Serialize)]
pub(crate) struct Version {
    pub(crate) version: String,
    pub(crate) revision: u32,
    pub(crate) date: Option<String>,
    pub(crate) slot: Option<String>,
    /// `any`, or the platforms; empty where only an index in a registry knows them.
    pub(crate) platforms: Vec<String>,
    pub(crate) prerelease: bool,
    /// Why it should not be used.
    pub(crate) yanked: Option<String>,
    pub(crate) installed: bool,
}

impl Versions {
    pub(crate) fn of(found: &Found, installed: &[&install::Package]) -> Self {
        let formula = &found.formula;
        let version = |release: &Release| {
            let text = release.version.as_str();
            let is_it = |package: &&install::Package| {
                package.version == text && package.revision == release.revision
            };
            Version {
                version: text.to_owned(),
                revision: release.revision,
                date: release.date.clone(),
                slot: formula.slot(&release.version).ok().flatten(),
                platforms: platforms(formula, release),
                prerelease: release.version.is_prerelease(),
                yanked: release.yanked.clone(),
                installed: installed.iter().any(is_it),
            }
        };
        Self {
            schema: 1,
            name: formula.name().to_string(),
            tap: found.tap.clone(),
            versions: formula.releases().iter().map(version).collect(),
        }
    }
}

/// What stands before the digests; the platforms that source code is for.
fn platforms(formula: &Formula, release: &Release) -> Vec<String> {
    if release.source.is_none() {
        return release.keys.iter().map(Key::to_string).collect();
    }
    let platforms = formula.platforms(&release.version);
    match platforms.len() == Platform::usual().count() {
        true => vec![Key::Any.to_string()],
        false => platforms.iter().map(Platform::to_string).collect(),
    }
}

/// One version of a package, in full.
#[derive(Debug, Serialize)]
pub(crate) struct Info {
    schema: u32,
    pub(crate) name: String,
    pub(crate) tap: String,
    pub(crate) version: String,
    pub(crate) revision: u32,
    pub(crate) date: Option<String>,
    pub(crate) slot: Option<String>,
    pub(crate) summary: String,
    pub(crate) description: Option<String>,
    pub(crate) homepage: Option<String>,
    pub(crate) license: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) replaces: Vec<String>,
    pub(crate) depends: Vec<Depend>,
    conflicts: Vec<Conflict>,
    pub(crate) keg_only: Option<String>,
    pub(crate) caveats: Option<String>,
    /// The command that it runs as a service; nothing starts it.
    pub(crate) service: Option<Vec<String>>,
    pub(crate) yanked: Option<String>,
    pub(crate) deprecated: Option<Told>,
    pub(crate) disabled: Option<Told>,
    /// The package that was published of it: what is installed, in place of what follows.
    pub(crate) package: Option<String>,
    /// Where the bytes of each platform come from, and what they must be.
    pub(crate) fetch: Vec<Fetch>,
    /// What was published of it, as far as the tap says.
    pub(crate) published: Vec<Published>,
    pub(crate) installed: Vec<Package>,
}

/// A package of the version in the tap's registry.
#[derive(Debug, Serialize)]
pub(crate) struct Published {
    /// A platform, or `any`.
    pub(crate) platform: String,
    /// The digest of its manifest.
    digest: String,
    /// Bytes to download.
    pub(crate) size: u64,
    pub(crate) unpacked_size: Option<u64>,
    entries: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Depend {
    pub(crate) name: String,
    pub(crate) constraint: String,
    slot: Option<String>,
    pub(crate) optional: bool,
    why: Option<String>,
}

#[derive(Debug, Serialize)]
struct Conflict {
    name: String,
    why: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Told {
    since: Option<String>,
    pub(crate) why: String,
    instead: Option<String>,
}

/// Where bytes come from: an address or a reference, never both.
#[derive(Debug, Serialize)]
pub(crate) struct Fetch {
    /// A platform; `any`, or `*` where an index in the registry says the platforms.
    pub(crate) platform: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
    /// The commit, of a git repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) commit: Option<String>,
    pub(crate) digest: Option<String>,
}

/// The index in the tap's registry, where there is one.
fn package(found: &Found, release: &Release) -> Option<String> {
    let (digest, registry) = (release.package.as_ref()?, found.registry.as_ref()?);
    let (name, version) = (found.formula.name(), release.version.as_str());
    let published = catalog::Published::new(registry, name, version, release.revision);
    let reference = published.reference();
    Some(format!("oci://{}@{digest}", reference.trim_start_matches("oci://")))
}

fn published(found: &Found, release: &Release) -> Vec<Published> {
    let is_it = |version: &&catalog::edition::Version| {
        version.version == release.version.as_str() && version.revision == release.revision
    };
    let version = found.published.iter().find(is_it);
    let one = |(key, package): (&Key, &catalog::edition::Package)| Published {
        platform: key.to_string(),
        digest: package.manifest.to_string(),
        size: package.size,
        unpacked_size: package.unpacked_size,
        entries: package.entries,
    };
    version.map(|version| version.platforms.iter().map(one).collect()).unwrap_or_default()
}

impl Info {
    /// The facts of one release; `resolved` is it for one platform, this one where it can be.
    pub(crate) fn of(
        found: &Found,
        release: &Release,
        resolved: &Resolved,
        installed: &[&install::Package],
    ) -> Self {
        Self {
            date: release.date.clone(),
            description: found.formula.description().map(str::to_owned),
            package: package(found, release),
            fetch: fetches(found, release, &resolved.platform),
            published: published(found, release),
            installed: installed.iter().map(|package| Package::of(package)).collect(),
            ..Self::without_formula(&found.tap, resolved)
        }
    }

    /// The facts of an installed package of no tap, as its receipt remembers them.
    pub(crate) fn of_receipt(receipt: &Receipt, package: &install::Package) -> Self {
        Self {
            installed: vec![Package::of(package)],
            ..Self::without_formula(&receipt.tap, &receipt.package)
        }
    }

    fn without_formula(tap: &str, resolved: &Resolved) -> Self {
        let names = |names: &[Name]| names.iter().map(Name::to_string).collect();
        let depend = |(name, depend): (&FullName, &formula::Depend)| Depend {
            name: name.to_string(),
            constraint: depend.constraint.to_string(),
            slot: depend.slot.clone(),
            optional: depend.optional,
            why: depend.why.clone(),
        };
        let conflict = |(name, why): (&Name, &String)| {
            let (name, why) = (name.to_string(), why.clone());
            Conflict { name, why }
        };
        Self {
            schema: 1,
            name: resolved.name.to_string(),
            tap: tap.to_owned(),
            version: resolved.version.clone(),
            revision: resolved.revision,
            date: None,
            slot: resolved.slot.clone(),
            summary: resolved.summary.clone(),
            description: None,
            homepage: resolved.homepage.clone(),
            license: resolved.license.clone(),
            aliases: names(&resolved.aliases),
            replaces: names(&resolved.replaces),
            depends: resolved.depends.iter().map(depend).collect(),
            conflicts: resolved.conflicts.iter().map(conflict).collect(),
            keg_only: resolved.keg_only.clone(),
            caveats: resolved.caveats.clone(),
            service: resolved.service.as_ref().map(|service| service.run.clone()),
            yanked: resolved.yanked.clone(),
            deprecated: resolved.deprecated.as_ref().map(Told::of),
            disabled: resolved.disabled.as_ref().map(Told::of),
            package: None,
            fetch: vec![Fetch::of(resolved.key.to_string(), &resolved.source)],
            published: Vec::new(),
            installed: Vec::new(),
        }
    }
}

impl Told {
    fn of(notice: &Notice) -> Self {
        let (since, why, instead) =
            (notice.since.clone(), notice.why.clone(), notice.instead.clone());
        Self { since, why, instead }
    }
}

fn fetches(found: &Found, release: &Release, host: &Platform) -> Vec<Fetch> {
    let fetch = |label: String, platform: &Platform| {
        let resolved = found.formula.resolve(&release.version, platform).ok()?;
        let source = resolved.build.as_ref().map_or(&resolved.source, |build| &build.source);
        Some(Fetch::of(label, source))
    };
    let each = release.keys.iter().filter_map(|key| match key {
        Key::Any => fetch(key.to_string(), host),
        Key::Platform(platform) => fetch(key.to_string(), platform),
    });
    let each: Vec<_> = each.collect();
    // Source code is the same everywhere; platforms of an index are told by the registry alone.
    let all = if release.source.is_some() { "any" } else { "*" };
    if each.is_empty() { fetch(all.to_owned(), host).into_iter().collect() } else { each }
}

impl Fetch {
    fn of(platform: String, source: &Source) -> Self {
        let (url, reference) = match source {
            Source::Oci { reference, .. } | Source::Image { reference, .. } => {
                (None, Some(reference.clone()))
            }
            Source::Http { urls, .. } => (urls.first().cloned(), None),
            Source::File { path, .. } => (Some(format!("file:{path}")), None),
            Source::Git { url, .. } => {
                let is_path = !url.contains("://");
                let url = if is_path { format!("file:{url}") } else { url.clone() };
                (Some(url), None)
            }
            Source::Build { what } | Source::Later { what, .. } => (Some(what.clone()), None),
        };
        let commit = match source {
            Source::Git { commit, .. } => Some(commit.clone()),
            _ => None,
        };
        Self { platform, url, reference, commit, digest: source.digest().map(ToString::to_string) }
    }
}
