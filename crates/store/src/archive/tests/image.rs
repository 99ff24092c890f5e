//! Layers of images: whiteouts, and entries that are refused only if they are taken.

use super::{Item, Site, archive, entry, order};
use crate::{
    Content,
    archive::{Entry, Kind, Order, Plan, Profile, Rule},
};

fn decode(items: &[Item]) -> Plan {
    let order = Order { profile: Profile::Image, ..order(None) };
    let plan = Site::new().decode(&archive(items), &order).unwrap();
    assert_eq!(Plan::from_bytes(&plan.to_bytes()).as_ref(), Ok(&plan));
    plan
}

#[test]
fn layers_say_more_than_archives() {
    let file = |name: &str| Item::file(name, "body");
    let content = || Kind::File(Content::of(b"body", false));
    let refused = |path: &str, rule| Entry { mtime: 0, ..entry(path, Kind::Refused(rule)) };
    let marker = |path: &str, kind| Entry { mtime: 0, ..entry(path, kind) };
    let rows: Vec<(&str, Vec<Item>, Vec<Entry>)> = vec![
        ("a dot before a name", vec![file("./a")], vec![entry("a", content())]),
        ("absolute name", vec![file("/etc/a")], vec![entry("etc/a", content())]),
        ("`..`", vec![file("a/../../b")], vec![refused("b", Rule::Parent)]),
        ("device", vec![Item::new(b'3', "dev/null", "")], vec![refused("dev/null", Rule::Device)]),
        ("FIFO", vec![Item::new(b'6', "run/f", "")], vec![refused("run/f", Rule::Fifo)]),
        (
            "hard link into a lower layer",
            vec![Item::hard_link("a", "b")],
            vec![refused("a", Rule::HardLink)],
        ),
        (
            "hard link to a link",
            vec![Item::symlink("a", "/x"), Item::hard_link("b", "/a")],
            vec![entry("a", Kind::Symlink("/x".into())), entry("b", Kind::Symlink("/x".into()))],
        ),
        (
            "not UTF-8, with contents",
            vec![Item::file(b"a\xff", "x".repeat(2000)), file("b")],
            vec![refused("a\u{fffd}", Rule::NotUtf8), entry("b", content())],
        ),
        (
            "twice",
            vec![file("a"), file("a"), Item::folder("d"), Item::folder("d")],
            vec![refused("a", Rule::Equal), entry("d", Kind::Directory)],
        ),
        (
            "whiteout beside a new file",
            vec![file("d/.wh.a"), file("d/a"), file(".wh.b")],
            vec![
                marker("b", Kind::Whiteout),
                marker("d/a", Kind::Whiteout),
                entry("d/a", content()),
            ],
        ),
        (
            "opaque folder",
            vec![Item::folder("d"), file("d/.wh..wh..opq"), file(".wh..wh..opq")],
            vec![marker("", Kind::Opaque), marker("d", Kind::Opaque), entry("d", Kind::Directory)],
        ),
        (
            "names that lead to the root",
            vec![file(".."), file("a/.."), file("b")],
            vec![entry("b", content())],
        ),
        (
            "whiteouts of no name",
            vec![file(".wh.."), file("d/.wh...")],
            vec![refused(".wh..", Rule::Whiteout), refused("d/.wh...", Rule::Whiteout)],
        ),
        ("names of a storage driver", vec![file(".wh..wh.plnk")], vec![]),
        ("whiteout of nothing", vec![file(".wh.")], vec![refused(".wh.", Rule::Whiteout)]),
        ("below a whiteout", vec![file(".wh.a/b")], vec![refused(".wh.a/b", Rule::Whiteout)]),
    ];
    for (name, items, expected) in rows {
        assert_eq!(decode(&items).entries, expected, "{name}");
    }
}
