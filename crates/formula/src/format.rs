//! How the bytes of a source are packed, where a formula says so.

use serde::{Deserialize, Serialize};

macro_rules! formats {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)*) => {
        /// What `[source] format` forces; without it the bytes tell.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Format { $($(#[$doc])* #[serde(rename = $word)] $variant,)* }

        impl Format {
            /// Every format.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word that a formula writes.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads the word; `None` for any other.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

formats! {
    /// A file that is taken as it is.
    Raw = "raw",
    /// A tar archive.
    Tar = "tar",
    /// A tar archive, compressed with gzip.
    TarGzip = "tar.gz",
    /// A tar archive, compressed with zstd.
    TarZstd = "tar.zst",
    /// A tar archive, compressed with xz.
    TarXz = "tar.xz",
    /// A tar archive, compressed with bzip2.
    TarBzip2 = "tar.bz2",
    /// A zip archive.
    Zip = "zip",
}
