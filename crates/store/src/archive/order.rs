//! How a blob is to be read.

use super::{Bounds, Compression, Format};

/// How a blob is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The path of the file that a blob becomes if it is no archive.
    pub name: String,
    /// The blob's format; `None` lets its bytes decide.
    pub format: Option<Format>,
    /// How strictly an archive is read.
    pub profile: Profile,
    /// What is known of the archive's size.
    pub bounds: Bounds,
    /// Whether an archive may be unpacked; if not, the blob becomes a file as it is.
    pub unpack: bool,
}

impl Order {
    /// The format that the blob must have, if its bytes do not decide.
    pub(crate) fn effective_format(&self) -> Option<Format> {
        if self.unpack { self.format } else { Some(Format::File(Compression::None)) }
    }
}

/// How strictly an archive is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// One entry that breaks a rule, and the archive is refused whole.
    Strict,
    /// A layer of an image: whiteouts are read, and an entry that breaks a rule about names,
    /// targets or devices is listed as refused, to fail only if it is selected.
    Image,
}

impl Profile {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Image => "image",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Strict, Self::Image].into_iter().find(|profile| profile.name() == name)
    }
}
