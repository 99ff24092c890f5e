//! What a package says of itself: the manifest annotation `dev.pkg.package`.
//!
//! With it no tap is needed to install. It is about one platform, and deliberately says nothing
//! of where the package came from or how it is updated.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Depend, Expose, FullName, Name, Relocations, Requires, Resolved, Scheme, Service, Setup, Test,
    Unsound, Version, sound,
};

/// A package in its own words, about one platform; with it no tap is needed to install.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Annotation {
    /// Version of this shape.
    pub schema: u32,
    /// Name of the package.
    pub name: Name,
    /// The version, as text.
    pub version: String,
    /// The rebuild of this version.
    #[serde(default)]
    pub revision: u32,
    /// The line of versions that it belongs to.
    #[serde(default, skip_serializing_if = "is_default")]
    pub slot: Option<String>,
    /// Why nothing of it is linked into the prefix.
    #[serde(default, skip_serializing_if = "is_default")]
    pub keg_only: Option<String>,
    /// What the package is, in a few words.
    #[serde(default, skip_serializing_if = "is_default")]
    pub summary: String,
    /// License, as an SPDX expression.
    #[serde(default, skip_serializing_if = "is_default")]
    pub license: String,
    /// What must be installed with it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub depends: BTreeMap<FullName, Depend>,
    /// Packages that cannot be installed beside it, and why.
    #[serde(default, skip_serializing_if = "is_default")]
    pub conflicts: BTreeMap<Name, String>,
    /// Targets that its links may have although they leave it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub external_links: Vec<String>,
    /// What the host must have.
    #[serde(default, skip_serializing_if = "is_default")]
    pub requires: Requires,
    /// What of it is linked into the prefix.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expose: Expose,
    /// Environment variables for `pkg env` and `pkg run`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub env: BTreeMap<String, String>,
    /// Steps after installing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub setup: Vec<Setup>,
    /// The service that it can run as.
    #[serde(default, skip_serializing_if = "is_default")]
    pub service: Option<Service>,
    /// What must hold of the installed package.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tests: Vec<Test>,
    /// Where its files hold the path that they were built for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub relocations: Relocations,
    /// Bytes of its files once unpacked, exact.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unpacked_size: Option<u64>,
    /// Number of its files, links and folders, exact.
    #[serde(default, skip_serializing_if = "is_default")]
    pub entries: Option<u64>,
}

/// How much there is in a package's layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Bytes of its files once unpacked.
    pub unpacked_size: u64,
    /// Number of its files, links and folders.
    pub entries: u64,
}

impl Annotation {
    /// The annotation's key.
    pub const KEY: &str = "dev.pkg.package";
    /// Largest annotation that is read, in bytes.
    pub const BYTES_MAX: usize = 256 << 10;
    /// Latest version of the shape that this program knows.
    pub const SCHEMA: u32 = 1;

    /// What a package says of itself, by its formula and what was packed.
    pub fn about(package: &Resolved, extent: Extent, relocations: Relocations) -> Self {
        Self {
            schema: Self::SCHEMA,
            name: package.name.clone(),
            version: package.version.clone(),
            revision: package.revision,
            slot: package.slot.clone(),
            keg_only: package.keg_only.clone(),
            summary: package.summary.clone(),
            license: package.license.clone(),
            depends: package.depends.clone(),
            conflicts: package.conflicts.clone(),
            external_links: package.source.external_links().to_vec(),
            requires: package.requires.clone(),
            expose: package.expose.clone(),
            env: package.env.clone(),
            setup: package.setup.clone(),
            service: package.service.clone(),
            tests: package.tests.clone(),
            relocations,
            unpacked_size: Some(extent.unpacked_size),
            entries: Some(extent.entries),
        }
    }

    /// The annotation among a manifest's; `None` where pkg did not make the manifest.
    pub fn of(annotations: &BTreeMap<String, String>) -> Result<Option<Self>, serde_json::Error> {
        annotations.get(Self::KEY).map(|text| Self::parse(text)).transpose()
    }

    /// Reads the annotation's text, which anybody may have written.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        use serde::de::Error as _;
        if text.len() > Self::BYTES_MAX {
            return Err(serde_json::Error::custom("it is larger than 256 KiB"));
        }
        let annotation: Self = serde_json::from_str(text)?;
        if annotation.schema > Self::SCHEMA {
            return Err(serde_json::Error::custom("it is of a later schema; update pkg"));
        }
        annotation.check().map_err(serde_json::Error::custom)?;
        Ok(annotation)
    }

    /// Refuses what no formula could say.
    pub fn check(&self) -> Result<(), Unsound> {
        if Version::parse(&self.version, Scheme::Loose).is_err() {
            return Err(Unsound::new("its version is not one".to_owned()));
        }
        sound::check_sound(&self.expose, &self.env, &self.setup)?;
        sound::check_place(self)?;
        self.relocations.check()
    }
}

/// Whether a value is left out of JSON.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Relocation, relocation::Kind};

    fn with(relocations: &serde_json::Value) -> Result<Annotation, serde_json::Error> {
        let text = json!({
            "schema": 1, "name": "foo", "version": "1.0", "relocations": relocations,
        });
        Annotation::parse(&text.to_string())
    }

    #[test]
    fn what_is_written_reads_back() {
        let relocations = Relocations::List(vec![Relocation {
            path: "bin/foo".to_owned(),
            kind: Kind::Elf,
            offsets: vec![8, 512],
        }]);
        let mut annotation = with(&json!([])).unwrap();
        assert_eq!(annotation.relocations, Relocations::default());
        annotation.relocations = relocations;
        let text = serde_json::to_string(&annotation).unwrap();
        let wanted = r#"[{"path":"bin/foo","kind":"elf","offsets":[8,512]}]"#;
        assert!(text.contains(wanted), "{text}");
        assert!(!text.contains("expose"), "what is empty is left out: {text}");
        assert_eq!(Annotation::parse(&text).unwrap(), annotation);
    }

    #[test]
    fn how_it_is_linked_is_told_where_there_is_something_to_tell() {
        let text = json!({
            "schema": 1, "name": "foo", "version": "1.0", "slot": "1", "keg_only": "the system's",
            "conflicts": {"bar": "both are `foo`"}, "external_links": ["/etc/ssl/certs"],
        });
        let annotation = Annotation::parse(&text.to_string()).unwrap();
        assert_eq!(annotation.slot.as_deref(), Some("1"));
        assert_eq!(annotation.keg_only.as_deref(), Some("the system's"));
        assert_eq!(annotation.conflicts[&Name::parse("bar").unwrap()], "both are `foo`");
        assert_eq!(annotation.external_links, ["/etc/ssl/certs"]);
        assert_eq!(serde_json::to_value(&annotation).unwrap(), {
            let mut text = text;
            let unset = json!({"revision": 0});
            text.as_object_mut().unwrap().extend(unset.as_object().unwrap().clone());
            text
        });
        let bare = serde_json::to_string(&with(&json!([])).unwrap()).unwrap();
        for key in ["slot", "keg_only", "conflicts", "external_links"] {
            assert!(!bare.contains(key), "{bare}");
        }
    }

    #[test]
    fn what_no_formula_could_say_of_its_place_is_refused() {
        let long = "x".repeat(1025);
        for (key, value, expect) in [
            ("slot", json!("../1"), "cannot name a slot"),
            ("slot", json!(""), "cannot name a slot"),
            ("keg_only", json!("a\u{1b}[2J"), "control character"),
            ("conflicts", json!({"bar": "a\u{1b}"}), "control character"),
            ("conflicts", json!({"../bar": "a"}), "../bar"),
            ("external_links", json!([""]), "not a target that a link can have"),
            ("external_links", json!([long]), "not a target that a link can have"),
            ("external_links", json!(["/etc\n"]), "control character"),
        ] {
            let mut said = json!({"schema": 1, "name": "foo", "version": "1.0"});
            said[key] = value.clone();
            let error = Annotation::parse(&said.to_string()).unwrap_err().to_string();
            assert!(error.contains(expect), "{key} = {value}: {error}");
        }
    }

    #[test]
    fn relocations_that_no_packer_would_write_are_refused() {
        let one =
            |path: &str, offsets: &[u64]| json!({"path": path, "kind": "text", "offsets": offsets});
        for (relocations, expect) in [
            (json!([one("../x", &[0])]), "is not a path inside the package"),
            (json!([one("/etc/passwd", &[0])]), "is not a path inside the package"),
            (json!([one("bin/", &[0])]), "is not a path inside the package"),
            (json!([one("a\u{1b}", &[0])]), "control character"),
            (json!([one("b", &[0]), one("a", &[0])]), "`a` is not in order"),
            (json!([one("a", &[0]), one("a", &[9])]), "`a` is not in order"),
            (json!([one("a", &[])]), "lists no offset"),
            (json!([one("a", &[9, 0])]), "offsets in `a` are not in order"),
            (json!([one("a", &[9, 9])]), "offsets in `a` are not in order"),
            (json!("elsewhere.json"), "`.pkg/relocations.json`"),
            (json!([{"path": "a", "kind": "exe", "offsets": [0]}]), "a list of relocations"),
            (json!([{"path": "a", "kind": "elf", "offsets": [-1]}]), "a list of relocations"),
        ] {
            let error = with(&relocations).unwrap_err().to_string();
            assert!(error.contains(expect), "{relocations}: {error}");
        }
        let elsewhere = with(&json!(".pkg/relocations.json")).unwrap().relocations;
        assert!(matches!(elsewhere, Relocations::File(_)));
    }
}
