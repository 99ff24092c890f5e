//! A home with a registry of others beside it, and a shell in which their clients run.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use digest::Digest;

use super::{
    registry::Registry,
    tree::{self, Tree},
};
use crate::support::Sandbox;

/// Where a test sits: its own home, and one registry.
pub(super) struct Desk {
    pub(super) sandbox: Sandbox,
    pub(super) registry: Registry,
}

impl Desk {
    /// A desk for each registry that is here.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        Registry::all().map(Self::at)
    }

    pub(super) fn at(registry: Registry) -> Self {
        let sandbox = Sandbox::new();
        // A terminal shows no meter when curl's answer goes to it.
        sandbox.write("../.curlrc", "silent\nshow-error\n");
        Self { sandbox, registry }
    }

    /// `127.0.0.1:PORT`.
    pub(super) fn host(&self) -> &str {
        &self.registry.host
    }

    /// The working folder.
    pub(super) fn folder(&self) -> PathBuf {
        self.sandbox.home().join("desk")
    }

    /// A shell in the working folder, which finds the program and knows the registry's host.
    pub(super) fn shell(&self, script: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_pkg")).parent().unwrap();
        let path = env::var_os("PATH").unwrap_or_default();
        let path = [program.to_owned()].into_iter().chain(env::split_paths(&path));
        let mut command = Command::new("bash");
        command
            .args(["-eu", "-o", "pipefail", "-c", script])
            .env_clear()
            .env("HOME", self.sandbox.home())
            .env("PATH", env::join_paths(path).unwrap())
            .env("REGISTRY", self.host())
            .current_dir(self.folder())
            .stdin(Stdio::null());
        command
    }

    /// Runs a script to its good end; what it answered.
    #[track_caller]
    pub(super) fn sh(&self, script: &str) -> String {
        let output = self.shell(script).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        assert!(
            output.status.success(),
            "with {}: {script}\n{}\n{stdout}\n{stderr}",
            self.registry.kind,
            output.status
        );
        stdout
    }

    /// The digest of what a tag names, as the registry serves it.
    pub(super) fn digest(&self, repository: &str, tag: &str) -> String {
        Digest::sha256(self.manifest(repository, tag).as_bytes()).to_string()
    }

    /// The bytes of what a tag names.
    pub(super) fn manifest(&self, repository: &str, tag: &str) -> String {
        let types = [
            "oci.image.index.v1+json",
            "oci.image.manifest.v1+json",
            "docker.distribution.manifest.list.v2+json",
            "docker.distribution.manifest.v2+json",
        ];
        let accept = types.map(|name| format!("application/vnd.{name}")).join(", ");
        let url = format!("http://$REGISTRY/v2/{repository}/manifests/{tag}");
        self.sh(&format!("curl -f -H 'Accept: {accept}' {url}"))
    }

    /// Installs what `spec` names; the tree of its keg.
    #[track_caller]
    pub(super) fn install(&self, spec: &str, name: &str) -> Tree {
        self.sandbox.run(&format!("install {spec}")).ok();
        self.keg(name)
    }

    /// The tree of an installed package.
    #[track_caller]
    pub(super) fn keg(&self, name: &str) -> Tree {
        let keg = self.sandbox.run(&format!("prefix {name}")).ok().stdout;
        tree::read(Path::new(keg.trim()))
    }

    /// The tree of a folder of the desk.
    pub(super) fn tree(&self, folder: &str) -> Tree {
        tree::read(&self.folder().join(folder))
    }

    /// Writes a formula that takes version 1.0.0 from this registry; `pin` is its digest's line.
    pub(super) fn formula(&self, name: &str, source: &str, pin: &str) {
        self.sandbox.write(
            &format!("{name}.toml"),
            format!(
                "schema = 1\nname = \"{name}\"\nsummary = \"A test\"\nlicense = \"MIT\"\n\n\
                 [source]\n{source}\n\n[version.\"1.0.0\"]\n{pin}\n"
            ),
        );
    }
}
