//! `--json` of every command: one document with a schema.

use std::collections::BTreeSet;

use digest::Digest;
use test_registry::Tree;

use crate::support::Sandbox;

/// Each command in words that work one after another; the first word is the command.
const WORDS: &[&str] = &[
    "tap",
    "tap list",
    "tap info test",
    "update",
    "install tool",
    "install other --dry-run",
    "reinstall tool",
    "upgrade tool",
    "fetch other",
    "outdated",
    "deps tool",
    "deps --tree tool",
    "uses tool",
    "why tool",
    "env tool",
    "doctor",
    "doctor --quick",
    "list",
    "leaves",
    "info tool",
    "search tool",
    "versions tool",
    "files tool",
    "owns ../.local/share/pkg/current/bin/tool",
    "which tool",
    "cat tool",
    "home tool",
    "pin tool",
    "unpin tool",
    "mark --dependency tool",
    "mark --requested tool",
    "unlink tool",
    "link tool",
    "history",
    "undo",
    "redo",
    "rollback 1",
    "use slotted@1",
    "autoremove",
    "shellenv bash",
    "prefix",
    "prefix tool",
    "config",
    "login --check REGISTRY/tool:1.0.0",
    "logout registry.example.org",
    "check ../test",
    "test tool",
    "new made/archives --name fresh",
    "fmt made",
    "bump made/made.toml 1.1.0",
    "yank made/made.toml@1.0.0 --why broken",
    "yank made/made.toml@1.0.0 --undo",
    "pack made/made.toml -o layout",
    "inspect --files oci:layout:1.1.0",
    "promote oci:layout:1.1.0 oci:copy",
    "oci tags oci:copy",
    "oci resolve oci:copy:1.1.0",
    "oci manifest get oci:copy:1.1.0",
    "oci copy oci:copy:1.1.0 oci:again:1",
    "oci tag oci:again:1 2",
    "oci untag oci:again:2",
    "oci push oci:pushed:1 made",
    "oci attach oci:pushed:1 --artifact-type a/b -a k=v",
    "oci discover oci:pushed:1",
    "oci pull oci:pushed:1 -o pulled",
    "oci layout list pushed",
    "oci layout verify pushed",
    "publish made/made.toml --dry-run",
    "publish made/made.toml",
    "tap publish made oci:edition",
    "mirror oci:edition oci:mirrored",
    "export made/made -o ../made.tar",
    "import ../made.tar",
    "init project",
    "init",
    "add hello",
    "lock",
    "sync",
    "hook bash",
    "remove --dry-run hello",
    "remove hello",
    "bundle dump -f ../bundle.toml",
    "bundle install -f ../bundle.toml",
    "completions bash",
    "man",
    "uninstall tool",
    "cleanup --dry-run",
    "cleanup",
];

/// Commands that answer nothing of their own.
const WITHOUT: &[&str] = &["run", "shell"];

#[test]
fn every_command_of_the_grammar_stands_here() {
    let grammar = cli::args::command();
    let commands: BTreeSet<&str> = grammar.get_subcommands().map(clap::Command::get_name).collect();
    let first = |words: &&'static str| words.split(' ').next();
    let here: BTreeSet<&str> =
        WORDS.iter().filter_map(first).chain(WITHOUT.iter().copied()).collect();
    assert_eq!(here, commands);
}

/// A tap with a formula for a maintainer's commands, whose next version is out.
fn to_publish(sandbox: &Sandbox) {
    let registry = sandbox.registry();
    let archive = Tree::new().file("bin/made", "#!/bin/sh\n", 0o755).tar_gzip();
    let digest = Digest::sha256(&archive);
    for version in ["1.0.0", "1.1.0"] {
        registry.file(&format!("/made-{version}.tar.gz"), archive.clone());
    }
    let host = registry.host();
    sandbox.write("made/tap.toml", format!("name = \"made\"\nregistry = \"{host}/made\"\n"));
    let formula = format!(
        "schema = 1\nname = \"made\"\nsummary = \"A test\"\nlicense = \"MIT\"\n\n[source]\n\
         http = \"http://{host}/made-{{version}}.tar.gz\"\n\n[version.\"1.0.0\"]\nany = \"{digest}\"\n"
    );
    sandbox.write("made/made.toml", formula);
    sandbox.write("made/archives/fresh-1.0.0.tar.gz", archive);
}

#[test]
fn the_answer_of_every_command_is_a_document_with_a_schema() {
    let sandbox = Sandbox::new();
    let tool = sandbox.formula("tool").key("homepage = \"https://tool.example/\"");
    drop(tool.table("[test]\nrun = \"tool\"").version("1.0.0"));
    sandbox.formula("other").version("1.0.0");
    sandbox.formula("slotted").key("slot = \"{version.major}\"").version("1.0.0").version("2.0.0");
    to_publish(&sandbox);
    fs_err::create_dir(sandbox.home().join("desk/project")).unwrap();
    for words in WORDS {
        if words.starts_with("use ") {
            sandbox.run("install slotted@1 slotted@2").ok();
        }
        if words.starts_with("export ") {
            sandbox.run("tap add oci:mirrored").ok();
        }
        let words = words.replace("REGISTRY", sandbox.registry().host());
        let output = sandbox.run(&format!("{words} --json")).ok();
        assert!(output.json().is_object(), "{words}");
    }
}

/// The events of a run, a line each.
fn events(output: &str) -> Vec<serde_json::Value> {
    output.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

#[test]
fn events_come_a_line_each_and_the_answer_is_the_last() {
    let sandbox = Sandbox::new();
    sandbox.formula("tool").version("1.0.0");
    let output = sandbox.run("install tool --json=events --quiet").ok();
    let lines = events(&output.stdout);
    let kinds: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert!(lines.iter().all(|line| line["schema"] == 1), "{lines:?}");
    for expect in ["step", "downloading", "downloaded"] {
        assert!(kinds.contains(&expect), "{kinds:?}");
    }
    assert_eq!(kinds.iter().filter(|kind| **kind == "answer").count(), 1, "{kinds:?}");
    let answer = &lines.last().unwrap()["answer"];
    assert_eq!(answer["steps"][0]["name"], "tool", "{lines:?}");
    assert_eq!(sandbox.run("list --json=events").ok().stdout.lines().count(), 1);
    let document = sandbox.run("list --json=document").ok().stdout;
    assert_eq!(document, sandbox.run("list --json").ok().stdout);
}

#[test]
fn a_failure_is_an_event_with_its_exit_code() {
    let sandbox = Sandbox::new();
    let output = sandbox.run("install nothing --json=events");
    let lines = events(&output.stdout);
    let last = lines.last().unwrap();
    assert_eq!((last["event"].as_str(), last["exit"].as_u64()), (Some("error"), Some(3)));
    assert_eq!(last["chain"][0], "there is no formula `nothing`");
    assert!(output.stderr.contains("error: there is no formula"), "{output}");
    for (words, told) in [
        ("instal nothing", "unrecognized subcommand 'instal'"),
        ("install", "the following required arguments were not provided:\n  <SPEC>..."),
    ] {
        let output = sandbox.run(&format!("--json=events {words}"));
        let lines = events(&output.stdout);
        assert_eq!((lines.len(), &lines[0]["exit"], output.code), (1, &2.into(), 2), "{words}");
        assert_eq!(lines[0]["chain"][0], told);
    }
    assert!(sandbox.run("--json=events help list").ok().stdout.starts_with("List "));
}
