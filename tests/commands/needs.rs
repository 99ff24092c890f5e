//! Who needs whom and what is newer: `deps`, `uses`, `why`, `outdated`.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::Sandbox;

/// An application with two dependencies, one of them constrained, and one below both.
fn world(sandbox: &Sandbox) {
    drop(sandbox.formula("base").version("1.0.0"));
    drop(sandbox.formula("left").depends("base = \"1\"").version("1.1.0"));
    drop(sandbox.formula("right").depends("base = \"*\"").version("2.0.0").version("3.0.0"));
    drop(sandbox.formula("app").depends("left = \"*\"\nright = \"2\"").version("1.0.0"));
}

#[test]
fn needs_are_told_from_above_and_from_below() {
    let sandbox = Sandbox::new();
    world(&sandbox);
    assert_snapshot!(sandbox.run("deps --tree app"), @"
    exit 0
    --- stdout
    app 1.0.0
    ├─ left 1.1.0
    │  └─ base 1.0.0
    └─ right 2.0.0
       └─ base 1.0.0
    ");
    sandbox.run("install app").ok();
    assert_snapshot!(sandbox.run("deps app"), @"
    exit 0
    --- stdout
    base   1.0.0
    left   1.1.0
    right  2.0.0
    ");
    assert_snapshot!(sandbox.run("deps --tree app"), @"
    exit 0
    --- stdout
    app 1.0.0
    ├─ left 1.1.0
    │  └─ base 1.0.0
    └─ right 2.0.0
       └─ base 1.0.0
    ");
    assert_snapshot!(sandbox.run("deps base"), @"
    exit 0
    --- stderr
    base needs nothing
    ");
    assert_snapshot!(sandbox.run("uses base"), @"
    exit 0
    --- stdout
    left   1.1.0
    right  2.0.0
    ");
    assert_snapshot!(sandbox.run("uses app"), @"
    exit 0
    --- stderr
    nothing needs app
    ");
    assert_snapshot!(sandbox.run("why base"), @"
    exit 0
    --- stdout
    app needs left, which needs base
    ");
    assert_snapshot!(sandbox.run("why app"), @"
    exit 0
    --- stdout
    you asked for app
    ");
    assert_snapshot!(sandbox.run("deps tool"), @"
    exit 3
    --- stderr
    error: there is no formula `tool`
    ");
    assert_snapshot!(sandbox.run("uninstall left"), @"
    exit 1
    --- stderr
    error: `left` is needed by `app`, which you asked for

    hint: uninstall `app` as well
    ");
    sandbox.run("uninstall app").ok();
    assert_snapshot!(sandbox.run("why left"), @"
    exit 0
    --- stdout
    nothing needs left
    --- stderr
    hint: `pkg autoremove` removes what nothing needs
    ");
    assert_snapshot!(sandbox.run("autoremove"), @"
    exit 0
    --- stderr
    Removed right 2.0.0 from test
    Removed left 1.1.0 from test
    Removed base 1.0.0 from test
    hint: `pkg cleanup --all` frees 948 B, and then `pkg undo` cannot bring anything back
    ");
}

#[test]
fn needs_are_told_to_programs_too() {
    let sandbox = Sandbox::new();
    world(&sandbox);
    let would_need = sandbox.run("deps app --json").ok().json();
    assert_eq!(would_need["installed"], false);
    sandbox.run("install app@1").ok();
    let mut needs = sandbox.run("deps app --json").ok().json();
    assert_eq!(needs["installed"], true);
    assert_eq!(needs["needs"], would_need["needs"]);
    assert_eq!(
        needs["needs"].take(),
        json!([
            { "name": "base", "version": "1.0.0", "needs": [] },
            { "name": "left", "version": "1.1.0", "needs": ["base"] },
            { "name": "right", "version": "2.0.0", "needs": ["base"] },
        ])
    );
    let users = sandbox.run("uses left --json").ok().json();
    assert_eq!(users["users"], json!([{ "name": "app", "version": "1.0.0" }]));
    let why = sandbox.run("why left --json").ok().json();
    assert_eq!((&why["requested"], &why["ways"]), (&json!(null), &json!([["app", "left"]])));
    assert_eq!(sandbox.run("why app --json").ok().json()["requested"], "1");
}

#[test]
fn a_conflict_says_why() {
    let sandbox = Sandbox::new();
    world(&sandbox);
    drop(sandbox.formula("other").depends("right = \">=3\"").version("1.0.0"));
    assert_snapshot!(sandbox.run("install app other"), @"
    exit 3
    --- stderr
    error: no solution: app 1.0.0 needs right 2, but other 1.0.0 needs right >=3
    ");
    sandbox.run("install app").ok();
    assert_snapshot!(sandbox.run("install other"), @"
    exit 3
    --- stderr
    error: no solution: other 1.0.0 needs right >=3, but app 1.0.0, which you asked for, needs right 2
    ");
}

#[test]
fn outdated_tells_what_an_upgrade_reaches_and_what_lies_beyond() {
    let sandbox = Sandbox::new();
    let one = sandbox.formula("one").version("1.0.0");
    let two = sandbox.formula("two").version("1.0.0");
    let three = sandbox.formula("three").version("1.0.0");
    assert_snapshot!(sandbox.run("outdated"), @"
    exit 0
    --- stderr
    nothing is outdated
    ");
    sandbox.run("install one@1 two three").ok();
    sandbox.run("pin three").ok();
    assert_snapshot!(sandbox.run("outdated"), @"
    exit 0
    --- stderr
    nothing is outdated
    ");
    drop(one.version("1.1.0").version("2.0.0"));
    drop(two.also("yanked = \"it eats files\""));
    drop(three.version("1.5.0"));
    assert_snapshot!(sandbox.run("outdated"), @"
    exit 0
    --- stdout
    Package  Installed  Upgrade  Newest
    one      1.0.0      1.1.0    2.0.0   asked for as 1
    three    1.0.0      -        1.5.0   pinned
    --- stderr
    warning: two 1.0.0 was yanked: it eats files
    ");
    assert_snapshot!(sandbox.run("outdated --json"), @r#"
    exit 0
    --- stdout
    {
      "schema": 1,
      "packages": [
        {
          "name": "one",
          "installed": "1.0.0",
          "upgrade": "1.1.0",
          "newest": "2.0.0",
          "requested": "1",
          "pinned": false
        },
        {
          "name": "three",
          "installed": "1.0.0",
          "upgrade": null,
          "newest": "1.5.0",
          "requested": "*",
          "pinned": true
        }
      ],
      "notices": [
        "two 1.0.0 was yanked: it eats files"
      ]
    }
    --- stderr
    warning: two 1.0.0 was yanked: it eats files
    "#);
    assert_snapshot!(sandbox.run("upgrade"), @"
    exit 0
    --- stderr
    Upgrade  one  1.0.0 -> 1.1.0  122 B  you asked for it
    1 package to change, 122 B to download
    Upgraded one 1.0.0 -> 1.1.0 from test
    one 2.0.0 is newer than 1.1.0, but it was asked for as `1`
    three 1.5.0 is newer than 1.0.0, but it is pinned
    two 1.0.0 was yanked: it eats files
    ");
}

#[test]
fn what_the_taps_say_today_is_passed_on() {
    let sandbox = Sandbox::new();
    let library = sandbox.formula("library").version("1.0.0");
    drop(sandbox.formula("app").depends("library = \"*\"").version("1.0.0"));
    drop(sandbox.formula("old").version("1.0.0"));
    sandbox.run("install app old").ok();
    drop(library.table("[deprecated]\nsince = 2026-01-01\nwhy = \"nobody looks after it\""));
    fs_err::remove_file(sandbox.home().join("test/old.toml")).unwrap();
    drop(sandbox.formula("new").key("replaces = [\"old\"]").version("2.0.0"));
    for command in ["outdated", "upgrade", "doctor"] {
        let said = sandbox.run(command).stderr;
        assert!(said.contains("library is deprecated: nobody looks after it"), "{command}: {said}");
        assert!(said.contains("old is now called new"), "{command}: {said}");
    }
}

#[test]
fn needs_are_those_of_the_formula_that_a_package_came_by() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("library").version("1.0.0"));
    drop(sandbox.formula("app").version("1.0.0"));
    sandbox.run("install app").ok();
    sandbox.run("uninstall app").ok();
    drop(sandbox.formula("app").depends("library = \"*\"").version("1.0.0"));
    sandbox.run("install app").ok();
    assert_snapshot!(sandbox.run("deps app"), @"
    exit 0
    --- stdout
    library  1.0.0
    ");
    assert_snapshot!(sandbox.run("autoremove"), @"
    exit 0
    --- stderr
    nothing to change
    ");
}

#[test]
fn a_channel_stays_what_was_asked_for_and_a_star_lifts_a_constraint() {
    let sandbox = Sandbox::new();
    let channel = |to: &str| {
        let tool = sandbox.formula("tool").key(&format!("channels = {{ lts = \"{to}\" }}"));
        drop(tool.version("1.0.0").version("1.1.0").version("2.0.0"));
    };
    let requested = || {
        let package = sandbox.run("list --json").json()["packages"][0].clone();
        let text = |key: &str| package[key].as_str().unwrap().to_owned();
        (text("version"), text("requested"))
    };
    channel("1.0");
    sandbox.run("install tool@lts").ok();
    sandbox.run("upgrade tool").ok();
    assert_eq!(requested(), ("1.0.0".to_owned(), "lts".to_owned()));
    channel("1.1");
    sandbox.run("upgrade").ok();
    assert_eq!(requested(), ("1.1.0".to_owned(), "lts".to_owned()));
    sandbox.run("install 'tool@*'").ok();
    assert_eq!(requested(), ("2.0.0".to_owned(), "*".to_owned()));
}
