//! `pkg oci manifest delete`

use clap::Args;

use crate::{
    args::examples,
    commands::oci::{
        delete::{Deletion, named},
        target::Target,
    },
    failure::Result,
    session::Session,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg oci manifest delete ghcr.io/acme/foo:1.2.3", "unless other tags lead to it as well"),
    ("pkg oci manifest delete --force ghcr.io/acme/foo:1.2.3", "with all tags that lead to it"),
]))]
pub struct Delete {
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub deletion: Deletion,
}

impl Delete {
    pub(super) fn run(self, session: &Session) -> Result {
        let (place, registry) = self.target.open(session)?;
        named(&place)?;
        let found = self.deletion.found(&registry, &place)?;
        self.deletion.carry_out(session, &place, found, "manifest", |descriptor| {
            let (digest, force) = (&descriptor.digest, self.deletion.force);
            let deleted =
                registry.ask(async |client| client.delete_manifest(&place, digest, force).await);
            deleted.map_err(|failure| match failure.error.downcast_ref() {
                Some(oci::Error::Push(oci::push::Error::Shared { .. })) => failure
                    .hint("`pkg oci untag` takes one tag away, `--force` deletes it with all"),
                _ => failure,
            })
        })
    }
}
