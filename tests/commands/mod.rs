//! One file per command, or per family of commands.

mod config;
mod formulas;
mod program;
mod shellenv;
