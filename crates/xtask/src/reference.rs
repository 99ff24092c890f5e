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
    let own = |arg: &&Arg| !arg.is_global_set() && arg.get_id() != "help";
    let args: Vec<_> = command.get_arguments().filter(own).collect();
    let subs = command.get_subcommands().filter(|sub| sub.get_name() != "help");
    let subs: Vec<_> = subs.collect();
    if !args.is_empty() || !subs.is_empty() {
        page.push('\n');
    }
    args.into_iter().for_each(|arg| option(page, arg));
    for sub in subs {
        let mut usage = sub.clone().render_usage().to_string();
        usage = usage.trim_start_matches("Usage: ").to_owned();
        line(page, format_args!("- `{usage}`: {}", sub.get_about().cloned().unwrap_or_default()));
        for arg in sub.get_arguments().filter(own) {
            page.push_str("  ");
            option(page, arg);
        }
    }
    if let Some(examples) = command.get_after_help() {
        let examples = examples.to_string();
        let lines = examples.lines().skip(1).map(|line| {
            let (typed, meaning) = line.trim_start().split_once("  ").unwrap_or((line, ""));
            format!("{typed}  # {}", meaning.trim_start())
        });
        line(page, format_args!("\n```sh\n{}\n```", lines.collect::<Vec<_>>().join("\n")));
    }
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
         It is in the folder that `pkg config` names: `~/.config/pkg` on Linux.\n\
         Flags win over variables, variables over this file.\n\
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
