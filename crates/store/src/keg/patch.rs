//! A file of a keg that differs from a stored one in some places only.
//!
//! Kept as the differences, not as bytes: the receipt of a large program stays small, and the
//! file is written in pieces. Why it must differ is not known here.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

/// Bytes of a stored file, in one or more places, and what stands there in the keg.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// How many bytes are replaced.
    pub over: u64,
    /// What they are replaced with.
    #[serde(with = "hex")]
    pub with: Vec<u8>,
    /// Where they begin in the stored file.
    pub at: Vec<u64>,
}

/// Writes `from` with the patches to `to`; no two of them may touch the same bytes.
pub fn patch(from: &mut impl Read, patches: &[Patch], to: &mut impl Write) -> io::Result<()> {
    let of = |patch| move |&at| (at, patch);
    let mut places: Vec<(u64, &Patch)> =
        patches.iter().flat_map(|patch| patch.at.iter().map(of(patch))).collect();
    places.sort_by_key(|(at, _)| *at);
    let mut done = 0_u64;
    for (at, patch) in places {
        let untouched = at.checked_sub(done).ok_or(io::ErrorKind::InvalidData)?;
        exactly(from, untouched, to)?;
        exactly(from, patch.over, &mut io::sink())?;
        to.write_all(&patch.with)?;
        done = at.checked_add(patch.over).ok_or(io::ErrorKind::InvalidData)?;
    }
    io::copy(from, to).map(drop)
}

fn exactly(from: &mut impl Read, count: u64, to: &mut impl Write) -> io::Result<()> {
    let copied = io::copy(&mut from.by_ref().take(count), to)?;
    if copied == count { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Bytes as hexadecimal digits.
mod hex {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        serializer.serialize_str(&digits)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        let digit = |digit: u8| char::from(digit).to_digit(16);
        let byte = |pair: &[u8]| match *pair {
            [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
            _ => None,
        };
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
        bytes.ok_or_else(|| D::Error::custom("not pairs of hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(text: &str, patches: &[Patch]) -> io::Result<String> {
        let mut result = Vec::new();
        patch(&mut text.as_bytes(), patches, &mut result)?;
        Ok(String::from_utf8(result).unwrap())
    }

    fn of(at: &[u64], over: u64, with: &str) -> Patch {
        Patch { over, with: with.into(), at: at.to_vec() }
    }

    #[test]
    fn patches_replace_bytes_wherever_they_stand() {
        let patches = [of(&[0, 6], 3, "12345"), of(&[3, 5], 1, "-"), of(&[9], 0, "!")];
        assert_eq!(patched("abcdefghi", &patches).unwrap(), "12345-e-12345!");
        assert_eq!(patched("abc", &[]).unwrap(), "abc");
    }

    #[test]
    fn patches_that_do_not_fit_are_an_error() {
        for patches in [
            vec![of(&[1], 3, "x"), of(&[3], 1, "y")],
            vec![of(&[1, 1], 1, "x")],
            vec![of(&[9], 1, "x")],
            vec![of(&[10], 0, "x")],
            vec![of(&[u64::MAX], u64::MAX, "x")],
        ] {
            assert!(patched("abcdefghi", &patches).is_err(), "{patches:?}");
        }
    }

    #[test]
    fn a_patch_reads_back() {
        let patch = Patch { over: 2, with: vec![0, 0xff, b'a'], at: vec![7] };
        let json = serde_json::to_string(&patch).unwrap();
        assert_eq!(json, r#"{"over":2,"with":"00ff61","at":[7]}"#);
        assert_eq!(serde_json::from_str::<Patch>(&json).unwrap(), patch);
        for with in ["0", "0g", "+1", "ü"] {
            let json = format!(r#"{{"over":2,"with":"{with}","at":[]}}"#);
            assert!(serde_json::from_str::<Patch>(&json).is_err(), "{with}");
        }
    }
}
