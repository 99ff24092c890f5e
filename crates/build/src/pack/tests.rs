use std::{cell::RefCell, collections::BTreeMap, process::Command};

use formula::{Paths, Relocation, Relocations, relocation::Kind};
use oci::Document;
use proptest::prelude::*;
use serde_json::Value;
use store::archive;

use super::*;
use crate::sandbox::{Sandbox, facts, listing};

fn small(sandbox: &Sandbox) {
    sandbox.program("bin/foo", "#!/bin/sh\necho foo\n").file("share/doc/foo/README", "read me");
    sandbox.link("bin/bar", "foo").folder("var-like").file("share/empty", "");
}

#[test]
fn a_package_is_an_image_that_pkg_and_others_read() {
    let sandbox = Sandbox::new();
    small(&sandbox);
    let key: Key = "linux-armv7-musl".parse().unwrap();
    let packed = sandbox.try_pack(&Facts { key, ..facts() }).unwrap();
    let Ok(Document::Image(manifest)) = packed.manifest.document() else { panic!("no image") };
    assert_eq!(manifest.artifact_type.as_deref(), Some("application/vnd.pkg.package.v1"));
    assert_eq!(manifest.media_type.as_deref(), Some(packed.manifest.media_type.as_str()));
    assert_eq!(manifest.config, packed.config.descriptor);
    assert_eq!(manifest.layers, std::slice::from_ref(&packed.layer));
    let title = &packed.layer.annotations["org.opencontainers.image.title"];
    assert_eq!(title, "foo-1.2-linux-armv7-musl.tar.zst");

    let said = Annotation::of(&manifest.annotations).unwrap().unwrap();
    assert_eq!(said, packed.annotation);
    assert_eq!((said.entries, said.unpacked_size), (Some(9), Some(26)));
    let standard = |key: &str| {
        manifest.annotations.get(&format!("org.opencontainers.image.{key}")).map(String::as_str)
    };
    assert_eq!(standard("title"), Some("foo"));
    assert_eq!(standard("version"), Some("1.2"));
    assert_eq!(standard("licenses"), Some("MIT"));
    assert_eq!(standard("url"), Some("https://foo.example/"));
    assert_eq!(standard("created"), Some("1980-01-02T00:00:00Z"));
    assert_eq!(standard("description"), None, "the formula has no summary");

    let config: Value = serde_json::from_slice(&packed.config.bytes).unwrap();
    let field = |key: &str| config[key].as_str();
    assert_eq!(
        (field("os"), field("architecture"), field("variant")),
        (Some("linux"), Some("arm"), Some("v7"))
    );
    assert_eq!(config["os.features"], serde_json::json!(["libc.musl"]));
    assert_eq!(config["rootfs"]["diff_ids"].as_array().unwrap().len(), 1);
    let platform = packed.entry().platform.unwrap();
    assert_eq!(
        platform,
        oci::Platform::new("linux", "arm").with_variant("v7").with_feature("libc.musl")
    );
}

#[test]
fn a_package_for_every_platform_has_none_in_the_index() {
    let sandbox = Sandbox::new();
    small(&sandbox);
    let packed = sandbox.pack(Compression::Gzip);
    assert_eq!(packed.entry().platform, None);
    assert_eq!(packed.entry().digest, packed.manifest.digest);
    let config: Value = serde_json::from_slice(&packed.config.bytes).unwrap();
    assert_eq!((&config["os"], &config["architecture"]), (&"linux".into(), &"amd64".into()));
}

#[test]
fn packing_tells_how_far_it_is() {
    let sandbox = Sandbox::new();
    sandbox.file("a", vec![1; 300 << 10]).file("b", vec![1; 300 << 10]).file("c", "12345");
    let told = RefCell::new(Vec::new());
    let staged = sandbox.read().unwrap();
    pack(&staged, &facts(), &sandbox.blobs(), &|progress| told.borrow_mut().push(progress))
        .unwrap();
    let told = told.into_inner();
    let total = (300 << 10) + 5;
    assert_eq!(told.last(), Some(&Progress { done: total, total }), "equal files count once");
    assert!(told.is_sorted_by_key(|progress| progress.done), "{told:?}");
}

#[test]
fn equal_files_are_packed_once() {
    let sandbox = Sandbox::new();
    sandbox.program("bin/git", "a program").program("libexec/git-add", "a program");
    sandbox.file("share/git", "a program").file("a", "").file("b", "");
    let plan = sandbox.decode(&sandbox.pack(Compression::Zstd));
    assert_eq!(plan.size_bytes, 2 * 9, "once as a program, once not");
    let content =
        |path: &str| plan.entries.iter().find(|entry| entry.path == path).map(|entry| &entry.kind);
    assert_eq!(content("bin/git"), content("libexec/git-add"));
    assert_ne!(content("bin/git"), content("share/git"));

    // Whether they were links or copies in the folder makes no difference.
    let linked = Sandbox::new();
    linked.program("bin/git", "a program").folder("libexec");
    linked.file("share/git", "a program").file("a", "").file("b", "");
    let staged = linked.staged();
    fs_err::hard_link(staged.join("bin/git"), staged.join("libexec/git-add")).unwrap();
    let digest = |sandbox: &Sandbox| sandbox.pack(Compression::Zstd).manifest.digest;
    assert_eq!(digest(&linked), digest(&sandbox));
}

/// A compiled file of Python 3.12 whose source has this time and size.
fn compiled(mtime: u32, size: u32) -> Vec<u8> {
    let words = [0, mtime, size].map(u32::to_le_bytes).concat();
    [&3531_u16.to_le_bytes()[..], b"\r\n", &words, b"code"].concat()
}

#[test]
fn a_source_keeps_the_time_that_its_compiled_file_names() {
    let sandbox = Sandbox::new();
    let time = 1_700_000_000;
    sandbox.file("lib/a.py", "12345").time("lib/a.py", time);
    sandbox.file("lib/__pycache__/a.cpython-312.pyc", compiled(time as u32, 5));
    sandbox.file("lib/b.py", "12345").time("lib/b.py", time + 1);
    sandbox.file("lib/__pycache__/b.cpython-312.pyc", compiled(time as u32, 5));
    sandbox.file("lib/c.py", "123456").time("lib/c.py", time);
    sandbox.file("lib/__pycache__/c.cpython-312.pyc", compiled(time as u32, 5));
    let packed = sandbox.pack(Compression::Zstd);
    let stale = |name: &str| Warning::StaleBytecode {
        path: format!("lib/__pycache__/{name}.cpython-312.pyc"),
    };
    assert_eq!(packed.warnings, [stale("b"), stale("c")]);
    let plan = sandbox.decode(&packed);
    let kept: Vec<_> = plan.entries.iter().filter(|entry| entry.mtime != 315_619_200).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].path.as_str(), kept[0].mtime), ("lib/a.py", time as i64));
}

#[test]
fn names_that_fold_together_are_packed_with_a_warning() {
    let sandbox = Sandbox::new();
    sandbox.file("man/a.1", "").file("man/A.1", "");
    let packed = sandbox.pack(Compression::Zstd);
    let (first, second) = ("man/A.1".to_owned(), "man/a.1".to_owned());
    assert_eq!(packed.warnings, [Warning::Folds { first, second }]);
    assert_eq!(sandbox.decode(&packed).entries.len(), 3);
}

#[test]
fn a_build_for_another_prefix_is_told_unless_it_is_meant() {
    let sandbox = Sandbox::new();
    sandbox.program("usr/local/bin/foo", "#!/bin/sh\n");
    let path = "usr/local".to_owned();
    let built = Facts { audit: Audit::Refuse, ..facts() };
    let packed = sandbox.try_pack(&built).unwrap();
    assert_eq!(packed.warnings, [Warning::OtherPrefix { path }]);
    let of_others = Facts { audit: Audit::Warn, ..facts() };
    assert_eq!(sandbox.try_pack(&of_others).unwrap().warnings, []);
    let mut meant = built;
    meant.annotation.expose.bin = Some(Paths::List(vec!["usr/local/bin/*".to_owned()]));
    assert_eq!(sandbox.try_pack(&meant).unwrap().warnings, []);
}

#[test]
fn gnu_tar_and_zstd_read_what_was_packed() {
    let sandbox = Sandbox::new();
    small(&sandbox);
    let long = "long/".repeat(40);
    sandbox.file(format!("{long}name"), "far down").link("far", format!("{long}name"));
    sandbox.file("ümläut", "named").file("large", vec![7; 9 << 20]);
    let all = |names: [&str; 2]| {
        names.iter().all(|name| {
            Command::new(name).arg("--version").output().is_ok_and(|ran| ran.status.success())
        })
    };
    if !all(["tar", "zstd"]) {
        return;
    }
    for (compression, program) in [(Compression::Zstd, "zstd"), (Compression::Gzip, "gzip")] {
        let packed = sandbox.pack(compression);
        let unpacked = tempfile::tempdir().unwrap();
        let tar = Command::new("tar")
            .arg(format!("--use-compress-program={program}"))
            .args(["--no-same-owner", "-xf"])
            .arg(&packed.layer_path)
            .arg("-C")
            .arg(unpacked.path())
            .output()
            .unwrap();
        assert!(tar.status.success(), "{}", String::from_utf8_lossy(&tar.stderr));
        assert!(tar.stderr.is_empty(), "{}", String::from_utf8_lossy(&tar.stderr));
        assert!(listing(unpacked.path()) == listing(&sandbox.staged()), "{program}");
    }
}

#[test]
fn where_the_placeholder_stands_is_recorded() {
    let sandbox = Sandbox::new();
    let root = binary::PLACEHOLDER;
    sandbox.program("bin/foo", format!("#!{root}/current/bin/sh\ncd {root}/etc {root}/var\n"));
    sandbox.program("libexec/foo", format!("#!{root}/current/bin/sh\ncd {root}/etc {root}/var\n"));
    sandbox.file("lib/data", format!("\0{root}/cellar/foo/1.2-@@@@@@@@@@@@/share\0"));
    sandbox.file("share/none", "nothing");
    let packed = sandbox.pack(Compression::Zstd);
    let relocation = |path: &str, kind, offsets: &[u64]| Relocation {
        path: path.to_owned(),
        kind,
        offsets: offsets.to_vec(),
    };
    let offsets = [2, 2 + 128 + 19, 2 + 128 + 19 + 128 + 5];
    let expected = vec![
        relocation("bin/foo", Kind::Text, &offsets),
        relocation("lib/data", Kind::Binary, &[1]),
        relocation("libexec/foo", Kind::Text, &offsets),
    ];
    assert_eq!(packed.annotation.relocations, Relocations::List(expected));
    assert_eq!(sandbox.decode(&packed).entries.len(), 8);
}

#[test]
fn many_relocations_become_a_file_of_the_package() {
    let sandbox = Sandbox::new();
    let names: Vec<_> = (0..3000).map(|number| format!("lib/{number:0>100}")).collect();
    for name in &names {
        sandbox.file(name, format!("{name} {}/etc", binary::PLACEHOLDER));
    }
    let packed = sandbox.pack(Compression::Zstd);
    let elsewhere = Relocations::File(".pkg/relocations.json".to_owned());
    assert_eq!(packed.annotation.relocations, elsewhere);
    let plan = sandbox.decode(&packed);
    assert_eq!(plan.entries.len(), 1 + 3000 + 2);
    let list = plan.entries.iter().find(|entry| entry.path == ".pkg/relocations.json");
    let Some(archive::Kind::File(content)) = list.map(|entry| &entry.kind) else {
        panic!("the list is missing");
    };
    let relocation = |name: &String| Relocation {
        path: name.clone(),
        kind: Kind::Text,
        offsets: vec![name.len() as u64 + 1],
    };
    let list: Vec<_> = names.iter().map(relocation).collect();
    let bytes = serde_jcs::to_vec(&list).unwrap();
    assert_eq!(*content, store::Content::of(&bytes, false));
    assert_eq!(Relocations::parse_list(&bytes).unwrap(), list);
}

#[test]
fn everything_that_would_not_work_elsewhere_is_listed_at_once() {
    let sandbox = Sandbox::new();
    let root = binary::PLACEHOLDER;
    sandbox.program("bin/a", "#!/opt/build/python\n").file("lib/b.pc", "prefix=/opt/build/out\n");
    sandbox.file("lib/c", format!("{root}/cellar/other/1.0-@@@@@@@@@@@@/lib"));
    let build_folders = vec!["/opt/build".to_owned()];
    let facts = Facts { build_folders, ..facts() };
    let error = sandbox.try_pack(&facts).unwrap_err();
    let Error::NotRelocatable { findings } = &error else { panic!("{error}") };
    let mut paths: Vec<_> = findings.iter().map(|finding| finding.0.path.as_str()).collect();
    paths.dedup();
    assert_eq!(paths, ["bin/a", "lib/b.pc", "lib/c"]);
    let text = error.to_string();
    let line = "`lib/b.pc` at byte 7: `/opt/build/out` is a path of the build; keep the build's";
    assert!(text.lines().any(|found| found.starts_with(line)), "{text}");
    assert_eq!(fs_err::read_dir(sandbox.blobs()).unwrap().count(), 0, "nothing is written");

    let packed = sandbox.try_pack(&Facts { audit: Audit::Warn, ..facts }).unwrap();
    assert_eq!(packed.warnings.len(), findings.len());
}

/// What a tree may hold at a path.
#[derive(Debug, Clone)]
enum Thing {
    Folder,
    File(Vec<u8>, bool),
    Link,
}

fn things() -> impl Strategy<Value = BTreeMap<String, Thing>> {
    let name = prop_oneof![3 => "[a-c]{1,2}", 1 => "[a-z .+~_-]{1,12}é?", 1 => "x{120,250}"];
    let path = prop::collection::vec(name, 1..5).prop_map(|parts| parts.join("/"));
    let bytes = prop_oneof![
        3 => Just(Vec::new()),
        6 => prop::collection::vec(any::<u8>(), 0..2000),
        1 => (any::<u8>(), 0_usize..9_000_000).prop_map(|(byte, size)| vec![byte; size]),
    ];
    let thing = prop_oneof![
        1 => Just(Thing::Folder),
        4 => (bytes, any::<bool>()).prop_map(|(bytes, executable)| Thing::File(bytes, executable)),
        1 => Just(Thing::Link),
    ];
    prop::collection::btree_map(path, thing, 1..12)
}

/// Stages what fits beside one another, in this order or the opposite one.
fn stage(things: &BTreeMap<String, Thing>, umask: u32, time: u64, reversed: bool) -> Sandbox {
    let sandbox = Sandbox::new();
    let is_below = |path: &str, other: &str| path.starts_with(&format!("{other}/"));
    let is_free = |path: &str| {
        let blocks = |(other, thing): (&String, &Thing)| {
            !matches!(thing, Thing::Folder) && is_below(path, other)
                || other != path && other.to_lowercase() == path.to_lowercase()
        };
        let is_name = |part: &str| !part.starts_with(".wh.") && part != "." && part != "..";
        path.split('/').all(is_name) && !path.starts_with(".pkg") && !things.iter().any(blocks)
    };
    let mut free: Vec<_> = things.iter().filter(|(path, _)| is_free(path)).collect();
    if reversed {
        free.reverse();
    }
    sandbox.file("always", "there");
    for (path, thing) in free {
        match thing {
            Thing::Folder => {
                sandbox.folder(path);
            }
            Thing::File(bytes, executable) if !sandbox.staged().join(path).is_dir() => {
                let mode = if *executable { 0o777 } else { 0o666 };
                sandbox.file(path, bytes).mode(path, mode & !umask).time(path, time);
            }
            Thing::Link if !sandbox.staged().join(path).exists() => {
                let up = "../".repeat(path.matches('/').count());
                sandbox.link(path, format!("{up}always"));
            }
            Thing::File(..) | Thing::Link => {}
        }
    }
    sandbox
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn what_is_packed_is_what_an_install_reads(things in things(), is_gzip: bool) {
        let sandbox = stage(&things, 0o022, 1, false);
        let compression = if is_gzip { Compression::Gzip } else { Compression::Zstd };
        let plan = sandbox.decode(&sandbox.pack(compression));
        let mut found = BTreeMap::new();
        for archive::Entry { path, kind, mtime } in plan.entries {
            prop_assert_eq!(mtime, 315_619_200);
            found.insert(path, kind);
        }
        let mut expected = BTreeMap::new();
        for (path, (kind, mode, bytes)) in listing(&sandbox.staged()) {
            expected.insert(path, match kind {
                'd' => archive::Kind::Directory,
                'l' => archive::Kind::Symlink(String::from_utf8(bytes).unwrap()),
                _ => archive::Kind::File(store::Content::of(&bytes, mode & 0o111 != 0)),
            });
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn equal_trees_give_equal_packages(things in things(), is_gzip: bool) {
        let compression = if is_gzip { Compression::Gzip } else { Compression::Zstd };
        let one = stage(&things, 0o022, 1_000_000_000, false);
        let other = stage(&things, 0o077, 1_900_000_000, true);
        prop_assert!(listing(&one.staged()).keys().eq(listing(&other.staged()).keys()));
        let (one, other) = (one.pack(compression), other.pack(compression));
        prop_assert_eq!(one.manifest, other.manifest);
        prop_assert_eq!(one.layer, other.layer);
    }
}
