//! The names under which a package stands in a registry (fixed): its repository and its tags.
//!
//! True names and versions stand in annotations: nobody reads them out of these.

use formula::{Key, Name};

/// One version of a package, as a registry names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The repository: the tap's base, a slash, and the name with `+` as `__p`.
    pub repository: String,
    /// The version's tag: `+` as `_`, `~` as `__t`, a revision as `__r1`.
    pub tag: String,
}

/// Hexadecimal digits of a digest in a tag: those of [`digest::Digest::short`].
const DIGEST_DIGITS: usize = 12;

impl Published {
    /// The names of a version below `base`, which is `host/path`.
    pub fn new(base: &str, name: &Name, version: &str, revision: u32) -> Self {
        let repository = format!("{base}/{}", name.as_str().replace('+', "__p"));
        let version = version.replace('+', "_").replace('~', "__t");
        let tag = match revision {
            0 => version,
            revision => format!("{version}__r{revision}"),
        };
        Self { repository, tag }
    }

    /// `repository:tag`, the version's index.
    pub fn reference(&self) -> String {
        format!("{}:{}", self.repository, self.tag)
    }

    /// The tag that keeps one platform's manifest alive, wherever the version's tag moves.
    pub fn platform_tag(&self, key: Key, digest: &digest::Digest) -> String {
        format!("{}.{key}.{}", self.tag, digest.short())
    }

    /// The platform that one of the repository's tags keeps a manifest of, if it is such a tag.
    pub fn platform_of(&self, tag: &str) -> Option<Key> {
        let rest = tag.strip_prefix(self.tag.as_str())?.strip_prefix('.')?;
        let (key, hex) = rest.split_once('.')?;
        is_short(hex).then(|| key.parse().ok())?
    }

    /// Whether a tag keeps a manifest or index of some version, and so is never moved.
    pub fn keeps(tag: &str) -> bool {
        let mut parts = tag.rsplitn(3, '.');
        let (hex, kind) = (parts.next(), parts.next());
        let is_kind = |kind: &str| kind == "i" || kind.parse::<Key>().is_ok();
        parts.next().is_some() && hex.is_some_and(is_short) && kind.is_some_and(is_kind)
    }

    /// The tag that keeps one index of the version alive.
    pub fn index_tag(&self, digest: &digest::Digest) -> String {
        format!("{}.i.{}", self.tag, digest.short())
    }
}

fn is_short(hex: &str) -> bool {
    hex.len() == DIGEST_DIGITS && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(name: &str, version: &str, revision: u32) -> Published {
        Published::new("reg.example/acme", &Name::parse(name).unwrap(), version, revision)
    }

    #[test]
    fn a_version_is_named_as_registries_can() {
        for (name, version, revision, expect) in [
            ("foo", "1.2.3", 0, "reg.example/acme/foo:1.2.3"),
            ("g++", "1.0.0+build.5", 0, "reg.example/acme/g__p__p:1.0.0_build.5"),
            ("foo", "2~rc1", 0, "reg.example/acme/foo:2__trc1"),
            ("foo", "1.2.3", 4, "reg.example/acme/foo:1.2.3__r4"),
        ] {
            assert_eq!(published(name, version, revision).reference(), expect);
        }
    }

    #[test]
    fn a_platform_is_read_from_the_tag_that_keeps_it() {
        let digest = digest::Digest::sha256(b"a");
        let foo = published("foo", "1.2", 0);
        for key in ["any", "linux-amd64", "linux-arm64-musl", "macos-arm64"] {
            let key: Key = key.parse().unwrap();
            let tag = foo.platform_tag(key, &digest);
            assert_eq!(foo.platform_of(&tag), Some(key), "{tag}");
            assert!(Published::keeps(&tag), "{tag}");
            assert_eq!(published("foo", "1", 0).platform_of(&tag), None, "{tag}");
            assert_eq!(published("foo", "1.2", 1).platform_of(&tag), None, "{tag}");
        }
        let index = foo.index_tag(&digest);
        assert!(Published::keeps(&index));
        for tag in ["1.2", "latest", &index, "1.2.linux-amd64", "1.2.linux-amd64.ABCDEF012345"] {
            assert_eq!(Published::keeps(tag), tag == index, "{tag}");
            assert_eq!(foo.platform_of(tag), None, "{tag}");
        }
    }
}
