//! The keys under which credential files know registries, and which of them suit a repository.
//!
//! Tools wrote hosts, URLs, URLs with a version of the API, and repositories as keys.

use std::{fmt, str::FromStr};

use crate::{excerpt::excerpt, host, reference};

/// What a credential is for: a registry, or the repositories below a path of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub(crate) host: String,
    pub(crate) path: String,
}

/// A text that names neither a registry nor a path of one.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is no registry's host, alone or with a path: {rule}")]
pub struct Malformed {
    /// The text, shortened and without a password.
    text: String,
    /// The rule that it breaks.
    rule: &'static str,
}

impl Key {
    /// The registry, in its canonical spelling.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path; empty for the whole registry.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is for the whole of a registry.
    pub fn is_whole(&self) -> bool {
        self.path.is_empty()
    }

    /// The key as files and helpers have it.
    pub(super) fn written(&self) -> String {
        if self.is_whole() { server(&self.host).to_owned() } else { self.to_string() }
    }

    /// Whether this is for a part of what `other` is for.
    fn is_below(&self, other: &Self) -> bool {
        let rest = self.path.strip_prefix(&other.path);
        let is_part = |rest: &str| {
            if other.is_whole() { !rest.is_empty() } else { rest.starts_with('/') }
        };
        self.host == other.host && rest.is_some_and(is_part)
    }
}

impl FromStr for Key {
    type Err = Malformed;

    /// Reads `HOST[:PORT][/PATH]`, as people type it or paste it from elsewhere.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bare = ["oci://", "https://", "http://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .unwrap_or(text)
            .trim_end_matches('/');
        let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
        // What stands before an `@` may be a password.
        let shown = || excerpt(bare.rsplit_once('@').map_or(text, |(_, rest)| rest));
        let malformed = |rule| Malformed { text: shown(), rule };
        if bare.contains('@') {
            return Err(malformed("a user is not part of it"));
        }
        if !host::is_qualified(host) {
            return Err(malformed("a host has a `.` or a port, or is `localhost`"));
        }
        let host = host::canonical(host).map_err(malformed)?;
        let path = if matches!(path, "v1" | "v2") { "" } else { path };
        if !path.is_empty() && !reference::is_repository(path) {
            return Err(malformed(reference::REPOSITORY_RULE));
        }
        Ok(Self { host, path: path.to_owned() })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if self.is_whole() { Ok(()) } else { write!(f, "/{}", self.path) }
    }
}

/// Reads a file's key; `None` for one that can be no registry's.
pub(super) fn parse(text: &str) -> Option<Key> {
    let bare = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_url = bare.is_some();
    let bare = bare.unwrap_or(text).trim_end_matches('/');
    let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
    // `docker login` stores whatever was typed, and means the host alone where it was a URL.
    let path = if is_url || matches!(path, "v1" | "v2") { "" } else { path };
    Some(Key { host: host::canonical(host).ok()?, path: path.to_owned() })
}

/// Those of `keys` that are for a repository, most specific first.
pub(super) fn suitable<'a>(
    keys: impl Iterator<Item = &'a str>,
    host: &str,
    repository: &str,
) -> Vec<&'a str> {
    let mut found: Vec<(usize, bool, &str)> = keys
        .filter_map(|text| {
            let key = parse(text)?;
            let rest = repository.strip_prefix(&key.path)?;
            let below = key.path.is_empty() || rest.is_empty() || rest.starts_with('/');
            let is_plain = !text.contains("://") && !text.ends_with('/');
            (key.host == host && below).then_some((key.path.len(), is_plain, text))
        })
        .collect();
    // Of two spellings of one key, the one without a scheme is the newer habit.
    found.sort_by_key(|(length, is_plain, _)| std::cmp::Reverse((*length, *is_plain)));
    found.into_iter().map(|(_, _, text)| text).collect()
}

/// Those of `keys` that mean exactly this one, however they are spelt.
pub(super) fn equal<'a>(keys: impl Iterator<Item = &'a str>, key: &Key) -> Vec<&'a str> {
    keys.filter(|text| parse(text).is_some_and(|found| found == *key)).collect()
}

/// Those of `keys` that are for a part of what this one is for.
pub(super) fn below<'a>(keys: impl Iterator<Item = &'a str>, key: &Key) -> Vec<&'a str> {
    keys.filter(|text| parse(text).is_some_and(|found| found.is_below(key))).collect()
}

/// The name by which credential helpers know a registry.
pub(super) fn server(host: &str) -> &str {
    if host == host::DOCKER_HUB { "https://index.docker.io/v1/" } else { host }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(keys: &[&str], reference: (&str, &str), expected: &[&str]) {
        let (host, repository) = reference;
        assert_eq!(suitable(keys.iter().copied(), host, repository), expected, "{reference:?}");
    }

    #[test]
    fn h16_keys_are_hosts_in_many_spellings() {
        let hub = [
            "docker.io",
            "index.docker.io",
            "registry-1.docker.io",
            "https://index.docker.io/v1/",
            "https://registry-1.docker.io/v2/",
            "http://docker.io",
            "index.docker.io/v1/",
        ];
        for key in hub {
            check(&[key, "ghcr.io"], ("docker.io", "library/ubuntu"), &[key]);
        }
        let others =
            ["REG.example:5000", "https://reg.example:5000", "http://reg.example:5000/v2/"];
        for key in others.into_iter().chain(["reg.example:5000/", "https://reg.example:5000/x/y"]) {
            check(&[key], ("reg.example:5000", "a/b"), &[key]);
            check(&[key], ("reg.example", "a/b"), &[]);
        }
        for key in ["", "/", "https://", "not a host", "reg.example:5000x", "*"] {
            check(&[key], ("reg.example:5000", "a/b"), &[]);
        }
        let both = ["https://reg.example", "reg.example"];
        check(&both, ("reg.example", "a"), &["reg.example", "https://reg.example"]);
        assert_eq!(server("docker.io"), "https://index.docker.io/v1/");
        assert_eq!(server("ghcr.io"), "ghcr.io");
    }

    #[test]
    fn h16_what_people_type_names_a_registry_or_a_path_of_it() {
        let read = |text: &str| text.parse::<Key>().map(|key| key.to_string());
        for (text, expected) in [
            ("ghcr.io", "ghcr.io"),
            ("REG.example:5000", "reg.example:5000"),
            ("oci://reg.example/team/", "reg.example/team"),
            ("https://index.docker.io/v1/", "docker.io"),
            ("registry-1.docker.io/v2/", "docker.io"),
            ("docker.io/me", "docker.io/me"),
            ("[::1]:5000/a/b", "[::1]:5000/a/b"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(read(text).unwrap(), expected, "{text}");
        }
        for text in [
            "",
            "https://",
            "a b",
            "acme/team",
            "a.b/Team",
            "a.b/a:1",
            "a.b/c@d",
            "a.b//c",
            "a.b:x",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        let error = read("https://me:s3cret@reg.example").unwrap_err().to_string();
        assert!(error.contains("`reg.example`") && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn h20_a_key_is_told_from_those_below_and_above_it() {
        let keys = ["a.io", "https://a.io", "a.io/x", "a.io/x/y", "a.io/xy", "b.io/x"];
        let key = |text: &str| text.parse::<Key>().unwrap();
        let all = || keys.iter().copied();
        assert_eq!(equal(all(), &key("a.io")), ["a.io", "https://a.io"]);
        assert_eq!(equal(all(), &key("a.io/x")), ["a.io/x"]);
        assert_eq!(below(all(), &key("a.io")), ["a.io/x", "a.io/x/y", "a.io/xy"]);
        assert_eq!(below(all(), &key("a.io/x")), ["a.io/x/y"]);
    }

    #[test]
    fn h20_the_most_specific_key_comes_first() {
        let keys = ["git.example", "git.example/a", "git.example/a/b", "git.example/a/b/c/d"];
        check(&keys, ("git.example", "a/b/c"), &[keys[2], keys[1], keys[0]]);
        check(&keys, ("git.example", "a/b"), &[keys[2], keys[1], keys[0]]);
        check(&keys, ("git.example", "a/bc"), &[keys[1], keys[0]]);
        check(&keys, ("git.example", "ab"), &[keys[0]]);
        check(&keys, ("other.example", "a/b"), &[]);
    }
}
