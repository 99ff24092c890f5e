//! Comparing a generation on the disk with the links that it must have.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use super::{Links, write::relative};
use crate::{
    Layout,
    verify::{Damage, What},
};

/// What of a generation is not as its links say, in the order of paths.
///
/// # Errors
///
/// A folder of it cannot be read.
pub fn compare(layout: &Layout, number: u64, links: &Links) -> io::Result<Vec<Damage>> {
    let top = layout.generation(number);
    let mut damages = Vec::new();
    let mut expected: BTreeSet<PathBuf> = links.folders().map(PathBuf::from).collect();
    for (path, keg, target) in links.iter() {
        expected.insert(PathBuf::from(path));
        let target = relative(path, &keg.name, &keg.leaf, target);
        if let Some(what) = of_link(&top.join(path), &target) {
            damages.push(Damage { path: path.to_owned(), what });
        }
    }
    let mut folders = vec![top.clone()];
    while let Some(folder) = folders.pop() {
        let entries = match fs_err::read_dir(&folder) {
            // All of its links are told as missing.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let path = entry?.path();
            let below = path.strip_prefix(&top).unwrap_or(&path);
            if !expected.contains(below) {
                let path = below.to_string_lossy().into_owned();
                damages.push(Damage { path, what: What::Extra });
            } else if fs_err::symlink_metadata(&path)?.is_dir() {
                folders.push(path);
            }
        }
    }
    damages.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(damages)
}

fn of_link(path: &Path, target: &str) -> Option<What> {
    match std::fs::read_link(path) {
        Ok(found) if found.as_os_str() == target => None,
        Ok(found) => Some(What::Target { expected: target.to_owned(), found }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(What::Missing),
        Err(_) => Some(What::Kind),
    }
}
