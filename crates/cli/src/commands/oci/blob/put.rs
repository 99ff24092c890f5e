//! `pkg oci blob put` and `delete`

use std::path::{Path, PathBuf};

use clap::Args;
use publish::blob::{self, Source};

use crate::{
    args::examples,
    commands::oci::{
        delete::{Deletion, named},
        shape::Shape,
        target::{Target, plain},
    },
    failure::Result,
    session::Session,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg oci blob put ghcr.io/acme/foo foo.tar.gz", "prints its digest"),
]))]
pub struct Put {
    #[command(flatten)]
    pub target: Target,
    /// The blob; `-` is stdin
    pub file: PathBuf,
    /// The type to say in its descriptor; a registry keeps none
    #[arg(long, value_name = "TYPE", default_value = blob::MEDIA_TYPE)]
    pub media_type: String,
    /// Its size in bytes, which need not be told
    #[arg(long, hide = true)]
    pub size: Option<u64>,
    #[command(flatten)]
    pub shape: Shape,
}

#[derive(Debug, Args)]
pub struct Delete {
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub deletion: Deletion,
}

impl Put {
    pub(super) fn run(self, session: &Session) -> Result {
        let (place, registry) = self.target.open(session)?;
        let source = match self.file == Path::new("-") {
            true => Source::Stdin,
            false => Source::File(&self.file),
        };
        let (mut descriptor, pushed) = blob::put(&registry.home, &place, source)?;
        session.progress.end();
        descriptor.media_type.clone_from(&self.media_type);
        let verb = if matches!(pushed, oci::Pushed::Present) { "Exists" } else { "Pushed" };
        session.printer.status(verb, plain(&place.bare().with_digest(descriptor.digest.clone())));
        match (session.printer.is_json(), self.shape.descriptor) {
            (true, _) => session.printer.json(&view::Stored::of(&place, &descriptor)),
            (false, true) => self.shape.describe(session, &descriptor),
            (false, false) => {
                session.printer.answer(format_args!("Digest: {}", descriptor.digest));
            }
        }
        Ok(())
    }
}

impl Delete {
    pub(super) fn run(self, session: &Session) -> Result {
        let (place, registry) = self.target.open(session)?;
        named(&place)?;
        let found = match blob::head(&registry.home, &place) {
            Err(blob::Error::Missing { .. }) if self.deletion.force => None,
            found => Some(found?),
        };
        self.deletion.carry_out(session, &place, found, "blob", |descriptor| {
            let digest = &descriptor.digest;
            registry.ask(async |client| client.delete_blob(&place, digest).await)
        })
    }
}
