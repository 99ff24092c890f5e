//! Places that hold artifacts: a repository of a registry, or a layout in a folder, an archive or
//! memory.
//!
//! Only the text is read here; whether the folder or the repository exists is not known.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use digest::Digest;

use crate::{
    Reference,
    excerpt::excerpt,
    layout::Memory,
    reference::{self, Wanted},
};

/// Where an artifact is: `oci://host/repository…` or `host/repository…`, `oci:folder…`, or
/// `oci-archive:file…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// In a registry.
    Registry(Reference),
    /// In an OCI image layout, a folder on this machine.
    Layout {
        /// The folder; as written, so it may be relative.
        path: PathBuf,
        /// The `org.opencontainers.image.ref.name` in the layout's index; often a tag.
        tag: Option<String>,
        /// The manifest's digest.
        digest: Option<Digest>,
    },
    /// In an OCI image layout that is a tar archive; what `docker save` writes is read too.
    Archive {
        /// The archive; as written, so it may be relative.
        path: PathBuf,
        /// The name in the layout's index; often a tag.
        tag: Option<String>,
        /// The manifest's digest.
        digest: Option<Digest>,
    },
    /// In an OCI image layout in memory, which no text names.
    Memory {
        /// The layout.
        memory: Memory,
        /// The name in the layout's index.
        tag: Option<String>,
        /// The manifest's digest.
        digest: Option<Digest>,
    },
}

/// A text that is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is no reference, nor does it start with `oci:`.
    #[error("cannot tell the place of an artifact")]
    Reference(#[source] reference::Error),
    /// The text breaks a rule of layout places.
    #[error("`{text}` names no image layout: {rule}")]
    Layout {
        /// The text, shortened and without control characters.
        text: String,
        /// The rule that the text breaks.
        rule: &'static str,
    },
    /// The part after `@` is no digest.
    #[error("`{text}` names no image layout: the part after `@` is no digest")]
    Digest {
        /// The text, shortened and without control characters.
        text: String,
        /// What is wrong with the digest.
        #[source]
        source: digest::Malformed,
    },
}

impl Place {
    /// Reads `oci://host/repo[:tag][@digest]`, the same without `oci://`,
    /// `oci:folder[:tag][@digest]`, or `oci-archive:file[:tag][@digest]`.
    ///
    /// As in other tools a layout's folder or file ends at the first `:`. `ocidir://` means the
    /// same as `oci:`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if let Some(file) = text.strip_prefix("oci-archive:") {
            let (path, tag, digest) = parse_layout(text, file)?;
            return Ok(Self::Archive { path, tag, digest });
        }
        let folder = match text.strip_prefix("ocidir://") {
            Some(folder) => Some(folder),
            None => text.strip_prefix("oci:").filter(|rest| !rest.starts_with("//")),
        };
        match folder {
            Some(folder) => {
                let (path, tag, digest) = parse_layout(text, folder)?;
                Ok(Self::Layout { path, tag, digest })
            }
            None => text.parse().map(Self::Registry).map_err(Error::Reference),
        }
    }

    /// The tag as written, or the name in a layout; only for display when there is a digest too.
    pub fn tag(&self) -> Option<&str> {
        match self {
            Self::Registry(reference) => reference.tag(),
            Self::Layout { tag, .. } | Self::Archive { tag, .. } | Self::Memory { tag, .. } => {
                tag.as_deref()
            }
        }
    }

    /// The digest as written.
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Registry(reference) => reference.digest(),
            Self::Layout { digest, .. }
            | Self::Archive { digest, .. }
            | Self::Memory { digest, .. } => digest.as_ref(),
        }
    }

    /// The folder or file on this machine, where the place is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Layout { path, .. } | Self::Archive { path, .. } => Some(path),
            Self::Registry(_) | Self::Memory { .. } => None,
        }
    }

    /// What to ask for; `None` for a layout without tag and digest, which may hold just one thing.
    pub fn wanted(&self) -> Option<Wanted<'_>> {
        match self {
            Self::Registry(reference) => Some(reference.wanted()),
            _ => match (self.digest(), self.tag()) {
                (Some(digest), _) => Some(Wanted::Digest(digest)),
                (None, tag) => tag.map(Wanted::Tag),
            },
        }
    }

    /// The same repository or layout, pinned to `digest`.
    pub fn with_digest(&self, digest: Digest) -> Self {
        let mut place = self.clone();
        match &mut place {
            Self::Registry(reference) => *reference = reference.with_digest(digest),
            Self::Layout { digest: old, .. }
            | Self::Archive { digest: old, .. }
            | Self::Memory { digest: old, .. } => *old = Some(digest),
        }
        place
    }

    /// The repository or layout alone, without tag and digest.
    pub fn bare(&self) -> Self {
        let mut place = self.clone();
        match &mut place {
            Self::Registry(reference) => *reference = reference.bare(),
            Self::Layout { tag, digest, .. }
            | Self::Archive { tag, digest, .. }
            | Self::Memory { tag, digest, .. } => (*tag, *digest) = (None, None),
        }
        place
    }

    /// The same repository or layout at `tag`, without a digest.
    pub fn with_tag(&self, tag: &str) -> Result<Self, Error> {
        let mut place = self.clone();
        match &mut place {
            Self::Registry(reference) => {
                *reference = reference.with_tag(tag).map_err(Error::Reference)?;
            }
            Self::Layout { tag: old, digest, .. }
            | Self::Archive { tag: old, digest, .. }
            | Self::Memory { tag: old, digest, .. } => {
                if !is_ref_name(tag) {
                    return Err(Error::Layout { text: excerpt(tag), rule: REF_NAME_RULE });
                }
                (*old, *digest) = (Some(tag.to_owned()), None);
            }
        }
        Ok(place)
    }

    /// The same place, with a layout's relative folder or file read from `base`.
    pub fn relative_to(mut self, base: &Path) -> Self {
        match &mut self {
            Self::Layout { path, .. } | Self::Archive { path, .. } => *path = base.join(&path),
            Self::Registry(_) | Self::Memory { .. } => {}
        }
        self
    }
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl fmt::Display for Place {
    /// The text that [`Place::parse`] reads, for a file or folder whose name is UTF-8.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(reference) => return write!(f, "oci://{reference}"),
            Self::Layout { path, .. } => write!(f, "oci:{}", path.display())?,
            Self::Archive { path, .. } => write!(f, "oci-archive:{}", path.display())?,
            Self::Memory { memory, .. } => write!(f, "{}", memory.name().display())?,
        }
        if let Some(tag) = self.tag() {
            write!(f, ":{tag}")?;
        }
        self.digest().iter().try_for_each(|digest| write!(f, "@{digest}"))
    }
}

type LayoutParts = (PathBuf, Option<String>, Option<Digest>);

fn parse_layout(text: &str, rest: &str) -> Result<LayoutParts, Error> {
    let broken = |rule| Error::Layout { text: excerpt(text), rule };
    let (rest, digest) = match rest.rsplit_once('@') {
        // Without a colon, or with a slash, it is part of a folder's name.
        Some((rest, digest)) if digest.contains(':') && !digest.contains('/') => {
            let digest = digest.parse::<Digest>();
            let named = |source| Error::Digest { text: excerpt(text), source };
            (rest, Some(digest.map_err(named)?))
        }
        _ => (rest, None),
    };
    let (folder, tag) = match rest.split_once(':') {
        Some((folder, tag)) => (folder, Some(tag)),
        None => (rest, None),
    };
    if folder.is_empty() {
        return Err(broken("the folder is missing"));
    }
    if folder.contains('\0') {
        return Err(broken("a folder's name holds no zero byte"));
    }
    if tag.is_some_and(|tag| !is_ref_name(tag)) {
        return Err(broken(REF_NAME_RULE));
    }
    Ok((folder.into(), tag.map(str::to_owned), digest))
}

const REF_NAME_RULE: &str = "a name in a layout is letters, digits and `-._:/+`, at most 255";

/// The names that layouts use are wider than tags (image-spec, annotations.md); `@` is left out,
/// as it starts the digest.
fn is_ref_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._:/+".contains(&b);
    (1..=255).contains(&text.len()) && text.bytes().all(allowed) && !text.starts_with(['.', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn layout(path: &str, tag: Option<&str>, digest: Option<&str>) -> Place {
        let digest = digest.map(|digest| digest.parse().unwrap());
        Place::Layout { path: path.into(), tag: tag.map(str::to_owned), digest }
    }

    #[test]
    fn a14_layout_folders_with_tag_and_digest() {
        let digest = format!("sha256:{HEX}");
        let check = |text: &str, expected: Place| {
            assert_eq!(Place::parse(text), Ok(expected.clone()), "{text}");
            assert_eq!(Place::parse(&expected.to_string()), Ok(expected), "{text}");
        };
        check("oci:dir", layout("dir", None, None));
        check("oci:./a/b:1.2", layout("./a/b", Some("1.2"), None));
        check("oci:/abs/dir:v1_x", layout("/abs/dir", Some("v1_x"), None));
        check("ocidir:///abs/dir:v1", layout("/abs/dir", Some("v1"), None));
        check(&format!("oci:d@{digest}"), layout("d", None, Some(&digest)));
        check(&format!("oci:d:t@{digest}"), layout("d", Some("t"), Some(&digest)));
        check("oci:d:docker.io/library/x:1", layout("d", Some("docker.io/library/x:1"), None));
        check("oci:me@home", layout("me@home", None, None));
        check("oci:me@home/d:t", layout("me@home/d", Some("t"), None));
    }

    #[test]
    fn a14_archives_with_tag_and_digest() {
        let archive = |path: &str, tag: Option<&str>, digest: Option<&str>| {
            let digest = digest.map(|digest| digest.parse().unwrap());
            Place::Archive { path: path.into(), tag: tag.map(str::to_owned), digest }
        };
        let digest = format!("sha256:{HEX}");
        let check = |text: &str, expected: Place| {
            assert_eq!(Place::parse(text), Ok(expected.clone()), "{text}");
            assert_eq!(Place::parse(&expected.to_string()), Ok(expected), "{text}");
        };
        check("oci-archive:x.tar", archive("x.tar", None, None));
        check("oci-archive:/a/x.tar:1.2", archive("/a/x.tar", Some("1.2"), None));
        check(&format!("oci-archive:x@{digest}"), archive("x", None, Some(&digest)));
        let place = Place::parse("oci-archive:x.tar:1").unwrap().relative_to(Path::new("/b"));
        assert_eq!(place, archive("/b/x.tar", Some("1"), None));
        assert_eq!(place.path(), Some(Path::new("/b/x.tar")));
        assert_eq!(place.wanted(), Some(Wanted::Tag("1")));
    }

    #[test]
    fn a14_what_is_no_layout_says_why() {
        let check = |text: &str, part: &str| {
            let error = Place::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        };
        check("oci:", "folder is missing");
        check("oci::tag", "folder is missing");
        check("oci:d:", "a name in a layout");
        check("oci:d:a b", "a name in a layout");
        check("oci:d\0", "zero byte");
        check("oci:d@sha256:abc", "no digest");
        check("oci-archive:x.tar:a b", "a name in a layout");
        check("oci-archive:", "folder is missing");
    }

    #[test]
    fn a13_oci_and_two_slashes_is_a_registry() {
        let expected: Reference = "ghcr.io/a/b:1".parse().unwrap();
        for text in ["oci://ghcr.io/a/b:1", "ghcr.io/a/b:1"] {
            assert_eq!(Place::parse(text), Ok(Place::Registry(expected.clone())));
        }
        assert!(matches!(Place::parse("oci:///a/b"), Err(Error::Reference(_))));
        let shown = Place::Registry(expected.clone()).to_string();
        assert_eq!(Place::parse(&shown), Ok(Place::Registry(expected)));
    }

    #[test]
    fn a_relative_folder_is_read_from_the_base() {
        let base = Path::new("/taps/a");
        let moved = |text| Place::parse(text).unwrap().relative_to(base);
        assert_eq!(moved("oci:x:1"), layout("/taps/a/x", Some("1"), None));
        assert_eq!(moved("oci:/x"), layout("/x", None, None));
        assert_eq!(moved("ghcr.io/a/b"), Place::parse("ghcr.io/a/b").unwrap());
    }

    #[test]
    fn pinning_keeps_the_tag_for_show() {
        let digest: Digest = format!("sha256:{HEX}").parse().unwrap();
        for text in ["oci:d:t", "ghcr.io/a/b:t"] {
            let place = Place::parse(text).unwrap();
            assert_eq!(place.wanted(), Some(Wanted::Tag("t")));
            let pinned = place.with_digest(digest.clone());
            assert_eq!(pinned.wanted(), Some(Wanted::Digest(&digest)));
            assert!(pinned.to_string().ends_with(&format!(":t@{digest}")));
        }
        assert_eq!(layout("d", None, None).wanted(), None);
    }

    #[test]
    fn another_tag_takes_the_digest_away() {
        for text in ["oci:d:t", "ghcr.io/a/b:t", "oci-archive:d:t"] {
            let place = Place::parse(&format!("{text}@sha256:{HEX}")).unwrap();
            let other = place.with_tag("u").unwrap();
            assert_eq!((other.tag(), other.digest()), (Some("u"), None), "{text}");
            assert!(place.with_tag("a b").is_err(), "{text}");
        }
        let memory = Memory::new();
        let place = memory.place("t");
        assert_eq!(place.wanted(), Some(Wanted::Tag("t")));
        assert_eq!(place, memory.clone().place("t"));
        assert_ne!(place, Memory::new().place("t"));
        assert!(place.to_string().starts_with("memory:"));
    }
}
