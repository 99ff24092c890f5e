//! What a folder holds, as digests: two folders are equal when these are.

use std::{collections::BTreeMap, io::Read as _, os::unix::fs::PermissionsExt as _, path::Path};

use digest::Hasher;

/// Path, and the digest of the file or the target of the link; folders do not count.
pub(super) type Tree = BTreeMap<String, String>;

/// The files and links below a folder.
pub(super) fn read(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(below) = folders.pop() {
        for entry in fs_err::read_dir(&below).unwrap() {
            let path = entry.unwrap().path();
            let kind = path.symlink_metadata().unwrap().file_type();
            let content = match () {
                () if kind.is_dir() => {
                    folders.push(path);
                    continue;
                }
                () if kind.is_symlink() => {
                    format!("-> {}", fs_err::read_link(&path).unwrap().display())
                }
                () => digest(&path),
            };
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            tree.insert(name, content);
        }
    }
    tree
}

/// The permissions of files and folders below a folder.
pub(super) fn modes(folder: &Path) -> BTreeMap<String, u32> {
    let mut modes = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(below) = folders.pop() {
        for entry in fs_err::read_dir(&below).unwrap() {
            let path = entry.unwrap().path();
            let found = path.symlink_metadata().unwrap();
            if found.is_symlink() {
                continue;
            }
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            modes.insert(name, found.permissions().mode() & 0o7777);
            if found.is_dir() {
                folders.push(path);
            }
        }
    }
    modes
}

/// The digest of a file, read piece by piece.
pub(super) fn digest(path: &Path) -> String {
    let mut file = fs_err::File::open(path).unwrap();
    let mut hasher = Hasher::sha256();
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece).unwrap() {
            0 => return hasher.finish().to_string(),
            count => hasher.update(&piece[..count]),
        }
    }
}

/// A part of a tree: what lies below `from`, as if it lay below `to`.
pub(super) fn moved(tree: &Tree, from: &str, to: &str) -> Tree {
    tree.iter()
        .filter_map(|(path, content)| {
            Some((format!("{to}{}", path.strip_prefix(from)?), content.clone()))
        })
        .collect()
}
