//! One file per command, or per family of commands.

mod config;
mod program;
mod shellenv;
