//! Headers of a tar archive as Go's `archive/tar` writes them where nobody asks for a format.
//!
//! That is ustar where everything fits, else PAX. Only so has a folder's archive the digest that
//! oras gives it.

use build::archive::{BLOCK_BYTES, padding, record};

const NAME_BYTES_MAX: usize = 100;
const PREFIX_BYTES_MAX: usize = 155;
/// Largest number that eleven octal digits hold.
const OCTAL_MAX: i64 = 0o777_7777_7777;

/// One entry of the archive; its owner is 0, without a name.
#[derive(Debug, Clone)]
pub(super) struct Header<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Kind<'a>,
    /// Permissions, with setuid, setgid and the sticky bit.
    pub(super) mode: u32,
    /// In seconds since 1970.
    pub(super) mtime: i64,
}

/// What an entry is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind<'a> {
    File { size: u64 },
    Folder,
    Link { target: &'a str },
}

impl Header<'_> {
    /// The blocks that stand before the contents.
    pub(super) fn blocks(&self) -> Vec<u8> {
        let (flag, size, target) = match self.kind {
            Kind::File { size } => (b'0', i64::try_from(size).unwrap_or(i64::MAX), ""),
            Kind::Folder => (b'5', 0, ""),
            Kind::Link { target } => (b'2', 0, target),
        };
        let split = split(self.name);
        let fits = |text: &str| text.len() <= NAME_BYTES_MAX && text.is_ascii();
        let is_ustar = (fits(self.name) || split.is_some())
            && fits(target)
            && is_octal(self.mtime)
            && is_octal(size);
        if is_ustar {
            let (prefix, name) = split.unwrap_or(("", self.name));
            let text = Text { prefix, name: name.as_bytes(), target: target.as_bytes() };
            return self.block(flag, &text, size).to_vec();
        }
        let mut records = Vec::new();
        // In the order of their keys.
        if !fits(target) {
            record(&mut records, "linkpath", target);
        }
        if !is_octal(self.mtime) {
            record(&mut records, "mtime", &self.mtime.to_string());
        }
        if !fits(self.name) {
            record(&mut records, "path", self.name);
        }
        if !is_octal(size) {
            record(&mut records, "size", &size.to_string());
        }
        let (folder, file) = self.name.rsplit_once('/').unwrap_or(("", self.name));
        let root = if folder.is_empty() && self.name.starts_with('/') { "/" } else { "" };
        let gap = if folder.is_empty() { "" } else { "/" };
        let extra = ascii(&format!("{root}{folder}{gap}PaxHeaders.0/{file}"));
        let extra = &extra[..extra.len().min(NAME_BYTES_MAX)];
        let mut blocks = bare(without_slashes(extra), records.len()).to_vec();
        blocks.extend_from_slice(&records);
        blocks.resize(blocks.len() + padding(records.len() as u64), 0);
        // Readers of PAX take no notice of what is cut off here.
        let (name, target) = (ascii(self.name), ascii(target));
        let text = Text { prefix: "", name: &name, target: &target };
        blocks.extend(self.block(flag, &text, size));
        blocks
    }

    fn block(&self, flag: u8, text: &Text<'_>, size: i64) -> [u8; BLOCK_BYTES] {
        let mut block = [0; BLOCK_BYTES];
        put(&mut block[..100], text.name);
        octal(&mut block[100..108], i64::from(self.mode));
        octal(&mut block[108..116], 0);
        octal(&mut block[116..124], 0);
        octal(&mut block[124..136], size);
        octal(&mut block[136..148], self.mtime);
        block[156] = flag;
        put(&mut block[157..257], text.target);
        octal(&mut block[329..337], 0);
        octal(&mut block[337..345], 0);
        put(&mut block[345..500], text.prefix.as_bytes());
        sealed(block)
    }
}

/// The texts of a block.
struct Text<'a> {
    prefix: &'a str,
    name: &'a [u8],
    target: &'a [u8],
}

/// The text without slashes at its end.
fn without_slashes(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
    &text[..end]
}

/// The block before PAX records; whoever wrote it and when is not said.
fn bare(name: &[u8], size: usize) -> [u8; BLOCK_BYTES] {
    let mut block = [0; BLOCK_BYTES];
    put(&mut block[..100], name);
    for range in [100..108, 108..116, 116..124, 136..148] {
        octal(&mut block[range], 0);
    }
    octal(&mut block[124..136], i64::try_from(size).unwrap_or(i64::MAX));
    block[156] = b'x';
    sealed(block)
}

/// The block with its magic and, as the last thing, its checksum.
fn sealed(mut block: [u8; BLOCK_BYTES]) -> [u8; BLOCK_BYTES] {
    block[257..265].copy_from_slice(b"ustar\x0000");
    block[148..156].fill(b' ');
    let sum: i64 = block.iter().map(|byte| i64::from(*byte)).sum();
    octal(&mut block[148..155], sum);
    block
}

/// Writes as much of a text as fits; a cut never leaves a slash at the end, which would make a
/// file a folder.
fn put(field: &mut [u8], text: &[u8]) {
    let count = text.len().min(field.len());
    field[..count].copy_from_slice(&text[..count]);
    if text.len() > field.len() && field.last() == Some(&b'/') {
        let kept = without_slashes(field).len();
        field[kept] = 0;
    }
}

/// Writes a number with a NUL behind it; 0 for one that does not fit, which PAX says then.
fn octal(field: &mut [u8], number: i64) {
    let digits = field.len() - 1;
    let number = if is_octal(number) { number } else { 0 };
    let text = format!("{number:0digits$o}\0");
    field.copy_from_slice(text.as_bytes());
}

fn is_octal(number: i64) -> bool {
    (0..=OCTAL_MAX).contains(&number)
}

/// The text without what is not ASCII.
fn ascii(text: &str) -> Vec<u8> {
    text.bytes().filter(u8::is_ascii).collect()
}

/// The two fields for a long name, the first as long as can be; `None` where it needs no or PAX.
fn split(name: &str) -> Option<(&str, &str)> {
    if name.len() <= NAME_BYTES_MAX || !name.is_ascii() {
        return None;
    }
    let window = &name[..name.len().min(PREFIX_BYTES_MAX + 1)];
    let slash = window.rfind('/').filter(|slash| *slash > 0)?;
    let rest = name.len() - slash - 1;
    let fits = rest > 0 && rest <= NAME_BYTES_MAX && slash <= PREFIX_BYTES_MAX;
    fits.then(|| (&name[..slash], &name[slash + 1..]))
}

#[cfg(test)]
mod tests {
    use digest::Digest;

    use super::*;

    /// How the digests begin of what Go 1.26 writes for the same entries.
    #[test]
    fn headers_are_those_of_go() {
        let [a, b, c, d, e, t] =
            [("a", 100), ("b", 155), ("c", 99), ("d", 120), ("e", 120), ("t", 101)]
                .map(|(letter, count)| letter.repeat(count));
        let (file, link) = (Kind::File { size: 5 }, |target| Kind::Link { target });
        let large = Kind::File { size: 1 << 34 };
        let check = |name: &str, kind, mode, mtime, expected: &str| {
            let blocks = Header { name, kind, mode, mtime }.blocks();
            assert!(Digest::sha256(&blocks).encoded().starts_with(expected), "{name}");
        };
        check("d/run", file, 0o755, 1_764_115_072, "cbcd9a6a09ed67355b382e78cc1e4c85");
        check("d", Kind::Folder, 0o700, 0, "fed6bd191c34d8ec4f3fe61069f08c08");
        check("d/link", link("run"), 0o777, 1, "c0e45d146134211975ed4e70cb303ff6");
        check("d/x", file, 0o4755, 1, "a6a320643c9c28ffae402472c50d165e");
        check(&format!("{b}/{a}"), file, 0o644, 1, "7005c0ae2aec12a7f46784f0c1d7b825");
        check(&format!("x/{a}"), file, 0o644, 1, "b7283ee230f0c4e2bda84cacccd4bf45");
        check(&format!("{b}b/{a}"), file, 0o644, 1, "2cf1aa16953668c9cac14fafb85fdf45");
        check(&format!("d/{a}"), link(&t), 0o777, 1, "eeed9f5d22c15b33f72843eeb6286102");
        check(&format!("d/größe/{a}/é"), file, 0o644, 1, "0a258f8e7ae9caefb4499788015ad1bb");
        check("d/l", link("größe"), 0o777, 1, "dddc92c8ab336baf6d3bde957d2a8660");
        check("d/old", file, 0o644, -1, "35af7b9029499de68102e33f2cc39c2c");
        check("d/far", file, 0o644, 1 << 34, "69f2a3e7e4c6e6df847f9eea9c243f63");
        check("d/large", large, 0o644, 1, "5077e08f958d0e240b9ec0d4ae3e4a89");
        check(&format!("{c}/{d}"), Kind::Folder, 0o755, 1, "bc0a0ff6b8138ecfb671e3798a939b35");
        check(&format!("/{e}"), file, 0o644, 1, "7790b4cc68ed9509795de90c55aadd58");
    }
}
