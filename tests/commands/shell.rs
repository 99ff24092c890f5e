//! Programs inside a project: `run`, `shell`, and the hook that activates projects by folder.

use insta::assert_snapshot;

use super::project::{project, run, run_in};
use crate::support::{Output, Sandbox, skipped};

/// A script of a shell in the desk, with the program as `$pkg`.
fn script(sandbox: &Sandbox, shell: &str, script: &str) -> Output {
    let mut command = sandbox.foreign(shell);
    command.args(["-c", script]).env("pkg", env!("CARGO_BIN_EXE_pkg"));
    sandbox.finish(&mut command)
}

#[test]
fn the_users_own_prefix_is_another_one() {
    let sandbox = project();
    sandbox.run("install hello").ok();
    run(&sandbox, "add tool").ok();
    assert_snapshot!(run(&sandbox, "list"), @r"
    exit 0
    --- stdout
    hello  1.0.0
    ");
    assert_snapshot!(sandbox.run("run tool"), @r"
    exit 3
    --- stderr
    error: there is no formula `tool`
    ");
    assert_snapshot!(run(&sandbox, "run tool -- --version"), @r"
    exit 0
    --- stdout
    tool 1.1.0 --version
    ");
    assert_snapshot!(run(&sandbox, "run hello"), @r"
    exit 0
    --- stdout
    Hello, world!
    ");
    assert_snapshot!(run(&sandbox, "shell sh -c 'tool; exit 3'"), @r"
    exit 3
    --- stdout
    tool 1.1.0
    ");
    assert_snapshot!(run(&sandbox, "shell nothing"), @r"
    exit 3
    --- stderr
    error: cannot start `nothing`
      caused by: No such file or directory (os error 2)
    ");
    // No option behind the command is one of `pkg`.
    assert_eq!(run(&sandbox, "shell printf %s, -q --json --help").ok().stdout, "-q,--json,--help,");
    // What another one changed in the files comes by itself.
    sandbox.write("deep/x", "");
    fs_err::create_dir_all(sandbox.home().join("desk/work/a/b")).unwrap();
    let text = fs_err::read_to_string(sandbox.home().join("desk/work/pkg.toml")).unwrap();
    sandbox.write("work/pkg.toml", text.replace("tool = \"*\"", "tool = \"1.0\""));
    assert_snapshot!(run_in(&sandbox, "work/a/b", sandbox.home(), "run tool"), @r"
    exit 0
    --- stdout
    tool 1.0.0
    --- stderr
    Locked tool 1.1.0 -> 1.0.0
    Downgraded tool 1.1.0 -> 1.0.0 from acme
    ");
    // Uninstalling and cleaning up leave the project alone.
    sandbox.run("uninstall hello").ok();
    sandbox.run("cleanup --all").ok();
    assert_snapshot!(run(&sandbox, "--offline run tool"), @r"
    exit 0
    --- stdout
    tool 1.0.0
    ");
    sandbox.run("doctor").ok();
    // Every other command looks at the project by its root.
    let root = fs_err::read_dir(sandbox.root().join("projects")).unwrap().next().unwrap();
    let root = root.unwrap().path().display().to_string();
    assert_snapshot!(sandbox.run(&format!("--root {root} list")), @r"
    exit 0
    --- stdout
    tool  1.0.0  asked for as 1.0, from acme
    ");
    assert_snapshot!(sandbox.run(&format!("--root {root} doctor")), @r"
    exit 0
    --- stderr
    warning: `[HOME]/.local/share/pkg/projects/[ID]/current/bin` is not on PATH; `pkg shellenv` prints the line
    Checked 1 package, all is well
    ");
    sandbox.run(&format!("--root {root} cleanup --all")).ok();
    assert_snapshot!(run(&sandbox, "--offline run tool"), @r"
    exit 0
    --- stdout
    tool 1.0.0
    ");
}

#[test]
fn what_another_program_is_told_is_not_remembered() {
    let sandbox = project();
    let text = fs_err::read_to_string(sandbox.home().join("desk/work/pkg.toml")).unwrap();
    sandbox.write("work/pkg.toml", format!("{text}tool = \"1.0\"\n"));
    run(&sandbox, "run tool --token s3cret").ok();
    sandbox.write("work/pkg.toml", format!("{text}tool = \"*\"\n"));
    run(&sandbox, "lock --update").ok();
    run(&sandbox, "shell tool --token s3cret").ok();
    let root = fs_err::read_dir(sandbox.root().join("projects")).unwrap().next().unwrap();
    let root = root.unwrap().path();
    let history = sandbox.run(&format!("--root {} history --json", root.display())).ok().json();
    let generations = history["generations"].as_array().unwrap().iter();
    let commands: Vec<_> = generations.map(|one| one["command"].as_str().unwrap()).collect();
    assert_eq!(commands, ["pkg shell", "pkg run tool"]);
    let lock = fs_err::read_to_string(sandbox.root().join("lock")).unwrap();
    assert!(!lock.contains("s3cret"), "{lock}");
}

#[test]
fn a_shell_activates_what_was_synced_and_nothing_else() {
    let sandbox = project();
    for name in ["one", "two"] {
        let text = fs_err::read_to_string(sandbox.home().join("desk/work/pkg.toml")).unwrap();
        sandbox.write(&format!("{name}/pkg.toml"), text);
    }
    run_in(&sandbox, "one", sandbox.home(), "add tool@1.0").ok();
    run_in(&sandbox, "two", sandbox.home(), "add tool@1.1").ok();
    let desk = r#"
        eval "$("$pkg" hook bash)"
        eval "$("$pkg" hook bash)"
        at() { cd "$1"; _pkg_hook; echo "$1: $(command -v tool >/dev/null && tool)"; }
        at .
        at one
        at ../two
        at ../work
        mkdir -p ../two/deep; at ../two/deep
        "$pkg" remove tool 2>/dev/null; at .
        at /
        echo "${PKG_HOOK-unset} $PROMPT_COMMAND"
        case "$PATH" in */projects/*) echo "something is left";; esac
    "#;
    assert_snapshot!(script(&sandbox, "bash", desk), @r"
    exit 0
    --- stdout
    .: 
    one: tool 1.0.0
    ../two: tool 1.1.0
    ../work: 
    ../two/deep: tool 1.1.0
    .: 
    /: 
    unset _pkg_hook
    ");
}

#[test]
fn variables_are_set_and_set_back() {
    let sandbox = Sandbox::in_memory();
    let recipe = sandbox.formula("tool").version("1.0.0");
    drop(recipe.table("[env]\nTOOL_HOME = \"{keg}/it's $HOME\"\nOTHER = \"new\""));
    sandbox.write("work/pkg.toml", "[taps]\ntest = \"../../test\"\n[packages]\ntool = \"*\"\n");
    run(&sandbox, "sync").ok();
    let desk = r#"
        export OTHER=old
        eval "$("$pkg" hook bash)"
        cd work; _pkg_hook
        echo "${TOOL_HOME##*/} $OTHER"
        cd ..; _pkg_hook
        echo "${TOOL_HOME-unset} $OTHER"
    "#;
    assert_snapshot!(script(&sandbox, "bash", desk), @r"
    exit 0
    --- stdout
    it's $HOME new
    unset old
    ");
    assert_snapshot!(run(&sandbox, "shell sh -c 'echo \"${TOOL_HOME##*/} $OTHER\"'"), @r"
    exit 0
    --- stdout
    it's $HOME new
    ");
}

#[test]
fn every_shell_gets_lines_of_its_own() {
    let sandbox = project();
    assert_snapshot!(run(&sandbox, "hook direnv"), @r"
    exit 1
    --- stderr
    error: this project was not synced yet

    hint: `pkg sync` has what it asks for
    ");
    run(&sandbox, "add tool").ok();
    assert_snapshot!(run(&sandbox, "hook direnv"), @r"
    exit 0
    --- stdout
    watch_file pkg.toml pkg.lock
    PATH_add '[HOME]/.local/share/pkg/projects/[ID]/current/bin'
    ");
    for shell in ["bash", "zsh", "fish", "nu"] {
        let lines = run(&sandbox, &format!("hook {shell}")).ok().stdout;
        assert!(lines.contains(&format!("hook {shell} --export")), "{lines}");
    }
    assert_snapshot!(run(&sandbox, "hook fish --export"), @r#"
    exit 0
    --- stdout
    set -gx PATH (string split : '[HOME]/.local/share/pkg/projects/[ID]/current/bin:/usr/local/bin:/usr/bin:/bin')
    set -gx PKG_HOOK '{"commands":"[HOME]/.local/share/pkg/projects/[ID]/current/bin","generation":1,"before":[]}'
    "#);
    assert_snapshot!(run(&sandbox, "hook nu --export"), @r#"
    exit 0
    --- stdout
    {"PATH":["[HOME]/.local/share/pkg/projects/[ID]/current/bin","/usr/local/bin","/usr/bin","/bin"],"PKG_HOOK":"{\"commands\":\"[HOME]/.local/share/pkg/projects/[ID]/current/bin\",\"generation\":1,\"before\":[]}"}
    "#);
    assert_snapshot!(run(&sandbox, "hook elvish"), @r"
    exit 2
    --- stderr
    error: invalid value 'elvish' for '<SHELL>'
      [possible values: bash, zsh, fish, nu, direnv]

      tip: a similar value exists: 'fish'

    For more information, try '--help'.
    ");
}

#[test]
fn nu_takes_what_changes_as_an_object() {
    let sandbox = Sandbox::in_memory();
    if sandbox.foreign("nu").arg("--version").output().is_err() {
        return skipped("there is no nu");
    }
    let recipe = sandbox.formula("tool").version("1.0.0");
    drop(recipe.table("[env]\nTOOL_HOME = \"{keg}/it's $HOME\"\nOTHER = \"new\""));
    sandbox.write("work/pkg.toml", "[taps]\ntest = \"../../test\"\n[packages]\ntool = \"*\"\n");
    run(&sandbox, "sync").ok();
    sandbox.write("hook.nu", sandbox.run("hook nu").ok().stdout);
    sandbox.write(
        "desk.nu",
        r#"
        source hook.nu
        source hook.nu
        $env.OTHER = "old"
        def say [] {
            let home = ($env.TOOL_HOME? | default unset | path basename)
            print $"($home) ($env.OTHER) (which tool | length) ($env.PKG_HOOK? | is-empty)"
        }
        _pkg_hook; say
        cd work; _pkg_hook; _pkg_hook; say
        cd ..; _pkg_hook; say
        print ($env.config.hooks.pre_prompt | where $it == "_pkg_hook" | length)
        "#,
    );
    let mut command = sandbox.foreign("nu");
    assert_snapshot!(sandbox.finish(command.args(["-n", "desk.nu"])), @r"
    exit 0
    --- stdout
    unset old 0 true
    it's $HOME new 1 false
    unset old 0 true
    1
    ");
}

#[test]
fn a_project_whose_folder_is_gone_is_cleaned_up() {
    let sandbox = project();
    run(&sandbox, "add tool").ok();
    run(&sandbox, "sync --platform linux/arm64").ok();
    sandbox.run("cleanup --all").ok();
    assert_snapshot!(run(&sandbox, "--offline run tool"), @r"
    exit 0
    --- stdout
    tool 1.1.0
    ");
    fs_err::remove_dir_all(sandbox.home().join("desk/work")).unwrap();
    assert_snapshot!(sandbox.run("cleanup --all --dry-run"), @r"
    exit 0
    --- stderr
    `[HOME]/desk/work` is no folder any more; its packages would go
    Would free 5.0 kB (1 file)
    ");
    assert_snapshot!(sandbox.run("cleanup --all"), @r"
    exit 0
    --- stderr
    `[HOME]/desk/work` is no folder any more; its packages are gone
    Freed 242 B (1 file)
    ");
    assert_eq!(fs_err::read_dir(sandbox.root().join("projects")).unwrap().count(), 0);
    assert_snapshot!(sandbox.run("cleanup --all"), @r"
    exit 0
    --- stderr
    nothing to clean up
    ");
    assert_snapshot!(sandbox.run("doctor"), @r"
    exit 0
    --- stderr
    Checked 0 packages, all is well
    ");
}
