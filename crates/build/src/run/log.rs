//! The log of a build: every command line, and everything that the steps print.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use binary::PLACEHOLDER;
use fs_err as fs;

/// How many of its last lines an error shows, and from how many of its last bytes.
const LINES: usize = 20;
const BYTES: u64 = 16 * 1024;

/// A log that is being written; the steps write to it themselves.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        // Appending, so that the steps and this process never write over each other.
        drop(fs::File::create(path)?);
        let file = fs::OpenOptions::new().append(true).open(path)?.into_parts().0;
        Ok(Self { path: path.to_owned(), file })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A line of the runner's own.
    pub(crate) fn say(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.file, "{line}")
    }

    /// The log once more, for a step to write to.
    pub(crate) fn handle(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// The last lines, as far as they can be read; a terminal may show them as they are.
    pub(crate) fn tail(&self) -> Vec<String> {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = fs::File::open(&self.path)?;
            let from = file.metadata()?.len().saturating_sub(BYTES);
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let text = read().unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let mut lines: Vec<String> = text.lines().rev().take(LINES).map(visible).collect();
        lines.reverse();
        let blank = lines.iter().take_while(|line| line.is_empty()).count();
        lines.split_off(blank)
    }
}

/// A line without what would steer a terminal.
fn visible(line: &str) -> String {
    let shown = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() => '?',
        c => c,
    };
    // The placeholder is as long as a line.
    line.replace(PLACEHOLDER, "…").chars().map(shown).collect()
}
