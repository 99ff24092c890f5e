//! A packed Helm chart, told by what it holds, as the artifact that `helm push` makes of it.
//!
//! Helm installs from a registry only what has its own types and the chart's description as the
//! config. What a chart does is deliberately not known here.

use std::{
    collections::BTreeMap,
    io::{self, BufReader, Read as _},
    os::unix::ffi::OsStrExt,
    path::Path,
};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::annotations::{CREATED, Texts};

/// The type of a packed chart.
pub const CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// The type of what says who made a chart, signed.
pub const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";
/// What the name of a chart's provenance ends with, beside that of the chart.
pub const PROVENANCE_END: &str = ".prov";

/// Largest description that is read, in bytes.
const BYTES_MAX: u64 = 1 << 20;
/// How many entries of an archive are looked at, and how many bytes of them; the description is
/// among the first, and Helm takes no chart that holds more.
const ENTRIES_MAX: usize = 4096;
const ARCHIVE_BYTES_MAX: u64 = 100 << 20;

/// What a chart says of itself, in Helm's order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chart {
    /// Its name.
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    home: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sources: Vec<String>,
    /// Its version.
    pub version: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keywords: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    maintainers: Vec<Maintainer>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    icon: String,
    api_version: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    condition: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    tags: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    app_version: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    deprecated: bool,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    annotations: Texts,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    kube_version: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    dependencies: Vec<Dependency>,
    #[serde(default, rename = "type", skip_serializing_if = "String::is_empty")]
    kind: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
struct Maintainer {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    email: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    url: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Dependency {
    name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    version: String,
    #[serde(default)]
    repository: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    condition: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    enabled: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    import_values: Vec<serde_json::Value>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    alias: String,
}

/// A chart's description cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` is a Helm chart whose Chart.yaml cannot be read")]
pub struct Unreadable {
    /// The chart.
    pub path: String,
    /// What is wrong, and where.
    #[source]
    source: Box<serde_saphyr::Error>,
}

impl Chart {
    /// The chart that a file is; `None` where it is none.
    pub fn of_file(path: &Path) -> Result<Option<Self>, Unreadable> {
        let Ok(Some(text)) = description(path) else { return Ok(None) };
        let named = |source| Unreadable { path: path.display().to_string(), source };
        // Without an excerpt: it would be a text of several lines.
        let options = serde_saphyr::options! { with_snippet: false };
        let chart = serde_saphyr::from_str_with_options(&text, options);
        chart.map(Some).map_err(|error| named(Box::new(error)))
    }

    /// The tag that Helm gives the chart's version: a tag holds no `+`.
    pub fn tag(&self) -> String {
        self.version.replace('+', "_")
    }

    /// What the chart says of itself, as Helm's config.
    pub(super) fn config(&self) -> Bytes {
        Bytes::from(super::document::json(self))
    }

    /// What Helm says of the artifact; the chart's own annotations are among it.
    pub(super) fn annotations(&self, created: &str) -> Texts {
        let of = |key: &str| format!("org.opencontainers.image.{key}");
        let source = self.sources.first().map_or("", String::as_str);
        let authors: Vec<_> = self.maintainers.iter().map(Maintainer::shown).collect();
        let said = [
            (of("description"), self.description.as_str()),
            (of("title"), &self.name),
            (of("version"), &self.version),
            (of("url"), &self.home),
            (of("source"), source),
            (of("authors"), &authors.join(", ")),
            (CREATED.to_owned(), created),
        ];
        let mut annotations: Texts = said
            .into_iter()
            .filter(|(_, value)| !value.trim().is_empty())
            .map(|(key, value)| (key, value.to_owned()))
            .collect();
        let own = self.annotations.iter();
        let own = own.filter(|(key, _)| ![of("title"), of("version")].contains(*key));
        annotations.extend(own.map(|(key, value)| (key.clone(), value.clone())));
        annotations
    }
}

impl Maintainer {
    fn shown(&self) -> String {
        match self.email.as_str() {
            "" => self.name.clone(),
            email => format!("{} ({email})", self.name),
        }
    }
}

/// The text of `NAME/Chart.yaml` in an archive.
fn description(path: &Path) -> io::Result<Option<String>> {
    if !matches!(path.extension().map(OsStrExt::as_bytes), Some(b"tgz" | b"gz")) {
        return Ok(None);
    }
    let file = BufReader::new(fs::File::open(path)?);
    let mut archive = tar::Archive::new(MultiGzDecoder::new(file).take(ARCHIVE_BYTES_MAX));
    for entry in archive.entries()?.take(ENTRIES_MAX) {
        let entry = entry?;
        let name = entry.path_bytes().into_owned();
        let parts: Vec<&[u8]> = name.split(|byte| *byte == b'/').collect();
        if matches!(parts[..], [_, b"Chart.yaml"]) && entry.size() <= BYTES_MAX {
            let mut text = String::new();
            entry.take(BYTES_MAX).read_to_string(&mut text)?;
            return Ok(Some(text));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_the_config_that_helm_makes() {
        let text = "apiVersion: v2\nname: demo\nversion: 0.1.0+build.7\nappVersion: \"7\"\n\
                    description: A chart & <more>\nkeywords: [a, b]\nhome: https://demo.example/\n\
                    sources:\n  - https://src.example/demo\nmaintainers:\n  - name: Someone\n    \
                    email: someone@example.org\n  - name: Other\nannotations:\n  k: v\n  \
                    org.opencontainers.image.title: not this\nkubeVersion: \">=1.20.0-0\"\n\
                    dependencies:\n  - name: x\n    version: 1.x\n    import-values: [a]\n\
                    unknown: 1\n";
        let chart: Chart = serde_saphyr::from_str(text).unwrap();
        assert_eq!(chart.tag(), "0.1.0_build.7");
        let config = String::from_utf8(chart.config().to_vec()).unwrap();
        assert_eq!(config, CONFIG);
        let said = chart.annotations("2026-01-02T03:04:05Z");
        assert_eq!(said["org.opencontainers.image.title"], "demo");
        assert_eq!(
            said["org.opencontainers.image.authors"],
            "Someone (someone@example.org), Other"
        );
        assert_eq!(said["k"], "v");
        assert_eq!(said.len(), 8);
    }

    /// What helm 4.3 pushes for the same description.
    const CONFIG: &str = concat!(
        r#"{"name":"demo","home":"https://demo.example/","sources":["https://src.example/demo"],"#,
        r#""version":"0.1.0+build.7","description":"A chart \u0026 \u003cmore\u003e","#,
        r#""keywords":["a","b"],"maintainers":[{"name":"Someone","email":"someone@example.org"},"#,
        r#"{"name":"Other"}],"apiVersion":"v2","appVersion":"7","annotations":{"k":"v","#,
        r#""org.opencontainers.image.title":"not this"},"kubeVersion":"\u003e=1.20.0-0","#,
        r#""dependencies":[{"name":"x","version":"1.x","repository":"","import-values":["a"]}]}"#,
    );
}
