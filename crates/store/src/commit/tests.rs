use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use super::*;
use crate::sandbox::{Sandbox, id, package};

#[test]
fn everything_staged_comes_into_place() {
    let sandbox = Sandbox::new();
    let layout = &sandbox.layout;
    let staging = Staging::begin(layout).unwrap();
    let package = package("bin/tool* = run\nshare/doc = words\nempty =");
    let keg = sandbox.stage(&staging, "tool", &package, &[]).unwrap();
    let blob = Digest::sha256(b"the archive");
    let plan = crate::sandbox::plan(&package);
    let receipt = Receipt { keg: id("tool"), bytes: b"{}".to_vec() };
    commit(layout, &staging, &[keg], &[receipt], &[(blob.clone(), plan.clone())]).unwrap();
    for (bytes, executable) in [("run", true), ("words", false)] {
        let content = Content::of(bytes.as_bytes(), executable);
        let path = layout.file(&content);
        assert_eq!(fs_err::read_to_string(&path).unwrap(), bytes);
        assert_eq!(fs_err::metadata(&path).unwrap().mode() & 0o7777, content.mode());
    }
    assert!(!layout.file(&Content::of(b"", false)).exists());
    assert_eq!(fs_err::read(layout.plan(&blob)).unwrap(), plan.to_bytes());
    let place = id("tool");
    assert_eq!(fs_err::read(layout.receipt(&place.name, &place.leaf)).unwrap(), b"{}");
    assert!(staging.staged().is_empty());
    assert!(keg::present(layout, &place).unwrap());
}

#[test]
fn what_stands_there_already_stays_and_records_are_replaced() {
    let sandbox = Sandbox::new();
    let package = package("bin/tool* = run");
    sandbox.install("tool", &package, &[]);
    let inode = |path: &Path| fs_err::metadata(path).unwrap().ino();
    let stored = sandbox.layout.file(&Content::of(b"run", true));
    let before = (inode(&stored), inode(&sandbox.keg("tool")));
    let staging = Staging::begin(&sandbox.layout).unwrap();
    staging.put(&Content::of(b"run", true), b"run").unwrap();
    let keg = sandbox.stage(&staging, "tool", &package, &[]).unwrap();
    let receipt = Receipt { keg: id("tool"), bytes: b"newer".to_vec() };
    commit(&sandbox.layout, &staging, &[keg], &[receipt], &[]).unwrap();
    assert_eq!((inode(&stored), inode(&sandbox.keg("tool"))), before);
    let place = sandbox.layout.receipt("tool", &id("tool").leaf);
    assert_eq!(fs_err::read(place).unwrap(), b"newer");
}

#[test]
fn contents_that_are_not_retained_never_reach_the_store() {
    let sandbox = Sandbox::new();
    let staging = Staging::begin(&sandbox.layout).unwrap();
    let (kept, dropped) = (Content::of(b"kept", false), Content::of(b"dropped", false));
    staging.put(&kept, b"kept").unwrap();
    staging.put(&dropped, b"dropped").unwrap();
    staging.retain(|content| *content == kept);
    commit(&sandbox.layout, &staging, &[], &[], &[]).unwrap();
    assert!(sandbox.layout.file(&kept).exists());
    assert!(!sandbox.layout.file(&dropped).exists());
}

#[test]
fn a_receipt_cannot_lie_elsewhere() {
    let sandbox = Sandbox::new();
    let staging = Staging::begin(&sandbox.layout).unwrap();
    let keg = keg::Id { name: "..".into(), leaf: "x".into() };
    let receipt = Receipt { keg, bytes: Vec::new() };
    let refused = commit(&sandbox.layout, &staging, &[], &[receipt], &[]);
    assert!(matches!(refused, Err(Error::Keg { .. })));
    assert!(!sandbox.layout.root().join("x.json").exists());
}

/// Permissions stop only users other than root, so as root another obstacle stands in the way.
#[test]
fn a_store_that_cannot_be_written_is_an_error_that_names_it() {
    let sandbox = Sandbox::new();
    let staging = Staging::begin(&sandbox.layout).unwrap();
    let keg = sandbox.stage(&staging, "tool", &package("bin/tool* = run"), &[]).unwrap();
    let cellar = sandbox.layout.cellar();
    if rustix::process::geteuid().is_root() {
        fs_err::remove_dir(&cellar).unwrap();
        fs_err::write(&cellar, "").unwrap();
    } else {
        fs_err::set_permissions(&cellar, std::fs::Permissions::from_mode(0o555)).unwrap();
    }
    let error = commit(&sandbox.layout, &staging, &[keg], &[], &[]).unwrap_err();
    assert!(error.to_string().contains(&cellar.display().to_string()), "{error}");
}
