//! Reads every file of a staged folder once: what its bytes are, and what they ask of a machine.
//!
//! One file at a time is in memory, whole, since the format of a program points to and fro in it.

mod libraries;

use std::{
    collections::HashMap,
    io::{self, Read as _},
    path::PathBuf,
};

use binary::{File, Finding, Rules};
use digest::Sha256;
use formula::{Relocation, relocation};

use crate::{
    bytecode::{self, Stamp},
    layer,
    staged::{Entry, Kind, Staged},
};

pub(crate) use libraries::{Libraries, glibc};

/// A file of the staged folder could not be read.
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
    /// Where the placeholder stands, in the order of the paths.
    pub(crate) relocations: Vec<Relocation>,
    /// What would not work on another machine, in the order of the paths.
    pub(crate) findings: Vec<Finding>,
    /// Which libraries are there, and which are needed.
    pub(crate) libraries: Libraries,
}

impl Survey {
    pub(crate) fn of(staged: &Staged, rules: &Rules<'_>) -> Result<Self, Error> {
        let mut survey = Self::default();
        let mut bytes = Vec::new();
        for Entry { path, kind, .. } in staged.entries() {
            match kind {
                Kind::Folder => {}
                Kind::Link(_) => survey.libraries.add_name(path),
                Kind::File { executable, .. } => {
                    let place = staged.root().join(path);
                    bytes.clear();
                    let read =
                        layer::open(&place).and_then(|mut file| file.read_to_end(&mut bytes));
                    let failed = |source| Error { path: place, source };
                    read.and_then(|_| survey.look(path, *executable, &bytes, rules))
                        .map_err(failed)?;
                }
            }
        }
        Ok(survey)
    }

    fn look(
        &mut self,
        path: &str,
        executable: bool,
        bytes: &[u8],
        rules: &Rules<'_>,
    ) -> io::Result<()> {
        self.digests.insert(path.to_owned(), Sha256::of(bytes));
        if path.ends_with(".pyc")
            && let Some(stamp) = bytecode::stamp(bytes)
        {
            self.stamps.push((path.to_owned(), stamp));
        }
        let found = binary::find(bytes)?;
        if !found.offsets.is_empty() {
            self.relocations.push(Relocation {
                path: path.to_owned(),
                kind: match found.kind {
                    binary::Kind::Text => relocation::Kind::Text,
                    binary::Kind::Elf => relocation::Kind::Elf,
                    binary::Kind::MachO => relocation::Kind::Macho,
                    binary::Kind::Binary => relocation::Kind::Binary,
                },
                offsets: found.offsets,
            });
        }
        // The mode is the one that is packed, whatever the umask of the build was.
        let mode = if executable { 0o755 } else { 0o644 };
        self.findings.append(&mut binary::audit(path, mode, bytes, rules));
        self.libraries.add_name(path);
        if let Ok(File::Elf(elf)) = binary::inspect(bytes) {
            self.libraries.add(path, &elf);
        }
        Ok(())
    }
}
