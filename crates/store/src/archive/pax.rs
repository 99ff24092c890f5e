//! The records of a PAX header (POSIX.1-2024, pax, "Extended Header").
//!
//! `tar::PaxExtensions` splits at newlines and stops at an empty line; values that hold newlines
//! are legal, and whatever follows an empty line would be read by other programs.

use super::{Rule, name};

/// What PAX headers may say of one entry, as far as anything here depends on it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pax {
    pub(crate) path: Option<Vec<u8>>,
    pub(crate) link: Option<Vec<u8>>,
    pub(crate) size: Option<u64>,
    pub(crate) mtime: Option<i64>,
    /// There is a `security.capability` among the extended attributes.
    pub(crate) capability: bool,
}

impl Pax {
    /// Reads the header before one entry; keys of vendors and times are passed over.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Rule> {
        let mut pax = Self::default();
        for record in records(bytes) {
            let (key, value) = record?;
            match key {
                "path" => set(&mut pax.path, value.to_vec())?,
                "linkpath" => set(&mut pax.link, value.to_vec())?,
                "size" => set(&mut pax.size, size(value)?)?,
                "mtime" => set(&mut pax.mtime, seconds(value)?)?,
                "SCHILY.xattr.security.capability" | "LIBARCHIVE.xattr.security.capability" => {
                    pax.capability = true;
                }
                _ if key.starts_with("GNU.sparse.") || key == "SCHILY.realsize" => {
                    return Err(Rule::Sparse);
                }
                _ => {}
            }
        }
        Ok(pax)
    }
}

/// Checks a global header: only a comment may stand there.
pub(crate) fn check_global(bytes: &[u8]) -> Result<(), Rule> {
    for record in records(bytes) {
        if record?.0 != "comment" {
            return Err(Rule::GlobalPax);
        }
    }
    Ok(())
}

fn set<T>(slot: &mut Option<T>, value: T) -> Result<(), Rule> {
    if slot.replace(value).is_some() { Err(Rule::PaxTwice) } else { Ok(()) }
}

fn size(value: &[u8]) -> Result<u64, Rule> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Rule::Pax);
    }
    str::from_utf8(value).ok().and_then(|text| text.parse().ok()).ok_or(Rule::Pax)
}

/// Whole seconds, rounded down.
fn seconds(value: &[u8]) -> Result<i64, Rule> {
    let text = str::from_utf8(value).map_err(|_| Rule::Pax)?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if digits.is_empty() || !all_digits(digits) || !all_digits(fraction) {
        return Err(Rule::Pax);
    }
    let seconds: i64 = whole.parse().map_err(|_| Rule::Pax)?;
    let below = whole.starts_with('-') && fraction.bytes().any(|byte| byte != b'0');
    Ok(seconds.saturating_sub(i64::from(below)))
}

/// The records `length key=value\n`, where the length counts itself and the newline.
fn records(mut bytes: &[u8]) -> impl Iterator<Item = Result<(&str, &[u8]), Rule>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let record = split_record(bytes);
        bytes = record.map_or(&[], |(_, rest)| rest);
        Some(record.map(|(record, _)| record).ok_or(Rule::Pax))
    })
}

type Record<'a> = (&'a str, &'a [u8]);

fn split_record(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let space = bytes.iter().take(8).position(|byte| *byte == b' ')?;
    let length = size(&bytes[..space]).ok().and_then(|length| usize::try_from(length).ok())?;
    let (record, rest) = bytes.split_at_checked(length)?;
    let body = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|byte| *byte == b'=')?;
    let key = str::from_utf8(&body[..equals]).ok()?;
    if key.is_empty() || name::legible(key) != key {
        return None;
    }
    Some(((key, &body[equals + 1..]), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let path = |path: &str| Pax { path: Some(path.into()), ..Pax::default() };
        let rows: [(&str, Result<Pax, Rule>); 15] = [
            ("", Ok(Pax::default())),
            ("9 path=a\n", Ok(path("a"))),
            ("18 SCHILY.x=\n\n\n\n\n\n9 path=a\n", Ok(path("a"))),
            ("9 path=a\n9 path=b\n", Err(Rule::PaxTwice)),
            ("9 path=a\n\n9 path=b\n", Err(Rule::Pax)),
            ("11 path=a\n", Err(Rule::Pax)),
            ("8 path=a\n", Err(Rule::Pax)),
            ("9 path=ab", Err(Rule::Pax)),
            ("+9 path=a\n", Err(Rule::Pax)),
            ("99999999999999999999 path=a\n", Err(Rule::Pax)),
            ("5 =a\n", Err(Rule::Pax)),
            ("10 size=1x\n", Err(Rule::Pax)),
            ("22 GNU.sparse.major=1\n", Err(Rule::Sparse)),
            ("13 mtime=1.5\n", Ok(Pax { mtime: Some(1), ..Pax::default() })),
            ("14 mtime=-1.5\n", Ok(Pax { mtime: Some(-2), ..Pax::default() })),
        ];
        for (text, expected) in rows {
            assert_eq!(Pax::read(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_global_header_is_a_comment() {
        assert_eq!(check_global(b"16 comment=abcd\n"), Ok(()));
        assert_eq!(check_global(b"9 path=a\n"), Err(Rule::GlobalPax));
        assert_eq!(check_global(b"9 path"), Err(Rule::Pax));
    }
}
