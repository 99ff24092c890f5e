//! kill -9, and calls that fail, at moments spread over commands that change something: the old
//! state or the new, and never any work for the user.
//!
//! A moment is the n-th change to the disk that the whole program makes (see
//! `support::tracer`): first all changes of an undisturbed run are counted, then the program is
//! run again from the same state for each moment, and meets its fault there.

use std::{path::Path, process::Command};

use nix::errno::Errno;

use crate::support::{
    Sandbox, edition, skipped,
    tracer::{self, End, Fault},
    tree::{Tree, whole_generation},
};

/// What lies in the root but staging, which the next change sweeps, and what the lock says.
fn state(root: &Path) -> Tree {
    Tree::of(root).without(&["staging", "lock"])
}

/// Two versions of `app` with settings, setup steps and a dependency; `other` has no part in it.
fn publish(sandbox: &Sandbox) {
    sandbox.formula("other").version("1.0.0");
    let library = sandbox.formula("library");
    drop(library.version("1.0.0").version("2.0.0"));
    let mut app = sandbox
        .formula("app")
        .depends("library = \"1\"")
        .table("[[when]]\nversion = \">=2\"\ndepends = { library = \"2\" }")
        .table("[expose]\nbin = [\"bin/*\"]\netc = [\"etc/*\"]\nshare = [\"share/app\"]")
        .table("[[setup]]\nmkdir = \"{var}/app/cache\"")
        .table("[[setup]]\nwrite = \"{var}/app/state\"\ntext = \"{prefix}\"\nkeep = true")
        .table("[[setup]]\nsymlink = \"{var}/app/link\"\nto = \"{keg}\"");
    for version in ["1.0.0", "2.0.0"] {
        app = app.package(version, |package| {
            let script = format!("#!/bin/sh\necho app {version}\n");
            let package = package
                .file("bin/app", script, 0o755)
                .symlink("bin/also", "app")
                .file("etc/app.conf", format!("of {version}\n"), 0o644)
                .file("etc/edited.conf", format!("of {version}\n"), 0o644);
            (0..12).fold(package, |package, n| {
                let text = if n % 2 == 0 { format!("{n}") } else { format!("{n} of {version}") };
                package.file(&format!("share/app/{}/{n}", n % 3), text, 0o644)
            })
        });
    }
}

/// What a program of the prefix says, if it is there.
fn says(root: &Path, program: &str) -> Option<String> {
    let program = root.join("current/bin").join(program);
    let output = Command::new(program).output().ok()?;
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Copies what a command may change away, or back.
fn copy(from: &Path, to: &Path) {
    for folder in [".local", ".cache"] {
        let (from, to) = (from.join(folder), to.join(folder));
        if to.exists() {
            let opened = Command::new("chmod").args(["-R", "u+w"]).arg(&to).status();
            assert!(opened.unwrap().success());
            fs_err::remove_dir_all(&to).unwrap();
        }
        if from.exists() {
            fs_err::create_dir_all(to.parent().unwrap()).unwrap();
            let copied = Command::new("cp").arg("-a").arg(&from).arg(&to).status();
            assert!(copied.unwrap().success());
        }
    }
}

/// A command and what `app` says before and after it.
struct Change {
    words: &'static str,
    before: Option<&'static str>,
    after: Option<&'static str>,
}

/// Carries out a change once for each of so many moments, and lets it meet a fault there.
fn disturb(sandbox: &Sandbox, change: &Change, moments: u64, faults: &[Fault]) {
    let Change { words, before, after } = *change;
    let root = sandbox.root();
    let run = |moment, fault| tracer::run(&sandbox.command(words), moment, fault);
    let saved = sandbox.home().join("saved");
    copy(sandbox.home(), &saved);
    let (old, number) = (state(&root), whole_generation(&root));
    let changes = match run(0, Fault::Kill) {
        Ok(End::Exited(0, changes)) => changes,
        Err(Errno::EPERM | Errno::ENOSYS) => {
            return skipped("nothing may be traced here");
        }
        other => panic!("an undisturbed run ended as {other:?}"),
    };
    let (new, next) = (state(&root), whole_generation(&root));
    assert!(changes > moments, "{changes} changes cannot be {moments} moments");
    let (mut met, mut failed, mut switched) = (0, 0, 0);
    for (step, fault) in (0..moments).zip(faults.iter().cycle()) {
        let moment = 1 + step * changes / moments;
        copy(&saved, sandbox.home());
        match (run(moment, *fault).unwrap(), fault) {
            (End::Killed, Fault::Kill) => met += 1,
            (End::Exited(code @ (0 | 1), _), Fault::Error(_)) => {
                met += 1;
                failed += code.cast_unsigned();
            }
            // Threads share the work anew each time, so that a run may have a change less.
            (End::Exited(0, _), Fault::Kill) => {}
            (end, fault) => panic!("moment {moment}: {fault:?} led to {end:?}"),
        }
        let found = whole_generation(&root);
        assert!([number, next].contains(&found), "moment {moment}: generation {found}");
        switched += u64::from(found > number);
        // What the command does not change in the end is never changed on the way either.
        let lost = old.common(&new).losses_in(&state(&root));
        assert!(lost.is_empty(), "moment {moment}: {lost:#?}");
        assert_eq!(says(&root, "other").unwrap(), "other 1.0.0\n", "moment {moment}");
        let expected = if found > number { after } else { before };
        assert_eq!(says(&root, "app").as_deref(), expected, "moment {moment}");
        // The next command needs nobody's help, and what it leads to is what would have been.
        sandbox.run(if found == number { words } else { "list" }).ok();
        let different = new.changes_to(&state(&root));
        assert!(different.is_empty(), "moment {moment}: {different:#?}");
    }
    assert!(met > moments - 5, "only {met} runs met a fault");
    let are_kills = matches!(faults, [Fault::Kill]);
    assert!(are_kills || u64::from(failed) * 2 > moments, "only {failed} runs failed");
    assert!(next == number || (1..moments).contains(&switched), "all on one side of the switch");
    sandbox.run("pin app").ok();
    assert_eq!(fs_err::read_dir(root.join("staging")).unwrap().count(), 0);
}

const ONE: Option<&str> = Some("app 1.0.0\n");
const TWO: Option<&str> = Some("app 2.0.0\n");

/// `other` and `app` 1, one of whose settings the user changed.
fn installed() -> Sandbox {
    let sandbox = Sandbox::in_memory();
    publish(&sandbox);
    sandbox.run("install other app@1").ok();
    fs_err::write(sandbox.root().join("etc/edited.conf"), "mine\n").unwrap();
    sandbox
}

const INSTALL: Change = Change { words: "install app@1", before: None, after: ONE };
const UPGRADE: Change = Change { words: "upgrade app@2 --yes", before: ONE, after: TWO };
const UNDO: Change = Change { words: "undo", before: TWO, after: ONE };
const CLEANUP: Change = Change { words: "cleanup --all", before: TWO, after: TWO };

/// Errors of a disk that fails, is full or becomes read-only, and of a descriptor too many.
const ERRORS: &[Fault] = &[
    Fault::Error(Errno::EIO),
    Fault::Error(Errno::ENOSPC),
    Fault::Error(Errno::EROFS),
    Fault::Error(Errno::EMFILE),
    Fault::Error(Errno::EPERM),
];

/// `other` alone.
fn fresh() -> Sandbox {
    let sandbox = Sandbox::in_memory();
    publish(&sandbox);
    sandbox.run("install other").ok();
    sandbox
}

/// `other` and `app` 2, which was 1.
fn upgraded() -> Sandbox {
    let sandbox = installed();
    sandbox.run("upgrade app@2 --yes").ok();
    sandbox
}

#[test]
fn a_kill_in_an_install_leaves_the_old_state_or_the_new() {
    disturb(&fresh(), &INSTALL, 110, &[Fault::Kill]);
}

#[test]
fn a_kill_in_an_upgrade_leaves_the_old_state_or_the_new() {
    disturb(&installed(), &UPGRADE, 110, &[Fault::Kill]);
}

#[test]
fn a_kill_on_the_way_back_leaves_the_old_state_or_the_new() {
    disturb(&upgraded(), &UNDO, 20, &[Fault::Kill]);
}

#[test]
fn a_kill_in_a_cleanup_takes_nothing_that_is_used() {
    disturb(&upgraded(), &CLEANUP, 40, &[Fault::Kill]);
}

#[test]
fn an_error_in_an_install_leaves_the_old_state_or_the_new() {
    disturb(&fresh(), &INSTALL, 60, ERRORS);
}

#[test]
fn an_error_in_an_upgrade_leaves_the_old_state_or_the_new() {
    disturb(&installed(), &UPGRADE, 60, ERRORS);
}

#[test]
fn an_error_in_a_cleanup_takes_nothing_that_is_used() {
    disturb(&upgraded(), &CLEANUP, 40, ERRORS);
}

/// A tap in a registry with one formula, and its next edition.
fn followed() -> Sandbox {
    let sandbox = Sandbox::in_memory();
    let digest = format!("sha256:{}", "0".repeat(64));
    let mut text = "schema = 1\nname = \"tool\"\nsummary = \"A tool\"\nlicense = \"MIT\"\n\n\
                    [source]\nhttp = \"https://tool.example/{version}.tar.gz\"\n"
        .to_owned();
    for (serial, version, day) in [(1, "1.0.0", "2026-05-01"), (2, "2.0.0", "2026-05-02")] {
        text.push_str(&format!("\n[version.\"{version}\"]\nany = \"{digest}\"\n"));
        sandbox.write("acme/tool.toml", &text);
        edition::publish(&sandbox, "acme", serial, day);
        if serial == 1 {
            sandbox.run(&format!("tap add oci://{}/tap", sandbox.registry().host())).ok();
        }
    }
    sandbox
}

#[test]
fn a_fault_in_an_update_leaves_the_old_edition_or_the_new() {
    let sandbox = followed();
    let newest = || {
        let versions = sandbox.run("versions acme/tool --json").ok().json();
        versions["versions"][0]["version"].as_str().unwrap().to_owned()
    };
    let run = |moment, fault| tracer::run(&sandbox.command("update"), moment, fault);
    let saved = sandbox.home().join("saved");
    copy(sandbox.home(), &saved);
    let changes = match run(0, Fault::Kill) {
        Ok(End::Exited(0, changes)) => changes,
        Err(Errno::EPERM | Errno::ENOSYS) => {
            return skipped("nothing may be traced here");
        }
        other => panic!("an undisturbed run ended as {other:?}"),
    };
    let (mut met, mut new) = (0, 0);
    let faults = std::iter::once(&Fault::Kill).chain(ERRORS);
    for (fault, moment) in faults.flat_map(|fault| (1..=changes).map(move |m| (fault, m))) {
        copy(&saved, sandbox.home());
        let end = run(moment, *fault).unwrap();
        met += u64::from(!matches!(end, End::Exited(0, _)));
        let found = newest();
        assert!(["1.0.0", "2.0.0"].contains(&found.as_str()), "{fault:?} {moment}: {found}");
        new += u64::from(found == "2.0.0");
        sandbox.run("update").ok();
        assert_eq!(newest(), "2.0.0", "{fault:?} {moment}");
        let left = fs_err::read_dir(sandbox.root().join("taps/acme")).unwrap().count();
        assert!(left == 2, "{fault:?} {moment}: {left} files");
    }
    assert!(changes > 10 && met > changes, "{met} faults met in {changes} changes");
    assert!(new > 0 && new < changes * 6, "all on one side of the switch");
}
