//! Explanations: the facts that contradict each other, in words.

use insta::assert_snapshot;

use crate::world::plan;

#[test]
fn two_wishes_that_exclude_each_other() {
    let world = "
        app 1.0.0 -> lib 2
        tool 3.1.0 -> lib <2
        lib 1.0.0
        lib 2.0.0
    ";
    assert_snapshot!(plan(world, "", "install app\ninstall tool"), @"NoSolution: no solution: app 1.0.0 needs lib 2, but tool 3.1.0 needs lib <2");
    assert_snapshot!(plan(world, "tool 3.1.0 (*)\nlib 1.0.0", "install app"), @"NoSolution: no solution: app 1.0.0 needs lib 2, but tool 3.1.0, which you asked for, needs lib <2");
    assert_snapshot!(plan(world, "tool 3.1.0 (3)\nlib 1.0.0", "install app"), @"NoSolution: no solution: app 1.0.0 needs lib 2, but tool 3.1.0, which you asked for as `3`, needs lib <2");
    assert_snapshot!(plan(world, "lib 1.0.0 (1)", "install app"), @"
    NoSolution: no solution: app 1.0.0 needs lib 2, but lib 1.0.0, which you asked for as `1`, is installed
    hint: name `lib` with other versions to change its request
    ");
    assert_snapshot!(plan(world, "lib 1.0.0 pinned", "install app"), @"
    Pinned: no solution: app 1.0.0 needs lib 2, but lib is pinned at 1.0.0
    hint: unpin `lib`
    ");
    assert_snapshot!(plan(world, "lib 2.0.0 (*)", "install tool"), @"
    NoSolution: no solution: tool 3.1.0 needs lib <2, but lib 2.0.0, which you asked for, is installed
    hint: name `lib` with an older version to go back to it
    ");
    assert_snapshot!(plan(world, "lib 2.0.0", "install tool"), @"
    NoSolution: no solution: tool 3.1.0 needs lib <2, but lib 2.0.0 is installed
    hint: name `lib` with an older version to go back to it
    ");
    assert_snapshot!(plan(world, "", "install app\ninstall lib 1"), @"NoSolution: no solution: app 1.0.0 needs lib 2, but you asked for lib 1");
}

#[test]
fn a_chain_is_told_from_its_beginning() {
    let world = "
        app 1.0.0 -> mid
        mid 1.0.0 -> low 2
        mid 1.1.0 -> low 2
        low 1.0.0
        low 2.0.0
        tool 1.0.0 -> low <2
    ";
    assert_snapshot!(plan(world, "", "install app\ninstall tool"), @"NoSolution: no solution: app 1.0.0 needs mid; mid 1.0.0 and 1.1.0 need low 2; but tool 1.0.0 needs low <2");
    assert_snapshot!(plan(world, "tool 1.0.0 (*)\nlow 1.0.0", "install app"), @"NoSolution: no solution: app 1.0.0 needs mid; mid 1.0.0 and 1.1.0 need low 2; but tool 1.0.0, which you asked for, needs low <2");
}

#[test]
fn every_version_is_accounted_for() {
    let world = "
        app 1.0.0 -> lib 1
        app 2.0.0 -> lib 2
        app 3.0.0 -> lib 2
        app 4.0.0 -> gone
        lib 1.0.0; yanked eats files
        lib 2.0.0; obstacle no build for linux-amd64-musl
    ";
    assert_snapshot!(plan(world, "", "install app"), @"
    NoSolution: no solution: app 4.0.0 needs gone, which tap `core` does not have; app 2.0.0 and 3.0.0 need lib 2; app 1.0.0 needs lib 1; lib 1.0.0 was yanked (eats files); but lib 2.0.0 cannot be used here (no build for linux-amd64-musl)
    hint: name `lib` as `=1.0.0` to take it though it was yanked
    ");
    assert_snapshot!(plan(world, "", "install app 1"), @"
    NoSolution: no solution: you asked for app 1; app 1.0.0 needs lib 1; but lib 1.0.0 was yanked (eats files)
    hint: name `lib` as `=1.0.0` to take it though it was yanked
    ");
    assert_snapshot!(plan(world, "", "install app 4"), @"NoSolution: no solution: you asked for app 4, but app 4.0.0 needs gone, which tap `core` does not have");
    let many = "
        app 1.0.0 -> lib 9
        app 1.1.0 -> lib 9
        app 1.2.0 -> lib 9
        app 1.3.0 -> lib 9
        lib 1.0.0
        lib 2.0.0
    ";
    assert_snapshot!(plan(many, "", "install app"), @"NoSolution: no solution: every app from 1.0.0 to 1.3.0 needs lib 9, and there is only lib 2.0.0 and 1.0.0");
}

#[test]
fn a_sentence_stays_short() {
    let lines = (1..=12).map(|at| format!("app {at}.0.0 -> lib{at}\n"));
    let world: String = lines.collect();
    assert_snapshot!(plan(&world, "", "install app"), @"NoSolution: no solution: app 12.0.0 needs lib12, which tap `core` does not have; app 11.0.0 needs lib11, which tap `core` does not have; app 10.0.0 needs lib10, which tap `core` does not have; app 9.0.0 needs lib9, which tap `core` does not have; app 8.0.0 needs lib8, which tap `core` does not have; app 7.0.0 needs lib7, which tap `core` does not have; app 6.0.0 needs lib6, which tap `core` does not have; 4 more facts like these; but app 1.0.0 needs lib1, which tap `core` does not have");
}

#[test]
fn conflicts_are_told_with_their_reason() {
    let world = "
        app 1.0.0; conflicts tool both ship bin/x
        tool 1.0.0
        top 1.0.0 -> tool
    ";
    assert_snapshot!(plan(world, "", "install app\ninstall tool"), @"Conflict: no solution: app 1.0.0 conflicts with tool (both ship bin/x), but you asked for tool");
    assert_snapshot!(plan(world, "tool 1.0.0 (*)", "install app"), @"Conflict: no solution: app 1.0.0 conflicts with tool (both ship bin/x), but tool 1.0.0, which you asked for, is installed");
    assert_snapshot!(plan(world, "app 1.0.0 (*)", "install top"), @"Conflict: no solution: top 1.0.0 needs tool, but app 1.0.0, which you asked for, conflicts with tool (both ship bin/x)");
    assert_snapshot!(plan(world, "app 1.0.0 (*) pinned", "install top"), @"
    Pinned: no solution: top 1.0.0 needs tool, but app 1.0.0, which is pinned, conflicts with tool (both ship bin/x)
    hint: unpin `app`
    ");
}

#[test]
fn optional_needs_are_told_as_such() {
    let world = "
        app 1.0.0 -> gui? 2
        gui 1.0.0
    ";
    assert_snapshot!(plan(world, "gui 1.0.0 (*)", "install app"), @"NoSolution: no solution: app 1.0.0 works only beside gui 2, but gui 1.0.0, which you asked for, is installed");
}

/// Seven pigeons in six holes: no search by resolution sees that quickly.
#[test]
fn a_tangle_ends() {
    let mut world = String::new();
    for pigeon in 1..=7 {
        for hole in 1..=6 {
            world += &format!("pigeon{pigeon} {hole}.0.0 -> hole{hole} ={pigeon}.0.0\n");
            world += &format!("hole{hole} {pigeon}.0.0\n");
        }
    }
    let wishes: Vec<_> = (1..=7).map(|pigeon| format!("install pigeon{pigeon}")).collect();
    assert_snapshot!(plan(&world, "", &wishes.join("\n")), @"NoSolution: no solution: pigeon1 6.0.0 needs hole6 =1.0.0; pigeon1 5.0.0 needs hole5 =1.0.0; pigeon1 4.0.0 needs hole4 =1.0.0; pigeon1 3.0.0 needs hole3 =1.0.0; pigeon1 2.0.0 needs hole2 =1.0.0; pigeon1 1.0.0 needs hole1 =1.0.0; pigeon2 6.0.0 needs hole6 =2.0.0; 34 more facts like these; but pigeon7 1.0.0 needs hole1 =7.0.0");
}

#[test]
fn a_tap_that_fails_is_told_with_its_cause() {
    let world = "
        core/app 1.0.0
        acme/app 1.0.0
    ";
    assert_snapshot!(plan(world, "", "install app"), @"
    Lookup: cannot look up `app`
    because: `app` is in taps core and acme
    ");
}
