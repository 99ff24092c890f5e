//! `[mirror]`: a formula of the built-in tap, whose bytes come from somewhere else.

use insta::assert_snapshot;
use regex::Regex;
use test_registry::Tree;

use crate::support::{self, Sandbox};

/// What a release of `just` holds, in few bytes.
fn release() -> Tree {
    Tree::new()
        .file("just", "#!/bin/sh\necho just a test\n", 0o755)
        .file("just.1", ".TH just 1\n", 0o644)
        .file("completions/just.bash", "complete just\n", 0o644)
        .file("completions/just.zsh", "#compdef just\n", 0o644)
        .file("completions/just.fish", "complete -c just\n", 0o644)
}

/// Serves a release under the address that the formula has for each platform, behind a mirror.
fn mirrored(sandbox: &Sandbox) -> Tree {
    let (release, registry) = (release(), sandbox.registry());
    let mirror = registry.url("/github/");
    sandbox.config(&format!("[mirror]\n\"https://github.com/\" = \"{mirror}\"\n"));
    let info = sandbox.run("info core/just@1.58.0 --json").ok().json();
    let fetch = info["fetch"].as_array().unwrap();
    assert!(fetch.len() >= 4, "the formula has platforms: {info}");
    for place in fetch {
        let url = place["url"].as_str().unwrap();
        let path = url.strip_prefix("https://github.com/").unwrap();
        registry.file(&format!("/github/{path}"), release.tar_gzip());
    }
    release
}

#[test]
fn other_bytes_than_those_of_the_formula_are_refused() {
    let sandbox = Sandbox::new();
    drop(mirrored(&sandbox));
    let refused = sandbox.run("install just").to_string();
    let refused = Regex::new(r"just-1\.58\.0-\S+").unwrap().replace_all(&refused, "[ASSET]");
    assert_snapshot!(refused, @r"
    exit 6
    --- stderr
    error: cannot take sha256:[DIGEST] of `just` from https://github.com/casey/just/releases/download/1.58.0/[ASSET]
      caused by: cannot take the archive's bytes
      caused by: [HOST] does not send what was asked for
      caused by: the 260 bytes received for sha256:[DIGEST] have the digest sha256:[DIGEST]
    ");
    assert_snapshot!(sandbox.run("list"), @r"
    exit 0
    --- stderr
    nothing is installed
    ");
}

#[test]
fn the_bytes_of_the_formula_are_installed() {
    let sandbox = Sandbox::new();
    let release = mirrored(&sandbox);
    let digest = digest::Digest::sha256(&release.tar_gzip());
    let formula = fs_err::read_to_string(support::workspace().join("formulas/just.toml")).unwrap();
    let pinned = Regex::new("sha256:[0-9a-f]{64}").unwrap();
    sandbox.write("../test/just.toml", &*pinned.replace_all(&formula, digest.as_str()));
    sandbox.run("tap add ../test").ok();
    assert_snapshot!(sandbox.run("install test/just@1.58.0"), @r#"
    exit 0
    --- stderr
    Installed just 1.58.0 from test
    Linked just in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
    assert_eq!(sandbox.says("bin/just"), "just a test\n");
    for path in ["share/man/man1/just.1", "share/zsh/site-functions/_just"] {
        assert!(sandbox.prefix(path).is_file(), "{path}");
    }
    assert_eq!(sandbox.registry().requests().len(), 1);
}

#[test]
fn a_plan_tells_what_a_server_would_send() {
    let sandbox = Sandbox::new();
    let archive = Tree::new().file("bin/tool", "#!/bin/sh\n", 0o755).tar_gzip();
    let digest = digest::Digest::sha256(&archive);
    let size = archive.len();
    sandbox.registry().file("/tool-1.0.0.tar.gz", archive);
    let url = sandbox.registry().url("/{name}-{version}.tar.gz");
    let formula = format!(
        "schema = 1\nname = \"tool\"\nsummary = \"A tool\"\nlicense = \"MIT\"\n\n\
         [source]\nhttp = \"{url}\"\n\n[version.\"1.0.0\"]\nany = \"{digest}\"\n"
    );
    sandbox.write("tool.toml", formula);
    let plan = sandbox.run("install ./tool.toml --dry-run --json").ok().json();
    assert_eq!(plan["steps"][0]["download_bytes"], size);
    let plan = sandbox.run("--offline install ./tool.toml --dry-run --json").ok().json();
    assert!(plan["steps"][0]["download_bytes"].is_null());
    sandbox.run("install ./tool.toml").ok();
    let plan = sandbox.run("reinstall tool --dry-run --json").ok().json();
    assert_eq!(plan["steps"][0]["download_bytes"], 0);
}
