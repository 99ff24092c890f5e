//! `install`: what comes, what stays, and what the user is told.

use insta::assert_snapshot;

use crate::world::plan;

const WORLD: &str = "
    app 1.0.0 -> lib 1
    app 2.0.0 -> lib 2, tool
    app 3.0.0-rc.1 -> lib 2
    lib 1.0.0
    lib 1.1.0
    lib 2.0.0
    tool 1.0.0
    tool 1.0.0_1
    old 1.0.0 -> lib 1; deprecated use app
    bad 1.0.0; yanked eats files
    bad 0.9.0
    gone 1.0.0; disabled end of life
    far 1.0.0
    far 2.0.0; obstacle no build for linux-amd64-musl, there are: macos-arm64
    farther 1.0.0; obstacle no build for linux-amd64-musl
    farther 1.1.0; obstacle no build for linux-amd64-musl
    ripgrep 1.0.0; also rg
    early 1.0.0-rc.1
";

#[track_caller]
fn check(installed: &str, wishes: &str) -> String {
    plan(WORLD, installed, wishes)
}

#[test]
fn what_is_needed_comes_first_and_as_new_as_it_may_be() {
    assert_snapshot!(check("", "install app"), @"
    install lib 2.0.0 (needed by app)
    install tool 1.0.0_1 (needed by app)
    install app 2.0.0 (requested)
    request app: *
    ");
    assert_snapshot!(check("", "install app <2"), @"
    install lib 1.1.0 (needed by app)
    install app 1.0.0 (requested)
    request app: <2
    ");
    assert_snapshot!(check("", "install app >=3.0.0-rc.1"), @"
    install lib 2.0.0 (needed by app)
    install app 3.0.0-rc.1 (requested)
    request app: >=3.0.0-rc.1
    ");
    assert_snapshot!(check("", "install app\ninstall lib 2"), @"
    install lib 2.0.0 (requested)
    install tool 1.0.0_1 (needed by app)
    install app 2.0.0 (requested)
    request app: *
    request lib: 2
    ");
    assert_snapshot!(check("", "install rg"), @"
    install ripgrep 1.0.0 (requested)
    request ripgrep: *
    ");
}

#[test]
fn what_is_installed_stays() {
    assert_snapshot!(check("lib 1.0.0", "install old"), @"
    install old 1.0.0 (requested)
    request old: *
    note: old is deprecated: use app
    ");
    assert_snapshot!(check("lib 1.0.0", "install lib"), @"
    request lib: *
    note: lib 1.0.0 is installed already; an upgrade leads to 2.0.0
    ");
    assert_snapshot!(check("lib 1.0.0 (1)", "install lib"), @"note: lib 1.0.0 is installed already, as asked for with `1`; an upgrade leads to 1.1.0");
    assert_snapshot!(check("lib 1.0.0 (*)", "install lib =1.0.0"), @"
    request lib: =1.0.0
    note: lib 1.0.0 is installed already, as asked for with `=1.0.0`
    ");
    assert_snapshot!(check("ripgrep 1.0.0 (*)", "install rg"), @"note: ripgrep 1.0.0 is installed already");
}

#[test]
fn an_older_release_that_fits_is_preferred_to_a_change_that_was_not_named() {
    assert_snapshot!(check("lib 1.0.0 (*)", "install app"), @"
    install app 1.0.0 (requested)
    request app: *
    note: app 2.0.0 is newer than 1.0.0, but it does not go with lib as it stays
    ");
}

#[test]
fn what_was_not_named_moves_only_where_nothing_else_helps() {
    assert_snapshot!(check("lib 1.0.0 (*)", "install app 2"), @"
    upgrade lib 1.0.0 -> 2.0.0 (needed by app) !
    install tool 1.0.0_1 (needed by app)
    install app 2.0.0 (requested)
    request app: 2
    ");
    assert_snapshot!(check("lib 1.0.0 (1)", "install app 2"), @"
    NoSolution: no solution: you asked for app 2; app 2.0.0 needs lib 2; but lib 1.0.0, which you asked for as `1`, is installed
    hint: name `lib` with other versions to change its request
    ");
    assert_snapshot!(check("lib 1.0.0", "install app 2\ninstall lib 2"), @"
    upgrade lib 1.0.0 -> 2.0.0 (requested)
    install tool 1.0.0_1 (needed by app)
    install app 2.0.0 (requested)
    request app: 2
    request lib: 2
    ");
    assert_snapshot!(check("lib 1.0.0 (*) pinned", "install app 2"), @"
    Pinned: no solution: you asked for app 2; app 2.0.0 needs lib 2; but lib is pinned at 1.0.0
    hint: unpin `lib`
    ");
}

#[test]
fn dependents_move_along_or_are_in_the_way() {
    let world = "
        lib 1.0.0
        lib 2.0.0
        app 1.0.0 -> lib 1
        app 1.1.0 -> lib >=1
        tool 1.0.0 -> lib 1
        new 1.0.0 -> lib 2
    ";
    assert_snapshot!(plan(world, "lib 1.0.0\napp 1.0.0 (*)", "install new"), @"
    upgrade lib 1.0.0 -> 2.0.0 (needed by new) !
    upgrade app 1.0.0 -> 1.1.0 (adapts to lib) !
    install new 1.0.0 (requested)
    request new: *
    ");
    assert_snapshot!(plan(world, "lib 1.0.0\napp 1.0.0 (=1.0.0)", "install new"), @"
    NoSolution: no solution: new 1.0.0 needs lib 2, but app 1.0.0, which you asked for as `=1.0.0`, needs lib 1
    hint: name `app` with other versions to change its request
    ");
    assert_snapshot!(plan(world, "lib 1.0.0\ntool 1.0.0 (*)", "install new"), @"NoSolution: no solution: new 1.0.0 needs lib 2, but tool 1.0.0, which you asked for, needs lib 1");
    assert_snapshot!(plan(world, "lib 1.0.0\ntool 1.0.0", "install new"), @"
    upgrade lib 1.0.0 -> 2.0.0 (needed by new) !
    install new 1.0.0 (requested)
    remove tool 1.0.0 (no longer needed) !
    request new: *
    ");
}

#[test]
fn nothing_goes_back_unless_its_constraint_is_named() {
    assert_snapshot!(check("lib 2.0.0 (*)", "install old"), @"
    NoSolution: no solution: old 1.0.0 needs lib 1, but lib 2.0.0, which you asked for, is installed
    hint: name `lib` with an older version to go back to it
    ");
    assert_snapshot!(check("lib 2.0.0 (*)", "install old\ninstall lib 1"), @"
    downgrade lib 2.0.0 -> 1.1.0 (requested)
    install old 1.0.0 (requested)
    request lib: 1
    request old: *
    note: old is deprecated: use app
    ");
    assert_snapshot!(check("tool 1.0.0_1 (*)", "install tool =1.0.0"), @"
    request tool: =1.0.0
    note: tool 1.0.0_1 is installed already, as asked for with `=1.0.0`
    ");
    assert_snapshot!(check("app 2.0.0 (*)\nlib 2.0.0\ntool 1.0.0", "install app 1"), @"
    downgrade lib 2.0.0 -> 1.1.0 (needed by app) !
    downgrade app 2.0.0 -> 1.0.0 (requested)
    request app: 1
    note: tool is no longer needed; autoremove removes what nothing needs
    ");
}

#[test]
fn withdrawn_releases_need_to_be_named_exactly() {
    assert_snapshot!(check("", "install bad"), @"
    install bad 0.9.0 (requested)
    request bad: *
    ");
    assert_snapshot!(check("", "install bad >=1"), @"
    NoSolution: `bad` cannot be installed: bad 1.0.0 was yanked (eats files)
    hint: `bad@=1.0.0` names it exactly and takes it anyway
    ");
    assert_snapshot!(check("", "install bad =1.0.0"), @"
    install bad 1.0.0 (requested)
    request bad: =1.0.0
    note: bad 1.0.0 was yanked: eats files
    ");
    assert_snapshot!(check("", "install bad =0.9.0 || >=1"), @"
    install bad 0.9.0 (requested)
    request bad: =0.9.0 || >=1
    ");
    assert_snapshot!(check("bad 1.0.0 (*)", "install bad"), @"
    note: bad 1.0.0 is installed already
    note: bad 1.0.0 was yanked: eats files
    ");
    assert_snapshot!(check("", "install gone"), @"NoSolution: `gone` cannot be installed: gone 1.0.0 is disabled (end of life)");
    assert_snapshot!(check("", "install gone =1.0.0"), @"NoSolution: `gone` cannot be installed: gone 1.0.0 is disabled (end of life)");
    assert_snapshot!(check("gone 1.0.0", "install gone"), @"
    request gone: *
    note: gone 1.0.0 is installed already
    note: gone is disabled: end of life
    ");
    assert_snapshot!(check("lib 1.0.0", "install old"), @"
    install old 1.0.0 (requested)
    request old: *
    note: old is deprecated: use app
    ");
}

#[test]
fn what_this_machine_cannot_run_is_told() {
    assert_snapshot!(check("", "install far"), @"
    install far 1.0.0 (requested)
    request far: *
    note: far 2.0.0 is newer than 1.0.0, but it cannot be used here (no build for linux-amd64-musl, there are: macos-arm64)
    ");
    assert_snapshot!(check("", "install far 2"), @"NoSolution: `far` cannot be installed: far 2.0.0 cannot be used here (no build for linux-amd64-musl, there are: macos-arm64)");
    assert_snapshot!(check("", "install farther"), @"NoSolution: `farther` cannot be installed: farther 1.1.0 and 1.0.0 cannot be used here (no build for linux-amd64-musl)");
}

#[test]
fn what_does_not_exist_is_told_with_what_does() {
    assert_snapshot!(check("", "install tol"), @"NotFound: there is no package `tol`; did you mean `tool`?");
    assert_snapshot!(check("", "install zzz"), @"NotFound: there is no package `zzz`");
    assert_snapshot!(check("", "install lib 1.5"), @"NotFound: no version of `lib` is 1.5; the nearest are 2.0.0, 1.1.0 and 1.0.0");
    assert_snapshot!(check("", "install lib 9"), @"NotFound: no version of `lib` is 9; the nearest are 2.0.0 and 1.1.0");
    assert_snapshot!(check("", "install early"), @"
    NotFound: `early` has pre-releases only; there is 1.0.0-rc.1
    hint: name a pre-release to take it: `early@=1.0.0-rc.1`
    ");
}

#[test]
fn optional_needs_only_limit() {
    let world = "
        app 1.0.0 -> gui? 1
        app 2.0.0 -> gui? 2
        gui 1.0.0
        gui 2.0.0
    ";
    assert_snapshot!(plan(world, "", "install app"), @"
    install app 2.0.0 (requested)
    request app: *
    ");
    assert_snapshot!(plan(world, "gui 1.0.0 (*)", "install app"), @"
    install app 1.0.0 (requested)
    request app: *
    note: app 2.0.0 is newer than 1.0.0, but it does not go with gui as it stays
    ");
    assert_snapshot!(plan(world, "gui 1.0.0 (1)", "install app 2"), @"
    NoSolution: no solution: you asked for app 2; app 2.0.0 works only beside gui 2; but gui 1.0.0, which you asked for as `1`, is installed
    hint: name `gui` with other versions to change its request
    ");
    assert_snapshot!(plan(world, "", "install app 1\ninstall gui"), @"
    install gui 1.0.0 (requested)
    install app 1.0.0 (requested)
    request app: 1
    request gui: *
    note: gui 2.0.0 is newer than 1.0.0, but it does not go with app as it stays
    ");
}

#[test]
fn packages_may_need_each_other() {
    let world = "
        egg 1.0.0 -> hen 1
        hen 1.0.0 -> egg 1
        egg 2.0.0 -> hen 2
        hen 2.0.0 -> egg 2
    ";
    assert_snapshot!(plan(world, "", "install hen"), @"
    install hen 2.0.0 (requested)
    install egg 2.0.0 (needed by hen)
    request hen: *
    ");
    assert_snapshot!(plan(world, "egg 1.0.0\nhen 1.0.0 (*)", "upgrade"), @"
    upgrade hen 1.0.0 -> 2.0.0 (named)
    upgrade egg 1.0.0 -> 2.0.0 (needed by hen)
    ");
    assert_snapshot!(plan(world, "egg 1.0.0\nhen 1.0.0 (*)", "uninstall hen\nuninstall egg"), @"
    remove egg 1.0.0 (named)
    remove hen 1.0.0 (named)
    forget hen
    ");
    assert_snapshot!(plan(world, "egg 1.0.0\nhen 1.0.0 (*)", "uninstall hen"), @"
    Needed: `hen` is needed by `egg` (hen -> egg)
    hint: uninstall `egg` as well
    ");
    assert_snapshot!(plan("self 1.0.0 -> self >=1", "", "install self"), @"
    install self 1.0.0 (requested)
    request self: *
    ");
}

#[test]
fn a_former_name_is_told() {
    assert_snapshot!(check("rg 0.9.0 (*)", "install rg"), @"
    note: rg 0.9.0 is installed already
    note: rg is now called ripgrep
    ");
    assert_snapshot!(check("", "install ripgrep\ninstall rg"), @"
    install ripgrep 1.0.0 (requested)
    request ripgrep: *
    ");
}

#[test]
fn a_constraint_with_a_revision_takes_the_newest_revision() {
    assert_snapshot!(check("", "install tool =1.0.0"), @"
    install tool 1.0.0_1 (requested)
    request tool: =1.0.0
    ");
    assert_snapshot!(check("tool 1.0.0 (*)", "upgrade tool"), @"upgrade tool 1.0.0 -> 1.0.0_1 (named)");
}
