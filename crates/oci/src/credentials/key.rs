//! The keys under which credential files know registries, and which of them suit a repository.
//!
//! Tools wrote hosts, URLs, URLs with a version of the API, and repositories as keys.

use crate::host;

/// A key as it is meant: a registry, or the repositories below a path of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Key {
    host: String,
    path: String,
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
    fn h20_the_most_specific_key_comes_first() {
        let keys = ["git.example", "git.example/a", "git.example/a/b", "git.example/a/b/c/d"];
        check(&keys, ("git.example", "a/b/c"), &[keys[2], keys[1], keys[0]]);
        check(&keys, ("git.example", "a/b"), &[keys[2], keys[1], keys[0]]);
        check(&keys, ("git.example", "a/bc"), &[keys[1], keys[0]]);
        check(&keys, ("git.example", "ab"), &[keys[0]]);
        check(&keys, ("other.example", "a/b"), &[]);
    }
}
