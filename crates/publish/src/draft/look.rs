//! What an archive holds: programs and the machines they are for, pages, completions, licenses.
//!
//! Archives are decoded by the store's rules into a folder of their own, which is gone with
//! [`Scratch`]. Nothing in them is ever run.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _},
    path::Path,
};

use binary::inspect::{self, Machine};
use bytes::Bytes;
use formula::{Arch, Libc, Os};
use fs_err as fs;
use store::{
    Content, Layout, Staging,
    archive::{self, Bounds, Chunks, Order, Profile},
    staging,
    tree::{self, Node, Strip, Tree},
};
use tempfile::TempDir;

/// Size of the pieces that files are read in, in bytes.
const PIECE_BYTES: usize = 256 << 10;
/// Largest program that is looked into, in bytes.
const PROGRAM_BYTES_MAX: u64 = 1 << 30;
/// Most scripts that are looked at.
const SCRIPTS_MAX: usize = 2000;

/// An archive cannot be looked into.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no room for what it holds.
    #[error("cannot make a temporary folder")]
    Scratch(#[source] io::Error),
    /// There is no room for what it holds.
    #[error("cannot look into an archive")]
    Staging(#[from] staging::Error),
    /// The archive breaks a rule, or is none.
    #[error("cannot unpack {name}")]
    Archive {
        /// The file.
        name: String,
        /// The rule.
        #[source]
        source: archive::Error,
    },
    /// The archive's files do not make a package.
    #[error("cannot use what {name} holds")]
    Tree {
        /// The file.
        name: String,
        /// The rule.
        #[source]
        source: tree::Error,
    },
}

/// A place for archives that are only looked at.
pub(crate) struct Scratch {
    staging: Staging,
    _folder: TempDir,
}

/// What an archive holds.
pub(crate) struct Look {
    /// Its files, a lone folder at its top taken away.
    pub(crate) tree: Tree,
    /// Whether it is an archive at all, and not one file.
    pub(crate) is_archive: bool,
    pub(crate) programs: Vec<Program>,
}

/// A file that can be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) path: String,
    pub(crate) kind: Kind,
}

/// What runs a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A processor.
    Native {
        os: Os,
        arch: Option<Arch>,
        libc: Option<Libc>,
        /// The newest version of glibc that it needs.
        glibc: Option<String>,
        /// Libraries that it needs, those of the C library left out.
        needed: Vec<String>,
    },
    /// Another program.
    Script,
}

impl Program {
    pub(crate) fn is_native(&self) -> bool {
        matches!(self.kind, Kind::Native { .. })
    }

    /// The last part of its path, without the end that programs of Windows have.
    pub(crate) fn name(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or(&self.path);
        name.strip_suffix(".exe").unwrap_or(name)
    }
}

impl Scratch {
    pub(crate) fn new() -> Result<Self, Error> {
        let folder =
            tempfile::Builder::new().prefix("pkg-new-").tempdir().map_err(Error::Scratch)?;
        let layout = Layout::new(folder.path().to_owned());
        fs::create_dir_all(layout.staging()).map_err(Error::Scratch)?;
        Ok(Self { staging: Staging::begin(&layout)?, _folder: folder })
    }

    /// Looks into a file; `name` is what it becomes if it is no archive.
    pub(crate) fn look(&self, file: &File, name: &str) -> Result<Look, Error> {
        let mut file = file.try_clone().map_err(Error::Scratch)?;
        file.rewind().map_err(Error::Scratch)?;
        let order = Order {
            name: name.to_owned(),
            format: None,
            profile: Profile::Strict,
            bounds: Bounds::default(),
            unpack: true,
        };
        let plan = archive::decode(Box::new(Pieces(file)), &order, &self.staging, &|_| false)
            .map_err(|source| Error::Archive { name: name.to_owned(), source })?;
        let mut tree = Tree::new();
        tree.merge(&plan, "", Strip::LoneTop)
            .map_err(|source| Error::Tree { name: name.to_owned(), source })?;
        let programs = self.programs(&tree, plan.format.is_archive())?;
        Ok(Look { tree, is_archive: plan.format.is_archive(), programs })
    }

    fn programs(&self, tree: &Tree, is_archive: bool) -> Result<Vec<Program>, Error> {
        let mut programs = Vec::new();
        let mut scripts = 0;
        for (path, content) in tree.files() {
            let head = self.head(content, 4)?;
            let is_windows = head.starts_with(b"MZ") && path.ends_with(".exe");
            let may_run = content.executable || !is_archive;
            let is_script = head.starts_with(b"#!") && may_run && scripts < SCRIPTS_MAX;
            let kind = match &head[..] {
                _ if is_windows => Some(windows()),
                _ if is_script => {
                    scripts += 1;
                    Some(Kind::Script)
                }
                [0x7f, b'E', b'L', b'F'] => self.native(content)?,
                [0xfe, 0xed, 0xfa, _] | [_, 0xfa, 0xed, 0xfe] | [0xca, 0xfe, 0xba, _] => {
                    self.native(content)?
                }
                _ => None,
            };
            let is_library = path.rsplit('/').next().is_some_and(|name| name.contains(".so"));
            if let Some(kind) = kind.filter(|_| !is_library) {
                programs.push(Program { path: path.to_owned(), kind });
            }
        }
        Ok(programs)
    }

    /// What a program for Linux or macOS needs; `None` for libraries and objects.
    fn native(&self, content: &Content) -> Result<Option<Kind>, Error> {
        if content.size > PROGRAM_BYTES_MAX {
            return Ok(None);
        }
        let bytes = self.head(content, usize::MAX)?;
        Ok(match inspect::inspect(&bytes) {
            Ok(inspect::File::Elf(elf)) if elf.role == inspect::elf::Role::Loaded => {
                let loader = elf.interpreter.as_ref().map(|loader| loader.text.as_str());
                let libc = match loader {
                    Some(loader) if loader.contains("musl") => Some(Libc::Musl),
                    Some(_) => Some(Libc::Gnu),
                    None => None,
                };
                let is_of_libc = |name: &&str| OF_LIBC.iter().any(|own| name.starts_with(own));
                let needed = elf.needed.iter().map(|library| library.text.as_str());
                let needed = needed.filter(|name| !is_of_libc(name)).map(str::to_owned).collect();
                let is_program = loader.is_some() || elf.soname.is_none();
                let arch = arch(elf.machine);
                let native = Kind::Native { os: Os::Linux, arch, libc, glibc: elf.glibc, needed };
                is_program.then_some(native)
            }
            Ok(inspect::File::MachO(slices)) => slices.first().and_then(|slice| {
                let is_program = !slice.is_object && slice.install_name.is_none();
                let one = (slices.len() == 1).then(|| arch(slice.machine)).flatten();
                is_program.then(|| Kind::Native {
                    os: Os::Macos,
                    arch: one,
                    libc: None,
                    glibc: None,
                    needed: Vec::new(),
                })
            }),
            _ => None,
        })
    }

    /// The beginning of a file.
    fn head(&self, content: &Content, limit: usize) -> Result<Vec<u8>, Error> {
        if content.size == 0 {
            return Ok(Vec::new());
        }
        let file = self.staging.read(content)?;
        let mut bytes = Vec::new();
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        file.take(limit).read_to_end(&mut bytes).map_err(Error::Scratch)?;
        Ok(bytes)
    }

    /// The text of a file, as far as `limit`; `None` where there is no such file.
    pub(crate) fn text(&self, look: &Look, path: &str, limit: usize) -> Option<String> {
        match look.tree.get(path) {
            Some(Node::File(content)) => {
                let bytes = self.head(content, limit).ok()?;
                Some(String::from_utf8_lossy(&bytes).into_owned())
            }
            _ => None,
        }
    }
}

/// Libraries that come with every C library.
const OF_LIBC: &[&str] = &[
    "libc.",
    "libm.",
    "libdl.",
    "libpthread.",
    "librt.",
    "libutil.",
    "libresolv.",
    "libgcc_s.",
    "ld-linux",
    "ld-musl",
    "ld64",
    "linux-vdso",
    "libnsl.",
    "libcrypt.",
    "libanl.",
];

fn windows() -> Kind {
    Kind::Native { os: Os::Windows, arch: None, libc: None, glibc: None, needed: Vec::new() }
}

fn arch(machine: Machine) -> Option<Arch> {
    Some(match machine {
        Machine::Amd64 => Arch::Amd64,
        Machine::Arm64 => Arch::Arm64,
        Machine::I386 => Arch::I386,
        Machine::Arm => Arch::Armv7,
        Machine::Riscv64 => Arch::Riscv64,
        Machine::Ppc64le => Arch::Ppc64le,
        Machine::S390x => Arch::S390x,
        Machine::Other(_) => return None,
    })
}

/// A file's bytes, in pieces.
struct Pieces(File);

impl Chunks for Pieces {
    fn next(&mut self) -> Result<Option<Bytes>, Box<dyn std::error::Error + Send + Sync>> {
        let mut piece = vec![0; PIECE_BYTES];
        let read = self.0.read(&mut piece)?;
        piece.truncate(read);
        Ok((read > 0).then(|| Bytes::from(piece)))
    }
}

/// The name that a file gets which is no archive.
pub(crate) fn file_name(path: &str) -> &str {
    Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or("file")
}
