//! How a package is made, for the commands that make one.

use build::Compression;
use clap::Args;
use formula::Platform;

use crate::{
    exit::Exit,
    failure::{Failure, Result},
};

// How a package is made.
#[derive(Debug, Clone, Args)]
pub struct Packing {
    /// Only for this platform; may be repeated
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Vec<String>,
    /// Compress with gzip, for readers that know no zstd
    #[arg(long)]
    pub gzip: bool,
    /// How many commands of a build run at once
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<u32>,
    /// Leave the folder of a build for a look
    #[arg(long)]
    pub keep: bool,
}

impl Packing {
    /// The platforms as a user wrote them.
    pub(crate) fn platforms(&self) -> Result<Vec<Platform>> {
        let read = |text: &String| text.parse().map_err(|error| Failure::new(Exit::Usage, error));
        self.platform.iter().map(read).collect()
    }

    pub(crate) fn compression(&self) -> Compression {
        if self.gzip { Compression::Gzip } else { Compression::Zstd }
    }
}
