use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use super::*;
use crate::content::MTIME;

fn root() -> (tempfile::TempDir, Layout) {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path().join("root"));
    layout.create().unwrap();
    (folder, layout)
}

fn staged_file(staging: &Staging, content: &Content) -> PathBuf {
    staging.path().join("files").join(content.shelf_path())
}

fn entries(path: &Path) -> usize {
    fs_err::read_dir(path).unwrap().count()
}

#[test]
fn contents_have_their_name_mode_and_time() {
    let (_folder, layout) = root();
    let staging = Staging::begin(&layout).unwrap();
    for executable in [false, true] {
        let whole = Content::of(b"whole", executable);
        staging.put(&whole, b"whole").unwrap();
        staging.put(&whole, b"whole").unwrap();
        let pieces = Content::of(b"in pieces", executable);
        for _ in 0..2 {
            let mut incoming = staging.stream(executable).unwrap();
            incoming.write(b"in ").unwrap();
            incoming.write(b"pieces").unwrap();
            incoming.finish(&pieces).unwrap();
        }
        for (content, bytes) in [(whole, "whole"), (pieces, "in pieces")] {
            assert!(staging.contains(&content));
            let path = staged_file(&staging, &content);
            assert_eq!(fs_err::read_to_string(&path).unwrap(), bytes);
            let found = fs_err::metadata(&path).unwrap();
            assert_eq!(found.mode() & 0o7777, content.mode());
            assert_eq!(found.mtime(), MTIME);
        }
    }
    assert!(!staging.contains(&Content::of(b"other", false)));
    let leftover = fs_err::read_dir(staging.path()).unwrap().count();
    assert_eq!(leftover, 3, "only files, kegs and trash");
}

#[test]
fn empty_files_need_no_staging() {
    let (_folder, layout) = root();
    let staging = Staging::begin(&layout).unwrap();
    let empty = Content::of(b"", true);
    staging.put(&empty, b"").unwrap();
    assert!(staging.contains(&empty));
    assert!(staging.staged().is_empty());
}

#[test]
fn an_unfinished_file_and_a_dropped_staging_leave_nothing() {
    let (_folder, layout) = root();
    let staging = Staging::begin(&layout).unwrap();
    let mut incoming = staging.stream(false).unwrap();
    incoming.write(b"half").unwrap();
    drop(incoming);
    assert_eq!(entries(staging.path()), 3);
    staging.put(&Content::of(b"x", false), b"x").unwrap();
    assert_eq!(fs_err::metadata(staging.path()).unwrap().permissions().mode() & 0o777, 0o700);
    drop(staging);
    assert_eq!(entries(&layout.staging()), 0);
}

#[test]
fn a_sweep_removes_what_died_and_leaves_what_lives() {
    let (_folder, layout) = root();
    let alive = Staging::begin(&layout).unwrap();
    let dead = layout.staging().join("t-dead");
    fs_err::create_dir_all(dead.join("kegs/0/bin")).unwrap();
    fs_err::write(dead.join("kegs/0/bin/tool"), "").unwrap();
    fs_err::set_permissions(dead.join("kegs/0/bin"), std::fs::Permissions::from_mode(0o555))
        .unwrap();
    fs_err::write(layout.staging().join("stray"), "").unwrap();
    Staging::sweep(&layout).unwrap();
    assert_eq!(entries(&layout.staging()), 1);
    assert!(alive.path().exists());
}
