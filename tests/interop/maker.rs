//! A maintainer: a tap whose only formula has an archive of its own folder for each platform.

use digest::Digest;
use serde_json::Value;
use test_registry::Tree;

use crate::support::Sandbox;

/// The folder `tap` of a home's desk, whose packages go below a place of a registry.
pub(super) struct Maker<'a> {
    sandbox: &'a Sandbox,
    /// `host/path`, below which the packages and the tap are.
    pub(super) base: String,
}

impl<'a> Maker<'a> {
    /// A tap without a version.
    pub(super) fn new(sandbox: &'a Sandbox, base: String) -> Self {
        sandbox.write("tap/tap.toml", format!("name = \"acme\"\nregistry = \"{base}\"\n"));
        sandbox.write(
            "tap/tool.toml",
            "schema = 1\nname = \"tool\"\nsummary = \"A test\"\nlicense = \"MIT\"\n\n\
             [source]\nfile = \"tool-{version}-{arch}.tar\"\n",
        );
        Self { sandbox, base }
    }

    /// Adds a version for Linux on these architectures.
    pub(super) fn version(&self, version: &str, folders: &[(&str, &Tree)]) {
        let formula = self.sandbox.home().join("desk/tap/tool.toml");
        let mut text = fs_err::read_to_string(&formula).unwrap();
        text.push_str(&format!("\n[version.\"{version}\"]\n"));
        for (architecture, folder) in folders {
            let archive = folder.tar();
            text.push_str(&format!("linux-{architecture} = \"{}\"\n", Digest::sha256(&archive)));
            self.sandbox.write(&format!("tap/tool-{version}-{architecture}.tar"), archive);
        }
        fs_err::write(formula, text).unwrap();
    }

    /// Publishes a version; what the program answers.
    #[track_caller]
    pub(super) fn publish(&self, version: &str, more: &str) -> Value {
        let words = format!("publish tap/tool.toml@{version} {more} --json");
        self.sandbox.run(&words).ok().json()
    }

    /// Publishes the tap; what the program answers.
    #[track_caller]
    pub(super) fn publish_tap(&self) -> Value {
        self.sandbox.run(&format!("tap publish tap {} --json", self.tap())).ok().json()
    }

    /// Where the tap is published.
    pub(super) fn tap(&self) -> String {
        format!("oci://{}/tap", self.base)
    }

    /// The digests of packages that the formula names.
    pub(super) fn named(&self) -> Vec<String> {
        let formula = self.sandbox.home().join("desk/tap/tool.toml");
        let text = fs_err::read_to_string(formula).unwrap();
        let named = text.lines().filter_map(|line| line.strip_prefix("package"));
        named.map(|rest| rest.trim_matches([' ', '=', '"']).to_owned()).collect()
    }
}

/// A folder with a program that says `word`.
pub(super) fn saying(word: &str) -> Tree {
    Tree::new().file("bin/tool", format!("#!/bin/sh\necho {word}\n"), 0o755)
}
