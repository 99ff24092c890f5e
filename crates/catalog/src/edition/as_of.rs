//! Which edition of a tap is wanted: `--as-of DATE|DIGEST|SERIAL`.

use std::{fmt, str::FromStr};

use digest::Digest;

use super::{Moment, parse_serial};

/// Another edition of a tap than its latest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AsOf {
    /// The newest one that was published by then; as it was written.
    Time(Moment, String),
    /// The one with that serial.
    Serial(u64),
    /// The one with that manifest.
    Digest(Digest),
}

/// A text that names no edition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no date such as 2026-05-01, no time in UTC, no serial and no digest")]
pub struct Malformed {
    text: String,
}

impl FromStr for AsOf {
    type Err = Malformed;

    /// A day counts to its end.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        if let Some(serial) = parse_serial(text) {
            return Ok(Self::Serial(serial));
        }
        if let Some(digest) = text.contains(':').then(|| text.parse().ok()).flatten() {
            return Ok(Self::Digest(digest));
        }
        let moment = Moment::end_of_day(text).or_else(|_| Moment::parse(text));
        let malformed = |_| Malformed { text: text.chars().take(80).collect() };
        Ok(Self::Time(moment.map_err(malformed)?, text.to_owned()))
    }
}

impl fmt::Display for AsOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(_, written) => f.pad(written),
            Self::Serial(serial) => write!(f, "{serial}"),
            Self::Digest(digest) => write!(f, "{digest}"),
        }
    }
}

impl serde::Serialize for AsOf {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for AsOf {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str> as serde::Deserialize>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_told_apart() {
        let check = |text: &str, expect: &str| {
            let got = match text.parse() {
                Ok(AsOf::Time(moment, _)) => format!("by {moment}"),
                Ok(AsOf::Serial(serial)) => format!("serial {serial}"),
                Ok(AsOf::Digest(digest)) => format!("digest {}", digest.short()),
                Err(error) => error.to_string(),
            };
            assert!(got.contains(expect), "{text}: {got}");
        };
        check("2026-05-01", "by 2026-05-01T23:59:59Z");
        check("2026-05-01T08:00:00Z", "by 2026-05-01T08:00:00Z");
        check("17", "serial 17");
        check(&format!("sha256:{}", "0".repeat(64)), "digest 000000000000");
        for text in
            ["", "0", "017", "yesterday", "2026-13-01", "2026-05-01T08:00:00+02:00", "sha256:0"]
        {
            check(text, "is no date");
        }
    }
}
