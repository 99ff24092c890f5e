//! `pkg.lock` between people: merged by git, pushed again behind its back, written by strangers.

use insta::assert_snapshot;

use super::project::{formula, project, read, run, run_in};
use crate::support::{Repository, Sandbox, edition::publish};

/// A [`project`] in git with `base` locked, and two branches: one adds, the other adds too.
fn branched<'a>(
    sandbox: &'a Sandbox,
    base: &str,
    ours: &str,
    theirs: &str,
) -> Option<Repository<'a>> {
    for name in ["aaa", "ggg", "mmm", "zzz"] {
        formula(sandbox, name, &["1.0.0"], "");
    }
    publish(sandbox, "acme", 2, "2026-05-02");
    run(sandbox, base).ok();
    let repository = Repository::new(sandbox, "desk/work")?;
    repository.commit();
    repository.git(&["checkout", "-qb", "theirs"]);
    run(sandbox, theirs).ok();
    repository.commit();
    repository.git(&["checkout", "-q", "main"]);
    run(sandbox, ours).ok();
    repository.commit();
    Some(repository)
}

#[test]
fn two_branches_that_add_apart_merge_and_work() {
    let sandbox = project();
    let Some(repository) = branched(&sandbox, "add app mmm", "add aaa", "add zzz") else { return };
    repository.git(&["merge", "-q", "--no-edit", "theirs"]);
    assert_snapshot!(run(&sandbox, "sync --locked"), @r"
    exit 0
    --- stderr
    Installed zzz 1.0.0 from acme
    Synced 5 packages for linux-amd64-gnu in [HOME]/.local/share/pkg/projects/[ID]/current
    ");
    let merged = read(&sandbox, "work/pkg.lock");
    assert_snapshot!(run(&sandbox, "lock"), @r"
    exit 0
    --- stderr
    Nothing new: pkg.lock, 5 packages for linux-amd64-gnu, linux-arm64-gnu, macos-amd64, macos-arm64
    ");
    assert_eq!(read(&sandbox, "work/pkg.lock"), merged, "the merge is what pkg would have written");
}

#[test]
fn what_git_cannot_merge_is_said_with_its_line() {
    let sandbox = project();
    let Some(repository) = branched(&sandbox, "add app mmm", "add tool@1.0", "add tool@1.1") else {
        return;
    };
    assert!(repository.try_git(&["merge", "-q", "--no-edit", "theirs"]).is_err());
    assert_snapshot!(run(&sandbox, "sync --locked"), @r"
    exit 1
    --- stderr
    error: pkg.lock:13: git left a conflict here: keep the lines of both sides, but one alone for each package and platform

    hint: mend the line, or take one side (`git checkout --ours pkg.lock`) and run `pkg lock`; without the file it makes a new one
    ");
    repository.git(&["checkout", "--ours", "pkg.toml"]);
    assert_snapshot!(run(&sandbox, "sync --locked"), @r"
    exit 1
    --- stderr
    error: pkg.lock:13: git left a conflict here: keep the lines of both sides, but one alone for each package and platform

    hint: mend the line, or take one side (`git checkout --ours pkg.lock`) and run `pkg lock`; without the file it makes a new one
    ");
    repository.git(&["checkout", "--theirs", "pkg.lock"]);
    assert_snapshot!(run(&sandbox, "sync --locked"), @r"
    exit 1
    --- stderr
    error: pkg.lock is not up to date: `tool` is asked for as `1.0`, and locked as `1.1`

    hint: `pkg lock` brings it up to date; commit it
    ");
    assert_snapshot!(run(&sandbox, "lock"), @r"
    exit 0
    --- stderr
    Locked tool 1.1.0 -> 1.0.0
    Wrote pkg.lock, 4 packages for linux-amd64-gnu, linux-arm64-gnu, macos-amd64, macos-arm64
    ");
}

#[test]
fn what_one_side_needs_and_the_other_dropped_is_said() {
    let sandbox = project();
    let host = sandbox.registry().host().to_owned();
    let lock = || read(&sandbox, "work/pkg.lock").replace("[HOST]", &host);
    run(&sandbox, "add tool app").ok();
    let theirs = lock();
    run(&sandbox, "remove app").ok();
    // All lines of ours, and of theirs those of `app` alone.
    let of_app = |line: &&str| line.contains(":\"app\"");
    let joined: Vec<String> =
        lock().lines().chain(theirs.lines().filter(of_app)).map(ToOwned::to_owned).collect();
    sandbox.write("work/pkg.lock", joined.join("\n"));
    assert_snapshot!(run(&sandbox, "sync --frozen"), @r"
    exit 1
    --- stderr
    error: pkg.lock:18: `app` needs `lib >=1`, which has no line for linux-amd64-gnu

    hint: mend the line, or take one side (`git checkout --ours pkg.lock`) and run `pkg lock`; without the file it makes a new one
    ");
    // Theirs, and another word on what it asks for.
    let other = theirs.lines().filter(of_app).map(|line| line.replace("\"*\"", "\"2\""));
    let twice: Vec<String> = theirs.lines().map(ToOwned::to_owned).chain(other).collect();
    sandbox.write("work/pkg.lock", twice.join("\n"));
    assert_snapshot!(run(&sandbox, "sync --locked"), @r"
    exit 1
    --- stderr
    error: pkg.lock:28: request `app` stands in line 11 already

    hint: mend the line, or take one side (`git checkout --ours pkg.lock`) and run `pkg lock`; without the file it makes a new one
    ");
}

#[test]
fn two_branches_that_add_side_by_side_merge_by_a_union() {
    // Both come before `mmm`, whose request the union has twice.
    let sandbox = project();
    let branched = branched(&sandbox, "add mmm", "add hello", "add ggg");
    let Some(repository) = branched else { return };
    sandbox.write("work/.git/info/attributes", "pkg.* merge=union\n");
    repository.git(&["merge", "-q", "--no-edit", "theirs"]);
    let merged = read(&sandbox, "work/pkg.lock");
    let count = |line: &str| merged.lines().filter(|other| *other == line).count();
    assert!(merged.lines().any(|line| !line.is_empty() && count(line) == 2), "{merged}");
    run(&sandbox, "sync --locked").ok();
    run(&sandbox, "lock").ok();
    let written = read(&sandbox, "work/pkg.lock");
    assert_ne!(written, merged, "the merge is put in order");
    run(&sandbox, "lock").ok();
    assert_eq!(read(&sandbox, "work/pkg.lock"), written);
}

#[test]
fn a_tag_that_was_pushed_again_is_noticed() {
    let sandbox = project();
    let host = sandbox.registry().host().to_owned();
    let push = |text: &str| {
        let package = sandbox.registry().package("straight", "1.0");
        package.file("bin/straight", format!("#!/bin/sh\necho {text}\n"), 0o755).push()
    };
    let first = push("first");
    run(&sandbox, &format!("add oci://{host}/straight:1.0")).ok();
    assert_snapshot!(run(&sandbox, "run straight"), @r"
    exit 0
    --- stdout
    first
    ");
    push("second");
    // What is locked is there by its digest, and nothing else is taken.
    let home = sandbox.home().join("elsewhere");
    assert_snapshot!(run_in(&sandbox, "work", &home, "run straight"), @r"
    exit 0
    --- stdout
    first
    --- stderr
    Installed straight 1.0 from direct
    ");
    // A registry that drops what no tag leads to.
    let gone = format!("/v2/straight/manifests/{}", first.manifests[0]);
    sandbox.registry().on(&gone).status(404);
    let third = sandbox.home().join("third");
    assert_snapshot!(run_in(&sandbox, "work", &third, "sync --locked"), @r"
    exit 6
    --- stderr
    error: `straight` is gone as it is locked, be9d5e219ea7: `oci://[HOST]/straight:1.0` was pushed again
      caused by: cannot find the bytes of `straight`
      caused by: cannot get the manifest sha256:[DIGEST] from oci://[HOST]/straight:1.0
      caused by: [HOST]/straight:1.0@sha256:[DIGEST] does not exist
      caused by: GET http://[HOST]/v2/straight/manifests/sha256:[DIGEST] answered 404 Not Found

    hint: if that is meant: `pkg lock --update straight` takes what is there
    ");
    assert_snapshot!(run(&sandbox, "lock --update straight"), @r"
    exit 0
    --- stderr
    warning: `straight` 1.0 was pushed again: its digest was be9d5e219ea7, and is 5d59e95c8bbc now
    warning: not locked for linux-arm64-gnu: cannot find the bytes of `oci://[HOST]/straight:1.0`: oci://[HOST]/straight:1.0 has no package for this platform: there is nothing for linux/arm64 (libc.gnu); there is: linux/amd64
    warning: not locked for macos-amd64: cannot find the bytes of `oci://[HOST]/straight:1.0`: oci://[HOST]/straight:1.0 has no package for this platform: there is nothing for darwin/amd64; there is: linux/amd64
    warning: not locked for macos-arm64: cannot find the bytes of `oci://[HOST]/straight:1.0`: oci://[HOST]/straight:1.0 has no package for this platform: there is nothing for darwin/arm64; there is: linux/amd64
    Wrote pkg.lock, 1 package for linux-amd64-gnu
    ");
    assert_snapshot!(run_in(&sandbox, "work", &third, "run straight"), @r"
    exit 0
    --- stdout
    second
    --- stderr
    Installed straight 1.0 from direct
    ");
}

#[test]
fn what_went_away_below_its_tag_was_not_pushed_again() {
    let sandbox = project();
    let host = sandbox.registry().host().to_owned();
    let package = sandbox.registry().package("straight", "1.0").file("bin/straight", "", 0o755);
    let pushed = package.push();
    run(&sandbox, &format!("add oci://{host}/straight:1.0")).ok();
    let gone = format!("/v2/straight/manifests/{}", pushed.manifests[0]);
    sandbox.registry().on(&gone).status(404);
    let home = sandbox.home().join("elsewhere");
    let output = run_in(&sandbox, "work", &home, "sync --locked");
    assert!(output.code == 3 && !output.stderr.contains("pushed again"), "{output}");
}

#[test]
fn a_registry_that_lies_about_a_digest_is_refused() {
    let sandbox = project();
    run(&sandbox, "add tool").ok();
    let home = sandbox.home().join("elsewhere");
    assert_snapshot!(run_in(&sandbox, "work", &home, "--offline sync --locked"), @r"
    exit 4
    --- stderr
    error: cannot find the bytes of `tool`
      caused by: cannot get the manifest sha256:[DIGEST] from oci://[HOST]/tool:1.1.0
      caused by: [HOST] is not asked while offline

    hint: `pkg sync` brings what is missing, while there is a network
    ");
    sandbox.registry().on("GET /v2/tool/blobs/*").flipped_byte(10);
    assert_snapshot!(run_in(&sandbox, "work", &home, "sync --locked"), @r"
    exit 6
    --- stderr
    error: cannot take sha256:[DIGEST] of `tool` from oci://[HOST]/tool:1.1.0
      caused by: cannot take the archive's bytes
      caused by: [HOST] does not send what was asked for
      caused by: the 134 bytes received for sha256:[DIGEST] have the digest sha256:[DIGEST]
    ");
    sandbox.registry().behave();
    run_in(&sandbox, "work", &home, "sync --locked").ok();
}

#[test]
fn the_lock_of_a_stranger_says_nothing_that_no_formula_may() {
    let sandbox = project();
    run(&sandbox, "add tool").ok();
    let lock = read(&sandbox, "work/pkg.lock").replace("[HOST]", sandbox.registry().host());
    for (said, expect) in [
        (r#""expose":{"bin":{"../../../.bashrc":"bin/tool"}}"#, "pkg.lock:13: "),
        (r#""env":{"LD_PRELOAD":"/tmp/x.so"}"#, "pkg.lock:13: "),
        (
            r#""setup":[{"verb":"write","path":"{prefix}/../../x","text":"","keep":false}]"#,
            "pkg.lock:13: ",
        ),
    ] {
        let hostile =
            lock.replacen("\"license\":\"MIT\"", &format!("\"license\":\"MIT\",{said}"), 1);
        sandbox.write("work/pkg.lock", hostile);
        let output = run(&sandbox, "sync --frozen");
        assert_eq!(output.code, 1, "{output}");
        assert!(output.stderr.contains(expect), "{output}");
    }
}

#[test]
fn a_tap_that_goes_back_is_refused() {
    let sandbox = project();
    publish(&sandbox, "acme", 7, "2026-05-07");
    run(&sandbox, "add tool").ok();
    publish(&sandbox, "acme", 3, "2026-05-03");
    let home = sandbox.home().join("elsewhere");
    assert_snapshot!(run_in(&sandbox, "work", &home, "add lib"), @r"
    exit 6
    --- stderr
    error: tap `acme` is at edition 3, and pkg.lock has packages of edition 7

    hint: if its owner says that this is meant: give it another name under `[taps]` in pkg.toml
    ");
    assert_snapshot!(run(&sandbox, "add lib"), @r"
    exit 6
    --- stderr
    error: cannot bring tap `acme` up to date
      caused by: oci://[HOST]/tap is refused: it has serial 3 now, and had 7 before; a tap never goes back

    hint: if its owner says that this is meant: give it another name under `[taps]` in pkg.toml
    ");
}

#[test]
fn many_at_once_have_the_same() {
    let sandbox = project();
    run(&sandbox, "add app tool").ok();
    let text = fs_err::read(sandbox.home().join("desk/work/pkg.toml")).unwrap();
    let lock = fs_err::read(sandbox.home().join("desk/work/pkg.lock")).unwrap();
    for name in ["one", "two"] {
        sandbox.write(&format!("{name}/pkg.toml"), &text);
        sandbox.write(&format!("{name}/pkg.lock"), &lock);
    }
    let home = sandbox.home().join("elsewhere");
    let words = ["work", "one", "two", "work", "one", "two"].map(|name| (name, "sync --locked"));
    let others = [("work", "cleanup --all"), ("one", "install hello"), ("two", "cleanup")];
    let begin = |(folder, words): (&str, &str)| {
        let mut command = sandbox.command(words);
        command.current_dir(sandbox.home().join("desk").join(folder)).env("HOME", &home);
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command.spawn().unwrap()
    };
    let begun: Vec<_> = words.into_iter().chain(others).map(begin).collect();
    for child in begun {
        sandbox.end(child).ok();
    }
    for folder in ["work", "one", "two"] {
        assert_eq!(run_in(&sandbox, folder, &home, "--offline run tool").stdout, "tool 1.1.0\n");
    }
}

#[test]
fn who_locks_at_the_same_time_locks_the_same() {
    let sandbox = project();
    let text = read(&sandbox, "work/pkg.toml").replace("[HOST]", sandbox.registry().host());
    sandbox.write("work/pkg.toml", format!("{text}app = \"*\"\ntool = \"1.0\"\n"));
    let begin = |_| {
        let mut command = sandbox.command("lock");
        command.current_dir(sandbox.home().join("desk/work"));
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        command.spawn().unwrap()
    };
    let begun: Vec<_> = (0..6).map(begin).collect();
    for child in begun {
        sandbox.end(child).ok();
    }
    run(&sandbox, "sync --locked").ok();
}

#[test]
fn what_may_not_be_used_is_not_had_by_a_lock_either() {
    let sandbox = project();
    sandbox.write("work/formulas/own.toml", "");
    run(&sandbox, "add tool").ok();
    let home = sandbox.home().join("elsewhere");
    fs_err::create_dir_all(home.join(".config/pkg")).unwrap();
    let policy = |text: &str| fs_err::write(home.join(".config/pkg/config.toml"), text).unwrap();
    policy("[policy]\ntaps = [\"core\"]\n");
    assert_snapshot!(run_in(&sandbox, "work", &home, "sync --locked"), @r"
    exit 5
    --- stderr
    error: oci://[HOST]/tap is not on the list of taps that may be used: config.toml:2
    ");
    assert_snapshot!(run_in(&sandbox, "work", &home, "lock --update"), @r"
    exit 5
    --- stderr
    error: cannot bring tap `acme` up to date
      caused by: oci://[HOST]/tap is not on the list of taps that may be used: config.toml:2
    ");
    let text = "[taps]\nacme = \"./formulas\"\n\n[packages]\ntool = \"*\"\n";
    sandbox.write("work/pkg.toml", text);
    assert_snapshot!(run_in(&sandbox, "work", &home, "lock"), @r"
    exit 5
    --- stderr
    error: [HOME]/desk/work/formulas is not on the list of taps that may be used: config.toml:2
    ");
}

/// The formula `tool` says that 1.1.0 is yanked, and `app` that it is deprecated.
fn withdraw(sandbox: &Sandbox) {
    let path = sandbox.home().join("desk/acme/tool.toml");
    let yanked = "[version.\"1.1.0\"]\nyanked = \"it deletes files\"";
    let text = fs_err::read_to_string(&path).unwrap();
    fs_err::write(path, text.replace("[version.\"1.1.0\"]", yanked)).unwrap();
    let extra = "[depends]\nlib = \">=1\"\n[deprecated]\nwhy = \"nobody works on it\"\n";
    formula(sandbox, "app", &["3.0.0"], extra);
    publish(sandbox, "acme", 2, "2026-05-02");
}

#[test]
fn what_is_withdrawn_after_it_was_locked_is_told_and_installed() {
    let sandbox = project();
    run(&sandbox, "add app tool").ok();
    withdraw(&sandbox);
    // Nobody here knows it yet, and nobody asks.
    let home = sandbox.home().join("elsewhere");
    assert_snapshot!(run_in(&sandbox, "work", &home, "sync --locked"), @r"
    exit 0
    --- stderr
    Installed app 3.0.0 from acme
    Installed lib 2.0.0 from acme
    Installed tool 1.1.0 from acme
    Synced 3 packages for linux-amd64-gnu in [HOME]/elsewhere/.local/share/pkg/projects/[ID]/current
    ");
    let host = sandbox.registry().host().to_owned();
    run_in(&sandbox, "acme", &home, &format!("tap add oci://{host}/tap")).ok();
    sandbox.registry().forget_requests();
    assert_snapshot!(run_in(&sandbox, "work", &home, "sync --locked"), @r"
    exit 0
    --- stderr
    Synced 3 packages for linux-amd64-gnu in [HOME]/elsewhere/.local/share/pkg/projects/[ID]/current
    warning: app is deprecated: nobody works on it
    warning: tool 1.1.0 was yanked: it deletes files
    ");
    assert_snapshot!(run_in(&sandbox, "work", &home, "outdated"), @r"
    exit 0
    --- stderr
    warning: pkg.lock: app is deprecated: nobody works on it
    warning: pkg.lock: tool 1.1.0 was yanked: it deletes files
    nothing is outdated
    ");
    assert!(sandbox.registry().requests().is_empty());
    // What the project itself was told of is known as well.
    assert_snapshot!(run(&sandbox, "outdated"), @r"
    exit 0
    --- stderr
    nothing is outdated
    ");
    assert_snapshot!(run(&sandbox, "lock --update"), @r"
    exit 0
    --- stderr
    warning: app is deprecated: nobody works on it
    Locked tool 1.1.0 -> 1.0.0
    Wrote pkg.lock, 3 packages for linux-amd64-gnu, linux-arm64-gnu, macos-amd64, macos-arm64
    ");
    assert_snapshot!(run(&sandbox, "sync"), @r"
    exit 0
    --- stderr
    Downgraded tool 1.1.0 -> 1.0.0 from acme
    Synced 3 packages for linux-amd64-gnu in [HOME]/.local/share/pkg/projects/[ID]/current
    warning: app is deprecated: nobody works on it
    ");
}
