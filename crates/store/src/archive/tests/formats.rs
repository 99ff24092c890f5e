//! The formats of blobs: found by their bytes, forced, in parts, damaged.

use super::{COMPRESSIONS, Item, Pieces, Site, archive, compress, entry, order};
use crate::{
    Content,
    archive::{Compression, Entry, Error, Format, Kind, Order, Plan, decode},
};

fn items() -> Vec<Item> {
    let noise: Vec<u8> =
        (0..400_000_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761)).to_le_bytes()).collect();
    vec![
        Item::folder("bin"),
        Item::file("bin/tool", "#!/bin/sh\n").mode(0o755),
        Item::symlink("bin/alias", "tool"),
        Item::file("large", noise),
        Item::file("empty", ""),
    ]
}

fn entries(items: &[Item]) -> Vec<Entry> {
    let content = |body: &[u8], executable| Kind::File(Content::of(body, executable));
    vec![
        entry("bin", Kind::Directory),
        entry("bin/alias", Kind::Symlink("tool".into())),
        entry("bin/tool", content(b"#!/bin/sh\n", true)),
        entry("empty", content(b"", false)),
        entry("large", content(&items[3].body, false)),
    ]
}

fn only_file(plan: &Plan) -> (&str, &Content) {
    match &plan.entries[..] {
        [Entry { path, kind: Kind::File(content), .. }] => (path, content),
        other => panic!("{other:?}"),
    }
}

#[test]
fn archives_are_found_by_their_bytes() {
    let (site, items) = (Site::new(), items());
    let tar = archive(&items);
    for compression in COMPRESSIONS {
        let blob = compress(&tar, compression);
        let plan = site.decode(&blob, &order(None)).unwrap();
        assert_eq!(plan.entries, entries(&items), "{compression:?}");
        assert_eq!(plan.format, Format::Tar(compression));
        assert_eq!(plan.size_bytes, 1_600_010);
    }
}

#[test]
fn several_parts_are_one_stream() {
    let (site, items) = (Site::new(), items());
    let tar = archive(&items);
    let (head, rest) = tar.split_at(700);
    let expected = entries(&items);
    for compression in &COMPRESSIONS[1..] {
        let blob = [compress(head, *compression), compress(rest, *compression)].concat();
        let plan = site.decode(&blob, &order(None)).unwrap();
        assert_eq!(plan.entries, expected, "{compression:?}");
    }
    let skippable = |body: &[u8]| {
        [&[0x5e, 0x2a, 0x4d, 0x18][..], &(body.len() as u32).to_le_bytes(), body].concat()
    };
    let zstd = |bytes| compress(bytes, Compression::Zstd);
    let blob = [skippable(b"head"), zstd(head), skippable(b""), zstd(rest), skippable(&[7; 99])];
    assert_eq!(site.decode(&blob.concat(), &order(None)).unwrap().entries, expected);
    let padded = [compress(&tar, Compression::Gzip), vec![0; 10_000]].concat();
    assert_eq!(site.decode(&padded, &order(None)).unwrap().entries, expected);
}

#[test]
fn a_window_of_128_mib_is_read_and_a_larger_one_refused() {
    let site = Site::new();
    let tar = archive(&[Item::file("a", "body")]);
    let windowed = |log| {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(log).unwrap();
        encoder.long_distance_matching(true).unwrap();
        encoder.include_contentsize(false).unwrap();
        std::io::Write::write_all(&mut encoder, &tar).unwrap();
        encoder.finish().unwrap()
    };
    assert!(site.decode(&windowed(27), &order(None)).is_ok());
    let error = site.decode(&windowed(28), &order(None)).unwrap_err();
    assert!(matches!(error, Error::Decompress { compression: Compression::Zstd, .. }), "{error:?}");
}

#[test]
fn what_holds_no_archive_becomes_a_file() {
    let site = Site::new();
    for body in [&b"#!/bin/sh\necho\n"[..], b"", &[0; 2048], &[b'x'; 3 << 20]] {
        for compression in COMPRESSIONS {
            let plan = site.decode(&compress(body, compression), &order(None)).unwrap();
            assert_eq!(only_file(&plan), ("the-file", &Content::of(body, false)));
            assert!(!plan.format.is_archive());
        }
    }
}

#[test]
fn what_was_asked_for_outweighs_the_bytes() {
    let site = Site::new();
    let blob = compress(&archive(&items()), Compression::Gzip);
    let tar = archive(&items());
    let raw = site.decode(&blob, &order(Format::from_name("raw"))).unwrap();
    assert_eq!(only_file(&raw).1, &Content::of(&blob, false));
    let packed = site.decode(&blob, &Order { unpack: false, ..order(None) }).unwrap();
    assert_eq!(packed.entries, raw.entries);
    let unzipped = site.decode(&blob, &order(Format::from_name("gz"))).unwrap();
    assert_eq!(only_file(&unzipped).1, &Content::of(&tar, false));
    let error = site.decode(&blob, &order(Format::from_name("tar.zst"))).unwrap_err();
    assert!(matches!(error, Error::Decompress { compression: Compression::Zstd, .. }));
    let error = site.decode(&blob, &order(Format::from_name("tar"))).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }));
}

#[test]
fn a_name_of_a_file_keeps_the_rules_of_names() {
    let site = Site::new();
    for name in ["../x", "/x", "", "a/", "./a", "a\n"] {
        let order = Order { name: name.to_owned(), ..order(None) };
        assert!(matches!(site.decode(b"x", &order), Err(Error::Refused { .. })), "{name:?}");
    }
    let order = Order { name: "share/a b".to_owned(), ..order(None) };
    assert_eq!(only_file(&site.decode(b"x", &order).unwrap()).0, "share/a b");
}

#[test]
fn damaged_streams_are_refused() {
    let site = Site::new();
    let tar = archive(&items());
    for compression in &COMPRESSIONS[1..] {
        let blob = compress(&tar, *compression);
        for cut in [1, 5, 9, blob.len() / 2] {
            let order = order(Some(Format::Tar(*compression)));
            let error = site.decode(&blob[..blob.len() - cut], &order).unwrap_err();
            assert!(matches!(error, Error::Decompress { .. }), "{compression:?} {cut}: {error:?}");
        }
        let trailing = [&blob[..], b"more"].concat();
        assert!(site.decode(&trailing, &order(None)).is_err(), "{compression:?}");
        // zstd carries no checksum unless it is asked to; there only the blob's digest tells.
        if *compression != Compression::Zstd {
            let mut flipped = blob.clone();
            flipped[blob.len() / 2] ^= 0x10;
            assert!(site.decode(&flipped, &order(None)).is_err(), "{compression:?}");
        }
    }
}

/// The digest's verdict is what the user must hear, not what wrong bytes looked like.
#[test]
fn wrong_bytes_are_called_wrong() {
    let site = Site::new();
    let good = compress(&archive(&items()), Compression::Gzip);
    let hostile = archive(&[Item::file("../x", "")]);
    // More than is under way between the threads when the archive is refused.
    let long = [&hostile[..512], &vec![1; 12 << 20]].concat();
    let zip = b"PK\x03\x04 and no more";
    for blob in
        [&good[..], &good[..good.len() / 2], &hostile, &long, b"\x1f\x8b\x08 no gzip", zip, b""]
    {
        let staging = site.staging();
        let pieces = Box::new(Pieces::refused(blob, "digest"));
        let error = decode(pieces, &order(None), &staging, &|_| false).unwrap_err();
        let Error::Fetch { source } = &error else { panic!("{error:?}") };
        assert_eq!(source.to_string(), "digest");
    }
}

#[test]
fn what_the_store_has_is_not_staged() {
    let site = Site::new();
    let items = items();
    let blob = archive(&items);
    let (staging, large) = (site.staging(), Content::of(&items[3].body, false));
    let tool = Content::of(b"#!/bin/sh\n", true);
    let present = |content: &Content| *content == large || *content == tool;
    let plan = decode(Box::new(Pieces::of(&blob)), &order(None), &staging, &present).unwrap();
    assert_eq!(plan.entries, entries(&items));
    assert!(!staging.contains(&large) && !staging.contains(&tool));
}

#[test]
fn a_plan_answers_orders_that_would_read_the_same() {
    let site = Site::new();
    let named = |name: &str| order(Format::from_name(name));
    let tar = compress(&archive(&items()), Compression::Gzip);
    let found = site.decode(&tar, &order(None)).unwrap();
    let raw = site.decode(&tar, &named("raw")).unwrap();
    let other_name = Order { name: "other".into(), ..named("raw") };
    let image = Order { profile: super::Profile::Image, ..order(None) };
    let rows = [
        (&found, order(None), true),
        (&found, named("tar.gz"), true),
        (&found, Order { name: "other".into(), ..order(None) }, true),
        (&found, named("raw"), false),
        (&found, named("zip"), false),
        (&found, image, false),
        (&found, Order { unpack: false, ..order(None) }, false),
        (&raw, named("raw"), true),
        (&raw, Order { unpack: false, ..order(None) }, true),
        (&raw, order(None), false),
        (&raw, other_name, false),
    ];
    for (plan, order, expected) in rows {
        assert_eq!(plan.answers(&order), expected, "{order:?}");
    }
}

#[test]
fn contents_that_the_store_holds_are_not_staged() {
    let (site, items) = (Site::new(), items());
    let (blob, staging) = (archive(&items), site.staging());
    let plan = decode(Box::new(Pieces::of(&blob)), &order(None), &staging, &|_| true).unwrap();
    assert_eq!(plan.entries, entries(&items));
    assert!(plan.contents().filter(|content| !content.is_empty()).count() > 1);
    for content in plan.contents() {
        assert_eq!(staging.contains(content), content.is_empty(), "{content:?}");
    }
}

#[test]
fn what_keeps_files_from_being_written_is_the_error() {
    let small: Vec<Item> =
        (0..3000).map(|n| Item::file(format!("{n}"), format!("file {n}"))).collect();
    let refused = [items(), vec![Item::file("../out", "")]].concat();
    for items in [small, items(), refused] {
        let site = Site::new();
        let (blob, staging) = (archive(&items), site.staging());
        fs_err::remove_dir_all(staging.path()).unwrap();
        let error = decode(Box::new(Pieces::of(&blob)), &order(None), &staging, &|_| false);
        assert!(matches!(error, Err(Error::Stage { .. })), "{error:?}");
    }
}
