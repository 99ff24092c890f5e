use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use super::*;

/// A folder that passes: `/tmp` is sticky and root's, the rest is our own.
fn sandbox() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("pkg").tempdir().unwrap()
}

fn chmod(path: &Path, mode: u32) {
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_path_that_breaks_text_rules_is_refused_before_anything_is_made() {
    let rows = [
        ("/home/ann/my packages", "white space"),
        ("/home/ann/p\tkg", "white space"),
        ("/home/ann/paquets-fran\u{e7}ais", "not ASCII"),
        ("/home/ann/p\u{1b}kg", "control character"),
        ("/home/ann/a:b", "PATH"),
        ("relative/pkg", "not absolute"),
        ("/home/ann/../bob", "`..`"),
        ("", "not absolute"),
    ];
    for (path, word) in rows {
        let message = Layout::new(path.into()).create().unwrap_err().to_string();
        assert!(message.contains(word), "{path:?}: {message}");
        assert!(!message.contains('\u{1b}'), "{path:?}");
    }
    let long = format!("/{}", "a".repeat(ROOT_BYTES_MAX));
    assert!(Layout::new(long.clone().into()).check().is_err());
    assert!(Layout::new(long[..ROOT_BYTES_MAX].into()).check().is_ok());
}

#[test]
fn the_folders_are_made_and_staging_is_private() {
    let sandbox = sandbox();
    let layout = Layout::new(sandbox.path().join("deep/er/root"));
    layout.create().unwrap();
    layout.create().unwrap();
    let mode = |path: &Path| fs_err::metadata(path).unwrap().mode() & 0o777;
    assert_eq!(mode(&layout.staging()), 0o700);
    for folder in [layout.files_dir(), layout.cellar(), layout.generations(), layout.etc()] {
        assert!(fs_err::metadata(&folder).unwrap().is_dir(), "{}", folder.display());
        assert_eq!(mode(&folder) & 0o022, 0, "{}", folder.display());
    }
}

/// One folder on the way or the root itself, changed by `spoil`; the message names it.
fn check_refused(spoil: impl FnOnce(&Path), blamed: &str, word: &str) {
    let sandbox = sandbox();
    fs_err::create_dir_all(sandbox.path().join("way/root")).unwrap();
    spoil(sandbox.path());
    let layout = Layout::new(sandbox.path().join("way/root"));
    let message = layout.create().unwrap_err().to_string();
    let blamed = sandbox.path().join(blamed).display().to_string();
    assert!(message.contains(&format!("`{blamed}`")), "{blamed}: {message}");
    assert!(message.contains(word), "{message}");
}

#[test]
fn a_root_that_others_may_write_is_refused() {
    check_refused(|path| chmod(&path.join("way/root"), 0o777), "way/root", "by everybody");
    check_refused(|path| chmod(&path.join("way/root"), 0o1777), "way/root", "by everybody");
}

#[test]
fn a_folder_on_the_way_that_others_may_write_is_refused() {
    check_refused(|path| chmod(&path.join("way"), 0o777), "way", "by everybody");
}

#[test]
fn a_file_in_place_of_the_root_is_refused() {
    check_refused(
        |path| {
            fs_err::remove_dir(path.join("way/root")).unwrap();
            fs_err::write(path.join("way/root"), "").unwrap();
        },
        "way/root",
        "make",
    );
}

#[test]
fn links_on_the_way_are_followed_and_what_they_pass_is_judged() {
    let sandbox = sandbox();
    let open = sandbox.path().join("open");
    fs_err::create_dir_all(open.join("inner")).unwrap();
    symlink("open/inner", sandbox.path().join("link")).unwrap();
    let layout = Layout::new(sandbox.path().join("link/root"));
    layout.create().unwrap();
    chmod(&open, 0o777);
    let message = layout.create().unwrap_err().to_string();
    assert!(message.contains(&format!("`{}` may be written", open.display())), "{message}");

    symlink("loop", sandbox.path().join("loop")).unwrap();
    let message = Layout::new(sandbox.path().join("loop/root")).create().unwrap_err().to_string();
    assert!(message.contains("40 links"), "{message}");
}

#[test]
fn folders_of_another_user_are_refused() {
    if !geteuid().is_root() {
        return; // Only root can give a folder to somebody else.
    }
    let give = |path: PathBuf| chown(path, Some(12345), None).unwrap();
    check_refused(|path| give(path.join("way/root")), "way/root", "belongs to another user");
    check_refused(|path| give(path.join("way")), "way", "belongs to another user");
    // A sticky folder helps only where root owns it.
    check_refused(
        |path| {
            chmod(&path.join("way"), 0o1777);
            give(path.join("way"));
        },
        "way",
        "belongs to another user",
    );
}
