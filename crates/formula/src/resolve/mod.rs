//! One version on one platform: rules merged, templates expanded, the rest checked.
//!
//! The merge happens on the tree, so that every message still points at the line that was written.

mod depends;
mod expose;
mod run;
mod setup;
mod source;

pub(crate) use run::successor;

use std::{borrow::Cow, collections::BTreeMap, fmt};

use crate::{
    FullName, Key, Name, Platform, Release, Report, Resolved, Version,
    formula::{Formula, missing},
    model::{EnvName, Rules},
    read::{Leaf as _, Map, SlotName},
    report::{Code, Finding, Sink},
    template::{Content, Expander, Phase, Tag, TemplateText},
    tree::{self, Table},
};

/// A version cannot be had on a platform.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The formula has no such version.
    #[error("`{name}` has no version `{version}`")]
    NoVersion {
        /// Name of the package.
        name: Name,
        /// The version that was asked for.
        version: Version,
    },
    /// The version exists, and not for this platform.
    #[error("`{name}` {version} has no build for {platform}; there are: {}", List(.there))]
    Unavailable {
        /// Name of the package.
        name: Name,
        /// The version.
        version: Version,
        /// The platform that was asked for.
        platform: Platform,
        /// What the version has.
        there: Vec<Key>,
    },
    /// The formula breaks the format.
    #[error("formula `{name}` is broken for version {version}")]
    Broken {
        /// Name of the package.
        name: Name,
        /// The version.
        version: Version,
        /// What is wrong.
        #[source]
        report: Report,
    },
}

struct List<'a>(&'a [Key]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (index, key) in self.0.iter().enumerate() {
            write!(f, "{}{key}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl Formula {
    /// The version for a host: merged, expanded and checked.
    ///
    /// Where digests are by platform, the host's best one is taken. Where an index says the
    /// platforms, `host` is taken as it is; ask again with the platform that the index offers.
    pub fn resolve(&self, version: &Version, host: &Platform) -> Result<Resolved, Error> {
        let name = || self.name().clone();
        let Some(release) = self.release(version) else {
            return Err(Error::NoVersion { name: name(), version: version.clone() });
        };
        let unavailable = || Error::Unavailable {
            name: name(),
            version: version.clone(),
            platform: *host,
            there: match release.keys.is_empty() {
                true => self.platforms(version).into_iter().map(Key::Platform).collect(),
                false => release.keys.clone(),
            },
        };
        let Some(key) = key_for(release, host) else { return Err(unavailable()) };
        self.resolve_key(release, key, host).map_err(|failure| match failure {
            Failure::NoValue => unavailable(),
            Failure::Broken(report) => {
                Error::Broken { name: name(), version: version.clone(), report }
            }
        })
    }

    /// The platforms of a version: of its digests, or those that its source can be built for.
    ///
    /// With a digest for `any`, all usual ones too; empty where only an index says them.
    pub fn platforms(&self, version: &Version) -> Vec<Platform> {
        let Some(release) = self.release(version) else { return Vec::new() };
        let mut platforms: Vec<Platform> = match release.keys.contains(&Key::Any) {
            true => Platform::usual().collect(),
            false => Vec::new(),
        };
        for key in &release.keys {
            if let Key::Platform(platform) = key
                && !platforms.contains(platform)
            {
                platforms.push(*platform);
            }
        }
        if !platforms.is_empty() || release.index.is_some() {
            return platforms;
        }
        Platform::usual()
            .filter(|platform| {
                let resolved = self.resolve_key(release, Key::Platform(*platform), platform);
                !matches!(resolved, Err(Failure::NoValue))
            })
            .collect()
    }

    /// The line of versions that a version belongs to; `None` where the formula has one only.
    pub fn slot(&self, version: &Version) -> Result<Option<String>, Report> {
        let merged = self.merged(version, None);
        let mut sink = Sink::new(&self.sources);
        let rules = rules(&merged, &mut sink);
        let words = self.words(version, None, &rules, None);
        let slot = rules.slot.as_ref().map(|slot| slot_of(slot, &words)).transpose();
        let slot = sink.take(slot).flatten();
        sink.into_report().into_result().map(|()| slot)
    }

    pub(crate) fn resolve_key(
        &self,
        release: &Release,
        key: Key,
        host: &Platform,
    ) -> Result<Resolved, Failure> {
        let platform = match key {
            Key::Any => *host,
            Key::Platform(platform) => platform,
        };
        let merged = self.merged(&release.version, Some(&platform));
        let mut sink = Sink::new(&self.sources);
        let rules = rules(&merged, &mut sink);
        let words = self.words(&release.version, Some(&platform), &rules, release.tag.as_deref());
        let mut resolving =
            Resolving { formula: self, release, key, platform, rules: &rules, words, sink };
        let resolved = resolving.all();
        let lacks_value = resolving.sink.codes().all(|code| code == Code::NoValue);
        let report = resolving.sink.into_report();
        match resolved {
            Some(resolved) if !report.has_errors() => Ok(resolved),
            _ if lacks_value && release.source.is_some() => Err(Failure::NoValue),
            _ => Err(Failure::Broken(report)),
        }
    }

    /// The base with every fitting rule laid over it; without a platform, rules for all of them.
    pub(crate) fn merged(&self, version: &Version, platform: Option<&Platform>) -> Cow<'_, Table> {
        let mut merged = Cow::Borrowed(&self.base);
        for rule in &self.rules {
            let fits = match platform {
                Some(platform) => rule.fits_platform(platform),
                None => rule.platforms.is_none(),
            };
            if fits && rule.fits_version(version) {
                tree::merge(merged.to_mut(), &rule.body);
            }
        }
        merged
    }

    pub(crate) fn words<'a>(
        &'a self,
        version: &'a Version,
        platform: Option<&'a Platform>,
        rules: &'a Rules,
        tag: Option<&'a str>,
    ) -> Expander<'a> {
        let template = rules.source.as_ref().and_then(|source| source.tag.as_ref());
        let tag = match (tag, template) {
            (Some(tag), _) => Tag::Fixed(tag),
            (None, Some(template)) => Tag::Template(template),
            (None, None) => Tag::Version,
        };
        Expander {
            name: self.name.as_str(),
            version,
            platform,
            tag,
            variables: rules.vars.as_ref(),
        }
    }
}

/// Why one version on one platform does not resolve.
pub(crate) enum Failure {
    /// It is built from source, and a variable has no value for the platform.
    NoValue,
    /// The formula breaks the format.
    Broken(Report),
}

fn key_for(release: &Release, host: &Platform) -> Option<Key> {
    match release.keys.is_empty() {
        true => Some(Key::Platform(*host)),
        false => host.best(release.keys.iter()).copied(),
    }
}

/// The merged rules, typed. What the tree says was checked when the formula was read.
fn rules(merged: &Table, sink: &mut Sink<'_>) -> Rules {
    <Rules as crate::read::Keys>::fields(merged, sink)
}

fn slot_of(slot: &TemplateText, words: &Expander<'_>) -> Result<String, Finding> {
    SlotName::from_text(&words.resolve(slot)?, slot.at).map(|slot| slot.0.into())
}

/// Everything at hand while one version on one platform is resolved.
struct Resolving<'a> {
    formula: &'a Formula,
    release: &'a Release,
    key: Key,
    platform: Platform,
    rules: &'a Rules,
    words: Expander<'a>,
    sink: Sink<'a>,
}

impl<'a> Resolving<'a> {
    /// The packages that `{dep:…}` may name.
    fn dependencies(&self) -> Vec<&'a FullName> {
        let depends = self.rules.depends.iter().flat_map(Map::iter);
        depends.map(|(name, _)| &name.value).collect()
    }
}

impl Resolving<'_> {
    fn all(&mut self) -> Option<Resolved> {
        let (formula, release, rules) = (self.formula, self.release, self.rules);
        let (fetched, depends) = (self.source(), self.dependencies());
        let (source, build) = self.build(fetched);
        let slot = rules.slot.as_ref().map(|slot| slot_of(slot, &self.words)).transpose();
        let slot = self.sink.take(slot).flatten();
        let license = match &rules.license {
            Some(license) => Some(license.0.to_string()),
            None => {
                self.sink.push(missing("license", "license = \"MIT\"", release.at));
                None
            }
        };
        let conflicts = rules.conflicts.iter().flat_map(Map::iter);
        let text = |text: &crate::read::Text| text.value.clone();
        let resolved = Resolved {
            requires: self.requires(),
            depends: depends::depends(rules.depends.as_ref()),
            conflicts: conflicts.map(|(name, why)| (name.value.clone(), text(why))).collect(),
            expose: self.expose(),
            env: self.env(rules.env.as_ref(), Phase::Install, &depends),
            setup: self.setup(),
            service: self.service(),
            tests: self.tests(),
            deprecated: self.notice(rules.deprecated.as_ref()),
            disabled: self.notice(rules.disabled.as_ref()),
            name: formula.name().clone(),
            version: release.version.to_string(),
            revision: release.revision,
            scheme: formula.scheme,
            slot,
            key: self.key,
            platform: self.platform,
            license: license?,
            summary: formula.summary.clone(),
            homepage: formula.homepage.clone(),
            keg_only: rules.keg_only.as_ref().map(text),
            source: source?,
            build,
            package: release.package.clone(),
            replaces: formula.replaces().cloned().collect(),
            aliases: formula.aliases().cloned().collect(),
            caveats: rules.caveats.as_ref().map(text),
            yanked: release.yanked.clone(),
        };
        Some(resolved)
    }

    /// A text in which install-time tokens stay.
    fn later(&mut self, template: &TemplateText, phase: Phase) -> Option<String> {
        let text = self.words.expand(template, phase, &self.dependencies());
        self.sink.take(text)
    }

    fn env(
        &mut self,
        env: Option<&Map<EnvName, Content>>,
        phase: Phase,
        depends: &[&FullName],
    ) -> BTreeMap<String, String> {
        let mut values = BTreeMap::new();
        for (name, value) in env.into_iter().flat_map(Map::iter) {
            let text = self.words.expand(value, phase, depends);
            let Some(text) = self.sink.take(text) else { continue };
            if text.contains('\n') {
                let message = format!("`{}` has a line break in it", name.0);
                self.push(
                    Finding::new(Code::Environment, value.at, message).label("more than one line"),
                );
            }
            values.insert(name.0.to_string(), text);
        }
        values
    }

    fn push(&mut self, finding: Finding) {
        self.sink.push(finding);
    }
}
