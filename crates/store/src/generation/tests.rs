use std::path::Path;

use super::*;
use crate::{
    Staging,
    sandbox::{Sandbox, id, package},
};

fn write_links(sandbox: &Sandbox, claims: Vec<Claim>) -> u64 {
    let staging = Staging::begin(&sandbox.layout).unwrap();
    let entries = |keg: &keg::Id, path: &str| entries(&sandbox.layout, keg, path);
    let links = layout(claims, &Default::default(), &entries).unwrap();
    let number = write(&sandbox.layout, &staging, &links, &Record::new("test", 7)).unwrap();
    switch(&sandbox.layout, &staging, number).unwrap();
    number
}

fn claim(keg: &str, path: &str, target: &str) -> Claim {
    Claim {
        path: path.trim_end_matches('/').to_owned(),
        folder: path.ends_with('/'),
        keg: id(keg),
        target: target.to_owned(),
    }
}

fn numbers_on_disk(sandbox: &Sandbox) -> Vec<String> {
    let entries = fs_err::read_dir(sandbox.layout.generations()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn links_resolve_through_current_to_the_bytes_of_their_kegs() {
    let sandbox = Sandbox::new();
    sandbox.install("a", &package("bin/a* = run a\nshare/man/man1/a = page a"), &[]);
    sandbox.install("b", &package("bin/b* = run b\nshare/man/man1/b = page b"), &[]);
    let number = write_links(
        &sandbox,
        vec![
            claim("a", "bin/a", "bin/a"),
            claim("b", "bin/renamed", "bin/b"),
            claim("a", "share/man/", "share/man"),
            claim("b", "share/man/", "share/man"),
            claim("a", "opt/a", ""),
        ],
    );
    assert_eq!(number, 1);
    let current = sandbox.layout.current();
    for (path, text) in [
        ("bin/a", "run a"),
        ("bin/renamed", "run b"),
        ("share/man/man1/a", "page a"),
        ("share/man/man1/b", "page b"),
        ("opt/a/share/man/man1/a", "page a"),
    ] {
        assert_eq!(fs_err::read_to_string(current.join(path)).unwrap(), text, "{path}");
    }
    assert_eq!(fs_err::read_link(&current).unwrap(), Path::new("generations/1"));
    let link = fs_err::read_link(current.join("bin/a")).unwrap();
    assert_eq!(link, Path::new("../../../cellar/a/1.0-0123456789ab/bin/a"));
    // Links are relative, so the root may move.
    let moved = sandbox.layout.root().parent().unwrap().join("moved");
    fs_err::rename(sandbox.layout.root(), &moved).unwrap();
    assert_eq!(fs_err::read_to_string(moved.join("current/bin/a")).unwrap(), "run a");
}

#[test]
fn records_read_back_and_numbers_only_grow() {
    let sandbox = Sandbox::new();
    let layout = &sandbox.layout;
    assert_eq!(current(layout).unwrap(), None);
    assert_eq!(list(layout).unwrap(), [0; 0]);
    sandbox.install("a", &package("bin/a* = a"), &[]);
    for number in 1..=11 {
        assert_eq!(sandbox.generation(&["a"]), number);
    }
    assert_eq!(list(layout).unwrap(), (1..=11).collect::<Vec<u64>>());
    for number in [1, 2, 10] {
        remove(layout, number).unwrap();
    }
    assert_eq!(list(layout).unwrap(), [3, 4, 5, 6, 7, 8, 9, 11]);
    assert_eq!(sandbox.generation(&[]), 12);
    let (number, record) = current(layout).unwrap().unwrap();
    assert_eq!((number, record.kegs.len()), (12, 0));
    let record = read(layout, 11).unwrap();
    assert_eq!(record.kegs[0].leaf, id("a").leaf);
}

#[test]
fn what_a_crash_left_half_made_never_counts_and_is_swept() {
    let sandbox = Sandbox::new();
    let layout = &sandbox.layout;
    sandbox.generation(&[]);
    sandbox.generation(&[]);
    fs_err::create_dir_all(layout.generation(3).join("bin")).unwrap();
    fs_err::copy(layout.record(2), layout.record(3)).unwrap();
    fs_err::copy(layout.record(2), layout.record(4)).unwrap();
    fs_err::write(layout.generations().join("README"), "mine").unwrap();
    fs_err::remove_file(layout.record(1)).unwrap();
    assert_eq!(list(layout).unwrap(), [2]);
    sweep(layout).unwrap();
    assert_eq!(numbers_on_disk(&sandbox), ["2", "2.json", "README"]);
    assert_eq!(sandbox.generation(&[]), 3);
}

#[test]
fn without_a_sweep_leftovers_are_no_obstacle_either() {
    let sandbox = Sandbox::new();
    sandbox.generation(&[]);
    fs_err::write(sandbox.layout.record(2), "").unwrap();
    fs_err::create_dir(sandbox.layout.generation(5)).unwrap();
    assert_eq!(sandbox.generation(&[]), 6);
}

#[test]
fn a_current_that_is_not_ours_is_refused() {
    let sandbox = Sandbox::new();
    let layout = &sandbox.layout;
    for target in
        ["elsewhere", "generations/01", "generations/x", "generations/0", "/generations/1"]
    {
        drop(fs_err::remove_file(layout.current()));
        std::os::unix::fs::symlink(target, layout.current()).unwrap();
        let refused = current(layout);
        assert!(matches!(refused, Err(Error::Current { .. })), "{target}: {refused:?}");
    }
}

#[test]
fn a_record_of_a_newer_program_or_a_damaged_one_is_told_apart() {
    let sandbox = Sandbox::new();
    let layout = &sandbox.layout;
    let whole = serde_json::to_value(Record::new("test", 0)).unwrap();
    let with = |key: &str, value: serde_json::Value| {
        let mut record = whole.clone();
        record[key] = value;
        record.to_string()
    };
    let check = |text: &str| {
        fs_err::write(layout.record(1), text).unwrap();
        match read(layout, 1) {
            Ok(_) => "read",
            Err(Error::Newer { schema: 2, .. }) => "newer",
            Err(Error::Parse { .. }) => "damaged",
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(check(&whole.to_string()), "read");
    assert_eq!(check(&with("schema", 2.into())), "newer");
    assert_eq!(check(&with("schema", 2.into()).replace("\"kegs\"", "\"packages\"")), "newer");
    assert_eq!(check(&with("surprise", 2.into())), "damaged");
    assert_eq!(check(&whole.to_string()[..40]), "damaged");
    assert_eq!(check(""), "damaged");
}

#[test]
fn a_record_keeps_everything_it_is_given() {
    let text = r#"{"schema":1,"command":"install a","time":5,"restores":3,
        "kegs":[{"name":"a","slot":"3","tap":"main","version":"1","revision":2,"leaf":"1_2-0",
                 "linked":false,"keg_only":"the system has it"}],
        "requests":{"a@3":"^1"},"pins":["a@3"],"overwritten":{"bin/x":"a"}}"#;
    let record: Record = serde_json::from_str(text).unwrap();
    let written = serde_json::to_value(&record).unwrap();
    assert_eq!(written, serde_json::from_str::<serde_json::Value>(text).unwrap());
}
