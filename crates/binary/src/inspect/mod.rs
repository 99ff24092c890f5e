//! What a file is: a program or library of Linux or macOS, an archive of objects, a script, text.
//!
//! Formats are read by goblin, piece by piece: nothing that this room does not ask for is parsed.
//! A file that breaks its format is an error, never a guess.

use std::io::Cursor;

use crate::kind::{Kind, TextCheck};

pub mod archive;
pub mod elf;
pub mod macho;
pub mod script;

pub use archive::Archive;
pub use elf::Elf;
pub use macho::MachO;
pub use script::Script;

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum File {
    /// A program, library or object of Linux.
    Elf(Elf),
    /// A program, library or object of macOS, once for each processor.
    MachO(Vec<MachO>),
    /// Objects in an `ar` archive.
    Archive(Archive),
    /// A text that names its interpreter.
    Script(Script),
    /// UTF-8 without a NUL byte.
    Text,
    /// Anything else.
    Other,
}

/// A path or name that a file holds, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// Where it begins in the file.
    pub offset: u64,
    /// The path or name.
    pub text: String,
}

/// The processor that a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// x86-64.
    Amd64,
    /// AArch64.
    Arm64,
    /// 32-bit x86.
    I386,
    /// 32-bit ARM.
    Arm,
    /// 64-bit RISC-V.
    Riscv64,
    /// 64-bit POWER, little endian.
    Ppc64le,
    /// IBM Z.
    S390x,
    /// Another, by its number in its format.
    Other(u32),
}

impl Machine {
    /// The machine of a word as platforms have it: `amd64`, `arm64`, `386`, `armv7` and so on.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "amd64" => Self::Amd64,
            "arm64" => Self::Arm64,
            "386" => Self::I386,
            "arm" | "armv7" => Self::Arm,
            "riscv64" => Self::Riscv64,
            "ppc64le" => Self::Ppc64le,
            "s390x" => Self::S390x,
            _ => return None,
        })
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
            Self::I386 => "386",
            Self::Arm => "arm",
            Self::Riscv64 => "riscv64",
            Self::Ppc64le => "ppc64le",
            Self::S390x => "s390x",
            Self::Other(number) => return write!(f, "machine {number}"),
        };
        f.write_str(word)
    }
}

/// A file breaks the format that its first bytes promise.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// As a file of Linux.
    #[error("it begins like an ELF file")]
    Elf(#[from] elf::Error),
    /// As a file of macOS.
    #[error("it begins like a Mach-O file")]
    MachO(#[from] macho::Error),
}

/// What a file is.
pub fn inspect(bytes: &[u8]) -> Result<File, Error> {
    match Kind::of_head(bytes) {
        Some(Kind::Elf) => return Ok(File::Elf(elf::read(bytes)?)),
        Some(Kind::MachO) => {
            let mut file = Cursor::new(bytes);
            let mut parts = Vec::new();
            for slice in macho::slices(&mut file)? {
                if macho::is_archive(&mut file, &slice)? {
                    return Ok(File::Archive(Archive { is_thin: false }));
                }
                parts.push(macho::read(&mut file, &slice)?);
            }
            return Ok(File::MachO(parts));
        }
        _ => {}
    }
    if let Some(archive) = archive::read(bytes) {
        return Ok(File::Archive(archive));
    }
    if let Some(script) = script::read(bytes) {
        return Ok(File::Script(script));
    }
    let mut text = TextCheck::default();
    text.feed(bytes);
    Ok(if text.is_text() { File::Text } else { File::Other })
}

/// Longest path or name that is read out of a file.
const MENTION_BYTES_MAX: usize = 4096;

/// The text up to the next NUL byte or the end; `None` where it is too long to be a path.
fn mention(bytes: &[u8], at: usize, base: u64) -> Option<Mention> {
    let bytes = bytes.get(at..)?;
    let bytes = &bytes[..bytes.len().min(MENTION_BYTES_MAX + 1)];
    let length =
        memchr::memchr(0, bytes).or((bytes.len() <= MENTION_BYTES_MAX).then_some(bytes.len()))?;
    let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
    Some(Mention { offset: base + at as u64, text })
}

#[cfg(test)]
mod tests;
