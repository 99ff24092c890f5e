//! Places that hold artifacts: a repository of a registry, or a layout folder on disk.
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
    reference::{self, Wanted},
};

/// Where an artifact is: `oci://host/repository…` or `host/repository…`, or `oci:folder…`.
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
    /// The place is an archive of a layout.
    #[error(
        "image layouts in archives are not read yet; \
         unpack `{path}` with tar and write `oci:` and the folder"
    )]
    Archive {
        /// The archive, shortened and without control characters.
        path: String,
    },
}

impl Place {
    /// Reads `oci://host/repo[:tag][@digest]`, the same without `oci://`, or
    /// `oci:folder[:tag][@digest]`.
    ///
    /// As in other tools a layout's folder ends at the first `:`. `ocidir://` means the same as
    /// `oci:`; `oci-archive:` is known, but not supported yet.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if let Some(rest) = text.strip_prefix("oci-archive:") {
            let layout = parse_layout(text, rest)?;
            return Err(Error::Archive { path: excerpt(&layout.0.to_string_lossy()) });
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

    /// What to ask for; `None` for a layout without tag and digest, which may hold just one thing.
    pub fn wanted(&self) -> Option<Wanted<'_>> {
        match self {
            Self::Registry(reference) => Some(reference.wanted()),
            Self::Layout { digest: Some(digest), .. } => Some(Wanted::Digest(digest)),
            Self::Layout { tag: Some(tag), .. } => Some(Wanted::Tag(tag)),
            Self::Layout { .. } => None,
        }
    }

    /// The same repository or layout, pinned to `digest`.
    pub fn with_digest(&self, digest: Digest) -> Self {
        match self {
            Self::Registry(reference) => Self::Registry(reference.with_digest(digest)),
            Self::Layout { path, tag, .. } => {
                Self::Layout { path: path.clone(), tag: tag.clone(), digest: Some(digest) }
            }
        }
    }

    /// The same place, with a layout's relative folder read from `base`.
    pub fn relative_to(self, base: &Path) -> Self {
        match self {
            Self::Layout { path, tag, digest } => {
                Self::Layout { path: base.join(path), tag, digest }
            }
            registry @ Self::Registry(_) => registry,
        }
    }
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl fmt::Display for Place {
    /// The text that [`Place::parse`] reads, for a folder whose name is UTF-8.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(reference) => write!(f, "oci://{reference}"),
            Self::Layout { path, tag, digest } => {
                write!(f, "oci:{}", path.display())?;
                if let Some(tag) = tag {
                    write!(f, ":{tag}")?;
                }
                digest.iter().try_for_each(|digest| write!(f, "@{digest}"))
            }
        }
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
        return Err(broken("a name in a layout is letters, digits and `-._:/+`, at most 255"));
    }
    Ok((folder.into(), tag.map(str::to_owned), digest))
}

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
        check("oci-archive:x.tar:1", "unpack `x.tar` with tar");
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
}
