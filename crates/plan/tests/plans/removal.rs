//! `uninstall` and `autoremove`: what may go, and in which order.

use insta::assert_snapshot;

use crate::world::plan;

const WORLD: &str = "
    app 1.0.0 -> mid, aid?
    mid 1.0.0 -> lib
    lib 1.0.0
    aid 1.0.0
    tool 1.0.0 -> lib
";
const ALL: &str = "
    app 1.0.0 (*)
    mid 1.0.0
    lib 1.0.0
    aid 1.0.0
    tool 1.0.0 (*)
";

#[track_caller]
fn check(installed: &str, wishes: &str) -> String {
    plan(WORLD, installed, wishes)
}

#[test]
fn what_something_needs_stays() {
    assert_snapshot!(check(ALL, "uninstall lib"), @"
    Needed: `lib` is needed by `mid` (app -> mid) and `tool`, which you asked for
    hint: uninstall `mid` and `tool` as well
    ");
    assert_snapshot!(check(ALL, "uninstall mid"), @"
    Needed: `mid` is needed by `app`, which you asked for
    hint: uninstall `app` as well
    ");
    assert_snapshot!(check("mid 1.0.0\nlib 1.0.0", "uninstall lib"), @"
    Needed: `lib` is needed by `mid`
    hint: uninstall `mid` as well
    ");
    assert_snapshot!(check(ALL, "uninstall aid"), @"remove aid 1.0.0 (named)");
    assert_snapshot!(check(ALL, "uninstall apq"), @"NotFound: `apq` is not installed; did you mean `app`?");
}

#[test]
fn dependents_go_before_what_they_need() {
    assert_snapshot!(check(ALL, "uninstall lib\nuninstall mid\nuninstall app\nuninstall tool"), @"
    remove tool 1.0.0 (named)
    remove app 1.0.0 (named)
    remove mid 1.0.0 (named)
    remove lib 1.0.0 (named)
    forget app
    forget tool
    ");
}

#[test]
fn what_is_left_behind_is_told() {
    assert_snapshot!(check(ALL, "uninstall app"), @"
    remove app 1.0.0 (named)
    forget app
    note: mid is no longer needed; autoremove removes what nothing needs
    ");
    assert_snapshot!(check("lib 1.0.0\ntool 1.0.0 (*)", "uninstall tool"), @"
    remove tool 1.0.0 (named)
    forget tool
    note: lib is no longer needed; autoremove removes what nothing needs
    ");
    assert_snapshot!(check(ALL, "uninstall app\nautoremove"), @"
    remove app 1.0.0 (named)
    remove mid 1.0.0 (no longer needed)
    remove aid 1.0.0 (no longer needed)
    forget app
    ");
}

#[test]
fn autoremove_takes_what_nothing_requested_needs() {
    assert_snapshot!(check(ALL, "autoremove"), @"remove aid 1.0.0 (no longer needed)");
    assert_snapshot!(check("mid 1.0.0\nlib 1.0.0\ntool 1.0.0", "autoremove"), @"
    remove tool 1.0.0 (no longer needed)
    remove mid 1.0.0 (no longer needed)
    remove lib 1.0.0 (no longer needed)
    ");
    assert_snapshot!(check("mid 1.0.0 pinned\nlib 1.0.0\ntool 1.0.0", "autoremove"), @"remove tool 1.0.0 (no longer needed)");
    assert_snapshot!(check("tool 1.0.0 (*)\nlib 1.0.0", "autoremove"), @"nothing");
}

#[test]
fn what_is_to_go_cannot_be_needed_anew() {
    assert_snapshot!(check("lib 1.0.0 (*)", "uninstall lib\ninstall tool"), @"NoSolution: no solution: tool 1.0.0 needs lib, but lib is to be uninstalled");
    assert_snapshot!(check("lib 1.0.0 (*)", "uninstall lib\ninstall lib"), @"NoSolution: no solution: you asked for lib, but lib is to be uninstalled");
}

#[test]
fn a_dependent_that_is_named_may_let_go() {
    let world = "
        app 1.0.0 -> lib
        app 2.0.0
        lib 1.0.0
    ";
    let installed = "app 1.0.0 (*)\nlib 1.0.0";
    assert_snapshot!(plan(world, installed, "upgrade app\nuninstall lib"), @"
    upgrade app 1.0.0 -> 2.0.0 (named)
    remove lib 1.0.0 (named)
    ");
}

#[test]
fn an_alias_names_what_is_installed_by_it() {
    let world = "ripgrep 1.0.0; also rg\nripgrep 2.0.0; also rg\nother 1.0.0";
    let check = |wishes: &str| plan(world, "ripgrep 1.0.0 (*)\nother 1.0.0 (*)", wishes);
    assert_snapshot!(check("uninstall rg"), @"
    remove ripgrep 1.0.0 (named)
    forget ripgrep
    ");
    assert_snapshot!(check("upgrade rg"), @"upgrade ripgrep 1.0.0 -> 2.0.0 (named)");
    assert_snapshot!(check("reinstall rg"), @"reinstall ripgrep 1.0.0 (named)");
    assert_snapshot!(check("uninstall rx"), @"NotFound: `rx` is not installed");
}
