//! Reads every file of a staged folder once: what its bytes are, before any of them is packed.

use std::{
    collections::HashMap,
    io::{self, Read as _},
    path::PathBuf,
};

use digest::Sha256;

use crate::{
    bytecode::{self, Stamp},
    layer,
    staged::{Entry, Kind, Staged},
};

/// Why a staged folder could not be looked through.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{}`", path.display())]
pub struct Error {
    /// The file.
    pub path: PathBuf,
    /// What the system says.
    pub source: io::Error,
}

/// What the files of a folder are.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The digest of every file, by its path.
    pub(crate) digests: HashMap<String, Sha256>,
    /// What compiled files of Python say of their sources, by the path of the compiled file.
    pub(crate) stamps: Vec<(String, Stamp)>,
}

impl Survey {
    pub(crate) fn of(staged: &Staged) -> Result<Self, Error> {
        let mut survey = Self::default();
        let mut bytes = Vec::new();
        for Entry { path, kind, .. } in staged.entries() {
            let Kind::File { .. } = kind else { continue };
            let place = staged.root().join(path);
            bytes.clear();
            let read = layer::open(&place).and_then(|mut file| file.read_to_end(&mut bytes));
            read.map_err(|source| Error { path: place, source })?;
            survey.look(path, &bytes);
        }
        Ok(survey)
    }

    fn look(&mut self, path: &str, bytes: &[u8]) {
        self.digests.insert(path.to_owned(), Sha256::of(bytes));
        if path.ends_with(".pyc")
            && let Some(stamp) = bytecode::stamp(bytes)
        {
            self.stamps.push((path.to_owned(), stamp));
        }
    }
}
