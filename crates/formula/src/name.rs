//! Names of packages and taps, and the full name that joins the two.
//!
//! The grammar is fixed: a name is part of paths, repositories and links for ever.

use std::{fmt, str::FromStr};

/// A package's name: lower-case letters, digits, `+`, and single `.`, `_`, `-` between them.
///
/// `[a-z0-9]+\+{0,2}([._-]?[a-z0-9]+\+{0,2})*`, at most 64 bytes, and no device name of Windows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Box<str>);

/// A text that is no name; the message names the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a name: {rule}")]
pub struct Malformed {
    /// The text, shortened to 80 characters and without control characters.
    pub text: String,
    /// The rule that the text breaks.
    pub rule: &'static str,
}

/// Longest name, in bytes.
const BYTES_MAX: usize = 64;

impl Name {
    /// Reads a name; the error names the rule that `text` breaks.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        match check(text) {
            Ok(()) => Ok(Self(text.into())),
            Err(rule) => Err(Malformed { text: printable(text), rule }),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// At most 80 characters of `text`, without the ones that move a terminal's cursor.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|c| !crate::tree::is_hidden(*c)).take(80).collect()
}

fn check(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.len() > BYTES_MAX {
        return Err("it is longer than 64 bytes");
    }
    let mut before = b'-';
    let mut plus = 0;
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => plus = 0,
            b'+' if matches!(before, b'.' | b'_' | b'-') => {
                return Err("`+` follows a letter or a digit");
            }
            b'+' if plus == 2 => return Err("at most two `+` follow each other"),
            b'+' => plus += 1,
            b'.' | b'_' | b'-' if matches!(before, b'.' | b'_' | b'-') => {
                return Err("`.`, `_` and `-` stand alone, between letters or digits");
            }
            b'.' | b'_' | b'-' => plus = 0,
            b'A'..=b'Z' => return Err("it holds upper-case letters"),
            _ => {
                return Err("it holds other characters than a-z, 0-9, `+`, `.`, `_` and `-`");
            }
        }
        before = byte;
    }
    if matches!(before, b'.' | b'_' | b'-') {
        return Err("it ends in `.`, `_` or `-`");
    }
    if is_device(text) {
        return Err("Windows reserves it for a device");
    }
    Ok(())
}

/// Whether Windows takes `text` for a device, whatever follows the first dot.
fn is_device(text: &str) -> bool {
    let stem = text.split('.').next().unwrap_or(text);
    match stem {
        "con" | "prn" | "aux" | "nul" => true,
        _ => {
            let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt"));
            port.is_some_and(|rest| matches!(rest.as_bytes(), [b'0'..=b'9']))
        }
    }
}

impl FromStr for Name {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        Self::parse(text)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Lets maps keyed by names be asked with text.
impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

serde_as_text!(Name);

/// A name with the tap that it is looked up in, `tap/name`; without a tap, a bare name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FullName {
    /// The tap, if the name is full.
    pub tap: Option<Name>,
    /// The package's name in the tap.
    pub name: Name,
}

impl FromStr for FullName {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        match text.split_once('/') {
            Some((tap, name)) => Ok(Self { tap: Some(tap.parse()?), name: name.parse()? }),
            None => Ok(Self { tap: None, name: text.parse()? }),
        }
    }
}

impl fmt::Display for FullName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tap {
            Some(tap) => write!(f, "{tap}/{}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

serde_as_text!(FullName);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_grammar() {
        let longest = "a".repeat(64);
        for good in ["jq", "7zip", "gtk+", "g++", "libstdc++6", "c++filt", "python3.12", "a_b-c.d"]
        {
            assert_eq!(Name::parse(good).map(|n| n.to_string()), Ok(good.to_owned()));
        }
        assert!(Name::parse(&longest).is_ok());
        let bad = [
            "",
            ".",
            "..",
            "a/../b",
            "-rf",
            "a\0b",
            "CON",
            "con",
            "nul.txt",
            "com1",
            "1.0\n",
            "Jq",
            "a--b",
            "a-",
            "a.",
            "+a",
            "a.+",
            "g+++",
            "a b",
            "é",
            "a\u{202e}b",
            "openssl@3",
        ];
        for text in bad {
            assert!(Name::parse(text).is_err(), "{text:?}");
        }
        assert!(Name::parse(&"a".repeat(65)).is_err());
        assert!(Name::parse(&"a".repeat(4096)).is_err());
    }

    #[test]
    fn a_full_name_has_one_slash() {
        let full: FullName = "acme/jq".parse().unwrap();
        assert_eq!((full.tap.unwrap().as_str(), full.name.as_str()), ("acme", "jq"));
        for bad in ["a/b/c", "/b", "a/", "a/../b"] {
            assert!(bad.parse::<FullName>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn the_grammar_is_its_regular_expression(text in "[a-c1+._-]{0,9}") {
            let grammar = regex::Regex::new(r"^[a-z0-9]+\+{0,2}([._-]?[a-z0-9]+\+{0,2})*$");
            prop_assert_eq!(Name::parse(&text).is_ok(), grammar.unwrap().is_match(&text));
        }
    }
}
