//! What source archives say of themselves: Cargo.toml, package.json, PKG-INFO, pyproject.toml.

use serde::Deserialize;

/// What a file of metadata says of the package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) summary: Option<String>,
    pub(crate) homepage: Option<String>,
    pub(crate) license: Option<String>,
    /// Programs that are scripts: their names and paths.
    pub(crate) programs: Vec<(String, String)>,
    /// What runs them.
    pub(crate) interpreter: Option<&'static str>,
}

/// Files of metadata, the most telling first.
pub(crate) const FILES: &[&str] = &["Cargo.toml", "package.json", "PKG-INFO", "pyproject.toml"];

/// Reads a file of metadata by its name; what cannot be read says nothing.
pub(crate) fn read(file: &str, text: &str) -> Metadata {
    let metadata = match file {
        "Cargo.toml" => cargo(text),
        "package.json" => npm(text),
        "pyproject.toml" => pyproject(text),
        _ => Some(python(text)),
    };
    let metadata = metadata.unwrap_or_default();
    let one_line = |text: String| Some(text.split_whitespace().collect::<Vec<_>>().join(" "));
    let summary = metadata.summary.and_then(one_line).map(|text| first_sentence(&text).to_owned());
    let is_page = |url: &String| url.starts_with("https://") || url.starts_with("http://");
    let is_license = |text: &String| spdx::Expression::parse(text).is_ok();
    Metadata {
        license: metadata.license.filter(is_license),
        summary: summary.filter(|text| !text.is_empty()),
        homepage: metadata.homepage.filter(is_page),
        ..metadata
    }
}

/// As much of a description as a line has room for.
pub(super) fn first_sentence(text: &str) -> &str {
    let text = text.trim();
    let end = text.find(". ").unwrap_or(text.len());
    text[..end].trim_end_matches('.')
}

fn cargo(text: &str) -> Option<Metadata> {
    #[derive(Deserialize)]
    struct Manifest {
        package: Package,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: Option<toml::Value>,
        description: Option<toml::Value>,
        homepage: Option<toml::Value>,
        repository: Option<toml::Value>,
        license: Option<toml::Value>,
    }
    let package = toml::from_str::<Manifest>(text).ok()?.package;
    // What a workspace says is a table here.
    let text =
        |value: Option<toml::Value>| value.and_then(|value| value.as_str().map(str::to_owned));
    Some(Metadata {
        name: Some(package.name),
        version: text(package.version),
        summary: text(package.description),
        homepage: text(package.homepage).or(text(package.repository)),
        license: text(package.license).map(|license| license.replace('/', " OR ")),
        ..Metadata::default()
    })
}

fn npm(text: &str) -> Option<Metadata> {
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: Option<String>,
        description: Option<String>,
        homepage: Option<String>,
        license: Option<serde_json::Value>,
        bin: Option<serde_json::Value>,
    }
    let package: Package = serde_json::from_str(text).ok()?;
    let path = |value: &serde_json::Value| {
        value.as_str().map(|path| path.trim_start_matches("./").to_owned())
    };
    let short = package.name.rsplit('/').next().unwrap_or(&package.name).to_owned();
    let programs = match &package.bin {
        Some(serde_json::Value::Object(map)) => {
            map.iter().filter_map(|(name, value)| Some((name.clone(), path(value)?))).collect()
        }
        Some(one) => path(one).map(|path| (short.clone(), path)).into_iter().collect(),
        None => Vec::new(),
    };
    Some(Metadata {
        name: Some(short),
        version: package.version,
        summary: package.description,
        homepage: package.homepage,
        license: package.license.and_then(|license| license.as_str().map(str::to_owned)),
        interpreter: (!programs.is_empty()).then_some("node"),
        programs,
    })
}

/// The headers of a Python package.
fn python(text: &str) -> Metadata {
    let field = |name: &str| {
        let mut lines = text.lines().take_while(|line| !line.is_empty());
        let found = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        found
            .map(str::trim)
            .filter(|text| !text.is_empty() && *text != "UNKNOWN")
            .map(str::to_owned)
    };
    Metadata {
        name: field("Name"),
        version: field("Version"),
        summary: field("Summary"),
        homepage: field("Home-page"),
        license: field("License-Expression").or_else(|| field("License")),
        ..Metadata::default()
    }
}

fn pyproject(text: &str) -> Option<Metadata> {
    #[derive(Deserialize)]
    struct Manifest {
        project: Project,
    }
    #[derive(Deserialize)]
    struct Project {
        name: String,
        version: Option<String>,
        description: Option<String>,
        license: Option<toml::Value>,
    }
    let project = toml::from_str::<Manifest>(text).ok()?.project;
    Some(Metadata {
        name: Some(project.name),
        version: project.version,
        summary: project.description,
        license: project.license.and_then(|license| license.as_str().map(str::to_owned)),
        ..Metadata::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_registry_says_it_in_its_own_way() {
        let check = |file: &str, text: &str, expect: (&str, &str, &str)| {
            let metadata = read(file, text);
            let or = |text: Option<String>| text.unwrap_or_default();
            let found = (or(metadata.name), or(metadata.summary), or(metadata.license));
            assert_eq!((found.0.as_str(), found.1.as_str(), found.2.as_str()), expect, "{file}");
        };
        check(
            "Cargo.toml",
            "[package]\nname = 'x'\ndescription = 'A\n  thing.'\nlicense = 'MIT/Apache-2.0'"
                .replace("'A\n  thing.'", "'''A\n  thing.'''")
                .as_str(),
            ("x", "A thing", "MIT OR Apache-2.0"),
        );
        check(
            "package.json",
            r#"{"name": "@a/x", "description": "A thing", "license": "ISC", "bin": "./x.js"}"#,
            ("x", "A thing", "ISC"),
        );
        check(
            "PKG-INFO",
            "Metadata-Version: 2.1\nName: x\nSummary: A thing\nLicense-Expression: MIT\n\nName: y",
            ("x", "A thing", "MIT"),
        );
        check("PKG-INFO", "Name: x\nLicense: MIT\n", ("x", "", "MIT"));
        check("PKG-INFO", "Name: x\nLicense: The MIT License\n", ("x", "", ""));
        check(
            "pyproject.toml",
            "[project]\nname = 'x'\ndescription = 'A thing'\nlicense = {file = 'L'}",
            ("x", "A thing", ""),
        );
        check("Cargo.toml", "[workspace]", ("", "", ""));
        let npm = read("package.json", r#"{"name": "x", "bin": {"xx": "./lib/x.js"}}"#);
        assert_eq!(npm.programs, [("xx".to_owned(), "lib/x.js".to_owned())]);
    }
}
