//! References to artifacts in registries, `host/repository[:tag][@digest]`
//! (distribution-spec, "Pulling manifests").
//!
//! A reference is fully qualified: no registry is ever guessed from a short name. This file
//! deliberately knows no layouts on disk (`place`) and opens no connection.

use std::{fmt, str::FromStr};

use digest::Digest;

use crate::{excerpt::excerpt, host};

/// One artifact, or one repository, of one registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    host: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// What to ask a repository or layout for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// The manifest that this tag names now.
    Tag(&'a str),
    /// Exactly this manifest.
    Digest(&'a Digest),
}

/// A text that is no reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text breaks a rule of the grammar.
    #[error("`{text}` is not a reference: {rule}")]
    Malformed {
        /// The text, shortened and without control characters.
        text: String,
        /// The rule that the text breaks.
        rule: &'static str,
    },
    /// The text names no registry; short names are not searched for, as others could take them.
    #[error(
        "`{text}` does not say which registry; write its host in front, as in `docker.io/{text}`"
    )]
    NotQualified {
        /// The text, shortened and without control characters.
        text: String,
    },
    /// The part after `@` is no digest.
    #[error("`{text}` is not a reference: the part after `@` is no digest")]
    Digest {
        /// The text, shortened and without control characters.
        text: String,
        /// What is wrong with the digest.
        #[source]
        source: digest::Malformed,
    },
}

/// Longest repository name, in bytes; registries and other clients agree on it.
const REPOSITORY_BYTES_MAX: usize = 255;

impl Reference {
    /// The registry in its canonical spelling: the key for credentials and caches.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The repository's name within the registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag as written; only for display when there is a digest too.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest as written.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// What to ask for: the digest, else the tag, else the tag `latest`.
    pub fn wanted(&self) -> Wanted<'_> {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => Wanted::Digest(digest),
            (None, tag) => Wanted::Tag(tag.as_deref().unwrap_or("latest")),
        }
    }

    /// The same repository and tag, pinned to `digest`.
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }

    /// The same, in another registry and there below `path`, which is empty or ends with `/`.
    pub(crate) fn moved(&self, host: &str, path: &str) -> Self {
        let repository = format!("{path}{}", self.repository);
        Self { host: host.to_owned(), repository, ..self.clone() }
    }

    /// The repository alone, without tag and digest.
    pub(crate) fn bare(&self) -> Self {
        Self { tag: None, digest: None, ..self.clone() }
    }

    /// The same repository at `tag`, without a digest.
    pub fn with_tag(&self, tag: &str) -> Result<Self, Error> {
        if !is_tag(tag) {
            return Err(malformed(tag, TAG_RULE));
        }
        Ok(Self { tag: Some(tag.to_owned()), digest: None, ..self.clone() })
    }
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let rest = text.strip_prefix("oci://").unwrap_or(text);
        if rest.contains("://") {
            return Err(malformed(text, "the only scheme that it may start with is `oci://`"));
        }
        let (name, digest) = match rest.split_once('@') {
            Some((name, digest)) => (name, Some(parse_digest(text, digest)?)),
            None => (rest, None),
        };
        let (host, path) = match name.split_once('/') {
            Some((host, path)) if host::is_qualified(host) => (host, path),
            _ => return Err(not_qualified(text, rest)),
        };
        let host = host::canonical(host).map_err(|rule| malformed(text, rule))?;
        let (repository, tag) = match path.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (path, None),
        };
        if repository.len() > REPOSITORY_BYTES_MAX {
            return Err(malformed(text, "the repository's name is longer than 255 bytes"));
        }
        if !is_repository(repository) {
            return Err(malformed(text, REPOSITORY_RULE));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(malformed(text, TAG_RULE));
        }
        let official = host == host::DOCKER_HUB && !repository.contains('/');
        let prefix = if official { "library/" } else { "" };
        let repository = format!("{prefix}{repository}");
        Ok(Self { host, repository, tag: tag.map(str::to_owned), digest })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Wanted<'_> {
    /// The last segment of a manifest's URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => write!(f, "{digest}"),
        }
    }
}

/// The rule that [`is_repository`] checks, in words.
pub(crate) const REPOSITORY_RULE: &str = "a repository is parts of lower-case letters and digits, \
                                          joined inside by `.`, `_`, `__` or `-` and between by \
                                          `/`";
const TAG_RULE: &str = "a tag is up to 128 letters, digits, `_`, `.` and `-`, and starts with \
                        neither `.` nor `-`";

/// Whether `text` is `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`.
pub fn is_tag(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=128).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with(['.', '-'])
}

/// Whether `text` is `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`, repeated with `/` between.
pub(crate) fn is_repository(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let is_separator =
        |run: &[u8]| matches!(run, b"" | b"." | b"_" | b"__") || run.iter().all(|b| *b == b'-');
    text.split('/').all(|part| {
        let bytes = part.as_bytes();
        bytes.first().copied().is_some_and(is_word)
            && bytes.last().copied().is_some_and(is_word)
            && bytes.split(|b| is_word(*b)).all(is_separator)
    })
}

fn parse_digest(text: &str, digest: &str) -> Result<Digest, Error> {
    digest.parse().map_err(|source| Error::Digest { text: excerpt(text), source })
}

fn not_qualified(text: &str, rest: &str) -> Error {
    let first = rest.split(['/', '@']).next().unwrap_or_default();
    let name = first.split(':').next().unwrap_or_default();
    let lone_host = !rest.contains('/') && name.contains('.');
    if host::is_qualified(first) && rest.contains('/') || lone_host || !is_repository(name) {
        return malformed(text, "it is not `host/repository[:tag][@digest]`");
    }
    Error::NotQualified { text: excerpt(rest) }
}

fn malformed(text: &str, rule: &'static str) -> Error {
    Error::Malformed { text: excerpt(text), rule }
}

#[cfg(test)]
mod tests;
