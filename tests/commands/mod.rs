//! One file per command, or per family of commands.

mod authoring;
mod bump;
mod check;
mod concurrency;
mod config;
mod crash;
mod direct;
mod faults;
mod formulas;
mod git;
mod hostile;
mod install;
mod installed;
mod json;
mod kegs;
mod launch;
mod mirror;
mod needs;
mod program;
mod publishing;
mod relocate;
mod shellenv;
mod slots;
mod surroundings;
mod taps;
mod upkeep;
