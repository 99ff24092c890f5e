use std::time::Duration;

use digest::Digest;

use super::*;
use crate::{
    Staging,
    commit::commit,
    faults::eventually,
    in_use::hold,
    sandbox::{self, Sandbox, contents, id, package},
};

fn tool(name: &str) -> Vec<(String, sandbox::Item)> {
    package(&format!("bin/{name}* = run {name}\nshare/{name}/common = in all\nshare/{name}/e ="))
}

/// Kegs a to d; a is in generation 1, a and b in 2, b in 3; d is in none.
fn generations() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in ["a", "b", "c", "d"] {
        sandbox.install(name, &tool(name), &[]);
    }
    sandbox.generation(&["a"]);
    sandbox.generation(&["a", "b"]);
    sandbox.generation(&["b"]);
    sandbox
}

fn needs(keg: &keg::Id) -> Result<Needed, Box<dyn std::error::Error + Send + Sync>> {
    let contents = contents(&tool(&keg.name)).into_iter().map(|(content, _)| content).collect();
    Ok(Needed { contents, plans: Vec::new() })
}

fn collect_all_but(sandbox: &Sandbox, generations: &[u64], kegs: &[&str], dry: bool) -> Freed {
    let keep = Keep {
        generations: generations.iter().copied().collect(),
        kegs: kegs.iter().map(|name| id(name)).collect(),
        guests: Needed::default(),
        leaving: Vec::new(),
        partials_since: SystemTime::UNIX_EPOCH,
        needs: &needs,
    };
    collect(&sandbox.layout, &keep, dry).unwrap()
}

fn names(kegs: &[keg::Id]) -> Vec<&str> {
    kegs.iter().map(|keg| keg.name.as_str()).collect()
}

fn kegs_on_disk(sandbox: &Sandbox) -> Vec<String> {
    let mut found = Vec::new();
    for family in fs_err::read_dir(sandbox.layout.cellar()).unwrap() {
        let family = family.unwrap();
        assert_eq!(fs_err::read_dir(family.path()).unwrap().count(), 1);
        found.push(family.file_name().into_string().unwrap());
    }
    found.sort();
    found
}

/// Every path below the root with its size, to see that nothing changed.
fn snapshot(path: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        found.push((entry.path(), entry.metadata().unwrap().len()));
        if entry.file_type().unwrap().is_dir() {
            found.extend(snapshot(&entry.path()));
        }
    }
    found.sort();
    found
}

#[test]
fn kept_are_current_and_named_generations_named_kegs_and_kegs_in_use() {
    type Row = (&'static [u64], &'static [&'static str], &'static [u64], &'static [&'static str]);
    let rows: &[Row] = &[
        (&[1, 2, 3], &["c", "d"], &[], &[]),
        (&[1, 2, 3], &[], &[], &["c", "d"]),
        (&[2], &[], &[1], &["c", "d"]),
        (&[], &[], &[1, 2], &["a", "c", "d"]),
        (&[], &["a", "nowhere"], &[1, 2], &["c", "d"]),
        (&[7], &[], &[1, 2], &["a", "c", "d"]),
    ];
    for (keep_generations, keep_kegs, freed_generations, freed_kegs) in rows {
        let sandbox = generations();
        let before = snapshot(sandbox.layout.root());
        let dry = collect_all_but(&sandbox, keep_generations, keep_kegs, true);
        assert_eq!(snapshot(sandbox.layout.root()), before, "a dry run changes nothing");
        let freed = collect_all_but(&sandbox, keep_generations, keep_kegs, false);
        assert_eq!(dry, freed, "a dry run says what a real one does");
        assert_eq!(freed.generations, *freed_generations);
        assert_eq!(names(&freed.kegs), *freed_kegs);
        let left: Vec<_> =
            ["a", "b", "c", "d"].into_iter().filter(|name| !freed_kegs.contains(name)).collect();
        assert_eq!(kegs_on_disk(&sandbox), left);
        for name in ["a", "b", "c", "d"] {
            let keg::Id { name, leaf } = id(name);
            let there = sandbox.layout.receipt(&name, &leaf).exists();
            assert_eq!(there, left.contains(&name.as_str()), "receipt of {name}");
            let run = Content::of(format!("run {name}").as_bytes(), true);
            assert_eq!(sandbox.layout.file(&run).exists(), there, "content of {name}");
        }
        assert!(sandbox.layout.file(&Content::of(b"in all", false)).exists());
        assert_eq!(fs_err::read_to_string(sandbox.keg("b").join("bin/b")).unwrap(), "run b");
        assert_eq!(freed.files, freed_kegs.len() as u64);
        assert_eq!(freed.bytes, 5 * freed_kegs.len() as u64);
        assert_eq!(fs_err::read_dir(sandbox.layout.staging()).unwrap().count(), 0);
        let again = collect_all_but(&sandbox, keep_generations, keep_kegs, false);
        assert_eq!(again, Freed::default(), "the second time there is nothing");
    }
}

#[test]
fn a_keg_that_a_program_runs_from_stays_until_it_ends() {
    let sandbox = generations();
    let held = hold(&sandbox.layout, &id("d")).unwrap();
    let freed = collect_all_but(&sandbox, &[], &[], false);
    assert_eq!((names(&freed.kegs), names(&freed.in_use)), (vec!["a", "c"], vec!["d"]));
    assert_eq!(fs_err::read_to_string(sandbox.keg("d").join("bin/d")).unwrap(), "run d");
    drop(held);
    eventually(|| in_use::take(&sandbox.layout, &id("d")).unwrap().is_some());
    let freed = collect_all_but(&sandbox, &[], &[], false);
    assert_eq!((names(&freed.kegs), names(&freed.in_use)), (vec!["d"], vec![]));
}

#[test]
fn when_no_keg_is_left_no_content_is() {
    let sandbox = generations();
    sandbox.generation(&[]);
    let freed = collect_all_but(&sandbox, &[], &[], false);
    assert_eq!((freed.files, freed.bytes), (5, 4 * 5 + 6));
    assert_eq!(kegs_on_disk(&sandbox), [""; 0]);
    for shelf in fs_err::read_dir(sandbox.layout.files_dir()).unwrap() {
        assert_eq!(fs_err::read_dir(shelf.unwrap().path()).unwrap().count(), 0);
    }
}

#[test]
fn a_content_that_a_keg_needs_stays_although_no_link_says_so() {
    let sandbox = generations();
    let content = Content::of(b"run b", true);
    let stored = sandbox.layout.file(&content);
    // As it is where kegs are clones or copies.
    fs_err::copy(&stored, stored.with_extension("copy")).unwrap();
    fs_err::rename(stored.with_extension("copy"), &stored).unwrap();
    collect_all_but(&sandbox, &[], &[], false);
    assert!(stored.exists());
    let keep = Keep {
        generations: BTreeSet::new(),
        kegs: BTreeSet::new(),
        guests: Needed::default(),
        leaving: Vec::new(),
        partials_since: SystemTime::UNIX_EPOCH,
        needs: &|_| Ok(Needed::default()),
    };
    collect(&sandbox.layout, &keep, false).unwrap();
    assert!(!stored.exists());
}

#[test]
fn plans_go_when_a_file_of_theirs_does() {
    let sandbox = generations();
    let staging = Staging::begin(&sandbox.layout).unwrap();
    let plans: Vec<_> = ["a", "b"]
        .into_iter()
        .map(|name| (Digest::sha256(name.as_bytes()), sandbox::plan(&tool(name))))
        .collect();
    commit(&sandbox.layout, &staging, &[], &[], &plans).unwrap();
    let damaged = sandbox.layout.plan(&Digest::sha256(b"damaged"));
    fs_err::create_dir_all(damaged.parent().unwrap()).unwrap();
    fs_err::write(&damaged, "?").unwrap();
    // Its programs are other files of the store than the archive has: the keg still needs it.
    let lost = Digest::sha256(b"damaged");
    let keep = Keep {
        generations: BTreeSet::new(),
        kegs: BTreeSet::new(),
        guests: Needed::default(),
        leaving: Vec::new(),
        partials_since: SystemTime::UNIX_EPOCH,
        needs: &|keg| Ok(Needed { plans: vec![lost.clone()], ..needs(keg)? }),
    };
    assert_eq!(collect(&sandbox.layout, &keep, true).unwrap().plans, 1);
    assert_eq!(collect_all_but(&sandbox, &[], &[], true).plans, 2);
    assert_eq!(collect_all_but(&sandbox, &[], &[], false).plans, 2);
    let there = |name: &str| sandbox.layout.plan(&Digest::sha256(name.as_bytes())).exists();
    assert_eq!((there("a"), there("b"), there("damaged")), (false, true, false));
}

#[test]
fn old_downloads_go_and_young_ones_stay() {
    let sandbox = generations();
    let (old, young) = (Digest::sha256(b"old"), Digest::sha256(b"young"));
    let now = SystemTime::now();
    for (blob, age) in [(&old, 100), (&young, 1)] {
        let path = sandbox.layout.partial(blob);
        fs_err::write(&path, "part").unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(now - Duration::from_secs(age)).unwrap();
    }
    let keep = Keep {
        generations: BTreeSet::from([1, 2]),
        kegs: ["c", "d"].map(id).into(),
        guests: Needed::default(),
        leaving: Vec::new(),
        partials_since: now - Duration::from_secs(50),
        needs: &needs,
    };
    let freed = collect(&sandbox.layout, &keep, false).unwrap();
    assert_eq!(freed, Freed { partials: 1, bytes: 4, ..Freed::default() });
    assert!(!sandbox.layout.partial(&old).exists() && sandbox.layout.partial(&young).exists());
}

#[test]
fn receipts_without_a_keg_go() {
    let sandbox = generations();
    let stray = sandbox.layout.receipt("e", &id("e").leaf);
    fs_err::create_dir_all(stray.parent().unwrap()).unwrap();
    fs_err::write(&stray, "{}").unwrap();
    collect_all_but(&sandbox, &[1, 2], &["c", "d"], false);
    assert!(!stray.exists() && !stray.parent().unwrap().exists());
}

#[test]
fn nothing_is_deleted_when_it_is_not_known_what_is_needed() {
    let sandbox = generations();
    let whole = fs_err::read(sandbox.layout.record(2)).unwrap();
    let keep = Keep {
        generations: BTreeSet::from([2]),
        kegs: BTreeSet::new(),
        guests: Needed::default(),
        leaving: Vec::new(),
        partials_since: SystemTime::UNIX_EPOCH,
        needs: &|_| Err("the receipt is damaged".into()),
    };
    let before = snapshot(sandbox.layout.root());
    let refused = collect(&sandbox.layout, &keep, false);
    assert!(matches!(refused, Err(Error::Needs { .. })));
    assert_eq!(snapshot(sandbox.layout.root()), before);
    let keep = Keep { needs: &needs, ..keep };
    for number in [2, 3] {
        fs_err::write(sandbox.layout.record(number), "{").unwrap();
        let before = snapshot(sandbox.layout.root());
        let refused = collect(&sandbox.layout, &keep, false);
        assert!(matches!(refused, Err(Error::Generation { number: n, .. }) if n == number));
        assert_eq!(snapshot(sandbox.layout.root()), before);
        fs_err::write(sandbox.layout.record(number), &whole).unwrap();
    }
    fs_err::remove_file(sandbox.layout.record(3)).unwrap();
    let refused = collect(&sandbox.layout, &keep, false);
    assert!(matches!(refused, Err(Error::Generation { number: 3, .. })));
}

#[test]
fn a_keg_that_somebody_began_to_use_keeps_its_receipt() {
    let sandbox = generations();
    let receipt = sandbox.layout.receipt("a", &id("a").leaf);
    fs_err::create_dir_all(receipt.parent().unwrap()).unwrap();
    fs_err::write(&receipt, "{}").unwrap();
    let keep = Keep {
        generations: BTreeSet::new(),
        kegs: BTreeSet::new(),
        guests: Needed::default(),
        leaving: Vec::new(),
        partials_since: SystemTime::UNIX_EPOCH,
        needs: &needs,
    };
    let found = found::Found::new(&sandbox.layout, &keep).unwrap();
    assert!(found.freed.kegs.contains(&id("a")) && found.receipts.contains(&receipt));
    let hold = in_use::hold(&sandbox.layout, &id("a")).unwrap();
    delete(&sandbox.layout, &found).unwrap();
    assert!(receipt.exists() && sandbox.layout.keg("a", &id("a").leaf).exists());
    drop(hold);
}
