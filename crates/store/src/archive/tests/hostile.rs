//! Archives that other readers were tricked with, and what becomes of each.

use super::{Item, Site, archive, compress, endless, order, pax_records};
use crate::{
    archive::{Compression, Dropped, Error, Excess, Format, Note, Plan},
    tree::{self, Folding, Strip, Tree},
};

fn file(name: &str) -> Item {
    Item::file(name, "body")
}

fn gnu(flag: u8, name: &str) -> Item {
    Item::new(flag, "././@LongLink", format!("{name}\0"))
}

fn magic(item: Item, magic: &[u8; 8]) -> Item {
    item.with(|block| block[257..265].copy_from_slice(magic))
}

/// `l0 -> l1 -> … -> target`, with so many links.
fn chain(links: usize) -> Vec<Item> {
    let link = |n: usize| Item::symlink(&format!("l{n}"), format!("l{}", n + 1));
    (0..links).map(link).chain([file(&format!("l{links}"))]).collect()
}

fn before(extension: Item, item: Item) -> Vec<Item> {
    vec![extension, item]
}

fn pax(key: &str, value: &str) -> Vec<Item> {
    before(Item::pax(&[(key, value)]), file("a"))
}

/// Name, archive, verdict: `ok`, a rule's name, or what else refuses it.
fn names() -> Vec<(&'static str, Vec<Item>, &'static str)> {
    let deep = |depth| vec!["d"; depth].join("/");
    let long = |length| "x".repeat(length);
    let in_pax = |name: &str| pax("path", name);
    vec![
        ("`..` in a name", vec![file("../x")], "parent-name"),
        ("`..` inside a name", vec![file("a/../../x")], "parent-name"),
        ("`..` in a PAX path", in_pax("../x"), "parent-name"),
        ("`..` in a GNU name", before(gnu(b'L', "../x"), file("a")), "parent-name"),
        ("absolute name", vec![file("/etc/cron.d/x")], "absolute-name"),
        ("absolute PAX path", in_pax("/etc/x"), "absolute-name"),
        ("empty name", vec![file("")], "empty-name"),
        ("a file named as the root", vec![file("./")], "empty-name"),
        ("a root folder", vec![Item::folder("./"), file("./a")], "ok"),
        ("a folder's slash on a file", vec![file("a/")], "trailing-slash"),
        ("same file twice", vec![file("a"), file("a")], "equal-names"),
        ("same file twice, spelt twice", vec![file("a"), file("./a")], "equal-names"),
        ("same folder twice", vec![Item::folder("a"), Item::folder("a/")], "equal-names"),
        ("file, then folder", vec![file("a"), Item::folder("a")], "equal-names"),
        ("link, then folder", vec![Item::symlink("a", "b"), Item::folder("a")], "equal-names"),
        ("link, then file", vec![Item::symlink("a", "b"), file("a")], "equal-names"),
        ("not UTF-8", vec![Item::file(b"a\xff", "")], "utf-8"),
        ("escape sequence", vec![file("a\x1b[2J")], "control-character"),
        ("newline", vec![file("a\nb")], "control-character"),
        ("NUL in a PAX path", in_pax("a\0b"), "control-character"),
        ("NUL in a GNU name", before(gnu(b'L', "a\0b"), file("a")), "control-character"),
        ("64 components", in_pax(&deep(64)), "ok"),
        ("65 components", in_pax(&deep(65)), "depth"),
        ("10,000 components", in_pax(&deep(10_000)), "path-length"),
        ("255 bytes", in_pax(&long(255)), "ok"),
        ("256 bytes", in_pax(&long(256)), "component-length"),
        ("1,279 bytes", in_pax(&vec![long(255); 5].join("/")), "path-length"),
        ("whiteout", vec![file("bin/.wh.sh")], "whiteout"),
        ("opaque whiteout", vec![file("bin/.wh..wh..opq")], "whiteout"),
        ("letters of both cases", vec![file("Makefile"), file("makefile")], "ok"),
    ]
}

fn kinds() -> Vec<(&'static str, Vec<Item>, &'static str)> {
    let special = |flag| vec![Item::new(flag, "a", "")];
    let hard = |target: &str| vec![file("a"), Item::hard_link("b", target)];
    let under_link = vec![Item::symlink("a", "."), file("a/x")];
    let hard_to_link =
        vec![file("x"), Item::symlink("a", "x"), Item::hard_link("b", "a"), file("b/c")];
    vec![
        ("character device", special(b'3'), "device"),
        ("block device", special(b'4'), "device"),
        ("FIFO", special(b'6'), "fifo"),
        ("contiguous file", special(b'7'), "unknown-type"),
        ("unknown type", special(b'Z'), "unknown-type"),
        ("volume label", special(b'V'), "unknown-type"),
        ("sparse GNU file", special(b'S'), "sparse"),
        ("sparse PAX file", pax("GNU.sparse.major", "1"), "sparse"),
        ("sparse PAX name", pax("GNU.sparse.name", "b"), "sparse"),
        ("file through a link", under_link, "under-file"),
        ("file below a file", vec![file("a"), file("a/b")], "under-file"),
        ("hard link", hard("a"), "ok"),
        ("hard link, spelt otherwise", hard("./a"), "ok"),
        ("hard link to an absolute path", hard("/etc/passwd"), "hard-link"),
        ("hard link out of the keg", hard("../a"), "hard-link"),
        ("hard link to a later file", vec![Item::hard_link("b", "a"), file("a")], "hard-link"),
        ("hard link to a folder", vec![Item::folder("a"), Item::hard_link("b", "a")], "hard-link"),
        ("hard link to itself", vec![Item::hard_link("a", "a")], "hard-link"),
        ("hard link to a link, then through it", hard_to_link, "hard-link"),
        ("link with contents", vec![Item::new(b'2', "a", "x").to("b")], "contents"),
        ("hard link with contents", vec![file("a"), Item::new(b'1', "b", "x").to("a")], "contents"),
        ("folder with contents", vec![Item::new(b'5', "a", "x")], "contents"),
        ("device with contents", vec![Item::new(b'3', "a", "x")], "contents"),
        ("setuid program", vec![file("a").mode(0o6755)], "ok"),
        ("world-writable file", vec![file("a").mode(0o777)], "ok"),
        ("folder without permissions", vec![Item::folder("a").mode(0), file("a/b")], "ok"),
    ]
}

fn links() -> Vec<(&'static str, Vec<Item>, &'static str)> {
    vec![
        ("link to an absolute path", vec![Item::symlink("a", "/etc/passwd")], "link-absolute"),
        ("link out of the keg", vec![Item::symlink("a", "../../../etc/passwd")], "link-leaves"),
        (
            "link out and in again",
            vec![Item::symlink("d/a", "../../d/b"), file("d/b")],
            "link-leaves",
        ),
        ("link inside", vec![Item::symlink("d/a", "../b"), file("b")], "ok"),
        (
            "link out by way of a link",
            vec![
                Item::folder("d/e"),
                Item::symlink("l", "d/e/.."),
                Item::symlink("m", "l/../.."),
                file("x"),
            ],
            "link-leaves",
        ),
        (
            "link out by a deep link",
            vec![
                Item::symlink("d/e/up", "../.."),
                Item::symlink("x/y/m", "../../d/e/up/../a"),
                file("a"),
            ],
            "link-leaves",
        ),
        (
            "link out as text, in by way of a link",
            vec![
                Item::folder("d/e"),
                Item::symlink("l", "d/e"),
                Item::symlink("a", "l/../../x"),
                file("x"),
            ],
            "link-leaves",
        ),
        (
            "PAX link to an absolute path",
            before(Item::pax(&[("linkpath", "/etc/passwd")]), Item::symlink("a", "b")),
            "link-absolute",
        ),
        (
            "PAX link out of the keg",
            before(Item::pax(&[("linkpath", "../../x")]), Item::symlink("a", "b")),
            "link-leaves",
        ),
        (
            "PAX hard link to an absolute path",
            vec![file("b"), Item::pax(&[("linkpath", "/etc/passwd")]), Item::hard_link("a", "b")],
            "hard-link",
        ),
        (
            "GNU link out of the keg",
            before(gnu(b'K', "../../x"), Item::symlink("a", "b")),
            "link-leaves",
        ),
        ("link to nothing", vec![Item::symlink("a", "b")], "link-dangles"),
        ("link through a file", vec![file("f"), Item::symlink("a", "f/../f")], "link-dangles"),
        ("link to itself", vec![Item::symlink("a", "a")], "link-chain"),
        ("links in a circle", vec![Item::symlink("a", "b"), Item::symlink("b", "a")], "link-chain"),
        ("a growing circle", vec![Item::symlink("a", "a/a/a")], "link-chain"),
        ("8 links", chain(8), "ok"),
        ("9 links", chain(9), "link-chain"),
        ("empty target", vec![Item::symlink("a", "")], "symlink-target"),
        ("target not UTF-8", vec![Item::symlink("a", b"\xff")], "utf-8"),
    ]
}

fn headers() -> Vec<(&'static str, Vec<Item>, &'static str)> {
    let raw_pax = |text: &str| before(Item::new(b'x', "pax", text), file("a"));
    let two = |a: Item, b: Item| vec![a, b, file("a")];
    let global = |key, value| vec![Item::new(b'g', "g", pax_records(&[(key, value)])), file("a")];
    let capability = ("SCHILY.xattr.security.capability", "\u{1}\0\0\u{2}");
    let negative = |block: &mut [u8; 512]| block[124..136].fill(0xff);
    let huge = |block: &mut [u8; 512]| {
        block[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0]);
    };
    let bad_octal = |block: &mut [u8; 512]| block[124..136].copy_from_slice(b"0000000008\0\0");
    let v7 = |item: Item| magic(item, &[0; 8]);
    let sized = |size: &str, item: Item| before(Item::pax(&[("size", size)]), item);
    vec![
        ("PAX path", pax("path", "b"), "ok"),
        (
            "PAX path before a hostile header",
            before(Item::pax(&[("path", "b")]), file("../x")),
            "ok",
        ),
        ("PAX and GNU name", two(gnu(b'L', "b"), Item::pax(&[("path", "c")])), "pax-and-gnu"),
        ("GNU and PAX name", two(Item::pax(&[("path", "c")]), gnu(b'L', "b")), "pax-and-gnu"),
        ("two PAX paths", raw_pax("9 path=b\n9 path=c\n"), "pax-twice"),
        ("two PAX headers", two(Item::pax(&[("path", "b")]), Item::pax(&[])), "pax-twice"),
        ("PAX and GNU target", two(Item::pax(&[("linkpath", "b")]), gnu(b'K', "c")), "pax-and-gnu"),
        ("two PAX targets", raw_pax("14 linkpath=b\n14 linkpath=c\n"), "pax-twice"),
        ("PAX target of a file", pax("linkpath", "/etc/passwd"), "ok"),
        ("two GNU names", two(gnu(b'L', "b"), gnu(b'L', "c")), "pax-twice"),
        ("GNU name", before(gnu(b'L', "b"), file("a")), "ok"),
        ("GNU name without an end", vec![Item::new(b'L', "l", "b"), file("a")], "malformed-gnu"),
        ("GNU name of nothing", vec![Item::new(b'L', "l", ""), file("a")], "malformed-gnu"),
        ("GNU target", vec![file("x"), gnu(b'K', "x"), Item::symlink("a", "y")], "ok"),
        ("global path", global("path", "b"), "global-pax"),
        ("global size", global("size", "1"), "global-pax"),
        ("global comment", global("comment", "0123abcd"), "ok"),
        ("PAX record too long", raw_pax("99 path=b\n"), "malformed-pax"),
        ("PAX record too short", raw_pax("8 path=b\n"), "malformed-pax"),
        ("PAX record of length 0", raw_pax("0 path=b\n"), "malformed-pax"),
        ("PAX record without newline", raw_pax("8 path=b"), "malformed-pax"),
        ("PAX record after an empty line", raw_pax("9 mtime=1\n\n9 path=b\n"), "malformed-pax"),
        ("PAX size of a file", sized("4", file("a")), "ok"),
        ("PAX size smaller", sized("0", file("a")), "pax-size"),
        ("PAX size larger", sized("1024", file("a")), "pax-size"),
        ("PAX size on a header of 0", sized("4", file("a").saying(0)), "pax-size"),
        ("PAX size of 2^62", sized("4611686018427387904", file("a")), "excess"),
        ("PAX size negative", sized("-1", file("a")), "malformed-pax"),
        ("unknown vendor key", pax("ACME.note", "x\n\ny"), "ok"),
        ("capability", before(Item::pax(&[capability]), file("a")), "ok"),
        (
            "PAX header before nothing",
            vec![file("a"), Item::pax(&[("path", "b")])],
            "dangling-extension",
        ),
        ("GNU name before nothing", vec![file("a"), gnu(b'L', "b")], "dangling-extension"),
        ("PAX header of 2 MiB", raw_pax(&"x".repeat(2 << 20)), "extension-length"),
        ("size of 2^62", vec![file("a").with(huge)], "excess"),
        ("negative size", vec![file("a").with(negative)], "malformed-number"),
        ("size not octal", vec![file("a").with(bad_octal)], "malformed-number"),
        ("no magic", vec![v7(file("a"))], "ok"),
        ("no magic, a folder by its slash", vec![v7(Item::new(0, "a/", "")), file("a/b")], "ok"),
        ("GNU magic", vec![magic(file("a"), b"ustar  \0")], "ok"),
        ("other magic", vec![magic(file("a"), b"ustar\x0099")], "tar-format"),
    ]
}

fn items() -> impl Iterator<Item = (&'static str, Vec<Item>, &'static str)> {
    names().into_iter().chain(kinds()).chain(links()).chain(headers())
}

/// Archives of which more than the entries is wrong.
fn streams() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let whole = archive(&[file("a")]);
    let lone_zero_block = [endless(&[file("a")]), vec![0; 512], endless(&[file("b")])].concat();
    let mut bad_checksum = whole.clone();
    bad_checksum[0] ^= 1;
    vec![
        ("data after the end", [&whole[..], b"hidden"].concat(), "data-after-end"),
        ("an archive after the end", [&whole[..], &whole].concat(), "data-after-end"),
        ("an entry after a lone zero block", lone_zero_block, "data-after-end"),
        ("zeros after the end", [&whole[..], &[0; 9000]].concat(), "ok"),
        ("no end marker", endless(&[file("a")]), "ok"),
        ("half an end marker", whole[..whole.len() - 700].to_vec(), "ok"),
        ("ends inside contents", whole[..514].to_vec(), "truncated"),
        ("ends inside padding", whole[..700].to_vec(), "truncated"),
        ("ends inside a header", whole[..300].to_vec(), "truncated"),
        (
            "ends inside a PAX header",
            endless(&[Item::pax(&[("path", "b")])])[..520].to_vec(),
            "truncated",
        ),
        ("wrong checksum", bad_checksum, "checksum"),
        ("no archive", b"#!/bin/sh\n".repeat(100), "checksum"),
        ("nothing", Vec::new(), "ok"),
    ]
}

/// The archives of the table that are accepted.
pub(super) fn accepted() -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    let archives = items().map(|(name, items, expected)| (name, archive(&items), expected));
    let accepted = archives.chain(streams()).filter(|(_, _, expected)| *expected == "ok");
    accepted.map(|(name, bytes, _)| (name, bytes))
}

/// What becomes of an archive: decoded, placed and judged.
fn verdict(site: &Site, blob: &[u8], format: Format) -> Result<Plan, String> {
    let plan = match site.decode(blob, &order(Some(format))) {
        Ok(plan) => plan,
        Err(Error::Refused { rule, .. }) => return Err(rule.name().to_owned()),
        Err(Error::Truncated { .. }) => return Err("truncated".to_owned()),
        Err(Error::Excess { .. }) => return Err("excess".to_owned()),
        Err(other) => return Err(format!("{other:?}")),
    };
    let mut tree = Tree::new();
    let merged = tree.merge(&plan, "", Strip::Count(0));
    match merged.and_then(|()| tree.seal(&[], Folding::No)) {
        Ok(_) => Ok(plan),
        Err(tree::Error::UnderFile { .. }) => Err("under-file".to_owned()),
        Err(tree::Error::LinkAbsolute { .. }) => Err("link-absolute".to_owned()),
        Err(tree::Error::LinkLeaves { .. }) => Err("link-leaves".to_owned()),
        Err(tree::Error::LinkDangles { .. }) => Err("link-dangles".to_owned()),
        Err(tree::Error::LinkChain { .. }) => Err("link-chain".to_owned()),
        Err(other) => Err(format!("{other:?}")),
    }
}

#[test]
fn hostile_archives_meet_their_verdicts() {
    let site = Site::new();
    let archives = items().map(|(name, items, expected)| (name, archive(&items), expected));
    for (name, bytes, expected) in archives.chain(streams()) {
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let blob = compress(&bytes, compression);
            let found = verdict(&site, &blob, Format::Tar(compression));
            let found = found.as_ref().map_or_else(String::as_str, |_| "ok");
            assert_eq!(found, expected, "{name}, {compression:?}");
        }
    }
}

#[test]
fn accepted_archives_say_what_their_stored_plan_says() {
    let site = Site::new();
    for (name, blob) in accepted() {
        let plan = verdict(&site, &blob, Format::Tar(Compression::None)).unwrap();
        assert_eq!(Plan::from_bytes(&plan.to_bytes()).as_ref(), Ok(&plan), "{name}");
    }
}

#[test]
fn dropped_privileges_are_noted() {
    let site = Site::new();
    let capability = Item::pax(&[("LIBARCHIVE.xattr.security.capability", "x")]);
    let items = [
        file("setuid").mode(0o4755),
        file("setgid").mode(0o2644),
        capability,
        file("capable"),
        Item::folder("folder").mode(0o2755),
    ];
    let plan = verdict(&site, &archive(&items), Format::Tar(Compression::None)).unwrap();
    let note = |path: &str, dropped| Note { path: path.to_owned(), dropped };
    let expected = [
        note("capable", Dropped::Capability),
        note("setgid", Dropped::Setgid),
        note("setuid", Dropped::Setuid),
    ];
    assert_eq!(plan.notes, expected);
    let modes: Vec<bool> = plan.contents().map(|content| content.executable).collect();
    assert_eq!(modes, [false, false, true], "only what may be executed is");
}

#[test]
fn errors_name_the_entry_and_the_rule() {
    let site = Site::new();
    let blob = archive(&[file("a"), file("b\x1b/../c")]);
    let error = site.decode(&blob, &order(None)).unwrap_err().to_string();
    assert!(error.contains("`b\u{fffd}/../c`") && error.contains("control-character"), "{error}");
    let blob = archive(&[file("a"), file("b").with(|block| block[257] = b'x')]);
    let error = site.decode(&blob, &order(None)).unwrap_err().to_string();
    assert!(error.contains("`entry 2`") && error.contains("tar-format"), "{error}");
}

#[test]
fn declared_sizes_are_exact() {
    let site = Site::new();
    let blob = archive(&[Item::folder("d"), file("d/a"), Item::hard_link("d/b", "d/a")]);
    let decode = |bytes, entries| {
        let mut order = order(None);
        order.bounds.bytes = bytes;
        order.bounds.entries = entries;
        site.decode(&blob, &order).map_err(|error| match error {
            Error::Excess { source } => source,
            other => panic!("{other:?}"),
        })
    };
    assert!(decode(Some(4), Some(3)).is_ok());
    let bytes = |declared| Excess::DeclaredBytes { declared, found: 4 };
    assert_eq!(decode(Some(3), None).unwrap_err(), bytes(3));
    assert_eq!(decode(Some(5), None).unwrap_err(), bytes(5));
    let entries = |declared| Excess::DeclaredEntries { declared, found: 3 };
    assert_eq!(decode(None, Some(2)).unwrap_err(), entries(2));
    assert_eq!(decode(None, Some(4)).unwrap_err(), entries(4));
}
