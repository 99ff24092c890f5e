//! `config.toml`: what a user or an administrator sets once for this machine.
//!
//! It knows the file's keys and where each stands; which of file, variable and flag wins is
//! decided in `settings`.

mod policy;
mod proxy;
mod read;
pub mod registry;
mod value;

use std::{
    io,
    num::{NonZeroU64, NonZeroUsize},
    path::{Path, PathBuf},
};

pub use policy::Policy;
use project::{
    Malformed,
    malformed::{Problem, line_of},
};
pub use proxy::Proxy;
pub use registry::Registry;

use crate::settings::{Origin, Setting};

/// The system's file, which holds for every user of the machine.
pub const SYSTEM_FILE: &str = "/etc/pkg/config.toml";

/// A file with every key, for the reference page.
pub const EXAMPLE: &str = r#"jobs = 4                      # downloads at once
keep-downloads = 10           # gigabytes that stay in the cache as they came; none without this
connections = 8               # to one host at once; as many as `jobs` where it is not said
offline = false               # use no network
cache = "/var/cache/pkg"      # the folder for what can be fetched or made again
ca = "/etc/ssl/example.pem"   # trust this authority too, for every host; or a list of files
proxy = "http://user:password@proxy.example.org:3128"   # `false` for none
no-proxy = ["example.org", "10.0.0.0/8"]                # hosts, domains and networks without it

# How long the program goes on where something else does not.
[patience]
stall-seconds = 30    # a server that says nothing for so long has stalled
retries = 5           # how often a failed request is tried again
lock-seconds = 600    # how long another process may change the same root

# Addresses that start with the left side are fetched from the right side and the rest.
# This holds for registries and all other sources alike.
[mirror]
"https://github.com/" = "https://mirror.example.org/github/"
# A tap that `pkg mirror` copied, with all that it names: for who has it by its own address.
"oci://registry.example.org:5000/tap" = "oci://mirror.example.org/tap"

# What is special about one registry: its host, with its port where it has one.
[registry."registry.example.org:5000"]
plain-http = false                          # `true`: no TLS; this machine has none unless `false`
ca = "registry.pem"                         # trust this authority for this registry alone
client-certificate = "me.pem"               # who we are to it, and to nobody else
client-key = "me.key"                       # a file that others may not read
proxy = false                               # its own proxy, or none
token-server = "https://auth.example.com"   # may see the credentials though it is on another site
# Where it is read first, in this order: for what a digest names, and where `digest-only = false`
# stands also for what a tag names, which may be old there. Nothing is written to a mirror.
mirrors = [
    "mirror.example.org/registry",
    { location = "cache.example.org:5000", digest-only = false },
]
fallback = true                             # `false`: it is never read itself

# Taps that are there without `pkg tap add`, in this order; in a registry or in a folder.
[tap]
acme = "oci://registry.example.org:5000/tap"

# What may be used at all; what is not listed may not, and without a list everything may.
[policy]
registries = ["registry.example.org:5000", "*.example.org"]   # mirrors are registries too
taps = ["core", "oci://registry.example.org:5000/tap*"]       # `direct`: packages without a tap
sources = ["https://github.com/"]                             # what formulas fetch elsewhere
"#;

/// The values of one file; each knows its line.
#[derive(Debug, Default, PartialEq)]
pub struct Config {
    /// Downloads at once.
    pub jobs: Option<Setting<NonZeroUsize>>,
    /// No network.
    pub offline: Option<Setting<bool>>,
    /// Files of certificate authorities to trust beside the system's, absolute.
    pub ca: Option<Setting<Vec<PathBuf>>>,
    /// The longest silence of a server, in seconds.
    pub stall: Option<Setting<u64>>,
    /// How often a failed request is tried again.
    pub retries: Option<Setting<u32>>,
    /// The longest wait for another process that changes the root, in seconds.
    pub lock: Option<Setting<u64>>,
    /// The folder for what may be deleted at any time, absolute.
    pub cache: Option<Setting<PathBuf>>,
    /// Gigabytes of downloads that stay in the cache.
    pub keep_downloads: Option<Setting<NonZeroU64>>,
    /// Connections to one host at once.
    pub connections: Option<Setting<NonZeroUsize>>,
    /// The proxy for everything but this machine.
    pub proxy: Option<Setting<Proxy>>,
    /// Who is asked without a proxy.
    pub no_proxy: Option<Setting<Vec<String>>>,
    /// What may be used at all.
    pub policy: Policy,
    /// Taps that are there without having been added, in the file's order.
    pub taps: Vec<Setting<Tap>>,
    /// What is fetched from elsewhere, in the file's order.
    pub mirrors: Vec<Setting<Mirror>>,
    /// What is special about single registries.
    pub registries: Vec<Registry>,
}

/// Addresses that start with `from` are fetched from `to` and the rest of the address.
#[derive(Debug, Clone, PartialEq)]
pub struct Mirror {
    /// The start of an address, which ends in `/`; or a tap, as `oci://host/repository`.
    pub from: String,
    /// What stands in its place, of the same kind.
    pub to: String,
}

impl Mirror {
    /// Whether it is a tap that is mirrored, with all that it names.
    pub fn is_of_tap(&self) -> bool {
        self.from.starts_with("oci://")
    }
}

/// A tap that is there without having been added.
#[derive(Debug, Clone, PartialEq)]
pub struct Tap {
    /// Its name.
    pub name: String,
    /// Where it is: `oci://host/repository`, or a folder, absolute.
    pub location: String,
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
    #[error(transparent)]
    Malformed(Box<Malformed>),
}

impl Config {
    /// Reads `config.toml` of `folder`; without the file nothing is set.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds something that this version does not know.
    pub fn of_folder(folder: &Path) -> Result<Self, Error> {
        Self::of_file(&folder.join("config.toml"))
    }

    /// Reads a file; without it nothing is set.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds something that this version does not know.
    pub fn of_file(file: &Path) -> Result<Self, Error> {
        match fs_err::read_to_string(file) {
            Ok(text) => Self::parse(&text, file),
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
        let is_system = file == Path::new(SYSTEM_FILE);
        read::config(text, &File { text, folder, is_system }).map_err(|problem| {
            let what = proxy::without_secrets(&problem.what);
            let problem = Problem { what, ..problem };
            Error::Malformed(Box::new(problem.in_file(file, &proxy::without_secrets(text))))
        })
    }
}

/// A file while it is read.
struct File<'a> {
    text: &'a str,
    folder: &'a Path,
    is_system: bool,
}

impl File<'_> {
    /// A value that stands at its key's line.
    fn set<T>(&self, key: &value::Key<'_>, value: T) -> Setting<T> {
        let line = line_of(self.text, key.span().start);
        let origin = if self.is_system { Origin::System(line) } else { Origin::File(line) };
        Setting { value, origin }
    }
}

#[cfg(test)]
mod tests;
