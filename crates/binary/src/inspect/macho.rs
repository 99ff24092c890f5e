//! Mach-O: the load commands of each processor's part.
//!
//! Read from a file in pieces, since only headers and load commands matter.

use std::{
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
};

use goblin::{
    container::{Container, Ctx},
    mach::{
        constants::cputype::{
            CPU_TYPE_ARM, CPU_TYPE_ARM64, CPU_TYPE_I386, CPU_TYPE_X86_64, CpuType,
        },
        header::{Header, MH_CIGAM, MH_CIGAM_64, MH_MAGIC, MH_MAGIC_64, MH_OBJECT},
        load_command::{CommandVariant, LoadCommand},
    },
};
use scroll::{Pread as _, ctx::SizeWith as _};

use super::{Machine, Mention, archive, mention};
use crate::kind::SLICES_MAX;

/// A program, library or object of macOS, for one processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachO {
    /// The processor.
    pub machine: Machine,
    /// Whether only a linker reads it.
    pub is_object: bool,
    /// The name by which others load it.
    pub install_name: Option<Mention>,
    /// The libraries that it loads.
    pub loads: Vec<Mention>,
    /// Folders in which `@rpath` is looked for.
    pub rpaths: Vec<Mention>,
    /// The oldest macOS that it runs on, as `11.0`.
    pub minimum_os: Option<String>,
    /// Where its code signature lies, from where its part begins.
    pub signature: Option<Range<u64>>,
}

/// A Mach-O file breaks its format.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("it cannot be read")]
    Read(#[from] io::Error),
    /// Its parts overlap or leave the file.
    #[error("its parts for several processors overlap or leave the file")]
    Parts,
    /// A part is none.
    #[error("its headers cannot be read")]
    Headers(#[from] goblin::error::Error),
    /// Its load commands are larger than the file, or than any real ones.
    #[error("its load commands are too large")]
    TooLarge,
    /// A path or the signature is not where it should be.
    #[error("a load command points out of it")]
    Name,
}

const FAT_MAGIC: u32 = 0xcafe_babe;
const FAT_MAGIC_64: u32 = 0xcafe_babf;
const HEADER_BYTES: u64 = 32;
const COMMANDS_BYTES_MAX: u64 = 16 << 20;

/// The parts of a file, one for each processor; the whole of one that is for one only.
pub(crate) fn slices(file: &mut (impl Read + Seek)) -> Result<Vec<Range<u64>>, Error> {
    let size = file.seek(SeekFrom::End(0))?;
    let head = bytes(file, 0, 8 + u64::from(SLICES_MAX) * 32)?;
    let word = |at: usize| head.pread_with::<u32>(at, scroll::BE).map(u64::from);
    let long = |at: usize| head.pread_with::<u64>(at, scroll::BE);
    let magic = head.pread_with::<u32>(0, scroll::BE).map_err(goblin::error::Error::from)?;
    if !matches!(magic, FAT_MAGIC | FAT_MAGIC_64) {
        return Ok(std::iter::once(0..size).collect());
    }
    let count = head.pread_with::<u32>(4, scroll::BE).map_err(goblin::error::Error::from)?;
    if count > SLICES_MAX {
        return Err(Error::Parts);
    }
    let mut slices = Vec::new();
    for index in 0..count as usize {
        let place = match magic {
            FAT_MAGIC => {
                word(8 + index * 20 + 8).and_then(|at| Ok((at, word(8 + index * 20 + 12)?)))
            }
            _ => long(8 + index * 32 + 8).and_then(|at| Ok((at, long(8 + index * 32 + 16)?))),
        };
        let (start, length) = place.map_err(|_| Error::Parts)?;
        let end = start.checked_add(length).filter(|end| *end <= size).ok_or(Error::Parts)?;
        slices.push(start..end);
    }
    slices.sort_by_key(|slice| slice.start);
    let overlap = slices.windows(2).any(|pair| pair[0].end > pair[1].start);
    if overlap { Err(Error::Parts) } else { Ok(slices) }
}

/// Whether a part is a static library, which is an archive of its own.
pub(crate) fn is_archive(file: &mut (impl Read + Seek), slice: &Range<u64>) -> Result<bool, Error> {
    Ok(bytes(file, slice.start, (slice.end - slice.start).min(8))? == archive::MAGIC)
}

/// What the part of a file says of itself.
pub(crate) fn read(file: &mut (impl Read + Seek), slice: &Range<u64>) -> Result<MachO, Error> {
    let length = slice.end - slice.start;
    let head = bytes(file, slice.start, HEADER_BYTES.min(length))?;
    let magic = head.pread_with::<u32>(0, scroll::BE).map_err(goblin::error::Error::from)?;
    let ctx = context(magic).ok_or(goblin::error::Error::BadMagic(magic.into()))?;
    let header: Header = head.pread_with(0, ctx)?;
    let start = Header::size_with(&ctx.container);
    let end = start as u64 + u64::from(header.sizeofcmds);
    if end > length.min(COMMANDS_BYTES_MAX) || header.ncmds > header.sizeofcmds as usize / 8 {
        return Err(Error::TooLarge);
    }
    let commands = bytes(file, slice.start, end)?;
    let mut part = MachO {
        machine: machine(header.cputype),
        is_object: header.filetype == MH_OBJECT,
        install_name: None,
        loads: Vec::new(),
        rpaths: Vec::new(),
        minimum_os: None,
        signature: None,
    };
    let mut at = start;
    for _ in 0..header.ncmds {
        let command = LoadCommand::parse(&commands, &mut at, ctx.le)?;
        let within = commands.get(..at).ok_or(Error::TooLarge)?;
        part.take(&command, within, slice)?;
    }
    Ok(part)
}

impl MachO {
    fn take(
        &mut self,
        command: &LoadCommand,
        within: &[u8],
        slice: &Range<u64>,
    ) -> Result<(), Error> {
        use CommandVariant as Is;
        let name = |at: u32| {
            mention(within, command.offset.saturating_add(at as usize), slice.start)
                .ok_or(Error::Name)
        };
        match &command.command {
            Is::IdDylib(dylib) => self.install_name = Some(name(dylib.dylib.name)?),
            Is::LoadDylib(dylib)
            | Is::LoadWeakDylib(dylib)
            | Is::ReexportDylib(dylib)
            | Is::LazyLoadDylib(dylib)
            | Is::LoadUpwardDylib(dylib) => self.loads.push(name(dylib.dylib.name)?),
            Is::Rpath(rpath) => self.rpaths.push(name(rpath.path)?),
            Is::VersionMinMacosx(minimum) => self.minimum_os = Some(version(minimum.version)),
            Is::BuildVersion(build) => self.minimum_os = Some(version(build.minos)),
            Is::CodeSignature(place) => {
                let start = u64::from(place.dataoff);
                let end = start + u64::from(place.datasize);
                if end > slice.end - slice.start {
                    return Err(Error::Name);
                }
                self.signature = Some(start..end);
            }
            _ => {}
        }
        Ok(())
    }
}

fn context(magic: u32) -> Option<Ctx> {
    let container = match magic {
        MH_MAGIC | MH_CIGAM => Container::Little,
        MH_MAGIC_64 | MH_CIGAM_64 => Container::Big,
        _ => return None,
    };
    let is_little = matches!(magic, MH_CIGAM | MH_CIGAM_64);
    Some(Ctx::new(container, scroll::Endian::from(is_little)))
}

fn machine(cpu: CpuType) -> Machine {
    match cpu {
        CPU_TYPE_X86_64 => Machine::Amd64,
        CPU_TYPE_ARM64 => Machine::Arm64,
        CPU_TYPE_I386 => Machine::I386,
        CPU_TYPE_ARM => Machine::Arm,
        number => Machine::Other(number),
    }
}

/// A version as it is packed into a number: `xxxx.yy.zz` in its bytes.
fn version(packed: u32) -> String {
    let (major, minor, patch) = (packed >> 16, packed >> 8 & 0xff, packed & 0xff);
    if patch == 0 { format!("{major}.{minor}") } else { format!("{major}.{minor}.{patch}") }
}

/// Some bytes of a file, as far as they are there.
fn bytes(file: &mut (impl Read + Seek), at: u64, count: u64) -> Result<Vec<u8>, Error> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.by_ref().take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}
