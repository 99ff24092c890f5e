//! The tap `core`: every formula is clean and resolves to what was published, byte for byte.
//!
//! `data/release-digests.json` says where each release lies and what its digest is: facts from the
//! manifests of the public repository taiki-e/install-action, at the commit that the file names.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use formula::{
    Defaults, Formula, Key, Outline, Paths, Pin, Platform, Resolved, Source, TapFile, Version,
    check_tap,
};
use fs_err as fs;
use serde::Deserialize;

use crate::support;

/// Formulas that are no tool of the data file, and why.
const OWN: [(&str, &str); 1] = [("hello", "its layout is built here; crates/xtask tests it")];

/// Tools whose formula has another name, and why.
const RENAMED: [(&str, &str, &str); 1] =
    [("coreutils", "uutils-coreutils", "coreutils without more is GNU's")];

/// Versions that have another number in the data file, and why.
const RENUMBERED: [(&str, &str, &str, &str); 6] = [
    ("protoc", "3.36.0", "36.0", "the 3 is what the data file puts before protobuf's versions"),
    ("protoc", "3.35.1", "35.1", "as above"),
    ("protoc", "3.35.0", "35.0", "as above"),
    ("oxfmt", "1.79.0", "0.64.0", "the tag counts oxlint's versions, released with it"),
    ("oxfmt", "1.78.0", "0.63.0", "as above"),
    ("oxfmt", "1.77.0", "0.62.0", "as above"),
];

/// Platforms that a formula has and the data file lacks, with the one whose asset they share.
const SHARED: [(&str, &str, &str, &str); 1] =
    [("cargo-nextest", "macos-arm64", "macos-amd64", "the asset is a universal binary")];

#[derive(Deserialize)]
struct Data {
    tools: BTreeMap<String, Tool>,
}

#[derive(Deserialize)]
struct Tool {
    template: BTreeMap<String, Asset>,
    versions: BTreeMap<String, BTreeMap<String, Published>>,
}

#[derive(Deserialize)]
struct Asset {
    url: String,
    /// The programs, as paths in the archive.
    bin: Option<Programs>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Programs {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Published {
    sha256: String,
    url: Option<String>,
}

/// What one platform of one version must resolve to.
#[derive(Clone)]
struct Expected {
    url: String,
    digest: String,
    /// Where the programs lie, if the data file says so; without a lone top folder and `.exe`.
    programs: Option<BTreeSet<String>>,
}

fn folder() -> PathBuf {
    support::workspace().join("formulas")
}

fn data() -> Data {
    serde_json::from_str(include_str!("data/release-digests.json")).expect("the data file is JSON")
}

/// Every formula of the tap, by the stem of its file.
fn texts() -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for entry in fs::read_dir(folder()).expect("the tap can be listed") {
        let path = entry.expect("the tap can be listed").path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if path.extension().is_some_and(|extension| extension == "toml") && stem != "tap" {
            let text = fs::read_to_string(&path).expect("a formula can be read");
            texts.insert(stem.to_owned(), text);
        }
    }
    texts
}

fn parse(name: &str, text: &str) -> Formula {
    Formula::parse(text, &format!("{name}.toml"), &Defaults::none())
        .unwrap_or_else(|report| panic!("{}", report.render(false)))
}

/// The platform's key in pkg's words; `_musl` assets are static.
fn key(words: &str) -> String {
    let systems = [
        ("_linux_gnu", "linux", "-gnu"),
        ("_linux_musl", "linux", ""),
        ("_macos", "macos", ""),
        ("_windows", "windows", ""),
    ];
    let (arch, os, libc) = systems
        .iter()
        .find_map(|(suffix, os, libc)| Some((words.strip_suffix(suffix)?, os, libc)))
        .unwrap_or_else(|| panic!("unknown system: {words}"));
    let arch = match arch {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64le" => "ppc64le",
        "riscv64" | "s390x" => arch,
        _ => panic!("unknown architecture: {words}"),
    };
    format!("{os}-{arch}{libc}")
}

fn programs(asset: &Asset, version: &str) -> Option<BTreeSet<String>> {
    let paths = match asset.bin.as_ref()? {
        Programs::One(path) => std::slice::from_ref(path),
        Programs::Many(paths) => paths,
    };
    let below = |path: &String| {
        let path = path.replace("${version}", version);
        let path = path.strip_suffix(".exe").unwrap_or(&path);
        match path.split_once('/') {
            Some((top, rest)) if top != "bin" => rest.to_owned(),
            _ => path.to_owned(),
        }
    };
    Some(paths.iter().map(below).collect())
}

/// Every (version, platform) of a tool, in pkg's words.
fn expected(tool: &str, facts: &Tool) -> BTreeMap<(String, String), Expected> {
    let mut expected = BTreeMap::new();
    for (listed, platforms) in &facts.versions {
        let renumbered = RENUMBERED.iter().find(|(name, from, ..)| *name == tool && from == listed);
        let version = renumbered.map_or(listed.as_str(), |(_, _, to, _)| to);
        for (words, published) in platforms {
            let asset = facts.template.get(words);
            let url =
                published.url.clone().or_else(|| Some(asset?.url.replace("${version}", listed)));
            let this = Expected {
                url: url.unwrap_or_else(|| panic!("{tool} {listed} {words}: nothing says where")),
                digest: format!("sha256:{}", published.sha256),
                programs: asset.and_then(|asset| programs(asset, listed)),
            };
            let key = key(words);
            for (_, also, ..) in
                SHARED.iter().filter(|(name, _, shared, _)| *name == tool && *shared == key)
            {
                expected.insert((version.to_owned(), (*also).to_owned()), this.clone());
            }
            expected.insert((version.to_owned(), key), this);
        }
    }
    expected
}

fn resolve(formula: &Formula, version: &Version, key: &Key) -> Resolved {
    let Key::Platform(platform) = key else { panic!("{} has a key {key}", formula.name()) };
    formula.resolve(version, platform).unwrap_or_else(|error| panic!("{}: {error}", formula.name()))
}

/// Whether `programs` of the package are what is linked; by default, what lies in `bin` or is the
/// package's only program.
fn links(resolved: &Resolved, programs: &BTreeSet<String>) -> bool {
    let name = resolved.name.as_str();
    match &resolved.expose.bin {
        Some(Paths::List(paths)) => paths.iter().eq(programs),
        Some(Paths::Map(paths)) => paths.values().eq(programs),
        None => programs.iter().all(|path| path.strip_prefix("bin/").unwrap_or(path) == name),
    }
}

#[test]
fn the_tap_is_core() {
    let text = fs::read_to_string(folder().join("tap.toml")).expect("the tap has a tap.toml");
    let tap = TapFile::parse(&text, "tap.toml").unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(tap.name.as_deref(), Some("core"));
}

#[test]
fn every_formula_is_clean() {
    let formulas: Vec<Formula> = texts().iter().map(|(name, text)| parse(name, text)).collect();
    let alone = formulas.iter().map(Formula::check);
    let outlines: Vec<Outline> = formulas.iter().map(Formula::outline).collect();
    let together = check_tap(&outlines);
    let reports: String = alone.chain(together).map(|report| report.render(false)).collect();
    assert!(reports.is_empty(), "{reports}");
}

#[test]
fn every_release_resolves_to_what_was_published() {
    let mut seen = 0;
    let texts = texts();
    for (tool, facts) in data().tools {
        let name = RENAMED.iter().find(|(from, ..)| *from == tool).map_or(&*tool, |(_, to, _)| to);
        let text = texts.get(name).unwrap_or_else(|| panic!("there is no formula {name}"));
        let formula = parse(name, text);
        let mut expected = expected(&tool, &facts);
        for release in formula.releases() {
            for key in &release.keys {
                let what = format!("{name} {} {key}", release.version);
                let place = (release.version.as_str().to_owned(), key.to_string());
                let Some(expected) = expected.remove(&place) else {
                    panic!("{what} is not in the data file");
                };
                let resolved = resolve(&formula, &release.version, key);
                let Source::Http { urls, digest, .. } = &resolved.source else {
                    panic!("{what}: {:?}", resolved.source);
                };
                assert_eq!(
                    (urls.as_slice(), digest.as_str()),
                    (&[expected.url][..], &*expected.digest)
                );
                let programs = expected.programs.unwrap_or_default();
                let linked = programs.is_empty() || links(&resolved, &programs);
                assert!(linked, "{what}: {:?} is not {programs:?}", resolved.expose.bin);
                seen += 1;
            }
        }
        assert!(expected.is_empty(), "{name} lacks {:?}", expected.keys());
    }
    assert!(seen > 700, "only {seen} digests were compared");
}

#[test]
fn every_formula_is_of_the_data_file_or_our_own() {
    let data = data();
    let named = |tool: &String| {
        RENAMED
            .iter()
            .find(|(from, ..)| from == tool)
            .map_or(tool.clone(), |(_, to, _)| (*to).into())
    };
    let mut known: BTreeSet<String> = data.tools.keys().map(named).collect();
    known.extend(OWN.map(|(name, _)| name.to_owned()));
    assert_eq!(texts().into_keys().collect::<BTreeSet<_>>(), known);
}

#[test]
fn hello_is_a_manifest_of_its_layout_on_every_platform() {
    let formula = parse("hello", &texts()["hello"]);
    let release = &formula.releases()[0];
    for platform in Platform::usual() {
        let resolved = resolve(&formula, &release.version, &Key::Platform(platform));
        let Source::Oci { reference, pin: Pin::Manifest(digest), .. } = &resolved.source else {
            panic!("{platform}: {:?}", resolved.source);
        };
        assert_eq!(reference, &format!("oci:hello:{}", release.version));
        let blob = folder().join("hello/blobs/sha256").join(digest.encoded());
        let bytes = fs::read(blob).expect("the manifest lies in the layout");
        assert_eq!(digest::Digest::sha256(&bytes), *digest);
    }
}
