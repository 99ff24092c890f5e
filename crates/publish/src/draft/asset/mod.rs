//! Names of release files: which platform each is for, and the template that all of them follow.
//!
//! Names are all that is known here; whether a file exists or what it holds is not.

mod group;
mod template;

use std::ops::Range;

use formula::{Arch, Key, Libc, Os, Platform};

pub(crate) use group::Group;
pub(crate) use template::{Template, common, versioned};

/// Systems as names of files have them; some words say the architecture too.
const SYSTEMS: &[(&str, Os, Option<Arch>)] = &[
    ("linux", Os::Linux, None),
    ("linux64", Os::Linux, Some(Arch::Amd64)),
    ("linux32", Os::Linux, Some(Arch::I386)),
    ("ubuntu", Os::Linux, None),
    ("macos", Os::Macos, None),
    ("macosx", Os::Macos, None),
    ("macos64", Os::Macos, Some(Arch::Amd64)),
    ("darwin", Os::Macos, None),
    ("osx", Os::Macos, None),
    ("mac", Os::Macos, None),
    ("windows", Os::Windows, None),
    ("win", Os::Windows, None),
    ("win64", Os::Windows, Some(Arch::Amd64)),
    ("win32", Os::Windows, Some(Arch::I386)),
    ("freebsd", Os::Freebsd, None),
];

/// Architectures as names of files have them.
const ARCHITECTURES: &[(&str, Arch)] = &[
    ("x86_64", Arch::Amd64),
    ("x86-64", Arch::Amd64),
    ("amd64", Arch::Amd64),
    ("x64", Arch::Amd64),
    ("64bit", Arch::Amd64),
    ("64-bit", Arch::Amd64),
    ("aarch64", Arch::Arm64),
    ("aarch_64", Arch::Arm64),
    ("arm64", Arch::Arm64),
    ("armv8", Arch::Arm64),
    ("i686", Arch::I386),
    ("i386", Arch::I386),
    ("386", Arch::I386),
    ("x86", Arch::I386),
    ("x86_32", Arch::I386),
    ("ia32", Arch::I386),
    ("32bit", Arch::I386),
    ("32-bit", Arch::I386),
    ("armv7", Arch::Armv7),
    ("armv7l", Arch::Armv7),
    ("armhf", Arch::Armv7),
    ("riscv64", Arch::Riscv64),
    ("riscv64gc", Arch::Riscv64),
    ("ppc64le", Arch::Ppc64le),
    ("ppc64el", Arch::Ppc64le),
    ("ppcle_64", Arch::Ppc64le),
    ("powerpc64le", Arch::Ppc64le),
    ("s390x", Arch::S390x),
    ("s390_64", Arch::S390x),
];

/// C libraries; `static` runs on every one, as programs for musl mostly do.
const LIBRARIES: &[(&str, Libc)] = &[
    ("gnu", Libc::Gnu),
    ("glibc", Libc::Gnu),
    ("gnueabihf", Libc::Gnu),
    ("musl", Libc::Musl),
    ("musleabihf", Libc::Musl),
    ("static", Libc::Musl),
];

/// Words that say nothing but belong to a platform.
const VENDORS: &[&str] = &["unknown", "pc", "apple", "msvc", "universal", "universal2"];

/// Ends of names that are packed programs, the preferred ones first; the last is none at all.
const ENDS: &[&str] = &[
    "tar.gz", "tgz", "tar.xz", "txz", "tar.zst", "tar.bz2", "tbz", "zip", "crate", "whl", "tar",
    "gz", "xz", "zst", "bz2", "exe", "",
];

/// Ends of names that are something else.
const OTHER_ENDS: &[&str] = &[
    "sha256",
    "sha512",
    "sha1",
    "md5",
    "sha256sum",
    "sha512sum",
    "asc",
    "sig",
    "minisig",
    "pem",
    "sigstore",
    "intoto",
    "json",
    "jsonl",
    "txt",
    "md",
    "sbom",
    "spdx",
    "deb",
    "rpm",
    "apk",
    "msi",
    "dmg",
    "pkg",
    "7z",
    "rar",
    "pdb",
    "dsym",
    "yml",
    "yaml",
    "toml",
    "sh",
    "ps1",
    "rb",
    "html",
    "crt",
    "cert",
    "bundle",
    "snap",
    "flatpak",
    "jar",
    "vsix",
    "appimage",
    "zsync",
    "diff",
    "patch",
];

/// A word of a name.
#[derive(Debug, Clone, PartialEq)]
struct Word {
    at: Range<usize>,
    os: Option<Os>,
    arch: Option<Arch>,
    libc: Option<Libc>,
    is_universal: bool,
}

/// The name of a release's file, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asset {
    pub(crate) name: String,
    /// The end behind the last dot that is a format; empty for a bare program.
    pub(crate) end: &'static str,
    /// The part that names the platform, if one does.
    pub(crate) target: Option<Range<usize>>,
    pub(crate) os: Option<Os>,
    pub(crate) arch: Option<Arch>,
    pub(crate) libc: Option<Libc>,
    is_universal: bool,
}

impl Asset {
    /// Reads a name; `None` for what is no package: checksums, signatures, installers.
    pub(crate) fn read(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        let last = lower.rsplit('.').next().unwrap_or_default();
        let is_list = ["sha256sum", "sha512sum", "checksum", "md5sum"]
            .iter()
            .any(|word| lower.contains(word));
        if is_list || lower.contains('.') && OTHER_ENDS.contains(&last) {
            return None;
        }
        let end = end_of(&lower);
        let words = words(without(&lower, end));
        let telling = |word: &&Word| word.os.is_some() || word.arch.is_some();
        let target = words.iter().find(telling).map(|_| {
            let ends = (words.first(), words.last());
            ends.0.map_or(0, |word| word.at.start)..ends.1.map_or(0, |word| word.at.end)
        });
        let first = |pick: fn(&Word) -> Option<Os>| words.iter().find_map(pick);
        let os = first(|word| word.os).or((end == "exe").then_some(Os::Windows));
        Some(Self {
            name: name.to_owned(),
            end,
            target,
            os,
            arch: words.iter().find_map(|word| word.arch),
            libc: words.iter().find_map(|word| word.libc),
            is_universal: words.iter().any(|word| word.is_universal),
        })
    }

    /// The name without its end.
    pub(crate) fn stem(&self) -> &str {
        without(&self.name, self.end)
    }

    /// The part of the name that says the platform.
    fn target_text(&self) -> &str {
        self.target.clone().map_or("", |range| &self.name[range])
    }

    /// What stays the same on every platform, and in every version.
    fn skeleton(&self, version: &str) -> String {
        let stem = self.stem();
        let text = match &self.target {
            Some(range) => format!("{}\0{}", &stem[..range.start], &stem[range.end..]),
            None => stem.to_owned(),
        };
        if version.is_empty() { text } else { text.replace(version, "\u{1}") }
    }

    /// For Linux, where the name says an architecture and no system.
    fn or_linux(self) -> Self {
        let os = self.os.or(self.arch.map(|_| Os::Linux));
        Self { os, ..self }
    }

    /// The keys that the file is for; empty where the name says too little.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let Some(os) = self.os else { return Vec::new() };
        let arches = match (self.arch, os) {
            (Some(arch), _) => vec![arch],
            (None, Os::Macos) if self.is_universal => vec![Arch::Amd64, Arch::Arm64],
            // Before other processors were usual, names did not say this one.
            (None, _) => vec![Arch::Amd64],
        };
        let libc = self.libc.filter(|libc| os == Os::Linux && *libc == Libc::Gnu);
        arches.into_iter().map(|arch| Key::Platform(Platform { os, arch, libc })).collect()
    }
}

/// The end of a lower-case name that is a format; empty where there is none.
fn end_of(name: &str) -> &'static str {
    let is_it = |end: &&&str| name.strip_suffix(**end).is_some_and(|stem| stem.ends_with('.'));
    ENDS.iter().find(is_it).unwrap_or(&"")
}

/// A name without its end and the dot before that.
fn without<'a>(name: &'a str, end: &str) -> &'a str {
    if end.is_empty() { name } else { &name[..name.len() - end.len() - 1] }
}

/// The name of any file without the end that is a format.
pub(crate) fn stem_of(name: &str) -> &str {
    without(name, end_of(&name.to_ascii_lowercase()))
}

/// The words of a lower-case name that say something of a platform.
fn words(name: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut place = 0;
    while place < name.len() {
        let rest = &name[place..];
        let is_end = |len: usize| {
            let next = rest[len..].chars().next();
            next.is_none_or(|c| !c.is_ascii_alphanumeric())
        };
        let fits = |word: &str| rest.starts_with(word) && is_end(word.len());
        let mut best: Option<Word> = None;
        let mut take = |word: &str, new: Word| {
            if fits(word) && best.as_ref().is_none_or(|best| best.at.len() < word.len()) {
                best = Some(new);
            }
        };
        let plain = |word: &str| Word {
            at: place..place + word.len(),
            os: None,
            arch: None,
            libc: None,
            is_universal: false,
        };
        for (word, os, arch) in SYSTEMS {
            take(word, Word { os: Some(*os), arch: *arch, ..plain(word) });
        }
        for (word, arch) in ARCHITECTURES {
            take(word, Word { arch: Some(*arch), ..plain(word) });
        }
        for (word, libc) in LIBRARIES {
            take(word, Word { libc: Some(*libc), ..plain(word) });
        }
        for word in VENDORS {
            take(word, Word { is_universal: word.starts_with("universal"), ..plain(word) });
        }
        let is_found = best.is_some();
        place = best.as_ref().map_or(place, |word| word.at.end);
        found.extend(best);
        // On to the first letter or digit after the next separator.
        let rest = &name[place..];
        let gap = if is_found { Some(0) } else { rest.find(|c: char| !c.is_ascii_alphanumeric()) };
        let Some(gap) = gap else { break };
        let letters = rest[gap..].find(|c: char| c.is_ascii_alphanumeric());
        match letters {
            Some(letters) => place += gap + letters,
            None => break,
        }
    }
    found
}

#[cfg(test)]
mod tests;
