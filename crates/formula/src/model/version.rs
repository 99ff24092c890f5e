//! A version table: bare facts about one version.

use std::borrow::Cow;

use digest::Digest;

use crate::{
    Key,
    read::{
        Commit, Date, Keys as _, Leaf as _, Read, Spanned, Text, table, unknown_key, wrong_kind,
    },
    report::{Finding, Sink},
    tree::{Entry, Node, Value},
};

table! {
    /// The facts of one version; a key for each platform has the digest of its bytes.
    struct Facts {
        /// The rebuild of this version; 0 by default.
        "revision" revision: u32,
        /// The day of its release.
        "date" date: Spanned<Date>,
        /// Its tag, where no template gives it.
        "tag" tag: Text,
        /// The digest of an index, for every platform that is in it.
        "index" index: Spanned<Digest>,
        /// The digest of its source code.
        "source" source: Spanned<Digest>,
        /// Its commit in git.
        "commit" commit: Spanned<Commit>,
        /// The digest of the index that `pkg publish` pushed.
        "package" package: Spanned<Digest>,
        /// Why it should not be used.
        "yanked" yanked: Text,
    }
}

/// The facts of one version, and the digests of its platforms.
#[derive(Debug, Clone, Default)]
pub(crate) struct VersionTable {
    pub(crate) facts: Facts,
    pub(crate) digests: Vec<(Spanned<Key>, Spanned<Digest>)>,
    /// Whether everything in it could be read.
    pub(crate) whole: bool,
}

impl VersionTable {
    /// Where a key stands in canonical order; every platform stands in the same place.
    pub(crate) fn place(key: &str) -> usize {
        let known = ["revision", "date", "tag"].iter().position(|known| *known == key);
        let after = ["index", "source", "commit", "package", "yanked"];
        known.or_else(|| after.iter().position(|known| *known == key).map(|p| p + 4)).unwrap_or(3)
    }
}

impl Read for VersionTable {
    fn read(node: &Node, sink: &mut Sink<'_>) -> Option<Self> {
        let Value::Table(table) = &node.value else {
            sink.push(wrong_kind(node, "a table"));
            return None;
        };
        let before = sink.errors();
        let facts = Facts::fields(table, sink);
        let mut digests = Vec::with_capacity(table.entries.len());
        for entry in table.entries.iter().filter(|entry| !Facts::knows(&entry.key)) {
            let Ok(key) = entry.key.parse::<Key>() else {
                sink.push(unknown(entry));
                continue;
            };
            if let Value::Bool(false) = entry.node.value {
                continue;
            }
            if let Some(digest) = Read::read(&entry.node, sink) {
                digests.push((Spanned { value: key, at: entry.key_at }, digest));
            }
        }
        Some(Self { facts, digests, whole: sink.errors() == before })
    }
}

/// A key with a dash was meant as a platform; any other one as a fact.
fn unknown(entry: &Entry) -> Finding {
    if !entry.key.contains(['-', '*']) {
        let mut known = vec!["any", "linux-amd64", "macos-arm64"];
        known.extend(Facts::every());
        return unknown_key(entry, &known);
    }
    match crate::Selector::from_text(&entry.key, entry.key_at) {
        Err(finding) => finding,
        Ok(_) => {
            let message = format!("`{}` is not one platform", entry.key);
            Finding::new(crate::Code::Selector, entry.key_at, message)
                .label("selects several")
                .help("a digest is of one platform, such as `linux-amd64`, or of `any`")
        }
    }
}

impl schemars::JsonSchema for VersionTable {
    fn schema_name() -> Cow<'static, str> {
        "VersionTable".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut schema = Facts::json_schema(generator);
        let digest = generator.subschema_for::<Option<Spanned<Digest>>>();
        let key = "^(any|linux-(amd64|arm64|386|armv7|riscv64|ppc64le|s390x)(-(gnu|musl))?\
                   |(macos|windows|freebsd)-(amd64|arm64|386|armv7|riscv64|ppc64le|s390x))$";
        let patterns = serde_json::json!({ key: digest });
        schema.insert("patternProperties".to_owned(), patterns);
        schema
    }
}
