//! `pkg oci tag` and `untag`

use clap::Args;

use super::{
    delete::named,
    target::{Target, plain},
};
use crate::{args::examples, failure::Result, session::Session, view};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg oci tag ghcr.io/acme/foo:1.2.3 1.2 latest", "they name the same manifest from now on"),
]))]
pub struct Tag {
    #[command(flatten)]
    pub target: Target,
    /// The tags to give
    #[arg(required = true, value_name = "TAG")]
    pub tags: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Untag {
    #[command(flatten)]
    pub target: Target,
}

impl Tag {
    pub(super) fn run(self, session: &Session) -> Result {
        let (place, registry) = self.target.open(session)?;
        let tags: Vec<&str> = self.tags.iter().map(String::as_str).collect();
        let digest = registry.ask(async |client| {
            let manifest = client.manifest(&place).await?;
            client.push_tagged(&place.bare(), &manifest, &tags).await?;
            Ok(manifest.digest)
        })?;
        session.progress.end();
        let place = place.bare().with_digest(digest);
        session.printer.status("Tagged", format_args!("{} as {}", plain(&place), tags.join(", ")));
        if session.printer.is_json() {
            session.printer.json(&view::Tagged::of(&place, self.tags));
        }
        Ok(())
    }
}

impl Untag {
    pub(super) fn run(self, session: &Session) -> Result {
        let (place, registry) = self.target.open(session)?;
        named(&place)?;
        registry.ask(async |client| client.delete_tag(&place).await)?;
        session.progress.end();
        session.printer.status("Untagged", plain(&place));
        if session.printer.is_json() {
            let tags = place.tag().map(str::to_owned).into_iter().collect();
            session.printer.json(&view::Tagged::of(&place.bare(), tags));
        }
        Ok(())
    }
}
