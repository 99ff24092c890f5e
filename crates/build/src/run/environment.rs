//! The environment of the steps: nothing of the user's, and the same on every machine.

use std::{collections::BTreeMap, path::Path};

use binary::PLACEHOLDER;
use formula::{Arch, Os, Platform, template};

use super::{
    Error, Job,
    place::{FOLDER, Words, inside, opt},
};

/// 1980-01-02, as in packages: the oldest day that every archive can hold.
const EPOCH: &str = "315619200";

/// Where the system's own programs are, after those of the dependencies.
const SYSTEM_PATH: &str = "/usr/bin:/bin";

/// Keeps paths in one piece. Where a constant text is copied, gcc for amd64 moves it into place by
/// its pieces up to 256 bytes, and then nothing finds a path in the program. Tuned for this
/// processor it does so up to 128, which is less than any path below the placeholder; it is the
/// only flag that also reaches C++, gcc knows it since 6 and clang since 4, and code is as fast.
const WHOLE_TEXTS: &str = "-mtune=znver1";

/// The variables of every step; the formula's own win.
pub(crate) fn variables(
    job: &Job<'_>,
    words: &Words<'_>,
    is_confined: bool,
) -> Result<BTreeMap<String, String>, Error> {
    let mut variables = general(job, words, is_confined);
    for (name, template) in &job.build.env {
        let value = template::install(template, &|token| words.value(token));
        let value = value.map_err(|source| Error::Variable { name: name.clone(), source })?;
        variables.insert(name.clone(), value);
    }
    Ok(variables)
}

fn general(job: &Job<'_>, words: &Words<'_>, is_confined: bool) -> BTreeMap<String, String> {
    let root = job.place.root();
    let all: Vec<String> = job.dependencies.values().map(|leaf| opt(leaf)).collect();
    let needed =
        job.dependencies.iter().filter(|(name, _)| job.package.depends.contains_key(*name));
    let needed: Vec<String> = needed.map(|(_, leaf)| opt(leaf)).collect();

    let includes = flags("-I", &there(root, &all, &["include"]));
    let mut links = flags("-L", &there(root, &all, &["lib"]));
    // What only the build needs is not there when the package runs.
    links.extend(flags("-Wl,-rpath,", &there(root, &needed, &["lib"])));
    // The package's own libraries are found whatever is exposed, also when two slots are there.
    links.push(format!("-Wl,-rpath,{}/lib", words.keg));
    let compile = [compile_flags(job, is_confined), includes.clone()].concat().join(" ");
    let path = [there(root, &all, &["bin"]), vec![SYSTEM_PATH.to_owned()]].concat();

    let variables = [
        ("PATH", path.join(":")),
        ("HOME", inside("home")),
        ("TMPDIR", inside("tmp")),
        ("PWD", inside("src")),
        ("LANG", "C.UTF-8".to_owned()),
        ("TZ", "UTC".to_owned()),
        ("SOURCE_DATE_EPOCH", EPOCH.to_owned()),
        ("ZERO_AR_DATE", "1".to_owned()),
        ("CFLAGS", compile.clone()),
        ("CXXFLAGS", compile),
        ("CPPFLAGS", includes.join(" ")),
        ("LDFLAGS", links.join(" ")),
        ("PKG_CONFIG_PATH", there(root, &all, &["lib/pkgconfig", "share/pkgconfig"]).join(":")),
        ("CMAKE_PREFIX_PATH", all.join(":")),
        ("MAKEFLAGS", format!("-j{}", words.jobs)),
    ];
    let variables = variables.into_iter().filter(|(_, value)| !value.is_empty());
    variables.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A folder that is no more after the build must not stay in what was built.
fn compile_flags(job: &Job<'_>, is_confined: bool) -> Vec<String> {
    let mut flags = vec!["-O2".to_owned()];
    let Platform { os, arch, .. } = job.package.platform;
    if (os, arch) == (Os::Linux, Arch::Amd64) {
        flags.push(WHOLE_TEXTS.to_owned());
    }
    flags.push(format!("-ffile-prefix-map={}=.", inside("src")));
    if !is_confined {
        // Behind the link at the placeholder, `getcwd` tells where the folder really is.
        let real = job.place.root().join(FOLDER).join("src");
        flags.push(format!("-ffile-prefix-map={}=.", real.display()));
    }
    flags
}

fn flags(flag: &str, folders: &[String]) -> Vec<String> {
    folders.iter().map(|folder| format!("{flag}{folder}")).collect()
}

/// The folders of dependencies that are there: looked for in the root, named as steps see them.
fn there(root: &Path, dependencies: &[String], names: &[&str]) -> Vec<String> {
    let all =
        dependencies.iter().flat_map(|opt| names.iter().map(move |name| format!("{opt}/{name}")));
    let is_there = |folder: &String| {
        let below = folder.strip_prefix(PLACEHOLDER).unwrap_or(folder);
        root.join(below.trim_start_matches('/')).is_dir()
    };
    all.filter(is_there).collect()
}
