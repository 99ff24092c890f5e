//! Links that a build made through the path it knew the package's own folder by.

use super::{Entry, Kind};

/// Makes links relative that lead through one of `homes` to something that is among the entries.
///
/// The entries are sorted by path. What leads elsewhere stays, and is refused for being absolute.
pub(super) fn come_home(entries: &mut [Entry], homes: &[String]) {
    for position in 0..entries.len() {
        let Kind::Link(target) = &entries[position].kind else { continue };
        let below = |home: &String| target.strip_prefix(home.as_str())?.strip_prefix('/');
        let Some(rest) = homes.iter().find_map(below) else { continue };
        let rest = rest.trim_end_matches('/');
        if entries.binary_search_by(|entry| entry.path.as_str().cmp(rest)).is_ok() {
            entries[position].kind = Kind::Link(relative(&entries[position].path, rest));
        }
    }
}

/// The target by which a link leads to `path`, where both lie below the same root.
fn relative(link: &str, path: &str) -> String {
    let folder = link.rsplit_once('/').map_or("", |(folder, _)| folder);
    let from: Vec<_> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let to: Vec<_> = path.split('/').collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    // A link to a folder that it lies in ends with the folder's own name, never with nothing.
    let shared = shared.min(to.len() - 1);
    let up = std::iter::repeat_n("..", from.len() - shared);
    up.chain(to[shared..].iter().copied()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_lead_from_the_links_folder() {
        for (link, path, expected) in [
            ("a", "b", "b"),
            ("lib/libz.so", "lib/libz.so.1", "libz.so.1"),
            ("bin/x", "lib/x/x", "../lib/x/x"),
            ("a/b/c/d", "a/e", "../../e"),
            ("a/b/c", "a", "../../a"),
            ("a/b/c", "a/b", "../b"),
        ] {
            assert_eq!(relative(link, path), expected, "{link} to {path}");
        }
    }

    #[test]
    fn only_links_to_what_is_there_come_home() {
        let link = |path: &str, target: &str| Entry {
            path: path.to_owned(),
            kind: Kind::Link(target.to_owned()),
            mtime: 0,
        };
        let file = Kind::File { size: 1, executable: false };
        let mut entries = vec![
            link("bin/a", "/home/bin/c"),
            link("bin/b", "/home/bin/gone"),
            Entry { path: "bin/c".to_owned(), kind: file, mtime: 0 },
            link("bin/d", "/homely/bin/c"),
            link("bin/e", "/home"),
        ];
        let before = entries.clone();
        come_home(&mut entries, &["/home".to_owned()]);
        assert_eq!(entries[0].kind, Kind::Link("c".to_owned()));
        assert_eq!(entries[1..], before[1..]);
    }
}
