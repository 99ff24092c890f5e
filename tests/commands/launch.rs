//! Programs without links: `run`, `fetch`, `env`.

use insta::assert_snapshot;

use crate::support::Sandbox;

#[test]
fn a_program_runs_without_being_linked_or_remembered() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("tool").version("1.0.0").version("2.0.0"));
    assert_snapshot!(sandbox.run("run tool"), @"
    exit 0
    --- stdout
    tool 2.0.0
    ");
    assert_snapshot!(sandbox.run("list"), @"
    exit 0
    --- stderr
    nothing is installed
    ");
    assert!(!sandbox.prefix("bin/tool").exists());
    sandbox.run("install tool@1").ok();
    assert_eq!(sandbox.run("run tool").ok().stdout, "tool 1.0.0\n");
    assert_eq!(sandbox.run("run tool@2").ok().stdout, "tool 2.0.0\n");
    assert_eq!(sandbox.run("--offline run tool@2").ok().stdout, "tool 2.0.0\n");
    assert_snapshot!(sandbox.run("run tool@3"), @"
    exit 3
    --- stderr
    error: no version of `tool` is 3; the nearest are 2.0.0 and 1.0.0
    ");
}

#[test]
fn a_program_gets_its_words_its_surroundings_and_gives_its_exit_code() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("helper").version("1.0.0"));
    let script = "#!/bin/sh\nhelper\necho \"$#: $1 $2; $HOME_OF_HELPER; $COLOUR\"\nexit 42\n";
    let tool = sandbox.formula("tool").depends("helper = \"*\"");
    let env = "[env]\nHOME_OF_HELPER = \"{dep:helper}\"\nCOLOUR = \"it's blue\"";
    drop(tool.table(env).package("1.0.0", |package| package.file("bin/tool", script, 0o755)));
    assert_snapshot!(sandbox.run("run tool -- --flag 'two words'"), @"
    exit 42
    --- stdout
    helper 1.0.0
    2: --flag two words; [HOME]/.local/share/pkg/cellar/helper/1.0.0-[ID]; it's blue
    ");
    sandbox.run("install tool").ok();
    assert_snapshot!(sandbox.run("run tool -- --flag 'two words'"), @"
    exit 42
    --- stdout
    helper 1.0.0
    2: --flag two words; [HOME]/.local/share/pkg/cellar/helper/1.0.0-[ID]; it's blue
    ");
    assert_snapshot!(sandbox.run("env --shell bash"), @r"
    exit 0
    --- stdout
    export COLOUR='it'\''s blue'
    export HOME_OF_HELPER='[HOME]/.local/share/pkg/current/opt/helper'
    ");
    assert_snapshot!(sandbox.run("env tool --shell fish"), @r"
    exit 0
    --- stdout
    set -gx COLOUR 'it\'s blue'
    set -gx HOME_OF_HELPER '[HOME]/.local/share/pkg/current/opt/helper'
    ");
    assert_snapshot!(sandbox.run("env helper"), @"
    exit 0
    --- stderr
    no variables are asked for
    ");
    assert_snapshot!(sandbox.run("env --json"), @r#"
    exit 0
    --- stdout
    {
      "schema": 1,
      "variables": [
        {
          "name": "COLOUR",
          "value": "it's blue",
          "package": "tool"
        },
        {
          "name": "HOME_OF_HELPER",
          "value": "[HOME]/.local/share/pkg/current/opt/helper",
          "package": "tool"
        }
      ]
    }
    "#);
}

#[test]
fn options_behind_a_program_are_all_its_own() {
    let sandbox = Sandbox::new();
    let script = "#!/bin/sh\necho \"$*\"\n";
    drop(sandbox.formula("tool").package("1.0.0", |it| it.file("bin/tool", script, 0o755)));
    for words in ["--help", "-h", "-q --json --offline -y -v --root x --bin y", "a -- -b", "x --"] {
        assert_eq!(sandbox.run(&format!("run tool {words}")).ok().stdout, format!("{words}\n"));
    }
    assert_eq!(sandbox.run("run --bin tool -q tool -- -q -- -q").ok().stdout, "-q -- -q\n");
    assert_eq!(sandbox.run("run -- tool -V").ok().stdout, "-V\n");
    assert!(sandbox.run("run --help tool").ok().stdout.starts_with("Run a package's program"));
    assert!(sandbox.run("run --nothing tool").stderr.contains("'--nothing'"));
}

#[test]
fn one_of_several_programs_is_named() {
    let sandbox = Sandbox::new();
    let script = |name: &str| format!("#!/bin/sh\necho {name} \"$0\"\n");
    drop(sandbox.formula("kit").package("1.0.0", |package| {
        let package = package.file("bin/cut", script("cut"), 0o755);
        package.file("bin/saw", script("saw"), 0o755)
    }));
    assert_snapshot!(sandbox.run("run kit"), @"
    exit 2
    --- stderr
    error: `kit` has several programs: cut, saw

    hint: `--bin` names the one to run
    ");
    assert_snapshot!(sandbox.run("run --bin saw kit"), @"
    exit 0
    --- stdout
    saw [HOME]/.local/share/pkg/cellar/kit/1.0.0-[ID]/bin/saw
    ");
    assert_snapshot!(sandbox.run("run --bin axe kit"), @"
    exit 2
    --- stderr
    error: `kit` has no such program; it has cut, saw

    hint: `--bin` names the one to run
    ");
    let data = sandbox.formula("data");
    drop(data.package("1.0.0", |package| package.file("share/data", "1", 0o644)));
    assert_snapshot!(sandbox.run("run data"), @"
    exit 3
    --- stderr
    error: `data` has no program to run
    ");
}

#[test]
fn what_was_fetched_installs_offline() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("library").version("1.0.0"));
    drop(sandbox.formula("app").depends("library = \"*\"").version("1.0.0"));
    assert_snapshot!(sandbox.run("fetch app"), @"
    exit 0
    --- stderr
    Fetched library 1.0.0
    Fetched app 1.0.0
    ");
    assert_snapshot!(sandbox.run("list"), @"
    exit 0
    --- stderr
    nothing is installed
    ");
    sandbox.registry().forget_requests();
    sandbox.run("--offline install app").ok();
    assert!(sandbox.registry().requests().is_empty());
    assert_snapshot!(sandbox.run("fetch app"), @"
    exit 0
    --- stderr
    app 1.0.0 is installed already
    ");
}

#[test]
fn a_wrapped_program_finds_what_it_needs_though_nothing_is_linked() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("helper").version("1.0.0"));
    let app = sandbox.formula("app").depends("helper = \"*\"");
    let app = app.table("[env]\nHELPER = \"{dep:helper}\"").table("[expose]\nwrap = true");
    let script = "#!/bin/sh\n\"$HELPER/bin/helper\"\n";
    drop(app.package("1.0.0", |package| package.file("bin/app", script, 0o755)));
    assert_eq!(sandbox.run("run app").ok().stdout, "helper 1.0.0\n");
    sandbox.run("install app").ok();
    assert_eq!(sandbox.run("run app").ok().stdout, "helper 1.0.0\n");
}

#[test]
fn a_need_is_found_by_the_name_that_it_had() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("new").key("replaces = [\"old\"]").version("2.0.0"));
    let app = sandbox.formula("app").depends("old = \"*\"");
    let app = app.table("[env]\nOLD = \"{dep:old}\"").table("[expose]\nwrap = true");
    let script = "#!/bin/sh\n\"$OLD/bin/new\"\n";
    drop(app.package("1.0.0", |package| package.file("bin/app", script, 0o755)));
    assert_eq!(sandbox.run("run app").ok().stdout, "new 2.0.0\n");
    sandbox.run("install app").ok();
    assert_eq!(sandbox.run("run app").ok().stdout, "new 2.0.0\n");
    assert_eq!(sandbox.says("bin/app"), "new 2.0.0\n");
    sandbox.run("doctor").ok();
}

#[test]
fn running_changes_nothing_of_what_is_installed() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("helper").version("1.0.0"));
    drop(sandbox.formula("tool").version("1.0.0"));
    sandbox.run("install tool").ok();
    let formula = fs_err::read_to_string(sandbox.home().join("test/tool.toml")).unwrap();
    sandbox.write("tool.toml", formula + "\n[depends]\n\"test/helper\" = \"*\"\n");
    assert_eq!(sandbox.run("run ./tool.toml").ok().stdout, "tool 1.0.0\n");
    assert_eq!(sandbox.run("info tool --json").json()["tap"], "test");
    assert_snapshot!(sandbox.run("deps tool"), @"
    exit 0
    --- stderr
    tool needs nothing
    ");
    assert_eq!(sandbox.run("deps core/tool").code, 3);
}

#[test]
fn what_a_program_is_told_is_written_nowhere() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("tool").version("1.0.0"));
    sandbox.run("run tool -- --password hunter2").ok();
    let holder = fs_err::read_to_string(sandbox.root().join("lock")).unwrap();
    assert!(holder.contains("pkg run tool") && !holder.contains("hunter2"), "{holder}");
}
