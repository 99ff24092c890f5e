//! Which programs of others are on this machine; what is missing is said, not passed over.

use std::{collections::BTreeSet, env, path::Path, sync::Mutex, thread};

use crate::support::skipped;

/// What `.ci/run` installs from Debian; Zot and the Go modules may be missing even there.
const DEBIAN: &[&str] = &[
    "curl",
    "docker-registry",
    "go-1.19",
    "htpasswd",
    "jq",
    "openssl",
    "podman",
    "skopeo",
    "tar",
    "umoci",
    "zstd",
];

/// What was said already: in which test, and what is missing.
static SAID: Mutex<BTreeSet<(String, String)>> = Mutex::new(BTreeSet::new());

/// Where Debian keeps the versions of Go beside each other.
pub(super) const GO: &str = "/usr/lib/go-1.19";

/// Whether all programs are here; names each that is not.
pub(super) fn are_here(names: &[&str]) -> bool {
    // Not `all`: the second missing one is named as well.
    names.iter().filter(|name| !is_here(name)).count() == 0
}

/// Whether a program is here; names it where it is not.
pub(super) fn is_here(name: &str) -> bool {
    let found = match name {
        "go-1.19" => Path::new(GO).join("bin/go").is_file(),
        _ => is_on_path(name),
    };
    if !found {
        skip(name);
    }
    found
}

fn is_on_path(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

fn skip(name: &str) {
    let must_be_here = env::var_os("CI").is_some() && DEBIAN.contains(&name);
    assert!(!must_be_here, "{name} is not here, but CI installs it");
    let test = thread::current().name().unwrap_or_default().to_owned();
    if SAID.lock().unwrap().insert((test, name.to_owned())) {
        skipped(&format!("{name} is not here"));
    }
}
