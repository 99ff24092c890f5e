//! What a registry holds, as the plumbing answers it.

use std::{collections::BTreeMap, path::PathBuf};

use oci::{Descriptor, Place, copy::Copied as Copy, descriptor::REF_NAME};
use publish::{
    discover::Node,
    files::pull::Outcome,
    layout::{Problem, Report},
};
use serde::Serialize;
use serde_json::Value;

/// The tags of a repository.
#[derive(Debug, Serialize)]
pub(crate) struct Tags {
    schema: u32,
    pub(crate) tags: Vec<String>,
}

/// The repositories of a registry.
#[derive(Debug, Serialize)]
pub(crate) struct Repositories {
    schema: u32,
    registry: String,
    pub(crate) repositories: Vec<String>,
}

/// Something in a registry that a digest names.
#[derive(Debug, Serialize)]
pub(crate) struct Stored {
    schema: u32,
    #[serde(flatten)]
    pub(crate) content: Content,
    /// What it is called there besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reference_as_tags: Vec<String>,
    /// What it says, where that is JSON and was asked for.
    #[serde(rename = "content", skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
    /// The file that it was written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

/// What every piece of content has.
#[derive(Debug, Serialize)]
pub(crate) struct Content {
    /// `oci://host/repository@digest`, or the same of a layout.
    pub(crate) reference: String,
    pub(crate) media_type: String,
    pub(crate) digest: String,
    pub(crate) size: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) artifact_type: Option<String>,
}

impl Tags {
    pub(crate) fn of(tags: Vec<String>) -> Self {
        Self { schema: 1, tags }
    }
}

impl Repositories {
    pub(crate) fn of(registry: &str, repositories: Vec<String>) -> Self {
        Self { schema: 1, registry: registry.to_owned(), repositories }
    }
}

impl Content {
    pub(crate) fn of(place: &Place, descriptor: &Descriptor) -> Self {
        let Descriptor { media_type, digest, size, annotations, artifact_type, .. } =
            descriptor.clone();
        Self {
            reference: place.bare().with_digest(digest.clone()).to_string(),
            media_type,
            digest: digest.to_string(),
            size,
            annotations,
            artifact_type,
        }
    }
}

impl Stored {
    pub(crate) fn of(place: &Place, descriptor: &Descriptor) -> Self {
        Self {
            schema: 1,
            content: Content::of(place, descriptor),
            reference_as_tags: Vec::new(),
            value: None,
            path: None,
        }
    }

    /// The same with the tags that name it.
    pub(crate) fn tagged<'a>(self, place: &Place, tags: impl Iterator<Item = &'a str>) -> Self {
        let named = tags.filter_map(|tag| Some(place.with_tag(tag).ok()?.to_string()));
        Self { reference_as_tags: named.collect(), ..self }
    }

    /// The same with what it says.
    pub(crate) fn saying(self, bytes: &[u8]) -> Self {
        Self { value: serde_json::from_slice(bytes).ok(), ..self }
    }

    /// The same with the file that it was written to.
    pub(crate) fn written(self, path: String) -> Self {
        Self { path: Some(path), ..self }
    }
}

/// The files of an artifact, in a folder.
#[derive(Debug, Serialize)]
pub(crate) struct Pulled {
    schema: u32,
    reference: String,
    files: Vec<File>,
}

#[derive(Debug, Serialize)]
struct File {
    /// Absolute; that of a folder ends with `/`.
    path: String,
    #[serde(flatten)]
    content: Content,
}

/// What refers to an artifact.
#[derive(Debug, Serialize)]
pub(crate) struct Discovered {
    schema: u32,
    #[serde(flatten)]
    root: Referrer,
}

#[derive(Debug, Serialize)]
struct Referrer {
    #[serde(flatten)]
    content: Content,
    referrers: Vec<Self>,
}

impl Pulled {
    pub(crate) fn of(place: &Place, outcome: &Outcome) -> Self {
        let digest = outcome.descriptor.digest.clone();
        let file = |(path, descriptor): &(PathBuf, Descriptor)| {
            let at = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            let end = if path.is_dir() { "/" } else { "" };
            let path = format!("{}{end}", at.to_string_lossy().trim_end_matches('/'));
            File { path, content: Content::of(place, descriptor) }
        };
        let reference = place.bare().with_digest(digest).to_string();
        Self { schema: 1, reference, files: outcome.files.iter().map(file).collect() }
    }
}

impl Discovered {
    pub(crate) fn of(place: &Place, root: &Node) -> Self {
        Self { schema: 1, root: Referrer::of(place, root) }
    }
}

impl Referrer {
    fn of(place: &Place, node: &Node) -> Self {
        let content = Content::of(place, &node.descriptor);
        let below = node.referrers.iter().map(|node| Self::of(place, node));
        Self { content, referrers: below.collect() }
    }
}

/// What an image layout lists.
#[derive(Debug, Serialize)]
pub(crate) struct Layout {
    schema: u32,
    layout: String,
    pub(crate) entries: Vec<Listed>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    /// Its name in the layout, often a tag.
    pub(crate) name: Option<String>,
    #[serde(flatten)]
    pub(crate) content: Content,
}

/// Whether a layout holds what it names.
#[derive(Debug, Serialize)]
pub(crate) struct Verified {
    schema: u32,
    layout: String,
    manifests: usize,
    blobs: usize,
    /// Of all that is whole.
    bytes: u64,
    problems: Vec<Flaw>,
}

#[derive(Debug, Serialize)]
struct Flaw {
    digest: String,
    media_type: String,
    error: String,
}

impl Layout {
    pub(crate) fn of(place: &Place, entries: &[Descriptor]) -> Self {
        let listed = |entry: &Descriptor| {
            let mut entry = entry.clone();
            let name = entry.annotations.remove(REF_NAME);
            Listed { name, content: Content::of(place, &entry) }
        };
        let entries = entries.iter().map(listed).collect();
        Self { schema: 1, layout: place.to_string(), entries }
    }
}

impl Verified {
    pub(crate) fn of(place: &Place, report: &Report) -> Self {
        let flaw = |problem: &Problem| Flaw {
            digest: problem.descriptor.digest.to_string(),
            media_type: problem.descriptor.media_type.clone(),
            error: install::with_causes(&*problem.error),
        };
        Self {
            schema: 1,
            layout: place.to_string(),
            manifests: report.manifests,
            blobs: report.blobs,
            bytes: report.bytes,
            problems: report.problems.iter().map(flaw).collect(),
        }
    }
}

/// What a copy came to.
#[derive(Debug, Serialize)]
pub(crate) struct Copied {
    schema: u32,
    #[serde(flatten)]
    pub(crate) content: Content,
    reference_as_tags: Vec<String>,
    manifests: usize,
    referrers: usize,
    /// Bytes of blobs that were sent; others were there, or in another repository.
    pub(crate) sent_bytes: u64,
}

/// Something that was to be deleted.
#[derive(Debug, Serialize)]
pub(crate) struct Deleted {
    schema: u32,
    reference: String,
    /// Null where there was nothing.
    digest: Option<String>,
    deleted: bool,
}

/// Which tags a manifest was given, or lost.
#[derive(Debug, Serialize)]
pub(crate) struct Tagged {
    schema: u32,
    pub(crate) reference: String,
    pub(crate) tags: Vec<String>,
}

impl Copied {
    pub(crate) fn of<'a>(
        place: &Place,
        copied: &Copy,
        tags: impl Iterator<Item = &'a str>,
    ) -> Self {
        let stored = Stored::of(place, &copied.root).tagged(place, tags);
        Self {
            schema: 1,
            content: stored.content,
            reference_as_tags: stored.reference_as_tags,
            manifests: copied.manifests,
            referrers: copied.referrers,
            sent_bytes: copied.sent.bytes,
        }
    }
}

impl Deleted {
    pub(crate) fn of(place: &Place, digest: Option<String>) -> Self {
        let deleted = digest.is_some();
        Self { schema: 1, reference: place.to_string(), digest, deleted }
    }
}

impl Tagged {
    pub(crate) fn of(place: &Place, tags: Vec<String>) -> Self {
        Self { schema: 1, reference: place.to_string(), tags }
    }
}

/// How lines begin that oras begins in another way.
const SPELLINGS: &[(&str, &str)] = &[
    ("\"media_type\": ", "\"mediaType\": "),
    ("\"artifact_type\": ", "\"artifactType\": "),
    ("\"reference_as_tags\": ", "\"referenceAsTags\": "),
    ("\"reference\": \"oci://", "\"reference\": \""),
    // An element of a list of references.
    ("\"oci://", "\""),
];

/// The answer as oras prints it, for scripts that were written for it.
pub(crate) fn as_oras(view: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(view).expect("views have text keys only");
    let mut spelt = String::with_capacity(text.len());
    // How far in the last line stands that begins what others wrote.
    let mut foreign = usize::MAX;
    for line in text.lines().filter(|line| !line.starts_with("  \"schema\": ")) {
        let rest = line.trim_start();
        let indent = line.len() - rest.len();
        spelt.push_str(&line[..indent]);
        let spellings = if indent > foreign { &[] } else { SPELLINGS };
        let other = spellings.iter().find_map(|(ours, theirs)| {
            rest.strip_prefix(ours).map(|rest| [*theirs, rest].concat())
        });
        if indent <= foreign {
            let begins =
                ["\"annotations\": ", "\"content\": "].iter().any(|it| rest.starts_with(it));
            foreign = if begins { indent } else { usize::MAX };
        }
        spelt.push_str(other.as_deref().unwrap_or(rest));
        spelt.push('\n');
    }
    // As Go escapes what would mean something in HTML; outside of a text none of them can stand.
    let escapes = [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026")];
    escapes.iter().fold(spelt, |text, (char, escape)| text.replace(*char, escape))
}

#[cfg(test)]
mod tests {
    use digest::Digest;

    use super::*;

    #[test]
    fn the_words_of_oras_differ_and_nothing_else() {
        let place: Place = "localhost:5000/a:1".parse().unwrap();
        let mut descriptor = Descriptor::new("a/b", Digest::sha256(b""), 0);
        descriptor.annotations.insert("k".into(), "oci:// \"media_type\": ".into());
        descriptor.annotations.insert("reference".into(), "oci://x".into());
        descriptor.artifact_type = Some("c/d".into());
        let said = br#"{"media_type": {"artifact_type": ["oci://x"]}}"#;
        let view = Stored::of(&place, &descriptor).tagged(&place, ["1"].into_iter()).saying(said);
        insta::assert_snapshot!(as_oras(&view), @r#"
        {
          "reference": "localhost:5000/a@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
          "mediaType": "a/b",
          "digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
          "size": 0,
          "annotations": {
            "k": "oci:// \"media_type\": ",
            "reference": "oci://x"
          },
          "artifactType": "c/d",
          "referenceAsTags": [
            "localhost:5000/a:1"
          ],
          "content": {
            "media_type": {
              "artifact_type": [
                "oci://x"
              ]
            }
          }
        }
        "#);
    }
}
