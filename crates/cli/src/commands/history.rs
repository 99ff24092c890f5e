//! `pkg history`

use clap::Args;

use crate::args::examples;

#[derive(Debug, Args)]
#[command(after_help = examples(&[("pkg history", "newest first; the numbers are for `pkg rollback`")]))]
pub struct History {}
