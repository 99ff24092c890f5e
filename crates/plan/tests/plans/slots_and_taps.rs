//! Versions side by side, and the same name in several taps.

use insta::assert_snapshot;

use crate::world::plan;

const SLOTS: &str = "
    ssl@3 3.0.1
    ssl@3 3.1.0
    ssl@1 1.1.1
    ssl@1 1.0.2
    ssl@4 4.0.0-beta.1
    curl 1.0.0 -> ssl
    wget 1.0.0 -> ssl 1
    old 1.0.0 -> ssl@1
    node 1.0.0 -> ssl >=3
    picky 1.0.0 -> ssl? 3
    lone 1.0.0 -> ssl 2
    both 1.0.0 -> curl, old
";

#[track_caller]
fn check(installed: &str, wishes: &str) -> String {
    plan(SLOTS, installed, wishes)
}

#[test]
fn a_bare_name_means_an_installed_slot_else_the_newest() {
    assert_snapshot!(check("", "install ssl"), @"
    install ssl@3 3.1.0 (requested)
    request ssl@3: *
    ");
    assert_snapshot!(check("", "install ssl@1"), @"
    install ssl@1 1.1.1 (requested)
    request ssl@1: *
    ");
    assert_snapshot!(check("", "install ssl <3"), @"
    install ssl@1 1.1.1 (requested)
    request ssl@1: <3
    ");
    assert_snapshot!(check("ssl@1 1.1.1", "install ssl"), @"
    request ssl@1: *
    note: ssl@1 1.1.1 is installed already
    ");
    assert_snapshot!(check("ssl@1 1.1.1 (*)", "install ssl >=3"), @"
    install ssl@3 3.1.0 (requested)
    request ssl@3: >=3
    ");
    assert_snapshot!(check("ssl@3 3.0.1 (*)", "install ssl >=3.1"), @"
    upgrade ssl@3 3.0.1 -> 3.1.0 (requested)
    request ssl@3: >=3.1
    ");
    assert_snapshot!(check("ssl@1 1.1.1 (*)", "install ssl@3"), @"
    install ssl@3 3.1.0 (requested)
    request ssl@3: *
    ");
    assert_snapshot!(check("", "install ssl@2"), @"NotFound: there is no `ssl@2`; the nearest are 4.0.0-beta.1 (slot 4), 1.1.1 (slot 1) and 1.0.2 (slot 1)");
}

#[test]
fn slots_lie_side_by_side_and_upgrade_by_themselves() {
    let two = "ssl@1 1.0.2 (*)\nssl@3 3.0.1 (*)";
    assert_snapshot!(check(two, "upgrade ssl@1"), @"upgrade ssl@1 1.0.2 -> 1.1.1 (named)");
    assert_snapshot!(check(two, "upgrade ssl"), @"
    upgrade ssl@1 1.0.2 -> 1.1.1 (named)
    upgrade ssl@3 3.0.1 -> 3.1.0 (named)
    ");
    assert_snapshot!(check(two, "upgrade ssl 3"), @"
    upgrade ssl@3 3.0.1 -> 3.1.0 (named)
    request ssl@3: 3
    ");
    assert_snapshot!(check(two, "uninstall ssl"), @"NoSolution: `ssl` is installed in several slots; name one of `ssl@1` and `ssl@3`");
    assert_snapshot!(check(two, "uninstall ssl@1"), @"
    remove ssl@1 1.0.2 (named)
    forget ssl@1
    ");
    assert_snapshot!(check("ssl@1 1.0.2 (*)", "upgrade ssl 3"), @"NotFound: no version of `ssl@1` is 3; the nearest are 4.0.0-beta.1 (slot 4), 3.1.0 (slot 3), 3.0.1 (slot 3), 1.1.1 (slot 1) and 1.0.2 (slot 1)");
}

#[test]
fn a_need_without_a_slot_is_met_by_any() {
    assert_snapshot!(check("", "install curl"), @"
    install ssl@3 3.1.0 (needed by curl)
    install curl 1.0.0 (requested)
    request curl: *
    ");
    assert_snapshot!(check("ssl@1 1.1.1", "install curl"), @"
    install curl 1.0.0 (requested)
    request curl: *
    ");
    assert_snapshot!(check("ssl@1 1.1.1", "install node"), @"
    install ssl@3 3.1.0 (needed by node)
    install node 1.0.0 (requested)
    request node: *
    ");
    assert_snapshot!(check("", "install curl\ninstall old"), @"
    install ssl@1 1.1.1 (needed by curl)
    install curl 1.0.0 (requested)
    install old 1.0.0 (requested)
    request curl: *
    request old: *
    ");
    assert_snapshot!(check("", "install both"), @"
    install ssl@1 1.1.1 (needed by curl)
    install curl 1.0.0 (needed by both)
    install old 1.0.0 (needed by both)
    install both 1.0.0 (requested)
    request both: *
    ");
    assert_snapshot!(check("", "install wget\ninstall node"), @"
    install ssl@3 3.1.0 (needed by node)
    install node 1.0.0 (requested)
    install ssl@1 1.1.1 (needed by wget)
    install wget 1.0.0 (requested)
    request node: *
    request wget: *
    ");
    assert_snapshot!(check("", "install lone"), @"NoSolution: no solution: lone 1.0.0 needs ssl 2, and there is only ssl 4.0.0-beta.1, 3.1.0, 3.0.1, 1.1.1 and 1.0.2");
}

#[test]
fn an_optional_need_is_about_the_slots_that_can_meet_it() {
    assert_snapshot!(check("ssl@1 1.1.1 (*)", "install picky"), @"
    install picky 1.0.0 (requested)
    request picky: *
    ");
    assert_snapshot!(check("ssl@3 3.0.1 (*)", "install picky"), @"
    install picky 1.0.0 (requested)
    request picky: *
    ");
}

#[test]
fn a_slot_stays_while_nothing_else_meets_the_need() {
    let installed = "curl 1.0.0 (*)\nssl@1 1.1.1\nssl@3 3.0.1";
    assert_snapshot!(check(installed, "uninstall ssl@3"), @"remove ssl@3 3.0.1 (named)");
    assert_snapshot!(check(installed, "uninstall ssl@1\nuninstall ssl@3"), @"
    Needed: `ssl@1` is needed by `curl`, which you asked for
    hint: uninstall `curl` as well
    ");
}

const TAPS: &str = "
    core/lib 1.0.0
    core/lib 2.0.0
    acme/lib 1.5.0
    acme/lib 2.0.0
    acme/app 1.0.0 -> lib
    core/tool 1.0.0 -> lib
    acme/cross 1.0.0 -> core/lib
    core/lost 1.0.0 -> secret
    acme/secret 1.0.0
    acme/pair 1.0.0 -> app, tool
    acme/wide 1.0.0 -> app, core/tool
";

#[test]
fn needs_are_met_from_the_dependents_own_tap() {
    let check = |installed, wishes| plan(TAPS, installed, wishes);
    assert_snapshot!(check("", "install app"), @"
    install lib 2.0.0 (needed by app)
    install app 1.0.0 (requested)
    request app: *
    ");
    assert_snapshot!(check("", "install tool"), @"
    install lib 2.0.0 (needed by tool)
    install tool 1.0.0 (requested)
    request tool: *
    ");
    assert_snapshot!(check("", "install cross"), @"
    install lib 2.0.0 (needed by cross)
    install cross 1.0.0 (requested)
    request cross: *
    ");
    assert_snapshot!(check("", "install lost"), @"NoSolution: no solution: lost 1.0.0 needs secret, which tap `core` does not have");
    assert_snapshot!(check("", "install pair"), @"NoSolution: no solution: pair 1.0.0 needs tool, which tap `acme` does not have");
    assert_snapshot!(check("", "install wide"), @"NoSolution: no solution: wide 1.0.0 needs app; wide 1.0.0 needs core/tool; app 1.0.0 needs lib from tap `acme`; but tool 1.0.0 needs lib from tap `core`");
    assert_snapshot!(check("", "install lib"), @"
    Lookup: cannot look up `lib`
    because: `lib` is in taps core and acme
    ");
}

#[test]
fn a_change_of_tap_must_be_named() {
    let check = |installed, wishes| plan(TAPS, installed, wishes);
    assert_snapshot!(check("core/lib 1.0.0", "install app"), @"
    NoSolution: no solution: app 1.0.0 needs lib from tap `acme`, but lib 1.0.0 is installed from tap `core`
    hint: name `acme/lib` to change its tap
    ");
    assert_snapshot!(check("core/lib 1.0.0", "install app\ninstall acme/lib"), @"
    upgrade lib 1.0.0 -> 2.0.0 (requested)
    install app 1.0.0 (requested)
    request app: *
    request lib: *
    note: lib comes from tap `acme`, no longer from `core`
    ");
    assert_snapshot!(check("core/lib 1.0.0\ncore/tool 1.0.0 (*)", "install acme/lib"), @"
    upgrade lib 1.0.0 -> 2.0.0 (requested)
    request lib: *
    note: lib comes from tap `acme`, no longer from `core`
    ");
    assert_snapshot!(check("core/lib 2.0.0 (*)", "install acme/lib"), @"
    reinstall lib 2.0.0 (requested)
    note: lib comes from tap `acme`, no longer from `core`
    ");
    assert_snapshot!(check("core/lib 2.0.0 (*)", "install acme/lib 1"), @"
    downgrade lib 2.0.0 -> 1.5.0 (requested)
    request lib: 1
    note: lib comes from tap `acme`, no longer from `core`
    ");
    assert_snapshot!(check("acme/lib 1.5.0 (*)", "upgrade lib"), @"upgrade lib 1.5.0 -> 2.0.0 (named)");
    assert_snapshot!(check("core/lib 1.0.0 (*) pinned", "install acme/lib"), @"
    Pinned: `lib` is pinned at 1.0.0
    hint: unpin `lib` first
    ");
}

#[test]
fn what_the_user_chose_stands_for_its_name() {
    let check = |installed, wishes| plan(TAPS, installed, wishes);
    assert_snapshot!(check("core/lib 1.0.0 (*)", "install app"), @"
    install app 1.0.0 (requested)
    request app: *
    ");
    assert_snapshot!(check("core/lib 1.0.0 (*)", "install cross"), @"
    install cross 1.0.0 (requested)
    request cross: *
    ");
    assert_snapshot!(check("acme/lib 1.5.0 (*)", "install cross"), @"NoSolution: no solution: cross 1.0.0 needs core/lib, but lib 1.5.0, which you asked for, is installed from tap `acme`");
}
