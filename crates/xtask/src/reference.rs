//! The pages of `docs/reference`: commands, exit codes, environment, settings and error codes.
//!
//! Each is made from what the program itself uses, so a page cannot say something else. Writing
//! them down and comparing them with the committed ones is for the caller.

use std::fmt::Write as _;

use clap::{Arg, Command};

/// A page: its file name below `docs/reference`, and its text.
pub type Page = (&'static str, String);

/// Every page.
pub fn pages() -> Vec<Page> {
    let pages = vec![
        ("commands.md", commands()),
        ("configuration.md", configuration()),
        ("environment.md", environment()),
        ("errors.md", errors()),
        ("exit-codes.md", exit_codes()),
    ];
    let note = "<!-- Written by `cargo xtask reference`. -->\n";
    pages.into_iter().map(|(name, text)| (name, format!("{note}\n{text}"))).collect()
}

fn commands() -> String {
    let mut pkg = cli::args::command();
    pkg.build();
    let mut page = String::from(
        "# Commands\n\n`pkg help COMMAND` prints the same on a terminal.\n\
         Options of every command stand at the end.\n",
    );
    for (heading, names) in cli::args::groups() {
        line(&mut page, format_args!("\n## {heading}"));
        for name in names {
            let found = pkg.find_subcommand(name);
            command(&mut page, found.expect("each group names commands that there are"));
        }
    }
    line(&mut page, "\n## Options of every command\n");
    pkg.get_arguments().filter(|arg| arg.is_global_set()).for_each(|arg| option(&mut page, arg));
    page
}

fn command(page: &mut String, command: &Command) {
    let name = command.get_name();
    line(page, format_args!("\n### pkg {name}\n"));
    line(page, format_args!("{}.", command.get_about().cloned().unwrap_or_default()));
    let aliases: Vec<_> = command.get_visible_aliases().map(|alias| format!("`{alias}`")).collect();
    if !aliases.is_empty() {
        line(page, format_args!("Also: {}.", aliases.join(", ")));
    }
    let usage = command.clone().render_usage().to_string();
    line(page, format_args!("\n```\n{}\n```", usage.trim_start_matches("Usage: ")));
    let args: Vec<_> = command.get_arguments().filter(is_own).collect();
    if !args.is_empty() || command.has_subcommands() {
        page.push('\n');
    }
    args.into_iter().for_each(|arg| option(page, arg));
    let often = often(command);
    for arg in &often {
        option(page, arg);
    }
    if !often.is_empty() {
        page.push_str("\nThese are options of most of the following.\n\n");
    }
    below(page, command, 0, &often);
    if let Some(examples) = command.get_after_help() {
        let examples = examples.to_string();
        let lines = examples.lines().skip(1).map(|line| {
            let (typed, meaning) = line.trim_start().split_once("  ").unwrap_or((line, ""));
            format!("{typed}  # {}", meaning.trim_start())
        });
        line(page, format_args!("\n```sh\n{}\n```", lines.collect::<Vec<_>>().join("\n")));
    }
}

fn is_own(arg: &&Arg) -> bool {
    !arg.is_global_set() && !arg.is_hide_set() && arg.get_id() != "help"
}

fn subs(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set())
}

/// A command's subcommands, and theirs, but for what is said once for all.
fn below(page: &mut String, command: &Command, depth: usize, often: &[&Arg]) {
    let indent = "  ".repeat(depth);
    for sub in subs(command) {
        let usage = sub.clone().render_usage().to_string();
        let (usage, about) = (usage.trim_start_matches("Usage: "), sub.get_about().cloned());
        let aliases: Vec<_> = sub.get_visible_aliases().map(|name| format!("`{name}`")).collect();
        let also = match aliases.is_empty() {
            true => String::new(),
            false => format!(" (also {})", aliases.join(", ")),
        };
        line(page, format_args!("{indent}- `{usage}`: {}{also}", about.unwrap_or_default()));
        let is_new = |arg: &&Arg| !often.iter().any(|known| is_same(known, arg));
        for arg in sub.get_arguments().filter(is_own).filter(is_new) {
            page.push_str(&indent);
            page.push_str("  ");
            option(page, arg);
        }
        below(page, sub, depth + 1, often);
    }
}

/// Options that more than half of the commands below a command have.
fn often(command: &Command) -> Vec<&Arg> {
    let mut leaves = Vec::new();
    collect_leaves(command, &mut leaves);
    let has = |leaf: &Command, arg: &Arg| leaf.get_arguments().any(|other| is_same(other, arg));
    let is_often =
        |arg: &&Arg| 2 * leaves.iter().filter(|leaf| has(leaf, arg)).count() > leaves.len();
    let first = leaves.first().filter(|_| leaves.len() > MANY);
    first
        .into_iter()
        .flat_map(|leaf| leaf.get_arguments().filter(is_own))
        .filter(is_often)
        .collect()
}

/// From so many commands on, what they have in common is said once.
const MANY: usize = 6;

fn collect_leaves<'a>(command: &'a Command, leaves: &mut Vec<&'a Command>) {
    for sub in subs(command) {
        if sub.has_subcommands() { collect_leaves(sub, leaves) } else { leaves.push(sub) }
    }
}

fn is_same(one: &Arg, other: &Arg) -> bool {
    one.get_id() == other.get_id()
        && one.get_help().map(ToString::to_string) == other.get_help().map(ToString::to_string)
}

fn option(page: &mut String, arg: &Arg) {
    let mut text = arg.to_string();
    if let Some(short) = arg.get_short() {
        text = format!("-{short}, {text}");
    }
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    line(page, format_args!("- `{text}`: {}", help.replace('\n', " ")));
}

fn configuration() -> String {
    format!(
        "# config.toml\n\n\
         On Linux it is `~/.config/pkg/config.toml`; elsewhere `pkg config --json` names it.\n\
         Flags win over variables, variables over this file, and this file over the machine's, `/etc/pkg/config.toml`.\n\
         The machine's may be the last word: [teams.md](../teams.md#configuration) says which keys it fixes.\n\
         An unknown key is an error.\n\n\
         ```toml\n{}```\n",
        cli::config::EXAMPLE
    )
}

fn environment() -> String {
    let mut page = String::from(
        "# Environment\n\n\
         Where the program runs with another user's rights than its caller's, every variable whose name starts with `PKG_` is ignored.\n\
         A switch is on when it is set and neither empty nor `0`, `false`, `no` or `off`.\n",
    );
    for variables in [cli::env::VARIABLES, cli::env::VARIABLES_ELSEWHERE] {
        line(&mut page, "\n| variable | meaning |\n|---|---|");
        for (name, meaning) in variables {
            line(&mut page, format_args!("| `{name}` | {meaning} |"));
        }
    }
    page
}

fn errors() -> String {
    let mut page = String::from(
        "# Codes of formula errors\n\n\
         `pkg check` shows each with file, line and what to write instead.\n\
         `F` is an error, `W` a warning; a code never changes its meaning.\n\n\
         | code | meaning |\n|---|---|\n",
    );
    for code in formula::Code::ALL {
        line(&mut page, format_args!("| {} | {} |", code.as_str(), code.meaning()));
    }
    page
}

fn exit_codes() -> String {
    let mut page = String::from(
        "# Exit codes\n\n`pkg run` ends with the program's own code.\n\n\
         | code | meaning |\n|---|---|\n",
    );
    for exit in cli::exit::Exit::ALL {
        line(&mut page, format_args!("| {} | {} |", exit.code(), exit.meaning()));
    }
    page
}

fn line(page: &mut String, text: impl std::fmt::Display) {
    writeln!(page, "{text}").expect("memory takes every write");
}
