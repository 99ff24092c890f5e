//! `pkg oci resolve`

use clap::Args;

use super::target::{Target, plain, platform};
use crate::{args::examples, failure::Result, session::Session, view};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg oci resolve ghcr.io/acme/foo:1.2.3", "the digest alone"),
    ("pkg oci resolve -l ghcr.io/acme/foo:1.2.3 --platform linux/arm64", "one of an index, whole"),
]))]
pub struct Resolve {
    #[command(flatten)]
    pub target: Target,
    /// Print the whole reference, with the digest for the tag
    #[arg(long, short = 'l', visible_alias = "full-ref")]
    pub full_reference: bool,
    /// Of an index, the manifest for a platform
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<String>,
}

impl Resolve {
    pub(super) fn run(self, session: &Session) -> Result {
        let (place, registry) = self.target.open(session)?;
        let platform = platform(self.platform.as_deref())?;
        let descriptor = registry.ask(async |client| match &platform {
            // Nothing is fetched for it.
            None => client.resolve(&place).await,
            chosen => Ok(client.choose(&place, chosen.as_ref()).await?.0),
        })?;
        session.progress.end();
        let whole = place.bare().with_digest(descriptor.digest.clone());
        match (session.printer.is_json(), self.full_reference) {
            (true, _) => session.printer.json(&view::Stored::of(&place, &descriptor)),
            (false, true) => session.printer.answer(plain(&whole)),
            (false, false) => session.printer.answer(&descriptor.digest),
        }
        Ok(())
    }
}
