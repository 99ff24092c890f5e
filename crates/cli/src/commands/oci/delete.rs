//! What is asked before something in a registry is deleted, and what is said after.

use clap::Args;
use oci::{Descriptor, Place};

use super::target::{Registry, plain};
use crate::{
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    view,
};

// How something is deleted.
#[derive(Debug, Args)]
pub struct Deletion {
    /// Ask nothing, and take it for done where there is nothing
    #[arg(long, short)]
    pub force: bool,
    /// Print the descriptor of what was deleted
    #[arg(long)]
    pub descriptor: bool,
    /// Print JSON over several lines
    #[arg(long)]
    pub pretty: bool,
}

impl Deletion {
    /// Asks, deletes, and says so; `found` is what is there.
    pub(super) fn carry_out(
        &self,
        session: &Session,
        place: &Place,
        found: Option<Descriptor>,
        what: &str,
        delete: impl FnOnce(&Descriptor) -> Result,
    ) -> Result {
        session.progress.end();
        let answer = |digest| session.printer.json(&view::Deleted::of(place, digest));
        let Some(descriptor) = found else {
            session.printer.status("Missing", plain(place));
            if session.printer.is_json() {
                answer(None);
            }
            return Ok(());
        };
        let thing = format!("the {what} {} of {}", descriptor.digest, plain(&place.bare()));
        let is_kept = |failure: Failure| failure.context(format!("{thing} is not deleted"));
        if !self.force && !session.confirm(&format!("Delete {thing}?")).map_err(is_kept)? {
            return Err(Failure::told(Exit::Failed, format!("{thing} is not deleted")));
        }
        delete(&descriptor)?;
        session.printer.status("Deleted", plain(place));
        if session.printer.is_json() {
            answer(Some(descriptor.digest.to_string()));
        } else if self.descriptor {
            let shape = super::shape::Shape { descriptor: true, pretty: self.pretty };
            shape.describe(session, &descriptor);
        }
        Ok(())
    }

    /// What is there, or `None` where nothing need be.
    pub(super) fn found(&self, registry: &Registry, place: &Place) -> Result<Option<Descriptor>> {
        registry.ask(async |client| match self.force {
            true => oci::found(client.resolve(place).await),
            false => client.resolve(place).await.map(Some),
        })
    }
}

/// Refuses to delete what is not named.
pub(super) fn named(place: &Place) -> Result {
    if place.tag().is_some() || place.digest().is_some() {
        return Ok(());
    }
    let sentence = format!("`{place}` does not say what to delete");
    Err(Failure::told(Exit::Usage, sentence).hint("name it with `:TAG` or `@DIGEST`"))
}
