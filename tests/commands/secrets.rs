//! Secrets are nowhere but where they are kept: no output, no word of a command line, no file that
//! others can read, no memory that a crash writes to the disk.

use std::{
    fs::File,
    os::unix::{fs::PermissionsExt as _, process::ExitStatusExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use test_registry::{TestRegistry, Tokens};

use crate::support::{Deadline, Sandbox, skipped};

/// Every secret of these tests holds this word.
const CANARY: &str = "canary";
/// `me:canary-s3cret` as Docker stores it, without the padding.
const STORED: &str = "bWU6Y2FuYXJ5LXMzY3JldA";

#[track_caller]
fn unseen(what: &str, text: &str) {
    let hidden = !text.contains(CANARY) && !text.contains(STORED);
    assert!(hidden, "{what}: {text}");
}

/// Where a secret is, how the registry is guarded, and what is wrong.
struct World {
    name: &'static str,
    guard: fn(&TestRegistry),
    /// What the home holds: `HOST` stands for the registry.
    file: (&'static str, &'static str),
}

const BASIC: fn(&TestRegistry) = |registry| registry.require_basic("me", "canary-s3cret");
const OTHER: fn(&TestRegistry) = |registry| registry.require_basic("me", "canary-other");
const TOKENS: fn(&TestRegistry) = |registry| {
    let tokens = Tokens::new().user("me", "canary-s3cret").identity("canary-identity");
    registry.require_tokens(tokens.without_anonymous());
};

const DOCKER: &str = ".docker/config.json";

const WORLDS: &[World] = &[
    World { name: "a good login", guard: BASIC, file: (DOCKER, ENTRY) },
    World { name: "a wrong login", guard: OTHER, file: (DOCKER, ENTRY) },
    World { name: "a login for tokens", guard: TOKENS, file: (DOCKER, ENTRY) },
    World {
        name: "an identity token",
        guard: TOKENS,
        file: (DOCKER, r#"{"auths": {"HOST": {"identitytoken": "canary-identity"}}}"#),
    },
    World {
        name: "a wrong identity token",
        guard: TOKENS,
        file: (DOCKER, r#"{"auths": {"HOST": {"identitytoken": "canary-wrong"}}}"#),
    },
    World {
        name: "a registry's token",
        guard: TOKENS,
        file: (DOCKER, r#"{"auths": {"HOST": {"registrytoken": "canary-token"}}}"#),
    },
    World {
        name: "a password that is no base64",
        guard: BASIC,
        file: (DOCKER, r#"{"auths": {"HOST": {"auth": "me:canary-s3cret"}}}"#),
    },
    World {
        name: "a broken file",
        guard: BASIC,
        file: (DOCKER, r#"{"auths": {"HOST": {"auth": "canary-s3cret"#),
    },
    World {
        name: "a password in the wrong place",
        guard: BASIC,
        file: (DOCKER, r#"{"auths": {"HOST": "canary-s3cret"}}"#),
    },
    World {
        name: "an entry for a path",
        guard: BASIC,
        file: (".config/containers/auth.json", r#"{"auths": {"HOST/tool": {"auth": "STORED"}}}"#),
    },
    World { name: "a helper", guard: BASIC, file: (DOCKER, r#"{"credsStore": "good"}"#) },
    World { name: "a helper that fails", guard: BASIC, file: (DOCKER, r#"{"credsStore": "bad"}"#) },
];

const ENTRY: &str = r#"{"auths": {"HOST": {"auth": "STORED"}}}"#;

/// Both answer with the secret, and one of them says in the end that it failed.
fn helpers(sandbox: &Sandbox) {
    for (name, status) in [("good", 0), ("bad", 1)] {
        let script = format!(
            "#!/bin/sh\necho \"$0 $*\" >> \"$HOME/calls\"\ncat\n\
             echo '{{\"Username\": \"me\", \"Secret\": \"canary-s3cret\"}}'; exit {status}\n"
        );
        let path = sandbox.write(&format!("../bin/docker-credential-{name}"), script);
        fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn no_output_and_no_word_of_a_command_line_holds_a_secret() {
    for World { name, guard, file: (file, text) } in WORLDS {
        let sandbox = Sandbox::new();
        sandbox.config("[patience]\nretries = 0\n");
        sandbox.formula("tool").version("1.0.0");
        helpers(&sandbox);
        let registry = sandbox.registry();
        guard(registry);
        let host = registry.host();
        let padded = format!("{STORED}==");
        sandbox.write(&format!("../{file}"), text.replace("HOST", host).replace("STORED", &padded));
        for words in [
            "install tool".to_owned(),
            format!("login --check {host}/tool:1.0.0"),
            format!("login --check {host}/tool --json"),
            format!("tap add oci://{host}/tool"),
            format!("login {host} -u me --password-stdin"),
            format!("logout {host}"),
            "doctor".to_owned(),
        ] {
            let stdin = sandbox.write("stdin", "canary-s3cret\n");
            // A `-v` would win over the variable, and leave out what the libraries log.
            let mut command = sandbox.command(&words);
            let path = format!("{}:/usr/bin:/bin", sandbox.home().join("bin").display());
            command.env("PKG_LOG", "trace").env("PATH", path).stdin(File::open(stdin).unwrap());
            let output = sandbox.finish(&mut command);
            let printed = format!("{}{}", output.stdout, output.stderr);
            unseen(&format!("{name}: {words}"), &printed);
            // Something was logged at all.
            assert!(words == "doctor" || !printed.is_empty(), "{name}: {words}: {output}");
        }
        if let Ok(calls) = fs_err::read_to_string(sandbox.home().join("calls")) {
            unseen(name, &calls);
        }
        let kept = files_with_secrets(sandbox.home());
        let kept: Vec<_> = kept.iter().filter(|(path, _)| !path.starts_with("bin")).collect();
        let is_alone = |(path, mode): &&(PathBuf, u32)| {
            path.as_path() == Path::new("desk/stdin")
                || path.as_path() == Path::new(file)
                || mode & 0o77 == 0
        };
        assert!(kept.iter().all(is_alone), "{name}: {kept:?}");
    }
}

/// Every file below a folder that holds a secret, and who may read it.
fn files_with_secrets(home: &Path) -> Vec<(PathBuf, u32)> {
    let (mut found, mut folders) = (Vec::new(), vec![home.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs_err::symlink_metadata(&path).unwrap();
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.is_file() {
                let text = String::from_utf8_lossy(&fs_err::read(&path).unwrap()).into_owned();
                if text.contains(CANARY) || text.contains(STORED) {
                    let path = path.strip_prefix(home).unwrap().to_owned();
                    found.push((path, metadata.permissions().mode()));
                }
            }
        }
    }
    found
}

/// What became of a process that was made to crash.
struct Crash {
    is_dumped: bool,
    is_secret_there: bool,
}

/// Crashes the program while its `number`-th request to the registry is on its way.
fn crash(config: &str, words: &str, number: usize) -> Crash {
    let sandbox = Sandbox::new();
    sandbox.config(config);
    let registry = sandbox.registry();
    registry.require_basic("me", "canary-s3cret");
    registry.on("*").after(u32::try_from(number).unwrap() - 1).holding();
    let words = words.replace("HOST", registry.host());
    let stdin = sandbox.write("../stdin", "canary-s3cret\n");
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", "ulimit -c unlimited; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_pkg")])
        .args(shlex(&words))
        .env_clear()
        .env("HOME", sandbox.home())
        .env("PATH", "/usr/bin:/bin")
        .current_dir(sandbox.home().join("desk"))
        .stdin(File::open(stdin).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let deadline = Deadline::of(&child);
    registry.wait_for("*", number);
    kill_process(Pid::from_child(&child), Signal::ABORT).unwrap();
    let status = child.wait().unwrap();
    drop(deadline);
    registry.release();
    assert_eq!(status.signal(), Some(Signal::ABORT.as_raw()), "{status}");
    let is_secret = |path: PathBuf| {
        let bytes = fs_err::read(path).unwrap();
        let mut windows = bytes.windows("canary-s3cret".len());
        windows.any(|window| window == b"canary-s3cret")
    };
    let left = fs_err::read_dir(sandbox.home().join("desk")).unwrap();
    let is_secret_there = left.map(|entry| entry.unwrap().path()).any(is_secret);
    Crash { is_dumped: status.core_dumped(), is_secret_there }
}

fn shlex(words: &str) -> Vec<String> {
    words.split(' ').map(str::to_owned).collect()
}

#[test]
fn a_crash_writes_no_secret_to_the_disk() {
    // The first request goes without the login, which is in memory already.
    for number in [1, 2] {
        let crash = crash("", "login HOST -u me --password-stdin", number);
        assert!(!crash.is_dumped && !crash.is_secret_there, "at request {number}");
    }
    let proxy = "proxy = \"http://me:canary-s3cret@proxy.test:3128\"\n";
    let crashed = crash(proxy, "tap add oci://HOST/tap", 1);
    assert!(!crashed.is_dumped && !crashed.is_secret_there, "with a proxy");
    let without = crash("", "tap add oci://HOST/tap", 1);
    if !without.is_dumped {
        skipped("nothing is dumped here at all");
    }
}
