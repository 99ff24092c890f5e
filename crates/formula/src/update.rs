//! Where new versions are looked for, and which version a tag is of.
//!
//! Nothing is asked here: this file says what to ask and reads what was answered.

use regex::Regex;

use crate::{
    Platform, Version,
    formula::Formula,
    model::{self, SourceTable},
    read::{Keys as _, Read as _},
    report::{Finding, Report, Sink},
    template::Expander,
    tree::{At, Node, Value},
};

/// Where new versions of a formula are looked for: what it says, else what its source suggests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watch {
    /// Releases and tags of `owner/repository` on GitHub.
    Github(String),
    /// A page that names versions.
    Page(String),
    /// Tags of a repository in a registry, or of a layout.
    Oci(String),
    /// Tags of a git repository.
    Git(String),
    /// Nowhere: the formula says so, or nothing suggests a place.
    Nowhere,
}

impl Formula {
    /// Where new versions are looked for.
    pub fn watch(&self) -> Watch {
        let update = self.update_table();
        if update.none.is_some() {
            return Watch::Nowhere;
        }
        let said = [
            update.github.map(|text| Watch::Github(text.value)),
            update.url.map(|text| Watch::Page(text.value)),
            update.oci.map(|text| Watch::Oci(text.value)),
        ];
        said.into_iter().flatten().next().unwrap_or_else(|| self.suggested())
    }

    /// The place that the source of the newest version suggests.
    fn suggested(&self) -> Watch {
        let Some(release) = self.releases.first() else { return Watch::Nowhere };
        let resolved = |pick: fn(&SourceTable) -> Option<&crate::template::TemplateText>| {
            self.with_words(&release.version, None, |words, source| {
                pick(source).and_then(|template| words.resolve(template).ok())
            })
        };
        if let Some(repository) = resolved(|source| source.github.as_ref()) {
            return Watch::Github(repository);
        }
        if let Some(place) = resolved(|source| source.oci.as_ref().or(source.image.as_ref())) {
            return Watch::Oci(place);
        }
        let url = resolved(|source| source.http.as_ref());
        let git = resolved(|source| source.git.as_ref());
        match url.as_deref().or(git.as_deref()).and_then(github_of) {
            Some(repository) => Watch::Github(repository),
            None => git.map_or(Watch::Nowhere, Watch::Git),
        }
    }

    /// The versions that a text names: the whole text as a tag, or what `match` finds in it.
    ///
    /// Each comes with the part of the text that it was found in.
    pub fn versions_in<'t>(&self, text: &'t str) -> Vec<(Version, &'t str)> {
        let version = |text: &str| Version::parse(text, self.scheme).ok();
        if let Some(pattern) = self.update_table().matches {
            let Ok(pattern) = Regex::new(&pattern) else { return Vec::new() };
            let found = pattern.captures_iter(text).filter_map(|found| {
                let whole = found.get(0)?.as_str();
                Some((version(found.get(1).map_or(whole, |group| group.as_str()))?, whole))
            });
            return found.collect();
        }
        self.version_of_tag(text).map(|version| (version, text)).into_iter().collect()
    }

    /// The version whose tag is this one, by the template of tags.
    fn version_of_tag(&self, tag: &str) -> Option<Version> {
        let latest = &self.releases.first()?.version;
        let example = self.tag_of(latest)?;
        // What comes before the first digit is the same for all, and most other tags lack it.
        let lead = &example[..example.find(|c: char| c.is_ascii_digit()).unwrap_or(0)];
        let rest = tag.strip_prefix(lead)?;
        let starts = rest.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric());
        let parts = starts.flat_map(|(start, _)| {
            let part = &rest[start..];
            let ends = (1..=part.len()).rev().filter(|end| part.is_char_boundary(*end));
            ends.map(move |end| &part[..end])
        });
        parts
            .flat_map(|part| [part.to_owned(), part.replace('_', ".")])
            .filter_map(|text| Version::parse(&text, self.scheme).ok())
            .find(|version| self.tag_of(version).as_deref() == Some(tag))
    }

    /// The tag of a version by the template, whether the formula has the version or not.
    pub fn tag_of(&self, version: &Version) -> Option<String> {
        self.with_words(version, None, |words, _| words.tag_text(At::default()).ok())
    }

    /// The URL of the file of checksums for a version and platform, if the formula names one.
    pub fn sums(&self, version: &Version, platform: &Platform) -> Result<Option<String>, Report> {
        let Some(template) = self.update_table().sums else { return Ok(None) };
        let mut sink = Sink::new(&self.sources);
        let url = self.with_words(version, Some(platform), |words, _| {
            Some(
                words
                    .resolve(&template)
                    .and_then(|url| crate::url::check(&url, template.at, &self.tap).map(|()| url)),
            )
        });
        let url: Option<Result<String, Finding>> = url;
        let url = url.and_then(|url| sink.take(url));
        sink.into_report().into_result().map(|()| url)
    }

    fn update_table(&self) -> model::Update {
        let mut sink = Sink::new(&self.sources);
        let entry = self.base.get("update");
        entry.and_then(|entry| model::Update::read(&entry.node, &mut sink)).unwrap_or_default()
    }

    /// Calls `work` with what tokens stand for in a version, and the source table.
    fn with_words<T>(
        &self,
        version: &Version,
        platform: Option<&Platform>,
        work: impl FnOnce(&Expander<'_>, &SourceTable) -> Option<T>,
    ) -> Option<T> {
        let merged = self.merged(version, platform);
        let mut sink = Sink::new(&self.sources);
        let node = Node { at: At::default(), value: Value::Table(merged.into_owned()) };
        let Value::Table(table) = &node.value else { return None };
        let rules = model::Rules::fields(table, &mut sink);
        let words = self.words(version, platform, &rules, None);
        work(&words, &rules.source.as_ref()?.value)
    }
}

/// The `owner/repository` of an address on GitHub.
pub(crate) fn github_of(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://github.com/")?;
    let mut parts = rest.split('/');
    let (owner, repository) = (parts.next()?, parts.next()?);
    let repository = repository.strip_suffix(".git").unwrap_or(repository);
    (!owner.is_empty() && !repository.is_empty()).then(|| format!("{owner}/{repository}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Defaults;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn formula(source: &str) -> Formula {
        let text = format!(
            "schema = 1\nname = 'x'\nsummary = 'An example'\nlicense = 'MIT'\n{source}\n\
             [version.'1.2.0']\nany = '{DIGEST}'\n"
        );
        Formula::parse(&text.replace("any = ", key(source)), "x.toml", &Defaults::none())
            .unwrap_or_else(|report| panic!("{}", report.render(false)))
    }

    fn key(source: &str) -> &'static str {
        if source.contains("git = ") {
            "commit = '0123456789012345678901234567890123456789'\nsource = "
        } else {
            "any = "
        }
    }

    #[test]
    fn the_source_suggests_where_to_look() {
        let check = |source: &str, expect: Watch| {
            assert_eq!(formula(source).watch(), expect, "{source}");
        };
        let github = || Watch::Github("a/b".to_owned());
        check("[source]\ngithub = 'a/b'\nasset = 'x'", github());
        check("[source]\nhttp = 'https://github.com/a/b/archive/v{version}.tar.gz'", github());
        check("[source]\ngit = 'https://github.com/a/b.git'", github());
        check(
            "[source]\ngit = 'https://example.org/b'",
            Watch::Git("https://example.org/b".to_owned()),
        );
        check("[source]\noci = 'ghcr.io/a/{name}'", Watch::Oci("ghcr.io/a/x".to_owned()));
        check("[source]\nhttp = 'https://example.org/{version}'", Watch::Nowhere);
        check("[source]\ngithub = 'a/b'\nasset = 'x'\n[update]\nnone = 'frozen'", Watch::Nowhere);
        check("[source]\nhttp = 'https://example.org/x'\n[update]\ngithub = 'a/b'", github());
        let page = Watch::Page("https://example.org/".to_owned());
        check(
            "[source]\ngithub = 'a/b'\nasset = 'x'\n[update]\nurl = 'https://example.org/'\nmatch = 'x'",
            page,
        );
    }

    #[test]
    fn tags_are_read_by_their_template() {
        let check = |template: &str, tag: &str, expect: Option<&str>| {
            let formula =
                formula(&format!("[source]\ngithub = 'a/b'\nasset = 'x'\ntag = '{template}'"));
            let found = formula.versions_in(tag);
            let found = found.first().map(|(version, _)| version.as_str());
            assert_eq!(found, expect, "{template} {tag}");
        };
        check("{version}", "1.3.0", Some("1.3.0"));
        check("{version}", "v1.3.0", None);
        check("v{version}", "v1.3.0", Some("1.3.0"));
        check("v{version}", "v1.3.0-rc.1", Some("1.3.0-rc.1"));
        check("v{version}", "v1.3", None);
        check("{name}-{version}", "x-1.3.0", Some("1.3.0"));
        check("{name}-{version}", "y-1.3.0", None);
        check("R_{version:_}", "R_1_3_0", Some("1.3.0"));
        check("release/{version.2}/{version}", "release/1.3/1.3.0", Some("1.3.0"));
        check("v{version}", "nightly", None);
    }

    #[test]
    fn a_pattern_finds_versions_in_any_text() {
        let formula = formula(
            "[source]\nhttp = 'https://example.org/{version}'\n\
             [update]\nurl = 'https://example.org/'\nmatch = 'x-(\\d+\\.\\d+\\.\\d+)\\.tgz'",
        );
        let found = formula.versions_in("<a>x-1.3.0.tgz</a><a>x-1.10.0.tgz</a><a>x-2.tgz</a>");
        let found: Vec<_> = found.iter().map(|(version, text)| (version.as_str(), *text)).collect();
        assert_eq!(found, [("1.3.0", "x-1.3.0.tgz"), ("1.10.0", "x-1.10.0.tgz")]);
    }

    #[test]
    fn checksums_are_named_by_version_and_platform() {
        let formula = formula(
            "[source]\ngithub = 'a/b'\nasset = 'x'\n\
             [update]\nsums = 'https://github.com/a/b/releases/download/{tag}/{os}.sha256'",
        );
        let version = Version::parse("1.3.0", formula.scheme()).unwrap();
        let url = formula.sums(&version, &"macos-arm64".parse().unwrap()).unwrap();
        assert_eq!(url.unwrap(), "https://github.com/a/b/releases/download/1.3.0/macos.sha256");
    }
}
