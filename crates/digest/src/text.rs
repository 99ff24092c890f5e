//! The text form of a digest, `algorithm:encoded` (image-spec, descriptor.md).

use std::{fmt, str::FromStr};

use crate::Sha256;

/// A digest whose text follows the grammar of the image specification.
///
/// An algorithm that nobody here knows parses, so that it can be listed and copied;
/// only [`crate::Hasher::like`] refuses it. sha256 and sha512 are checked for length and case.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    text: Box<str>,
    colon: u8,
}

/// A text that is no digest; the message names the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a digest: {rule}")]
pub struct Malformed {
    /// The text, shortened to 80 characters and without control characters.
    pub text: String,
    /// The rule that the text breaks.
    pub rule: &'static str,
}

/// Longest text that is read as a digest, in bytes.
const TEXT_BYTES_MAX: usize = 255;

impl Digest {
    /// The sha256 digest of `bytes`.
    pub fn sha256(bytes: &[u8]) -> Self {
        Sha256::of(bytes).to_digest()
    }

    /// The part before the colon.
    pub fn algorithm(&self) -> &str {
        &self.text[..self.colon.into()]
    }

    /// The part after the colon; for sha256 and sha512 lower-case hexadecimal digits.
    pub fn encoded(&self) -> &str {
        &self.text[usize::from(self.colon) + 1..]
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first 12 characters of the encoded part, for people.
    pub fn short(&self) -> &str {
        let encoded = self.encoded();
        encoded.get(..12).unwrap_or(encoded)
    }

    /// The digest as 32 bytes, if it is a sha256.
    pub fn as_sha256(&self) -> Option<Sha256> {
        (self.algorithm() == "sha256").then(|| Sha256::from_hex(self.encoded())).flatten()
    }

    pub(crate) fn from_parts(algorithm: &str, encoded: &str) -> Self {
        let colon = u8::try_from(algorithm.len()).unwrap_or(u8::MAX);
        Self { text: format!("{algorithm}:{encoded}").into(), colon }
    }
}

impl FromStr for Digest {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        match check(text) {
            Ok((algorithm, encoded)) => Ok(Self::from_parts(algorithm, encoded)),
            Err(rule) => {
                let text = text.chars().take(80).filter(|c| !c.is_control()).collect();
                Err(Malformed { text, rule })
            }
        }
    }
}

fn check(text: &str) -> Result<(&str, &str), &'static str> {
    if text.len() > TEXT_BYTES_MAX {
        return Err("it is longer than 255 bytes");
    }
    let (algorithm, encoded) =
        text.split_once(':').ok_or("it has no `:` between algorithm and value")?;
    if !algorithm.split(['+', '.', '_', '-']).all(is_component) {
        return Err("the algorithm is not lower-case letters and digits joined by `+._-`");
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'=' | b'_' | b'-');
    if encoded.is_empty() || !encoded.bytes().all(allowed) {
        return Err("the value holds other characters than letters, digits, `=`, `_` and `-`");
    }
    match algorithm {
        "sha256" if decode_hex::<32>(encoded).is_none() => {
            Err("sha256 needs 64 lower-case hexadecimal digits")
        }
        "sha512" if decode_hex::<64>(encoded).is_none() => {
            Err("sha512 needs 128 lower-case hexadecimal digits")
        }
        _ => Ok((algorithm, encoded)),
    }
}

fn is_component(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

pub(crate) fn encode_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Stands in [`VALUES`] for what is no digit.
const NO_DIGIT: u8 = 0xff;
/// The value of each lower-case hexadecimal digit.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// Reads exactly `2 * N` lower-case digits.
pub(crate) fn decode_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let (mut bytes, mut worst) = ([0; N], 0);
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, low) = (VALUES[usize::from(*high)], VALUES[usize::from(*low)]);
        // Looked at once at the end: a branch per digit costs more than all else here.
        worst |= high | low;
        *byte = high << 4 | low & 15;
    }
    (worst != NO_DIGIT).then_some(bytes)
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> serde::Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a7_digest_grammar() {
        let good = [
            format!("sha256:{HEX}"),
            format!("sha512:{HEX}{HEX}"),
            "blake3:AbC_-=9".to_owned(),
            "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8".to_owned(),
        ];
        for text in good {
            assert_eq!(text.parse::<Digest>().map(|d| d.to_string()), Ok(text));
        }
        let bad = [
            String::new(),
            "sha256".to_owned(),
            "sha256:".to_owned(),
            format!("sha256:{}", HEX.to_uppercase()),
            format!("sha256:{}", &HEX[1..]),
            format!("SHA256:{HEX}"),
            "sha256:../../x".to_owned(),
            "../:x".to_owned(),
            "a:b\0".to_owned(),
            "a++b:c".to_owned(),
            format!("sha512:{HEX}"),
            format!("x:{}", "a".repeat(10_000_000)),
        ];
        for text in bad {
            assert!(text.parse::<Digest>().is_err(), "{text:.80}");
        }
    }

    #[test]
    fn a8_an_unknown_algorithm_parses_and_shows() {
        let digest: Digest = "blake3:abc".parse().unwrap();
        assert_eq!((digest.algorithm(), digest.encoded()), ("blake3", "abc"));
        assert_eq!(digest.as_sha256(), None);
    }

    proptest! {
        #[test]
        fn any_text_parses_to_itself_or_is_refused(text in ".{0,90}") {
            if let Ok(digest) = text.parse::<Digest>() {
                prop_assert_eq!(digest.to_string(), text);
            }
        }
    }
}
