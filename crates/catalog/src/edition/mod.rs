//! One published state of a tap, as an artifact in a registry: what `pkg tap publish` pushes.
//!
//! An image manifest with an empty config. Its first layer is the index: every formula with its
//! versions and what was published of them. The others are the formulas' own texts. What a
//! machine keeps of an edition is `snapshot`'s; how one gets there is `refresh`'s.

pub mod as_of;
pub mod collect;
pub mod index;
pub mod manifest;
mod moment;
mod pack;
pub mod sources;

pub use as_of::AsOf;
pub use collect::collect;
pub use index::{Entry, Package, Version};
pub(crate) use manifest::Parts;
pub use manifest::Standing;
pub use moment::Moment;
pub use pack::{Blob, Contents, Draft, Error, Packages, Packed};

/// The type of the artifact.
pub const ARTIFACT: &str = "application/vnd.pkg.tap.v1";
/// The type of the index, the first layer.
pub const INDEX: &str = "application/vnd.pkg.tap.index.v1+json+zstd";
/// The type of the layers that hold formulas.
pub const SOURCES: &str = "application/vnd.pkg.tap.formulas.v1.tar+zstd";

/// The annotation that names the tap.
pub const NAME_KEY: &str = "dev.pkg.tap.name";
/// The annotation with the serial.
pub const SERIAL_KEY: &str = "dev.pkg.tap.serial";
/// The annotation with the time of publishing.
pub const PUBLISHED_KEY: &str = "org.opencontainers.image.created";

/// The tag that is kept for ever: `t.<serial>.<yyyymmddThhmmssZ>`.
pub fn tag(serial: u64, published: &Moment) -> String {
    format!("t.{serial}.{}", published.compact())
}

/// Serial and time of such a tag; `None` for any other.
pub fn parse_tag(tag: &str) -> Option<(u64, Moment)> {
    let (serial, time) = tag.strip_prefix("t.")?.split_once('.')?;
    Some((parse_serial(serial)?, Moment::from_compact(time)?))
}

/// A serial as it is written: from 1, without zeros in front.
pub(crate) fn parse_serial(text: &str) -> Option<u64> {
    let serial: u64 = text.parse().ok()?;
    (serial > 0 && serial.to_string() == text).then_some(serial)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_says_serial_and_time() {
        let published = Moment::parse("2026-05-01T12:30:00Z").unwrap();
        assert_eq!(tag(17, &published), "t.17.20260501T123000Z");
        assert_eq!(parse_tag("t.17.20260501T123000Z"), Some((17, published)));
        for other in [
            "latest",
            "t.17",
            "t.0.20260501T123000Z",
            "t.07.20260501T123000Z",
            "t.1.20261301T000000Z",
        ] {
            assert_eq!(parse_tag(other), None, "{other}");
        }
    }
}
