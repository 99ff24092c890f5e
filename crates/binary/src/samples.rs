//! Small files of each format, made byte by byte, for tests.

use sha2::{Digest as _, Sha256};

/// What an ELF file says.
pub(crate) struct ElfSample<'a> {
    pub(crate) machine: u16,
    pub(crate) interpreter: &'a str,
    pub(crate) soname: &'a str,
    pub(crate) needed: &'a [&'a str],
    pub(crate) rpath: &'a str,
    pub(crate) runpath: &'a str,
    /// Versions of libc.so.6.
    pub(crate) versions: &'a [&'a str],
    pub(crate) sections: &'a [&'a str],
}

impl Default for ElfSample<'_> {
    fn default() -> Self {
        Self {
            machine: 62,
            interpreter: "/lib64/ld-linux-x86-64.so.2",
            soname: "",
            needed: &["libc.so.6"],
            rpath: "",
            runpath: "",
            versions: &["GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.4"],
            sections: &[],
        }
    }
}

/// Texts that end with a NUL byte, and where each begins.
struct Strings(Vec<u8>);

impl Strings {
    fn add(&mut self, text: &str) -> u64 {
        let at = self.0.len() as u64;
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(0);
        at
    }
}

fn put(bytes: &mut Vec<u8>, value: u64, width: usize) {
    bytes.extend_from_slice(&value.to_le_bytes()[..width]);
}

/// A program of 32 bits, with nothing but its loader.
pub(crate) fn elf32(machine: u8, interpreter: &str) -> Vec<u8> {
    let mut bytes = vec![0; 84];
    bytes[..7].copy_from_slice(b"\x7fELF\x01\x01\x01");
    let length = u8::try_from(interpreter.len() + 1).expect("it is short");
    // The header: type, machine, version, where the programs are, sizes and numbers.
    for (at, value) in [(16, 3), (18, machine), (20, 1), (28, 52), (40, 52), (42, 32), (44, 1)] {
        bytes[at] = value;
    }
    // The one program: its type, where it is, and its size.
    for (at, value) in [(52, 3), (56, 84), (68, length), (72, length)] {
        bytes[at] = value;
    }
    bytes.extend_from_slice(interpreter.as_bytes());
    bytes.push(0);
    bytes
}

fn header(machine: u16, [programs, sections]: [u64; 2], sections_at: u64) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    for (value, width) in [
        (3, 2),
        (machine.into(), 2),
        (1, 4),
        (0, 8),
        (64, 8),
        (sections_at, 8),
        (0, 4),
        (64, 2),
        (56, 2),
        (programs, 2),
        (64, 2),
        (sections, 2),
        (1, 2),
    ] {
        put(&mut bytes, value, width);
    }
    bytes
}

fn needed_versions(versions: &[&str], names: &mut Strings) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, 1, 2);
    put(&mut bytes, versions.len() as u64, 2);
    for value in [names.add("libc.so.6"), 16, 0] {
        put(&mut bytes, value, 4);
    }
    for (index, version) in versions.iter().enumerate() {
        let next = if index + 1 < versions.len() { 16 } else { 0 };
        for (value, width) in [(0, 4), (0, 2), (2, 2), (names.add(version), 4), (next, 4)] {
            put(&mut bytes, value, width);
        }
    }
    bytes
}

/// The header of a section; `rest` is where it lies, its size and what more there is.
fn section(bytes: &mut Vec<u8>, name: u64, kind: u64, rest: [u64; 3]) {
    let [at, size, info] = rest;
    put(bytes, name, 4);
    put(bytes, kind, 4);
    for value in [0, 0, at, size] {
        put(bytes, value, 8);
    }
    put(bytes, 0, 4);
    put(bytes, info, 4);
    put(bytes, 1, 8);
    put(bytes, 0, 8);
}

/// A file of 64 bits, little endian, in which an address is an offset.
pub(crate) fn elf(sample: &ElfSample<'_>) -> Vec<u8> {
    let mut names = Strings(vec![0]);
    let mut dynamic: Vec<(u64, u64)> =
        sample.needed.iter().map(|name| (1, names.add(name))).collect();
    let tags = [(14, sample.soname), (15, sample.rpath), (29, sample.runpath)];
    for (tag, text) in tags.into_iter().filter(|(_, text)| !text.is_empty()) {
        dynamic.push((tag, names.add(text)));
    }
    let versions = needed_versions(sample.versions, &mut names);
    let has_interpreter = !sample.interpreter.is_empty();
    let programs = 2 + u64::from(has_interpreter);
    let interpreter_at = 64 + programs * 56;
    let names_at = interpreter_at + sample.interpreter.len() as u64 + 1;
    dynamic.extend([(5, names_at), (10, names.0.len() as u64), (0, 0)]);
    let dynamic_at = names_at + names.0.len() as u64;
    let versions_at = dynamic_at + dynamic.len() as u64 * 16;
    let section_names_at = versions_at + versions.len() as u64;
    let mut section_names = Strings(vec![0]);
    let own = section_names.add(".shstrtab");
    let version_name = section_names.add(".gnu.version_r");
    let more: Vec<u64> = sample.sections.iter().map(|name| section_names.add(name)).collect();
    let sections_at = section_names_at + section_names.0.len() as u64;
    let total = sections_at + (3 + more.len() as u64) * 64;

    let counts = [programs, 3 + more.len() as u64];
    let mut bytes = header(sample.machine, counts, sections_at);
    let mut program = |kind: u64, at: u64, size: u64| {
        put(&mut bytes, kind, 4);
        put(&mut bytes, 4, 4);
        for value in [at, at, at, size, size, 1] {
            put(&mut bytes, value, 8);
        }
    };
    program(1, 0, total);
    if has_interpreter {
        program(3, interpreter_at, sample.interpreter.len() as u64 + 1);
    }
    program(2, dynamic_at, dynamic.len() as u64 * 16);
    bytes.extend_from_slice(sample.interpreter.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(&names.0);
    for (tag, value) in dynamic {
        put(&mut bytes, tag, 8);
        put(&mut bytes, value, 8);
    }
    bytes.extend_from_slice(&versions);
    bytes.extend_from_slice(&section_names.0);
    section(&mut bytes, 0, 0, [0; 3]);
    section(&mut bytes, own, 3, [section_names_at, section_names.0.len() as u64, 0]);
    section(&mut bytes, version_name, 0x6fff_fffe, [versions_at, versions.len() as u64, 1]);
    more.iter().for_each(|name| section(&mut bytes, *name, 1, [0; 3]));
    bytes
}

/// What a Mach-O file says.
pub(crate) struct MachOSample<'a> {
    pub(crate) cpu: u32,
    pub(crate) install_name: &'a str,
    pub(crate) loads: &'a [&'a str],
    pub(crate) rpaths: &'a [&'a str],
    /// What stands behind the load commands.
    pub(crate) data: &'a [u8],
    pub(crate) signature: Signed,
}

/// Who signed a Mach-O file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signed {
    Nobody,
    /// The linker, with these flags and kind of hash.
    Linker {
        flags: u32,
        hash: u8,
    },
    Somebody,
}

pub(crate) const LINKER_SIGNED: Signed = Signed::Linker { flags: 0x2_0002, hash: 2 };

impl Default for MachOSample<'_> {
    fn default() -> Self {
        Self {
            cpu: 0x0100_000c,
            install_name: "@rpath/libfoo.dylib",
            loads: &["/usr/lib/libSystem.B.dylib"],
            rpaths: &[],
            data: b"",
            signature: LINKER_SIGNED,
        }
    }
}

pub(crate) const PAGE: usize = 4096;

/// A library of 64 bits, signed page by page.
pub(crate) fn macho(sample: &MachOSample<'_>) -> Vec<u8> {
    let mut commands: Vec<Vec<u8>> = Vec::new();
    let mut named = |kind: u32, fixed: usize, text: &str| {
        let size = (fixed + text.len() + 1).next_multiple_of(8);
        let mut command = Vec::new();
        for value in [kind, size as u32, fixed as u32] {
            put(&mut command, value.into(), 4);
        }
        command.resize(fixed, 0);
        command.extend_from_slice(text.as_bytes());
        command.resize(size, 0);
        commands.push(command);
    };
    named(0xd, 24, sample.install_name);
    sample.loads.iter().for_each(|name| named(0xc, 24, name));
    sample.rpaths.iter().for_each(|name| named(0x8000_001c, 12, name));
    let mut build = Vec::new();
    for value in [0x32, 24, 1, 0x000b_0000, 0x000d_0300, 0] {
        put(&mut build, value, 4);
    }
    commands.push(build);
    let is_signed = sample.signature != Signed::Nobody;
    let size: usize = commands.iter().map(Vec::len).sum::<usize>() + 16 * usize::from(is_signed);
    let limit = 32 + size + sample.data.len();
    if is_signed {
        let mut command = Vec::new();
        for value in [0x1d, 16, limit as u64, signature_bytes(limit) as u64] {
            put(&mut command, value, 4);
        }
        commands.push(command);
    }
    let mut bytes = Vec::new();
    for value in [0xfeed_facf, sample.cpu, 0, 6, commands.len() as u32, size as u32, 0x85, 0] {
        put(&mut bytes, value.into(), 4);
    }
    commands.iter().for_each(|command| bytes.extend_from_slice(command));
    bytes.extend_from_slice(sample.data);
    match sample.signature {
        Signed::Nobody => {}
        Signed::Linker { flags, hash } => bytes.extend(signature(&bytes, flags, hash, false)),
        Signed::Somebody => bytes.extend(signature(&bytes, 0, 2, true)),
    }
    bytes
}

const DIRECTORY_BYTES: usize = 48;

fn signature_bytes(limit: usize) -> usize {
    28 + DIRECTORY_BYTES + 4 + limit.div_ceil(PAGE) * 32 + 12
}

fn signature(bytes: &[u8], flags: u32, hash: u8, is_signed: bool) -> Vec<u8> {
    let pages = bytes.chunks(PAGE);
    let length = DIRECTORY_BYTES + 4 + pages.len() * 32;
    let directory_at = 28;
    let mut made = Vec::new();
    let mut word = |value: usize| made.extend_from_slice(&(value as u32).to_be_bytes());
    let blobs = [0xfade_0cc0, signature_bytes(bytes.len()), 2];
    blobs.into_iter().for_each(&mut word);
    [0, directory_at, 0x1_0000, directory_at + length].into_iter().for_each(&mut word);
    let flags = flags as usize;
    [0xfade_0c02, length, 0x2_0100, flags, DIRECTORY_BYTES + 4].into_iter().for_each(&mut word);
    [DIRECTORY_BYTES, 0, pages.len(), bytes.len()].into_iter().for_each(&mut word);
    made.extend_from_slice(&[32, hash, 0, 12]);
    made.extend_from_slice(&[0; 8]);
    made.extend_from_slice(b"foo\0");
    pages.for_each(|page| made.extend_from_slice(&Sha256::digest(page)));
    made.extend_from_slice(&0xfade_0b01_u32.to_be_bytes());
    made.extend_from_slice(&(if is_signed { 12_u32 } else { 8 }).to_be_bytes());
    made.extend_from_slice(&[0; 4]);
    made
}

/// Whether the hashes of a library made by [`macho`] are those of its pages.
pub(crate) fn is_true(bytes: &[u8]) -> bool {
    let limit = bytes.len()
        - (0..)
            .map(|n| 28 + DIRECTORY_BYTES + 4 + n * 32 + 12)
            .find(|size| {
                bytes.len() > *size && (bytes.len() - size).div_ceil(PAGE) == (size - 92) / 32
            })
            .unwrap();
    let hashes = &bytes[limit + 28 + DIRECTORY_BYTES + 4..];
    bytes[..limit]
        .chunks(PAGE)
        .zip(hashes.chunks(32))
        .all(|(page, hash)| Sha256::digest(page)[..] == *hash)
}

/// Libraries for several processors in one file.
pub(crate) fn fat(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(&0xcafe_babe_u32.to_be_bytes());
    bytes.extend_from_slice(&(parts.len() as u32).to_be_bytes());
    let mut at = PAGE;
    for part in parts {
        let cpu = u32::from_le_bytes(part[4..8].try_into().unwrap());
        for value in [cpu, 0, at as u32, part.len() as u32, 12] {
            bytes.extend_from_slice(&value.to_be_bytes());
        }
        at = (at + part.len()).next_multiple_of(PAGE);
    }
    for part in parts {
        bytes.resize(bytes.len().next_multiple_of(PAGE), 0);
        bytes.extend_from_slice(part);
    }
    bytes
}
