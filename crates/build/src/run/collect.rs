//! From what the steps put into `{out}` to the one tree of a package.
//!
//! Programs install to the paths that they were told, below the placeholder: what stands there for
//! the prefix, the keg and `{etc}` is the package's, and so is what lies in `{out}` itself. Links
//! stay as they are; reading the tree judges them.

use std::{
    fs::Permissions,
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use binary::PLACEHOLDER;
use fs_err as fs;

/// What a build made is no tree of a package.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The steps made nothing.
    #[error("the steps put nothing into `{{out}}`")]
    Empty,
    /// Two files have one place in the package.
    #[error("`{path}` is there twice: in the prefix, the keg or `{{out}}` itself")]
    Twice {
        /// The path in the package.
        path: String,
    },
    /// A file is for a place that no package has.
    #[error("`{path}` is neither below `{{prefix}}` nor below `{{keg}}` or `{{etc}}`")]
    Elsewhere {
        /// The path below the placeholder.
        path: String,
    },
    /// A file cannot be moved or looked at.
    #[error("cannot move `{}`", path.display())]
    Move {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Moves everything from `out` into the empty folder `tree`; `keg` is the path of `{keg}`.
pub(crate) fn collect(out: &Path, tree: &Path, keg: &str) -> Result<(), Error> {
    if !is_folder(out)? {
        return Err(Error::Empty);
    }
    let places = [format!("{PLACEHOLDER}/current"), keg.to_owned(), format!("{PLACEHOLDER}/etc")];
    for (place, to) in places.iter().zip([tree, tree, &tree.join("etc")]) {
        if let Some(from) = placed(out, place)? {
            merge(&from, to, tree)?;
        }
    }
    if let Some(placed) = placed(out, PLACEHOLDER)? {
        refuse_rest(&placed)?;
        // What is left of `<out>/tmp/…` are empty folders, which nobody meant.
        let empty = placed.ancestors().take_while(|folder| *folder != out);
        empty.map_while(|folder| fs::remove_dir(folder).ok()).for_each(drop);
    }
    merge(out, tree, tree)?;
    if entries(tree)?.is_empty() {
        return Err(Error::Empty);
    }
    Ok(())
}

/// The folder below `out` that stands for a path of the build; a link on the way leads elsewhere.
fn placed(out: &Path, path: &str) -> Result<Option<PathBuf>, Error> {
    let mut folder = out.to_owned();
    for part in Path::new(path).components().skip(1) {
        folder.push(part);
        if !is_folder(&folder)? {
            return Ok(None);
        }
    }
    Ok(Some(folder))
}

/// Moves what is in `from` into `to`; folders that are in both become one.
fn merge(from: &Path, to: &Path, tree: &Path) -> Result<(), Error> {
    let mut waiting = vec![(from.to_owned(), to.to_owned())];
    let mut emptied = Vec::new();
    while let Some((from, to)) = waiting.pop() {
        // Not as the user's mask would have it.
        fs::create_dir_all(&to)
            .and_then(|()| fs::set_permissions(&to, Permissions::from_mode(0o755)))
            .map_err(|source| Error::Move { path: to.clone(), source })?;
        for path in entries(&from)? {
            let target = to.join(path.file_name().unwrap_or_default());
            let is_folder = is_folder(&path)?;
            if is_folder {
                // A folder that may not be written cannot be moved.
                fs::set_permissions(&path, Permissions::from_mode(0o755))
                    .map_err(|source| Error::Move { path: path.clone(), source })?;
            }
            match (is_folder, fs::symlink_metadata(&target)) {
                (_, Err(_)) => {
                    fs::rename(&path, &target)
                        .map_err(|source| Error::Move { path: path.clone(), source })?;
                }
                (true, Ok(there)) if there.is_dir() => waiting.push((path, target)),
                _ => return Err(Error::Twice { path: shown(&target, tree) }),
            }
        }
        emptied.push(from);
    }
    // The last ones are the deepest.
    for folder in emptied.into_iter().rev() {
        fs::remove_dir(&folder).map_err(|source| Error::Move { path: folder, source })?;
    }
    Ok(())
}

/// The first file of what is left below the placeholder is one too many.
fn refuse_rest(placed: &Path) -> Result<(), Error> {
    if !is_folder(placed)? {
        return Ok(());
    }
    let mut waiting = vec![placed.to_owned()];
    let mut emptied = Vec::new();
    while let Some(folder) = waiting.pop() {
        for path in entries(&folder)? {
            match is_folder(&path)? {
                true => waiting.push(path),
                false => return Err(Error::Elsewhere { path: shown(&path, placed) }),
            }
        }
        emptied.push(folder);
    }
    for folder in emptied.into_iter().rev().filter(|folder| folder != placed) {
        fs::remove_dir(&folder).map_err(|source| Error::Move { path: folder, source })?;
    }
    Ok(())
}

fn is_folder(path: &Path) -> Result<bool, Error> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(found.is_dir()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Error::Move { path: path.to_owned(), source }),
    }
}

/// What a folder holds, in order of names, so that the first error is always the same.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Move { path: folder.to_owned(), source };
    let entries = fs::read_dir(folder).map_err(failed)?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>().map_err(failed)?;
    paths.sort();
    Ok(paths)
}

fn shown(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEG: &str = concat!("cellar/x/1.0-", "@@@@@@@@@@@@");

    /// A tree from lines, `{P}` for the placeholder: `path`, or `path -> target`.
    fn made(lines: &str) -> (tempfile::TempDir, Result<Vec<String>, Error>) {
        let folder = tempfile::tempdir().unwrap();
        let (out, tree) = (folder.path().join("out"), folder.path().join("tree"));
        fs::create_dir_all(&out).unwrap();
        fs::create_dir(&tree).unwrap();
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let line = line.replace("{P}", PLACEHOLDER).replace("KEG", KEG);
            let (path, target) = match line.split_once(" -> ") {
                Some((path, target)) => (path, Some(target)),
                None => (&line[..], None),
            };
            let path = out.join(path.trim_start_matches('/'));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match target {
                Some(target) => std::os::unix::fs::symlink(target, path).unwrap(),
                None => fs::write(path, "").unwrap(),
            }
        }
        let done = collect(&out, &tree, &format!("{PLACEHOLDER}/{KEG}"));
        let listed = done.map(|()| listed(&tree));
        (folder, listed)
    }

    fn listed(tree: &Path) -> Vec<String> {
        let mut lines = Vec::new();
        let mut waiting = vec![tree.to_owned()];
        while let Some(folder) = waiting.pop() {
            for path in entries(&folder).unwrap() {
                let name = shown(&path, tree);
                if let Ok(target) = fs::read_link(&path) {
                    lines.push(format!("{name} -> {}", target.display()));
                } else if path.is_dir() {
                    waiting.push(path);
                } else {
                    lines.push(name);
                }
            }
        }
        lines.sort();
        lines
    }

    #[test]
    fn all_places_become_one_tree() {
        let (_folder, tree) = made(
            "/{P}/current/bin/x
            /{P}/current/lib/libx.so -> libx.so.1
            /{P}/KEG/bin/y
            /{P}/etc/x.conf
            share/doc/x
            tmp/x
            bin/z -> /usr/bin/z",
        );
        assert_eq!(
            tree.unwrap(),
            [
                "bin/x",
                "bin/y",
                "bin/z -> /usr/bin/z",
                "etc/x.conf",
                "lib/libx.so -> libx.so.1",
                "share/doc/x",
                "tmp/x",
            ]
        );
    }

    #[test]
    fn no_link_is_followed() {
        let (elsewhere, link) = (tempfile::tempdir().unwrap(), "tmp -> ELSEWHERE");
        let prefix = PLACEHOLDER.strip_prefix("/tmp/").unwrap();
        fs::create_dir_all(elsewhere.path().join(prefix).join("current")).unwrap();
        let secret = elsewhere.path().join(prefix).join("current/secret");
        fs::write(&secret, "").unwrap();
        let target = elsewhere.path().display().to_string();
        let (_folder, tree) = made(&link.replace("ELSEWHERE", &target));
        assert_eq!(tree.unwrap(), [format!("tmp -> {target}")]);
        assert!(secret.exists());
    }

    #[test]
    fn what_is_no_package_is_refused() {
        for (lines, want) in [
            ("", "Empty"),
            ("/{P}/current/bin/x\nbin/x", "Twice { path: \"bin/x\" }"),
            ("/{P}/current/bin/x\nbin", "Twice { path: \"bin\" }"),
            ("/{P}/current/x\n/{P}/KEG/x", "Twice { path: \"x\" }"),
            ("/{P}/current/x\n/{P}/var/log", "Elsewhere { path: \"var/log\" }"),
            ("/{P}/cellar/other/1/x", "Elsewhere { path: \"cellar/other/1/x\" }"),
            ("/{P}/build/src/x", "Elsewhere { path: \"build/src/x\" }"),
        ] {
            let (_folder, tree) = made(lines);
            let error = format!("{:?}", tree.unwrap_err());
            assert!(error.starts_with(want), "{lines}: {error}");
        }
    }
}
