//! A formula for one version on one platform: merged, expanded and checked.
//!
//! This is what is installed and remembered. Install-time tokens are still in the texts;
//! [`crate::template::install`] expands them.

use std::collections::BTreeMap;

use digest::Digest;
use serde::{Deserialize, Serialize};

use crate::{Constraint, Format, FullName, Key, Name, Platform, Scheme};

/// One version for one platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resolved {
    /// Name of the package.
    pub name: Name,
    /// The version, as text.
    pub version: String,
    /// The rebuild of this version.
    pub revision: u32,
    /// How its versions are ordered.
    pub scheme: Scheme,
    /// The line of versions that it belongs to; `None` where there is one only.
    pub slot: Option<String>,
    /// The key whose digest is used; where an index is pinned, the platform that was asked for.
    pub key: Key,
    /// The platform that templates were expanded for.
    pub platform: Platform,
    /// License, as an SPDX expression.
    pub license: String,
    /// What the package is, in a few words.
    pub summary: String,
    /// Its page on the web.
    pub homepage: Option<String>,
    /// Why nothing of it is linked into the prefix.
    pub keg_only: Option<String>,
    /// Where its bytes are, and what they are.
    pub source: Source,
    /// How it is made from source code; there where `source` is [`Source::Build`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<Build>,
    /// The index that was published for it: installed instead of `source` where it can be had.
    pub package: Option<Digest>,
    /// What the host must have.
    pub requires: Requires,
    /// What must be installed with it.
    pub depends: BTreeMap<FullName, Depend>,
    /// Packages that cannot be installed beside it, and why.
    pub conflicts: BTreeMap<Name, String>,
    /// Names that it had before.
    pub replaces: Vec<Name>,
    /// Other names that it is found by.
    pub aliases: Vec<Name>,
    /// What of it is linked into the prefix.
    pub expose: Expose,
    /// Environment variables for `pkg env` and `pkg run`; values are install-time templates.
    pub env: BTreeMap<String, String>,
    /// Steps after installing.
    pub setup: Vec<Setup>,
    /// The service that it can run as.
    pub service: Option<Service>,
    /// What must hold of the installed package.
    pub tests: Vec<Test>,
    /// What the user is told after installing.
    pub caveats: Option<String>,
    /// It should not be used any more.
    pub deprecated: Option<Notice>,
    /// It cannot be installed any more.
    pub disabled: Option<Notice>,
    /// Why this version should not be used.
    pub yanked: Option<String>,
}

impl Resolved {
    /// The names that also mean this package: its aliases, and those that it took over.
    pub fn other_names(&self) -> impl Iterator<Item = &Name> {
        self.aliases.iter().chain(&self.replaces)
    }
}

/// A concrete fetch: where the bytes are and what they must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "strategy", rename_all = "lowercase")]
pub enum Source {
    /// An artifact in a registry or a layout folder.
    Oci {
        /// `host/repository:tag`, or `oci:path:tag` for a layout, relative to the formula's folder.
        reference: String,
        /// The digest of its index or manifest.
        pin: Pin,
        /// How its bytes are packed, where they do not tell.
        #[serde(default, skip_serializing_if = "crate::annotation::is_default")]
        format: Option<Format>,
        /// How many leading folders to drop.
        #[serde(default, skip_serializing_if = "crate::annotation::is_default")]
        strip: Option<u32>,
        /// Targets that links may have although they leave the package.
        #[serde(default, skip_serializing_if = "crate::annotation::is_default")]
        external_links: Vec<String>,
    },
    /// Files of a container image.
    Image {
        /// `host/repository:tag`, or `oci:path:tag`.
        reference: String,
        /// The digest of its index or manifest.
        pin: Pin,
        /// What is taken, relative to the image's root.
        paths: Vec<String>,
        /// How many leading folders to drop.
        #[serde(default, skip_serializing_if = "crate::annotation::is_default")]
        strip: Option<u32>,
        /// Targets that links may have although they leave the package.
        #[serde(default, skip_serializing_if = "crate::annotation::is_default")]
        external_links: Vec<String>,
    },
    /// One file from the web: the strategies `http` and `github`.
    Http {
        /// The address, then its mirrors.
        urls: Vec<String>,
        /// The digest of the file.
        digest: Digest,
        /// How its bytes are packed, where they do not tell.
        #[serde(default, skip_serializing_if = "crate::annotation::is_default")]
        format: Option<Format>,
        /// How many leading folders to drop.
        #[serde(default, skip_serializing_if = "crate::annotation::is_default")]
        strip: Option<u32>,
        /// Targets that links may have although they leave the package.
        #[serde(default, skip_serializing_if = "crate::annotation::is_default")]
        external_links: Vec<String>,
    },
    /// One file of this machine.
    File {
        /// Relative to the formula's folder, or absolute.
        path: String,
        /// The digest of the file.
        digest: Digest,
        /// How its bytes are packed, where they do not tell.
        #[serde(default, skip_serializing_if = "crate::annotation::is_default")]
        format: Option<Format>,
        /// How many leading folders to drop.
        #[serde(default, skip_serializing_if = "crate::annotation::is_default")]
        strip: Option<u32>,
        /// Targets that links may have although they leave the package.
        #[serde(default, skip_serializing_if = "crate::annotation::is_default")]
        external_links: Vec<String>,
    },
    /// The tree of a commit.
    Git {
        /// An address, or a path: relative to the formula's folder, or absolute.
        url: String,
        /// The commit's full name.
        commit: String,
        /// The digest of the tree as a canonical archive.
        digest: Digest,
        /// How many leading folders to drop.
        #[serde(default, skip_serializing_if = "crate::annotation::is_default")]
        strip: Option<u32>,
        /// Targets that links may have although they leave the package.
        #[serde(default, skip_serializing_if = "crate::annotation::is_default")]
        external_links: Vec<String>,
    },
    /// Nowhere yet: the package is built from source code.
    Build {
        /// Where the source code is, for messages.
        what: String,
    },
    /// A strategy that cannot be carried out yet.
    Later {
        /// The key that the formula writes: `bottle`.
        #[serde(rename = "kind")]
        strategy: String,
        /// What would be fetched.
        what: String,
    },
}

impl Pin {
    /// The digest, of whichever it is.
    pub fn digest(&self) -> &Digest {
        match self {
            Self::Index(digest) | Self::Manifest(digest) => digest,
        }
    }
}

impl Source {
    /// The digest that it is pinned to; none where there are no bytes yet.
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Oci { pin, .. } | Self::Image { pin, .. } => Some(pin.digest()),
            Self::Http { digest, .. } | Self::File { digest, .. } | Self::Git { digest, .. } => {
                Some(digest)
            }
            Self::Build { .. } | Self::Later { .. } => None,
        }
    }

    /// Targets that links may have although they leave the package.
    pub fn external_links(&self) -> &[String] {
        match self {
            Self::Oci { external_links, .. }
            | Self::Image { external_links, .. }
            | Self::Http { external_links, .. }
            | Self::File { external_links, .. }
            | Self::Git { external_links, .. } => external_links,
            Self::Build { .. } | Self::Later { .. } => &[],
        }
    }
}

/// How a package is made from its source code.
///
/// Tokens of a build stay in the texts of `steps` and `env`, and braces are doubled there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// The source code: what is fetched, and its digest.
    pub source: Source,
    /// What must be installed for the build, beside what the package itself needs.
    pub depends: BTreeMap<FullName, Depend>,
    /// Changes of the source code, in this order.
    pub patches: Vec<Patch>,
    /// The commands, each as its arguments.
    pub steps: Vec<Vec<String>>,
    /// Environment variables of the commands.
    pub env: BTreeMap<String, String>,
    /// How many jobs may run at once; no bound where nothing is said.
    pub jobs: Option<u32>,
}

impl Build {
    /// Whether the source code is one file that is not unpacked.
    pub fn is_raw(&self) -> bool {
        match &self.source {
            Source::Http { format, .. } | Source::File { format, .. } => {
                *format == Some(Format::Raw)
            }
            _ => false,
        }
    }
}

/// A patch of source code, in the unified format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// Where it is.
    #[serde(flatten)]
    pub place: PatchPlace,
    /// The digest of its bytes.
    pub digest: Digest,
    /// How many leading folders of its names are dropped.
    pub strip: u32,
}

/// Where a patch is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PatchPlace {
    /// A file, relative to the formula's folder.
    File(String),
    /// An address.
    Url(String),
}

/// What the digest of an artifact in a registry is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pin {
    /// An index, in which the platform is looked for.
    Index(Digest),
    /// A manifest, for this platform.
    Manifest(Digest),
}

/// What the host must have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requires {
    /// The GNU C library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glibc: Option<Constraint>,
    /// macOS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub macos: Option<Constraint>,
    /// The Linux kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linux: Option<Constraint>,
    /// The processor's level: `x86-64-v2`, `x86-64-v3` or `x86-64-v4`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
}

/// A dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Depend {
    /// The versions that will do.
    pub constraint: Constraint,
    /// The slot that is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
    /// Whether the package works without it.
    #[serde(default, skip_serializing_if = "crate::annotation::is_default")]
    pub optional: bool,
    /// What it is needed for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What is linked into the prefix; `None` is everything that a standard layout has there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expose {
    /// Programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bin: Option<Paths>,
    /// Pages of the manual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub man: Option<Paths>,
    /// Completions of shells.
    #[serde(default, skip_serializing_if = "crate::annotation::is_default")]
    pub completions: Completions,
    /// Libraries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lib: Option<Paths>,
    /// C headers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub include: Option<Paths>,
    /// Data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<Paths>,
    /// Settings, which are copied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etc: Option<Paths>,
    /// Whether programs run in wrappers that set `env`.
    #[serde(default, skip_serializing_if = "crate::annotation::is_default")]
    pub wrap: bool,
}

/// Completions, by shell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completions {
    /// For bash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bash: Option<Paths>,
    /// For zsh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zsh: Option<Paths>,
    /// For fish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fish: Option<Paths>,
}

/// Paths in the package, safe to join to its folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Paths {
    /// Paths and globs; each keeps its own name.
    List(Vec<String>),
    /// New name, and the path that gets it.
    Map(BTreeMap<String, String>),
}

/// A step after installing. Texts are install-time templates; modes are as chmod has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// What is done.
    #[serde(flatten)]
    pub verb: Verb,
    /// Whether what is there already stays as it is.
    pub keep: bool,
    /// Only if this does not exist.
    pub if_missing: Option<String>,
    /// Only if this exists.
    pub if_exists: Option<String>,
}

/// What a step does. Places that it changes are below `{etc}` or `{var}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "lowercase")]
pub enum Verb {
    /// Make a folder.
    Mkdir {
        /// The folder.
        path: String,
        /// Its mode.
        mode: Option<u32>,
    },
    /// Copy a file or folder of the package.
    Copy {
        /// The path in the package, relative to its folder.
        from: String,
        /// The place.
        to: String,
        /// The mode of the copy.
        mode: Option<u32>,
    },
    /// Write a file.
    Write {
        /// The file.
        path: String,
        /// What is written.
        text: String,
        /// Its mode.
        mode: Option<u32>,
    },
    /// Make a link.
    Symlink {
        /// The link.
        path: String,
        /// Its target.
        to: String,
    },
    /// Replace texts in a file.
    Replace {
        /// The file.
        path: String,
        /// Old text and new text.
        with: BTreeMap<String, String>,
    },
    /// Set a mode.
    Chmod {
        /// The file or folder.
        path: String,
        /// The mode.
        mode: u32,
    },
    /// Refresh a cache.
    Cache {
        /// Which one.
        cache: Cache,
    },
}

/// A cache that packages may have refreshed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cache {
    /// Fonts.
    Fontconfig,
    /// Desktop entries.
    Desktop,
    /// Types of files.
    Mime,
}

/// A service of the user's session. Texts are install-time templates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// The command and its arguments.
    pub run: Vec<String>,
    /// Whether it is started again when it ends.
    pub keep_alive: bool,
    /// How often it is run: a number and `s`, `m`, `h` or `d`, or the five fields of cron.
    pub every: Option<String>,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// The folder that it runs in.
    pub cwd: Option<String>,
    /// The file that its output goes to.
    pub log: Option<String>,
    /// Whether it must run as root.
    pub root: bool,
}

/// A command that must end with 0 and print what is expected. Texts are install-time templates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Test {
    /// The command and its arguments.
    pub run: Vec<String>,
    /// What it reads.
    pub stdin: Option<String>,
    /// A text that its output contains.
    pub expect: Option<String>,
    /// A regular expression that its output matches.
    pub matches: Option<String>,
    /// Files in its folder, by path.
    pub files: BTreeMap<String, String>,
    /// What must be installed for it.
    pub depends: BTreeMap<FullName, Depend>,
}

/// Why something is at an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The day, as `2026-05-01`.
    pub since: Option<String>,
    /// The reason.
    pub why: String,
    /// What to use instead.
    #[serde(rename = "use")]
    pub instead: Option<String>,
}
