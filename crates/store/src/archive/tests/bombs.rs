//! Small archives that unpack to something enormous: each stops at a bound.

use super::{Item, Site, archive, compress, endless, order};
use crate::archive::{Compression, Error, Excess, Format};

const GIB: usize = 1 << 30;

/// 1 GiB of zeros after `head`, made of one compressed part again and again.
fn zeros(head: &[u8], compression: Compression) -> Vec<u8> {
    let part = vec![0; 16 << 20];
    let rest = compress(&part, compression);
    let mut blob = compress(head, compression);
    for _ in 0..GIB / part.len() {
        blob.extend_from_slice(&rest);
    }
    blob
}

fn excess(blob: &[u8], format: Option<Format>) -> Excess {
    match Site::new().decode(blob, &order(format)) {
        Err(Error::Excess { source }) => source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn zeros_in_a_file_stop_before_they_are_read() {
    let head = Item::file("zeros", "").saying(GIB as u64);
    for compression in [Compression::Gzip, Compression::Zstd] {
        let blob = zeros(&endless(std::slice::from_ref(&head)), compression);
        assert!(blob.len() < 8 << 20);
        assert_eq!(excess(&blob, None), Excess::Bytes { limit: 512 << 20 });
    }
}

#[test]
fn zeros_without_an_archive_stop_at_the_bound() {
    for compression in [Compression::Gzip, Compression::Zstd] {
        let mut order = order(None);
        order.bounds.bytes = Some(10 << 20);
        let Err(Error::Excess { source }) =
            Site::new().decode(&zeros(b"no archive", compression), &order)
        else {
            panic!("{compression:?}");
        };
        assert!(matches!(source, Excess::DeclaredBytes { declared: 10_485_760, .. }), "{source:?}");
    }
}

#[test]
fn zeros_after_the_end_stop_at_the_bound_of_the_stream() {
    let head = archive(&[Item::file("a", "")]);
    let blob = zeros(&head, Compression::Zstd);
    assert!(matches!(excess(&blob, None), Excess::Stream { .. }));
}

#[test]
fn a_folder_of_empty_files_stops_at_its_number() {
    let items: Vec<Item> = (0..200_000).map(|n| Item::file(format!("e{n}"), "")).collect();
    for compression in [Compression::Gzip, Compression::Zstd] {
        let blob = compress(&archive(&items), compression);
        assert!(blob.len() < 4 << 20);
        assert_eq!(excess(&blob, None), Excess::Entries { limit: 50_000 }, "{compression:?}");
    }
}

#[test]
fn long_names_stop_at_their_sum() {
    let folder = ["x".repeat(250), "y".repeat(250), "z".repeat(250)].join("/");
    let items: Vec<Item> = (0..20_000)
        .flat_map(|n| [Item::pax(&[("path", &format!("{folder}/{n}"))]), Item::file("a", "")])
        .collect();
    let blob = compress(&archive(&items), Compression::Zstd);
    assert_eq!(excess(&blob, None), Excess::Names { limit: 50_000 * 256 });
}

#[test]
fn headers_without_entries_stop_at_the_bound_of_the_stream() {
    let comment = "x".repeat(1_000_000);
    let global = Item::new(b'g', "g", super::pax_records(&[("comment", &comment)]));
    let part = compress(&endless(&vec![global; 16]), Compression::Zstd);
    let blob = part.repeat(60);
    assert!(matches!(excess(&blob, Some(Format::Tar(Compression::Zstd))), Excess::Stream { .. }));
}
