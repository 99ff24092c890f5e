//! The lines for each shell, and what a shell makes of them.

use std::process::Command;

use insta::assert_snapshot;

use crate::support::Sandbox;

#[test]
fn each_shell_gets_its_lines() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("shellenv bash"), @r#"
    exit 0
    --- stdout
    pkg_prefix='[HOME]/.local/share/pkg/current'
    case ":$PATH:" in *":$pkg_prefix/bin:"*) ;; *) export PATH="$pkg_prefix/bin:$PATH" ;; esac
    case ":${MANPATH-}:" in ::|*":$pkg_prefix/share/man:"*) ;; *) export MANPATH="$pkg_prefix/share/man:$MANPATH" ;; esac
    unset pkg_prefix
    "#);
    assert_snapshot!(sandbox.run("shellenv zsh"), @r#"
    exit 0
    --- stdout
    pkg_prefix='[HOME]/.local/share/pkg/current'
    case ":$PATH:" in *":$pkg_prefix/bin:"*) ;; *) export PATH="$pkg_prefix/bin:$PATH" ;; esac
    case ":${MANPATH-}:" in ::|*":$pkg_prefix/share/man:"*) ;; *) export MANPATH="$pkg_prefix/share/man:$MANPATH" ;; esac
    (( ${fpath[(Ie)$pkg_prefix/share/zsh/site-functions]} )) || fpath=("$pkg_prefix/share/zsh/site-functions" $fpath)
    unset pkg_prefix
    "#);
    assert_snapshot!(sandbox.run("shellenv fish"), @r"
    exit 0
    --- stdout
    set -l pkg_prefix '[HOME]/.local/share/pkg/current'
    contains -- $pkg_prefix/bin $PATH; or set -gx PATH $pkg_prefix/bin $PATH
    contains -- $pkg_prefix/share/fish/vendor_completions.d $fish_complete_path; or set -ga fish_complete_path $pkg_prefix/share/fish/vendor_completions.d
    if set -q MANPATH; and not contains -- $pkg_prefix/share/man $MANPATH; set -gx MANPATH $pkg_prefix/share/man $MANPATH; end
    ");
    assert_snapshot!(sandbox.run("shellenv nu"), @r#"
    exit 0
    --- stdout
    $env.PATH = ($env.PATH | split row (char esep) | prepend "[HOME]/.local/share/pkg/current/bin" | uniq)
    "#);
}

#[test]
fn the_shell_is_that_of_the_user() {
    let sandbox = Sandbox::new();
    let with = |shell: &str| sandbox.finish(sandbox.command("shellenv").env("SHELL", shell));
    assert_eq!(with("/usr/bin/fish").stdout, sandbox.run("shellenv fish").stdout);
    assert_eq!(with("/bin/dash").stdout, sandbox.run("shellenv bash").stdout);
    assert_snapshot!(with("/bin/tcsh"), @r"
    exit 2
    --- stderr
    error: `SHELL` names no shell that is known here

    hint: name one: `pkg shellenv bash`, `zsh`, `fish` or `nu`
    ");
    assert_snapshot!(sandbox.run("shellenv"), @r"
    exit 2
    --- stderr
    error: `SHELL` names no shell that is known here

    hint: name one: `pkg shellenv bash`, `zsh`, `fish` or `nu`
    ");
}

#[test]
fn a_shell_that_reads_the_lines_twice_has_the_prefix_once() {
    let sandbox = Sandbox::new();
    let lines = sandbox.run("--root \"/it's $HOME\" shellenv bash").ok().stdout;
    let script = format!("{lines}{lines}printf '%s\\n' \"$PATH\" \"$MANPATH\"");
    let sh = |manpath: Option<&str>| {
        let mut command = Command::new("/bin/sh");
        command.args(["-euc", &script]).env_clear().env("PATH", "/bin").env("MANPATH", "");
        command.envs(manpath.map(|manpath| ("MANPATH", manpath)));
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert_snapshot!(sh(None), @"/it's $HOME/current/bin:/bin");
    assert_snapshot!(sh(Some("/man")), @r"
    /it's $HOME/current/bin:/bin
    /it's $HOME/current/share/man:/man
    ");
}
