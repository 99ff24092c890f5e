//! The commands of `pkg`: words in, one call down, words out.
//!
//! - `args`: what may be typed; `commands`: one file per command, its words and its one call
//! - `env`, `config`, `settings`: what holds for this run, and where each value comes from
//! - `outcome`, `printer`, `table`, `amount`, `indent`, `view`, `progress`: what goes to stdout and stderr, and how
//! - `terminal`: secrets that are typed or piped in
//! - `activation`: which project is active in a shell
//! - `handover`: another program in place of this one
//! - `complete`: what a shell offers while a command is being typed
//! - `failure`, `exit`: what happens to errors
//! - `program`, `interrupt`: from the process's start to its exit code, and its end by Ctrl-C
//!
//! It knows nothing of archives, registries or the disk: all of that is asked of the rooms below.

mod activation;
mod amount;
pub mod args;
mod commands;
mod complete;
pub mod config;
pub mod env;
pub mod exit;
pub mod failure;
mod handover;
mod indent;
mod interrupt;
mod logging;
mod outcome;
mod page;
pub mod printer;
mod program;
mod progress;
mod session;
pub mod settings;
pub mod table;
mod terminal;
mod view;

pub use program::main;
