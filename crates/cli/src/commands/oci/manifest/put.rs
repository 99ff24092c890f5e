//! `pkg oci manifest put`

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use clap::Args;
use oci::manifest::BYTES_MAX;

use crate::{
    args::examples,
    commands::oci::{
        shape::Shape,
        target::{Target, plain},
    },
    failure::{Failure, Result},
    session::Session,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg oci manifest put ghcr.io/acme/foo:1.2.3,latest manifest.json", "under two tags"),
    ("pkg oci manifest put oci:foo manifest.json", "into a layout, by its digest alone"),
]))]
pub struct Put {
    #[command(flatten)]
    pub target: Target,
    /// The manifest; `-` is stdin
    pub file: PathBuf,
    /// Its type, where it does not say it itself
    #[arg(long, value_name = "TYPE")]
    pub media_type: Option<String>,
    #[command(flatten)]
    pub shape: Shape,
}

impl Put {
    pub(super) fn run(self, session: &Session) -> Result {
        let (place, further) = self.target.tagged()?;
        let registry = self.target.connection.open(session, &[&place])?;
        let bytes = self.read()?.into();
        let manifest = match &self.media_type {
            None => oci::Manifest::of_bytes(bytes)?,
            Some(media_type) => {
                let digest = digest::Digest::sha256(&bytes);
                oci::Manifest { bytes, media_type: media_type.clone(), digest }
            }
        };
        registry.ask(async |client| {
            client.push_manifest(&place, &manifest).await?;
            let further: Vec<&str> = further.iter().map(String::as_str).collect();
            match further.is_empty() {
                true => Ok(()),
                false => client.push_tagged(&place.bare(), &manifest, &further).await,
            }
        })?;
        session.progress.end();
        session.printer.status("Pushed", plain(&place));
        let descriptor = manifest.descriptor();
        let tags = place.tag().into_iter().chain(further.iter().map(String::as_str));
        let view = view::Stored::of(&place, &descriptor).tagged(&place, tags);
        match (session.printer.is_json(), self.shape.descriptor) {
            (true, _) => session.printer.json(&view),
            (false, true) => self.shape.describe(session, &descriptor),
            (false, false) => {
                session.printer.answer(format_args!("Digest: {}", descriptor.digest));
            }
        }
        Ok(())
    }

    /// The manifest's bytes, one more than may be pushed at most.
    fn read(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let most = BYTES_MAX as u64 + 1;
        let read = match self.file == Path::new("-") {
            true => std::io::stdin().take(most).read_to_end(&mut bytes),
            false => fs_err::File::open(&self.file)
                .and_then(|file| file.take(most).read_to_end(&mut bytes)),
        };
        let failed = |error| Failure::of_file(error).context("cannot read the manifest");
        read.map(|_| bytes).map_err(failed)
    }
}
