//! Paths of a lock: below the project's folder they are relative to it, so that they are the same
//! in every clone.

use std::path::{Component, Path, PathBuf};

use formula::Source;
use oci::Place;

/// A source whose relative paths start at `folder`, as one whose paths start at `project`.
pub(crate) fn moved(source: Source, folder: Option<&Path>, project: &Path) -> Source {
    // What pkg carries lies in no folder.
    let Some(folder) = folder else { return source };
    let path = |text: &str| below(&folder.join(text), project).display().to_string();
    let moved_reference = |reference: String| match Place::parse(&reference) {
        Ok(place @ (Place::Layout { .. } | Place::Archive { .. })) => {
            seen_from(place, folder, project).to_string()
        }
        _ => reference,
    };
    match source {
        Source::File { path: old, digest, format, strip, external_links } => {
            Source::File { path: path(&old), digest, format, strip, external_links }
        }
        Source::Git { url, commit, digest, strip, external_links } => {
            let url = if url.contains("://") { url } else { path(&url) };
            Source::Git { url, commit, digest, strip, external_links }
        }
        Source::Oci { reference, pin, format, strip, external_links } => {
            let reference = moved_reference(reference);
            Source::Oci { reference, pin, format, strip, external_links }
        }
        Source::Image { reference, pin, paths, strip, external_links } => {
            let reference = moved_reference(reference);
            Source::Image { reference, pin, paths, strip, external_links }
        }
        source => source,
    }
}

/// A place whose relative path starts at `folder`, with the path as seen from `project`.
pub(crate) fn seen_from(mut place: Place, folder: &Path, project: &Path) -> Place {
    if let Place::Layout { path, .. } | Place::Archive { path, .. } = &mut place {
        *path = below(&folder.join(&*path), project);
    }
    place
}

/// The path as seen from `project`, where it is below it.
pub(crate) fn below(path: &Path, project: &Path) -> PathBuf {
    let path = plain(path);
    path.strip_prefix(project).map_or_else(|_| path.clone(), Path::to_owned)
}

/// The path without `.`, and without `..` that can be taken off as text.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_the_project_is_relative_to_it() {
        let digest = digest::Digest::sha256(b"x");
        for (folder, path, expect) in [
            ("/p/formulas", "a.tar", "formulas/a.tar"),
            ("/p/formulas", "../a.tar", "a.tar"),
            ("/p/./formulas", "./a.tar", "formulas/a.tar"),
            ("/elsewhere", "a.tar", "/elsewhere/a.tar"),
            ("/p", "/abs/a.tar", "/abs/a.tar"),
        ] {
            let source = Source::File {
                path: path.to_owned(),
                digest: digest.clone(),
                format: None,
                strip: None,
                external_links: Vec::new(),
            };
            let moved = moved(source, Some(Path::new(folder)), Path::new("/p"));
            assert!(matches!(&moved, Source::File { path, .. } if path == expect), "{moved:?}");
        }
    }
}
