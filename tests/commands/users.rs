//! A root that several users share: its owner changes it, the others use it as it is.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    process::Command,
};

use insta::assert_snapshot;

use crate::support::{Output, Sandbox, skipped};

/// Another user, as which this one may run programs.
const USER: &str = "65534";

/// A root with a package, and another user with a home of its own.
struct Shared {
    sandbox: Sandbox,
    program: PathBuf,
}

impl Shared {
    /// None where this user may not become another one, which is said.
    fn new() -> Option<Self> {
        let sandbox = Sandbox::in_memory();
        let become_user = ["--reuid", USER, "--regid", USER, "--clear-groups", "true"];
        let tried = sandbox.foreign("setpriv").args(become_user).output();
        if !tried.is_ok_and(|tried| tried.status.success()) {
            skipped("this user may not become another one");
            return None;
        }
        drop(sandbox.formula("tool").version("1.0.0"));
        sandbox.run("install tool").ok();
        // The other user goes through the home, and runs a program that it can reach.
        fs::set_permissions(sandbox.home(), Permissions::from_mode(0o755)).unwrap();
        let program = sandbox.home().join("pkg");
        fs::copy(env!("CARGO_BIN_EXE_pkg"), &program).unwrap();
        let home = sandbox.home().join("other");
        fs::create_dir(&home).unwrap();
        std::os::unix::fs::chown(&home, Some(USER.parse().unwrap()), None).unwrap();
        Some(Self { sandbox, program })
    }

    /// What the program says to the other user.
    fn other(&self, words: &str) -> Output {
        let mut command: Command = self.sandbox.foreign("setpriv");
        command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]).arg(&self.program);
        command.args(shlex::split(words).unwrap());
        command.env("HOME", self.sandbox.home().join("other")).env("PKG_ROOT", self.sandbox.root());
        self.sandbox.finish(&mut command)
    }
}

#[test]
fn others_use_a_root_and_are_told_that_it_is_not_theirs() {
    let Some(shared) = Shared::new() else { return };
    assert_snapshot!(shared.other("list"), @r"
    exit 0
    --- stdout
    tool  1.0.0  from test
    ");
    assert_snapshot!(shared.other("run tool"), @r"
    exit 0
    --- stdout
    tool 1.0.0
    ");
    for words in ["info tool", "files tool", "env tool", "search tool", "history", "outdated"] {
        shared.other(words).ok();
    }
    shared.other("doctor").ok();
    assert_snapshot!(shared.other("uninstall tool"), @r"
    exit 1
    --- stderr
    error: cannot work below `[HOME]/.local/share/pkg`
      caused by: the root folder `[HOME]/.local/share/pkg` is not safe: `[HOME]/.local/share/pkg` belongs to another user; run as its owner, or set PKG_ROOT
    ");
    assert_snapshot!(shared.other("tap remove test"), @r"
    exit 1
    --- stderr
    error: cannot remove what is remembered of tap `test`
      caused by: failed to remove file `[HOME]/.local/share/pkg/taps/test/tap.json`: Permission denied (os error 13)

    hint: that root can be used as it is; `--root` or `PKG_ROOT` names one of your own
    ");
    // With a root of their own they have both.
    let own = shared.sandbox.home().join("other/own");
    let words = format!("--root {} install ../test/tool.toml", own.display());
    shared.other(&words).ok();
    assert!(own.join("current/bin/tool").exists());
    shared.sandbox.run("uninstall tool").ok();
}
