use proptest::prelude::*;

use super::*;
use crate::{
    Layout, Staging,
    archive::{Compression, Entry, Format, Kind, Plan, Profile},
};

type Lines = &'static [&'static str];

/// Reads a plan from lines: `bin/`, `bin/tool* = bytes`, `doc = bytes`, `sh -> bin/tool`, and for
/// layers `- path` (whiteout), `-- path` (opaque), `! path` (a device).
fn plan(lines: &[&str]) -> Plan {
    let content = |bytes: &str, executable| Kind::File(Content::of(bytes.as_bytes(), executable));
    let entry = |path: &str, kind| Entry { path: path.to_owned(), kind, mtime: 7 };
    let read = |line: &&str| {
        if let Some(path) = line.strip_prefix("-- ") {
            entry(path, Kind::Opaque)
        } else if let Some(path) = line.strip_prefix("- ") {
            entry(path, Kind::Whiteout)
        } else if let Some(path) = line.strip_prefix("! ") {
            entry(path, Kind::Refused(Rule::Device))
        } else if let Some(path) = line.strip_suffix('/') {
            entry(path, Kind::Directory)
        } else if let Some((path, target)) = line.split_once(" -> ") {
            entry(path, Kind::Symlink(target.to_owned()))
        } else {
            let (path, bytes) = line.split_once(" = ").unwrap_or((line, ""));
            match path.strip_suffix('*') {
                Some(path) => entry(path, content(bytes, true)),
                None => entry(path, content(bytes, false)),
            }
        }
    };
    let mut entries: Vec<Entry> = lines.iter().map(read).collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Plan {
        entries,
        notes: Vec::new(),
        format: Format::Tar(Compression::None),
        asked: None,
        profile: Profile::Image,
        size_bytes: 0,
    }
}

/// The tree in the words of [`plan`]; folders that hold something go without saying.
fn shown(tree: &Tree) -> Vec<String> {
    let is_full = |path: &str| tree.nodes.range(below(path)).next().is_some();
    tree.iter()
        .filter_map(|(path, node)| match node {
            Node::Directory if is_full(path) => None,
            Node::Directory => Some(format!("{path}/")),
            Node::File(content) if content.executable => Some(format!("{path}*")),
            Node::File(_) => Some(path.to_owned()),
            Node::Symlink(target) => Some(format!("{path} -> {target}")),
        })
        .collect()
}

fn merged(plans: &[(&[&str], &str, Strip)]) -> Result<Tree, Error> {
    let mut tree = Tree::new();
    for (lines, at, strip) in plans {
        tree.merge(&plan(lines), at, *strip)?;
    }
    Ok(tree)
}

fn one(lines: &[&str]) -> Tree {
    merged(&[(lines, "", Strip::Count(0))]).unwrap()
}

fn image(layers: &[&[&str]]) -> Tree {
    let mut tree = Tree::new();
    for layer in layers {
        tree.overlay(&plan(layer)).unwrap();
    }
    tree
}

#[test]
fn leading_components_are_dropped() {
    let rows: &[(&[&str], Strip, &[&str])] = &[
        (&["rg-1/rg*", "rg-1/doc/rg.1"], Strip::LoneTop, &["doc/rg.1", "rg*"]),
        (&["rg-1/", "rg-1/rg*"], Strip::LoneTop, &["rg*"]),
        (&["bin/rg*"], Strip::LoneTop, &["bin/rg*"]),
        (&["share/", "share/x"], Strip::LoneTop, &["share/x"]),
        (&["a/x", "b/x"], Strip::LoneTop, &["a/x", "b/x"]),
        (&["a/x", "ab"], Strip::LoneTop, &["a/x", "ab"]),
        (&["a/x", "a-b/x"], Strip::LoneTop, &["a-b/x", "a/x"]),
        (&["rg*"], Strip::LoneTop, &["rg*"]),
        (&["only/"], Strip::LoneTop, &["only/"]),
        (&["a -> b"], Strip::LoneTop, &["a -> b"]),
        (&["a/b/x", "a/y", "z"], Strip::Count(1), &["b/x", "y"]),
        (&["a/b/x", "a/y"], Strip::Count(2), &["x"]),
        (&["a/b/"], Strip::Count(0), &["a/b/"]),
    ];
    for (lines, strip, expected) in rows {
        let tree = merged(&[(lines, "", *strip)]).unwrap();
        assert_eq!(shown(&tree), *expected, "{lines:?} {strip:?}");
        if let Strip::Count(count) = strip {
            assert_eq!(shown(&one(lines).stripped(*count).unwrap()), *expected, "{lines:?}");
        }
    }
    let strips_all = Err(Error::StripsAll { count: 3 });
    assert_eq!(merged(&[(&["a/b"], "", Strip::Count(3))]), strips_all);
    assert_eq!(one(&["a/b"]).stripped(3), strips_all);
}

#[test]
fn layers_share_one_tree() {
    let none = Strip::Count(0);
    let tree =
        merged(&[(&["bin/a"], "", none), (&["x"], "share/doc", none), (&["bin/b"], "", none)]);
    assert_eq!(shown(&tree.unwrap()), ["bin/a", "bin/b", "share/doc/x"]);
    let rows: &[(&[&str], &[&str], &str)] = &[
        (&["a"], &["a"], "`a` is in layer 1 and in layer 2"),
        (&["a/b"], &["a"], "`a` is in layer 1 and in layer 2"),
        (&["a"], &["a/b"], "`a/b` cannot lie below `a`"),
        (&["a -> b", "b/"], &["a/c"], "`a/c` cannot lie below `a`"),
        (&["a"], &["! b"], "`b` cannot be installed: it is a device"),
        (&["a"], &["- b"], "`b` cannot be installed"),
    ];
    for (first, second, expected) in rows {
        let error = merged(&[(first, "", none), (second, "", none)]).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    let deep = "d/".repeat(60);
    let error = merged(&[(&["a/b/c/d/e"], deep.trim_end_matches('/'), none)]).unwrap_err();
    assert!(matches!(error, Error::Path { rule: Rule::Depth, .. }), "{error:?}");
}

#[test]
fn layers_of_images_lie_over_each_other() {
    let rows: &[(&str, &[Lines], Lines)] = &[
        ("replaced", &[&["a = 1"], &["a* = 2"]], &["a*"]),
        ("whiteout of a file", &[&["d/a", "d/b"], &["- d/a"]], &["d/b"]),
        ("whiteout of a folder", &[&["d/a", "d/b/c", "da"], &["- d"]], &["da"]),
        ("whiteout and anew", &[&["d/a"], &["- d", "d/b"]], &["d/b"]),
        ("opaque", &[&["d/a", "e"], &["-- d", "d/b"]], &["d/b", "e"]),
        ("opaque root", &[&["d/a", "e"], &["-- ", "f"]], &["f"]),
        ("folder becomes file", &[&["d/a"], &["d"]], &["d"]),
        ("file becomes folder", &[&["d"], &["d/", "d/a"]], &["d/a"]),
        ("folder stays", &[&["d/a"], &["d/"]], &["d/a"]),
        ("link becomes folder", &[&["d -> e", "e/"], &["d/"]], &["d/", "e/"]),
        (
            "through a link",
            &[&["usr/lib/a", "lib -> usr/lib"], &["lib/b"]],
            &["lib -> usr/lib", "usr/lib/a", "usr/lib/b"],
        ),
        (
            "whiteout through a link",
            &[&["usr/lib/a", "lib -> /usr/lib"], &["- lib/a"]],
            &["lib -> /usr/lib", "usr/lib/"],
        ),
        (
            "links that climb above the root",
            &[&["usr/lib/a", "lib -> ../../usr/lib"], &["lib/b"]],
            &["lib -> ../../usr/lib", "usr/lib/a", "usr/lib/b"],
        ),
        ("device replaced", &[&["! d"], &["d"]], &["d"]),
        ("device removed", &[&["x/! d", "! y/d"], &["- y"]], &["x/! d"]),
    ];
    for (name, layers, expected) in rows {
        let tree = image(layers);
        assert_eq!(shown(&tree), *expected, "{name}");
        assert_eq!(tree.refused.len(), 0, "{name}");
    }
    let mut tree = image(&[&["f", "l -> l"]]);
    assert!(matches!(tree.overlay(&plan(&["f/a"])), Err(Error::UnderFile { .. })));
    assert!(matches!(tree.overlay(&plan(&["l/a"])), Err(Error::LinkChain { .. })));
}

#[test]
fn a_selection_holds_what_its_links_lead_to() {
    let debian: &[&str] = &[
        "bin -> usr/bin",
        "usr/bin/awk -> /etc/alternatives/awk",
        "etc/alternatives/awk -> /usr/bin/mawk",
        "usr/bin/mawk*",
        "usr/bin/other*",
        "usr/lib/python/a",
        "usr/lib/python/b -> ../../share/b",
        "usr/share/b",
        "usr/share/c",
        "usr/bin/up -> ../../../../usr/share/c",
        "usr/bin/gone -> /opt/gone",
        "usr/bin/loop -> loop",
        "! dev/null",
        "! dev/zero",
        "dev/x",
    ];
    let awk: &[&str] = &[
        "etc/alternatives/awk -> ../../usr/bin/mawk",
        "usr/bin/awk -> ../../etc/alternatives/awk",
        "usr/bin/mawk*",
    ];
    let by_bin = [&["bin -> usr/bin"], awk].concat();
    let python: &[&str] = &["usr/lib/python/a", "usr/lib/python/b -> ../../share/b", "usr/share/b"];
    let rows: &[(&[&str], &[&str])] = &[
        (&["/usr/bin/mawk"], &["usr/bin/mawk*"]),
        (&["usr/bin/awk"], awk),
        (&["bin/awk"], &by_bin),
        (&["usr/lib"], python),
        (&["/usr/l*/pyth?n"], python),
        (&["usr/share/*"], &["usr/share/b", "usr/share/c"]),
        (&["bin/o*"], &["bin -> usr/bin", "usr/bin/other*"]),
        (&["usr/bin/up"], &["usr/bin/up -> ../../usr/share/c", "usr/share/c"]),
        (&["usr/bin/g*"], &["usr/bin/gone -> /opt/gone"]),
        (&["usr/bin/l*"], &["usr/bin/loop -> loop"]),
        (&["dev/x"], &["dev/x"]),
    ];
    let image = image(&[debian]);
    for (paths, expected) in rows {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        assert_eq!(shown(&image.select(&paths).unwrap()), *expected, "{paths:?}");
    }
    for path in ["usr/bin/none", "usr/none/*", "usr/bin/z*", "usr/bin/mawk/x", "usr/bin/gone"] {
        let no_match = Err(Error::NoMatch { path: path.to_owned() });
        assert_eq!(image.select(&[path.to_owned()]), no_match);
    }
    for path in ["dev/null", "dev", "d*", "/", "dev/n*"] {
        let error = image.select(&[path.to_owned()]).unwrap_err();
        assert!(matches!(error, Error::Refused { rule: Rule::Device, .. }), "{path} {error:?}");
    }
    assert!(matches!(image.seal(&[], Folding::No), Err(Error::Refused { .. })));
}

#[test]
fn a_selection_can_be_sealed() {
    let image = image(&[&["bin -> usr/bin", "usr/bin/sh -> /bin/dash", "usr/bin/dash*"]]);
    let taken = image.select(&["/bin/sh".to_owned()]).unwrap();
    assert_eq!(shown(&taken), ["bin -> usr/bin", "usr/bin/dash*", "usr/bin/sh -> ../../bin/dash"]);
    taken.seal(&[], Folding::No).unwrap();
}

/// Selecting everything changes no link that stays inside, and every other one stays inside then.
#[test]
fn rewritten_targets_lead_where_they_led() {
    let rows = [
        ("a", "/", "."),
        ("d/a", "/", ".."),
        ("d/a", "/x", "../x"),
        ("d/a", "//x/./y", "../x/y"),
        ("d/e/a", "../../../../x", "../../x"),
        ("d/e/a", "../../../d/y", "../../d/y"),
        ("d/a", "/../x", "../x"),
        ("d/a", "/x/../../y", "../y"),
    ];
    for (link, target, expected) in rows {
        assert_eq!(select::from_root(link, target).as_deref(), Some(expected), "{link} {target}");
    }
    for (link, target) in [("d/a", "x"), ("d/a", "../x"), ("d/e/a", "../../d/x")] {
        assert_eq!(select::from_root(link, target), None, "{link} {target}");
    }
}

#[test]
fn only_trees_that_keep_the_rules_are_sealed() {
    let external = ["/etc/ssl/cert.pem".to_owned(), "../gone".to_owned()];
    let rows: &[(&[&str], &str)] = &[
        (&["a -> b", "b"], ""),
        (&["a -> /etc/ssl/cert.pem"], ""),
        (&["a -> /etc/ssl/other.pem"], "list `/etc/ssl/other.pem` in `[source] external-links`"),
        (&["l -> a", "a -> /etc/ssl/cert.pem"], ""),
        (&["d/a -> ../gone"], ""),
        (&["d/a -> ../../x"], "leaves the keg by `../../x`"),
        (&["d/a -> ../lost"], "leads to `../lost`, which does not exist"),
        (&["a -> b", "b -> a"], "leads in a circle"),
    ];
    for (lines, expected) in rows {
        let message = one(lines).seal(&external, Folding::No).err();
        let message = message.map_or_else(String::new, |error| error.to_string());
        assert!(
            message.contains(expected) && message.is_empty() == expected.is_empty(),
            "{message}"
        );
    }
    let folding: &[(&[&str], bool)] = &[
        (&["Makefile", "makefile"], true),
        (&["Lib/a", "lib/b"], true),
        (&["\u{e9}", "e\u{301}"], true),
        (&["a/B", "b/B"], false),
    ];
    for (lines, folds) in folding {
        let tree = one(lines);
        assert!(tree.clone().seal(&[], Folding::No).is_ok());
        let folded = tree.seal(&[], Folding::Yes);
        assert_eq!(matches!(folded, Err(Error::Folds { .. })), *folds, "{lines:?}");
    }
}

#[test]
fn files_are_added_and_made_executable() {
    let mut tree = one(&["lib/tool = x", "bin/tool -> ../lib/tool", "doc = y"]);
    tree.set_executable("bin/tool");
    tree.set_executable("none");
    tree.set_executable("lib");
    let wrapper = Content::of(b"#!", true);
    tree.add_file(".pkg/wrap/tool", wrapper).unwrap();
    assert!(matches!(tree.add_file("doc", wrapper), Err(Error::Equal { first: 1, second: 3, .. })));
    assert!(matches!(tree.add_file("../x", wrapper), Err(Error::Path { .. })));
    assert_eq!(shown(&tree), [".pkg/wrap/tool*", "bin/tool -> ../lib/tool", "doc", "lib/tool*"]);
    assert_eq!((tree.mtime("doc"), tree.mtime(".pkg"), tree.mtime("x")), (Some(7), Some(0), None));
}

#[test]
fn one_program_is_found_by_how_it_begins() {
    let rows: &[(&[&str], Option<&str>)] = &[
        (&["a = #!/bin/sh", "README = text"], Some("a")),
        (&["a = \x7fELF\x02", "b = #!/bin/sh"], None),
        (&["a = text"], None),
        (&["lib/liba.so.1.2 = \x7fELF\x02", "lib/pkgconfig/a.pc = text"], None),
        (&["lib/liba.dylib = \x7fELF\x02", "a = #!/bin/sh"], Some("a")),
        (&[], None),
    ];
    for (lines, expected) in rows {
        let text = |content: &Content| {
            let bodies = lines.iter().filter_map(|line| line.split_once(" = "));
            bodies
                .map(|(_, body)| body)
                .find(|body| Content::of(body.as_bytes(), false) == *content)
        };
        let head = |content: &Content| Ok::<_, ()>(text(content).unwrap().as_bytes().to_vec());
        assert_eq!(one(lines).single_program(head).unwrap(), *expected);
    }
}

#[test]
fn programs_are_staged_from_plain_files() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path().join("root"));
    layout.create().unwrap();
    let staging = Staging::begin(&layout).unwrap();
    let mut tree = one(&["staged = one", "stored = two", "plain = three"]);
    let content = |bytes: &str| Content::of(bytes.as_bytes(), false);
    staging.put(&content("one"), b"one").unwrap();
    let stored = layout.file(&content("two"));
    fs_err::create_dir_all(stored.parent().unwrap()).unwrap();
    fs_err::write(stored, "two").unwrap();
    tree.set_executable("staged");
    tree.set_executable("stored");
    let sealed = tree.clone().seal(&[], Folding::No).unwrap();
    stage_programs(&sealed, &layout, &staging).unwrap();
    for bytes in ["one", "two"] {
        let program = Content { executable: true, ..content(bytes) };
        assert!(staging.contains(&program));
        let mut text = String::new();
        std::io::Read::read_to_string(&mut staging.read(&program).unwrap(), &mut text).unwrap();
        assert_eq!(text, bytes);
    }
    assert!(!staging.contains(&content("two")) && !staging.contains(&content("three")));
    tree.add_file("lost", Content::of(b"four", true)).unwrap();
    let sealed = tree.seal(&[], Folding::No).unwrap();
    assert!(stage_programs(&sealed, &layout, &staging).is_err());
}

/// Whatever is sealed stays inside when the kernel walks it.
#[test]
fn sealed_links_stay_inside_on_a_disk() {
    let parts = "[ab]|[ab]|[ab]|\\.\\.|\\.";
    let target = proptest::collection::vec(parts, 1..5).prop_map(|parts| parts.join("/"));
    let path = proptest::collection::vec("[ab]", 1..4).prop_map(|parts| parts.join("/"));
    let node = prop_oneof![Just(None), target.prop_map(Some)];
    let nodes = proptest::collection::vec((path, node), 1..9);
    let sealed_trees = std::cell::Cell::new(0);
    proptest!(ProptestConfig::with_cases(4096), |(nodes in nodes)| {
        let mut tree = Tree::new();
        for (path, link) in nodes {
            let node = link.map_or(Node::File(Content::of(b"", false)), Node::Symlink);
            // Paths that another one is in the way of are left out.
            let _ = tree.put(path, node, 0).is_ok();
        }
        let Ok(sealed) = tree.seal(&[], Folding::No) else { return Ok(()) };
        if !sealed.iter().any(|(_, node)| matches!(node, Node::Symlink(_))) {
            return Ok(());
        }
        sealed_trees.set(sealed_trees.get() + 1);
        let folder = tempfile::tempdir().unwrap();
        let root = fs_err::canonicalize(folder.path()).unwrap();
        for (path, node) in sealed.iter() {
            let path = root.join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            match node {
                Node::Directory => fs_err::create_dir_all(&path).unwrap(),
                Node::File(_) => fs_err::write(&path, "").unwrap(),
                Node::Symlink(target) => std::os::unix::fs::symlink(target, &path).unwrap(),
            }
        }
        for (path, _) in sealed.iter() {
            let place = fs_err::canonicalize(root.join(path)).unwrap();
            prop_assert!(place.starts_with(&root), "{path} leads to {}", place.display());
        }
    });
    assert!(sealed_trees.get() > 50, "only {} trees were sealed", sealed_trees.get());
}
