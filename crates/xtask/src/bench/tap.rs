//! A tap of a hundred thousand formulas in a registry: what each command takes with it.
//!
//! The formulas are made from a fixed seed: two versions each, for four platforms, all published.

use std::{collections::BTreeMap, fmt::Write as _, path::Path, process::Command, time::Instant};

use catalog::edition::{Contents, Moment, Package, Packages, Packed};
use digest::Digest;
use formula::{Key, Name};
use test_registry::Published;

use super::{
    cases::Bench,
    report::{Report, median, time},
    run::{peak_mib, program, seconds},
};

/// How many formulas there are.
const FORMULAS: usize = 100_000;
/// How many of them another edition changes.
const CHANGED: usize = 100;
/// How often the commands run that are over in a moment.
const RUNS: usize = 31;
/// The one that can be installed: its package is there.
const INSTALLED: usize = 50_000;
/// The name that all measurements begin with.
const NAME: &str = "tap of 100,000";

const PLATFORMS: [&str; 4] = ["linux-amd64", "linux-arm64", "macos-amd64", "macos-arm64"];

const WORDS: [&str; 32] = [
    "fast", "small", "line", "diff", "json", "query", "server", "client", "image", "font", "shell",
    "prompt", "search", "tree", "disk", "cloud", "log", "table", "text", "code", "test", "build",
    "graph", "sound", "video", "game", "math", "proof", "parser", "editor", "viewer", "monitor",
];

/// Measures everything about a large tap.
pub(super) fn measure(bench: &Bench<'_>, report: &mut Report) -> anyhow::Result<()> {
    if !bench.options.wants(NAME) {
        return Ok(());
    }
    let folder = bench.place.folder("formulas")?;
    let package = package(bench);
    let mut packages = Packages::new();
    for number in 0..FORMULAS {
        write(&folder, number, 2, Some(&package), &mut packages)?;
    }
    let host = bench.registry.host();
    let text = format!("name = \"large\"\nregistry = \"{host}/large\"\n");
    fs_err::write(folder.join("tap.toml"), text)?;
    let started = Instant::now();
    let first = pack(&folder, 1, &packages)?;
    row(report, "publish: parse and pack", time(started.elapsed().as_secs_f64()), "");
    row(report, "bytes and blobs of it", bytes(&first), "");
    push(bench, &first);

    let (home, root) = (bench.place.folder("home")?, bench.place.folder("tap")?);
    let location = format!("oci://{}/large", bench.registry.host());
    let run = |arguments: &[&str]| program(bench.program, &home, &root, arguments);
    row(report, "tap add", time(seconds(run(&["tap", "add", &location]))?), "");
    let quick: [(&str, &[&str], &str); 6] = [
        ("update, unchanged", &["update"], ""),
        ("search, 10 found", &["search", "p7777"], "<= 20 ms"),
        ("search, 1,000 found", &["search", "p77"], "<= 20 ms"),
        ("info", &["info", "p77777-table"], "<= 20 ms"),
        ("info by an alias", &["info", "also-p77770"], "<= 20 ms"),
        ("versions", &["versions", "p50000-log"], "<= 20 ms"),
    ];
    for (name, arguments, wanted) in quick {
        let runs = (0..RUNS).map(|_| seconds(run(arguments)));
        let runs = runs.collect::<anyhow::Result<Vec<f64>>>()?;
        row(report, name, time(median(runs.into_iter())), wanted);
    }
    let runs = (0..RUNS).map(|_| {
        let mut completing = run(&[]);
        completing.env("PKG_ROOT", &root).env("PKG_COMPLETE", "bash");
        completing.env("_CLAP_COMPLETE_INDEX", "2").args(["--", "pkg", "install", "p777"]);
        seconds(completing)
    });
    let runs = runs.collect::<anyhow::Result<Vec<f64>>>()?;
    row(report, "completion, 100 names", time(median(runs.into_iter())), "<= 20 ms");
    install(bench, report, &run)?;
    for number in (0..FORMULAS).step_by(FORMULAS / CHANGED) {
        write(&folder, number, 3, Some(&package), &mut packages)?;
    }
    let second = pack(&folder, 2, &packages)?;
    push(bench, &second);
    bench.registry.forget_requests();
    row(report, "update, 100 changed", time(seconds(run(&["update"]))?), "");
    let blobs = bench.registry.requests_to("GET /v2/large/blobs/*");
    let sizes = second.blobs.iter().filter(|blob| {
        blobs.iter().any(|request| request.path.ends_with(blob.descriptor.digest.as_str()))
    });
    let brought: u64 = sizes.map(|blob| blob.descriptor.size).sum();
    row(report, "what that brings", format!("{:.1} MB in {}", mb(brought), blobs.len()), "");
    let third = pack(&folder, 3, &packages)?;
    push(bench, &third);
    for (name, arguments) in [("update", &["update"][..]), ("search", &["search", "p77"])] {
        if let Some(peak) = peak_mib(&run(arguments), &home)? {
            row(report, &format!("peak memory of {name}"), format!("{peak:.0} MiB"), "");
        }
    }
    publish(bench, report, &folder, &run)
}

/// One package of the tap: planned, then installed and taken away again and again.
fn install(
    bench: &Bench<'_>,
    report: &mut Report,
    run: &dyn Fn(&[&str]) -> Command,
) -> anyhow::Result<()> {
    let name = name(INSTALLED);
    let dry = ["install", "--dry-run", &name];
    let runs = (0..RUNS).map(|_| seconds(run(&dry))).collect::<anyhow::Result<Vec<f64>>>()?;
    row(report, "install --dry-run", time(median(runs.into_iter())), "<= 50 ms");
    bench.registry.forget_requests();
    let first = seconds(run(&["install", &name]))?;
    let asked = bench.registry.requests().len();
    row(report, "install, the first time", format!("{}, requests: {asked}", time(first)), "");
    let mut again = Vec::new();
    for _ in 0..RUNS {
        seconds(run(&["uninstall", &name]))?;
        again.push(seconds(run(&["install", &name]))?);
    }
    row(report, "install, its files are here", time(median(again.into_iter())), "<= 50 ms");
    let home = bench.place.folder("home")?;
    if let Some(peak) = peak_mib(&run(&dry), &home)? {
        row(report, "peak memory of install", format!("{peak:.0} MiB"), "");
    }
    Ok(())
}

/// The whole command, of formulas that name no packages: those would all have to be there.
fn publish(
    bench: &Bench<'_>,
    report: &mut Report,
    folder: &Path,
    run: &dyn Fn(&[&str]) -> Command,
) -> anyhow::Result<()> {
    for number in 0..FORMULAS {
        write(folder, number, 2, None, &mut Packages::new())?;
    }
    let (folder, home) = (folder.display().to_string(), bench.place.folder("home")?);
    let place = format!("oci://{}/plain", bench.registry.host());
    let command = ["tap", "publish", &folder, &place];
    bench.registry.forget_requests();
    row(report, "tap publish", time(seconds(run(&command))?), "");
    let asked = bench.registry.requests_to("*").len();
    row(report, "its requests", asked.to_string(), "");
    row(report, "tap publish, unchanged", time(seconds(run(&command))?), "");
    if let Some(peak) = peak_mib(&run(&command), &home)? {
        row(report, "peak memory of tap publish", format!("{peak:.0} MiB"), "");
    }
    Ok(())
}

/// Puts the package into the registry that can be installed.
fn package(bench: &Bench<'_>) -> Published {
    let name = name(INSTALLED);
    let said = format!("{{\"schema\":1,\"name\":\"{name}\",\"version\":\"1.1.0\"}}");
    let package = bench.registry.package(&format!("large/{name}"), "1.1.0");
    let package = package.file(&format!("bin/{name}"), "#!/bin/sh\n", 0o755);
    package.annotation("dev.pkg.package", &said).push()
}

fn name(number: usize) -> String {
    format!("p{number:05}-{}", WORDS[number % WORDS.len()])
}

fn row(report: &mut Report, name: &str, result: String, wanted: &str) {
    report.alone(&format!("{NAME}: {name}"), result, wanted);
}

fn pack(folder: &Path, serial: u64, packages: &Packages) -> anyhow::Result<Packed> {
    let tap = catalog::Tap::folder(folder, None)?;
    let published = Moment::parse(&format!("2026-05-{serial:02}T12:00:00Z"))?;
    let mut contents = Contents::of(&tap)?;
    for name in tap.names()? {
        tap.formula(&name)?.iter().for_each(|found| contents.add(&found.formula));
    }
    Ok(contents.draft(packages)?.pack(serial, &published)?)
}

fn push(bench: &Bench<'_>, packed: &Packed) {
    for blob in &packed.blobs {
        bench.registry.push_blob("large", blob.bytes.clone());
    }
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    for tag in ["latest", &packed.tag] {
        let manifest = packed.manifest.clone();
        bench.registry.push_manifest("large", Some(tag), media_type, manifest);
    }
}

fn bytes(packed: &Packed) -> String {
    let all: u64 = packed.blobs.iter().map(|blob| blob.descriptor.size).sum();
    let index = packed.blobs[1].descriptor.size;
    format!("index {:.1} MB, all {:.1} MB in {}", mb(index), mb(all), packed.blobs.len())
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn write(
    folder: &Path,
    number: usize,
    versions: usize,
    published: Option<&Published>,
    packages: &mut Packages,
) -> anyhow::Result<()> {
    let word = |salt: usize| WORDS[(number * 7 + salt * 13 + number / 11) % WORDS.len()];
    let name = name(number);
    let summary: Vec<&str> = (0..6).map(word).collect();
    let mut text = format!(
        "schema = 1\nname = \"{name}\"\nsummary = \"A {}\"\n\
         homepage = \"https://{name}.example/\"\nlicense = \"MIT OR Apache-2.0\"\n",
        summary.join(" ")
    );
    if number.is_multiple_of(10) {
        writeln!(text, "aliases = [\"also-p{number:05}\"]")?;
    }
    write!(
        text,
        "\n[source]\ngithub = \"{word}/{name}\"\nasset = \"{name}-{{version}}-{{triple}}.tar.gz\"\n\n\
         [test]\nrun = \"{name} --version\"\nexpect = \"{{version}}\"\n",
        word = word(9)
    )?;
    for minor in (0..versions).rev() {
        let version = format!("1.{minor}.0");
        let digest = |what: &str| Digest::sha256(format!("{name} {version} {what}").as_bytes());
        write!(text, "\n[version.\"{version}\"]\ndate = 2026-04-{:02}\n", 10 + minor)?;
        let there = published.filter(|_| number == INSTALLED && version == "1.1.0");
        let mut platforms = BTreeMap::new();
        for platform in PLATFORMS {
            writeln!(text, "{platform} = \"{}\"", digest(platform))?;
            let key: Key = platform.parse()?;
            let (size, entries) = (100_000 + number as u64, Some(12));
            let manifest = match there {
                Some(there) => there.manifests[0].clone(),
                None => digest(&format!("{platform} manifest")),
            };
            let unpacked_size = Some(3 * size);
            platforms.insert(key, Package { manifest, size, unpacked_size, entries });
        }
        if published.is_some() {
            let package = there.map_or_else(|| digest("package"), |there| there.index.clone());
            writeln!(text, "package = \"{package}\"")?;
        }
        packages.insert((Name::parse(&name)?, version, 0), platforms);
    }
    Ok(fs_err::write(folder.join(format!("{name}.toml")), text)?)
}
