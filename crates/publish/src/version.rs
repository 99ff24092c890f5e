//! Which version of a formula is meant, and what it is on which platforms.

use std::collections::BTreeMap;

use catalog::Found;
use formula::{Key, Platform, Release, Resolved, constraint, resolve};

/// A version or one of its platforms cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text after `@` is no constraint.
    #[error("`{at}` names no version of `{name}`")]
    At {
        /// Name of the formula.
        name: String,
        /// The text.
        at: String,
        /// What is wrong with it.
        #[source]
        source: constraint::Error,
    },
    /// The formula has no such version.
    #[error("`{name}` has no version `{at}`; there are: {}", there.join(", "))]
    NoVersion {
        /// Name of the formula.
        name: String,
        /// The text after `@`; empty where none was given.
        at: String,
        /// Its newest versions.
        there: Vec<String>,
    },
    /// The version is not for that platform, or its rules do not fit together.
    #[error("cannot resolve `{name}` {version} for {platform}")]
    Resolve {
        /// Name of the formula.
        name: String,
        /// The version.
        version: String,
        /// The platform.
        platform: Platform,
        /// What is wrong.
        #[source]
        source: resolve::Error,
    },
}

/// Versions that an error lists.
const LISTED: usize = 5;

/// The newest version that `at` takes; without it the newest that is no pre-release, else any.
pub fn release<'a>(found: &'a Found, at: Option<&str>) -> Result<&'a Release, Error> {
    let formula = &found.formula;
    let releases = formula.releases();
    let exact = releases.iter().find(|release| Some(release.version.as_str()) == at);
    let chosen = match (exact, at) {
        (Some(release), _) => Some(release),
        (None, None) => releases.iter().find(|it| !it.version.is_prerelease()).or(releases.first()),
        (None, Some(at)) => {
            let name = || formula.name().to_string();
            let meant = found.at(at);
            let meant =
                meant.map_err(|source| Error::At { name: name(), at: at.into(), source })?;
            releases.iter().find(|release| found.takes(&meant, release))
        }
    };
    chosen.ok_or_else(|| Error::NoVersion {
        name: formula.name().to_string(),
        at: at.unwrap_or_default().to_owned(),
        there: releases.iter().take(LISTED).map(|it| it.version.to_string()).collect(),
    })
}

/// The version on each of `platforms`, one for each of its digests or builds.
///
/// A platform without a C library means those with one, where the version has no other. Without
/// platforms it is all that it has digests for; what is built, or what an index in a registry says
/// the platforms of, is for `host`.
pub fn resolved(
    found: &Found,
    release: &Release,
    platforms: &[Platform],
    host: &Platform,
) -> Result<Vec<Resolved>, Error> {
    // What serves every platform is made for the same one on every machine.
    let any = Platform::usual().find(|one| one.best(release.keys.iter()) == Some(&Key::Any));
    let pinned = release.keys.iter().filter_map(|key| match key {
        Key::Any => any,
        Key::Platform(platform) => Some(*platform),
    });
    let asked = platforms.iter().flat_map(|asked| match asked.best(release.keys.iter()) {
        Some(Key::Any) => vec![any.unwrap_or(*asked)],
        Some(_) => vec![*asked],
        None => with_libc(asked, &release.keys),
    });
    let mut wanted: Vec<Platform> = match platforms {
        [] => pinned.collect(),
        _ => asked.collect(),
    };
    if wanted.is_empty() {
        wanted.push(*host);
    }
    let mut by_key = BTreeMap::new();
    for platform in wanted {
        let resolved = found.formula.resolve(&release.version, &platform);
        let resolved = resolved.map_err(|source| Error::Resolve {
            name: found.formula.name().to_string(),
            version: release.version.to_string(),
            platform,
            source,
        })?;
        by_key.insert(resolved.key, resolved);
    }
    Ok(by_key.into_values().collect())
}

/// The platforms that differ from one without a C library in nothing else; itself without any.
fn with_libc(asked: &Platform, keys: &[Key]) -> Vec<Platform> {
    let platforms = keys.iter().filter_map(|key| match key {
        Key::Platform(platform) => Some(*platform),
        Key::Any => None,
    });
    let same = |one: &Platform| Platform { libc: None, ..*one } == *asked;
    let found: Vec<Platform> = platforms.filter(same).collect();
    if found.is_empty() { vec![*asked] } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_without_a_libc_means_each_that_has_one() {
        let check = |asked: &str, keys: &[&str], expect: &[&str]| {
            let keys: Vec<Key> = keys.iter().map(|key| key.parse().unwrap()).collect();
            let found = with_libc(&asked.parse().unwrap(), &keys);
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(found, expect, "{asked}");
        };
        check("linux-amd64", &["linux-amd64-gnu", "linux-arm64-gnu"], &["linux-amd64-gnu"]);
        check(
            "linux-amd64",
            &["linux-amd64-gnu", "linux-amd64-musl"],
            &["linux-amd64-gnu", "linux-amd64-musl"],
        );
        check("linux-amd64-musl", &["linux-amd64-gnu"], &["linux-amd64-musl"]);
        check("macos-arm64", &["linux-amd64-gnu", "any"], &["macos-arm64"]);
    }
}
