//! Mirrors: URLs that begin with one text are asked for where another text says.
//!
//! A mirror is a server of its own: credentials are looked up by its host, never the original's.
//! Only what the caller asks for is replaced. A redirect is followed as it stands: a mirror that
//! sends its client to the original must not get it back.

use url::Url;

use crate::host;

/// A pair of texts that is no mirror.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{prefix}` cannot have the mirror `{replacement}`: {rule}")]
pub struct Unusable {
    /// The text that URLs begin with.
    pub prefix: String,
    /// The text that replaces it.
    pub replacement: String,
    /// The rule that the pair breaks.
    pub rule: &'static str,
}

/// The replacements, longest prefix first.
#[derive(Debug, Default)]
pub(crate) struct Mirrors(Vec<(String, String)>);

impl Mirrors {
    /// Takes pairs of prefix and replacement, as the configuration writes them.
    pub(crate) fn new(pairs: &[(String, String)]) -> Result<Self, Unusable> {
        let mut checked: Vec<_> = pairs.iter().map(check).collect::<Result<_, _>>()?;
        checked.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        Ok(Self(checked))
    }

    /// The URL to ask instead; `url` itself where no mirror is set for it.
    pub(crate) fn apply(&self, url: Url) -> Url {
        let text = url.as_str();
        let replaced = self.0.iter().find_map(|(prefix, replacement)| {
            let rest = text.strip_prefix(prefix.as_str()).filter(|rest| ends_well(prefix, rest))?;
            // What is checked by itself may still be no URL with a rest behind it, as a port is.
            format!("{replacement}{rest}").parse().ok()
        });
        replaced.unwrap_or(url)
    }
}

/// The pair as URLs are written: Docker Hub answers at another host than it is named.
fn check((prefix, replacement): &(String, String)) -> Result<(String, String), Unusable> {
    let unusable =
        |rule| Err(Unusable { prefix: prefix.clone(), replacement: replacement.clone(), rule });
    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let Some(url) = prefix.parse().ok().filter(is_web) else {
        return unusable("the prefix does not begin as an http or https URL does");
    };
    let Some(other) =
        replacement.parse().ok().filter(|url| is_web(url) && url.username().is_empty())
    else {
        return unusable("the replacement does not begin as an http or https URL does");
    };
    let is_host = other.path() == "/" && other.query().is_none() && !replacement.ends_with('/');
    if is_host && prefix.ends_with('/') {
        return unusable("the prefix ends with `/` and the replacement does not");
    }
    let named = url.host_str().unwrap_or_default();
    let contact = host::canonical(named).map_or(named.to_owned(), |h| host::contact(&h).to_owned());
    Ok((prefix.replacen(named, &contact, 1), replacement.clone()))
}

/// Whether a prefix ends where a host or a path segment does, so that `https://a.example` does
/// not match `https://a.example.evil`.
fn ends_well(prefix: &str, rest: &str) -> bool {
    prefix.ends_with('/') || rest.is_empty() || rest.starts_with(['/', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirrors(pairs: &[(&str, &str)]) -> Result<Mirrors, Unusable> {
        let pair = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        Mirrors::new(&pairs.iter().map(pair).collect::<Vec<_>>())
    }

    #[test]
    fn d14_the_longest_prefix_is_replaced() {
        let mirrors = mirrors(&[
            ("https://github.com/", "http://127.0.0.1:1/"),
            ("https://github.com/acme/", "http://127.0.0.1:2/acme-"),
            ("https://ghcr.io", "https://proxy.example/ghcr"),
            ("https://docker.io/", "https://hub.example/"),
        ])
        .unwrap();
        let cases = [
            ("https://github.com/a/b?x=1", "http://127.0.0.1:1/a/b?x=1"),
            ("https://github.com/acme/b", "http://127.0.0.1:2/acme-b"),
            ("https://ghcr.io/v2/", "https://proxy.example/ghcr/v2/"),
            ("https://ghcr.io.evil.example/v2/", "https://ghcr.io.evil.example/v2/"),
            ("https://registry-1.docker.io/v2/", "https://hub.example/v2/"),
            ("http://github.com/a", "http://github.com/a"),
        ];
        for (url, expected) in cases {
            assert_eq!(mirrors.apply(url.parse().unwrap()).as_str(), expected);
        }
    }

    #[test]
    fn a_pair_that_is_no_mirror_is_refused() {
        let bad = [
            ("github.com", "http://127.0.0.1:1/"),
            ("https://github.com/", "127.0.0.1:1"),
            ("https://github.com/", "file:///srv/"),
            ("https://github.com/", "https://me:pw@mirror.example/"),
            // `https://github.com/a` would be asked for at `mirror.examplea`.
            ("https://github.com/", "https://mirror.example"),
        ];
        for pair in bad {
            assert!(mirrors(&[pair]).is_err(), "{pair:?}");
        }
    }
}
