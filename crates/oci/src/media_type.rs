//! The media types that this room tells apart; every other is carried along unread.

/// An OCI image manifest, for images and for every other artifact.
pub const IMAGE_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// An OCI image index.
pub const IMAGE_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Docker's image manifest, schema 2; read as [`IMAGE_MANIFEST`].
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's manifest list; read as [`IMAGE_INDEX`].
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker's first manifest, not read here.
pub const DOCKER_SCHEMA1: &str = "application/vnd.docker.distribution.manifest.v1+json";
/// The same, signed.
pub const DOCKER_SCHEMA1_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
/// The config of an image.
pub const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// The two bytes `{}`, or an equivalent, where a config is demanded but there is none.
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// What a media type says that a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A config and layers.
    Image,
    /// A list of manifests.
    Index,
    /// Docker's first manifest.
    Schema1,
}

impl Kind {
    /// The kind that a media type names; `None` for a type that is no manifest's.
    pub fn of(media_type: &str) -> Option<Self> {
        match essence(media_type).to_ascii_lowercase().as_str() {
            IMAGE_MANIFEST | DOCKER_MANIFEST => Some(Self::Image),
            IMAGE_INDEX | DOCKER_LIST => Some(Self::Index),
            DOCKER_SCHEMA1 | DOCKER_SCHEMA1_SIGNED => Some(Self::Schema1),
            _ => None,
        }
    }
}

/// A Content-Type without its parameters and outer blanks.
pub fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// Whether a text is a media type without parameters, as artifacts name theirs (RFC 6838, 4.2).
pub fn is_valid(text: &str) -> bool {
    let is_name = |name: &str| {
        let mark = |b: u8| b"!#$&-^_.+".contains(&b);
        (1..=127).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || mark(b))
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
    };
    text.split_once('/').is_some_and(|(kind, subtype)| is_name(kind) && is_name(subtype))
}

/// Whether two media types are the same but for case and parameters.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    essence(one).eq_ignore_ascii_case(essence(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_is_two_names() {
        let long = format!("a/{}", "b".repeat(127));
        for text in ["application/spdx+json", "text/x", "a/vnd.b-c_d^e!f#g$h&i.v1", &long, "1/2"] {
            assert!(is_valid(text), "{text}");
        }
        let longer = format!("{long}b");
        for text in ["", "a", "a/", "/b", "a/b/c", "a/b; c=d", "a/ b", "a/+b", "ä/b", &longer] {
            assert!(!is_valid(text), "{text}");
        }
    }
}
