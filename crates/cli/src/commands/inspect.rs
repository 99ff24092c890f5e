//! `pkg inspect`

use clap::Args;

use super::{change::waiting, promote::place};
use crate::{args::examples, failure::Result, page, session::Session, view};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg inspect oci://ghcr.io/acme/foo:1.2.3", "its platforms, layers and what is about it"),
    ("pkg inspect --files oci:foo.oci:1.2.3", "every file as well, of a layout folder"),
]))]
pub struct Inspect {
    /// oci://HOST/REPOSITORY[:TAG][@DIGEST], or oci:FOLDER[:TAG] for a layout
    #[arg(value_name = "REFERENCE")]
    pub reference: String,
    /// List what the layers hold; downloads them
    #[arg(long)]
    pub files: bool,
}

impl Inspect {
    pub(crate) fn run(self, session: &Session) -> Result {
        let place = place(&self.reference)?;
        let home = session.home()?;
        let artifact = publish::inspect::inspect(&home, &place, self.files, &mut waiting(session))?;
        session.progress.end();
        let view = view::Inspected::of(&place.to_string(), artifact);
        if session.printer.is_json() {
            session.printer.json(&view);
            return Ok(());
        }
        session.printer.table(&page::table(&view));
        Ok(())
    }
}
