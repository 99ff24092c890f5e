//! The formats of archives and single files: their names, media types and magic numbers.

/// How a blob's bytes hold one or many files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A tar archive.
    Tar(Compression),
    /// A zip archive.
    Zip,
    /// One file; with [`Compression::None`] the bytes are kept as they are.
    File(Compression),
}

/// How a stream of bytes is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip (RFC 1952), one or several members.
    Gzip,
    /// zstd (RFC 8878), one or several frames.
    Zstd,
    /// xz, one or several streams.
    Xz,
    /// bzip2, one or several streams.
    Bzip2,
}

const NAMES: &[(&str, Format)] = &[
    ("tar", Format::Tar(Compression::None)),
    ("tar.gz", Format::Tar(Compression::Gzip)),
    ("tar.zst", Format::Tar(Compression::Zstd)),
    ("tar.xz", Format::Tar(Compression::Xz)),
    ("tar.bz2", Format::Tar(Compression::Bzip2)),
    ("zip", Format::Zip),
    ("raw", Format::File(Compression::None)),
    ("gz", Format::File(Compression::Gzip)),
    ("zst", Format::File(Compression::Zstd)),
    ("xz", Format::File(Compression::Xz)),
    ("bz2", Format::File(Compression::Bzip2)),
    // From here on other names of the same formats.
    ("tgz", Format::Tar(Compression::Gzip)),
    ("tzst", Format::Tar(Compression::Zstd)),
    ("txz", Format::Tar(Compression::Xz)),
    ("tbz2", Format::Tar(Compression::Bzip2)),
    ("tbz", Format::Tar(Compression::Bzip2)),
];

const MEDIA_TYPE_ENDS: &[(&str, Format)] = &[
    (".tar", Format::Tar(Compression::None)),
    ("x-tar", Format::Tar(Compression::None)),
    ("tar+gzip", Format::Tar(Compression::Gzip)),
    ("tar.gzip", Format::Tar(Compression::Gzip)),
    ("tar+zstd", Format::Tar(Compression::Zstd)),
    ("tar.zstd", Format::Tar(Compression::Zstd)),
    ("tar+xz", Format::Tar(Compression::Xz)),
    ("tar+bzip2", Format::Tar(Compression::Bzip2)),
    ("/zip", Format::Zip),
    ("+zip", Format::Zip),
];

impl Format {
    /// The format that a formula's `format` key names, such as `tar.gz`, `zip` or `raw`.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }

    /// The format that a layer's media type names; `None` for one that says nothing about it.
    ///
    /// Read by its end, so that `application/vnd.oci.image.layer.v1.tar+gzip`, Docker's
    /// `….diff.tar.gzip` and the types of other artifacts are all understood.
    pub fn from_media_type(media_type: &str) -> Option<Self> {
        let bare = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        MEDIA_TYPE_ENDS.iter().find(|(end, _)| bare.ends_with(end)).map(|(_, format)| *format)
    }

    /// The name that [`Format::from_name`] reads back.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, format)| *format == self).map_or("raw", |(name, _)| name)
    }

    /// Whether the blob holds many files.
    pub fn is_archive(self) -> bool {
        !matches!(self, Self::File(_))
    }
}

impl Compression {
    /// The compression's name, for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "uncompressed",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
        }
    }
}

/// What a blob's first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Magic {
    Zip,
    /// A tar archive or a single file; the decoded bytes tell which.
    Stream(Compression),
}

/// The number of bytes that [`Magic::of`] wants to see.
pub(crate) const MAGIC_BYTES: usize = 6;

impl Magic {
    pub(crate) fn of(head: &[u8]) -> Self {
        match head {
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Self::Zip,
            [0x1f, 0x8b, 8, ..] => Self::Stream(Compression::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                Self::Stream(Compression::Zstd)
            }
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Stream(Compression::Xz),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Stream(Compression::Bzip2),
            _ => Self::Stream(Compression::None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for (name, format) in NAMES {
            assert_eq!(Format::from_name(name), Some(*format));
            assert_eq!(Format::from_name(format.name()), Some(*format));
        }
        assert_eq!(Format::from_name("rar"), None);
    }

    #[test]
    fn media_types() {
        use Compression::{Gzip, None as Plain, Zstd};
        let rows = [
            ("application/vnd.oci.image.layer.v1.tar", Some(Format::Tar(Plain))),
            ("application/vnd.oci.image.layer.v1.tar+gzip", Some(Format::Tar(Gzip))),
            ("application/vnd.oci.image.layer.v1.tar+zstd; x=y", Some(Format::Tar(Zstd))),
            ("application/vnd.docker.image.rootfs.diff.tar.gzip", Some(Format::Tar(Gzip))),
            (
                "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
                Some(Format::Tar(Gzip)),
            ),
            ("application/vnd.cncf.helm.chart.content.v1.tar+gzip", Some(Format::Tar(Gzip))),
            ("application/zip", Some(Format::Zip)),
            ("application/gzip", None),
            ("application/octet-stream", None),
            ("", None),
        ];
        for (media_type, expected) in rows {
            assert_eq!(Format::from_media_type(media_type), expected, "{media_type}");
        }
    }
}
