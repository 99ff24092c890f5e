//! What `push` and `attach` make an artifact of.

use std::path::PathBuf;

use clap::Args;
use oci::Descriptor;
use publish::files::{
    Given,
    annotations::Annotations,
    pack::{self, Order, Packed},
};

use super::target::Registry;
use crate::{
    exit::Exit,
    failure::{Failure, Result},
    session::Session,
};

// Files, folders, and what is said of them.
#[derive(Debug, Args)]
pub struct Content {
    /// FILE or FOLDER, with its media type behind `:` where it has one
    #[arg(value_name = "FILE[:TYPE]")]
    pub files: Vec<String>,
    /// What the artifact is: a media type
    #[arg(long, value_name = "TYPE")]
    pub artifact_type: Option<String>,
    /// A file that is the artifact's config
    #[arg(long, value_name = "FILE[:TYPE]")]
    pub config: Option<String>,
    /// Say something of the artifact; may be repeated
    #[arg(long = "annotation", short, value_name = "KEY=VALUE")]
    pub annotations: Vec<String>,
    /// A JSON file that says something of the artifact, its config and its files
    #[arg(long, value_name = "FILE", conflicts_with = "annotations")]
    pub annotation_file: Option<PathBuf>,
    /// Write the manifest to a file as well
    #[arg(long, value_name = "FILE")]
    pub export_manifest: Option<PathBuf>,
    /// Say no time, so that equal files make an equal artifact
    #[arg(long)]
    pub reproducible: bool,
    /// Take paths that are absolute or lead out of the folder, though they cannot be pulled
    #[arg(long)]
    pub disable_path_validation: bool,
}

impl Content {
    /// The artifact, with what else an order can say.
    pub(super) fn pack(
        &self,
        session: &Session,
        registry: &Registry,
        subject: Option<Descriptor>,
        order: Order,
    ) -> Result<Packed> {
        let annotations = match &self.annotation_file {
            Some(path) => Annotations::of_file(path)?,
            None => Annotations::of_manifest(&self.annotations)?,
        };
        let files = self.files.iter().map(|text| given(text)).collect::<Result<_>>()?;
        let order = Order {
            files,
            artifact_type: self.artifact_type.clone(),
            config: self.config.as_deref().map(given).transpose()?,
            annotations,
            is_reproducible: self.reproducible,
            is_any_path: self.disable_path_validation,
            subject,
            ..order
        };
        let tell = |title: &str| session.progress.reading(title);
        Ok(pack::pack(&registry.home, &order, &tell)?)
    }

    /// Writes the manifest where it is wanted.
    pub(super) fn export(&self, packed: &Packed) -> Result {
        match &self.export_manifest {
            Some(path) => Ok(publish::file::write(path, &packed.manifest.bytes)?),
            None => Ok(()),
        }
    }
}

/// A file as a user wrote it.
pub(super) fn given(text: &str) -> Result<Given> {
    Given::parse(text).ok_or_else(|| {
        let failure = Failure::told(Exit::Usage, format!("`{text}` names no file"));
        failure.hint("a file is written FILE or FILE:TYPE")
    })
}
