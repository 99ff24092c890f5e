use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;
use crate::{
    keg::Source,
    sandbox::{Sandbox, id, package, sealed},
};

const TOOL: &str = "
    bin/
    bin/tool* = run
    bin/alias -> tool
    share/doc/readme = read me
    share/empty =
";

fn chmod(path: &Path, mode: u32) {
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Lets `spoil` change a keg as one can with permission to write everywhere in it.
fn spoil(keg: &Path, spoil: &fn(&Path)) {
    let folders = ["", "bin", "share", "share/doc"];
    for folder in folders {
        chmod(&keg.join(folder), 0o755);
    }
    spoil(keg);
    for folder in folders {
        let path = keg.join(folder);
        let found = fs_err::symlink_metadata(&path);
        if found.is_ok_and(|found| found.is_dir() && found.mode() & 0o777 == 0o755) {
            chmod(&path, 0o555);
        }
    }
}

/// The damage as text, `path: what`, as `deep` as asked.
fn damage(sandbox: &Sandbox, copies: &[Copy], deep: bool) -> Vec<String> {
    let tree = sealed(&package(TOOL));
    let found = Verifier::new(deep).keg(&sandbox.layout, &id("tool"), &tree, copies).unwrap();
    found.into_iter().map(|damage| format!("{}: {:?}", damage.path, damage.what)).collect()
}

fn overwrite(path: &Path, text: &str) {
    chmod(path, 0o644);
    fs_err::write(path, text).unwrap();
}

/// What, the change, and the damage that a shallow and a deep look find.
type Row = (&'static str, fn(&Path), &'static [&'static str], &'static [&'static str]);

fn check(rows: &[Row]) {
    for (what, change, shallow, deep) in rows {
        let sandbox = Sandbox::new();
        sandbox.install("tool", &package(TOOL), &[]);
        spoil(&sandbox.keg("tool"), change);
        assert_eq!(damage(&sandbox, &[], false), *shallow, "{what}");
        assert_eq!(damage(&sandbox, &[], true), *deep, "{what}");
    }
}

#[test]
fn damage_to_files_and_folders_is_found() {
    check(&[
        ("nothing", |_| {}, &[], &[]),
        (
            "a file is gone",
            |keg| fs_err::remove_file(keg.join("bin/tool")).unwrap(),
            &["bin/tool: Missing"],
            &["bin/tool: Missing"],
        ),
        (
            "a folder is gone",
            |keg| fs_err::remove_dir_all(keg.join("share")).unwrap(),
            &["share: Missing"],
            &["share: Missing"],
        ),
        (
            "files were added",
            |keg| {
                fs_err::write(keg.join("bin/more"), "x").unwrap();
                fs_err::create_dir(keg.join("more")).unwrap();
            },
            &["bin/more: Extra", "more: Extra"],
            &["bin/more: Extra", "more: Extra"],
        ),
        (
            "bytes changed, size and mode did not",
            |keg| {
                overwrite(&keg.join("share/doc/readme"), "READ ME");
                chmod(&keg.join("share/doc/readme"), 0o444);
            },
            &[],
            &["share/doc/readme: Bytes"],
        ),
        (
            "bytes were appended",
            |keg| overwrite(&keg.join("share/doc/readme"), "read me too"),
            &[
                "share/doc/readme: Mode { expected: 292, found: 420 }",
                "share/doc/readme: Size { expected: 7, found: 11 }",
            ],
            &[
                "share/doc/readme: Mode { expected: 292, found: 420 }",
                "share/doc/readme: Size { expected: 7, found: 11 }",
            ],
        ),
        (
            "an empty file was filled",
            |keg| {
                overwrite(&keg.join("share/empty"), "x");
                chmod(&keg.join("share/empty"), 0o444);
            },
            &["share/empty: Size { expected: 0, found: 1 }"],
            &["share/empty: Size { expected: 0, found: 1 }"],
        ),
    ]);
}

#[test]
fn damage_to_links_kinds_and_modes_is_found() {
    check(&[
        (
            "a link leads elsewhere",
            |keg| {
                fs_err::remove_file(keg.join("bin/alias")).unwrap();
                symlink("/bin/sh", keg.join("bin/alias")).unwrap();
            },
            &["bin/alias: Target { expected: \"tool\", found: \"/bin/sh\" }"],
            &["bin/alias: Target { expected: \"tool\", found: \"/bin/sh\" }"],
        ),
        (
            "a link, a file and a folder changed kinds",
            |keg| {
                for path in ["bin/alias", "bin/tool"] {
                    fs_err::remove_file(keg.join(path)).unwrap();
                }
                fs_err::write(keg.join("bin/alias"), "").unwrap();
                symlink("alias", keg.join("bin/tool")).unwrap();
                fs_err::remove_dir_all(keg.join("share")).unwrap();
                symlink("bin", keg.join("share")).unwrap();
            },
            &["bin/alias: Kind", "bin/tool: Kind", "share: Kind"],
            &["bin/alias: Kind", "bin/tool: Kind", "share: Kind"],
        ),
        (
            "modes changed",
            |keg| {
                chmod(&keg.join("bin/tool"), 0o4555);
                chmod(&keg.join("share"), 0o777);
                chmod(keg, 0o700);
            },
            &[
                ": Mode { expected: 365, found: 448 }",
                "bin/tool: Mode { expected: 365, found: 2413 }",
                "share: Mode { expected: 365, found: 511 }",
            ],
            &[
                ": Mode { expected: 365, found: 448 }",
                "bin/tool: Mode { expected: 365, found: 2413 }",
                "share: Mode { expected: 365, found: 511 }",
            ],
        ),
    ]);
}

#[test]
fn a_keg_that_is_gone_is_one_damage() {
    let sandbox = Sandbox::new();
    assert_eq!(damage(&sandbox, &[], true), [": Missing"]);
}

#[test]
fn copies_are_compared_with_what_they_must_be() {
    let sandbox = Sandbox::new();
    let copies = [
        Copy {
            path: "bin/tool".into(),
            source: Source::Bytes(b"relocated".to_vec()),
            executable: true,
            mtime: None,
        },
        Copy {
            path: "share/doc/readme".into(),
            source: Source::Content(Content::of(b"read me", false)),
            executable: false,
            mtime: Some(1_000_000_000),
        },
    ];
    sandbox.install("tool", &package(TOOL), &copies);
    assert_eq!(damage(&sandbox, &copies, true), [""; 0]);
    // What the receipt holds is the digest; the bytes are not needed to compare.
    let digest_only =
        copies.clone().map(|copy| Copy { source: Source::Content(copy.content()), ..copy });
    assert_eq!(damage(&sandbox, &digest_only, true), [""; 0]);
    let file = std::fs::File::open(sandbox.keg("tool").join("share/doc/readme")).unwrap();
    file.set_modified(std::time::SystemTime::now()).unwrap();
    assert_eq!(damage(&sandbox, &copies, false), ["share/doc/readme: Time"]);
    let found = damage(&sandbox, &[], true);
    assert_eq!(found, ["bin/tool: Size { expected: 3, found: 9 }"]);
}

#[test]
fn damaged_files_of_the_store_are_found_by_their_names() {
    let sandbox = Sandbox::new();
    sandbox.install("tool", &package(TOOL), &[]);
    let layout = &sandbox.layout;
    assert_eq!(Verifier::new(true).files(layout).unwrap(), Vec::<PathBuf>::new());
    let stored = layout.file(&Content::of(b"read me", false));
    overwrite(&stored, "READ ME");
    fs_err::write(layout.files_dir().join("ab.txt"), "not a shelf").unwrap();
    assert_eq!(Verifier::new(true).files(layout).unwrap(), [stored]);
}

#[test]
fn an_inode_that_kegs_share_is_read_once() {
    let sandbox = Sandbox::new();
    sandbox.install("tool", &package(TOOL), &[]);
    let mut verifier = Verifier::new(true);
    let tree = sealed(&package(TOOL));
    verifier.keg(&sandbox.layout, &id("tool"), &tree, &[]).unwrap();
    let file = sandbox.keg("tool").join("share/doc/readme");
    let inode = fs_err::metadata(&file).unwrap();
    assert!(verifier.hashed.contains_key(&(inode.dev(), inode.ino())));
    verifier.hashed.insert((inode.dev(), inode.ino()), digest::Sha256::of(b"from memory"));
    let found = verifier.keg(&sandbox.layout, &id("tool"), &tree, &[]).unwrap();
    assert_eq!(found, [Damage { path: "share/doc/readme".into(), what: What::Bytes }]);
}
