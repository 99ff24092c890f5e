//! Where a plumbing verb works, in this program's words and in those of oras.

use std::path::Path;

use clap::Args;
use install::Home;
use oci::{Client, Place, Platform};

use super::connection::Connection;
use crate::{
    commands::promote,
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
};

// One reference, and how to get there.
#[derive(Debug, Args)]
pub struct Target {
    /// HOST/REPOSITORY[:TAG][@DIGEST]; oci:FOLDER[:TAG] or oci-archive:FILE[:TAG] for a layout
    #[arg(value_name = "REFERENCE")]
    pub reference: String,
    /// REFERENCE is FOLDER[:TAG] or FILE[:TAG] of an image layout
    #[arg(long)]
    pub oci_layout: bool,
    /// The image layout that REFERENCE is a name in
    #[arg(long, value_name = "PATH", conflicts_with = "oci_layout")]
    pub oci_layout_path: Option<String>,
    #[command(flatten)]
    pub connection: Connection,
}

impl Target {
    /// The place.
    pub(super) fn place(&self) -> Result<Place> {
        place(&self.reference, self.oci_layout, self.oci_layout_path.as_deref())
    }

    /// The place, and further tags of `REFERENCE:TAG,TAG`.
    pub(super) fn tagged(&self) -> Result<(Place, Vec<String>)> {
        tagged(&self.reference, self.oci_layout, self.oci_layout_path.as_deref())
    }

    /// The place and a client for it.
    pub(super) fn open(&self, session: &Session) -> Result<(Place, Registry)> {
        let place = self.place()?;
        let registry = self.connection.open(session, &[&place])?;
        Ok((place, registry))
    }
}

/// A reference as it was written.
pub(super) fn place(text: &str, is_layout: bool, layout: Option<&str>) -> Result<Place> {
    match (layout, is_layout) {
        (Some(path), _) => {
            let path = local(Place::Layout { path: path.into(), tag: None, digest: None });
            match text.parse::<digest::Digest>() {
                Ok(digest) => Ok(path.with_digest(digest)),
                Err(_) => path.with_tag(text).map_err(|error| Failure::new(Exit::Usage, error)),
            }
        }
        (None, true) => promote::place(&format!("oci:{text}")).map(local),
        (None, false) => promote::place(text),
    }
}

/// The same with further tags behind commas.
pub(super) fn tagged(
    text: &str,
    is_layout: bool,
    layout: Option<&str>,
) -> Result<(Place, Vec<String>)> {
    let (first, further) = text.split_once(',').unwrap_or((text, ""));
    let further = further.split(',').filter(|tag| !tag.is_empty()).map(str::to_owned);
    Ok((place(first, is_layout, layout)?, further.collect()))
}

/// A layout on this machine, which is an archive where it is a file.
fn local(place: Place) -> Place {
    match place {
        Place::Layout { path, tag, digest } if Path::new(&path).is_file() => {
            Place::Archive { path, tag, digest }
        }
        place => place,
    }
}

/// The client that a verb asks.
pub(super) struct Registry {
    pub(super) home: Home,
}

impl Registry {
    /// The answer to one question.
    pub(super) fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&Client) -> std::result::Result<T, oci::Error>,
    ) -> Result<T> {
        let (runtime, client) = self.home.online()?;
        Ok(runtime.block_on(question(client))?)
    }
}

/// A platform in OCI words or in those of formulas.
pub(super) fn platform(text: Option<&str>) -> Result<Option<Platform>> {
    let usage = |error| Failure::new(Exit::Usage, error);
    let read = |text: &str| match text.parse::<formula::Platform>() {
        Ok(platform) => Ok(catalog::in_oci_words(&platform)),
        Err(_) => text.parse::<Platform>().map_err(usage),
    };
    text.map(read).transpose()
}

/// A reference as other clients write it: without the scheme of a registry.
pub(super) fn plain(place: &Place) -> String {
    match place {
        Place::Registry(reference) => reference.to_string(),
        place => place.to_string(),
    }
}
