//! `pkg test`: the tests of packages that are installed, of formulas, and of what was packed.

use fs_err as fs;
use insta::assert_snapshot;
use serde_json::json;

use crate::support::Sandbox;

#[test]
fn the_tests_of_an_installed_package_are_run() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("helper").version("1.0.0"));
    let script = "#!/bin/sh\necho \"$1\" \"$(cat)\"; cat note.txt; helper; echo err >&2\n";
    let tool = sandbox.formula("tool").key("aliases = [\"tl\"]").depends("helper = \"*\"");
    let tests = "[[test]]\nrun = \"tool 'two words'\"\nstdin = \"from stdin\"\n\
                 expect = \"two words from stdin\\n{version} {dep:helper}\\nhelper 1.0.0\"\n\
                 files = { \"note.txt\" = \"{version} {dep:helper}\\n\" }\n\n\
                 [[test]]\nrun = \"{keg}/bin/tool\"\nmatch = \"^e[r]{2}$\"\n\
                 files = { \"note.txt\" = \"\" }\n";
    drop(tool.table(tests).package("1.0.0", |package| package.file("bin/tool", script, 0o755)));
    assert_snapshot!(sandbox.run("test tool"), @"
    exit 3
    --- stderr
    error: `tool` is not installed

    hint: `pkg install tool` comes first
    hint: `pkg test ./FILE.toml` tests what a formula brings, and `pkg test oci:FOLDER` what was packed, both installed apart
    ");
    sandbox.run("install tool").ok();
    assert_snapshot!(sandbox.run("test tool"), @"
    exit 0
    --- stdout
    ok  tool 'two words'
    ok  [HOME]/.local/share/pkg/cellar/tool/1.0.0-[ID]/bin/tool
    --- stderr
    Tested tool 1.0.0, 2 tests
    ");
    assert_eq!(sandbox.run("test tl").ok().stdout, sandbox.run("test tool").stdout);
    assert_snapshot!(sandbox.run("test helper"), @"
    exit 3
    --- stderr
    error: `helper` has no test

    hint: add `[test]` to its formula
    ");
}

#[test]
fn a_failure_shows_what_was_expected_and_what_came() {
    let sandbox = Sandbox::new();
    let lines: String = (0..100).map(|n| format!("echo line {n}\n")).collect();
    let tests = "[[test]]\nrun = \"tool\"\nexpect = \"tool 2\"\n\n\
                 [[test]]\nrun = \"sh -c 'exit 3'\"\n\n\
                 [[test]]\nrun = \"nonesuch --version\"\n\n\
                 [[test]]\nrun = \"sh -c 'kill -9 $$'\"\n\n\
                 [[test]]\nrun = \"many\"\nmatch = \"line 1[0-9]{2}\"\n\n\
                 [[test]]\nrun = \"tool\"\nexpect = \"tool 1\"\n";
    let tool = sandbox.formula("tool").table(tests);
    drop(tool.package("1.0.0", |package| {
        let package = package.file("bin/tool", "#!/bin/sh\necho tool 1.0.0\n", 0o755);
        package.file("bin/many", format!("#!/bin/sh\n{lines}"), 0o755)
    }));
    sandbox.run("install tool").ok();
    assert_snapshot!(sandbox.run("test tool"), @"
    exit 1
    --- stdout
    failed  tool
      its output is not as expected
      expected: `tool 2` in the output
      stdout:
        tool 1.0.0
    failed  sh -c 'exit 3'
      it ended with code 3
      it printed nothing
    failed  nonesuch --version
      there is no such command
      it printed nothing
    failed  sh -c 'kill -9 $$'
      it was ended by signal: 9 (SIGKILL)
      it printed nothing
    failed  many
      its output is not as expected
      expected: a match of `line 1[0-9]{2}` in the output
      stdout, its end:
        line 80
        line 81
        line 82
        line 83
        line 84
        line 85
        line 86
        line 87
        line 88
        line 89
        line 90
        line 91
        line 92
        line 93
        line 94
        line 95
        line 96
        line 97
        line 98
        line 99
    ok      tool
    --- stderr
    error: 5 of 6 tests of tool 1.0.0 failed
    ");
    let json = sandbox.run("test tool --json").json();
    assert_eq!(json["passed"], false);
    let problems = json["tests"].as_array().unwrap().iter();
    let problems: Vec<_> = problems.map(|test| test["problem"].as_str()).collect();
    let expect =
        [Some("output"), Some("exit"), Some("no-command"), Some("exit"), Some("output"), None];
    assert_eq!(problems, expect);
    assert_eq!(json["tests"][1]["exit_code"], 3);
    assert_eq!(json["tests"][3]["signal"], 9);
    assert_eq!(json["tests"][0]["command"], json!(["tool"]));
}

#[test]
fn a_test_that_hangs_is_ended() {
    let sandbox = Sandbox::new();
    let tool = sandbox.formula("tool").table("[test]\nrun = \"tool\"");
    let script = "#!/bin/sh\necho begun\nsleep 600 &\nsleep 600\n";
    drop(tool.package("1.0.0", |package| package.file("bin/tool", script, 0o755)));
    sandbox.run("install tool").ok();
    assert_snapshot!(sandbox.run("test tool --timeout 1"), @"
    exit 1
    --- stdout
    failed  tool
      it did not end in 1 s, and was ended (`--timeout`)
      stdout:
        begun
    --- stderr
    error: 1 of 1 test of tool 1.0.0 failed
    ");
}

#[test]
fn a_test_sees_nothing_of_its_user() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("stranger").version("1.0.0"));
    let script = "#!/bin/sh\nenv | sort | sed 's/=.*//'\ncommand -v stranger\nls -A \"$HOME\"\n\
                  touch \"$TMPDIR/x\"; mkdir deep; chmod 500 deep; pwd\n";
    let tool = sandbox.formula("tool").table("[env]\nCOLOUR = \"blue\"");
    let tool = tool.table("[test]\nrun = \"tool\"\nexpect = \"nonesuch\"");
    drop(tool.package("1.0.0", |package| package.file("bin/tool", script, 0o755)));
    sandbox.run("install tool stranger").ok();
    let mut command = sandbox.command("test tool --json");
    command
        .env("SECRET", "x")
        .env("PATH", format!("{}:/usr/bin:/bin", sandbox.prefix("bin").display()));
    let output = sandbox.finish(&mut command);
    let said = output.json()["tests"][0]["stdout"].as_str().unwrap().to_owned();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[..lines.len() - 1], ["COLOUR", "HOME", "LANG", "PATH", "PWD", "TMPDIR"]);
    let folder = std::path::Path::new(lines[lines.len() - 1]);
    assert!(folder.is_absolute() && !folder.exists(), "{said}");
}

#[test]
fn what_only_tests_need_is_not_linked() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("base").version("1.0.0"));
    drop(sandbox.formula("checker").depends("base = \"*\"").version("1.0.0").version("2.0.0"));
    let tests =
        "[test]\nrun = \"checker\"\nexpect = \"checker 1.0.0\"\ndepends = { checker = \"1\" }";
    drop(sandbox.formula("tool").table(tests).version("1.0.0"));
    sandbox.run("install tool").ok();
    assert_snapshot!(sandbox.run("test tool"), @"
    exit 0
    --- stdout
    ok      checker
    --- stderr
    Tested tool 1.0.0, 1 test
    ");
    assert_snapshot!(sandbox.run("list"), @"
    exit 0
    --- stdout
    tool  1.0.0  from test
    ");
}

#[test]
fn a_formula_is_tested_apart() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("helper").version("1.0.0"));
    let tool = sandbox.formula("tool").depends("helper = \"*\"");
    let tool = tool.table("[test]\nrun = \"tool\"\nexpect = \"tool {version}\"");
    drop(tool.version("1.0.0").version("2.0.0"));
    fs::create_dir(sandbox.home().join("tmp")).unwrap();
    let test = |words: &str| {
        let mut command = sandbox.command(words);
        sandbox.finish(command.env("TMPDIR", sandbox.home().join("tmp")))
    };
    assert_snapshot!(test("test ../test/tool.toml"), @"
    exit 0
    --- stdout
    ok      tool
    --- stderr
    Tested tool 2.0.0, 1 test
    ");
    assert_snapshot!(test("test ../test/tool.toml@1"), @"
    exit 0
    --- stdout
    ok      tool
    --- stderr
    Tested tool 1.0.0, 1 test
    ");
    assert_snapshot!(test("test ../test/helper.toml"), @"
    exit 3
    --- stderr
    error: `helper` has no test

    hint: add `[test]` to its formula
    ");
    assert_snapshot!(test("test ../test/nonesuch.toml"), @"
    exit 3
    --- stderr
    error: there is no file `../test/nonesuch.toml`
    ");
    assert_eq!(fs::read_dir(sandbox.home().join("tmp")).unwrap().count(), 0);
    assert_snapshot!(sandbox.run("list"), @"
    exit 0
    --- stderr
    nothing is installed
    ");
}

#[test]
fn what_was_packed_brings_its_tests() {
    let sandbox = Sandbox::new();
    let tool = sandbox.formula("tool").table("[test]\nrun = \"tool\"\nexpect = \"tool {version}\"");
    drop(tool.version("1.0.0"));
    sandbox.run("pack ../test/tool.toml -o out").ok();
    assert_snapshot!(sandbox.run("test oci:out:1.0.0"), @"
    exit 0
    --- stdout
    ok      tool
    --- stderr
    Tested tool 1.0.0, 1 test
    ");
    assert_eq!(sandbox.run("test oci:out").ok().stdout, "ok      tool\n");
    assert_snapshot!(sandbox.run("list"), @"
    exit 0
    --- stderr
    nothing is installed
    ");
}

#[test]
fn a_package_that_lies_about_its_tests_writes_nowhere_else() {
    let sandbox = Sandbox::new();
    let test = json!({ "run": ["evil"], "files": { "../../escape": "x" }, "depends": {} });
    let said = json!({ "schema": 1, "name": "evil", "version": "1.0.0", "tests": [test] });
    let package = sandbox.registry().package("evil", "1.0.0");
    let package = package.file("bin/evil", "#!/bin/sh\n", 0o755);
    let published = package.annotation("dev.pkg.package", &said.to_string()).push();
    fs::create_dir(sandbox.home().join("tmp")).unwrap();
    let mut command = sandbox.command(&format!("test oci://{}", published.reference));
    let output = sandbox.finish(command.env("TMPDIR", sandbox.home().join("tmp")));
    assert_snapshot!(output, @"
    exit 1
    --- stderr
    error: `../../escape` is no path in the folder of a test
    ");
    assert!(!sandbox.home().join("escape").exists());
    assert_eq!(fs::read_dir(sandbox.home().join("tmp")).unwrap().count(), 0);
}
