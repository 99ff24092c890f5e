//! Zip archives: what is read, and what two readers would read differently.

use std::io::{Cursor, Write as _};

use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use super::{Site, order};
use crate::{
    Content,
    archive::{Entry, Error, Format, Kind, Rule},
};

fn options() -> SimpleFileOptions {
    let time = DateTime::from_date_and_time(2020, 9, 13, 12, 26, 40).unwrap();
    SimpleFileOptions::default().last_modified_time(time)
}

fn zip(write: impl FnOnce(&mut ZipWriter<Cursor<Vec<u8>>>)) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    write(&mut writer);
    writer.finish().unwrap().into_inner()
}

fn one(name: &str, body: &[u8]) -> Vec<u8> {
    zip(|zip| {
        zip.start_file(name, options()).unwrap();
        zip.write_all(body).unwrap();
    })
}

fn rule(blob: &[u8]) -> Rule {
    match Site::new().decode(blob, &order(Some(Format::Zip))) {
        Err(Error::Refused { rule, .. }) => rule,
        other => panic!("{other:?}"),
    }
}

/// Changes every place where `from` stands.
fn replaced(blob: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut blob = blob.to_vec();
    let places: Vec<usize> =
        (0..blob.len() - from.len()).filter(|at| blob[*at..].starts_with(from)).collect();
    assert!(!places.is_empty());
    for at in places {
        blob[at..at + to.len()].copy_from_slice(to);
    }
    blob
}

#[test]
fn entries_modes_links_and_times_are_read() {
    let noise: Vec<u8> = (0..700_000_u32).flat_map(u32::to_le_bytes).collect();
    let blob = zip(|zip| {
        zip.add_directory("bin", options()).unwrap();
        zip.start_file("bin/tool", options().unix_permissions(0o755)).unwrap();
        zip.write_all(b"#!/bin/sh\n").unwrap();
        zip.add_symlink("bin/alias", "tool", options()).unwrap();
        let stored = options().compression_method(CompressionMethod::Stored);
        zip.start_file("large", stored).unwrap();
        zip.write_all(&noise).unwrap();
        zip.start_file("packed", options().compression_method(CompressionMethod::Deflated))
            .unwrap();
        zip.write_all(&noise).unwrap();
    });
    let plan = Site::new().decode(&blob, &order(None)).unwrap();
    let entry = |path: &str, kind| Entry { path: path.into(), kind, mtime: 1_600_000_000 };
    let large = || Kind::File(Content::of(&noise, false));
    let expected = [
        entry("bin", Kind::Directory),
        entry("bin/alias", Kind::Symlink("tool".into())),
        entry("bin/tool", Kind::File(Content::of(b"#!/bin/sh\n", true))),
        entry("large", large()),
        entry("packed", large()),
    ];
    assert_eq!(plan.entries, expected);
    assert_eq!(plan.format, Format::Zip);
    assert_eq!(plan.size_bytes, 10 + 2 * 2_800_000);
}

#[test]
fn names_keep_the_rules() {
    // The writer does not write such names, so each stands in for one of the same length.
    let named = |name: &str| {
        replaced(&one(&"N".repeat(name.len()), b"x"), &b"N".repeat(name.len()), name.as_bytes())
    };
    let rows = [
        ("../x", Rule::Parent),
        ("/x", Rule::Absolute),
        ("a\nb", Rule::Control),
        ("a\\b", Rule::Backslash),
        (".wh.x", Rule::Whiteout),
    ];
    for (name, expected) in rows {
        assert_eq!(rule(&named(name)), expected, "{name}");
    }
    assert_eq!(
        rule(&zip(|zip| {
            zip.start_file("a", options()).unwrap();
            zip.start_file("./a", options()).unwrap();
        })),
        Rule::Equal
    );
}

#[test]
fn what_contradicts_itself_is_refused() {
    let good = one("name", b"some contents");
    let central = good.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
    let changed = |at: usize, byte: u8| {
        let mut blob = good.clone();
        blob[at] ^= byte;
        blob
    };
    let two = zip(|zip| {
        zip.start_file("first", options()).unwrap();
        zip.write_all(b"body").unwrap();
        zip.start_file("other", options()).unwrap();
        zip.write_all(b"body").unwrap();
    });
    let overlapping = {
        let second = two.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
        let mut blob = replaced(&two, b"other", b"first");
        blob[second + 42..second + 46].fill(0);
        blob
    };
    let rows = [
        ("the local name differs", changed(30, 1)),
        ("the central name differs", changed(central + 46, 1)),
        (
            "the checksum is wrong in both",
            changed(14, 1)
                .iter()
                .enumerate()
                .map(|(at, byte)| if at == central + 16 { byte ^ 1 } else { *byte })
                .collect(),
        ),
        ("the sizes differ", changed(central + 24, 1)),
        ("the methods differ", changed(central + 10, 8)),
        ("two entries share their bytes", overlapping),
        ("cut off", good[..good.len() - 1].to_vec()),
        ("only the magic", b"PK\x03\x04".to_vec()),
    ];
    for (name, blob) in rows {
        let error = Site::new().decode(&blob, &order(Some(Format::Zip))).unwrap_err();
        assert!(matches!(error, Error::Zip { .. }), "{name}: {error:?}");
    }
    assert_eq!(rule(&[b"#!/bin/sh\n", &good[..]].concat()), Rule::Prefix);
}

#[test]
fn files_have_the_size_that_both_headers_say() {
    for size in [13, (1 << 20) - 1, 1 << 20, 3 << 20] {
        let good = one("name", &vec![b'x'; size]);
        let central = good.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
        assert!(Site::new().decode(&good, &order(None)).is_ok());
        for wrong in [size - 1, size + 1, size + (1 << 20)] {
            let mut blob = good.clone();
            for at in [22, central + 24] {
                assert_eq!(blob[at..at + 4], (size as u32).to_le_bytes());
                blob[at..at + 4].copy_from_slice(&(wrong as u32).to_le_bytes());
            }
            let error = Site::new().decode(&blob, &order(None)).unwrap_err();
            assert!(matches!(error, Error::Zip { .. }), "{size} {wrong}: {error:?}");
        }
    }
}

#[test]
fn an_entry_that_the_directory_hides_is_refused() {
    let two = zip(|zip| {
        zip.start_file("first", options()).unwrap();
        zip.start_file("other", options()).unwrap();
    });
    let records = |blob: &[u8], magic: &[u8]| -> Vec<usize> {
        (0..blob.len() - 4).filter(|at| blob[*at..].starts_with(magic)).collect()
    };
    let central = records(&two, b"PK\x01\x02");
    let (first, second) = (central[0], central[1]);
    let mut hidden = [&two[..first], &two[second..]].concat();
    let end = records(&hidden, b"PK\x05\x06")[0];
    hidden[end + 8] = 1;
    hidden[end + 10] = 1;
    hidden[end + 12] -= u8::try_from(second - first).unwrap();
    let error = Site::new().decode(&hidden, &order(None)).unwrap_err();
    assert!(matches!(error, Error::Zip { .. }), "{error:?}");
}

#[test]
fn what_cannot_be_read_is_named() {
    let good = one("name", b"x");
    let central = good.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap();
    let with = |offset: usize, byte: u8| {
        let mut blob = good.clone();
        blob[4 + offset] = byte;
        blob[central + 6 + offset] = byte;
        blob
    };
    assert_eq!(rule(&with(2, 1)), Rule::Encrypted);
    assert_eq!(rule(&with(4, 12)), Rule::Method);
    let fifo = zip(|zip| zip.start_file("f", options().unix_permissions(0o644)).unwrap());
    let at = fifo.windows(4).rposition(|bytes| bytes == b"PK\x01\x02").unwrap() + 40;
    let typed = |kind: u16| {
        let mut blob = fifo.clone();
        blob[at..at + 2].copy_from_slice(&(kind | 0o644).to_le_bytes());
        blob
    };
    assert_eq!(rule(&typed(0o010_000)), Rule::Device);
    assert_eq!(rule(&typed(0o140_000)), Rule::Device);
    assert_eq!(rule(&typed(0o040_000)), Rule::Slash);
    assert_eq!(rule(&typed(0o120_000)), Rule::Target);
}

#[test]
fn a_bomb_stops_at_what_it_says() {
    let blob = one("zeros", &vec![0; 64 << 20]);
    let mut order = order(None);
    order.bounds.bytes = Some(1 << 20);
    assert!(matches!(Site::new().decode(&blob, &order), Err(Error::Excess { .. })));
}
