//! Logging in and out, and which login is used: where it is, and never what.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    process::{Child, Stdio},
};

use insta::assert_snapshot;
use rustix::{
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::tcgetattr,
};
use test_registry::{TestRegistry, Tokens};

use crate::support::{Output, Sandbox};

/// The password that no output may show.
const PASSWORD: &str = "canary-s3cret";
/// `me:canary-s3cret` and `me:wrong` as files have them.
const STORED: &str = "bWU6Y2FuYXJ5LXMzY3JldA==";
const WRONG: &str = "bWU6d3Jvbmc=";

/// Runs the program with a text on its stdin, and finds no password in what it prints.
fn type_in(sandbox: &Sandbox, words: &str, text: &str) -> Output {
    let mut child = sandbox
        .command(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its words does not wait for its stdin.
    drop(child.stdin.take().unwrap().write_all(text.as_bytes()));
    unseen(sandbox.end(child))
}

#[track_caller]
fn unseen(output: Output) -> Output {
    let printed = format!("{}{}", output.stdout, output.stderr);
    assert!(!printed.contains("canary") && !printed.contains(STORED), "{output}");
    output
}

fn host(sandbox: &Sandbox) -> &str {
    sandbox.registry().host()
}

/// Writes the login of `key` into a file below the home.
fn keep(sandbox: &Sandbox, file: &str, key: &str, auth: &str) {
    let text = format!("{{ \"auths\": {{ \"{key}\": {{ \"auth\": \"{auth}\" }} }} }}");
    sandbox.write(&format!("../{file}"), text);
}

const DOCKER: &str = ".docker/config.json";
const PODMAN: &str = ".config/containers/auth.json";

fn guarded() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.registry().push_artifact("team/tool", "1.0", "text/x", &[]);
    sandbox.registry().require_basic("me", PASSWORD);
    sandbox
}

#[test]
fn a_login_is_checked_before_it_is_kept() {
    let sandbox = guarded();
    let login = format!("login {} -u me --password-stdin", host(&sandbox));
    let wrong = type_in(&sandbox, &login, "canary-wrong\n");
    assert_snapshot!(wrong, @r"
    exit 5
    --- stderr
    error: cannot log in to `[HOST]`
      caused by: [HOST] does not take the login
      caused by: GET http://[HOST]/v2/ answered 401 Unauthorized: authentication required (UNAUTHORIZED)

    hint: look at the user and the password; some registries take a token in its place only
    ");
    assert!(!sandbox.home().join(".docker").exists());
    assert_snapshot!(type_in(&sandbox, &login, "canary-s3cret\r\n"), @r"
    exit 0
    --- stderr
    Logged in to [HOST] as me
    Kept in `[HOME]/.docker/config.json`, which only you can read
    ");
    let file = sandbox.home().join(DOCKER);
    assert_eq!(fs_err::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs_err::read_to_string(&file).unwrap().contains(STORED));
    let reference = format!("{}/team/tool:1.0", host(&sandbox));
    assert_snapshot!(unseen(sandbox.run(&format!("login --check {reference}"))), @r"
    exit 0
    --- stdout
    Reference  [HOST]/team/tool:1.0
    Login  `[HOST]` in `[HOME]/.docker/config.json`
    User  me
    Registry  takes it
    Readable  yes
    ");
    assert_snapshot!(sandbox.run(&format!("logout {}", host(&sandbox))), @r"
    exit 0
    --- stderr
    Removed the login for [HOST] from `[HOME]/.docker/config.json`
    ");
    assert_snapshot!(sandbox.run(&format!("logout {}", host(&sandbox))), @r"
    exit 0
    --- stderr
    there is no login for [HOST] to remove
    ");
    assert_snapshot!(sandbox.run(&format!("login --check {reference}")), @r"
    exit 5
    --- stdout
    Reference  [HOST]/team/tool:1.0
    Login      none
    Readable   no
    --- stderr
    error: [HOST]/team/tool:1.0 needs a login, or does not exist
      caused by: HEAD http://[HOST]/v2/team/tool/manifests/1.0 answered 401 Unauthorized

    hint: `pkg login [HOST]` logs in; a login of Docker or podman for it is used as well
    ");
}

/// A terminal, from its own side and from the program's.
fn terminal() -> (File, File) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let slave = fs_err::OpenOptions::new().read(true).write(true).open(name).unwrap();
    (File::from(master), slave.into_parts().0)
}

/// Logs in at a terminal, and what the program says there until it asks for the password.
fn begin_to_log_in(sandbox: &Sandbox, master: &mut File, slave: &File) -> (Child, String) {
    let mut child = sandbox
        .command(&format!("login {}", host(sandbox)))
        .stdin(slave.try_clone().unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = child.stderr.as_mut().unwrap();
    let mut said = String::new();
    let mut wait_for = |text: &str| {
        let mut byte = [0];
        while !said.ends_with(text) {
            stderr.read_exact(&mut byte).unwrap();
            said.push(byte[0].into());
        }
    };
    wait_for("User: ");
    master.write_all(b"me\n").unwrap();
    wait_for(&format!("for {}: ", host(sandbox)));
    (child, said)
}

#[test]
fn a_password_is_typed_unseen() {
    let sandbox = guarded();
    let (mut master, slave) = terminal();
    let before = tcgetattr(&slave).unwrap().local_modes;
    let (child, said) = begin_to_log_in(&sandbox, &mut master, &slave);
    assert!(said.contains("Password of me for"), "{said}");
    master.write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
    unseen(sandbox.end(child).ok());
    assert_eq!(tcgetattr(&slave).unwrap().local_modes, before, "the terminal is as it was");
    // What the terminal showed: the user, and the ends of two lines.
    let mut shown = [0; 64];
    let count = master.read(&mut shown).unwrap();
    assert_eq!(String::from_utf8_lossy(&shown[..count]), "me\r\n\r\n");
}

#[test]
fn a_terminal_in_place_of_a_pipe_shows_no_password() {
    let sandbox = guarded();
    let (mut master, slave) = terminal();
    let before = tcgetattr(&slave).unwrap().local_modes;
    let mut command = sandbox.command(&format!("login {} -u me --password-stdin", host(&sandbox)));
    command.stdin(slave.try_clone().unwrap()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    while tcgetattr(&slave).unwrap().local_modes == before {
        assert!(child.try_wait().unwrap().is_none(), "it ended before the terminal was silent");
        std::thread::yield_now();
    }
    master.write_all(format!("{PASSWORD}\n\u{4}").as_bytes()).unwrap();
    unseen(sandbox.end(child).ok());
    let mut shown = [0; 64];
    let count = master.read(&mut shown).unwrap();
    assert_eq!(String::from_utf8_lossy(&shown[..count]), "\r\n");
}

#[test]
fn an_interrupt_gives_the_terminal_back() {
    let sandbox = guarded();
    let (mut master, slave) = terminal();
    let before = tcgetattr(&slave).unwrap().local_modes;
    let (child, _) = begin_to_log_in(&sandbox, &mut master, &slave);
    assert_ne!(tcgetattr(&slave).unwrap().local_modes, before, "the terminal is silent");
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(sandbox.end(child).code, 130);
    assert_eq!(tcgetattr(&slave).unwrap().local_modes, before, "the terminal is as it was");
}

#[test]
fn what_cannot_be_meant_is_said_before_anybody_is_asked() {
    let sandbox = guarded();
    sandbox.config("[mirror]\n\"https://public.example/\" = \"https://mirror.example/\"\n");
    for (words, says) in [
        ("login ghcr.io -p canary-s3cret", "`--password-stdin` reads it from a pipe"),
        ("login ghcr.io --password=canary-s3cret -u me", "can read a password on a command line"),
        ("login -p ghcr.io", "can read a password on a command line"),
        ("login acme -u me", "a host has a `.` or a port"),
        ("login https://me:canary-s3cret@ghcr.io", "`ghcr.io` is no registry's host"),
        ("login ghcr.io/acme/tool:1.0 -u me", "a repository is parts of"),
        ("login ghcr.io -u me", "there is no terminal to ask for a password on"),
        ("login ghcr.io --password-stdin", "add `--username USER`"),
        ("login ghcr.io -u me --password-stdin", "the password is empty"),
        ("login ghcr.io -u '' --password-stdin", "the user is empty"),
        ("login public.example -u me --password-stdin", "`pkg login mirror.example` logs in there"),
        ("login", "required"),
        ("login ghcr.io --check ghcr.io/a", "cannot be used with"),
        ("logout a//b", "no registry's host"),
    ] {
        let output = unseen(sandbox.run(words));
        assert!(output.code == 2 && output.stderr.contains(says), "{words}: {output}");
    }
    assert_eq!(sandbox.registry().requests().len(), 0);
}

#[test]
fn a_login_for_a_path_is_for_what_is_below_it() {
    let sandbox = guarded();
    let host = host(&sandbox);
    keep(&sandbox, DOCKER, host, WRONG);
    let login = format!("login {host}/team -u me --password-stdin");
    assert_snapshot!(type_in(&sandbox, &login, PASSWORD), @r"
    exit 0
    --- stderr
    Logged in to [HOST]/team as me
    Kept in `[HOME]/.config/containers/auth.json`, which only you can read
    ");
    let check = |path: &str| unseen(sandbox.run(&format!("login --check oci://{host}/{path}")));
    assert_snapshot!(check("team/tool"), @r"
    exit 0
    --- stdout
    Reference  oci://[HOST]/team/tool
    Login  `[HOST]/team` in `[HOME]/.config/containers/auth.json`
    User  me
    Registry  takes it
    Readable  yes
    ");
    assert_snapshot!(check("other/tool"), @r"
    exit 5
    --- stdout
    Reference  oci://[HOST]/other/tool
    Login  `[HOST]` in `[HOME]/.docker/config.json`
    User  me
    Registry  does not take it
    Readable  no
    --- stderr
    error: [HOST] does not take the login
      caused by: GET http://[HOST]/v2/ answered 401 Unauthorized: authentication required (UNAUTHORIZED)

    hint: `pkg login [HOST]` keeps another one
    ");
    assert_snapshot!(sandbox.run(&format!("logout {host}")), @r"
    exit 0
    --- stderr
    Removed the login for [HOST] from `[HOME]/.docker/config.json`
    warning: `[HOST]/team` in `[HOME]/.config/containers/auth.json` stays, for a part of [HOST]
    ");
    assert_snapshot!(sandbox.run(&format!("logout {host}/team --json")), @r#"
    exit 0
    --- stdout
    {
      "schema": 1,
      "registry": "[HOST]/team",
      "removed": [
        {
          "from": "file",
          "file": "[HOME]/.config/containers/auth.json"
        }
      ],
      "still": null,
      "parts": []
    }
    "#);
}

#[test]
fn what_is_used_before_a_login_is_said() {
    let sandbox = guarded();
    let host = host(&sandbox).to_owned();
    keep(&sandbox, PODMAN, &format!("{host}/team/x"), WRONG);
    let name = format!("PKG_REGISTRY_{}_TOKEN", host.replace(['.', ':'], "_"));
    let mut command = sandbox.command(&format!("login {host} -u me --password-stdin"));
    let text = sandbox.write("password", PASSWORD);
    command.env(&name, "another").stdin(File::open(text).unwrap());
    let port = host.rsplit(':').next().unwrap();
    let said = unseen(sandbox.finish(&mut command)).to_string().replace(port, "PORT");
    assert_snapshot!(said, @r"
    exit 0
    --- stderr
    Logged in to [HOST] as me
    Kept in `[HOME]/.docker/config.json`, which only you can read
    warning: it is not used, as the variable `PKG_REGISTRY_127_0_0_1_PORT_TOKEN` comes first
    warning: for a part of it, `[HOST]/team/x` in `[HOME]/.config/containers/auth.json` comes first
    ");
    let mut command = sandbox.command(&format!("logout {host}"));
    let said = sandbox.finish(command.env(&name, "another")).to_string().replace(port, "PORT");
    assert_snapshot!(said, @r"
    exit 0
    --- stderr
    Removed the login for [HOST] from `[HOME]/.docker/config.json`
    warning: [HOST] is still asked with the variable `PKG_REGISTRY_127_0_0_1_PORT_TOKEN`
    hint: `unset PKG_REGISTRY_127_0_0_1_PORT_TOKEN` ends that
    warning: `[HOST]/team/x` in `[HOME]/.config/containers/auth.json` stays, for a part of [HOST]
    ");
    let mut command = sandbox.command(&format!("logout {host} --json"));
    let said = sandbox.finish(command.env(&name, "another")).stderr;
    assert!(said.starts_with("warning: ") && said.contains("is still asked with"), "{said}");
    let mut command = sandbox.command(&format!("login --check {host}"));
    let said = sandbox.finish(command.env(&name, "canary-s3cret").env("PKG_LOG", "trace"));
    assert_eq!(unseen(said).code, 5);
}

/// A helper that logs how it is called, in a folder that is first on PATH.
fn helper(sandbox: &Sandbox, script: &str) -> String {
    let text = format!("#!/bin/sh\necho \"$0 $*\" >> \"$HOME/calls\"\n{script}\n");
    let path = sandbox.write("../bin/docker-credential-vault", text);
    fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:/usr/bin:/bin", sandbox.home().join("bin").display())
}

#[test]
fn a_helper_keeps_the_login_and_never_sees_it_as_a_word() {
    let sandbox = guarded();
    let host = host(&sandbox).to_owned();
    sandbox.write(&format!("../{DOCKER}"), "{ \"credsStore\": \"vault\" }");
    let path = helper(
        &sandbox,
        "case $1 in\n\
         store) cat > \"$HOME/vault\" ;;\n\
         erase) rm \"$HOME/vault\" ;;\n\
         get) [ -e \"$HOME/vault\" ] && cat \"$HOME/vault\" && exit\n\
         echo credentials not found in native keychain; exit 1 ;;\nesac",
    );
    let run = |words: &str, stdin: &str| {
        let file = sandbox.write("stdin", stdin);
        let mut command = sandbox.command(words);
        unseen(sandbox.finish(command.env("PATH", &path).stdin(File::open(file).unwrap())))
    };
    let login = format!("login {host} -u me --password-stdin --json");
    assert_snapshot!(run(&login, PASSWORD), @r#"
    exit 0
    --- stdout
    {
      "schema": 1,
      "registry": "[HOST]",
      "user": "me",
      "kept": {
        "from": "helper",
        "helper": "vault"
      },
      "hidden_by": null,
      "parts": [],
      "taken": true
    }
    "#);
    let stored = fs_err::read_to_string(sandbox.home().join("vault")).unwrap();
    assert!(stored.contains(PASSWORD), "{stored}");
    assert_snapshot!(run(&format!("login --check {host}/team/tool --json"), ""), @r#"
    exit 0
    --- stdout
    {
      "schema": 1,
      "reference": "[HOST]/team/tool",
      "mirror": null,
      "login": {
        "from": "helper",
        "helper": "vault",
        "file": "[HOME]/.docker/config.json",
        "key": "[HOST]",
        "user": "me",
        "kind": "password"
      },
      "taken": true,
      "readable": true
    }
    "#);
    assert_snapshot!(run(&format!("logout {host}"), ""), @r"
    exit 0
    --- stderr
    Removed the login for [HOST] from the credential helper `vault`
    ");
    let calls = fs_err::read_to_string(sandbox.home().join("calls")).unwrap();
    assert!(calls.contains("vault store") && !calls.contains("canary"), "{calls}");
    assert!(!fs_err::read_to_string(sandbox.home().join(DOCKER)).unwrap().contains("me"));
}

#[test]
fn tokens_and_docker_hubs_names_and_ipv6_are_understood() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.require_tokens(Tokens::new().identity("canary-identity").without_anonymous());
    let login = format!("login {} -u '<token>' --password-stdin", registry.host());
    type_in(&sandbox, &login, "canary-identity\n").ok();
    let standing = sandbox.run(&format!("login --check {}", registry.host()));
    assert_snapshot!(unseen(standing), @r"
    exit 0
    --- stdout
    Reference  [HOST]
    Login  `[HOST]` in `[HOME]/.docker/config.json`
    User  an identity token
    Registry  takes it
    ");
    keep(&sandbox, PODMAN, "https://index.docker.io/v1/", STORED);
    assert_snapshot!(sandbox.run("login --check docker.io/ubuntu --offline"), @r"
    exit 4
    --- stdout
    Reference  docker.io/ubuntu
    Login  `https://index.docker.io/v1/` in `[HOME]/.config/containers/auth.json`
    User  me
    Registry  cannot be asked
    --- stderr
    error: registry-1.docker.io is not asked while offline
    ");
    assert_snapshot!(sandbox.run("logout registry-1.docker.io"), @r"
    exit 0
    --- stderr
    Removed the login for docker.io from `[HOME]/.config/containers/auth.json`
    ");
    let Some(registry) = TestRegistry::start_at_ipv6() else { return };
    registry.require_basic("me", PASSWORD);
    let host = registry.host();
    type_in(&sandbox, &format!("login {host} -u me --password-stdin"), PASSWORD).ok();
    let other = host.replace("::1", "0:0::1");
    sandbox.run(&format!("login --check {other}")).ok();
    assert!(sandbox.run(&format!("logout {other}")).ok().stderr.contains("Removed"));
}
