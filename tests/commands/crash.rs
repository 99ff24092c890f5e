//! kill -9 at moments spread over an install and an upgrade: the old state or the new, never more
//! work for the user.
//!
//! A moment is the n-th change to the disk that the whole program makes (see
//! `support::tracer`): first all changes of an undisturbed run are counted, then the program is
//! run again from the same state for each moment, and killed there.

use std::{path::Path, process::Command};

use nix::errno::Errno;

use crate::support::{
    Sandbox, skipped,
    tracer::{self, End},
    tree::{Tree, whole_generation},
};

/// Kills in each of the two commands.
const KILLS: u64 = 110;

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

/// Kills `words` at each moment in turn; `before` and `after` is what `app` says.
fn kill_everywhere(sandbox: &Sandbox, words: &str, before: Option<&str>, after: &str) {
    let root = sandbox.root();
    let run = |moment| {
        let mut traced = sandbox.foreign("/bin/sh");
        traced.args(["-c", tracer::WAITING, "sh", env!("CARGO_BIN_EXE_pkg")]);
        traced.args(words.split(' '));
        tracer::run(&mut traced, moment)
    };
    let saved = sandbox.home().join("saved");
    copy(sandbox.home(), &saved);
    let (old, number) = (state(&root), whole_generation(&root));
    let changes = match run(u64::MAX) {
        Ok(End::Exited(0, changes)) => changes,
        Err(Errno::EPERM | Errno::ENOSYS) => {
            return skipped(&format!("kills of `pkg {words}`"), "nothing may be traced here");
        }
        other => panic!("an undisturbed run ended as {other:?}"),
    };
    let new = state(&root);
    assert!(changes > KILLS, "{changes} changes cannot be {KILLS} moments");
    assert_eq!(whole_generation(&root), number + 1);
    let (mut kills, mut switched) = (0, 0);
    for step in 0..KILLS {
        let moment = 1 + step * changes / KILLS;
        copy(&saved, sandbox.home());
        match run(moment).unwrap() {
            End::Killed => kills += 1,
            // Threads share the work anew each time, so that a run may have a change less.
            End::Exited(code, _) => assert_eq!(code, 0, "moment {moment}"),
        }
        let found = whole_generation(&root);
        assert!([number, number + 1].contains(&found), "moment {moment}: generation {found}");
        switched += u64::from(found > number);
        let installed = old.below(&["cellar", "generations", "receipts", "store", "taps"]);
        let lost = installed.losses_in(&state(&root));
        assert!(lost.is_empty(), "moment {moment}: {lost:#?}");
        assert_eq!(says(&root, "other").unwrap(), "other 1.0.0\n", "moment {moment}");
        let expected = if found > number { Some(after) } else { before };
        assert_eq!(says(&root, "app").as_deref(), expected, "moment {moment}");
        // The next command needs nobody's help, and what it leads to is what would have been.
        sandbox.run(words).ok();
        let different = new.changes_to(&state(&root));
        assert!(different.is_empty(), "moment {moment}: {different:#?}");
    }
    assert!(kills > KILLS - 5, "only {kills} runs were killed");
    assert!((1..KILLS).contains(&switched), "no moment lies on both sides of the switch");
    sandbox.run("pin app").ok();
    assert_eq!(fs_err::read_dir(root.join("staging")).unwrap().count(), 0);
}

#[test]
fn a_kill_in_an_install_leaves_the_old_state_or_the_new() {
    let sandbox = Sandbox::in_memory();
    publish(&sandbox);
    sandbox.run("install other").ok();
    kill_everywhere(&sandbox, "install app@1", None, "app 1.0.0\n");
}

#[test]
fn a_kill_in_an_upgrade_leaves_the_old_state_or_the_new() {
    let sandbox = Sandbox::in_memory();
    publish(&sandbox);
    sandbox.run("install other app@1").ok();
    fs_err::write(sandbox.root().join("etc/edited.conf"), "mine\n").unwrap();
    kill_everywhere(&sandbox, "upgrade app@2 --yes", Some("app 1.0.0\n"), "app 2.0.0\n");
}
