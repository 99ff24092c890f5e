//! Several processes at once: one changes the root, the others wait and say for whom; readers never.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Read as _},
    process::Child,
};

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Sandbox, tree::whole_generation};

/// Formulas that have nothing to do with each other, one with a dependency, two in conflict.
fn publish(sandbox: &Sandbox) {
    for name in ["one", "two", "three", "library"] {
        sandbox.formula(name).version("1.0.0");
    }
    sandbox.formula("app").depends("library = \"1\"").version("1.0.0");
    for name in ["left", "right"] {
        let script = format!("#!/bin/sh\necho {name}\n");
        let tool = sandbox.formula(name);
        drop(tool.package("1.0.0", |package| package.file("bin/tool", script, 0o755)));
    }
}

/// The commands that made a generation each, in order.
fn history(sandbox: &Sandbox) -> Vec<String> {
    let count = whole_generation(&sandbox.root());
    let record = |number| {
        let path = sandbox.root().join(format!("generations/{number}.json"));
        let record: Value = serde_json::from_slice(&fs_err::read(path).unwrap()).unwrap();
        let command = record["command"].as_str().unwrap();
        command.strip_prefix("pkg ").unwrap().to_owned()
    };
    (1..=count).map(record).collect()
}

#[test]
fn eight_processes_at_once_leave_the_state_of_some_order() {
    let together = Sandbox::new();
    publish(&together);
    let commands = [
        "install one",
        "install one two",
        "install two",
        "install three",
        "install app",
        "install library",
        "install left",
        "install right",
    ];
    let children: Vec<Child> = commands.iter().map(|words| together.start(words)).collect();
    let mut refused = Vec::new();
    for (words, child) in commands.iter().zip(children) {
        let output = together.end(child);
        match output.code {
            0 => {}
            1 => {
                assert!(output.stderr.contains("both offer `bin/tool`"), "{words}: {output}");
                refused.push(*words);
            }
            _ => panic!("{words}: {output}"),
        }
    }
    assert!(matches!(refused[..], ["install left" | "install right"]), "{refused:?}");
    let order = history(&together);
    let done: BTreeSet<&str> = order.iter().map(String::as_str).collect();
    assert_eq!(done.len(), order.len(), "a command was carried out twice: {order:?}");
    // The same commands one after another, in the order that the history tells, lead there too.
    let alone = Sandbox::new();
    publish(&alone);
    let last = |words: &&str| order.iter().position(|done| done == words).unwrap_or(order.len());
    let mut serial = commands;
    serial.sort_by_key(last);
    for words in serial {
        assert_eq!(alone.run(words).code, i32::from(refused.contains(&words)), "{words}");
    }
    let packages = |sandbox: &Sandbox| {
        let mut list = sandbox.run("list --json").ok().json();
        for package in list["packages"].as_array_mut().unwrap() {
            package.as_object_mut().unwrap().remove("path");
        }
        list
    };
    assert_eq!(packages(&together), packages(&alone), "{order:?}");
    assert_eq!(history(&alone), order);
}

#[test]
fn who_waits_says_for_whom_and_who_reads_does_not_wait() {
    let sandbox = Sandbox::new();
    publish(&sandbox);
    sandbox.run("install one").ok();
    sandbox.registry().on("GET /v2/two/blobs/*").holding();
    let first = sandbox.start("install two");
    sandbox.registry().wait_for("GET /v2/two/blobs/*", 1);
    assert_snapshot!(sandbox.run("list"), @r"
    exit 0
    --- stdout
    one  1.0.0  from test
    ");
    for words in ["info two", "search two", "files one", "history", "install three --dry-run"] {
        sandbox.run(words).ok();
    }
    let mut second = sandbox.start("install three");
    let mut stderr = BufReader::new(second.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert_eq!(line, format!("Waiting for `pkg install two` (process {}) to end\n", first.id()));
    sandbox.registry().release();
    sandbox.end(first).ok();
    stderr.read_to_string(&mut line).unwrap();
    assert!(sandbox.end(second).code == 0 && line.contains("Installed three 1.0.0"), "{line}");
    assert_eq!(sandbox.run("list --json").json()["packages"].as_array().unwrap().len(), 3);
}

#[test]
fn a_lock_that_is_never_let_go_is_not_waited_for_in_vain() {
    let sandbox = Sandbox::new();
    publish(&sandbox);
    sandbox.registry().on("GET /v2/two/blobs/*").holding();
    let first = sandbox.start("install two");
    sandbox.registry().wait_for("GET /v2/two/blobs/*", 1);
    sandbox.config("[patience]\nlock-seconds = 1\n");
    assert_snapshot!(sandbox.run("install three"), @r"
    exit 7
    --- stderr
    Waiting for `pkg install two` (process [PID]) to end
    error: `pkg install two` (process [PID]) is changing this installation; wait for it to end
    ");
    sandbox.registry().release();
    sandbox.end(first).ok();
    sandbox.run("install three").ok();
}
