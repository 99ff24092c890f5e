//! `install` and what it says; the state that it leaves.

use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

use insta::assert_snapshot;

use crate::support::Sandbox;

#[test]
fn hello_needs_no_network_and_runs() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("--offline install hello"), @r#"
    exit 0
    --- stderr
    Installed hello 1.0.0
    Linked hello in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
    assert_eq!(sandbox.says("bin/hello"), "Hello, world!\n");
    assert_snapshot!(sandbox.run("install hello"), @r"
    exit 0
    --- stderr
    hello 1.0.0 is installed already
    ");
    assert_snapshot!(sandbox.run("install hello --json"), @r#"
    exit 0
    --- stdout
    {
      "schema": 1,
      "generation": null,
      "steps": [],
      "commands": [],
      "caveats": [],
      "notes": [
        "hello 1.0.0 is installed already"
      ],
      "shadows": [],
      "freeable_bytes": null
    }
    --- stderr
    hello 1.0.0 is installed already
    "#);
}

#[test]
fn what_comes_is_shown_before_it_comes() {
    let sandbox = Sandbox::new();
    sandbox.formula("library").version("1.2.0");
    sandbox.formula("app").depends("library = \"1\"").version("2.0.0");
    assert_snapshot!(sandbox.run("install app --dry-run"), @r"
    exit 0
    --- stdout
    Install  library  1.2.0  131 B  `app` needs it
    Install  app      2.0.0  123 B  you asked for it
    --- stderr
    2 packages to change, 254 B to download
    ");
    assert_snapshot!(sandbox.run("list"), @r"
    exit 0
    --- stderr
    nothing is installed
    ");
    assert_snapshot!(sandbox.run("install app"), @r#"
    exit 0
    --- stderr
    Installed library 1.2.0 from test
    Installed app 2.0.0 from test
    Linked library, app in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
    assert_snapshot!(sandbox.run("list"), @r"
    exit 0
    --- stdout
    app      2.0.0  from test
    library  1.2.0  dependency, from test
    ");
    assert_snapshot!(sandbox.run("leaves"), @r"
    exit 0
    --- stdout
    app  2.0.0  from test
    ");
    assert_snapshot!(sandbox.run("uninstall library"), @r"
    exit 1
    --- stderr
    error: `library` is needed by `app`, which you asked for

    hint: uninstall `app` as well
    ");
    assert_snapshot!(sandbox.run("uninstall app --json"), @r#"
    exit 0
    --- stdout
    {
      "schema": 1,
      "generation": 2,
      "steps": [
        {
          "action": "remove",
          "name": "app",
          "tap": "test",
          "from": "2.0.0",
          "to": null,
          "reason": "you named it",
          "beyond": false,
          "download_bytes": null
        }
      ],
      "commands": [],
      "caveats": [],
      "notes": [
        "library is no longer needed; autoremove removes what nothing needs"
      ],
      "shadows": [],
      "freeable_bytes": 235
    }
    --- stderr
    Removed app 2.0.0 from test
    library is no longer needed; autoremove removes what nothing needs
    hint: `pkg cleanup --all` frees 235 B, and then `pkg undo` cannot bring anything back
    "#);
    assert_snapshot!(sandbox.run("autoremove"), @"
    exit 0
    --- stderr
    Removed library 1.2.0 from test
    hint: `pkg cleanup --all` frees 478 B, and then `pkg undo` cannot bring anything back
    ");
}

#[test]
fn a_request_is_remembered_and_kept() {
    let sandbox = Sandbox::new();
    let tool = sandbox.formula("tool").version("1.0.0").version("1.1.0").version("2.0.0");
    assert_snapshot!(sandbox.run("install tool@1.0"), @r#"
    exit 0
    --- stderr
    Installed tool 1.0.0 from test
    Linked tool in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
    assert_snapshot!(sandbox.run("upgrade tool"), @r"
    exit 0
    --- stderr
    tool 2.0.0 is newer than 1.0.0, but it was asked for as `1.0`
    ");
    drop(tool.version("1.0.1"));
    assert_snapshot!(sandbox.run("upgrade tool"), @r"
    exit 0
    --- stderr
    Upgraded tool 1.0.0 -> 1.0.1 from test
    tool 2.0.0 is newer than 1.0.1, but it was asked for as `1.0`
    ");
    assert_snapshot!(sandbox.run("upgrade tool@2"), @r"
    exit 0
    --- stderr
    Upgraded tool 1.0.1 -> 2.0.0 from test
    ");
    assert_eq!(sandbox.run("list --json").json()["packages"][0]["requested"], "2");
    assert_snapshot!(sandbox.run("undo"), @r"
    exit 0
    --- stderr
    Downgraded tool 2.0.0 -> 1.0.1 from test
    ");
    assert_snapshot!(sandbox.run("redo"), @r"
    exit 0
    --- stderr
    Upgraded tool 1.0.1 -> 2.0.0 from test
    ");
    assert_snapshot!(sandbox.run("redo"), @"
    exit 3
    --- stderr
    error: there is nothing to redo
    ");
    assert_snapshot!(sandbox.run("rollback 1"), @r"
    exit 0
    --- stderr
    Downgraded tool 2.0.0 -> 1.0.0 from test
    ");
    assert_snapshot!(sandbox.run("rollback 99"), @r"
    exit 3
    --- stderr
    error: there is no generation 99; there are: 1, 2, 3, 4, 5, 6
    ");
    assert_snapshot!(sandbox.run("pin tool"), @r"
    exit 0
    --- stderr
    Pinned tool
    ");
    assert_snapshot!(sandbox.run("upgrade"), @r"
    exit 0
    --- stderr
    tool 1.0.1 is newer than 1.0.0, but it is pinned
    tool 2.0.0 is newer than 1.0.0, but it was asked for as `1.0`
    ");
    assert_snapshot!(sandbox.run("upgrade tool@2"), @r"
    exit 1
    --- stderr
    error: `tool` is pinned at 1.0.0

    hint: unpin `tool` first
    ");
}

#[test]
fn a_plan_that_goes_further_needs_a_yes() {
    let sandbox = Sandbox::new();
    let library = sandbox.formula("library").version("1.0.0");
    sandbox.run("install library").ok();
    drop(library.version("2.0.0"));
    sandbox.formula("app").depends("library = \">=2\"").version("1.0.0");
    assert_snapshot!(sandbox.run("install app"), @r"
    exit 1
    --- stderr
    Upgrade  library  1.0.0 -> 2.0.0  131 B  `app` needs it
    Install  app      1.0.0           123 B  you asked for it
    2 packages to change, 254 B to download
    error: this needs a yes, and there is no terminal to ask on

    hint: run it again with `--yes` if the plan is what you want
    ");
    assert_eq!(sandbox.run("list --json").json()["packages"].as_array().unwrap().len(), 1);
    assert_snapshot!(sandbox.run("install app --yes"), @r#"
    exit 0
    --- stderr
    Upgrade  library  1.0.0 -> 2.0.0  131 B  `app` needs it
    Install  app  1.0.0  123 B  you asked for it
    2 packages to change, 254 B to download
    Upgraded library 1.0.0 -> 2.0.0 from test
    Installed app 1.0.0 from test
    Linked library, app in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
}

#[test]
fn what_cannot_be_had_is_said_with_a_way_out() {
    let sandbox = Sandbox::new();
    sandbox.formula("tool").version("1.0.0");
    assert_snapshot!(sandbox.run("install tol"), @r"
    exit 3
    --- stderr
    error: there is no formula `tol`

    hint: did you mean `tool`?
    ");
    assert_snapshot!(sandbox.run("install tool@3"), @r"
    exit 3
    --- stderr
    error: no version of `tool` is 3; there is 1.0.0
    ");
    assert_snapshot!(sandbox.run("install tool@"), @r"
    exit 2
    --- stderr
    error: `tool@` has nothing after `@`: write a version, a constraint, a channel or a slot
    ");
    assert_snapshot!(sandbox.run("install oci://a/b/c"), @r"
    exit 2
    --- stderr
    error: `oci://a/b/c` is not a reference
      caused by: cannot tell the place of an artifact
      caused by: `a/b/c` does not say which registry; write its host in front, as in `docker.io/a/b/c`
    ");
    assert_snapshot!(sandbox.run("--offline install tool"), @r"
    exit 4
    --- stderr
    error: the network is off, and `tool` is not here

    hint: while there is a network, `pkg fetch tool` brings what is missing
    hint: `pkg import` brings what `pkg export` wrote elsewhere
    ");
    assert_snapshot!(sandbox.run("uninstall tool"), @r"
    exit 3
    --- stderr
    error: `tool` is not installed
    ");
    assert_snapshot!(sandbox.run("use tool"), @r"
    exit 2
    --- stderr
    error: `tool` names no slot

    hint: write NAME@SLOT; `pkg list` shows the slots
    ");
    sandbox.formula("elsewhere").table("[requires]\nglibc = \">=99\"").version("1.0.0");
    assert_snapshot!(sandbox.run("install elsewhere"), @r"
    exit 3
    --- stderr
    error: `elsewhere` cannot be installed: elsewhere 1.0.0 cannot be used here (it needs glibc >=99; this machine has [VERSION])
    ");
}

#[test]
fn two_packages_with_one_path_are_a_conflict() {
    let sandbox = Sandbox::new();
    for name in ["one", "two"] {
        let script = format!("#!/bin/sh\necho {name}\n");
        let tool = sandbox.formula(name);
        drop(tool.package("1.0.0", |package| package.file("bin/tool", script, 0o755)));
    }
    sandbox.run("install one").ok();
    assert_snapshot!(sandbox.run("install two"), @r"
    exit 1
    --- stderr
    error: `one` and `two` both offer `bin/tool`

    hint: `--overwrite` lets the one that comes win
    ");
    assert_snapshot!(sandbox.run("install two --overwrite"), @r#"
    exit 0
    --- stderr
    Installed two 1.0.0 from test
    Linked tool in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
    assert_eq!(sandbox.says("bin/tool"), "two\n");
}

#[test]
fn a_command_that_hides_one_of_the_system_is_said() {
    let sandbox = Sandbox::new();
    let system = sandbox.write("../system/greet", "#!/bin/sh\n");
    fs_err::set_permissions(&system, Permissions::from_mode(0o755)).unwrap();
    let tool = sandbox.formula("tool");
    drop(tool.package("1.0.0", |package| package.file("bin/greet", "#!/bin/sh\n", 0o755)));
    let install =
        |words: &str| sandbox.finish(sandbox.command(words).env("PATH", system.parent().unwrap()));
    assert_snapshot!(install("install tool"), @r"
    exit 1
    --- stderr
    error: `greet` of `tool` would hide `[HOME]/desk/../system/greet`

    hint: `--allow-shadow` installs it all the same
    ");
    assert_snapshot!(install("install tool --allow-shadow"), @r#"
    exit 0
    --- stderr
    Installed tool 1.0.0 from test
    warning: `greet` hides `[HOME]/desk/../system/greet`
    Linked greet in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
}

#[test]
fn a_registry_that_fails_ends_with_its_exit_code() {
    let sandbox = Sandbox::new();
    sandbox.formula("tool").version("1.0.0");
    sandbox.registry().on("GET /v2/tool/blobs/*").flipped_byte(10);
    assert_snapshot!(sandbox.run("install tool"), @r"
    exit 6
    --- stderr
    error: cannot take sha256:[DIGEST] of `tool` from oci://[HOST]/tool:1.0.0
      caused by: cannot take the archive's bytes
      caused by: [HOST] does not send what was asked for
      caused by: the 127 bytes received for sha256:[DIGEST] have the digest sha256:[DIGEST]
    ");
    sandbox.registry().behave();
    sandbox.registry().on("GET /v2/tool/blobs/*").unauthorized();
    assert_eq!(sandbox.run("install tool").code, 5);
    sandbox.registry().behave();
    sandbox.registry().on("GET /v2/tool/blobs/*").redirecting("ftp://h.example/");
    assert_snapshot!(sandbox.run("install tool"), @r"
    exit 4
    --- stderr
    error: cannot take sha256:[DIGEST] of `tool` from oci://[HOST]/tool:1.0.0
      caused by: cannot take the archive's bytes
      caused by: cannot go on at [HOST]
      caused by: http://[HOST]/v2/tool/blobs/sha256:[DIGEST] names ftp://h.example/ as a redirect, which is refused: it is neither https nor http
    ");
    assert_snapshot!(sandbox.run("list"), @r"
    exit 0
    --- stderr
    nothing is installed
    ");
    sandbox.registry().behave();
    sandbox.registry().on("GET /v2/tool/blobs/*").once().status(503);
    assert_snapshot!(sandbox.run("install tool"), @r#"
    exit 0
    --- stderr
    [HOST] fails on its side; trying again
    Installed tool 1.0.0 from test
    Linked tool in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
}

#[test]
fn source_code_is_no_package() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "tool.toml",
        format!(
            "schema = 1\nname = \"tool\"\nsummary = \"A tool\"\nlicense = \"MIT\"\n\
             [source]\nfile = \"tool.tar\"\n[build]\nsteps = [\"make\"]\n\
             [version.\"1.0.0\"]\nsource = \"sha256:{}\"\n",
            "a".repeat(64)
        ),
    );
    let said = sandbox.run("install ./tool.toml").to_string();
    assert!(said.starts_with("exit 3\n"), "{said}");
    assert!(said.contains("(has no package published for "), "{said}");
    assert!(said.contains("; `--build` builds it here)"), "{said}");
}
