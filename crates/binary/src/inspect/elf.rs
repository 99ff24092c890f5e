//! ELF: the headers, the dynamic section and the versions of glibc that are needed.

use goblin::{
    container::Ctx,
    elf::{
        Dynamic, Header, ProgramHeader, SectionHeader, VerneedSection,
        dynamic::{DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_SONAME, Dyn},
        header::{
            EM_386, EM_AARCH64, EM_ARM, EM_PPC64, EM_RISCV, EM_S390, EM_X86_64, ET_DYN, ET_EXEC,
            ET_REL,
        },
        program_header::PT_INTERP,
    },
};

use super::{Machine, Mention, mention};

/// A program, library or object of Linux.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elf {
    /// Whether addresses have 64 bits.
    pub is_64: bool,
    /// The processor.
    pub machine: Machine,
    /// What it is for.
    pub role: Role,
    /// The loader that starts it.
    pub interpreter: Option<Mention>,
    /// The name by which others need it.
    pub soname: Option<Mention>,
    /// The libraries that it needs.
    pub needed: Vec<Mention>,
    /// Folders in which libraries are looked for, each by itself (`DT_RPATH`).
    pub rpath: Vec<Mention>,
    /// Folders in which libraries are looked for, each by itself (`DT_RUNPATH`).
    pub runpath: Vec<Mention>,
    /// The newest version of glibc that it needs, as `2.34`.
    pub glibc: Option<String>,
    /// Whether it holds what a debugger reads.
    pub has_debug: bool,
}

/// What an ELF file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A linker reads it.
    Object,
    /// It is loaded: a program or a library.
    Loaded,
    /// Neither, such as a dump.
    Other,
}

/// An ELF file breaks its format.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its headers or tables lie.
    #[error("its headers cannot be read")]
    Headers(#[from] goblin::error::Error),
    /// A name is not where it should be, or too long.
    #[error("a name in its dynamic section is not there")]
    Name,
    /// More than any real file has.
    #[error("its dynamic section is too large")]
    TooLarge,
}

/// More names than any real dynamic section has.
const NAMES_MAX: usize = 10_000;
/// More needed versions than any real file has.
const VERSIONS_MAX: usize = 100_000;

pub(super) fn read(bytes: &[u8]) -> Result<Elf, Error> {
    let header = header(bytes)?;
    let ctx = Ctx::new(header.container()?, header.endianness()?);
    let (phoff, shoff) = (place(header.e_phoff), place(header.e_shoff));
    let programs = ProgramHeader::parse(bytes, phoff, header.e_phnum.into(), ctx)?;
    let sections = SectionHeader::parse(bytes, shoff, header.e_shnum.into(), ctx)?;
    let interpreter = programs.iter().find(|program| program.p_type == PT_INTERP);
    let interpreter = interpreter.map(|program| {
        let end = place(program.p_offset).saturating_add(place(program.p_filesz));
        let bytes = bytes.get(..end).ok_or(Error::Name)?;
        mention(bytes, place(program.p_offset), 0).ok_or(Error::Name)
    });
    let mut elf = Elf {
        is_64: ctx.is_big(),
        machine: machine(&header, ctx),
        role: role(&header),
        // What was split off for a debugger has its place, but no loader in it.
        interpreter: interpreter.transpose()?.filter(|loader| !loader.text.is_empty()),
        soname: None,
        needed: Vec::new(),
        rpath: Vec::new(),
        runpath: Vec::new(),
        glibc: None,
        has_debug: has_debug(bytes, &header, &sections),
    };
    if let Some(dynamic) = Dynamic::parse(bytes, &programs, ctx)? {
        let names = Names::of(bytes, &dynamic)?;
        elf.dynamic(&dynamic.dyns, &names)?;
        elf.glibc = glibc(bytes, &sections, ctx, &names)?;
    }
    Ok(elf)
}

/// The machine that an ELF file says it is for, without reading more of it.
pub(crate) fn machine_of(bytes: &[u8]) -> Option<Machine> {
    let header = header(bytes).ok()?;
    let ctx = Ctx::new(header.container().ok()?, header.endianness().ok()?);
    Some(machine(&header, ctx))
}

fn header(bytes: &[u8]) -> Result<Header, Error> {
    use scroll::Pread as _;
    Ok(bytes.pread::<Header>(0)?)
}

fn machine(header: &Header, ctx: Ctx) -> Machine {
    match (header.e_machine, ctx.is_big(), ctx.is_little_endian()) {
        (EM_X86_64, true, true) => Machine::Amd64,
        (EM_AARCH64, true, true) => Machine::Arm64,
        (EM_386, false, true) => Machine::I386,
        (EM_ARM, false, true) => Machine::Arm,
        (EM_RISCV, true, true) => Machine::Riscv64,
        (EM_PPC64, true, true) => Machine::Ppc64le,
        (EM_S390, true, false) => Machine::S390x,
        (number, ..) => Machine::Other(number.into()),
    }
}

fn role(header: &Header) -> Role {
    match header.e_type {
        ET_REL => Role::Object,
        ET_EXEC | ET_DYN => Role::Loaded,
        _ => Role::Other,
    }
}

impl Elf {
    fn dynamic(&mut self, entries: &[Dyn], names: &Names<'_>) -> Result<(), Error> {
        let mut count = 0;
        for entry in entries {
            let is_name = matches!(entry.d_tag, DT_SONAME | DT_NEEDED | DT_RPATH | DT_RUNPATH);
            if !is_name {
                continue;
            }
            count += 1;
            if count > NAMES_MAX {
                return Err(Error::TooLarge);
            }
            let name = names.get(place(entry.d_val)).ok_or(Error::Name)?;
            match entry.d_tag {
                DT_SONAME => self.soname = Some(name),
                DT_NEEDED => self.needed.push(name),
                DT_RPATH => self.rpath.extend(folders(&name)),
                _ => self.runpath.extend(folders(&name)),
            }
        }
        Ok(())
    }
}

/// The folders of a list with colons, each with its place; an empty one is the working folder.
fn folders(list: &Mention) -> Vec<Mention> {
    let mut offset = list.offset;
    let folder = |text: &str| {
        let folder = Mention { offset, text: text.to_owned() };
        offset += text.len() as u64 + 1;
        folder
    };
    if list.text.is_empty() { Vec::new() } else { list.text.split(':').map(folder).collect() }
}

/// The names that the dynamic section refers to.
struct Names<'a> {
    bytes: &'a [u8],
    start: u64,
}

impl<'a> Names<'a> {
    fn of(bytes: &'a [u8], dynamic: &Dynamic) -> Result<Self, Error> {
        let start = dynamic.info.strtab;
        let end = start.saturating_add(dynamic.info.strsz);
        let bytes = bytes.get(start..end).ok_or(Error::Name)?;
        Ok(Self { bytes, start: start as u64 })
    }

    fn get(&self, at: usize) -> Option<Mention> {
        mention(self.bytes, at, self.start)
    }
}

/// The newest `GLIBC_` version that is needed.
fn glibc(
    bytes: &[u8],
    sections: &[SectionHeader],
    ctx: Ctx,
    names: &Names<'_>,
) -> Result<Option<String>, Error> {
    let Some(needed) = VerneedSection::parse(bytes, sections, ctx)? else { return Ok(None) };
    let mut newest: Option<Vec<u32>> = None;
    let mut count = 0;
    for library in needed.iter() {
        for version in library.iter() {
            count += 1;
            if count > VERSIONS_MAX {
                return Err(Error::TooLarge);
            }
            let name = names.get(version.vna_name).ok_or(Error::Name)?;
            let Some(numbers) = name.text.strip_prefix("GLIBC_") else { continue };
            // `GLIBC_PRIVATE` and `GLIBC_ABI_DT_RELR` are no numbers.
            let numbers: Result<Vec<u32>, _> = numbers.split('.').map(str::parse).collect();
            newest = newest.max(numbers.ok());
        }
    }
    Ok(newest.map(|numbers| numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(".")))
}

fn has_debug(bytes: &[u8], header: &Header, sections: &[SectionHeader]) -> bool {
    let Some(names) = sections.get(usize::from(header.e_shstrndx)) else { return false };
    let at = |section: &SectionHeader| place(names.sh_offset).checked_add(section.sh_name);
    sections
        .iter()
        .filter_map(|section| bytes.get(at(section)?..))
        .any(|name| name.starts_with(b".debug_") || name.starts_with(b".zdebug_"))
}

/// A place that a file declares; what does not fit into memory is nowhere in the file.
fn place(declared: u64) -> usize {
    usize::try_from(declared).unwrap_or(usize::MAX)
}
