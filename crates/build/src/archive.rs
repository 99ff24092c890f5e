//! The canonical archive: for equal trees the same bytes, block by block.
//!
//! ustar as POSIX.1-2024 has it (pax, "ustar Interchange Format"): owner 0 without names, modes
//! 0755 and 0644, and a PAX header only where a field is too small. Where the bytes come from and
//! how they are compressed is deliberately not known here.

use tar::{EntryType, Header};

/// An archive consists of blocks of so many bytes.
pub const BLOCK_BYTES: usize = 512;
/// Two empty blocks end an archive.
pub const END: [u8; 2 * BLOCK_BYTES] = [0; 2 * BLOCK_BYTES];

const NAME_BYTES_MAX: usize = 100;
const PREFIX_BYTES_MAX: usize = 155;
const LINK_BYTES_MAX: usize = 100;
/// Largest size that the header's eleven octal digits hold.
const SIZE_MAX: u64 = 0o777_7777_7777;

/// Something in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The path below the root of the package.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// In seconds since 1970.
    pub mtime: u64,
}

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A file.
    File {
        /// The bytes that follow its header.
        size: u64,
        /// Whether its mode is 0755.
        executable: bool,
    },
    /// A symlink with its target.
    Link(String),
    /// One more name of a file that stands earlier in the archive.
    Same {
        /// The name by which it stands there.
        first: String,
        /// Whether its mode is 0755.
        executable: bool,
    },
}

impl Member {
    /// The name as the archive has it: a folder's ends with `/`.
    pub(crate) fn name(&self) -> String {
        match self.kind {
            Kind::Folder => format!("{}/", self.path),
            _ => self.path.clone(),
        }
    }

    pub(crate) fn mode(&self) -> u32 {
        match self.kind {
            // What every system says of a link, whoever made it.
            Kind::Link(_) => 0o777,
            Kind::Folder
            | Kind::File { executable: true, .. }
            | Kind::Same { executable: true, .. } => 0o755,
            Kind::File { .. } | Kind::Same { .. } => 0o644,
        }
    }

    /// The bytes that follow the header.
    pub(crate) fn size(&self) -> u64 {
        match self.kind {
            Kind::File { size, .. } => size,
            _ => 0,
        }
    }

    /// What a symlink leads to, or the first name of a file.
    pub(crate) fn target(&self) -> Option<&str> {
        match &self.kind {
            Kind::Link(target) | Kind::Same { first: target, .. } => Some(target),
            Kind::Folder | Kind::File { .. } => None,
        }
    }

    /// The header, after the PAX header that it may need.
    pub fn header(&self) -> Vec<u8> {
        let name = self.name();
        let target = self.target().unwrap_or_default();
        let parts = split(&name);
        let mut records = Vec::new();
        if target.len() > LINK_BYTES_MAX {
            record(&mut records, "linkpath", target);
        }
        if parts.is_none() {
            record(&mut records, "path", &name);
        }
        if self.size() > SIZE_MAX {
            record(&mut records, "size", &self.size().to_string());
        }
        let mut bytes = Vec::with_capacity(BLOCK_BYTES);
        if !records.is_empty() {
            let size = records.len() as u64;
            let mut header = blank(EntryType::XHeader, 0o644, self.mtime, size);
            fill(&mut header, "", "././@PaxHeader", "");
            bytes.extend_from_slice(header.as_bytes());
            bytes.append(&mut records);
            bytes.resize(bytes.len() + padding(size), 0);
        }
        let size = if self.size() > SIZE_MAX { 0 } else { self.size() };
        let mut header = blank(self.entry_type(), self.mode(), self.mtime, size);
        // Readers of PAX take no notice of what is cut off here.
        let (prefix, name) = parts.unwrap_or(("", cut(&name, NAME_BYTES_MAX)));
        fill(&mut header, prefix, name, cut(target, LINK_BYTES_MAX));
        bytes.extend_from_slice(header.as_bytes());
        bytes
    }

    fn entry_type(&self) -> EntryType {
        match self.kind {
            Kind::Folder => EntryType::Directory,
            Kind::File { .. } => EntryType::Regular,
            Kind::Link(_) => EntryType::Symlink,
            Kind::Same { .. } => EntryType::Link,
        }
    }
}

/// How many zeros follow so many bytes of a file.
pub fn padding(size: u64) -> usize {
    let over = (size % BLOCK_BYTES as u64) as usize;
    if over == 0 { 0 } else { BLOCK_BYTES - over }
}

fn blank(entry_type: EntryType, mode: u32, mtime: u64, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(entry_type);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    header.set_mtime(mtime);
    header
}

/// Sets the texts and, as the last thing, the checksum.
fn fill(header: &mut Header, prefix: &str, name: &str, target: &str) {
    if let Some(ustar) = header.as_ustar_mut() {
        ustar.prefix[..prefix.len()].copy_from_slice(prefix.as_bytes());
        ustar.name[..name.len()].copy_from_slice(name.as_bytes());
        ustar.linkname[..target.len()].copy_from_slice(target.as_bytes());
        // As GNU tar writes what has no device, so that anyone can make the same bytes.
        ustar.dev_major = *b"0000000\0";
        ustar.dev_minor = *b"0000000\0";
        ustar.cksum = [b' '; 8];
    }
    // Six digits, NUL, blank, as POSIX has it.
    let sum: u32 = header.as_bytes().iter().map(|byte| u32::from(*byte)).sum();
    header.as_mut_bytes()[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// The header's two fields for a name, the second as long as can be; `None` where it fits no way.
fn split(name: &str) -> Option<(&str, &str)> {
    if name.len() <= NAME_BYTES_MAX {
        return Some(("", name));
    }
    // The slash between the two is written nowhere; a folder's own stays with its name.
    let own = name.strip_suffix('/').unwrap_or(name);
    let slashes = own.match_indices('/').map(|(position, _)| position);
    let mut fitting = slashes.filter(|slash| name.len() - slash - 1 <= NAME_BYTES_MAX);
    fitting
        .next()
        .filter(|slash| (1..=PREFIX_BYTES_MAX).contains(slash))
        .map(|slash| (&name[..slash], &name[slash + 1..]))
}

fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// Adds the PAX record `length key=value`, whose length counts its own digits.
pub fn record(records: &mut Vec<u8>, key: &str, value: &str) {
    let rest = format!(" {key}={value}\n");
    let mut length = rest.len() + 1;
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    records.extend_from_slice(length.to_string().as_bytes());
    records.extend_from_slice(rest.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(path: &str, kind: Kind) -> Member {
        Member { path: path.to_owned(), kind, mtime: 315_619_200 }
    }

    #[test]
    fn a_header_byte_by_byte() {
        let file = member("bin/x", Kind::File { size: 1000, executable: true });
        let header = file.header();
        let field = |range: std::ops::Range<usize>| str::from_utf8(&header[range]).unwrap();
        assert_eq!(header.len(), 512);
        for (range, expected) in [
            (0..6, "bin/x\0"),
            (100..108, "0000755\0"),
            (108..116, "0000000\0"),
            (116..124, "0000000\0"),
            (124..136, "00000001750\0"),
            (136..148, "02263773600\0"),
            (156..157, "0"),
            (257..265, "ustar\x0000"),
            (265..345, &format!("{}0000000\00000000\0", "\0".repeat(64))),
        ] {
            assert_eq!(field(range.clone()), expected, "{range:?}");
        }
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        let own: u32 = header[148..156].iter().map(|byte| u32::from(*byte)).sum();
        assert_eq!(field(148..156), format!("{:06o}\0 ", sum - own + 8 * 32));
        assert_eq!(padding(1000), 24);
        assert_eq!(padding(1024), 0);
    }

    #[test]
    fn names_are_split_where_they_fit() {
        let (a, b) = ("a".repeat(100), "b".repeat(155));
        let rows = [
            (a.clone(), Some(("", a.as_str()))),
            (format!("{b}/{a}"), Some((b.as_str(), a.as_str()))),
            (format!("{b}b/{a}"), None),
            (format!("{b}/{a}a"), None),
            (format!("{a}/"), None),
            (format!("{a}/é"), Some((a.as_str(), "é"))),
            (format!("x/{}/", &a[1..]), Some(("x", &format!("{}/", &a[1..])))),
            (format!("x/y/{}", &a[2..]), Some(("x", &format!("y/{}", &a[2..])))),
        ];
        for (name, expected) in &rows {
            assert_eq!(split(name), *expected, "{name}");
        }
    }

    #[test]
    fn what_does_not_fit_stands_in_a_pax_header() {
        let target = format!("../{}", "t".repeat(98));
        let link = member("a", Kind::Link(target.clone()));
        let bytes = link.header();
        assert_eq!(bytes.len(), 3 * 512);
        assert_eq!(bytes[156], b'x');
        let record = format!("115 linkpath={target}\n");
        assert!(bytes[512..].starts_with(record.as_bytes()));
        assert_eq!(&bytes[1024 + 157..1024 + 257], &target.as_bytes()[..100]);

        let large = member("a", Kind::File { size: 1 << 33, executable: false });
        let bytes = large.header();
        assert!(bytes[512..].starts_with(b"19 size=8589934592\n"));
        assert_eq!(&bytes[1024 + 124..1024 + 136], b"00000000000\0");
        let edge = member("a", Kind::File { size: (1 << 33) - 1, executable: false });
        assert_eq!(edge.header().len(), 512);
    }
}
