//! What is said of an artifact, its config and its files beside their bytes.

use std::{collections::BTreeMap, io, path::Path};

use fs_err as fs;

/// When an artifact was made (image-spec, annotations.md).
pub const CREATED: &str = "org.opencontainers.image.created";

/// Free text by key.
pub type Texts = BTreeMap<String, String>;

/// What is said, and of what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotations {
    /// Of the artifact.
    pub manifest: Texts,
    /// Of its config.
    pub config: Texts,
    /// Of its files, by the paths as they are written.
    pub files: BTreeMap<String, Texts>,
}

/// Annotations cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A text has no `=`, or nothing before it.
    #[error("`{text}` is no annotation: write KEY=VALUE")]
    Form {
        /// The text.
        text: String,
    },
    /// A key is said twice.
    #[error("the annotation `{key}` is said twice")]
    Twice {
        /// The key.
        key: String,
    },
    /// The file of annotations cannot be read.
    #[error("cannot read the annotations")]
    Read(#[source] io::Error),
    /// The file is no JSON of the form that it should have.
    #[error("`{path}` holds no annotations by file, `$manifest` and `$config`")]
    Json {
        /// The file.
        path: String,
        /// What is wrong, and where.
        #[source]
        source: serde_json::Error,
    },
}

impl Annotations {
    /// Those of an artifact alone, each `KEY=VALUE`.
    pub fn of_manifest(texts: &[String]) -> Result<Self, Error> {
        let mut manifest = Texts::new();
        for text in texts {
            let split = text.split_once('=').filter(|(key, _)| !key.is_empty());
            let (key, value) = split.ok_or_else(|| Error::Form { text: text.clone() })?;
            if manifest.insert(key.to_owned(), value.to_owned()).is_some() {
                return Err(Error::Twice { key: key.to_owned() });
            }
        }
        Ok(Self { manifest, ..Self::default() })
    }

    /// Those of a file: an object by `$manifest`, `$config` and paths.
    pub fn of_file(path: &Path) -> Result<Self, Error> {
        let text = fs::read(path).map_err(Error::Read)?;
        let named = |source| Error::Json { path: path.display().to_string(), source };
        let mut files: BTreeMap<String, Texts> = serde_json::from_slice(&text).map_err(named)?;
        let manifest = files.remove("$manifest").unwrap_or_default();
        let config = files.remove("$config").unwrap_or_default();
        Ok(Self { manifest, config, files })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_are_told_apart() {
        let read = |texts: &[&str]| {
            let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
            Annotations::of_manifest(&texts)
        };
        let found = read(&["a=1=2", "b="]).unwrap().manifest;
        let expected = [("a", "1=2"), ("b", "")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(found, expected.into());
        assert!(matches!(read(&["a"]), Err(Error::Form { .. })));
        assert!(matches!(read(&["=a"]), Err(Error::Form { .. })));
        assert!(matches!(read(&["a=1", "a=1"]), Err(Error::Twice { .. })));
    }
}
