//! `pkg bundle`: a machine's packages as one file, and the lists of other programs.

use insta::assert_snapshot;

use crate::support::{Output, Sandbox};

/// A machine with a tap of two packages.
fn machine() -> Sandbox {
    let sandbox = Sandbox::in_memory();
    sandbox.formula("tool").version("1.0.0").version("1.1.0").version("2.0.0");
    sandbox.formula("lib").version("1.0.0");
    sandbox.formula("app").depends("lib = \"*\"").version("1.0.0");
    sandbox
}

#[test]
fn what_a_list_cannot_say_is_said() {
    let sandbox = Sandbox::in_memory();
    drop(
        sandbox.formula("ssl").key("slot = \"{version.major}\"").version("1.1.0").version("3.0.0"),
    );
    sandbox.run("install ssl@1 ssl@3").ok();
    assert_snapshot!(sandbox.run("bundle dump"), @r#"
    exit 0
    --- stdout
    # What this machine has; `pkg bundle install -f FILE` has it again.

    [taps]
    test = "[HOME]/test"

    # Left out, as a list has each name once: ssl@3
    [packages]
    ssl = { version = "1", tap = "test" }
    "#);
}

#[test]
fn folders_in_a_list_start_at_its_own() {
    let sandbox = machine();
    let list = "[taps]\nours = \"../../test\"\n\n[packages]\ntool = { tap = \"ours\" }\n";
    sandbox.write("lists/bundle.toml", list);
    assert_snapshot!(elsewhere(&sandbox, "bundle install -f lists/bundle.toml"), @r#"
    exit 0
    --- stderr
    Added tap ours (3 formulas)
    Installed tool 2.0.0 from ours
    Linked tool in [HOME]/elsewhere/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/elsewhere/.local/share/pkg/current/bin:$PATH"
    "#);
}

#[test]
fn what_no_tap_has_is_not_pinned_either() {
    let sandbox = machine();
    sandbox
        .write("bundle.toml", "[packages]\ngone = { version = \"1\", pin = true }\ntool = \"*\"\n");
    assert_snapshot!(sandbox.run("bundle install"), @r#"
    exit 3
    --- stderr
    Installed tool 2.0.0 from test
    Linked tool in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    error: the rest is installed, but for `gone` (no tap has it)
    "#);
}

fn elsewhere(sandbox: &Sandbox, words: &str) -> Output {
    let home = sandbox.home().join("elsewhere");
    fs_err::create_dir_all(&home).unwrap();
    sandbox.finish(sandbox.command(words).env("HOME", home))
}

#[test]
fn a_machine_is_had_again_elsewhere() {
    let sandbox = machine();
    sandbox.run("install app tool@1.0 hello").ok();
    sandbox.run("pin tool").ok();
    assert_snapshot!(sandbox.run("bundle dump"), @r#"
    exit 0
    --- stdout
    # What this machine has; `pkg bundle install -f FILE` has it again.

    [taps]
    test = "[HOME]/test"

    [packages]
    app = { tap = "test" }
    hello = "*"
    tool = { version = "=1.0.0", tap = "test", pin = true }
    "#);
    assert_snapshot!(sandbox.run("bundle dump -f bundle.toml"), @r"
    exit 0
    --- stderr
    Wrote bundle.toml
    ");
    assert_snapshot!(elsewhere(&sandbox, "bundle install"), @r#"
    exit 0
    --- stderr
    Added tap test (3 formulas)
    Installed lib 1.0.0 from test
    Installed app 1.0.0 from test
    Installed hello 1.0.0
    Installed tool 1.0.0 from test
    Linked lib, app, hello, tool in [HOME]/elsewhere/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/elsewhere/.local/share/pkg/current/bin:$PATH"
    "#);
    assert_snapshot!(elsewhere(&sandbox, "list --json"), @r#"
    exit 0
    --- stdout
    {
      "schema": 1,
      "packages": [
        {
          "name": "app",
          "version": "1.0.0",
          "revision": 0,
          "slot": null,
          "tap": "test",
          "requested": "*",
          "pinned": false,
          "linked": true,
          "keg_only": null,
          "path": "[HOME]/elsewhere/.local/share/pkg/cellar/app/1.0.0-[ID]"
        },
        {
          "name": "hello",
          "version": "1.0.0",
          "revision": 0,
          "slot": null,
          "tap": "core",
          "requested": "*",
          "pinned": false,
          "linked": true,
          "keg_only": null,
          "path": "[HOME]/elsewhere/.local/share/pkg/cellar/hello/1.0.0-[ID]"
        },
        {
          "name": "lib",
          "version": "1.0.0",
          "revision": 0,
          "slot": null,
          "tap": "test",
          "requested": null,
          "pinned": false,
          "linked": true,
          "keg_only": null,
          "path": "[HOME]/elsewhere/.local/share/pkg/cellar/lib/1.0.0-[ID]"
        },
        {
          "name": "tool",
          "version": "1.0.0",
          "revision": 0,
          "slot": null,
          "tap": "test",
          "requested": "=1.0.0",
          "pinned": true,
          "linked": true,
          "keg_only": null,
          "path": "[HOME]/elsewhere/.local/share/pkg/cellar/tool/1.0.0-[ID]"
        }
      ]
    }
    "#);
    assert_snapshot!(elsewhere(&sandbox, "bundle install"), @r"
    exit 0
    --- stderr
    app 1.0.0 is installed already
    hello 1.0.0 is installed already
    tool 1.0.0 is installed already, as asked for with `=1.0.0`
    ");
}

#[test]
fn what_is_pinned_and_missing_keeps_nothing_else_from_being_pinned() {
    let sandbox = machine();
    sandbox.write(
        "bundle.toml",
        "[packages]\ngone = { version = \"=1.0\", pin = true }\n\
         tool = { version = \"=1.0.0\", pin = true }\n",
    );
    let output = sandbox.run("bundle install");
    assert_eq!(output.code, 3, "{output}");
    assert!(output.stderr.ends_with("but for `gone` (no tap has it)\n"), "{output}");
    let pinned = sandbox.run("list --pinned --json").ok().json();
    assert_eq!(pinned["packages"][0]["name"], "tool");
}

#[test]
fn the_lists_of_others_are_read() {
    let sandbox = machine();
    sandbox.write(
        "Brewfile",
        "tap \"homebrew/bundle\"\nbrew \"tool\"\nbrew \"jq\"\ncask \"firefox\"\n",
    );
    assert_snapshot!(sandbox.run("bundle install -f Brewfile"), @r#"
    exit 3
    --- stderr
    skipped `homebrew/bundle`: it is a tap of Homebrew, which pkg cannot read
    skipped `firefox`: it is a cask, and pkg has no programs with windows
    Installed tool 2.0.0 from test
    Linked tool in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    error: the rest is installed, but for `jq` (no tap has it)
    "#);
    sandbox.write("mise.toml", "[tools]\napp = \"1\"\ntool = \"9\"\nnode = \"22\"\n");
    assert_snapshot!(sandbox.run("bundle install -f mise.toml --json"), @r#"
    exit 3
    --- stdout
    {
      "schema": 1,
      "file": "mise.toml",
      "steps": [
        {
          "action": "install",
          "name": "lib",
          "tap": "test",
          "from": null,
          "to": "1.0.0",
          "reason": "`app` needs it",
          "beyond": false,
          "download_bytes": 122
        },
        {
          "action": "install",
          "name": "app",
          "tap": "test",
          "from": null,
          "to": "1.0.0",
          "reason": "you asked for it",
          "beyond": false,
          "download_bytes": 123
        }
      ],
      "missing": [
        {
          "name": "node",
          "why": "no tap has it"
        },
        {
          "name": "tool",
          "why": "there is no version `9`"
        }
      ],
      "skipped": []
    }
    --- stderr
    Installed lib 1.0.0 from test
    Installed app 1.0.0 from test
    Linked lib, app in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    error: the rest is installed, but for `node` (no tap has it), `tool` (there is no version `9`)
    "#);
    sandbox.write(".tool-versions", "lib 1.0.0\n");
    assert_snapshot!(sandbox.run("bundle install -f .tool-versions"), @r"
    exit 0
    --- stderr
    lib 1.0.0 is installed already, as asked for with `1.0.0`
    ");
    sandbox.write("bad.toml", "[packages]\ntool = { pins = true }\n");
    assert_snapshot!(sandbox.run("bundle install -f bad.toml"), @r"
    exit 1
    --- stderr
    error: unknown key `pins`
     --> bad.toml:2:10
      |
    2 | tool = { pins = true }
      |          ^^^^ nobody reads this
      |
      = help: did you mean `pin`?
    ");
    assert_snapshot!(sandbox.run("bundle install -f none.toml"), @r"
    exit 3
    --- stderr
    error: cannot read `none.toml`
      caused by: failed to open file `none.toml`: No such file or directory (os error 2)
    ");
}

#[test]
fn where_there_is_no_list_that_is_said() {
    let sandbox = Sandbox::in_memory();
    assert_snapshot!(sandbox.run("bundle install"), @r"
    exit 3
    --- stderr
    error: there is none of bundle.toml, Brewfile, mise.toml, .mise.toml, .tool-versions here

    hint: `-f FILE` names one
    ");
    assert_snapshot!(sandbox.run("bundle dump"), @r"
    exit 0
    --- stdout
    # What this machine has; `pkg bundle install -f FILE` has it again.

    [packages]
    ");
}
