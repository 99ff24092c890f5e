//! Deleting a folder and all that is in it, without ever following a link out of it.
//!
//! Every step is relative to an open folder. Nested folders are first moved up beside each other,
//! so neither depth nor the limit of open files matters and there is no recursion on what
//! somebody else nested.

use std::{
    ffi::{CStr, CString},
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::{
    fd::{AsFd as _, BorrowedFd, OwnedFd},
    fs::{AtFlags, CWD, Dir, FileType},
    io::{Errno, Result},
    path::Arg,
};

use crate::{
    Layout,
    disk::{self, At, PRIVATE_FOLDER, fchmod, to_free_name, unlinkat},
};

/// Deletes `name` in `parent`, whatever it is; nothing there is fine too.
///
/// Folders that may not be written are made writable first.
pub(crate) fn remove<P: Arg + Copy>(parent: BorrowedFd<'_>, name: P) -> Result<()> {
    let top = match open_folder(parent, name) {
        Ok(top) => top,
        Err(Errno::NOENT) => return Ok(()),
        Err(Errno::NOTDIR | Errno::LOOP) => return unlinkat(parent, name, AtFlags::empty()),
        Err(error) => return Err(error),
    };
    let mut waiting = Vec::new();
    for (child, kind) in entries(&top)? {
        if !unlinked(&top, &child, kind)? {
            waiting.push(child);
        }
    }
    let mut moved = 0_u64;
    while let Some(folder) = waiting.pop() {
        let open = open_folder(top.as_fd(), folder.as_c_str())?;
        for (child, kind) in entries(&open)? {
            if !unlinked(&open, &child, kind)? {
                // Moving a folder elsewhere takes the right to write it.
                drop(open_folder(open.as_fd(), child.as_c_str())?);
                waiting.push(move_up(&open, &child, &top, &mut moved)?);
            }
        }
        unlinkat(&top, folder.as_c_str(), AtFlags::REMOVEDIR)?;
    }
    unlinkat(parent, name, AtFlags::REMOVEDIR)
}

/// Deletes what lies at a path, folders that may not be written included; nothing there is fine.
pub fn delete(path: &Path) -> std::io::Result<()> {
    Ok(remove(CWD, path)?)
}

/// Takes something out of its place in one step, then deletes it.
///
/// It is moved into staging first, so a crash leaves it whole or gone, and the rest to a sweep.
pub(crate) fn discard(layout: &Layout, path: &Path) -> std::io::Result<()> {
    static DISCARDED: AtomicU64 = AtomicU64::new(0);
    let staging = disk::open_folder(layout.staging())?;
    match open_folder(CWD, path) {
        // A folder that may not be written cannot be moved: opening made it writable.
        Ok(_) => {}
        Err(Errno::NOENT) => return Ok(()),
        Err(Errno::NOTDIR | Errno::LOOP) => return Ok(unlinkat(CWD, path, AtFlags::empty())?),
        Err(error) => return Err(error.into()),
    }
    loop {
        let count = DISCARDED.fetch_add(1, Ordering::Relaxed);
        let name = format!("discarded-{}-{count}", std::process::id());
        match to_free_name(At(CWD, path), At(staging.as_fd(), Path::new(&name))) {
            Err(Errno::EXIST) => {}
            Ok(()) => return Ok(remove(staging.as_fd(), name.as_str())?),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Opens a folder, no link, and makes it ours to write.
fn open_folder<P: Arg + Copy>(parent: BorrowedFd<'_>, name: P) -> Result<OwnedFd> {
    let open = disk::open_folder_at(parent, name)?;
    fchmod(&open, PRIVATE_FOLDER)?;
    Ok(open)
}

/// The names are read before anything is deleted: some filesystems skip entries otherwise.
fn entries(folder: &OwnedFd) -> Result<Vec<(CString, FileType)>> {
    let mut found = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            found.push((entry.file_name().to_owned(), entry.file_type()));
        }
    }
    Ok(found)
}

/// Deletes what is no folder; says whether it did.
fn unlinked(folder: &OwnedFd, name: &CStr, kind: FileType) -> Result<bool> {
    match kind {
        FileType::Directory => return Ok(false),
        // Some filesystems do not say what an entry is.
        FileType::Unknown => match open_folder(folder.as_fd(), name) {
            Ok(_) => return Ok(false),
            Err(Errno::NOTDIR | Errno::LOOP) => {}
            Err(error) => return Err(error),
        },
        _ => {}
    }
    unlinkat(folder, name, AtFlags::empty()).map(|()| true)
}

fn move_up(from: &OwnedFd, name: &CStr, top: &OwnedFd, moved: &mut u64) -> Result<CString> {
    loop {
        *moved += 1;
        let free = CString::new(format!("moved-{moved}")).expect("a number holds no NUL");
        match to_free_name(At(from.as_fd(), name), At(top.as_fd(), free.as_c_str())) {
            Err(Errno::EXIST) => {}
            Ok(()) => return Ok(free),
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        os::unix::fs::{PermissionsExt as _, symlink},
        path::Path,
    };

    use super::*;

    fn remove_in(folder: &Path, name: &str) -> Result<()> {
        remove(std::fs::File::open(folder).unwrap().as_fd(), name)
    }

    #[test]
    fn a_tree_goes_and_what_its_links_point_to_stays() {
        let folder = tempfile::tempdir().unwrap();
        let outside = folder.path().join("outside");
        fs_err::create_dir(&outside).unwrap();
        fs_err::write(outside.join("kept"), "kept").unwrap();
        let tree = folder.path().join("tree");
        let mut deep = tree.clone();
        for level in 0..100 {
            deep.push(format!("moved-{}", level % 3));
        }
        fs_err::create_dir_all(&deep).unwrap();
        fs_err::create_dir_all(tree.join("moved-1/x")).unwrap();
        fs_err::write(deep.join("file"), "").unwrap();
        symlink(&outside, deep.join("link")).unwrap();
        symlink(&outside, tree.join("link")).unwrap();
        for path in [&tree.join("moved-1"), &deep] {
            fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o555)).unwrap();
        }
        remove_in(folder.path(), "tree").unwrap();
        assert!(!tree.exists());
        assert_eq!(fs_err::read_to_string(outside.join("kept")).unwrap(), "kept");
    }

    #[test]
    fn a_link_a_file_and_nothing_are_removed_as_themselves() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join("target")).unwrap();
        symlink("target", folder.path().join("link")).unwrap();
        fs_err::write(folder.path().join("file"), "").unwrap();
        for name in ["link", "file", "nothing"] {
            remove_in(folder.path(), name).unwrap();
            assert!(fs_err::symlink_metadata(folder.path().join(name)).is_err(), "{name}");
        }
        assert!(folder.path().join("target").exists());
    }
}
