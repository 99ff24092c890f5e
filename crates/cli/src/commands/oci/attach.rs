//! `pkg oci attach`

use clap::Args;
use publish::files::{pack::Order, push};

use super::{
    content::Content,
    format::Format,
    push::tell,
    target::{Target, plain, platform},
};
use crate::{
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg oci attach ghcr.io/acme/foo:1.2.3 sbom.json --artifact-type application/spdx+json", "found by `discover`"),
]))]
pub struct Attach {
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub content: Content,
    /// Of an index, attach to the manifest for a platform
    #[arg(long, value_name = "OS/ARCH[/VARIANT]")]
    pub platform: Option<String>,
    #[command(flatten)]
    pub format: Format,
}

impl Attach {
    pub(super) fn run(self, session: &Session) -> Result {
        self.format.check()?;
        if self.content.artifact_type.is_none() {
            let sentence = "what is attached has a type";
            return Err(Failure::told(Exit::Usage, sentence).hint("`--artifact-type` says it"));
        }
        let (place, registry) = self.target.open(session)?;
        let platform = platform(self.platform.as_deref())?;
        let subject = registry.ask(async |client| match &platform {
            None => Ok(client.manifest(&place).await?.descriptor()),
            chosen => Ok(client.choose(&place, chosen.as_ref()).await?.0),
        })?;
        let about = place.bare().with_digest(subject.digest.clone());
        let packed = self.content.pack(session, &registry, Some(subject), Order::default())?;
        let outcome = push::push(&registry.home, &place.bare(), &[], &packed)?;
        session.progress.end();
        self.content.export(&packed)?;
        tell(session, &outcome);
        session.printer.status("Attached", format_args!("to {}", plain(&about)));
        let view = view::Stored::of(&place, &outcome.descriptor);
        self.format.answer(session, &view, || {
            session.printer.answer(format_args!("Digest: {}", outcome.descriptor.digest));
        })
    }
}
