use std::{
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use super::*;
use crate::{
    commit::commit,
    content::MTIME,
    sandbox::{Item, Sandbox, contents, id, package, sealed},
};

const TOOL: &str = "
    bin/
    bin/tool* = run
    bin/alias -> tool
    share/doc/readme = read me
    share/doc/copy = read me
    share/empty =
    deep/er/and/deep/er/still/below/here = x
";

fn bytes(path: &str, text: &str, executable: bool) -> Copy {
    Copy { path: path.into(), source: Source::Bytes(text.into()), executable, mtime: None }
}

#[test]
fn a_keg_holds_its_tree_with_modes_and_times() {
    let sandbox = Sandbox::new();
    sandbox.install("tool", &package(TOOL), &[]);
    let keg = sandbox.keg("tool");
    let read = |path: &str| fs_err::read_to_string(keg.join(path)).unwrap();
    assert_eq!(read("bin/alias"), "run");
    assert_eq!(read("share/doc/copy"), "read me");
    assert_eq!(read("deep/er/and/deep/er/still/below/here"), "x");
    let rows = [
        ("", 0o555),
        ("bin", 0o555),
        ("deep/er/and/deep/er/still/below", 0o555),
        ("bin/tool", 0o555),
        ("share/doc/readme", 0o444),
        ("share/empty", 0o444),
        ("bin/alias", 0o777),
    ];
    for (path, mode) in rows {
        let found = fs_err::symlink_metadata(keg.join(path)).unwrap();
        assert_eq!(found.mode() & 0o7777, mode, "{path}");
        assert_eq!((found.mtime(), found.mtime_nsec()), (MTIME, 0), "{path}");
    }
}

#[test]
fn a_keg_never_holds_the_bytes_of_the_store_twice() {
    let sandbox = Sandbox::new();
    sandbox.install("one", &package(TOOL), &[]);
    sandbox.install("two", &package(TOOL), &[]);
    let inode = |path: &Path| fs_err::metadata(path).unwrap().ino();
    let stored = inode(&sandbox.layout.file(&Content::of(b"read me", false)));
    let cloned = fs_err::metadata(sandbox.keg("one").join("bin/tool")).unwrap().nlink() == 1;
    for name in ["one", "two"] {
        let own = inode(&sandbox.keg(name).join("share/doc/readme"));
        assert!(cloned || own == stored, "{name}");
        assert_eq!(fs_err::metadata(sandbox.keg(name).join("share/empty")).unwrap().nlink(), 1);
    }
}

#[test]
fn copies_replace_files_and_add_others_without_touching_the_store() {
    let sandbox = Sandbox::new();
    let readme = Content::of(b"read me", false);
    let timed = Copy {
        path: "share/doc/copy".into(),
        source: Source::Content(readme),
        executable: false,
        mtime: Some(1_234_567_890),
    };
    let copies = [
        bytes("bin/tool", "relocated", true),
        bytes(".pkg/wrap/tool", "wrapped", true),
        bytes("share/none", "", false),
        timed,
    ];
    sandbox.install("tool", &package(TOOL), &copies);
    let keg = sandbox.keg("tool");
    for (path, text, mode, mtime) in [
        ("bin/tool", "relocated", 0o555, MTIME),
        (".pkg/wrap/tool", "wrapped", 0o555, MTIME),
        ("share/none", "", 0o444, MTIME),
        ("share/doc/copy", "read me", 0o444, 1_234_567_890),
        ("share/doc/readme", "read me", 0o444, MTIME),
    ] {
        let found = fs_err::metadata(keg.join(path)).unwrap();
        assert_eq!(fs_err::read_to_string(keg.join(path)).unwrap(), text, "{path}");
        assert_eq!((found.mode() & 0o7777, found.mtime()), (mode, mtime), "{path}");
    }
    let stored = sandbox.layout.file(&Content::of(b"run", true));
    assert_eq!(fs_err::read_to_string(stored).unwrap(), "run");
}

#[test]
fn a_copy_cannot_stand_on_or_below_something_else() {
    let sandbox = Sandbox::new();
    let staging = Staging::begin(&sandbox.layout).unwrap();
    for path in ["bin", "bin/alias", "bin/tool/x", "bin/alias/x", "share", "../x", "a//b", "/x", ""]
    {
        let copies = [bytes(path, "x", false)];
        match sandbox.stage(&staging, "tool", &package(TOOL), &copies) {
            Err(Error::Clash { path: said }) => assert_eq!(said, path),
            other => panic!("{path}: {other:?}"),
        }
    }
}

#[test]
fn names_that_are_no_folder_are_refused() {
    let sandbox = Sandbox::new();
    let staging = Staging::begin(&sandbox.layout).unwrap();
    let tree = sealed(&[]);
    for name in ["", ".", "..", "a/b", "../x", "/x"] {
        for id in [
            Id { name: name.into(), leaf: "1.0".into() },
            Id { name: "tool".into(), leaf: name.into() },
        ] {
            let linked = link(&sandbox.layout, &staging, &tree, &id, &[]);
            assert!(matches!(linked, Err(Error::Name { name: said }) if said == name), "{id}");
        }
    }
}

#[test]
fn a_missing_content_is_named_and_staging_it_helps() {
    let sandbox = Sandbox::new();
    let staging = Staging::begin(&sandbox.layout).unwrap();
    let package = package(TOOL);
    let tree = sealed(&package);
    let mut staged = 0;
    loop {
        match link(&sandbox.layout, &staging, &tree, &id("tool"), &[]) {
            Err(Error::Missing { path, content }) => {
                let contents = contents(&package);
                let (_, bytes) = contents.iter().find(|(c, _)| *c == content).unwrap();
                assert!(tree.get(&path).is_some(), "{path}");
                staging.put(&content, bytes.as_bytes()).unwrap();
                staged += 1;
            }
            Ok(keg) => {
                commit(&sandbox.layout, &staging, &[keg], &[], &[]).unwrap();
                break;
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(staged, 3, "the empty file needs no bytes");
    assert_eq!(fs_err::read_to_string(sandbox.keg("tool").join("bin/tool")).unwrap(), "run");
}

#[test]
fn a_crash_before_the_seal_is_mended_by_looking() {
    let sandbox = Sandbox::new();
    assert!(!present(&sandbox.layout, &id("tool")).unwrap());
    sandbox.install("tool", &package(TOOL), &[]);
    let keg = sandbox.keg("tool");
    fs_err::set_permissions(&keg, std::fs::Permissions::from_mode(0o700)).unwrap();
    assert!(present(&sandbox.layout, &id("tool")).unwrap());
    assert_eq!(fs_err::metadata(&keg).unwrap().mode() & 0o7777, 0o555);
}

#[test]
fn refusals_to_link_lead_to_a_copy_and_others_are_errors() {
    use share::{Outcome, outcome};
    for errno in [Errno::MLINK, Errno::XDEV, Errno::PERM, Errno::NOTSUP, Errno::NOSYS] {
        assert_eq!(outcome(Err(errno)).unwrap(), Outcome::CopyInstead, "{errno}");
    }
    assert_eq!(outcome(Err(Errno::NOENT)).unwrap(), Outcome::Missing);
    assert_eq!(outcome(Ok(())).unwrap(), Outcome::Shared);
    for errno in [Errno::NOSPC, Errno::IO, Errno::ROFS, Errno::DQUOT, Errno::EXIST] {
        assert!(outcome(Err(errno)).is_err(), "{errno}");
    }
}

/// ext4 allows 65,000 links to a file; a filesystem that allows more has nothing to test.
#[test]
fn a_file_with_all_its_links_is_copied() {
    let sandbox = Sandbox::new();
    sandbox.install("one", &[("file".to_owned(), Item::File("shared".into()))], &[]);
    let stored = sandbox.layout.file(&Content::of(b"shared", false));
    let links = tempfile::tempdir_in(sandbox.layout.root()).unwrap();
    let full = (0..66_000)
        .any(|number| std::fs::hard_link(&stored, links.path().join(number.to_string())).is_err());
    sandbox.install("two", &[("file".to_owned(), Item::File("shared".into()))], &[]);
    let file = sandbox.keg("two").join("file");
    assert_eq!(fs_err::read_to_string(&file).unwrap(), "shared");
    let found = fs_err::metadata(&file).unwrap();
    assert_eq!((found.mode() & 0o7777, found.mtime()), (0o444, MTIME));
    assert!(!full || found.nlink() == 1);
}

/// One filesystem that the kernel offers everywhere beside the one of the sandbox.
#[test]
fn contents_on_another_filesystem_are_copied() {
    let Ok(other) = tempfile::tempdir_in("/dev/shm") else { return };
    let sandbox = Sandbox::new();
    let here = fs_err::metadata(sandbox.layout.root()).unwrap().dev();
    if fs_err::metadata(other.path()).unwrap().dev() == here {
        return;
    }
    sandbox.install("one", &package(TOOL), &[]);
    let files = sandbox.layout.files_dir();
    for shelf in fs_err::read_dir(&files).unwrap() {
        let shelf = shelf.unwrap();
        let moved = other.path().join(shelf.file_name());
        fs_err::create_dir(&moved).unwrap();
        for file in fs_err::read_dir(shelf.path()).unwrap() {
            let file = file.unwrap();
            fs_err::copy(file.path(), moved.join(file.file_name())).unwrap();
        }
    }
    fs_err::remove_dir_all(&files).unwrap();
    let staging = Staging::begin(&sandbox.layout).unwrap();
    let shape_tree = sealed(&package(TOOL));
    let store = open_folder(other.path()).unwrap();
    let top = tempfile::tempdir_in(staging.path()).unwrap();
    let folder = open_folder(top.path()).unwrap();
    linker::Linker {
        keg: "tool",
        top: folder.as_fd(),
        sources: share::Sources {
            staged: &staging.staged(),
            staging: staging.files(),
            store: store.as_fd(),
        },
        sharing: share::Sharing::new(),
        masked: false,
    }
    .link(&Shape::new(&shape_tree, &[]).unwrap())
    .unwrap();
    let found = fs_err::metadata(top.path().join("bin/tool")).unwrap();
    assert_eq!((found.mode() & 0o7777, found.nlink(), found.mtime()), (0o555, 1, MTIME));
    assert_eq!(fs_err::read_to_string(top.path().join("bin/tool")).unwrap(), "run");
}

#[test]
fn a_patched_file_is_made_of_a_stored_one() {
    let sandbox = Sandbox::new();
    let stored = Content::of(b"read me", false);
    let patched = |path: &str, from: &str, patches: Vec<Patch>, text: &str| Copy {
        path: path.into(),
        source: Source::Patched {
            from: Content::of(from.as_bytes(), false),
            patches,
            content: Content::of(text.as_bytes(), true),
        },
        executable: true,
        mtime: None,
    };
    let patches = vec![Patch { over: 4, with: b"wrote it for".to_vec(), at: vec![0] }];
    let copy = patched("share/doc/copy", "read me", patches.clone(), "wrote it for me");
    sandbox.install("tool", &package(TOOL), std::slice::from_ref(&copy));
    let keg = sandbox.keg("tool");
    let made = keg.join("share/doc/copy");
    assert_eq!(fs_err::read_to_string(&made).unwrap(), "wrote it for me");
    assert_eq!(fs_err::metadata(&made).unwrap().permissions().mode() & 0o7777, 0o555);
    assert_eq!(fs_err::read_to_string(keg.join("share/doc/readme")).unwrap(), "read me");
    assert_eq!(fs_err::read_to_string(sandbox.layout.file(&stored)).unwrap(), "read me");

    let staging = Staging::begin(&sandbox.layout).unwrap();
    for (from, at, expect) in [("gone", 0, "are missing"), ("read me", 6, "cannot make")] {
        let patch = Patch { at: vec![at], ..patches[0].clone() };
        let copy = patched("share/doc/copy", from, vec![patch], "x");
        let error = sandbox.stage(&staging, "two", &package(TOOL), &[copy]).unwrap_err();
        assert!(error.to_string().contains(expect), "{error}");
    }
}
