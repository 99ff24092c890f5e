//! `config.toml`: what a user or an administrator sets once for this machine.
//!
//! It knows the file's keys and where each stands; which of file, variable and flag wins is
//! decided in `settings`.

mod excerpt;
mod read;

use std::{
    io,
    num::NonZeroUsize,
    ops::Range,
    path::{Path, PathBuf},
};

/// A file with every key, for the reference page.
pub const EXAMPLE: &str = r#"jobs = 4                      # downloads at once
offline = false               # use no network
ca = "/etc/ssl/example.pem"   # trust this authority too, for every host; or a list of files

# How long the program goes on where something else does not.
[patience]
stall-seconds = 30    # a server that says nothing for so long has stalled
retries = 5           # how often a failed request is tried again
lock-seconds = 600    # how long another process may change the same root

# Addresses that start with the left side are fetched from the right side and the rest.
# This holds for registries and all other sources alike.
[mirror]
"https://github.com/" = "https://mirror.example.org/github/"

# What is special about one registry: its host, with its port where it has one.
[registry."registry.example.org:5000"]
plain-http = true   # no TLS: only where the network can be trusted
# A token server on another site may see the credentials for this registry; or a list of them.
token-server = "https://auth.example.com"
"#;

/// The file's values; each knows its line.
#[derive(Debug, Default, PartialEq)]
pub struct Config {
    /// Downloads at once.
    pub jobs: Option<Located<NonZeroUsize>>,
    /// No network.
    pub offline: Option<Located<bool>>,
    /// Files of certificate authorities to trust beside the system's, absolute.
    pub ca: Option<Located<Vec<PathBuf>>>,
    /// The longest silence of a server, in seconds.
    pub stall: Option<Located<u64>>,
    /// How often a failed request is tried again.
    pub retries: Option<Located<u32>>,
    /// The longest wait for another process that changes the root, in seconds.
    pub lock: Option<Located<u64>>,
    /// What is fetched from elsewhere, in the file's order.
    pub mirrors: Vec<Located<Mirror>>,
    /// What is special about single registries.
    pub registries: Vec<Located<Registry>>,
}

/// A value and the line where it stands, counted from 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Its line.
    pub line: usize,
}

/// Addresses that start with `from` are fetched from `to` and the rest of the address.
#[derive(Debug, Clone, PartialEq)]
pub struct Mirror {
    /// The start of an address; ends in `/`.
    pub from: String,
    /// What stands in its place; ends in `/`.
    pub to: String,
}

/// What is special about a registry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Registry {
    /// The registry's host, with its port where it has one.
    pub host: String,
    /// It speaks HTTP without TLS.
    pub plain_http: bool,
    /// It speaks TLS though it is this machine.
    pub tls: bool,
    /// Origins of token servers on other sites that may see its credentials.
    pub token_servers: Vec<String>,
}

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is there and cannot be read.
    #[error("cannot read the configuration")]
    Read {
        /// What the system says; names the file.
        #[source]
        source: io::Error,
    },
    /// The file does not say anything that can be meant.
    #[error("{}:{}: {}", .0.file.display(), .0.line(), .0.problem.what)]
    Malformed(Box<Malformed>),
}

/// What is wrong in the file, and where.
#[derive(Debug)]
pub struct Malformed {
    pub(crate) file: PathBuf,
    pub(crate) text: String,
    pub(crate) problem: Problem,
}

/// What is wrong at one place of the file.
#[derive(Debug, PartialEq)]
pub(crate) struct Problem {
    pub(crate) span: Range<usize>,
    pub(crate) what: String,
    pub(crate) label: String,
    pub(crate) help: Option<String>,
}

impl Malformed {
    fn line(&self) -> usize {
        line_of(&self.text, self.problem.span.start)
    }
}

impl Config {
    /// Reads `config.toml` of `folder`; without the file nothing is set.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds something that this version does not know.
    pub fn of_folder(folder: &Path) -> Result<Self, Error> {
        let file = folder.join("config.toml");
        match fs_err::read_to_string(&file) {
            Ok(text) => Self::parse(&text, &file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(Error::Read { source }),
        }
    }

    /// Parses the text of `file`; relative paths in it start at its folder.
    ///
    /// # Errors
    ///
    /// The text is not TOML, or holds something that this version does not know.
    pub fn parse(text: &str, file: &Path) -> Result<Self, Error> {
        let folder = file.parent().unwrap_or(Path::new("/"));
        read::config(text, folder).map_err(|problem| {
            let (file, text) = (file.to_owned(), text.to_owned());
            Error::Malformed(Box::new(Malformed { file, text, problem }))
        })
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

#[cfg(test)]
mod tests;
