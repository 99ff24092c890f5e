//! `pkg oci blob get` and `head`

use std::path::{Path, PathBuf};

use clap::Args;
use publish::blob::{self, Sink};

use crate::{
    args::examples,
    commands::oci::{shape::Shape, target::Target},
    exit::Exit,
    failure::{Failure, Result},
    session::{Session, shown},
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg oci blob get ghcr.io/acme/foo@sha256:44136fa3… -o foo.gz", "there once it is verified"),
]))]
pub struct Get {
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub shape: Shape,
    /// Write it to a file; `-` is stdout, and so is nothing
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Head {
    #[command(flatten)]
    pub target: Target,
    /// Print JSON over several lines
    #[arg(long)]
    pub pretty: bool,
}

impl Get {
    pub(super) fn run(self, session: &Session) -> Result {
        let (place, registry) = self.target.open(session)?;
        let file = self.output.as_deref().filter(|path| *path != Path::new("-"));
        if session.printer.is_json() && file.is_none() && !self.shape.descriptor {
            let sentence = "a blob and JSON cannot both go to stdout";
            let failure = Failure::told(Exit::Usage, sentence);
            return Err(failure.hint("`-o FILE` writes the blob, `--descriptor` leaves it out"));
        }
        let mut take = |piece: &[u8]| session.printer.raw(piece);
        let tell = |event| session.progress.on(event);
        let descriptor = match file {
            Some(path) => blob::get(&registry.home, &place, Sink::File(path), &tell)?,
            None if self.shape.descriptor && self.output.is_none() => {
                blob::head(&registry.home, &place)?
            }
            None => blob::get(&registry.home, &place, Sink::Pieces(&mut take), &tell)?,
        };
        session.progress.end();
        if let Some(path) = file {
            session.printer.status("Wrote", shown(path));
        }
        let view = view::Stored::of(&place, &descriptor);
        if session.printer.is_json() {
            session.printer.json(&match file {
                Some(path) => view.written(shown(path)),
                None => view,
            });
        } else if self.shape.descriptor {
            self.shape.describe(session, &descriptor);
        }
        Ok(())
    }
}

impl Head {
    pub(super) fn run(self, session: &Session) -> Result {
        let (place, registry) = self.target.open(session)?;
        let descriptor = blob::head(&registry.home, &place)?;
        session.progress.end();
        match session.printer.is_json() {
            true => session.printer.json(&view::Stored::of(&place, &descriptor)),
            false => {
                let shape = Shape { descriptor: true, pretty: self.pretty };
                shape.describe(session, &descriptor);
            }
        }
        Ok(())
    }
}
