//! One file per command, or per family of commands.

mod config;
mod formulas;
mod install;
mod installed;
mod program;
mod shellenv;
