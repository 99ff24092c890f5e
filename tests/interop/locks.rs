//! A lock against registries of others: some keep what a tag has left, one drops it at once.

use super::{desk::Desk, peers, registry::Kind};
use crate::support::Output;

fn push(desk: &Desk, text: &str) {
    desk.sandbox.write("tool", format!("#!/bin/sh\necho {text}\n"));
    desk.sh("oras push --plain-http $REGISTRY/acme/tool:1.0 tool");
}

/// The program in the project, with a home of that name.
fn run(desk: &Desk, home: &str, words: &str) -> Output {
    let home = desk.sandbox.home().join(home);
    fs_err::create_dir_all(&home).unwrap();
    let mut command = desk.sandbox.command(words);
    desk.sandbox.finish(command.current_dir(desk.folder().join("work")).env("HOME", home))
}

#[test]
fn a_tag_that_was_pushed_again_changes_nothing_or_is_refused() {
    if !peers::are_here(&["oras"]) {
        return;
    }
    for desk in Desk::all() {
        push(&desk, "first");
        desk.sandbox.write("work/pkg.toml", "[packages]\n");
        run(&desk, "one", &format!("add oci://{}/acme/tool:1.0", desk.host())).ok();
        push(&desk, "second");
        assert_eq!(run(&desk, "one", "run tool").ok().stdout, "first\n");
        let elsewhere = run(&desk, "two", "sync --locked");
        if desk.registry.kind == Kind::Zot {
            assert_eq!(elsewhere.code, 6, "{elsewhere}");
            assert!(elsewhere.stderr.contains("was pushed again"), "{elsewhere}");
        } else {
            elsewhere.ok();
            assert_eq!(run(&desk, "two", "run tool").ok().stdout, "first\n");
        }
        let update = run(&desk, "one", "lock --update tool").ok();
        assert!(update.stderr.contains("`tool` 1.0 was pushed again"), "{update}");
        assert_eq!(run(&desk, "two", "run tool").ok().stdout, "second\n");
    }
}
