//! Which libraries a package brings, which its programs need, and which glibc.
//!
//! Names only, as a loader of Linux reads them; macOS has paths, which the audit looks at.

use std::collections::{BTreeMap, BTreeSet};

use binary::inspect::Elf;

/// Libraries that come with a system's C library and compiler, up to their version.
const SYSTEM: &[&str] = &[
    "libc.so",
    "libm.so",
    "libpthread.so",
    "libdl.so",
    "librt.so",
    "libresolv.so",
    "libutil.so",
    "libnsl.so",
    "libanl.so",
    "libmvec.so",
    "libthread_db.so",
    "libgcc_s.so",
    "libstdc++.so",
    "linux-vdso.so",
];
/// How the names of loaders and of musl's library begin.
const SYSTEM_STARTS: &[&str] = &["ld-linux", "ld-musl-", "ld64.so", "libc.musl-"];

/// Libraries by name.
#[derive(Debug, Default)]
pub(crate) struct Libraries {
    own: BTreeSet<String>,
    /// The first file that needs each.
    needed: BTreeMap<String, String>,
    /// The newest version of glibc that is needed, and by which file.
    pub(crate) glibc: Option<(String, String)>,
}

impl Libraries {
    /// Adds a file or link of the package by its name.
    pub(super) fn add_name(&mut self, path: &str) {
        let name = path.rsplit('/').next().unwrap_or(path);
        if name.contains(".so") {
            self.own.insert(name.to_owned());
        }
    }

    /// Adds a program or library with what it needs.
    pub(crate) fn add(&mut self, path: &str, elf: &Elf) {
        self.own.extend(elf.soname.iter().map(|name| name.text.clone()));
        for needed in &elf.needed {
            self.needed.entry(needed.text.clone()).or_insert_with(|| path.to_owned());
        }
        if let Some(version) = &elf.glibc
            && self.glibc.as_ref().is_none_or(|(newest, _)| glibc(newest) < glibc(version))
        {
            self.glibc = Some((version.clone(), path.to_owned()));
        }
    }

    /// Libraries that neither the package nor the system has, with a file that needs each.
    pub(crate) fn foreign(&self) -> impl Iterator<Item = (&str, &str)> {
        let needed = self.needed.iter().map(|(name, path)| (name.as_str(), path.as_str()));
        needed.filter(|(name, _)| !self.own.contains(*name) && !is_system(name))
    }
}

/// A version of glibc as numbers, for their order.
pub(crate) fn glibc(version: &str) -> Vec<u32> {
    version.split('.').map(|number| number.parse().unwrap_or_default()).collect()
}

fn is_system(name: &str) -> bool {
    let is_same = |known: &&str| {
        name.strip_prefix(*known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    SYSTEM.iter().any(is_same) || SYSTEM_STARTS.iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_of_the_system() {
        for (name, expected) in [
            ("libc.so.6", true),
            ("libm.so.6", true),
            ("libstdc++.so.6", true),
            ("ld-linux-x86-64.so.2", true),
            ("libc.musl-x86_64.so.1", true),
            ("libmagic.so.1", false),
            ("libc.sox", false),
            ("libz.so.1", false),
            ("/opt/x/libc.so.6", false),
        ] {
            assert_eq!(is_system(name), expected, "{name}");
        }
    }

    #[test]
    fn versions_of_glibc_are_ordered_by_number() {
        assert!(glibc("2.9") < glibc("2.17"));
        assert!(glibc("2.2") < glibc("2.2.5"));
        assert_eq!(glibc("2.34"), [2, 34]);
    }
}
