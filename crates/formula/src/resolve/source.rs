//! `[source]`: one strategy, what its digests are of, and the concrete fetch.

use digest::Digest;

use super::Resolving;
use crate::{
    Pin, Source,
    model::SourceTable,
    path::{check_relative, check_target},
    read::{Placed, Spanned},
    report::{Code, Finding},
    template::TemplateText,
    tree::At,
    url,
};

/// The strategies, by their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strategy {
    Oci,
    Image,
    Http,
    Github,
    File,
    Git,
    Bottle,
}

impl Strategy {
    fn as_str(self) -> &'static str {
        match self {
            Self::Oci => "oci",
            Self::Image => "image",
            Self::Http => "http",
            Self::Github => "github",
            Self::File => "file",
            Self::Git => "git",
            Self::Bottle => "bottle",
        }
    }

    /// Whether one digest may be of an index.
    fn has_index(self) -> bool {
        matches!(self, Self::Oci | Self::Image | Self::Bottle)
    }
}

impl Resolving<'_> {
    /// Where the bytes are: of the package, or with `[build]` of the source code.
    pub(super) fn source(&mut self) -> Option<Source> {
        let table = self.rules.source.as_ref();
        let Some(table) = table else {
            self.push(crate::formula::missing("source", "[source]", self.release.at));
            return None;
        };
        let (strategy, place) = self.sink.take(strategy(table))?;
        let foreign = foreign_key(table, strategy);
        self.sink.take(foreign);
        let built = self.rules.build.is_some();
        let pins = self.check_pins(strategy, built);
        self.sink.take(pins)?;
        if strategy == Strategy::Bottle {
            return self.later_source(strategy, place);
        }
        let external_links = self.external_links(table);
        let (format, strip) = (table.format.as_ref().map(|format| format.value), table.strip);
        match strategy {
            Strategy::Oci => Some(Source::Oci {
                reference: self.reference(place)?,
                pin: self.pin()?,
                format,
                strip,
                external_links,
            }),
            Strategy::Image => Some(Source::Image {
                reference: self.reference(place)?,
                pin: self.pin()?,
                paths: self.image_paths(table)?,
                strip,
                external_links,
            }),
            Strategy::File => Some(Source::File {
                path: self.file(place)?,
                digest: self.digest()?,
                format,
                strip,
                external_links,
            }),
            Strategy::Git => Some(Source::Git {
                url: self.git_url(place)?,
                commit: self.release.commit.clone()?,
                digest: self.release.source.clone()?,
                strip,
                external_links,
            }),
            _ => Some(Source::Http {
                urls: self.urls(table, strategy, place)?,
                digest: self.digest()?,
                format,
                strip,
                external_links,
            }),
        }
    }

    /// A strategy that is checked as far as it is understood.
    fn later_source(&mut self, strategy: Strategy, place: &TemplateText) -> Option<Source> {
        let text = self.words.resolve(place);
        let what = self.sink.take(text)?;
        Some(Source::Later { strategy: strategy.as_str().to_owned(), what })
    }

    /// Whether the version's digests are of what the source serves.
    fn check_pins(&self, strategy: Strategy, built: bool) -> Result<(), Finding> {
        let release = self.release;
        let bad = |what: &str, help: &str| {
            let message = format!("version `{}` {what}", release.version);
            Err(Finding::new(Code::Unpinned, release.at, message)
                .label(format!("does not fit `{}`", strategy.as_str()))
                .help(help))
        };
        if built {
            return match strategy {
                Strategy::Oci | Strategy::Image | Strategy::Bottle => {
                    bad("has a `[build]`, and its source is no source code", "leave `[build]` out")
                }
                _ if release.source.is_none() => bad(
                    "has no digest of its source code",
                    "add `source = \"sha256:…\"`, the digest of the archive",
                ),
                _ if release.index.is_some() || !release.keys.is_empty() => bad(
                    "is built from source, and pins packages",
                    "keep `source` alone; what was built is pinned by `package`",
                ),
                Strategy::Git if release.commit.is_none() => {
                    bad("has no commit", "add `commit = \"…\"`")
                }
                _ => Ok(()),
            };
        }
        if strategy == Strategy::Git {
            return match (&release.commit, &release.source) {
                (Some(_), Some(_)) if release.keys.is_empty() && release.index.is_none() => Ok(()),
                _ => bad(
                    "does not pin a commit and its tree",
                    "write `commit = \"…\"` and `source = \"sha256:…\"`, and no other digest",
                ),
            };
        }
        if release.source.is_some() || release.commit.is_some() {
            return bad(
                "pins source code, and nothing is built",
                "write `linux-amd64 = \"sha256:…\"` or another platform, or add `[build]`",
            );
        }
        if release.index.is_some() && !strategy.has_index() {
            return bad(
                "pins an index, and the source serves files",
                "write the digest of each file: `linux-amd64 = \"sha256:…\"`, or `any`",
            );
        }
        Ok(())
    }

    /// The digest of what is fetched: of the source code where one is pinned, else of the package.
    fn digest(&self) -> Option<Digest> {
        if let Some(source) = &self.release.source {
            return Some(source.clone());
        }
        let found = self.release.digests.iter().find(|(key, _)| key.value == self.key);
        found.map(|(_, digest)| digest.value.clone())
    }

    fn pin(&self) -> Option<Pin> {
        match &self.release.index {
            Some(index) => Some(Pin::Index(index.clone())),
            None => self.digest().map(Pin::Manifest),
        }
    }

    /// Targets, each as its link says it: they lead anywhere, so only their form is looked at.
    fn external_links(&mut self, table: &SourceTable) -> Vec<String> {
        let links = table.external_links.iter().flatten();
        for link in links.clone() {
            self.sink.take(check_target(link, link.at));
        }
        links.map(|link| link.value.clone()).collect()
    }

    /// Paths in an image are read from its root, with or without a slash in front.
    fn image_paths(&mut self, table: &Placed<SourceTable>) -> Option<Vec<String>> {
        let Some(paths) = table.paths.as_ref().filter(|paths| !paths.is_empty()) else {
            self.push(crate::formula::missing("paths", "paths = [\"usr/bin/…\"]", table.at));
            return None;
        };
        let expanded = paths.iter().filter_map(|path| {
            let text = self.words.resolve(path);
            let text = self.sink.take(text)?;
            let below = text.strip_prefix('/').unwrap_or(&text);
            self.sink.take(check_relative(below, path.at))?;
            Some(below.to_owned())
        });
        Some(expanded.collect())
    }

    fn file(&mut self, place: &TemplateText) -> Option<String> {
        let text = self.words.resolve(place);
        let text = self.sink.take(text)?;
        self.sink.take(check_relative(text.strip_prefix('/').unwrap_or(&text), place.at))?;
        Some(text)
    }

    /// A URL, expanded and allowed.
    pub(super) fn url(&mut self, template: &TemplateText) -> Option<String> {
        let text = self.words.resolve(template);
        let text = self.sink.take(text)?;
        self.sink.take(url::check(&text, template.at, &self.formula.tap))?;
        Some(text)
    }

    /// The address of a git repository, or its path on this machine.
    fn git_url(&mut self, place: &TemplateText) -> Option<String> {
        let text = self.words.resolve(place);
        let text = self.sink.take(text)?;
        self.sink.take(url::check_git(&text, place.at, &self.formula.tap))?;
        Some(text)
    }

    fn urls(
        &mut self,
        table: &Placed<SourceTable>,
        strategy: Strategy,
        place: &TemplateText,
    ) -> Option<Vec<String>> {
        let main = match strategy {
            Strategy::Github => self.release_url(table, place),
            _ => self.url(place),
        };
        let mirrors: Vec<String> =
            table.mirrors.iter().flatten().filter_map(|mirror| self.url(mirror)).collect();
        Some([vec![main?], mirrors].concat())
    }

    /// The URL of a file of a GitHub release.
    fn release_url(&mut self, table: &Placed<SourceTable>, place: &TemplateText) -> Option<String> {
        let repository = self.repository(place)?;
        let Some(asset) = &table.asset else {
            self.push(crate::formula::missing("asset", "asset = \"…\"", place.at));
            return None;
        };
        let name = self.words.resolve(asset);
        let name = self.sink.take(name)?;
        if name.contains('/') {
            let message = format!("`{name}` is not the name of a file of a release");
            self.push(Finding::new(Code::Path, asset.at, message).label("holds a slash"));
        }
        let tag = self.tag(place.at)?;
        let tag: Vec<String> = tag.split('/').map(url::encode).collect();
        let (tag, name) = (tag.join("/"), url::encode(&name));
        Some(format!("https://github.com/{repository}/releases/download/{tag}/{name}"))
    }

    /// `owner/repository`, as GitHub names them.
    fn repository(&mut self, place: &TemplateText) -> Option<String> {
        let text = self.words.resolve(place);
        let text = self.sink.take(text)?;
        let allowed = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        if text.split('/').count() == 2 && text.split('/').all(allowed) {
            return Some(text);
        }
        let message = format!("`{}` is no repository", crate::name::printable(&text));
        self.push(
            Finding::new(Code::Value, place.at, message)
                .label("malformed")
                .help("write `owner/repository`"),
        );
        None
    }

    fn tag(&mut self, at: At) -> Option<String> {
        let tag = self.words.tag_text(at);
        self.sink.take(tag).filter(|tag| !tag.is_empty())
    }

    /// The reference with its tag. Tags are hints: the digest decides.
    fn reference(&mut self, place: &TemplateText) -> Option<String> {
        let text = self.words.resolve(place);
        let text = self.sink.take(text)?;
        let text = text.strip_prefix("oci://").unwrap_or(&text);
        self.sink.take(check_reference(text, place.at))?;
        let tag = self.tag(place.at)?;
        self.sink.take(check_tag(&tag, place.at))?;
        if !text.starts_with("oci:") {
            self.sink.take(url::check_registry(text, place.at, &self.formula.tap))?;
        }
        Some(format!("{text}:{tag}"))
    }
}

/// The one strategy of a source.
fn strategy(table: &Placed<SourceTable>) -> Result<(Strategy, &TemplateText), Finding> {
    let all = [
        (Strategy::Oci, &table.oci),
        (Strategy::Image, &table.image),
        (Strategy::Http, &table.http),
        (Strategy::Github, &table.github),
        (Strategy::File, &table.file),
        (Strategy::Git, &table.git),
        (Strategy::Bottle, &table.bottle),
    ];
    let mut there = all.into_iter().filter_map(|(strategy, at)| Some((strategy, at.as_ref()?)));
    match (there.next(), there.next()) {
        (Some(one), None) => Ok(one),
        (Some(one), Some(other)) => {
            // The later line is the one that was added to a formula that worked.
            let (early, late) = if one.1.at < other.1.at { (one, other) } else { (other, one) };
            let (early, late, at) = (early.0.as_str(), late.0.as_str(), late.1.at);
            Err(Finding::new(Code::Strategy, at, format!("`{late}` beside `{early}`"))
                .label("a second strategy")
                .help(format!("keep one; in a `[[when]]` write `{early} = false` beside `{late}`")))
        }
        (None, _) => Err(Finding::new(
            Code::Strategy,
            table.at,
            "`[source]` does not say where the bytes are",
        )
        .label("no strategy")
        .help("add one of oci, github, http, git, file, bottle and image")),
    }
}

/// A key that belongs to another strategy.
fn foreign_key(table: &Placed<SourceTable>, strategy: Strategy) -> Result<(), Finding> {
    use Strategy::{File, Github, Http, Image, Oci};
    let list_at = |list: &Option<Vec<TemplateText>>| list.as_ref()?.first().map(|text| text.at);
    let format = |format: &Option<Spanned<_>>| format.as_ref().map(|format| format.at);
    let keys: [(&str, Option<At>, &[Strategy]); 4] = [
        ("asset", table.asset.as_ref().map(|asset| asset.at), &[Github]),
        ("paths", list_at(&table.paths), &[Image]),
        ("mirrors", list_at(&table.mirrors), &[Http, Github]),
        ("format", format(&table.format), &[Oci, Http, Github, File]),
    ];
    for (key, at, strategies) in keys {
        if let Some(at) = at
            && !strategies.contains(&strategy)
        {
            let owners: Vec<&str> = strategies.iter().map(|owner| owner.as_str()).collect();
            let message = format!("`{}` has no `{key}`", strategy.as_str());
            return Err(Finding::new(Code::Strategy, at, message)
                .label(format!("belongs to {}", owners.join(", ")))
                .help(format!("leave `{key}` out")));
        }
    }
    Ok(())
}

/// A repository in a registry, or `oci:` and a path; tag and digest have keys of their own.
fn check_reference(text: &str, at: At) -> Result<(), Finding> {
    let bad = |label: &str, help: &str| {
        let message = format!("`{}` is no repository", crate::name::printable(text));
        Err(Finding::new(Code::Value, at, message).label(label).help(help))
    };
    if text.contains('@') {
        return bad("holds a digest", "write the digest in the version table");
    }
    if let Some(path) = text.strip_prefix("oci:") {
        return check_relative(path.strip_prefix('/').unwrap_or(path), at);
    }
    if text.contains(|c: char| c.is_whitespace() || c == '\\') || text.contains("://") {
        return bad("malformed", "write `host/repository`, or `oci:` and the path of a folder");
    }
    match text.split_once('/') {
        Some((host, rest)) if !host.is_empty() && !rest.is_empty() => {
            if rest.contains(':') {
                return bad("holds a tag", "write the tag as `tag = \"…\"`");
            }
            Ok(())
        }
        _ => bad("names no host", "write `host/repository`, such as `ghcr.io/owner/name`"),
    }
}

/// The grammar of tags in the distribution specification.
fn check_tag(tag: &str, at: At) -> Result<(), Finding> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    if tag.len() <= 128 && !tag.starts_with(['.', '-']) && tag.bytes().all(allowed) {
        return Ok(());
    }
    Err(Finding::new(Code::Value, at, format!("registries have no tag `{tag}`"))
        .label("its tag cannot exist")
        .help("write the tag that it has: `tag = \"…\"` in `[source]` or in the version table"))
}
