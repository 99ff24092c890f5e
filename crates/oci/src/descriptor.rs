//! Descriptors: what a document says of another piece of content (image-spec, descriptor.md).
//!
//! Nothing here fetches; a descriptor's `urls` are kept for show and never followed.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use digest::Digest;
use serde::{Deserialize, Serialize, Serializer};

use crate::{Platform, verify};

/// The annotation that names the file that some content is (image-spec, annotations.md).
pub const TITLE: &str = "org.opencontainers.image.title";

/// The annotation that names an entry of a layout, often as a tag (image-spec, annotations.md).
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// The type, digest and size of some content, and what else its document says of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Raw", rename_all = "camelCase")]
pub struct Descriptor {
    /// The content's media type, of any kind.
    pub media_type: String,
    /// The content's digest.
    pub digest: Digest,
    /// The content's size in bytes, as declared; at most `i64::MAX`, and never to be allocated.
    pub size: u64,
    /// What the content runs on, in an index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Free text by key. Untrusted: a title in it is a name somebody wrote, not a path to write to.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The type of the artifact that a manifest holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The content itself, decoded but not verified.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "as_base64")]
    pub data: Option<Vec<u8>>,
    /// Other places that are said to have the content.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
}

/// A descriptor that no content can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The size is more than the specification's 63 bits hold.
    #[error("the size {size} of {digest} is more than 2^63 - 1 bytes")]
    Size {
        /// The descriptor's digest.
        digest: Digest,
        /// The size as written.
        size: u64,
    },
    /// The field `data` is not base64.
    #[error("the field `data` of {digest} is not base64")]
    Data {
        /// The descriptor's digest.
        digest: Digest,
        /// What the decoder says.
        #[source]
        source: base64::DecodeError,
    },
}

impl Descriptor {
    /// A descriptor of content by type, digest and size alone.
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest,
            size,
            platform: None,
            annotations: BTreeMap::new(),
            artifact_type: None,
            data: None,
            urls: Vec::new(),
        }
    }

    /// A descriptor of the bytes of a file with a name; untrusted, as every title.
    pub fn titled(media_type: &str, title: &str, bytes: &[u8]) -> Self {
        let mut descriptor = Self::new(media_type, Digest::sha256(bytes), bytes.len() as u64);
        descriptor.annotations.insert(TITLE.to_owned(), title.to_owned());
        descriptor
    }

    /// What the content's title is, if it has one.
    pub fn title(&self) -> Option<&str> {
        self.annotations.get(TITLE).map(String::as_str)
    }

    /// The content that the descriptor carries in its own `data`, verified; `None` if it has none.
    pub(crate) fn embedded(&self) -> Result<Option<&[u8]>, verify::Error> {
        let Some(data) = &self.data else {
            return Ok(None);
        };
        let mut verifier = verify::Verifier::new(self.digest.clone(), Some(self.size))?;
        verifier.take(data)?;
        verifier.finish()?;
        Ok(Some(data))
    }
}

fn as_base64<S: Serializer>(data: &Option<Vec<u8>>, output: S) -> Result<S::Ok, S::Error> {
    data.as_ref().map(|data| BASE64_STANDARD.encode(data)).serialize(output)
}

/// A descriptor as JSON; encoders of other languages write `null` for an empty list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    media_type: String,
    digest: Digest,
    size: u64,
    platform: Option<Platform>,
    annotations: Option<BTreeMap<String, String>>,
    artifact_type: Option<String>,
    data: Option<String>,
    urls: Option<Vec<String>>,
}

impl TryFrom<Raw> for Descriptor {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self, Error> {
        let digest = raw.digest;
        if i64::try_from(raw.size).is_err() {
            return Err(Error::Size { digest, size: raw.size });
        }
        let data = raw.data.map(|text| BASE64_STANDARD.decode(text)).transpose();
        let data = data.map_err(|source| Error::Data { digest: digest.clone(), source })?;
        Ok(Self {
            media_type: raw.media_type,
            digest,
            size: raw.size,
            platform: raw.platform,
            annotations: raw.annotations.unwrap_or_default(),
            artifact_type: raw.artifact_type.filter(|text| !text.is_empty()),
            data,
            urls: raw.urls.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(change: impl FnOnce(&mut Value)) -> Result<Descriptor, serde_json::Error> {
        let digest = Digest::sha256(b"hi");
        let mut json = json!({"mediaType": "a/b", "digest": digest, "size": 2});
        change(&mut json);
        serde_json::from_value(json)
    }

    #[test]
    fn c3_embedded_data_is_decoded_and_verified() {
        let data = |text: &'static str| parse(|json| json["data"] = text.into());
        assert_eq!(data("aGk=").unwrap().embedded().unwrap(), Some(&b"hi"[..]));
        assert_eq!(parse(|_| {}).unwrap().embedded().unwrap(), None);
        assert!(data("aGk").unwrap_err().to_string().contains("is not base64"));
        let wrong = data("aG8=").unwrap();
        assert!(matches!(wrong.embedded(), Err(verify::Error::Digest { .. })));
        let long = data("aGkh").unwrap();
        assert!(matches!(long.embedded(), Err(verify::Error::Longer { size: 2, .. })));
        let unknown = parse(|json| {
            json["digest"] = "blake3:abc".into();
            json["data"] = "aGk=".into();
        });
        assert!(matches!(unknown.unwrap().embedded(), Err(verify::Error::Unsupported { .. })));
    }

    #[test]
    fn a_descriptor_is_written_as_it_is_read() {
        let check = |json: Value| {
            let found: Descriptor = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(serde_json::to_value(&found).unwrap(), json);
        };
        let digest = Digest::sha256(b"hi");
        check(json!({"mediaType": "a/b", "digest": digest.as_str(), "size": 2}));
        check(json!({
            "mediaType": "a/b",
            "digest": digest.as_str(),
            "size": 2,
            "platform": {"os": "linux", "architecture": "arm", "variant": "v7",
                "os.version": "1", "os.features": ["libc.gnu"]},
            "annotations": {"a": "b"},
            "artifactType": "c/d",
            "data": "aGk=",
            "urls": ["https://a.example/x"],
        }));
    }

    #[test]
    fn c9_sizes_are_whole_numbers_below_two_to_the_63() {
        let size = |size: Value| parse(|json| json["size"] = size).map(|found| found.size).ok();
        assert_eq!(size(json!(0)), Some(0));
        assert_eq!(size(json!(i64::MAX)), Some(i64::MAX as u64));
        for bad in [json!(-1), json!(i64::MIN), json!(1_u64 << 63), json!(u64::MAX), json!(1.5)] {
            assert_eq!(size(bad), None);
        }
        assert_eq!(size(json!("2")), None);
        assert_eq!(size(Value::Null), None);
    }

    #[test]
    fn c6_annotations_are_a_sorted_map_of_text() {
        let found = parse(|json| json["annotations"] = json!({"b": "../../x", "a": ""})).unwrap();
        let entries: Vec<_> = found.annotations.iter().collect();
        let expected = [("a", ""), ("b", "../../x")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(entries, expected.iter().map(|(a, b)| (a, b)).collect::<Vec<_>>());
        assert!(parse(|json| json["annotations"] = json!({"a": 1})).is_err());
    }

    #[test]
    fn a7_digests_are_checked_where_they_are_read() {
        let digest = |text: &str| parse(|json| json["digest"] = text.into());
        assert!(digest("blake3:abc").is_ok());
        let upper = Digest::sha256(b"hi").as_str().to_uppercase().replace("SHA256", "sha256");
        for bad in ["sha256:../../x", "../:x", "sha256:ab", "", upper.as_str()] {
            assert!(digest(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn c2_null_and_unknown_fields_are_no_error() {
        let found = parse(|json| {
            json["mediaType"] = "x-author/whatever".into();
            json["artifactType"] = "".into();
            json["annotations"] = Value::Null;
            json["urls"] = Value::Null;
            json["platform"] = Value::Null;
            json["later"] = json!({"a": [1]});
        });
        let mut expected = Descriptor::new("x-author/whatever", Digest::sha256(b"hi"), 2);
        assert_eq!(found.unwrap(), expected);
        expected.artifact_type = Some("a/b".to_owned());
        assert_ne!(parse(|_| {}).unwrap(), expected);
    }
}
