use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use super::*;
use crate::{
    keg::Source,
    sandbox::{Item, Sandbox, id, package, sealed},
    verify::Damage,
};

const TOOL: &str = "
    bin/tool* = run
    bin/alias -> tool
    share/doc/readme = read me
    share/doc/copy = read me
";

fn overwrite(path: &Path, text: &str) {
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    fs_err::write(path, text).unwrap();
}

/// Removes a file of a keg or the store and puts another with these bytes there.
fn substitute(path: &Path, text: &str, mode: u32) {
    let folder = path.parent().unwrap();
    fs_err::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    drop(fs_err::remove_file(path));
    fs_err::write(path, text).unwrap();
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn damages(sandbox: &Sandbox, name: &str, package: &[(String, Item)]) -> Vec<Damage> {
    let tree = sealed(package);
    Verifier::new(true).keg(&sandbox.layout, &id(name), &tree, &[]).unwrap()
}

fn repair(sandbox: &Sandbox, name: &str, stage: &[&str]) -> Result<(), Error> {
    let staging = Staging::begin(&sandbox.layout).unwrap();
    for bytes in stage {
        for executable in [false, true] {
            staging.put(&Content::of(bytes.as_bytes(), executable), bytes.as_bytes()).unwrap();
        }
    }
    super::keg(&sandbox.layout, &staging, &id(name), &sealed(&package(TOOL)), &[])
}

#[test]
fn what_only_the_keg_lost_comes_back_from_the_store() {
    let sandbox = Sandbox::new();
    let tool = package(TOOL);
    sandbox.install("tool", &tool, &[]);
    let keg = sandbox.keg("tool");
    let open = fs_err::File::open(keg.join("bin/tool")).unwrap();
    substitute(&keg.join("bin/tool"), "BAD", 0o555);
    fs_err::remove_file(keg.join("bin/alias")).unwrap();
    substitute(&keg.join("bin/extra"), "extra", 0o555);
    assert_eq!(damages(&sandbox, "tool", &tool).len(), 4);
    repair(&sandbox, "tool", &[]).unwrap();
    assert_eq!(damages(&sandbox, "tool", &tool), []);
    assert_eq!(fs_err::metadata(&keg).unwrap().mode() & 0o7777, 0o555);
    // Whoever had a file open keeps it.
    assert_eq!(std::io::read_to_string(open).unwrap(), "run");
}

#[test]
fn a_damaged_inode_is_replaced_in_the_store_and_in_each_keg_that_shares_it() {
    let sandbox = Sandbox::new();
    let tool = package(TOOL);
    for name in ["one", "two"] {
        sandbox.install(name, &tool, &[]);
    }
    let content = Content::of(b"read me", false);
    let stored = sandbox.layout.file(&content);
    overwrite(&stored, "READ ME");
    for name in ["one", "two"] {
        // Where files are clones, damage spreads by hand.
        overwrite(&sandbox.keg(name).join("share/doc/readme"), "READ ME");
        overwrite(&sandbox.keg(name).join("share/doc/copy"), "READ ME");
    }
    match repair(&sandbox, "one", &[]) {
        Err(Error::Missing { contents, .. }) => assert_eq!(contents, [content]),
        other => panic!("{other:?}"),
    }
    assert!(!damages(&sandbox, "one", &tool).is_empty(), "nothing is changed by a failed try");
    repair(&sandbox, "one", &["read me"]).unwrap();
    assert_eq!(damages(&sandbox, "one", &tool), []);
    assert_eq!(fs_err::read_to_string(&stored).unwrap(), "read me");
    // The second needs nothing more: the store is good again.
    assert!(!damages(&sandbox, "two", &tool).is_empty());
    repair(&sandbox, "two", &[]).unwrap();
    assert_eq!(damages(&sandbox, "two", &tool), []);
    assert_eq!(Verifier::new(true).files(&sandbox.layout).unwrap(), Vec::<PathBuf>::new());
}

#[test]
fn a_program_comes_back_from_a_plain_file_with_its_bytes() {
    let sandbox = Sandbox::new();
    let tool = package(TOOL);
    sandbox.install("tool", &tool, &[]);
    let stored = sandbox.layout.file(&Content::of(b"run", true));
    let damage = || {
        substitute(&stored, "BAD", 0o555);
        substitute(&sandbox.keg("tool").join("bin/tool"), "BAD", 0o555);
    };
    let plain = Content::of(b"run", false);
    damage();
    let staging = Staging::begin(&sandbox.layout).unwrap();
    staging.put(&plain, b"run").unwrap();
    super::keg(&sandbox.layout, &staging, &id("tool"), &sealed(&tool), &[]).unwrap();
    assert_eq!(damages(&sandbox, "tool", &tool), []);
    assert_eq!(fs_err::metadata(&stored).unwrap().mode() & 0o7777, 0o555);
    // And where the store has it plainly, nothing need be staged.
    damage();
    substitute(&sandbox.layout.file(&plain), "run", 0o444);
    repair(&sandbox, "tool", &[]).unwrap();
    assert_eq!(damages(&sandbox, "tool", &tool), []);
}

#[test]
fn a_lost_file_of_the_store_comes_back_from_the_keg() {
    let sandbox = Sandbox::new();
    let tool = package(TOOL);
    sandbox.install("tool", &tool, &[]);
    let stored = sandbox.layout.file(&Content::of(b"read me", false));
    substitute(&stored, "READ ME", 0o444);
    substitute(&sandbox.keg("tool").join("share/doc/copy"), "rEaD mE", 0o444);
    let gone = sandbox.layout.file(&Content::of(b"run", true));
    fs_err::remove_file(&gone).unwrap();
    repair(&sandbox, "tool", &[]).unwrap();
    assert_eq!(damages(&sandbox, "tool", &tool), []);
    assert_eq!(fs_err::read_to_string(&stored).unwrap(), "read me");
    assert_eq!(fs_err::metadata(&gone).unwrap().mode() & 0o7777, 0o555);
}

#[test]
fn a_mode_that_changed_is_given_back_to_all_who_share_the_file() {
    let sandbox = Sandbox::new();
    let tool = package(TOOL);
    for name in ["one", "two"] {
        sandbox.install(name, &tool, &[]);
    }
    let stored = sandbox.layout.file(&Content::of(b"run", true));
    let shared = fs_err::metadata(&stored).unwrap().nlink() > 1;
    fs_err::set_permissions(&stored, std::fs::Permissions::from_mode(0o755)).unwrap();
    repair(&sandbox, "one", &[]).unwrap();
    assert_eq!(damages(&sandbox, "one", &tool), []);
    assert_eq!(fs_err::metadata(&stored).unwrap().mode() & 0o7777, 0o555);
    assert!(!shared || damages(&sandbox, "two", &tool).is_empty());
}

#[test]
fn what_was_staged_in_vain_does_not_replace_what_is_good() {
    let sandbox = Sandbox::new();
    sandbox.install("tool", &package(TOOL), &[]);
    let stored = sandbox.layout.file(&Content::of(b"run", true));
    let before = fs_err::metadata(&stored).unwrap().ino();
    fs_err::set_permissions(sandbox.keg("tool"), std::fs::Permissions::from_mode(0o700)).unwrap();
    repair(&sandbox, "tool", &["run", "read me"]).unwrap();
    assert_eq!(damages(&sandbox, "tool", &package(TOOL)), []);
    assert_eq!(fs_err::metadata(&stored).unwrap().ino(), before);
}

#[test]
fn a_keg_that_is_gone_or_no_folder_is_put_back() {
    let sandbox = Sandbox::new();
    let tool = package(TOOL);
    sandbox.install("tool", &tool, &[]);
    let keg = sandbox.keg("tool");
    crate::removal::discard(&sandbox.layout, &keg).unwrap();
    repair(&sandbox, "tool", &[]).unwrap();
    assert_eq!(damages(&sandbox, "tool", &tool), []);
    crate::removal::discard(&sandbox.layout, &keg).unwrap();
    std::os::unix::fs::symlink("/", &keg).unwrap();
    repair(&sandbox, "tool", &[]).unwrap();
    assert_eq!(damages(&sandbox, "tool", &tool), []);
}

#[test]
fn copies_are_made_again_from_what_the_caller_gives() {
    let sandbox = Sandbox::new();
    let copies = [Copy {
        path: "bin/tool".into(),
        source: Source::Bytes(b"relocated".to_vec()),
        executable: true,
        mtime: None,
    }];
    sandbox.install("tool", &package(TOOL), &copies);
    let file = sandbox.keg("tool").join("bin/tool");
    overwrite(&file, "RELOCATED");
    let staging = Staging::begin(&sandbox.layout).unwrap();
    let tree = sealed(&package(TOOL));
    super::keg(&sandbox.layout, &staging, &id("tool"), &tree, &copies).unwrap();
    assert_eq!(fs_err::read_to_string(&file).unwrap(), "relocated");
}
