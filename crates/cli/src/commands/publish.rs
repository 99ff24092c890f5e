//! `pkg publish`

use std::path::Path;

use catalog::{Found, Spec};
use clap::Args;
use formula::shown_version;
use publish::{
    attach::{self, Attachment},
    file,
    publisher::{Order, Prepared},
    version,
};

use super::{change::waiting, packing::Packing};
use crate::{
    amount::bytes,
    args::examples,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    table::Table,
    view,
};

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg publish foo.toml", "the newest version, for all its platforms"),
    ("pkg publish foo.toml@1.2 --platform linux-arm64", "one more platform of a version"),
    ("pkg publish foo.toml --also latest,1", "moves these tags too"),
    ("pkg publish foo.toml --dry-run", "packs, and shows what would be written"),
]))]
pub struct Publish {
    /// FILE.toml[@VERSION], in a tap whose tap.toml names a registry
    #[arg(value_name = "FILE")]
    pub file: String,
    /// Further tags to move to the version
    #[arg(long, value_name = "TAGS", value_delimiter = ',')]
    pub also: Vec<String>,
    /// Attach a file to each package, such as a bill of materials; may be repeated
    #[arg(long, value_name = "FILE:TYPE")]
    pub attach: Vec<String>,
    #[command(flatten)]
    pub packing: Packing,
    /// Show what would be written, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

impl Publish {
    pub(crate) fn run(self, session: &Session) -> Result {
        let spec: Spec = self.file.parse()?;
        let (found, tap) = session.own_formula_and_tap(&spec)?;
        let builder = session.builder(self.packing.jobs, self.packing.keep)?;
        let home = session.home()?;
        let release = version::release(&found, spec.at.as_deref())?;
        let platforms = self.packing.platforms()?;
        let packages = version::resolved(&found, release, &platforms, home.host().platform())?;
        let attachments = self.attach.iter().map(|text| attachment(text)).collect::<Result<_>>()?;
        let source = source_of(&found);
        let compression = self.packing.compression();
        let (also, tags) = (self.also.clone(), self.also);
        let order = Order {
            found: &found,
            tap: &tap,
            builder: &builder,
            packages,
            also,
            source,
            attachments,
            compression,
        };
        let prepared = Prepared::new(&home, order, &mut waiting(session))?;
        prepared.warnings().iter().for_each(|warning| session.printer.warning(warning));
        if self.dry_run {
            return show(session, &prepared);
        }
        let outcome = prepared.push()?;
        session.progress.end();
        let version = release.version.as_str();
        let changed = file::edit(Path::new(&found.file), |formula| {
            formula.set_package(version, &outcome.index)
        })?;
        let version = shown_version(version, release.revision);
        let view = view::Publication::of(&outcome);
        for (verb, what) in view.told(&format!("{} {version}", found.formula.name())) {
            session.printer.status(verb, what);
        }
        if !tags.is_empty() {
            session.printer.status("Moved", format_args!("{} to it", tags.join(", ")));
        }
        if changed {
            session.printer.status("Wrote", format_args!("`package` into {}", found.file));
        }
        match session.printer.is_json() {
            true => session.printer.json(&view),
            false => session.printer.answer(format_args!("{}@{}", view.reference, view.digest)),
        }
        Ok(())
    }
}

/// The formula, as it was when its package was made.
fn source_of(found: &Found) -> Attachment {
    Attachment {
        name: format!("{}.toml", found.formula.name()),
        media_type: attach::FORMULA.to_owned(),
        bytes: found.formula.text().to_owned().into(),
    }
}

fn attachment(text: &str) -> Result<Attachment> {
    let (path, media_type) = text.rsplit_once(':').ok_or_else(|| {
        let sentence = format!("`{text}` does not say what the file is");
        Failure::told(Exit::Usage, sentence).hint("write FILE:TYPE with a media type")
    })?;
    if !oci::media_type::is_valid(media_type) {
        let sentence = format!("`{media_type}` is no media type");
        let failure = Failure::told(Exit::Usage, sentence);
        return Err(failure.hint("one is written TYPE/SUBTYPE, as in `application/spdx+json`"));
    }
    let bytes = fs_err::read(path).map_err(Failure::of_file)?;
    let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Attachment { name, media_type: media_type.to_owned(), bytes: bytes.into() })
}

fn show(session: &Session, prepared: &Prepared<'_>) -> Result {
    let requests = prepared.requests()?;
    session.progress.end();
    if session.printer.is_json() {
        session.printer.json(&view::Requests::of(&requests));
        return Ok(());
    }
    if requests.is_empty() {
        session.printer.note("nothing to write: it is published");
    }
    let mut table = Table::plain();
    for request in &requests {
        let size = if request.bytes == 0 { String::new() } else { bytes(request.bytes) };
        table.row([request.method.to_owned(), request.path.clone(), size]);
    }
    session.printer.table(&table);
    Ok(())
}
