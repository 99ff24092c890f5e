//! A formula of a test in few words: each version is a package in the sandbox's registry.

use std::fmt::Write as _;

use test_registry::Package;

use super::Sandbox;

/// A formula; every call writes its file anew.
pub(crate) struct Recipe<'a> {
    sandbox: &'a Sandbox,
    name: String,
    head: String,
    tables: String,
    versions: String,
}

impl<'a> Recipe<'a> {
    pub(super) fn new(sandbox: &'a Sandbox, name: &str) -> Self {
        let head = format!(
            "schema = 1\nname = \"{name}\"\nsummary = \"The {name} of a test\"\nlicense = \"MIT\"\n"
        );
        let host = sandbox.registry().host();
        let tables = format!("\n[source]\noci = \"{host}/{name}\"\n");
        let name = name.to_owned();
        Self { sandbox, name, head, tables, versions: String::new() }.written()
    }

    /// Adds a key above the tables, as TOML.
    pub(crate) fn key(mut self, line: &str) -> Self {
        writeln!(self.head, "{line}").unwrap();
        self.written()
    }

    /// Adds a table, as TOML.
    pub(crate) fn table(mut self, text: &str) -> Self {
        writeln!(self.tables, "\n{text}").unwrap();
        self.written()
    }

    /// Needs another formula; the only table of this kind holds all of them.
    pub(crate) fn depends(self, lines: &str) -> Self {
        self.table(&format!("[depends]\n{lines}"))
    }

    /// Adds a version whose only program, named as the formula, prints name and version.
    pub(crate) fn version(self, version: &str) -> Self {
        let path = format!("bin/{}", self.name);
        let script = format!("#!/bin/sh\necho {} {version}\n", self.name);
        self.package(version, |package| package.file(&path, script, 0o755))
    }

    /// Adds a version that holds what `fill` puts into it.
    pub(crate) fn package(
        mut self,
        version: &str,
        fill: impl FnOnce(Package<'a>) -> Package<'a>,
    ) -> Self {
        let package = self.sandbox.registry().package(&self.name, version);
        let published = fill(package).push();
        let digest = &published.manifests[0];
        writeln!(self.versions, "\n[version.\"{version}\"]\nany = \"{digest}\"").unwrap();
        self.written()
    }

    /// Adds what stands at the end of the file: a key of the last version, or a whole one.
    pub(crate) fn also(mut self, line: &str) -> Self {
        writeln!(self.versions, "{line}").unwrap();
        self.written()
    }

    fn written(self) -> Self {
        let text = format!("{}{}{}", self.head, self.tables, self.versions);
        self.sandbox.write(&format!("../test/{}.toml", self.name), text);
        self
    }
}
