//! What holds for every tree, and for every string of bytes.

use std::collections::BTreeMap;

use proptest::{collection, prelude::*, sample};

use super::{COMPRESSIONS, Site, compress, order};
use crate::{
    Content,
    archive::{Compression, Entry, Format, Kind, Order, Plan, Profile},
};

#[derive(Debug, Clone)]
enum Thing {
    Folder,
    File(Vec<u8>, bool),
    Link(String),
}

fn thing() -> impl Strategy<Value = Thing> {
    prop_oneof![
        4 => Just(Thing::Folder),
        8 => (collection::vec(any::<u8>(), 0..3000), any::<bool>())
            .prop_map(|(bytes, executable)| Thing::File(bytes, executable)),
        // Around the sizes at which a file is no longer held in memory.
        1 => (1_048_000..1_049_000_usize, any::<u8>())
            .prop_map(|(size, byte)| Thing::File(vec![byte; size], false)),
        4 => "[a-z]{1,40}(/[a-z]{1,40}){0,3}".prop_map(Thing::Link),
    ]
}

fn name() -> impl Strategy<Value = String> {
    // Short alphabets make equal and nested names likely; the last makes names long.
    collection::vec("[ab]|[a-zé .~-]{1,9}[a-z]|[x]{90,120}", 1..6).prop_map(|parts| parts.join("/"))
}

fn written(things: &BTreeMap<String, Thing>, pax: bool) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (position, (path, thing)) in things.iter().enumerate() {
        let mut header = tar::Header::new_gnu();
        header.set_mtime(7);
        header.set_size(0);
        header.set_mode(0o644);
        // A name of its own in each header, so that a damaged PAX header shows.
        let number = position.to_string();
        let path = if pax {
            let records = [("path", path.as_bytes()), ("SCHILY.dev", b"7")];
            builder.append_pax_extensions(records).unwrap();
            &number
        } else {
            path
        };
        match thing {
            Thing::Folder => {
                header.set_entry_type(tar::EntryType::Directory);
                builder.append_data(&mut header, path, &[][..]).unwrap();
            }
            Thing::File(bytes, executable) => {
                header.set_size(bytes.len() as u64);
                header.set_mode(if *executable { 0o755 } else { 0o644 });
                builder.append_data(&mut header, path, &bytes[..]).unwrap();
            }
            Thing::Link(target) => {
                header.set_entry_type(tar::EntryType::Symlink);
                builder.append_link(&mut header, path, target).unwrap();
            }
        }
    }
    builder.into_inner().unwrap()
}

fn kind(thing: &Thing) -> Kind {
    match thing {
        Thing::Folder => Kind::Directory,
        Thing::File(bytes, executable) => Kind::File(Content::of(bytes, *executable)),
        Thing::Link(target) => Kind::Symlink(target.clone()),
    }
}

fn profile() -> impl Strategy<Value = Profile> {
    sample::select(&[Profile::Strict, Profile::Image][..])
}

fn plain() -> Order {
    order(Some(Format::Tar(Compression::None)))
}

#[test]
fn trees_come_out_as_they_went_in() {
    let site = Site::new();
    let things = collection::btree_map(name(), thing(), 0..20);
    let config = ProptestConfig::with_cases(48);
    proptest!(config, |(things in things, compression in sample::select(&COMPRESSIONS[..]), pax in any::<bool>())| {
        let blob = compress(&written(&things, pax), compression);
        let plan = site.decode(&blob, &order(Some(Format::Tar(compression)))).unwrap();
        let expected: Vec<Entry> = things
            .iter()
            .map(|(path, thing)| Entry { path: path.clone(), kind: kind(thing), mtime: 7 })
            .collect();
        prop_assert_eq!(&plan.entries, &expected);
        prop_assert_eq!(Plan::from_bytes(&plan.to_bytes()), Ok(plan));
    });
}

#[test]
fn no_bytes_break_the_reader() {
    let site = Site::new();
    let heads: &[&[u8]] =
        &[b"", b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"BZh9"];
    let bytes = collection::vec(any::<u8>(), 0..3000);
    proptest!(ProptestConfig::with_cases(128), |(bytes in bytes, head in sample::select(heads), profile in profile())| {
        // Random bytes may well be a file; that nothing panics is all there is to see.
        let order = Order { profile, ..order(None) };
        let _ = site.decode(&[head, &bytes].concat(), &order).is_ok();
    });
}

/// A small archive of which a few bytes were changed, half of them with a right checksum after.
pub(super) fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let small = prop_oneof![
        Just(Thing::Folder),
        Just(Thing::File(b"body".to_vec(), false)),
        Just(Thing::Link("a".to_owned())),
    ];
    let things = collection::btree_map(name(), small, 1..6);
    let damage = collection::vec((any::<sample::Index>(), any::<u8>(), any::<bool>()), 1..6);
    (things, damage, any::<bool>()).prop_map(|(things, damage, pax)| {
        let mut blob = written(&things, pax);
        for (place, byte, mend) in damage {
            let place = place.index(blob.len());
            blob[place] = byte;
            if mend {
                let block = &mut blob[place / 512 * 512..][..512];
                let mut header = tar::Header::from_byte_slice(block).clone();
                header.set_cksum();
                block.copy_from_slice(header.as_bytes());
            }
        }
        blob
    })
}

#[test]
fn no_damage_breaks_the_reader() {
    let site = Site::new();
    let config = ProptestConfig::with_cases(128);
    proptest!(config, |(blob in damaged(), profile in profile())| {
        if let Ok(plan) = site.decode(&blob, &Order { profile, ..plain() }) {
            prop_assert_eq!(Plan::from_bytes(&plan.to_bytes()), Ok(plan));
        }
    });
}

#[test]
fn a_damaged_plan_is_refused() {
    let site = Site::new();
    let things = collection::btree_map(name(), thing(), 1..4);
    let config = ProptestConfig::with_cases(64);
    proptest!(config, |(things in things, place in any::<sample::Index>(), bit in 0..8_u32)| {
        let mut text = site.decode(&written(&things, false), &plain()).unwrap().to_bytes();
        let place = place.index(text.len());
        text[place] ^= 1 << bit;
        prop_assert!(Plan::from_bytes(&text).is_err());
        text.truncate(place);
        prop_assert!(Plan::from_bytes(&text).is_err());
    });
}
