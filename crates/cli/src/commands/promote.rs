//! `pkg promote`

use std::path::Path;

use clap::Args;
use oci::Place;

use crate::{
    amount::bytes,
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg promote oci://test.example/foo:1.2.3 oci://prod.example/foo", "under the same tag"),
    ("pkg promote oci:foo.oci:1.2.3 oci://prod.example/foo", "from a layout folder"),
]))]
pub struct Promote {
    /// oci://HOST/REPOSITORY:TAG[@DIGEST], or oci:FOLDER[:TAG] for a layout
    #[arg(value_name = "FROM")]
    pub from: String,
    /// oci://HOST/REPOSITORY[:TAG], or oci:FOLDER[:TAG] for a layout
    #[arg(value_name = "TO")]
    pub to: String,
}

impl Promote {
    pub(crate) fn run(self, session: &Session) -> Result {
        let (from, to) = (place(&self.from)?, place(&self.to)?);
        let home = session.home()?;
        let outcome = publish::promote::promote(&home, &from, &to)?;
        session.progress.end();
        let view = view::Promotion::of(&outcome);
        let sent = bytes(view.sent_bytes);
        session.printer.status("Promoted", format_args!("{} ({sent} sent)", view.reference));
        match session.printer.is_json() {
            true => session.printer.json(&view),
            false => session.printer.answer(format_args!("{}@{}", view.reference, view.digest)),
        }
        Ok(())
    }
}

/// A place as a user wrote it.
pub(super) fn place(text: &str) -> Result<Place> {
    text.parse().map_err(|error: oci::place::Error| {
        let failure = Failure::new(Exit::Usage, error);
        match Path::new(text).is_dir() {
            true => failure.hint(format!("a layout's folder is written `oci:{text}`")),
            false => failure,
        }
    })
}
