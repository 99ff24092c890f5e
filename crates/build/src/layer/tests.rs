//! Reads a chunked layer as its other readers do: by its annotations, frame by frame.

use std::{io::Read as _, ops::Range};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use crc::{CRC_64_GO_ISO, Crc};
use serde_json::Value;

use super::*;
use crate::archive::Kind;

const MIB: usize = 1 << 20;

/// Bytes that do not compress, the same at each run.
fn noise(length: usize, mut seed: u64) -> Vec<u8> {
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn item(path: &str, bytes: &[u8]) -> Item {
    let kind = Kind::File { size: bytes.len() as u64, executable: false };
    let member = Member { path: path.to_owned(), kind, mtime: 315_619_200 };
    let contents = Contents { source: Source::Bytes(bytes.to_vec()), sha256: Sha256::of(bytes) };
    Item { member, contents: Some(contents) }
}

fn other(path: &str, kind: Kind) -> Item {
    Item { member: Member { path: path.to_owned(), kind, mtime: 315_619_200 }, contents: None }
}

fn tree() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("a/empty", Vec::new()),
        ("a/exact", noise(4 * MIB, 1)),
        ("a/large", [noise(5 * MIB, 2), vec![0; 5 * MIB]].concat()),
        ("a/small", b"small".to_vec()),
        ("z", b"at the end".to_vec()),
    ]
}

fn items() -> Vec<Item> {
    let mut items = vec![other("a", Kind::Folder)];
    items.extend(tree().iter().map(|(path, bytes)| item(path, bytes)));
    items.insert(5, other("a/link", Kind::Link("large".to_owned())));
    let same = Kind::Same { first: "a/small".to_owned(), executable: false };
    items.insert(6, other("a/same", same));
    items
}

/// A chunked layer with the parts that its annotations name.
struct Read {
    blob: Vec<u8>,
    toc: Value,
    split: Vec<Value>,
    diff_id: Digest,
}

impl Read {
    fn of(items: &[Item]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layer = write(items, Compression::Zstd, folder.path(), &|_| {}).unwrap();
        let blob = fs_err::read(&layer.path).unwrap();
        assert_eq!(Digest::sha256(&blob), layer.descriptor.digest);
        assert_eq!(layer.path.file_name().unwrap(), layer.descriptor.digest.encoded());
        let said = |key: &str| {
            let key = format!("io.github.containers.zstd-chunked.{key}");
            layer.descriptor.annotations[&key].clone()
        };
        let place = |key: &str| -> Vec<usize> {
            said(key).split(':').map(|number| number.parse().unwrap()).collect()
        };
        let toc = part(&blob, &place("manifest-position"), &said("manifest-checksum"));
        let split = part(&blob, &place("tarsplit-position"), &said("tarsplit-checksum"));
        let toc: Value = serde_json::from_slice(&toc).unwrap();
        assert_eq!(toc["tarSplitDigest"], said("tarsplit-checksum"));
        let split = String::from_utf8(split).unwrap();
        let split = split.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        Self { blob, toc, split, diff_id: layer.diff_id }
    }

    fn entries(&self) -> &[Value] {
        self.toc["entries"].as_array().unwrap()
    }

    /// What the frames in a range of the blob hold.
    fn frames(&self, range: Range<u64>) -> Vec<u8> {
        zstd::decode_all(&self.blob[range.start as usize..range.end as usize]).unwrap()
    }
}

/// A compressed part that an annotation places, within a frame that decoders skip.
fn part(blob: &[u8], place: &[usize], digest: &str) -> Vec<u8> {
    let (at, length, size) = (place[0], place[1], place[2]);
    let bytes = &blob[at..at + length];
    assert_eq!(blob[at - 8..at - 4], 0x184D_2A50_u32.to_le_bytes());
    assert_eq!(blob[at - 4..at], (length as u32).to_le_bytes());
    assert_eq!(Digest::sha256(bytes).to_string(), digest);
    let decoded = zstd::decode_all(bytes).unwrap();
    assert_eq!(decoded.len(), size);
    decoded
}

#[test]
fn every_file_can_be_read_alone() {
    let read = Read::of(&items());
    let number = |entry: &Value, key: &str| entry[key].as_u64().unwrap_or(0);
    for (path, bytes) in tree() {
        let mut of_path = read.entries().iter().filter(|entry| entry["name"] == path);
        let first = of_path.next().unwrap();
        assert_eq!(first["type"], "reg");
        assert_eq!(number(first, "size"), bytes.len() as u64);
        let whole = number(first, "offset")..number(first, "endOffset");
        if bytes.is_empty() {
            assert_eq!(whole, 0..0);
            assert_eq!(first.get("digest"), None);
            continue;
        }
        assert_eq!(first["digest"], Digest::sha256(&bytes).as_str());
        assert!(read.frames(whole.clone()) == bytes, "{path}");
        let chunks: Vec<_> = of_path.collect();
        assert_eq!(1 + chunks.len(), bytes.len().div_ceil(4 * MIB), "{path}");
        let mut end = whole.end;
        for chunk in chunks.iter().rev() {
            assert_eq!(chunk["type"], "chunk");
            let range = number(chunk, "offset")..number(chunk, "endOffset");
            assert_eq!(range.end, end);
            let from = number(chunk, "chunkOffset") as usize;
            let expected = &bytes[from..from + number(chunk, "chunkSize") as usize];
            assert_eq!(chunk["chunkDigest"], Digest::sha256(expected).as_str());
            assert!(read.frames(range.clone()) == expected, "{path}");
            end = range.start;
        }
        let expected = &bytes[..bytes.len().min(4 * MIB)];
        assert!(read.frames(whole.start..end) == expected, "{path}");
    }
}

#[test]
fn the_table_says_what_the_headers_say() {
    let read = Read::of(&items());
    let decoded = zstd::decode_all(&read.blob[..]).unwrap();
    assert_eq!(Digest::sha256(&decoded), read.diff_id);
    let mut archive = tar::Archive::new(&decoded[..]);
    let mut entries = read.entries().iter().filter(|entry| entry["type"] != "chunk");
    for member in archive.entries().unwrap() {
        let member = member.unwrap();
        let header = member.header();
        let entry = entries.next().unwrap();
        let kind = match header.entry_type() {
            tar::EntryType::Directory => "dir",
            tar::EntryType::Regular => "reg",
            tar::EntryType::Symlink => "symlink",
            tar::EntryType::Link => "hardlink",
            other => panic!("{other:?}"),
        };
        assert_eq!(entry["type"], kind);
        assert_eq!(entry["name"].as_str().unwrap().as_bytes(), &*member.path_bytes());
        assert_eq!(entry["mode"], header.mode().unwrap());
        assert_eq!(entry["modtime"], "1980-01-02T00:00:00Z");
        assert_eq!(entry["size"].as_u64().unwrap_or(0), member.size());
        let target = member.link_name_bytes();
        let target = target.as_deref().map(|target| str::from_utf8(target).unwrap());
        assert_eq!(entry.get("linkName").and_then(Value::as_str), target);
    }
    assert_eq!(entries.next(), None);
}

#[test]
fn the_archive_comes_again_from_its_headers_and_files() {
    let read = Read::of(&items());
    let sums = Crc::<u64>::new(&CRC_64_GO_ISO);
    let mut files: Vec<_> = tree().into_iter().rev().collect();
    let mut archive = Vec::new();
    for (position, line) in read.split.iter().enumerate() {
        assert_eq!(line["position"], position);
        let payload = line["payload"].as_str().map(|text| BASE64_STANDARD.decode(text).unwrap());
        match (line["type"].as_u64(), line.get("size")) {
            (Some(2), None) => archive.extend(payload.unwrap()),
            (Some(1), None) => assert_eq!(payload, None),
            (Some(1), Some(size)) => {
                let named = |(path, _): &(&str, Vec<u8>)| line["name"] == *path;
                let found = files.iter().position(named).unwrap();
                let (_, bytes) = files.remove(found);
                assert_eq!(*size, bytes.len());
                assert_eq!(payload.unwrap(), sums.checksum(&bytes).to_be_bytes());
                archive.extend(bytes);
            }
            _ => panic!("{line}"),
        }
    }
    assert_eq!(Digest::sha256(&archive), read.diff_id);
}

#[test]
fn the_footer_says_where_the_table_is() {
    let read = Read::of(&items());
    let footer = &read.blob[read.blob.len() - 64..];
    assert_eq!(&footer[56..], b"GNUlInUx");
    let number = |at: usize| u64::from_le_bytes(footer[8 * at..8 * at + 8].try_into().unwrap());
    let toc = read.frames(number(0)..number(0) + number(1));
    assert_eq!(toc.len() as u64, number(2));
    assert_eq!(serde_json::from_slice::<Value>(&toc).unwrap(), read.toc);
    assert_eq!(number(3), 1);
    assert_eq!(read.frames(number(4)..number(4) + number(5)).len() as u64, number(6));
}

#[test]
fn both_compressions_hold_the_same_archive() {
    let folder = tempfile::tempdir().unwrap();
    let zstd = write(&items(), Compression::Zstd, folder.path(), &|_| {}).unwrap();
    let gzip = write(&items(), Compression::Gzip, folder.path(), &|_| {}).unwrap();
    assert_eq!(zstd.diff_id, gzip.diff_id);
    let bytes = fs_err::read(&gzip.path).unwrap();
    // No flags, no time; the system is unknown.
    assert_eq!(bytes[..8], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
    assert_eq!(bytes[9], 255);
    let mut archive = Vec::new();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut archive).unwrap();
    assert_eq!(Digest::sha256(&archive), gzip.diff_id);
    let left = fs_err::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 2, "nothing but the two blobs stays");
}

#[test]
fn a_file_that_changes_is_not_packed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs_err::write(&path, "12345").unwrap();
    let blobs = folder.path().join("blobs");
    fs_err::create_dir(&blobs).unwrap();
    for (size, sha256) in [(4, b"1234"), (6, b"1234"), (5, b"1234")] {
        let mut item = item("file", b"");
        item.member.kind = Kind::File { size, executable: false };
        let source = Source::File(path.clone());
        item.contents = Some(Contents { source, sha256: Sha256::of(sha256) });
        let failed = write(&[item], Compression::Zstd, &blobs, &|_| {}).unwrap_err();
        assert!(matches!(&failed, Error::Changed { path: found } if *found == path), "{failed}");
    }
    assert_eq!(fs_err::read_dir(&blobs).unwrap().count(), 0, "no blob stays");
}

#[test]
fn a_quick_layer_holds_the_same_archive() {
    let folder = tempfile::tempdir().unwrap();
    let small = write(&items(), Compression::Zstd, folder.path(), &|_| {}).unwrap();
    let quick = write(&items(), Compression::Quick, folder.path(), &|_| {}).unwrap();
    assert_eq!(small.diff_id, quick.diff_id);
    assert_eq!(small.descriptor.media_type, quick.descriptor.media_type);
}
