//! Between a line of the lock and what the room below installs.

use std::path::Path;

use catalog::{BUILTIN, DIRECT, Spec, spec};
use formula::{Key, Platform, Resolved};
use install::{Origin, proposal::Exact};

use crate::{
    lock::{Entry, Request},
    place,
};

impl Entry {
    /// A chosen package as a line that names no edition; `request` is the one that asked for it.
    pub(crate) fn of(
        exact: &Exact,
        platform: Platform,
        request: Option<&Request>,
        project: &Path,
    ) -> Self {
        let package = exact.package.clone();
        let from = request.and_then(|request| request.from.clone());
        // What pkg carries lies in no folder; a reference is read from where its user was.
        let folder = exact.folder.as_deref().or((exact.tap != BUILTIN).then_some(project));
        Self {
            package: package.name,
            slot: package.slot,
            version: package.version,
            revision: package.revision,
            platforms: vec![platform],
            requested: request.is_some(),
            from: from.filter(|_| exact.tap == DIRECT),
            edition: None,
            tap: exact.tap.clone(),
            source: place::moved(package.source, folder, project),
            size: exact.size,
            key: Some(package.key).filter(|key| *key != Key::Platform(platform)),
            scheme: package.scheme,
            license: package.license,
            summary: package.summary,
            keg_only: package.keg_only,
            requires: package.requires,
            depends: package.depends,
            conflicts: package.conflicts,
            replaces: package.replaces,
            aliases: package.aliases,
            expose: package.expose,
            env: package.env,
            setup: package.setup,
            service: package.service,
            caveats: package.caveats,
        }
    }

    /// The package of a line as it is installed for a platform; `requested` is the constraint.
    pub(crate) fn exact(
        &self,
        platform: Platform,
        requested: Option<String>,
        project: &Path,
    ) -> Exact {
        let entry = self.clone();
        let package = Resolved {
            name: entry.package,
            version: entry.version,
            revision: entry.revision,
            scheme: entry.scheme,
            slot: entry.slot,
            key: entry.key.unwrap_or(Key::Platform(platform)),
            platform,
            license: entry.license,
            summary: entry.summary,
            homepage: None,
            keg_only: entry.keg_only,
            source: entry.source,
            build: None,
            package: None,
            requires: entry.requires,
            depends: entry.depends,
            conflicts: entry.conflicts,
            replaces: entry.replaces,
            aliases: entry.aliases,
            expose: entry.expose,
            env: entry.env,
            setup: entry.setup,
            service: entry.service,
            tests: Vec::new(),
            caveats: entry.caveats,
            deprecated: None,
            disabled: None,
            yanked: None,
        };
        Exact {
            package,
            origin: origin(entry.from.as_deref(), project),
            // What pkg carries lies in no folder.
            folder: (entry.tap != BUILTIN).then(|| project.to_owned()),
            tap: entry.tap,
            requested,
            mirror: None,
            size: entry.size,
        }
    }
}

/// Where a package was found, by what `pkg.toml` says.
fn origin(from: Option<&str>, project: &Path) -> Origin {
    match from.map(|from| from.parse::<Spec>().map(|spec| spec.kind)) {
        Some(Ok(spec::Kind::File(path))) => Origin::File(project.join(path)),
        Some(Ok(spec::Kind::Reference(place))) => {
            Origin::Reference(place.relative_to(project).to_string())
        }
        _ => Origin::Tap,
    }
}
