//! One header block of a tar archive, read strictly: where readers differ, it is refused.

use tar::{Header as Block, UstarHeader};

use super::{Rule, tape::BLOCK_BYTES};

/// A header whose magic and checksum are right.
pub(crate) struct Header<'a> {
    block: &'a Block,
    ustar: Option<&'a UstarHeader>,
}

impl<'a> Header<'a> {
    pub(crate) fn read(bytes: &'a [u8; BLOCK_BYTES]) -> Result<Self, Rule> {
        let block = Block::from_byte_slice(bytes);
        // The magic and version of POSIX, of GNU, and their absence in Unix V7.
        if !matches!(&bytes[257..265], b"ustar\x0000" | b"ustar  \0" | [0, 0, 0, 0, 0, 0, 0, 0]) {
            // Anything but a tar archive lacks both; the checksum is the clearer thing to say.
            let checksum = read_checksum(block, bytes);
            return Err(checksum.err().unwrap_or(Rule::Magic));
        }
        read_checksum(block, bytes)?;
        Ok(Self { block, ustar: block.as_ustar() })
    }

    /// The entry's type, one byte.
    pub(crate) fn flag(&self) -> u8 {
        self.block.as_old().linkflag[0]
    }

    /// The name that the header itself holds, with ustar's prefix.
    pub(crate) fn name(&self) -> Vec<u8> {
        let name = until_nul(&self.block.as_old().name);
        match self.ustar.map(|ustar| until_nul(&ustar.prefix)) {
            Some(prefix) if !prefix.is_empty() => [prefix, b"/", name].concat(),
            _ => name.to_vec(),
        }
    }

    /// The target of a link that the header itself holds.
    pub(crate) fn link(&self) -> &'a [u8] {
        until_nul(&self.block.as_old().linkname)
    }

    pub(crate) fn size(&self) -> Result<u64, Rule> {
        let size = number(&self.block.as_old().size).ok_or(Rule::Number)?;
        u64::try_from(size).map_err(|_| Rule::Number)
    }

    /// The permission bits; a blank field has none.
    pub(crate) fn mode(&self) -> Result<u32, Rule> {
        let field = &self.block.as_old().mode;
        let mode = if blank(field) { 0 } else { number(field).ok_or(Rule::Number)? };
        u32::try_from(mode).map_err(|_| Rule::Number)
    }

    /// The time of the last change in seconds since 1970; a blank field is 0.
    pub(crate) fn mtime(&self) -> Result<i64, Rule> {
        let field = &self.block.as_old().mtime;
        if blank(field) { Ok(0) } else { number(field).ok_or(Rule::Number) }
    }
}

/// Whether a stream that begins with `bytes` is a tar archive.
pub(crate) fn begins_archive(bytes: &[u8]) -> bool {
    bytes.first_chunk().is_some_and(|block| Header::read(block).is_ok())
}

fn read_checksum(block: &Block, bytes: &[u8; BLOCK_BYTES]) -> Result<(), Rule> {
    let field = &block.as_old().cksum;
    let sum = |part: &[u8]| part.iter().map(|byte| i64::from(*byte)).sum::<i64>();
    // The field itself counts as eight spaces.
    let expected = sum(bytes) - sum(field) + 8 * i64::from(b' ');
    if number(field) == Some(expected) { Ok(()) } else { Err(Rule::Checksum) }
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn blank(field: &[u8]) -> bool {
    field.iter().all(|byte| matches!(byte, 0 | b' '))
}

/// A number in octal, padded with spaces and NULs, or in GNU's base 256.
fn number(field: &[u8]) -> Option<i64> {
    match field {
        [0x80, rest @ ..] => base_256(0, rest),
        [0xff, rest @ ..] => base_256(-1, rest),
        _ => octal(field),
    }
}

fn octal(field: &[u8]) -> Option<i64> {
    let digits = field.trim_ascii_start();
    let end = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    if end == 0 || !blank(&digits[end..]) {
        return None;
    }
    digits[..end].iter().try_fold(0_i64, |value, digit| {
        let digit = i64::from(digit - b'0');
        (digit < 8).then(|| value.checked_mul(8)?.checked_add(digit))?
    })
}

fn base_256(sign: i64, bytes: &[u8]) -> Option<i64> {
    let (high, low) = bytes.split_at(bytes.len().saturating_sub(8));
    if high.iter().any(|byte| *byte != sign as u8) {
        return None;
    }
    let value = low.iter().fold(sign, |value, byte| value << 8 | i64::from(*byte));
    ((value < 0) == (sign < 0)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let rows: [(&[u8], Option<i64>); 12] = [
            (b"0000644\0", Some(0o644)),
            (b"    644 ", Some(0o644)),
            (b"00000644", Some(0o644)),
            (b"644\0\0\0\0\0", Some(0o644)),
            (b"\x80\0\0\0\0\0\0\x07", Some(7)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xfe", Some(-2)),
            (b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", Some(i64::MAX)),
            (b"\x80\0\0\0\x80\0\0\0\0\0\0\0", None),
            (b"\x80\x01\0\0\0\0\0\0\0\0\0\0", None),
            (b"0000648\0", None),
            (b"+000644\0", None),
            (b"\0\0\0\0\0\0\0\0", None),
        ];
        for (field, expected) in rows {
            assert_eq!(number(field), expected, "{field:?}");
        }
    }
}
