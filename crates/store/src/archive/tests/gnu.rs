//! What GNU tar writes is read as it reads it itself.

use std::{
    collections::BTreeMap,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::Command,
};

use proptest::prelude::*;

use super::{Site, hostile, laws, order};
use crate::{
    Content,
    archive::{Compression, Format, Kind, Plan},
    tree::{Strip, Tree},
};

fn tar(arguments: &[&str]) -> bool {
    Command::new("tar").args(arguments).output().unwrap().status.success()
}

/// GNU tar, where it is what `tar` names.
fn is_here() -> bool {
    let version = Command::new("tar").arg("--version").output();
    version.is_ok_and(|output| output.stdout.starts_with(b"tar (GNU tar)"))
}

fn make(folder: &Path) {
    let long = "long-component-".repeat(10);
    for path in ["bin/tool", "share/a b/ü", "empty", &format!("{long}/{long}/file")] {
        let path = folder.join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, path.as_os_str().as_encoded_bytes()).unwrap();
    }
    fs_err::write(folder.join("empty"), "").unwrap();
    fs_err::write(folder.join("large"), vec![7; 3_000_001]).unwrap();
    let mode = std::fs::Permissions::from_mode(0o711);
    fs_err::set_permissions(folder.join("bin/tool"), mode).unwrap();
    symlink("tool", folder.join("bin/alias")).unwrap();
    symlink(format!("{long}/{long}/file"), folder.join("far")).unwrap();
    fs_err::hard_link(folder.join("large"), folder.join("zlarge")).unwrap();
}

/// What lies in a folder, as a plan says it.
fn found(folder: &Path) -> BTreeMap<String, Kind> {
    let inside = |path: &Path| path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
    let kind = |path: &Path| {
        let metadata = fs_err::symlink_metadata(path).unwrap();
        if metadata.is_dir() {
            Kind::Directory
        } else if metadata.is_symlink() {
            Kind::Symlink(fs_err::read_link(path).unwrap().to_str().unwrap().to_owned())
        } else {
            let executable = metadata.permissions().mode() & 0o111 != 0;
            Kind::File(Content::of(&fs_err::read(path).unwrap(), executable))
        }
    };
    super::paths(folder).iter().map(|path| (inside(path), kind(path))).collect()
}

fn listed(plan: Plan) -> BTreeMap<String, Kind> {
    plan.entries.into_iter().map(|entry| (entry.path, entry.kind)).collect()
}

#[test]
fn archives_of_gnu_tar_are_read_as_it_reads_them() {
    if !is_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    fs_err::create_dir(&source).unwrap();
    make(&source);
    let expected = found(&source);
    assert_eq!(expected.len(), 13);
    let name = |path: &Path| path.to_str().unwrap().to_owned();
    for format in ["gnu", "oldgnu", "pax", "posix"] {
        for blocks in ["1", "20", "2048"] {
            let blob = folder.path().join(format!("{format}-{blocks}.tar"));
            let format = format!("--format={format}");
            let made =
                tar(&["-C", &name(&source), &format, "-b", blocks, "-cf", &name(&blob), "."]);
            assert!(made);
            let plan = Site::new().decode(&fs_err::read(&blob).unwrap(), &order(None)).unwrap();
            assert_eq!(listed(plan), expected, "{format} {blocks}");
        }
    }
}

/// What GNU tar unpacks of an archive, if it finds no fault with it.
fn unpacked(blob: &[u8]) -> Option<BTreeMap<String, Kind>> {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("archive");
    let target = folder.path().join("target");
    fs_err::write(&archive, blob).unwrap();
    fs_err::create_dir(&target).unwrap();
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    tar(&["-C", &path(&target), "-xf", &path(&archive)]).then(|| found(&target))
}

/// A plan with the folders that go without saying, if its entries can lie in one tree.
fn with_folders(plan: &Plan) -> Option<BTreeMap<String, Kind>> {
    let mut tree = Tree::new();
    tree.merge(plan, "", Strip::Count(0)).ok()?;
    let folders = tree.iter().map(|(path, _)| (path.to_owned(), Kind::Directory));
    Some(folders.chain(listed(plan.clone())).collect())
}

#[test]
fn what_is_accepted_is_what_gnu_tar_unpacks() {
    if !is_here() {
        return;
    }
    let site = Site::new();
    let order = order(Some(Format::Tar(Compression::None)));
    // GNU tar takes what such a folder holds from whoever is not root.
    let readable = hostile::accepted().filter(|(name, _)| *name != "folder without permissions");
    for (name, blob) in readable.filter(|(_, blob)| !blob.is_empty()) {
        let plan = site.decode(&blob, &order).unwrap();
        assert_eq!(unpacked(&blob), with_folders(&plan), "{name}");
    }
}

#[test]
fn damage_that_is_accepted_is_read_alike() {
    if !is_here() {
        return;
    }
    let site = Site::new();
    let order = order(Some(Format::Tar(Compression::None)));
    proptest!(ProptestConfig::with_cases(256), |(blob in laws::damaged())| {
        if let Ok(plan) = site.decode(&blob, &order)
            && let Some(expected) = with_folders(&plan)
            && let Some(unpacked) = unpacked(&blob)
        {
            prop_assert_eq!(unpacked, expected);
        }
    });
}
