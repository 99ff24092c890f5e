//! `upgrade` and `reinstall`: how far things move, and what moves with them.

use insta::assert_snapshot;

use crate::world::plan;

const WORLD: &str = "
    app 1.0.0 -> lib 1
    app 1.1.0 -> lib 1
    app 2.0.0 -> lib 2
    lib 1.0.0
    lib 1.1.0
    lib 2.0.0
    tool 1.0.0 -> lib 1
    tool 2.0.0 -> lib
    far 1.0.0
    far 2.0.0; obstacle no build for linux-arm64
    old 1.0.0; yanked eats files
    old 0.9.0
    ripgrep 2.0.0; also rg
    bad 1.0.0; deprecated use app
";

#[track_caller]
fn check(installed: &str, wishes: &str) -> String {
    plan(WORLD, installed, wishes)
}

#[test]
fn the_newest_inside_the_request_and_not_further() {
    assert_snapshot!(check("app 1.0.0 (1)\nlib 1.0.0", "upgrade app"), @"
    upgrade app 1.0.0 -> 1.1.0 (named)
    note: app 2.0.0 is newer than 1.1.0, but it was asked for as `1`
    ");
    assert_snapshot!(check("app 1.1.0 (1)\nlib 1.0.0", "upgrade app"), @"note: app 2.0.0 is newer than 1.1.0, but it was asked for as `1`");
    assert_snapshot!(check("app 2.0.0 (*)\nlib 2.0.0", "upgrade app"), @"note: app 2.0.0 is the newest");
    assert_snapshot!(check("app 2.0.0 (*)\nlib 2.0.0", "upgrade"), @"nothing");
    assert_snapshot!(check("lib 1.0.0 (=1.0.0)", "upgrade"), @"note: lib 2.0.0 is newer than 1.0.0, but it was asked for as `=1.0.0`");
}

#[test]
fn needs_move_along_only_as_far_as_they_must() {
    assert_snapshot!(check("app 1.0.0 (*)\nlib 1.0.0", "upgrade app"), @"
    upgrade lib 1.0.0 -> 2.0.0 (needed by app)
    upgrade app 1.0.0 -> 2.0.0 (named)
    ");
    assert_snapshot!(check("app 1.0.0 (*)\nlib 1.0.0 (1)", "upgrade app"), @"
    upgrade app 1.0.0 -> 1.1.0 (named)
    note: app 2.0.0 is newer than 1.1.0, but it does not go with lib as it stays
    ");
    assert_snapshot!(check("app 1.0.0 (*)\nlib 1.0.0 pinned", "upgrade app"), @"
    upgrade app 1.0.0 -> 1.1.0 (named)
    note: app 2.0.0 is newer than 1.1.0, but it does not go with lib as it stays
    ");
    assert_snapshot!(check("app 1.0.0 (*)\nlib 1.0.0\ntool 1.0.0 (*)", "upgrade app"), @"
    upgrade app 1.0.0 -> 1.1.0 (named)
    note: app 2.0.0 is newer than 1.1.0, but it does not go with lib as it stays
    ");
    assert_snapshot!(check("app 1.0.0 (*)\nlib 1.0.0\ntool 1.0.0 (*)", "upgrade"), @"
    upgrade lib 1.0.0 -> 2.0.0 (needed by app)
    upgrade app 1.0.0 -> 2.0.0 (named)
    upgrade tool 1.0.0 -> 2.0.0 (named)
    ");
}

#[test]
fn dependents_hold_what_they_need() {
    assert_snapshot!(check("app 1.0.0 (*)\nlib 1.0.0", "upgrade lib"), @"
    upgrade lib 1.0.0 -> 1.1.0 (named)
    note: lib 2.0.0 is newer than 1.1.0, but it does not go with app as it stays
    ");
    assert_snapshot!(check("tool 2.0.0 (*)\nlib 1.0.0", "upgrade lib"), @"upgrade lib 1.0.0 -> 2.0.0 (named)");
}

#[test]
fn a_constraint_replaces_the_request_and_may_go_beyond() {
    assert_snapshot!(check("app 1.0.0 (1)\nlib 1.0.0", "upgrade app 2"), @"
    upgrade lib 1.0.0 -> 2.0.0 (needed by app)
    upgrade app 1.0.0 -> 2.0.0 (named)
    request app: 2
    ");
    assert_snapshot!(check("app 2.0.0 (*)\nlib 2.0.0", "upgrade app 1"), @"
    downgrade lib 2.0.0 -> 1.1.0 (needed by app) !
    downgrade app 2.0.0 -> 1.1.0 (named)
    request app: 1
    ");
    assert_snapshot!(check("tool 1.0.0 (*)\nlib 1.0.0", "upgrade lib 2"), @"
    upgrade lib 1.0.0 -> 2.0.0 (named)
    upgrade tool 1.0.0 -> 2.0.0 (adapts to lib) !
    request lib: 2
    ");
    assert_snapshot!(check("tool 1.0.0 (1)\nlib 1.0.0", "upgrade lib 2"), @"
    NoSolution: no solution: you asked for lib 2, but tool 1.0.0, which you asked for as `1`, needs lib 1
    hint: name `tool` with other versions to change its request
    ");
    assert_snapshot!(check("app 1.0.0 (1)\nlib 1.0.0", "upgrade app 7"), @"NotFound: no version of `app` is 7; the nearest are 2.0.0 and 1.1.0");
    assert_snapshot!(check("app 1.1.0 (*)\nlib 1.0.0", "upgrade app 1"), @"
    request app: 1
    note: app 1.1.0 is the newest of `1`
    ");
}

#[test]
fn pins_hold_and_are_told() {
    assert_snapshot!(check("app 1.0.0 (*) pinned\nlib 1.0.0", "upgrade"), @"note: app 2.0.0 is newer than 1.0.0, but it is pinned");
    assert_snapshot!(check("app 1.0.0 (*) pinned\nlib 1.0.0", "upgrade app"), @"note: app 2.0.0 is newer than 1.0.0, but it is pinned");
    assert_snapshot!(check("app 1.0.0 (*) pinned\nlib 1.0.0", "upgrade app 2"), @"
    Pinned: `app` is pinned at 1.0.0
    hint: unpin `app` first
    ");
    assert_snapshot!(check("app 1.0.0 (*) pinned\nlib 1.0.0", "install app 2"), @"
    Pinned: `app` is pinned at 1.0.0
    hint: unpin `app` first
    ");
    assert_snapshot!(check("app 1.0.0 (*) pinned\nlib 1.0.0", "uninstall app"), @"
    Pinned: `app` is pinned at 1.0.0
    hint: unpin `app` first
    ");
    assert_snapshot!(check("app 1.0.0 (*) pinned\nlib 1.0.0", "upgrade lib 2"), @"
    Pinned: no solution: you asked for lib 2, but app 1.0.0, which is pinned, needs lib 1
    hint: unpin `app`
    ");
}

#[test]
fn what_became_of_a_release_is_told() {
    assert_snapshot!(check("far 1.0.0 (*)", "upgrade"), @"note: far 2.0.0 is newer than 1.0.0, but it cannot be used here (no build for linux-arm64)");
    assert_snapshot!(check("old 1.0.0 (*)", "upgrade"), @"note: old 1.0.0 was yanked: eats files");
    assert_snapshot!(check("bad 1.0.0 (*)", "upgrade"), @"note: bad is deprecated: use app");
    assert_snapshot!(check("rg 1.0.0 (*)", "upgrade"), @"note: rg is now called ripgrep");
    assert_snapshot!(check("nowhere 1.0.0 (*)", "upgrade"), @"nothing");
}

#[test]
fn only_what_is_installed_can_be_upgraded() {
    assert_snapshot!(check("tool 1.0.0 (*)\nlib 1.0.0", "upgrade tol"), @"NotFound: `tol` is not installed; did you mean `tool`?");
    assert_snapshot!(check("", "upgrade"), @"nothing");
}

#[test]
fn a_changed_scheme_does_not_strand_what_is_installed() {
    let world = "app 2.0.0\napp 3.0.0";
    assert_snapshot!(plan(world, "app 1.0b (*)", "upgrade"), @"upgrade app 1.0b -> 3.0.0 (named)");
    let world = "app 2.0a\napp 2.0b";
    assert_snapshot!(plan(world, "app 1.0.0 (*)", "upgrade"), @"upgrade app 1.0.0 -> 2.0b (named)");
}

#[test]
fn what_an_upgrade_no_longer_needs_is_left_and_told() {
    let world = "
        app 1.0.0 -> one
        app 2.0.0 -> two
        one 1.0.0
        two 1.0.0
    ";
    assert_snapshot!(plan(world, "app 1.0.0 (*)\none 1.0.0", "upgrade"), @"
    install two 1.0.0 (needed by app)
    upgrade app 1.0.0 -> 2.0.0 (named)
    note: one is no longer needed; autoremove removes what nothing needs
    ");
    assert_snapshot!(plan(world, "app 1.0.0 (*)\none 1.0.0", "upgrade\nautoremove"), @"
    install two 1.0.0 (needed by app)
    upgrade app 1.0.0 -> 2.0.0 (named)
    remove one 1.0.0 (no longer needed)
    ");
    let clash = "
        app 1.0.0 -> one
        app 2.0.0 -> two
        one 1.0.0
        two 1.0.0; conflicts one both ship bin/number
    ";
    assert_snapshot!(plan(clash, "app 1.0.0 (*)\none 1.0.0", "upgrade"), @"
    install two 1.0.0 (needed by app)
    upgrade app 1.0.0 -> 2.0.0 (named)
    remove one 1.0.0 (no longer needed)
    ");
    assert_snapshot!(plan(clash, "app 1.0.0 (*)\none 1.0.0 (*)", "upgrade app"), @"note: app 2.0.0 is newer than 1.0.0, but it does not go with what else stays");
}

#[test]
fn reinstall_takes_the_same_release() {
    assert_snapshot!(check("app 1.0.0 (*)\nlib 1.0.0", "reinstall app"), @"reinstall app 1.0.0 (named)");
    assert_snapshot!(check("app 1.0.5 (*)", "reinstall app"), @"
    NotFound: `app` 1.0.5 is no longer in tap `core`, so it cannot be installed again
    hint: upgrade `app` instead
    ");
    assert_snapshot!(check("app 1.0.0 (*) pinned\nlib 1.0.0", "reinstall app"), @"reinstall app 1.0.0 (named)");
    assert_snapshot!(check("", "reinstall app"), @"NotFound: `app` is not installed");
}
