//! What a maintainer points at, read: a release on GitHub, an address, a folder, a file, an
//! artifact.

use std::path::{Path, PathBuf};

use formula::{Scheme, Version};

/// What a formula is drafted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// `owner/repository`, and what the address says of a release.
    Github { repository: String, tag: Option<String>, asset: Option<String> },
    /// Any other address.
    Http(String),
    /// A folder.
    Folder(PathBuf),
    /// A file of this machine.
    File(PathBuf),
    /// A reference into a registry or layout.
    Oci(String),
}

impl Origin {
    /// Reads what was typed.
    pub(crate) fn read(text: &str) -> Self {
        if text.starts_with("oci:") || text.starts_with("ocidir:") {
            return Self::Oci(text.to_owned());
        }
        if let Some(github) = github(text) {
            return github;
        }
        if text.starts_with("http://") || text.starts_with("https://") {
            return Self::Http(text.to_owned());
        }
        if Path::new(text).join("oci-layout").is_file() {
            return Self::Oci(format!("oci:{text}"));
        }
        let path = PathBuf::from(text);
        if path.is_file() { Self::File(path) } else { Self::Folder(path) }
    }
}

fn github(text: &str) -> Option<Origin> {
    let rest = text.strip_prefix("https://github.com/")?;
    let rest = rest.split(['?', '#']).next().unwrap_or(rest).trim_end_matches('/');
    let parts: Vec<&str> = rest.split('/').collect();
    let (owner, name) = (parts.first()?, parts.get(1)?);
    let repository = format!("{owner}/{}", name.trim_end_matches(".git"));
    let decoded = |part: &str| percent_decoded(part);
    let (tag, asset) = match &parts[2..] {
        [] | ["releases"] | ["releases", "latest"] => (None, None),
        ["releases", "download", tag @ .., asset] if !tag.is_empty() => {
            (Some(decoded(&tag.join("/"))), Some(decoded(asset)))
        }
        ["releases", "tag", tag @ ..] if !tag.is_empty() => (Some(decoded(&tag.join("/"))), None),
        _ => return None,
    };
    Some(Origin::Github { repository, tag, asset })
}

/// A part of an address as it is meant.
pub(crate) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The version in a tag: what begins with its first number that looks like one.
pub(crate) fn version_in_tag(tag: &str) -> Option<String> {
    let starts = tag.char_indices().filter(|(place, c)| {
        let before = tag[..*place].chars().next_back();
        c.is_ascii_digit() && before.is_none_or(|c| !c.is_ascii_digit() && c != '.')
    });
    let candidates: Vec<&str> = starts.map(|(place, _)| &tag[place..]).collect();
    let has_dot = |text: &str| text.split('-').next().is_some_and(|first| first.contains('.'));
    let dotted = |text: &&&str| has_dot(text) && is_version(text);
    let found = candidates.iter().find(dotted).or(candidates.iter().find(|text| is_version(text)));
    found.map(|text| (*text).to_owned())
}

/// The version in the name of a file, whose end and platform are taken away.
pub(crate) fn version_in_name(stem: &str) -> Option<String> {
    let is_edge = |c: char| matches!(c, '-' | '_') || c == 'v';
    let starts = stem.char_indices().filter(|(place, c)| {
        let before = &stem[..*place];
        let edge = before.chars().next_back().is_none_or(is_edge);
        c.is_ascii_digit() && edge
    });
    let trimmed = |text: &str| -> Option<String> {
        let text = without_packing(text).trim_end_matches(['-', '_', '.']);
        let mut parts = text.split(['-', '_']);
        let first = parts.next()?.to_owned();
        // A pre-release belongs to the version, whatever else follows does not.
        let next = parts.next().filter(|next| is_prerelease(next));
        let text = next.map_or(first.clone(), |next| format!("{first}-{next}"));
        is_version(&text).then_some(text)
    };
    let found: Vec<String> = starts.filter_map(|(place, _)| trimmed(&stem[place..])).collect();
    found.iter().find(|text| text.contains('.')).or(found.first()).cloned()
}

/// A version without the words by which archives of source code say what they are.
fn without_packing(text: &str) -> &str {
    let words = [".orig", ".dfsg", "+dfsg", "+ds", ".src", ".source"];
    let cut = words.iter().filter_map(|word| text.find(word)).min();
    &text[..cut.unwrap_or(text.len())]
}

fn is_prerelease(text: &str) -> bool {
    ["alpha", "beta", "rc", "pre", "dev"].iter().any(|word| text.starts_with(word))
}

fn is_version(text: &str) -> bool {
    Version::parse(text, Scheme::Loose).is_ok()
}

/// The name of a package in the name of a file: what stands before version and platform.
pub(crate) fn name_in_stem(stem: &str, version: &str, target: Option<usize>) -> Option<String> {
    let version = (!version.is_empty()).then(|| stem.find(version)).flatten();
    let end = [version, target].into_iter().flatten().min().unwrap_or(stem.len());
    let head = stem[..end].trim_end_matches(['-', '_', '.']);
    let head = match head.strip_suffix(['v', 'V']) {
        Some(before) if before.ends_with(['-', '_', '.']) => {
            before.trim_end_matches(['-', '_', '.'])
        }
        _ => head,
    };
    name(head)
}

/// A text as a name of a package, if enough of it can be one.
pub(crate) fn name(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let fitting: String = lower
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+') { c } else { '-' })
        .collect();
    let trimmed = fitting.trim_matches(['-', '.', '_']);
    formula::Name::parse(trimmed).ok().map(|name| name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_github_are_read() {
        let check = |url: &str, tag: Option<&str>, asset: Option<&str>| {
            let expect = Origin::Github {
                repository: "a/b".to_owned(),
                tag: tag.map(str::to_owned),
                asset: asset.map(str::to_owned),
            };
            assert_eq!(Origin::read(url), expect, "{url}");
        };
        check("https://github.com/a/b", None, None);
        check("https://github.com/a/b.git", None, None);
        check("https://github.com/a/b/releases/", None, None);
        check("https://github.com/a/b/releases/tag/v1", Some("v1"), None);
        check("https://github.com/a/b/releases/download/v1/x.zip", Some("v1"), Some("x.zip"));
        check("https://github.com/a/b/releases/download/x%2Fv1/y.zip", Some("x/v1"), Some("y.zip"));
        let archive = "https://github.com/a/b/archive/refs/tags/v1.tar.gz";
        assert_eq!(Origin::read(archive), Origin::Http(archive.to_owned()));
        assert_eq!(Origin::read("oci://r/a:1"), Origin::Oci("oci://r/a:1".to_owned()));
        assert_eq!(Origin::read("dist"), Origin::Folder("dist".into()));
    }

    #[test]
    fn versions_are_found_in_tags_and_names() {
        let tag = |text: &str| version_in_tag(text).unwrap_or_default();
        assert_eq!(tag("v1.2.3"), "1.2.3");
        assert_eq!(tag("cargo-audit/v0.22.2"), "0.22.2");
        assert_eq!(tag("b2-1.0"), "1.0");
        assert_eq!(tag("2024.1"), "2024.1");
        assert_eq!(tag("R16"), "16");
        assert_eq!(tag("nightly"), "");
        let name = |text: &str| version_in_name(text).unwrap_or_default();
        assert_eq!(name("zlib-1.3.1"), "1.3.1");
        assert_eq!(name("zlib_1.2.13.dfsg.orig"), "1.2.13");
        assert_eq!(name("jq_1.6.orig"), "1.6");
        assert_eq!(name("tool-v2.0.0-rc1-linux"), "2.0.0-rc1");
        assert_eq!(name("ruff-0.4.1-py3-none"), "0.4.1");
        assert_eq!(name("x264-20231001"), "20231001");
        assert_eq!(name("tool"), "");
    }

    #[test]
    fn names_are_what_stands_before() {
        let check = |stem: &str, version: &str, target: Option<usize>, expect: &str| {
            assert_eq!(name_in_stem(stem, version, target).as_deref(), Some(expect), "{stem}");
        };
        check("zlib-1.3.1", "1.3.1", None, "zlib");
        check("d2-v0.7.1-linux-amd64", "0.7.1", Some(10), "d2");
        check("shfmt_v3.1_linux", "3.1", Some(11), "shfmt");
        check("uv-x86_64-unknown-linux-gnu", "0.12", Some(3), "uv");
        check("Tool", "", None, "tool");
    }
}
