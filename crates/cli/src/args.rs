//! The command line: which commands there are, in which groups, and the flags of all of them.
//!
//! What a command's own words are stands beside the command, in `commands`.

use std::{fmt::Write as _, path::PathBuf};

use clap::{
    Args, CommandFactory as _, Parser, Subcommand,
    builder::{StyledStr, Styles},
};

use crate::{commands as c, printer::Json};

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "pkg",
    version,
    about = "Install programs from any OCI registry",
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100,
    styles = STYLES
)]
pub struct Cli {
    /// Flags of every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every command.
#[derive(Debug, Default, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// Answer every question with yes
    #[arg(long, short, global = true, display_order = 1000)]
    pub yes: bool,
    /// Answer in JSON: one document, or with `=events` a line for each event
    #[arg(long, global = true, display_order = 1001, value_name = "FORM", num_args = 0..=1,
          require_equals = true, default_missing_value = "document", hide_possible_values = true)]
    pub json: Option<Json>,
    /// Say nothing but answers, warnings and errors
    #[arg(long, short, global = true, display_order = 1002)]
    pub quiet: bool,
    /// Log what is done to stderr; twice for details
    #[arg(long, short, global = true, display_order = 1003, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Use no network: what is here, or a failure
    #[arg(long, global = true, display_order = 1004)]
    pub offline: bool,
    /// Use this root folder
    #[arg(long, global = true, display_order = 1005, value_name = "FOLDER")]
    pub root: Option<PathBuf>,
}

/// A command with its own words, which are made when it is the one that is typed.
// By then it has its sentence, which a `///` of a struct that is flattened into it would replace:
// those have `//`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Install packages
    Install(c::install::Install),
    /// Remove installed packages
    #[command(visible_alias = "rm")]
    Uninstall(c::uninstall::Uninstall),
    /// Install the same versions again
    Reinstall(c::reinstall::Reinstall),
    /// Bring packages to newer versions, inside what was asked for
    Upgrade(c::upgrade::Upgrade),
    /// Remove packages that nothing needs any more
    Autoremove(c::autoremove::Autoremove),
    /// Run a package's program without linking it
    Run(c::run::Run),
    /// Download packages without installing them
    Fetch(c::fetch::Fetch),
    /// Write packages with all that they need into one archive
    Export(c::export::Export),
    /// Bring in an archive of `pkg export`
    Import(c::import::Import),

    /// List installed packages
    #[command(visible_alias = "ls")]
    List(c::list::List),
    /// List installed packages that no other one needs
    Leaves(c::list::Leaves),
    /// Describe a package
    Info(c::info::Info),
    /// Find formulas by words
    Search(c::search::Search),
    /// List installed packages with newer versions
    Outdated(c::outdated::Outdated),
    /// List the versions of a package
    Versions(c::versions::Versions),
    /// Show what a package needs
    Deps(c::deps::Deps),
    /// List installed packages that need a package
    Uses(c::uses::Uses),
    /// Explain why a package is installed
    Why(c::why::Why),
    /// List the files of an installed package
    Files(c::files::Files),
    /// Tell which package a file belongs to
    Owns(c::owns::Owns),
    /// Tell which package a command belongs to
    Which(c::owns::Which),
    /// Print a formula
    Cat(c::cat::Cat),
    /// Print the address of a package's homepage
    #[command(visible_alias = "homepage")]
    Home(c::home::Home),

    /// Keep packages at their versions
    Pin(c::pin::Pin),
    /// Let packages be upgraded again
    Unpin(c::pin::Unpin),
    /// Say whether packages were asked for or only needed
    Mark(c::mark::Mark),
    /// Put a package's commands on the prefix
    Link(c::link::Link),
    /// Take a package's commands from the prefix
    Unlink(c::link::Unlink),
    /// Choose which slot of a package is linked
    Use(c::link::Use),

    /// List what was changed, and when
    #[command(visible_alias = "log")]
    History(c::history::History),
    /// Go back to before the last change
    Undo(c::undo::Undo),
    /// Take back the last undo
    Redo(c::undo::Redo),
    /// Go back to a generation of the history
    Rollback(c::undo::Rollback),

    /// Make this folder a project
    Init(c::init::Init),
    /// Add packages to the project
    Add(c::add::Add),
    /// Remove packages from the project; outside of one, as `uninstall`
    Remove(c::remove::Remove),
    /// Choose the exact packages of the project, for all platforms
    Lock(c::lock::Lock),
    /// Have what the project's lock says
    Sync(c::sync::Sync),
    /// Open a shell, or run a command, with the project's packages
    Shell(c::shell::Shell),
    /// Print the lines that activate projects by folder
    Hook(c::hook::Hook),
    /// List everything that was asked for, or install such a list
    Bundle(c::bundle::Bundle),

    /// Print the environment that packages ask for
    Env(c::env::Env),
    /// Print the lines that put the prefix on a shell's PATH
    Shellenv(c::shellenv::Shellenv),
    /// Print the prefix, or a package's folder
    Prefix(c::prefix::Prefix),
    /// Delete what nothing uses any more
    Cleanup(c::cleanup::Cleanup),
    /// Check every installed file, and what else can be wrong
    Doctor(c::doctor::Doctor),
    /// Show the settings and where each comes from
    Config(c::config::Config),
    /// Log in to a registry, or say which login is used
    Login(c::login::Login),
    /// Log out of a registry
    Logout(c::logout::Logout),

    /// Add, list and remove taps
    Tap(c::tap::Tap),
    /// Ask the taps in registries for what is new
    Update(c::update::Update),
    /// Draft a formula for a release, and say what was guessed
    New(c::new::New),
    /// Check formulas
    Check(c::check::Check),
    /// Put formulas into canonical form
    Fmt(c::fmt::Fmt),
    /// Add a new version to a formula
    Bump(c::bump::Bump),
    /// Say that a version should not be used
    Yank(c::yank::Yank),
    /// Make a package of a formula's version, or of a folder
    Pack(c::pack::Pack),
    /// Run the tests of a package
    Test(c::test::Test),
    /// Put a version into the tap's registry
    Publish(c::publish::Publish),
    /// Copy a version to another repository, digests and all
    Promote(c::promote::Promote),
    /// Copy a tap with everything that it names
    Mirror(c::mirror::Mirror),
    /// Show what an artifact in a registry holds
    Inspect(c::inspect::Inspect),
    /// Work on a registry by hand: manifests, blobs, tags, files
    Oci(Box<c::oci::Oci>),

    /// Print a shell's completions
    Completions(c::completions::Completions),
    /// Print manual pages
    Man(c::man::Man),
}

impl Command {
    /// The command as the history and the lock's file have it, which are for everybody: as it was
    /// typed, but without what another program is told, which may be a secret.
    pub(crate) fn remembered(&self) -> String {
        match self {
            Self::Run(run) => format!(
                "pkg run {}",
                run.words.first().map_or("".into(), |it| it.to_string_lossy())
            ),
            Self::Shell(_) => "pkg shell".to_owned(),
            _ => {
                let words = std::env::args_os().skip(1);
                let words = words.map(|word| word.to_string_lossy().into_owned());
                std::iter::once("pkg".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
            }
        }
    }
}

/// The commands as the help lists them: each in one group.
const GROUPS: &[(&str, &[&str])] = &[
    (
        "Install and remove",
        &["install", "uninstall", "reinstall", "upgrade", "autoremove", "run", "fetch"],
    ),
    (
        "Look around",
        &[
            "list", "leaves", "info", "search", "outdated", "versions", "deps", "uses", "why",
            "files", "owns", "which", "cat", "home",
        ],
    ),
    ("Choose", &["pin", "unpin", "mark", "link", "unlink", "use"]),
    ("Go back", &["history", "undo", "redo", "rollback"]),
    ("Projects", &["init", "add", "remove", "lock", "sync", "shell", "hook", "bundle"]),
    (
        "Registries",
        &["tap", "update", "login", "logout", "mirror", "export", "import", "inspect", "oci"],
    ),
    ("Formulas", &["new", "check", "fmt", "bump", "yank", "pack", "test", "publish", "promote"]),
    ("This machine", &["env", "shellenv", "prefix", "cleanup", "doctor", "config"]),
    ("The program", &["completions", "man"]),
];

const STYLES: Styles = {
    use anstyle::{AnsiColor, Style};
    Styles::plain()
        .header(Style::new().bold())
        .usage(Style::new().bold())
        .literal(Style::new().bold())
        .error(AnsiColor::Red.on_default().bold())
        .valid(AnsiColor::Green.on_default())
        .invalid(AnsiColor::Yellow.on_default())
};

/// The command line's grammar, with its help in groups.
pub fn command() -> clap::Command {
    let command = Cli::command();
    let template = template(&command);
    command.help_template(template)
}

/// The commands in their groups: heading, then names in order.
pub fn groups() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    GROUPS.iter().copied()
}

fn template(command: &clap::Command) -> StyledStr {
    let header = command.get_styles().get_header();
    let mut text = String::from("{about-with-newline}\n{usage-heading} {usage}\n");
    for (heading, names) in GROUPS {
        let _infallible = writeln!(text, "\n{header}{heading}:{header:#}");
        for name in *names {
            let found = command.find_subcommand(name);
            let about = found.and_then(clap::Command::get_about).map(ToString::to_string);
            let aliases = found.into_iter().flat_map(clap::Command::get_visible_aliases);
            let also: Vec<_> = aliases.collect();
            let also = if also.is_empty() {
                String::new()
            } else {
                format!(" (also {})", also.join(", "))
            };
            let _infallible = writeln!(text, "  {name:<12} {}{also}", about.unwrap_or_default());
        }
    }
    let _infallible = writeln!(text, "\n{header}Options:{header:#}\n{{options}}\n");
    text.push_str("`pkg help COMMAND` says more about a command, with examples.");
    text.into()
}

/// The examples below a command's help: what to type, and what it does.
pub(crate) fn examples(examples: &[(&str, &str)]) -> StyledStr {
    let header = STYLES.get_header();
    let width = examples.iter().map(|(typed, _)| typed.len()).max().unwrap_or(0);
    let mut text = format!("{header}Examples:{header:#}");
    for (typed, meaning) in examples {
        let _infallible = write!(text, "\n  {typed:<width$}  {meaning}");
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn every_command_is_in_one_group() {
        let grouped: Vec<_> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        let command = command();
        let named: BTreeSet<_> = command.get_subcommands().map(clap::Command::get_name).collect();
        assert_eq!(grouped.iter().copied().collect::<BTreeSet<_>>(), named);
        assert_eq!(grouped.len(), named.len(), "a command is in two groups");
    }

    #[test]
    fn no_flattened_words_replace_the_sentence_of_a_command() {
        let oci = c::oci::OciCommand::augment_subcommands(clap::Command::new("oci"));
        for lazy in [command(), oci] {
            let mut whole = lazy.clone();
            whole.build();
            for sub in lazy.get_subcommands() {
                let built = whole.find_subcommand(sub.get_name()).unwrap();
                let about = [sub, built].map(|it| it.get_about().map(ToString::to_string));
                assert_eq!(about[0], about[1], "{}", sub.get_name());
            }
        }
    }

    #[test]
    fn the_words_of_brew_work() {
        for (typed, expect) in [
            ("remove x", "remove"),
            ("rm x", "uninstall"),
            ("ls", "list"),
            ("log", "history"),
            ("leaves", "leaves"),
            ("deps x", "deps"),
            ("homepage x", "home"),
        ] {
            let words = std::iter::once("pkg").chain(typed.split(' '));
            let matches = command().try_get_matches_from(words).unwrap();
            assert_eq!(matches.subcommand_name(), Some(expect), "{typed}");
        }
    }

    #[test]
    fn every_example_is_a_command_line() {
        let (mut checked, mut whole) = (0, command());
        whole.build();
        for sub in whole.get_subcommands() {
            let Some(help) = sub.get_after_help() else { continue };
            for line in help.to_string().lines().filter(|line| line.starts_with("  pkg ")) {
                let typed = line.trim().split("  ").next().unwrap();
                let words = shlex::split(typed).unwrap();
                let matches = command().try_get_matches_from(words);
                assert!(matches.is_ok(), "{typed}: {}", matches.unwrap_err());
                checked += 1;
            }
        }
        assert!(checked > 40, "{checked}");
    }
}
