//! Times of publishing: seconds in UTC, in one spelling, so that text order is their order.

use std::{fmt, str::FromStr};

/// A time such as `2026-05-01T12:30:00Z`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Box<str>);

/// A text that is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no time in UTC such as `2026-05-01T12:30:00Z`")]
pub struct Malformed;

impl Moment {
    /// Reads RFC 3339 with seconds and `Z`, and nothing else.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let fits = text.len() == 20
            && text.bytes().zip(b"0000-00-00T00:00:00Z").all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                form => byte == *form,
            });
        let number = |at: std::ops::Range<usize>| text.get(at)?.parse::<u8>().ok();
        let within = |at, least, most| number(at).is_some_and(|n| (least..=most).contains(&n));
        let sound = fits
            && within(5..7, 1, 12)
            && within(8..10, 1, 31)
            && within(11..13, 0, 23)
            && within(14..16, 0, 59)
            && within(17..19, 0, 59);
        if sound { Ok(Self(text.into())) } else { Err(Malformed) }
    }

    /// The last second of a day such as `2026-05-01`.
    pub fn end_of_day(day: &str) -> Result<Self, Malformed> {
        Self::parse(&format!("{day}T23:59:59Z"))
    }

    /// The time as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that tags can hold, `20260501T123000Z`.
    pub fn compact(&self) -> String {
        self.0.replace(['-', ':'], "")
    }

    pub(crate) fn from_compact(text: &str) -> Option<Self> {
        if text.len() != 16 || !text.is_ascii() {
            return None;
        }
        let (date, time) = text.split_at(8);
        let (year, month, day) = (&date[..4], &date[4..6], &date[6..]);
        let (hour, minute, rest) = (time.get(..3)?, time.get(3..5)?, time.get(5..)?);
        Self::parse(&format!("{year}-{month}-{day}{hour}:{minute}:{rest}")).ok()
    }
}

impl FromStr for Moment {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        Self::parse(text)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl serde::Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str> as serde::Deserialize>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
