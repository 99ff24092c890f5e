use proptest::prelude::*;

use super::*;

fn id(name: &str) -> keg::Id {
    keg::Id { name: name.to_owned(), leaf: "1".to_owned() }
}

/// Kegs as lists of their files, `name: path path …`.
type Kegs = BTreeMap<String, Vec<String>>;

fn kegs(text: &str) -> Kegs {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (name, paths) = line.split_once(':').unwrap();
            (name.to_owned(), paths.split_whitespace().map(str::to_owned).collect())
        })
        .collect()
}

/// What is in a keg's folder, from the list of its files.
fn entries(kegs: &Kegs, keg: &keg::Id, path: &str) -> io::Result<Vec<Entry>> {
    let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
    let below = kegs[&keg.name].iter().filter_map(|file| file.strip_prefix(&prefix));
    let found: BTreeMap<String, bool> = below
        .map(|rest| match rest.split_once('/') {
            Some((name, _)) => (name.to_owned(), true),
            None => (rest.to_owned(), false),
        })
        .collect();
    Ok(found.into_iter().map(|(name, folder)| Entry { name, folder }).collect())
}

/// Claims as lines `keg path [-> target]`; a path that ends in `/` is a folder.
fn claims(text: &str) -> Vec<Claim> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let (keg, rest) = line.split_once(' ').unwrap();
            let (path, target) = rest.split_once(" -> ").unwrap_or((rest, rest));
            let folder = path.ends_with('/');
            let plain = |path: &str| path.trim_end_matches('/').to_owned();
            Claim { path: plain(path), folder, keg: id(keg), target: plain(target) }
        })
        .collect()
}

fn show(links: &Links) -> Vec<String> {
    links
        .iter()
        .map(|(path, keg, target)| {
            let target = if target == path { String::new() } else { format!(" -> {target}") };
            format!("{} {path}{target}", keg.name)
        })
        .collect()
}

/// The links, or `!` and the conflicts.
fn outcome(kegs: &Kegs, claims: Vec<Claim>, winners: &BTreeMap<String, String>) -> Vec<String> {
    match layout(claims, winners, &|keg, path| entries(kegs, keg, path)) {
        Ok(links) => show(&links),
        Err(Error::Conflicts(conflicts)) => conflicts
            .into_iter()
            .map(|Conflict { path, owners }| {
                let owners: Vec<_> = owners.into_iter().map(|keg| keg.name).collect();
                format!("! {path} {}", owners.join(" "))
            })
            .collect(),
        Err(error) => panic!("{error}"),
    }
}

/// What, kegs, claims, and the links or conflicts.
type Row = (&'static str, &'static str, &'static str, &'static [&'static str]);

fn check(rows: &[Row]) {
    for (what, of_kegs, of_claims, expected) in rows {
        let kegs = kegs(of_kegs);
        let mut given = claims(of_claims);
        assert_eq!(outcome(&kegs, given.clone(), &BTreeMap::new()), *expected, "{what}");
        given.reverse();
        assert_eq!(outcome(&kegs, given, &BTreeMap::new()), *expected, "{what}, turned round");
    }
}

#[test]
fn folding() {
    check(&[
        ("one owner", "a: share/x/1 share/x/2", "a share/x/", &["a share/x"]),
        (
            "two owners of one folder",
            "a: share/x/1 share/x/2\n b: share/x/3",
            "a share/x/\n b share/x/",
            &["a share/x/1", "a share/x/2", "b share/x/3"],
        ),
        (
            "three levels, and only what must is opened",
            "a: s/m/1/a s/m/2/a s/n/a\n b: s/m/1/b\n c: s/m/1/c s/o/c",
            "a s/\n b s/\n c s/",
            &["a s/m/1/a", "b s/m/1/b", "c s/m/1/c", "a s/m/2", "a s/n", "c s/o"],
        ),
        (
            "a file opens the folder that it comes into",
            "a: s/m/1/a s/m/2/a\n b: x",
            "a s/m/\n b s/m/1/b -> x",
            &["a s/m/1/a", "b s/m/1/b -> x", "a s/m/2"],
        ),
        ("the same file of the same keg twice", "a: bin/x", "a bin/x\n a bin/x", &["a bin/x"]),
        ("a file that its folder brings anyway", "a: s/m/1 s/m/2", "a s/m/1\n a s/", &["a s"]),
        (
            "two folders of one keg at one path",
            "a: usr/s/1 s/2",
            "a s/\n a s/ -> usr/s/",
            &["a s/1 -> usr/s/1", "a s/2"],
        ),
        ("the keg itself", "a: bin/x", "a opt/a -> /", &["a opt/a -> "]),
        (
            "names that begin alike",
            "a: b/1 b-c/1 b.d",
            "a b/\n a b-c/\n a b.d",
            &["a b", "a b-c", "a b.d"],
        ),
    ]);
}

#[test]
fn conflicts_name_the_path_and_all_who_want_it() {
    check(&[
        ("two files", "a: bin/x\n b: bin/x", "a bin/x\n b bin/x", &["! bin/x a b"]),
        (
            "three files",
            "a: x\n b: x\n c: x",
            "a bin/x -> x\n b bin/x -> x\n c bin/x -> x",
            &["! bin/x a b c"],
        ),
        (
            "a file deep in two folders",
            "a: s/m/1 s/m/2\n b: s/m/1 s/m/3",
            "a s/\n b s/",
            &["! s/m/1 a b"],
        ),
        ("a file against a folder", "a: s/x\n b: s/x/1", "a s/x\n b s/x/", &["! s/x a b"]),
        ("a file against a folder's file", "a: s/x\n b: s/x/1", "a s/x\n b s/x/1", &["! s/x a b"]),
        (
            "a file of an opened folder against a folder",
            "a: s/x s/y\n b: s/x/1",
            "a s/\n b s/x/",
            &["! s/x a b"],
        ),
        (
            "two targets of one keg at one path",
            "a: x y",
            "a bin/z -> x\n a bin/z -> y",
            &["! bin/z a"],
        ),
        (
            "all conflicts are named",
            "a: 1 2 3\n b: 1 2 4",
            "a 1\n a 2\n a 3\n b 1\n b 2\n b 4",
            &["! 1 a b", "! 2 a b"],
        ),
    ]);
}

#[test]
fn the_named_winner_gets_a_file_and_nothing_else() {
    let kegs = kegs("a: s/x s/y\n b: s/x s/z\n c: s/x");
    let winners = |name: &str| BTreeMap::from([("s/x".to_owned(), name.to_owned())]);
    let three = claims("a s/\n b s/\n c s/x");
    assert_eq!(outcome(&kegs, three.clone(), &winners("b")), ["b s/x", "a s/y", "b s/z"]);
    assert_eq!(outcome(&kegs, three.clone(), &winners("c")), ["c s/x", "a s/y", "b s/z"]);
    assert_eq!(outcome(&kegs, three, &winners("d")), ["! s/x a b c"]);
    let folder = claims("a s/x\n b s/x/ -> s");
    assert_eq!(outcome(&kegs, folder, &winners("a")), ["! s/x a b"]);
}

#[test]
fn paths_that_leave_the_prefix_or_the_keg_are_refused() {
    for (path, target) in [
        ("../x", "x"),
        ("a/../x", "x"),
        ("/x", "x"),
        ("a//x", "x"),
        ("", "x"),
        ("a/", "x"),
        ("a\0", "x"),
        ("a", "../x"),
        ("a", "/x"),
        ("a", "x/"),
    ] {
        let claim = Claim { path: path.into(), folder: false, keg: id("a"), target: target.into() };
        let refused = layout(vec![claim], &BTreeMap::new(), &|_, _| Ok(Vec::new()));
        assert!(matches!(refused, Err(Error::Path { .. })), "{path:?} {target:?}");
    }
}

/// Kegs whose files never stand where another has a folder or file, but share folders.
fn many_kegs() -> impl Strategy<Value = Kegs> {
    let path = prop::collection::vec("[abc]", 0..4).prop_map(|parts| parts.join("/"));
    let paths = prop::collection::vec(path, 1..8);
    prop::collection::vec(paths, 1..5).prop_map(|kegs| {
        let kegs = kegs.into_iter().enumerate();
        kegs.map(|(number, folders)| {
            let name = format!("k{number}");
            let files = folders.into_iter().enumerate();
            let files =
                files.map(|(file, folder)| keg::join(&folder, &format!("f{number}-{file}")));
            (name, files.collect())
        })
        .collect()
    })
}

/// Where a path of the prefix leads, by the links alone.
fn resolve(links: &Links, path: &str) -> Option<(String, String)> {
    links.iter().find_map(|(link, keg, target)| {
        let rest = path.strip_prefix(link)?;
        let target = match rest.strip_prefix('/') {
            Some(rest) => keg::join(target, rest),
            None if rest.is_empty() => target.to_owned(),
            None => return None,
        };
        Some((keg.name.clone(), target))
    })
}

proptest! {
    /// Every claimed file is found through the links, in its keg; and every link leads to claims.
    #[test]
    fn all_claims_resolve_and_nothing_else(
        kegs in many_kegs(),
        order in any::<prop::sample::Index>(),
    ) {
        let mut given = Vec::new();
        let mut expected = BTreeMap::new();
        for (name, files) in &kegs {
            for file in files {
                // Top folders are claimed whole, files at the top as themselves.
                let top = file.split('/').next().unwrap();
                let claim = |path: &str, folder| Claim {
                    path: path.to_owned(), folder, keg: id(name), target: path.to_owned(),
                };
                given.push(claim(top, top != file));
                expected.insert(file.clone(), (name.clone(), file.clone()));
            }
        }
        let lay = |claims| layout(claims, &BTreeMap::new(), &|keg, path| entries(&kegs, keg, path));
        let links = lay(given.clone()).unwrap();
        for (path, place) in &expected {
            prop_assert_eq!(resolve(&links, path), Some(place.clone()));
        }
        for (path, keg, target) in links.iter() {
            let below = |file: &String| file == target || file.starts_with(&format!("{target}/"));
            prop_assert!(kegs[&keg.name].iter().any(below), "{} leads nowhere", path);
            // A folder that is linked whole belongs to one keg alone.
            let others = expected.iter().filter(|(file, _)| {
                *file == path || file.starts_with(&format!("{path}/"))
            });
            for (file, (owner, _)) in others {
                prop_assert_eq!(owner, &keg.name, "{} is hidden", file);
            }
        }
        for folder in links.folders() {
            let prefix = format!("{folder}/");
            let mut owners: Vec<_> = expected
                .iter()
                .filter(|(file, _)| file.starts_with(&prefix))
                .map(|(_, (owner, _))| owner)
                .collect();
            owners.sort();
            owners.dedup();
            prop_assert!(owners.len() > 1, "{} need not have been opened", folder);
        }
        given.rotate_left(order.index(expected.len().max(1)) % expected.len().max(1));
        prop_assert_eq!(lay(given).unwrap(), links);
    }
}
