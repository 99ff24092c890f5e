//! One file per command: its words, its one call, and what it prints.

pub(crate) mod autoremove;
pub(crate) mod cat;
pub(crate) mod change;
pub(crate) mod check;
pub(crate) mod cleanup;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod deps;
pub(crate) mod doctor;
pub(crate) mod env;
pub(crate) mod fetch;
pub(crate) mod files;
pub(crate) mod history;
pub(crate) mod home;
pub(crate) mod info;
pub(crate) mod inspect;
pub(crate) mod install;
pub(crate) mod link;
pub(crate) mod list;
pub(crate) mod man;
pub(crate) mod mark;
pub(crate) mod outdated;
pub(crate) mod owns;
pub(crate) mod pack;
pub(crate) mod pin;
pub(crate) mod prefix;
pub(crate) mod publish;
pub(crate) mod reinstall;
pub(crate) mod run;
pub(crate) mod search;
pub(crate) mod shellenv;
pub(crate) mod tap;
pub(crate) mod undo;
pub(crate) mod uninstall;
pub(crate) mod update;
pub(crate) mod upgrade;
pub(crate) mod uses;
pub(crate) mod versions;
pub(crate) mod why;

use crate::{args::Command, failure::Result, session::Session};

/// Carries out a command.
pub(crate) fn run(command: Command, session: &Session) -> Result {
    match command {
        Command::Autoremove(args) => args.run(session),
        Command::Cat(args) => args.run(session),
        Command::Check(args) => args.run(session),
        Command::Cleanup(args) => args.run(session),
        Command::Completions(args) => args.run(session),
        Command::Config(args) => args.run(session),
        Command::Deps(args) => args.run(session),
        Command::Doctor(args) => args.run(session),
        Command::Env(args) => args.run(session),
        Command::Fetch(args) => args.run(session),
        Command::Files(args) => args.run(session),
        Command::History(args) => args.run(session),
        Command::Home(args) => args.run(session),
        Command::Info(args) => args.run(session),
        Command::Inspect(args) => args.run(session),
        Command::Install(args) => args.run(session),
        Command::Leaves(args) => args.run(session),
        Command::Link(args) => args.run(session),
        Command::List(args) => args.run(session),
        Command::Man(args) => args.run(session),
        Command::Mark(args) => args.run(session),
        Command::Outdated(args) => args.run(session),
        Command::Owns(args) => args.run(session),
        Command::Pack(args) => args.run(session),
        Command::Pin(args) => args.run(session),
        Command::Prefix(args) => args.run(session),
        Command::Publish(args) => args.run(session),
        Command::Redo(args) => args.run(session),
        Command::Reinstall(args) => args.run(session),
        Command::Rollback(args) => args.run(session),
        Command::Run(args) => args.run(session),
        Command::Search(args) => args.run(session),
        Command::Shellenv(args) => args.run(session),
        Command::Tap(args) => args.run(session),
        Command::Undo(args) => args.run(session),
        Command::Uninstall(args) => args.run(session),
        Command::Unlink(args) => args.run(session),
        Command::Unpin(args) => args.run(session),
        Command::Update(args) => args.run(session),
        Command::Upgrade(args) => args.run(session),
        Command::Use(args) => args.run(session),
        Command::Uses(args) => args.run(session),
        Command::Versions(args) => args.run(session),
        Command::Which(args) => args.run(session),
        Command::Why(args) => args.run(session),
    }
}
