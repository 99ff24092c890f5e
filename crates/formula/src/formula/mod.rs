//! A formula as it is read: its heading, its versions, and rules that are not yet merged.
//!
//! Everything that needs no merging is checked here, at once; [`Formula::resolve`] does the rest
//! for one version and one platform.

mod heading;
mod statics;

use std::collections::BTreeMap;

use digest::Digest;

use crate::{
    Constraint, Defaults, Key, Name, Platform, Scheme, Selector, Version,
    edit::Facts,
    model::{Root, VersionTable},
    read::{Read as _, Spanned},
    report::{Code, Finding, Report, Sink, Sources},
    tap::TapKind,
    tree::{self, At, Node, Table, Value},
};

pub use heading::Heading;

/// A formula, read and checked as far as it can be without merging.
#[derive(Debug, Clone)]
pub struct Formula {
    pub(crate) sources: Sources,
    pub(crate) tap: TapKind,
    pub(crate) name: Spanned<Name>,
    pub(crate) summary: String,
    pub(crate) description: Option<String>,
    pub(crate) homepage: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) maintainers: Vec<String>,
    pub(crate) aliases: Vec<Spanned<Name>>,
    pub(crate) replaces: Vec<Spanned<Name>>,
    pub(crate) scheme: Scheme,
    pub(crate) channels: BTreeMap<Name, Constraint>,
    /// Newest first.
    pub(crate) releases: Vec<Release>,
    /// What the tap and the formula say wherever no rule fits.
    pub(crate) base: Table,
    /// `[[when]]`, in the order of the file.
    pub(crate) rules: Vec<Rule>,
}

/// One version of a formula: bare facts.
#[derive(Debug, Clone)]
pub struct Release {
    /// The version.
    pub version: Version,
    /// The rebuild of this version.
    pub revision: u32,
    /// The day of its release, as `2026-05-01`.
    pub date: Option<String>,
    /// Why it should not be used.
    pub yanked: Option<String>,
    /// What digests there are for, in the order of the file.
    pub keys: Vec<Key>,
    /// The digest of an index, which says the platforms.
    pub index: Option<Digest>,
    /// The digest of its source code.
    pub source: Option<Digest>,
    /// Its commit in git.
    pub commit: Option<String>,
    /// Its tag, where no template gives it.
    pub tag: Option<String>,
    /// The index that `pkg publish` pushed.
    pub package: Option<Digest>,
    pub(crate) digests: Vec<(Spanned<Key>, Spanned<Digest>)>,
    pub(crate) at: At,
    pub(crate) whole: bool,
}

/// One `[[when]]`.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) platforms: Option<Vec<Selector>>,
    pub(crate) version: Option<Constraint>,
    pub(crate) body: Table,
    pub(crate) at: At,
}

impl Rule {
    pub(crate) fn fits_version(&self, version: &Version) -> bool {
        self.version.as_ref().is_none_or(|constraint| constraint.matches_plain(version))
    }

    pub(crate) fn fits_platform(&self, platform: &Platform) -> bool {
        self.platforms.as_ref().is_none_or(|list| Selector::list_matches(list, platform))
    }
}

impl Formula {
    /// Reads a formula; `file` is its name in messages, and its stem must be the formula's name.
    ///
    /// The report holds every error that can be told without merging; lints are [`Self::check`]'s.
    pub fn parse(text: &str, file: &str, defaults: &Defaults) -> Result<Self, Report> {
        let sources = Sources::new(file, text).with_tap(defaults.source());
        let mut sink = Sink::new(&sources);
        let formula = read(file, defaults, &mut sink);
        match formula {
            Some(formula) if sink.errors() == 0 => Ok(Self { sources, ..formula }),
            _ => Err(sink.into_report()),
        }
    }

    /// Name of the package.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// What the package is, in a few words.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// What the package is, in a paragraph.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Its page on the web.
    pub fn homepage(&self) -> Option<&str> {
        self.homepage.as_deref()
    }

    /// Its license where no rule says otherwise.
    pub fn license(&self) -> Option<&str> {
        self.license.as_deref()
    }

    /// Who looks after the formula.
    pub fn maintainers(&self) -> &[String] {
        &self.maintainers
    }

    /// Other names that it is found by.
    pub fn aliases(&self) -> impl Iterator<Item = &Name> {
        self.aliases.iter().map(|alias| &alias.value)
    }

    /// Names that it had before.
    pub fn replaces(&self) -> impl Iterator<Item = &Name> {
        self.replaces.iter().map(|name| &name.value)
    }

    /// How its versions are ordered.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Names for lines of versions.
    pub fn channels(&self) -> &BTreeMap<Name, Constraint> {
        &self.channels
    }

    /// The file's name, as messages show it.
    pub fn file(&self) -> &str {
        &self.sources.get(0).file
    }

    /// The source as it was read.
    pub fn text(&self) -> &str {
        &self.sources.get(0).text
    }

    /// The versions, newest first.
    pub fn releases(&self) -> &[Release] {
        &self.releases
    }

    /// The formula with one more version, to tell what it would be made of.
    pub fn with_facts(&self, version: &Version, facts: &Facts) -> Self {
        let at = At::default();
        let spanned = |(key, digest): &(Key, Digest)| {
            (Spanned { value: *key, at }, Spanned { value: digest.clone(), at })
        };
        let release = Release {
            version: version.clone(),
            revision: 0,
            date: facts.date.clone(),
            yanked: None,
            keys: facts.digests.iter().map(|(key, _)| *key).collect(),
            index: facts.index.clone(),
            source: facts.source.clone(),
            commit: facts.commit.clone(),
            tag: facts.tag.clone(),
            package: None,
            digests: facts.digests.iter().map(spanned).collect(),
            at,
            whole: true,
        };
        let mut formula = self.clone();
        formula.releases.retain(|other| other.version != release.version);
        formula.releases.push(release);
        formula.releases.sort_by(|left, right| right.version.cmp(&left.version));
        formula
    }

    /// The facts of one version.
    pub fn release(&self, version: &Version) -> Option<&Release> {
        self.releases.iter().find(|release| release.version == *version)
    }
}

/// Reads the tree into a formula; its `sources` are still to be set.
fn read(file: &str, defaults: &Defaults, sink: &mut Sink<'_>) -> Option<Formula> {
    let table = tree::parse(0, sink)?;
    if let Err(finding) = statics::schema(&table) {
        sink.push(finding);
        return None;
    }
    let node = Node { at: At::default(), value: Value::Table(table) };
    let root = Root::read(&node, sink)?;
    let Value::Table(table) = node.value else { return None };
    statics::required(&table, defaults, sink);
    statics::check(&root, file, defaults, sink);
    build(root, table, defaults, sink)
}

fn build(root: Root, table: Table, defaults: &Defaults, sink: &mut Sink<'_>) -> Option<Formula> {
    let scheme = root.versioning.as_ref().map_or(Scheme::default(), |scheme| scheme.value);
    let versions = root.version.into_iter().flat_map(|map| map.entries);
    let releases = versions.filter_map(|(text, facts)| {
        let version = sink.take(statics::version(&text.value.0, text.at, scheme))?;
        Some(release(version, text.at, facts))
    });
    let mut releases: Vec<Release> = releases.collect();
    releases.sort_by(|left, right| right.version.cmp(&left.version));
    statics::versions(&releases, sink);
    let (base, bodies) = divide(table, defaults);
    let rules: Vec<Rule> = root
        .when
        .into_iter()
        .flatten()
        .zip(bodies)
        .map(|(when, body)| Rule {
            platforms: when
                .value
                .platform
                .map(|list| list.as_slice().iter().map(|selector| selector.value).collect()),
            version: when.value.version.map(|constraint| constraint.value),
            body,
            at: when.at,
        })
        .collect();
    let channels = root.channels.into_iter().flat_map(|map| map.entries);
    let text = |key: &str| match base.get(key).map(|entry| &entry.node.value) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let maintainers = match base.get("maintainers").map(|entry| &entry.node) {
        Some(node) => Vec::<Spanned<String>>::read(node, sink).unwrap_or_default(),
        None => Vec::new(),
    };
    Some(Formula {
        sources: sink.sources().clone(),
        tap: defaults.kind().clone(),
        name: root.name?,
        summary: root.summary?.value,
        description: root.description.map(|text| text.value),
        homepage: root.homepage.map(|text| text.value),
        license: text("license"),
        maintainers: maintainers.into_iter().map(|text| text.value).collect(),
        aliases: root.aliases.unwrap_or_default(),
        replaces: root.replaces.unwrap_or_default(),
        scheme,
        channels: channels.map(|(name, constraint)| (name.value, constraint.value)).collect(),
        releases,
        base,
        rules,
    })
}

fn release(version: Version, at: At, table: VersionTable) -> Release {
    let facts = table.facts;
    Release {
        version,
        revision: facts.revision.unwrap_or(0),
        date: facts.date.map(|date| date.value.0.into()),
        yanked: facts.yanked.map(|why| why.value),
        keys: table.digests.iter().map(|(key, _)| key.value).collect(),
        index: facts.index.map(|digest| digest.value),
        source: facts.source.map(|digest| digest.value),
        commit: facts.commit.map(|commit| commit.value.0.into()),
        tag: facts.tag.map(|tag| tag.value),
        package: facts.package.map(|digest| digest.value),
        digests: table.digests,
        at,
        whole: table.whole,
    }
}

/// The formula's own rules over the tap's defaults, and the bodies of `[[when]]`.
fn divide(table: Table, defaults: &Defaults) -> (Table, Vec<Table>) {
    let mut over = Table::default();
    let mut bodies = Vec::new();
    for entry in table.entries {
        match (entry.key.as_str(), entry.node.value) {
            ("version", _) => {}
            ("when", Value::Array(rules)) => {
                for rule in rules {
                    let Value::Table(mut body) = rule.value else { continue };
                    body.entries.retain(|entry| !matches!(&*entry.key, "platform" | "version"));
                    bodies.push(body);
                }
            }
            (_, value) => {
                let node = Node { at: entry.node.at, value };
                over.entries.push(tree::Entry { node, ..entry });
            }
        }
    }
    let mut base = defaults.table().clone();
    tree::merge(&mut base, &over);
    (base, bodies)
}

/// A required key that is not there.
pub(crate) fn missing(key: &str, example: &str, at: At) -> Finding {
    Finding::new(Code::Missing, at, format!("`{key}` is missing"))
        .label(format!("lacks `{key}`"))
        .help(format!("add `{example}`"))
}
