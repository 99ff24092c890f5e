//! `[source]`, `[requires]` and `[update]`: where bytes come from and what they need.

use crate::{
    Constraint,
    format::Format,
    read::{Read, Spanned, Text, table},
    report::Sink,
    template::TemplateText,
    tree::{Node, Value},
};

table! {
    /// Where the bytes come from: exactly one of oci, github, http, git, file, bottle and image.
    struct SourceTable {
        /// A repository in a registry, or `oci:` and the path of a layout folder.
        "oci" oci: TemplateText,
        /// `owner/repository` on GitHub, whose release has `asset`.
        "github" github: TemplateText,
        /// A URL.
        "http" http: TemplateText,
        /// The URL of a git repository.
        "git" git: TemplateText,
        /// A file, relative to the formula's folder or absolute.
        "file" file: TemplateText,
        /// A Homebrew bottle.
        "bottle" bottle: TemplateText,
        /// A container image, of which `paths` are taken.
        "image" image: TemplateText,
        /// The tag; `{version}` by default.
        "tag" tag: TemplateText,
        /// With `github`: the name of the release's file.
        "asset" asset: TemplateText,
        /// With `image`: the files and folders that are taken.
        "paths" paths: Vec<TemplateText>,
        /// Other URLs of the same bytes.
        "mirrors" mirrors: Vec<TemplateText>,
        /// How many leading folders to drop.
        "strip" strip: u32,
        /// How the bytes are packed, where they do not tell.
        "format" format: Spanned<Format>,
        /// Targets, as links have them, that may lead out of the package.
        "external-links" external_links: Vec<Text>,
    }
}

table! {
    /// What the host must have.
    struct Requires {
        /// The GNU C library.
        "glibc" glibc: Spanned<Constraint>,
        /// macOS.
        "macos" macos: Spanned<Constraint>,
        /// The Linux kernel.
        "linux" linux: Spanned<Constraint>,
        /// The processor's level, such as `x86-64-v3`.
        "cpu" cpu: Text,
    }
}

table! {
    /// Where new versions are looked for: one of github, url, oci and none.
    struct Update {
        /// `owner/repository` on GitHub.
        "github" github: Text,
        /// A page that names the versions.
        "url" url: Text,
        /// A repository whose tags are the versions.
        "oci" oci: Text,
        /// Nothing is looked for: `true`, or why.
        "none" none: Nothing,
        /// A regular expression; its first group is the version.
        "match" matches: Text,
        /// The URL of a file of checksums.
        "sums" sums: TemplateText,
    }
}

/// That nothing is looked for, perhaps with the reason.
#[derive(Debug, Clone, schemars::JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "that it is there says everything")]
pub(crate) enum Nothing {
    Said(bool),
    Why(Text),
}

impl Read for Nothing {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        match node.value {
            Value::Bool(said) => Some(Self::Said(said)),
            _ => Read::read(node, sink).map(Self::Why),
        }
    }
}
