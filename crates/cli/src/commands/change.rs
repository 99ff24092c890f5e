//! What all commands that change something have in common.

use clap::Args;

/// Changes nothing, if wished.
#[derive(Debug, Clone, Copy, Args)]
pub struct Dry {
    /// Show the plan with its sizes, change nothing
    #[arg(long, short = 'n')]
    pub dry_run: bool,
}

/// How far linking may go.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Links {
    /// Let a package take over files that another one links
    #[arg(long)]
    pub overwrite: bool,
    /// Let a command hide one of the system that it is not the package's name for
    #[arg(long)]
    pub allow_shadow: bool,
}
