//! Worlds in which the program must say what is wrong, and lose nothing.
//!
//! Root may write everywhere, so a read-only and a full disk are mounts in a namespace of the
//! test's own; where the kernel gives none to users, those tests say that they are skipped.

use std::os::unix::{fs::PermissionsExt as _, process::ExitStatusExt as _};

use crate::support::{
    Output, Sandbox, noise, skipped,
    tree::{Tree, whole_generation},
};

fn publish(sandbox: &Sandbox) {
    sandbox.formula("one").version("1.0.0");
    sandbox.formula("two").version("1.0.0");
    let big = sandbox.formula("big").table("[expose]\netc = [\"etc/*\"]");
    drop(big.package("1.0.0", |package| {
        let package = package.file("bin/big", "#!/bin/sh\necho big 1.0.0\n", 0o755).file(
            "etc/big.conf",
            "setting\n",
            0o644,
        );
        (0..8).fold(package, |package, n| {
            package.file(&format!("share/big/{n}"), noise(n, 40_000), 0o644)
        })
    }));
}

/// Runs a script as root of a namespace with mounts of its own; `None` where there is none.
fn with_mounts(sandbox: &Sandbox, script: &str) -> Option<Output> {
    let possible = "unshare -Urm mount -t tmpfs tmpfs /tmp";
    if !sandbox.shell(possible).output().unwrap().status.success() {
        return None;
    }
    let mut command = sandbox.foreign("unshare");
    command.args(["-Urm", "/bin/sh", "-c", script]);
    command.env("pkg", env!("CARGO_BIN_EXE_pkg")).env("root", sandbox.root());
    Some(sandbox.finish(&mut command))
}

#[test]
fn a_read_only_root_is_read_and_not_changed() {
    let sandbox = Sandbox::new();
    publish(&sandbox);
    sandbox.run("install one").ok();
    let before = Tree::of(&sandbox.root());
    for (words, exit, says) in [
        ("list", 0, "one  1.0.0"),
        ("info one", 0, "1.0.0"),
        ("files one", 0, "bin/one"),
        ("history", 0, "install one"),
        ("install one", 0, "installed already"),
        ("install two --dry-run", 0, "Install  two"),
        ("install two", 1, "Read-only file system"),
        ("uninstall one", 1, "Read-only file system"),
        ("pin one", 1, "Read-only file system"),
        ("tap remove test", 1, "Read-only file system"),
    ] {
        let script = format!(
            "mount --bind \"$root\" \"$root\" && mount -o remount,ro,bind \"$root\" || exit 99\n\
             \"$root/current/bin/one\" >/dev/null || exit 98\nexec \"$pkg\" {words}"
        );
        let Some(output) = with_mounts(&sandbox, &script) else {
            return skipped("no mounts for users");
        };
        assert_eq!(output.code, exit, "{words}: {output}");
        let printed = format!("{}{}", output.stdout, output.stderr);
        assert!(printed.contains(says), "{words}: {output}");
        assert!(exit == 0 || printed.contains("error: "), "{words}: {output}");
        let changes = before.changes_to(&Tree::of(&sandbox.root()));
        assert!(changes.is_empty(), "{words}: {changes:?}");
    }
}

#[test]
fn a_full_disk_loses_nothing() {
    let sandbox = Sandbox::new();
    publish(&sandbox);
    let (mut foreseen, mut full, mut enough) = (0, 0, 0);
    let sizes = [96, 192, 320, 344, 352, 360, 368, 376, 384, 400, 512].map(|kib| (kib, 0));
    let inodes = [56, 60, 64, 68, 72, 76, 80, 84, 88, 96, 120, 200].map(|inodes| (8_192, inodes));
    for (kib, inodes) in sizes.into_iter().chain(inodes) {
        let script = format!(
            "mount -t tmpfs -o size={kib}k,nr_inodes={inodes},mode=0755 tmpfs \"$root\" || exit 99\n\
             \"$pkg\" tap add ../test -q && \"$pkg\" install one -q || exit 98\n\
             \"$pkg\" install big; echo \"first: $?\"\n\
             \"$root/current/bin/one\" && \"$pkg\" list && ls \"$root/staging\"\n\
             \"$pkg\" uninstall one || {{ \"$pkg\" cleanup --all && \"$pkg\" uninstall one; }}\n\
             echo \"uninstall: $?\"\n\
             mount -o remount,size=8m,nr_inodes=0 \"$root\" || exit 97\n\
             \"$pkg\" install big one -q; echo \"then: $?\"\n\
             \"$root/current/bin/big\" && \"$root/current/bin/one\""
        );
        let Some(output) = with_mounts(&sandbox, &script) else {
            return skipped("no mounts for users");
        };
        let what = format!("{kib} KiB, {inodes} inodes: {output}");
        assert_eq!(output.code, 0, "{what}");
        let lines: Vec<&str> = output.stdout.lines().collect();
        let end = ["uninstall: 0", "then: 0", "big 1.0.0", "one 1.0.0"];
        assert!(lines.ends_with(&end), "{what}");
        if lines[0] == "first: 0" {
            enough += 1;
            continue;
        }
        assert_eq!(lines[..3], ["first: 1", "one 1.0.0", "one  1.0.0  from test"], "{what}");
        assert_eq!(lines.len(), 3 + end.len(), "something is left in staging: {what}");
        assert!(output.stderr.contains("hint: `pkg cleanup` makes room"), "{what}");
        // Most of it is foreseen; what a filesystem needs besides the bytes is not.
        if output.stderr.contains(" are needed below ") {
            foreseen += 1;
        } else {
            assert!(output.stderr.contains("No space left on device"), "{what}");
            full += 1;
        }
    }
    let found = [foreseen, full, enough];
    assert!(found.iter().all(|count| *count > 1), "foreseen, full, enough: {found:?}");
}

#[test]
fn a_home_that_nobody_can_tell_is_asked_for() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.foreign("unshare");
    command.args(["-U", "--map-user=4242", env!("CARGO_BIN_EXE_pkg"), "list"]).env_remove("HOME");
    let output = sandbox.finish(&mut command);
    if output.stderr.starts_with("unshare: ") {
        return skipped("no namespaces for users");
    }
    assert_eq!(output.code, 2, "{output}");
    assert!(output.stderr.contains("nothing says where your home is"), "{output}");
    assert!(output.stderr.contains("`--root` or `PKG_ROOT`"), "{output}");
}

#[test]
fn without_home_a_named_root_is_enough() {
    let sandbox = Sandbox::new();
    let root = sandbox.home().join("root");
    for words in ["install hello --offline", "list", "info hello", "undo"] {
        let mut command = sandbox.command(words);
        command.env_remove("HOME").env("PKG_ROOT", &root);
        for name in ["XDG_CONFIG_HOME", "XDG_CACHE_HOME"] {
            command.env(name, sandbox.home().join(name));
        }
        sandbox.finish(&mut command).ok();
    }
    assert_eq!(whole_generation(&root), 2);
}

#[test]
fn whoever_reads_the_answer_may_go() {
    let sandbox = Sandbox::new();
    for script in [
        "{ \"$pkg\" search; echo $? >&2; } | head -n 1 >/dev/null",
        "{ \"$pkg\" search --json; echo $? >&2; } | head -c 1 >/dev/null",
        "{ \"$pkg\" man; echo $? >&2; } | true",
        "\"$pkg\" list --quiet >&-; echo $? >&2",
        "\"$pkg\" install hello --offline >&- 2>&-; echo $? >&2",
        "\"$pkg\" list >/dev/null <&-; echo $? >&2",
    ] {
        let output = sandbox.finish(&mut sandbox.shell(script));
        assert_eq!(output.stderr, "0\n", "{script}");
    }
    assert_eq!(whole_generation(&sandbox.root()), 1);
}

#[test]
fn every_umask_makes_a_root_that_only_its_user_writes() {
    for umask in ["000", "022", "077", "777"] {
        let sandbox = Sandbox::new();
        publish(&sandbox);
        fs_err::remove_dir_all(sandbox.root()).unwrap();
        let script = format!(
            "umask {umask} && \"$pkg\" tap add ../test && \"$pkg\" install big one && \
             \"$pkg\" uninstall one"
        );
        let output = sandbox.finish(&mut sandbox.shell(&script));
        if umask == "777" {
            // Nobody can work so but root; what counts is that it is said.
            assert!([0, 1].contains(&output.code), "{output}");
            continue;
        }
        assert_eq!(output.code, 0, "{umask}: {output}");
        let tree = Tree::of(&sandbox.root());
        let writable = tree.writable_by_others();
        assert!(writable.is_empty(), "{umask}: {writable:?}");
        let cache = fs_err::metadata(sandbox.home().join(".cache/pkg")).unwrap();
        assert_eq!(cache.permissions().mode() & 0o077, 0, "{umask}");
        assert_eq!(sandbox.says("bin/big"), "big 1.0.0\n");
    }
}

#[test]
fn a_working_folder_that_is_gone_matters_only_where_it_is_meant() {
    let sandbox = Sandbox::new();
    for (words, exit, says) in [
        ("install hello --offline", 0, "Installed hello"),
        ("list", 0, "hello"),
        ("uninstall hello", 0, "Removed hello"),
        ("list --root here", 2, "cannot tell which folder `--root here` names"),
        ("tap add .", 3, "error: "),
        ("check", 3, "error: "),
    ] {
        let script =
            format!("mkdir ../gone && cd ../gone && rmdir ../gone && exec \"$pkg\" {words}");
        let output = sandbox.finish(&mut sandbox.shell(&script));
        let printed = format!("{}{}", output.stdout, output.stderr);
        assert!(output.code == exit && printed.contains(says), "{words}: {output}");
    }
}

#[test]
fn too_few_descriptors_are_said_and_lose_nothing() {
    let sandbox = Sandbox::new();
    publish(&sandbox);
    sandbox.run("install one").ok();
    let (mut few, mut enough) = (0, 0);
    for limit in [10, 12, 14, 16, 18, 20, 24, 32, 64] {
        let script = format!("ulimit -n {limit} && exec \"$pkg\" install big");
        let output = sandbox.finish(&mut sandbox.shell(&script));
        if output.code == 0 {
            enough += 1;
            sandbox.run("uninstall big").ok();
            fs_err::remove_dir_all(sandbox.root().join("store/plans")).unwrap();
            continue;
        }
        few += 1;
        assert!([1, 2, 4].contains(&output.code), "{limit}: {output}");
        assert!(output.stderr.contains("Too many open files"), "{limit}: {output}");
        let packages = sandbox.run("list --json").ok().json();
        assert_eq!(packages["packages"].as_array().unwrap().len(), 1, "{limit}");
        assert_eq!(sandbox.says("bin/one"), "one 1.0.0\n");
    }
    assert!(few > 0 && enough > 0, "{few} limits were too low, {enough} high enough");
    sandbox.run("install big").ok();
}

#[test]
fn files_that_may_not_grow_lose_nothing() {
    let sandbox = Sandbox::new();
    publish(&sandbox);
    sandbox.run("install one").ok();
    let before = Tree::of(&sandbox.root()).without(&["lock", "staging"]);
    let mut command = sandbox.shell("ulimit -f 8 && exec \"$pkg\" install big");
    let status = command.output().unwrap().status;
    assert!(status.code() == Some(1) || status.signal().is_some(), "{status}");
    let after = Tree::of(&sandbox.root()).without(&["lock", "staging"]);
    assert!(before.changes_to(&after).is_empty(), "{:?}", before.changes_to(&after));
    sandbox.run("install big").ok();
}
