//! What holds for every command.

use std::{fs::File, process::Stdio};

use insta::assert_snapshot;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::Sandbox;

#[test]
fn a_mistyped_command_line_is_a_usage_error() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("instal hello"), @r"
    exit 2
    --- stderr
    error: unrecognized subcommand 'instal'

      tip: a similar subcommand exists: 'install'

    Usage: pkg [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.run("install --overwite hello"), @r"
    exit 2
    --- stderr
    error: unexpected argument '--overwite' found

      tip: a similar argument exists: '--overwrite'

    Usage: pkg install --overwrite <SPEC>...

    For more information, try '--help'.
    ");
    // What is two letters away from a short word is no slip of a finger.
    assert_snapshot!(sandbox.run("cask"), @r"
    exit 2
    --- stderr
    error: unrecognized subcommand 'cask'

    Usage: pkg [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    assert_snapshot!(sandbox.run("search --desc git"), @r"
    exit 2
    --- stderr
    error: unexpected argument '--desc' found

    For more information, try '--help'.
    ");
    assert!(sandbox.run("lsit").stderr.contains("'list'"));
    assert_snapshot!(sandbox.run("mark hello"), @r"
    exit 2
    --- stderr
    error: the following required arguments were not provided:
      <--requested|--dependency>

    Usage: pkg mark <--requested|--dependency> <NAME>...

    For more information, try '--help'.
    ");
}

#[test]
fn help_and_version_are_answers() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run("--version"), @r"
    exit 0
    --- stdout
    pkg 0.1.0
    ");
    assert_snapshot!(sandbox.run("--help"), @r"
    exit 0
    --- stdout
    Install programs from any OCI registry

    Usage: pkg [OPTIONS] <COMMAND>

    Install and remove:
      install      Install packages
      uninstall    Remove installed packages (also rm)
      reinstall    Install the same versions again
      upgrade      Bring packages to newer versions, inside what was asked for
      autoremove   Remove packages that nothing needs any more
      run          Run a package's program without linking it
      fetch        Download packages without installing them

    Look around:
      list         List installed packages (also ls)
      leaves       List installed packages that no other one needs
      info         Describe a package
      search       Find formulas by words
      outdated     List installed packages with newer versions
      versions     List the versions of a package
      deps         Show what a package needs
      uses         List installed packages that need a package
      why          Explain why a package is installed
      files        List the files of an installed package
      owns         Tell which package a file belongs to
      which        Tell which package a command belongs to
      cat          Print a formula
      home         Print the address of a package's homepage (also homepage)

    Choose:
      pin          Keep packages at their versions
      unpin        Let packages be upgraded again
      mark         Say whether packages were asked for or only needed
      link         Put a package's commands on the prefix
      unlink       Take a package's commands from the prefix
      use          Choose which slot of a package is linked

    Go back:
      history      List what was changed, and when (also log)
      undo         Go back to before the last change
      redo         Take back the last undo
      rollback     Go back to a generation of the history

    Projects:
      init         Make this folder a project
      add          Add packages to the project
      remove       Remove packages from the project; outside of one, as `uninstall`
      lock         Choose the exact packages of the project, for all platforms
      sync         Have what the project's lock says
      shell        Open a shell, or run a command, with the project's packages
      hook         Print the lines that activate projects by folder
      bundle       List everything that was asked for, or install such a list

    Registries:
      tap          Add, list and remove taps
      update       Ask the taps in registries for what is new
      login        Log in to a registry, or say which login is used
      logout       Log out of a registry
      mirror       Copy a tap with everything that it names
      export       Write packages with all that they need into one archive
      import       Bring in an archive of `pkg export`
      inspect      Show what an artifact in a registry holds
      oci          Work on a registry by hand: manifests, blobs, tags, files

    Formulas:
      new          Draft a formula for a release, and say what was guessed
      check        Check formulas
      fmt          Put formulas into canonical form
      bump         Add a new version to a formula
      yank         Say that a version should not be used
      pack         Make a package of a formula's version, or of a folder
      test         Run the tests of a package
      publish      Put a version into the tap's registry
      promote      Copy a version to another repository, digests and all

    This machine:
      env          Print the environment that packages ask for
      shellenv     Print the lines that put the prefix on a shell's PATH
      prefix       Print the prefix, or a package's folder
      cleanup      Delete what nothing uses any more
      doctor       Check every installed file, and what else can be wrong
      config       Show the settings and where each comes from

    The program:
      completions  Print a shell's completions
      man          Print manual pages

    Options:
      -h, --help           Print help
      -V, --version        Print version
      -y, --yes            Answer every question with yes
          --json[=<FORM>]  Answer in JSON: one document, or with `=events` a line for each event
      -q, --quiet          Say nothing but answers, warnings and errors
      -v, --verbose...     Log what is done to stderr; twice for details
          --offline        Use no network: what is here, or a failure
          --root <FOLDER>  Use this root folder

    `pkg help COMMAND` says more about a command, with examples.
    ");
    assert_snapshot!(sandbox.run("help tap"), @r"
    exit 0
    --- stdout
    Add, list and remove taps

    Usage: pkg tap [OPTIONS] [COMMAND]

    Commands:
      add      Add a tap: one in a registry, or a folder of formulas
      publish  Publish a folder of formulas as the next edition of a tap in a registry
      list     List the taps [alias: ls]
      info     Describe a tap
      remove   Forget a tap [alias: rm]
      help     Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help

    Options of every command:
      -y, --yes            Answer every question with yes
          --json[=<FORM>]  Answer in JSON: one document, or with `=events` a line for each event
      -q, --quiet          Say nothing but answers, warnings and errors
      -v, --verbose...     Log what is done to stderr; twice for details
          --offline        Use no network: what is here, or a failure
          --root <FOLDER>  Use this root folder

    Examples:
      pkg tap add oci://ghcr.io/acme/tap                     its name is the one that it gives itself
      pkg tap add oci://ghcr.io/acme/tap --as-of 2026-05-01  as it was at the end of that day
      pkg tap add ~/formulas                                 its name is in its tap.toml, else the
      folder's
      pkg tap list                                           the built-in tap `core` and the added ones
      pkg tap info acme                                      which edition of it is here
      pkg tap publish ~/formulas oci://ghcr.io/acme/tap      for everybody who follows it
      pkg tap remove formulas                                what was installed from it stays
    ");
}

#[test]
#[cfg(target_os = "linux")]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let sandbox = Sandbox::new();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let child = sandbox.command("man").stdout(full).stderr(Stdio::piped()).spawn().unwrap();
    assert_snapshot!(sandbox.end(child), @r"
    exit 1
    --- stderr
    error: cannot write the answer to stdout
      caused by: No space left on device (os error 28)
    ");
}

#[test]
fn a_log_that_cannot_be_meant_is_a_usage_error() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.finish(sandbox.command("config").env("PKG_LOG", "loud=very")), @r#"
    exit 2
    --- stderr
    error: the variable `PKG_LOG` is `loud=very`, which names nothing to log
      caused by: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5

    hint: write `warn`, `info`, `debug` or `trace`
    "#);
}

#[test]
fn each_shell_gets_a_script_that_asks() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        let text = sandbox.run(&format!("completions {shell}")).ok().stdout;
        assert!(text.contains("PKG_COMPLETE") && text.contains("pkg"), "{shell}: {text}");
    }
    let text = sandbox.run("completions nu").ok().stdout;
    assert!(text.contains("rollback") && text.contains("--offline"), "{text}");
    assert_eq!(sandbox.run("completions tcsh").code, 2);
    sandbox.run("completions bash --json").json();
}

#[test]
fn a_shell_is_offered_commands_and_names() {
    let sandbox = Sandbox::new();
    sandbox.formula("widget").key("aliases = [\"wilma\"]").version("1.0.0");
    sandbox.formula("gadget").version("1.0.0");
    sandbox.run("install gadget").ok();
    let offered = |words: &[&str]| {
        let mut command = sandbox.command("--");
        let last = words.len().to_string();
        command.arg("pkg").args(words).env("PKG_COMPLETE", "bash");
        command.env("_CLAP_COMPLETE_INDEX", last).env("_CLAP_IFS", " ");
        let stdout = sandbox.finish(&mut command).ok().stdout;
        stdout.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(offered(&["rollb"]), ["rollback"]);
    assert_eq!(offered(&["install", "widg"]), ["widget"]);
    assert_eq!(offered(&["install", "wilm"]), ["wilma"]);
    assert_eq!(offered(&["info", "test/g"]), ["test/gadget"]);
    assert_eq!(offered(&["uninstall", ""])[0], "gadget");
    assert_eq!(offered(&["uninstall", "widg"]), [""; 0]);
    assert_eq!(offered(&["tap", "remove", "te"]), ["test"]);
    let text = "schema = 1\nname = \"mine\"\nsummary = \"Mine\"\nlicense = \"MIT\"\n";
    sandbox.write("own/mine.toml", text);
    assert_eq!(offered(&["remove", "g"]), ["gadget"]);
    sandbox.write("pkg.toml", "[packages]\ngizmo = \"*\"\n");
    assert_eq!(offered(&["remove", "g"]), ["gizmo"]);
    assert_eq!(offered(&["uninstall", "g"]), ["gadget"]);
    sandbox.config("[tap]\nown = \"../../desk/own\"\n");
    assert_eq!(offered(&["tap", "info", "ow"]), ["own"]);
    assert_eq!(offered(&["info", "own/m"]), ["own/mine"]);
}

#[test]
fn a_page_for_every_command() {
    let sandbox = Sandbox::new();
    sandbox.run("man --out pages").ok();
    let page =
        |name: &str| fs_err::read_to_string(sandbox.home().join("desk/pages").join(name)).unwrap();
    assert!(page("pkg.1").starts_with(".ie"));
    for command in cli::args::command().get_subcommands() {
        assert!(page(&format!("pkg-{}.1", command.get_name())).starts_with(".ie"));
    }
    assert!(page("pkg-install.1").contains("pkg install hyperfine@1.19"));
    assert_eq!(sandbox.run("man install").ok().stdout.trim_end(), page("pkg-install.1").trim_end());
    assert_snapshot!(sandbox.run("man instal"), @r"
    exit 2
    --- stderr
    error: there is no command `instal`
    ");
}

#[test]
fn an_interrupt_ends_it_in_order() {
    let sandbox = Sandbox::new();
    drop(sandbox.formula("one").version("1.0.0"));
    drop(sandbox.formula("two").version("1.0.0"));
    sandbox.run("install one").ok();
    sandbox.registry().on("GET /v2/two/blobs/*").holding();
    let child = sandbox.start("install two");
    sandbox.registry().wait_for("GET /v2/two/blobs/*", 1);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_snapshot!(sandbox.end(child), @r"
    exit 130
    --- stderr
    error: interrupted; what is installed is whole
    ");
    sandbox.registry().behave();
    sandbox.run("install two").ok();
    assert_eq!(sandbox.run("list --json").json()["packages"].as_array().unwrap().len(), 2);
}
