//! `pkg oci manifest get` and `config`

use std::path::{Path, PathBuf};

use clap::Args;
use oci::{Descriptor, Document, Place, manifest::BYTES_MAX};

use crate::{
    args::examples,
    commands::oci::{
        format::Format,
        shape::Shape,
        target::{Target, platform},
    },
    exit::Exit,
    failure::{Failure, Result},
    session::{Session, shown},
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg oci manifest get ghcr.io/acme/foo:1.2.3", "the bytes that the digest is of"),
    ("pkg oci manifest get --descriptor ghcr.io/acme/foo:1.2.3", "type, digest and size"),
]))]
pub struct Get {
    #[command(flatten)]
    pub document: Wanted,
    #[command(flatten)]
    pub format: Format,
}

#[derive(Debug, Args)]
pub struct Config {
    #[command(flatten)]
    pub document: Wanted,
}

// Which document, and where it goes.
#[derive(Debug, Args)]
pub struct Wanted {
    #[command(flatten)]
    pub target: Target,
    /// Of an index, the manifest for a platform
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<String>,
    #[command(flatten)]
    pub shape: Shape,
    /// Write it to a file; `-` is stdout
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl Get {
    pub(super) fn run(self, session: &Session) -> Result {
        self.format.check()?;
        let (place, registry) = self.document.target.open(session)?;
        let platform = platform(self.document.platform.as_deref())?;
        let (_, manifest) =
            registry.ask(async |client| client.choose(&place, platform.as_ref()).await)?;
        session.progress.end();
        let descriptor = manifest.descriptor();
        if self.format.is_foreign()? {
            let view = view::Stored::of(&place, &descriptor).saying(&manifest.bytes);
            return self.format.answer(session, &view, || {});
        }
        self.document.show(session, &place, &descriptor, &manifest.bytes)
    }
}

impl Config {
    pub(super) fn run(self, session: &Session) -> Result {
        let (place, registry) = self.document.target.open(session)?;
        let platform = platform(self.document.platform.as_deref())?;
        let (_, manifest) =
            registry.ask(async |client| client.choose(&place, platform.as_ref()).await)?;
        let Document::Image(image) = manifest.document()? else {
            let sentence = format!("`{place}` is an index, which has no config");
            let failure = Failure::told(Exit::NotFound, sentence);
            return Err(failure.hint("`--platform` chooses one of its manifests"));
        };
        if image.config.size > BYTES_MAX as u64 {
            let sentence = format!("the config of `{place}` is too large to be shown");
            let hint = "`pkg oci blob get` writes a blob of any size to a file";
            return Err(Failure::told(Exit::Failed, sentence).hint(hint));
        }
        let mut bytes = Vec::new();
        let mut take = |piece: &[u8]| {
            bytes.extend_from_slice(piece);
            true
        };
        let tell = |event| session.progress.on(event);
        publish::blob::document(&registry.home, &place, &image.config, &mut take, &tell)?;
        session.progress.end();
        self.document.show(session, &place, &image.config, &bytes)
    }
}

impl Wanted {
    /// Writes the document where it is wanted, and answers.
    fn show(
        &self,
        session: &Session,
        place: &Place,
        descriptor: &Descriptor,
        bytes: &[u8],
    ) -> Result {
        let file = self.output.as_deref().filter(|path| *path != Path::new("-"));
        if let Some(path) = file {
            publish::file::write(path, bytes)?;
            session.printer.status("Wrote", shown(path));
        }
        if session.printer.is_json() {
            let view = view::Stored::of(place, descriptor).saying(bytes);
            session.printer.json(&match file {
                Some(path) => view.written(shown(path)),
                None => view,
            });
        } else if self.shape.descriptor {
            self.shape.describe(session, descriptor);
        } else if file.is_none() {
            self.shape.print(session, bytes);
        }
        Ok(())
    }
}
