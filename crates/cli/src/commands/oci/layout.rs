//! `pkg oci layout`

use std::path::Path;

use clap::{Args, Subcommand};
use install::Home;
use oci::Place;
use publish::layout::{self, Report};

use crate::{
    amount::{bytes, count},
    args::examples,
    commands::promote,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
    table::Table,
    view,
};

#[derive(Debug, Subcommand)]
pub enum Layout {
    /// List what an image layout holds, with names and without
    #[command(visible_alias = "ls")]
    List(List),
    /// Read everything that an image layout names, and compare it with its digest
    Verify(Verify),
}

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg oci layout list foo", "a folder; an archive works as well"),
]))]
pub struct List {
    /// FOLDER or FILE; with `oci:` or `oci-archive:` before it as well
    #[arg(value_name = "LAYOUT")]
    pub layout: String,
}

#[derive(Debug, Args)]
#[command(after_help = examples(&[
    ("pkg oci layout verify foo.tar", "before it is carried on"),
]))]
pub struct Verify {
    /// FOLDER or FILE; with `oci:` or `oci-archive:` before it as well
    #[arg(value_name = "LAYOUT")]
    pub layout: String,
}

impl Layout {
    pub(super) fn run(self, session: &Session) -> Result {
        let home = session.home()?;
        match self {
            Self::List(args) => list(session, &home, &place(&args.layout)?),
            Self::Verify(args) => verify(session, &home, &place(&args.layout)?),
        }
    }
}

fn list(session: &Session, home: &Home, place: &Place) -> Result {
    let entries = layout::list(home, place)?;
    session.progress.end();
    let view = view::Layout::of(place, &entries);
    if session.printer.is_json() {
        session.printer.json(&view);
        return Ok(());
    }
    if view.entries.is_empty() {
        session.printer.note("there is nothing in it");
        return Ok(());
    }
    let mut table = Table::new(["Name", "Digest", "Size", "Type"]).right(2);
    for entry in &view.entries {
        let kind = entry.content.artifact_type.as_deref().unwrap_or(&entry.content.media_type);
        let name = entry.name.clone().unwrap_or_else(|| "-".to_owned());
        let size = bytes(entry.content.size);
        table.row([name, entry.content.digest.clone(), size, kind.to_owned()]);
    }
    session.printer.table(&table);
    Ok(())
}

fn verify(session: &Session, home: &Home, place: &Place) -> Result {
    let report = layout::verify(home, place, &|event| session.progress.on(event))?;
    session.progress.end();
    for problem in &report.problems {
        let error = install::with_causes(&*problem.error);
        session.printer.warning(format_args!("{}: {error}", problem.descriptor.digest));
    }
    if session.printer.is_json() {
        session.printer.json(&view::Verified::of(place, &report));
    }
    let Report { manifests, blobs, problems, .. } = &report;
    if !problems.is_empty() {
        let what = count(problems.len(), "problem");
        let sentence = format!("`{place}` does not hold all that it names: {what}");
        return Err(Failure::told(Exit::Integrity, sentence));
    }
    let (manifests, blobs) = (count(*manifests, "manifest"), count(*blobs, "blob"));
    let size = bytes(report.bytes);
    session.printer.status("Verified", format_args!("{manifests} and {blobs}, {size}"));
    Ok(())
}

/// A layout as a user wrote it.
fn place(text: &str) -> Result<Place> {
    if text.starts_with("oci:") || text.starts_with("oci-archive:") || text.contains("://") {
        return Ok(promote::place(text)?.bare());
    }
    let (path, tag, digest) = (text.into(), None, None);
    Ok(match Path::new(text).is_file() {
        true => Place::Archive { path, tag, digest },
        false => Place::Layout { path, tag, digest },
    })
}
