//! Platforms: an operating system, an architecture and, on Linux, a C library.
//!
//! This file deliberately does not know on which platform it runs.

use std::{fmt, str::FromStr};

/// Defines an enum whose variants have one word each.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Every value, in order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word that platforms are written with.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads the word; `None` for any other.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

words! {
    /// An operating system.
    Os {
        /// Linux.
        Linux = "linux",
        /// macOS; `darwin` in OCI words.
        Macos = "macos",
        /// Windows.
        Windows = "windows",
        /// FreeBSD.
        Freebsd = "freebsd",
    }
}

words! {
    /// An architecture, in OCI words.
    Arch {
        /// x86-64.
        Amd64 = "amd64",
        /// AArch64.
        Arm64 = "arm64",
        /// 32-bit x86.
        I386 = "386",
        /// 32-bit ARM with hardware floating point; `arm` variant `v7` in OCI words.
        Armv7 = "armv7",
        /// 64-bit RISC-V.
        Riscv64 = "riscv64",
        /// 64-bit POWER, little endian.
        Ppc64le = "ppc64le",
        /// IBM Z.
        S390x = "s390x",
    }
}

words! {
    /// The C library that a Linux program needs.
    Libc {
        /// The GNU C library.
        Gnu = "gnu",
        /// musl.
        Musl = "musl",
    }
}

/// A platform, `os-arch` or on Linux `os-arch-libc`.
///
/// Without a libc it is, on Linux, a platform for static programs, which run on every libc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    /// The operating system.
    pub os: Os,
    /// The architecture.
    pub arch: Arch,
    /// The C library; only on Linux.
    pub libc: Option<Libc>,
}

/// What a version table pins a digest for: one platform, or `any`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// The same bytes serve every platform.
    Any,
    /// Bytes for one platform.
    Platform(Platform),
}

/// A text that is no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a platform: {rule}")]
pub struct Malformed {
    /// The text, shortened to 80 characters and without control characters.
    pub text: String,
    /// The rule that the text breaks.
    pub rule: &'static str,
}

impl Platform {
    /// A platform without a libc.
    pub const fn new(os: Os, arch: Arch) -> Self {
        Self { os, arch, libc: None }
    }

    /// The operating system in OCI words.
    pub fn goos(&self) -> &'static str {
        match self.os {
            Os::Macos => "darwin",
            os => os.as_str(),
        }
    }

    /// The architecture in OCI words.
    pub fn goarch(&self) -> &'static str {
        match self.arch {
            Arch::Armv7 => "arm",
            arch => arch.as_str(),
        }
    }

    /// The variant of the architecture in OCI words.
    pub fn variant(&self) -> Option<&'static str> {
        (self.arch == Arch::Armv7).then_some("v7")
    }

    /// The C library in OCI words, as a feature of the system.
    pub fn os_feature(&self) -> Option<&'static str> {
        self.libc.map(|libc| match libc {
            Libc::Gnu => "libc.gnu",
            Libc::Musl => "libc.musl",
        })
    }

    /// The key that a host of this platform takes, if any of `keys` serves it.
    ///
    /// A host with a libc takes its own libc, else a static program; every host takes `any` last.
    pub fn best<'a>(&self, keys: impl Iterator<Item = &'a Key>) -> Option<&'a Key> {
        let rank = |key: &Key| match key {
            Key::Any => Some(0),
            Key::Platform(key) if key == self => Some(2),
            Key::Platform(key) if *key == Self::new(self.os, self.arch) => Some(1),
            Key::Platform(_) => None,
        };
        keys.filter(|key| rank(key).is_some()).max_by_key(|key| rank(key))
    }

    /// The platforms that formulas are written for: every architecture of Linux without a libc,
    /// and the usual ones of the other systems.
    pub fn usual() -> impl Iterator<Item = Self> {
        let linux = Arch::ALL.iter().map(|arch| Self::new(Os::Linux, *arch));
        let other = [Os::Macos, Os::Windows, Os::Freebsd]
            .into_iter()
            .flat_map(|os| [Self::new(os, Arch::Amd64), Self::new(os, Arch::Arm64)]);
        linux.chain(other)
    }
}

impl FromStr for Platform {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        read(text).map_err(|rule| Malformed { text: crate::name::printable(text), rule })
    }
}

fn read(text: &str) -> Result<Platform, &'static str> {
    let mut parts = text.split('-');
    let os = parts.next().and_then(Os::from_word);
    let os = os.ok_or("it starts with none of linux, macos, windows, freebsd")?;
    let arch = parts.next().and_then(Arch::from_word);
    let arch =
        arch.ok_or("its second part is none of amd64, arm64, 386, armv7, riscv64, ppc64le, s390x")?;
    let libc = match parts.next() {
        None => None,
        Some(_) if os != Os::Linux => return Err("only Linux has a C library to choose"),
        Some(word) => Some(Libc::from_word(word).ok_or("its third part is neither gnu nor musl")?),
    };
    match parts.next() {
        Some(_) => Err("it has more than three parts"),
        None => Ok(Platform { os, arch, libc }),
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { os, arch, libc } = self;
        match libc {
            Some(libc) => f.pad(&format!("{}-{}-{}", os.as_str(), arch.as_str(), libc.as_str())),
            None => f.pad(&format!("{}-{}", os.as_str(), arch.as_str())),
        }
    }
}

impl FromStr for Key {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        if text == "any" { Ok(Self::Any) } else { text.parse().map(Self::Platform) }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.pad("any"),
            Self::Platform(platform) => platform.fmt(f),
        }
    }
}

serde_as_text!(Platform, Key);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_host_takes_its_libc_then_static_then_any() {
        let check = |host: &str, keys: &str, want: Option<&str>| {
            let keys: Vec<Key> = keys.split_whitespace().map(|k| k.parse().unwrap()).collect();
            let best = host.parse::<Platform>().unwrap().best(keys.iter());
            assert_eq!(best.map(ToString::to_string).as_deref(), want, "{host} of {keys:?}");
        };
        check("linux-amd64-gnu", "any linux-amd64 linux-amd64-gnu", Some("linux-amd64-gnu"));
        check("linux-amd64-gnu", "linux-amd64-musl linux-amd64 any", Some("linux-amd64"));
        check("linux-amd64-gnu", "linux-amd64-musl", None);
        check("linux-amd64-musl", "linux-amd64-gnu linux-amd64-musl", Some("linux-amd64-musl"));
        check("linux-amd64-musl", "linux-arm64 any", Some("any"));
        check("linux-amd64", "linux-amd64-gnu", None);
        check("macos-arm64", "macos-amd64 macos-arm64", Some("macos-arm64"));
    }

    #[test]
    fn what_is_no_platform() {
        let bad = ["", "linux", "darwin-arm64", "linux-x86_64", "macos-arm64-gnu", "any", "*"];
        for text in bad {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
        assert!("linux-amd64-gnu-x".parse::<Platform>().is_err());
        assert!("linux-amd64-".parse::<Platform>().is_err());
    }

    fn platforms() -> impl Strategy<Value = Platform> {
        let libc = prop::option::of(prop::sample::select(Libc::ALL));
        (prop::sample::select(Os::ALL), prop::sample::select(Arch::ALL), libc).prop_map(
            |(os, arch, libc)| Platform { os, arch, libc: libc.filter(|_| os == Os::Linux) },
        )
    }

    proptest! {
        #[test]
        fn text_goes_both_ways(platform in platforms()) {
            prop_assert_eq!(platform.to_string().parse(), Ok(platform));
            let keys = [Key::Any, Key::Platform(platform)];
            prop_assert_eq!(platform.best(keys.iter()), Some(&keys[1]));
        }
    }
}
