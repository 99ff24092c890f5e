//! What is installed: made by a generator from a fixed seed, so that nobody downloads anything.
//!
//! Text is words of a made-up language, binaries are made-up instructions; both compress about
//! as well as a toolchain's sources and programs do.

use std::{
    fmt,
    io::{self, Read, Write},
};

use bytes::Bytes;
use flate2::write::GzEncoder;
use tar::{EntryType, Header};

/// 1980-01-02T00:00:00Z.
const TIME: u64 = 315_619_200;
const MIB: usize = 1 << 20;

/// The three kinds of payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    ManySmall,
    FewLarge,
    OneHuge,
}

impl Shape {
    pub(super) const ALL: [Self; 3] = [Self::ManySmall, Self::FewLarge, Self::OneHuge];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ManySmall => "many small files",
            Self::FewLarge => "few large files",
            Self::OneHuge => "one huge file",
        }
    }

    /// The name of the repository that holds it.
    pub(super) fn repository(self) -> &'static str {
        match self {
            Self::ManySmall => "many",
            Self::FewLarge => "few",
            Self::OneHuge => "huge",
        }
    }

    /// The files, a `share`th of what they are in full.
    fn files(self, share: usize) -> Vec<File> {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        match self {
            Self::ManySmall => {
                let mut files: Vec<File> = (0..100 / share)
                    .map(|n| File::program(n, 200_000 + random.below(2_800_000)))
                    .collect();
                files.extend((0..13_500 / share).map(|n| {
                    // Few are large: the fourth power of an even distribution.
                    let part = random.below(1 << 16) as f64 / f64::from(1 << 16);
                    let bytes = 512 + (part.powi(4) * 110_000.0) as usize;
                    let path = format!("payload/lib/part{:02}/unit{:03}/{n}.src", n / 340, n / 17);
                    File { path, bytes, is_program: false }
                }));
                files
            }
            Self::FewLarge => [40, 30, 20, 10, 10]
                .into_iter()
                .enumerate()
                .map(|(n, mib)| File::program(n, mib * MIB / share))
                .collect(),
            Self::OneHuge => vec![File::program(0, 1024 * MIB / share)],
        }
    }
}

/// One payload as archives.
pub(super) struct Payload {
    pub(super) shape: Shape,
    pub(super) files: usize,
    /// Bytes of all files.
    pub(super) unpacked: usize,
    pub(super) gzip: Bytes,
    pub(super) zstd: Bytes,
}

impl Payload {
    /// Makes the files and compresses them as `gzip -6` and `zstd -3` do.
    pub(super) fn make(shape: Shape, share: usize) -> anyhow::Result<Self> {
        let files = shape.files(share);
        let both = Both {
            gzip: GzEncoder::new(Vec::new(), flate2::Compression::new(6)),
            zstd: zstd::Encoder::new(Vec::new(), 3)?,
        };
        let mut archive = tar::Builder::new(both);
        let words = words();
        for (seed, file) in files.iter().enumerate() {
            let mut header = Header::new_ustar();
            header.set_entry_type(EntryType::Regular);
            header.set_mode(if file.is_program { 0o755 } else { 0o644 });
            header.set_mtime(TIME);
            header.set_size(file.bytes as u64);
            archive.append_data(&mut header, &file.path, file.contents(seed, &words))?;
        }
        let Both { gzip, zstd } = archive.into_inner()?;
        Ok(Self {
            shape,
            files: files.len(),
            unpacked: files.iter().map(|file| file.bytes).sum(),
            gzip: gzip.finish()?.into(),
            zstd: zstd.finish()?.into(),
        })
    }
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mb = |bytes: usize| bytes as f64 / 1e6;
        let (unpacked, gzip, zstd) = (mb(self.unpacked), mb(self.gzip.len()), mb(self.zstd.len()));
        let (name, files) = (self.shape.name(), self.files);
        write!(f, "{name}: {files} files, {unpacked:.0} MB, gzip {gzip:.0} MB, zstd {zstd:.0} MB")
    }
}

struct File {
    path: String,
    bytes: usize,
    is_program: bool,
}

impl File {
    fn program(number: usize, bytes: usize) -> Self {
        Self { path: format!("payload/bin/tool{number:02}"), bytes, is_program: true }
    }

    fn contents<'a>(&self, seed: usize, words: &'a [String]) -> Contents<'a> {
        let random = Random((seed as u64 + 1).wrapping_mul(0x2545_f491_4f6c_dd1d));
        let words = (!self.is_program).then_some(words);
        let ready = if self.is_program { b"\x7fELF".to_vec() } else { Vec::new() };
        Contents { random, words, left: self.bytes, ready, at: 0 }
    }
}

/// A file's bytes, made as they are read.
struct Contents<'a> {
    random: Random,
    /// The words of a text; a program has none.
    words: Option<&'a [String]>,
    left: usize,
    ready: Vec<u8>,
    at: usize,
}

impl Contents<'_> {
    fn make(&mut self) {
        self.at = 0;
        self.ready.clear();
        while self.ready.len() < 64 << 10 {
            match self.words {
                Some(words) => line(&mut self.random, words, &mut self.ready),
                None => instruction(&mut self.random, &mut self.ready),
            }
        }
    }
}

impl Read for Contents<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.ready.len() {
            self.make();
        }
        let take = buffer.len().min(self.left).min(self.ready.len() - self.at);
        buffer[..take].copy_from_slice(&self.ready[self.at..self.at + take]);
        self.at += take;
        self.left -= take;
        Ok(take)
    }
}

/// A line of source: indented words with signs between them.
fn line(random: &mut Random, words: &[String], text: &mut Vec<u8>) {
    const SIGNS: [&str; 8] = [" ", " ", " ", ".", "(", ", ", " = ", ") "];
    text.resize(text.len() + 4 * random.skewed(4), b' ');
    for _ in 0..3 + random.below(7) {
        text.extend_from_slice(words[random.skewed(words.len())].as_bytes());
        text.extend_from_slice(SIGNS[random.below(SIGNS.len())].as_bytes());
    }
    text.push(b'\n');
}

/// Some bytes of a program: what stood shortly before once more, or an operation and operands.
fn instruction(random: &mut Random, bytes: &mut Vec<u8>) {
    if random.below(8) < 3 && bytes.len() > 4096 {
        let start = bytes.len() - 64 - random.below(4000);
        bytes.extend_from_within(start..start + 16 + random.below(32));
        return;
    }
    let operation = random.skewed(400) as u32;
    bytes.extend_from_slice(&operation.wrapping_mul(0x9e37_79b1).to_le_bytes()[..3]);
    bytes.push(random.below(256) as u8);
    bytes.extend_from_slice(&(random.skewed(1 << 12) as u32).to_le_bytes()[..3]);
}

fn words() -> Vec<String> {
    const PARTS: [&str; 16] = [
        "re", "con", "tent", "sta", "ge", "link", "for", "mu", "la", "tap", "keg", "plan", "er",
        "or", "set", "un",
    ];
    let mut random = Random(7);
    let word = |_| (0..2 + random.below(3)).map(|_| PARTS[random.below(PARTS.len())]).collect();
    (0..4000).map(word).collect()
}

/// Marsaglia's xorshift: not good, but the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % end
    }

    /// Mostly small numbers, as words and instructions are mostly common ones.
    fn skewed(&mut self, end: usize) -> usize {
        let (a, b) = (self.below(1 << 16), self.below(1 << 16));
        a * b / (1 << 16) * self.below(1 << 16) / (1 << 16) * end / (1 << 16)
    }
}

/// Compresses the same bytes in both ways.
struct Both {
    gzip: GzEncoder<Vec<u8>>,
    zstd: zstd::Encoder<'static, Vec<u8>>,
}

impl Write for Both {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gzip.write_all(bytes)?;
        self.zstd.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
