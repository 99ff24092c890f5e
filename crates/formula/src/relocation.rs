//! Where a package's files hold the path that they were built for, as its annotation lists it.
//!
//! What that path is, and whether it stands there, is deliberately not known here.

use serde::{Deserialize, Serialize};

use crate::sound::{Unsound, relative};

/// One file that is written anew for the root that it is installed under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relocation {
    /// The file, relative to the package's root.
    pub path: String,
    /// What the file is, and so how it is written.
    pub kind: Kind,
    /// Where in it the path begins, ascending.
    pub offsets: Vec<u64>,
}

/// What a file is that is written anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// UTF-8 without a NUL byte: its length may change.
    Text,
    /// A program or library of Linux.
    Elf,
    /// A program or library of macOS, whose code signature is made anew.
    Macho,
    /// Anything else that is not text.
    Binary,
}

/// The relocations of a package, in its annotation or, where they are many, in its layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "not a list of relocations, nor the path of one")]
pub enum Relocations {
    /// The list, sorted by path.
    List(Vec<Relocation>),
    /// The file of the package that holds the list as JSON; always [`Relocations::PATH`].
    File(String),
}

impl Relocations {
    /// The file of a package that holds a list too long for its annotation.
    pub const PATH: &str = ".pkg/relocations.json";
    /// Largest such file that is read, in bytes.
    pub const BYTES_MAX: u64 = 16 << 20;

    /// Reads the list of a package's own file, which anybody may have written.
    pub fn parse_list(bytes: &[u8]) -> Result<Vec<Relocation>, serde_json::Error> {
        use serde::de::Error as _;
        let list: Vec<Relocation> = serde_json::from_slice(bytes)?;
        check_list(&list).map_err(serde_json::Error::custom)?;
        Ok(list)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::List(list) if list.is_empty())
    }

    /// Refuses what no packer writes: an order, a path or an offset that is none.
    pub(crate) fn check(&self) -> Result<(), Unsound> {
        match self {
            Self::List(list) => check_list(list),
            Self::File(path) if path == Self::PATH => Ok(()),
            Self::File(_) => {
                Err(Unsound::new(format!("its relocations can only stand in `{}`", Self::PATH)))
            }
        }
    }
}

impl Default for Relocations {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

fn check_file(path: &str) -> Result<(), Unsound> {
    if path.ends_with('/') {
        return Err(Unsound::new(format!("`{path}` is not a path inside the package")));
    }
    relative(path)
}

fn check_list(list: &[Relocation]) -> Result<(), Unsound> {
    for one in list {
        let path = &one.path;
        check_file(path)?;
        if one.offsets.is_empty() {
            return Err(Unsound::new(format!("the relocation of `{path}` lists no offset")));
        }
        if !one.offsets.is_sorted_by(|earlier, later| earlier < later) {
            return Err(Unsound::new(format!("the offsets in `{path}` are not in order")));
        }
    }
    let mut pairs = list.windows(2);
    match pairs.find(|pair| pair[0].path >= pair[1].path) {
        Some(pair) => {
            Err(Unsound::new(format!("the relocation of `{}` is not in order", pair[1].path)))
        }
        None => Ok(()),
    }
}
