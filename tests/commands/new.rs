//! `new`: what is told of a release, an archive, a folder and an artifact, and what is left.

use insta::assert_snapshot;
use test_registry::{Layer, Tree};

use super::bump::mirrored;
use crate::support::Sandbox;

const MIT: &str = include_str!("../../LICENSE-MIT");

/// A release's archive: a program that is a script, a page, completions and a license.
fn archive(name: &str) -> Tree {
    Tree::new()
        .file(&format!("{name}/tool"), "#!/bin/sh\necho tool 1.2.0\n", 0o755)
        .file(&format!("{name}/doc/tool.1"), ".TH tool 1\n", 0o644)
        .file(&format!("{name}/complete/tool.bash"), "complete tool\n", 0o644)
        .file(&format!("{name}/complete/_tool"), "#compdef tool\n", 0o644)
        .file(&format!("{name}/LICENSE"), MIT, 0o644)
        .file(&format!("{name}/install.sh"), "#!/bin/sh\n", 0o755)
}

/// Source code with a configure script.
fn source() -> Tree {
    Tree::new()
        .file("hello-2.10/configure", "#!/bin/sh\n", 0o755)
        .file("hello-2.10/Makefile.in", "all:\n", 0o644)
        .file("hello-2.10/COPYING", "GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007\n", 0o644)
}

/// The files of release 1.2.0 of acme/tool.
fn released(sandbox: &Sandbox) {
    mirrored(sandbox);
    let assets = [
        "x86_64-unknown-linux-musl.tar.gz",
        "aarch64-apple-darwin.tar.gz",
        "x86_64-pc-windows-msvc.zip",
    ];
    for end in assets {
        let stem = end.trim_end_matches(".tar.gz").trim_end_matches(".zip");
        let bytes = archive(&format!("tool-1.2.0-{stem}")).tar_gzip();
        let path = format!("/site/acme/tool/releases/download/v1.2.0/tool-1.2.0-{end}");
        sandbox.registry().file(&path, bytes);
    }
}

/// What GitHub says of acme/tool and its releases.
fn described(sandbox: &Sandbox) {
    let names = [
        "x86_64-unknown-linux-musl.tar.gz",
        "aarch64-apple-darwin.tar.gz",
        "x86_64-pc-windows-msvc.zip",
    ];
    let assets: Vec<_> = names
        .iter()
        .flat_map(|end| [format!("tool-1.2.0-{end}"), format!("tool-1.2.0-{end}.sha256")])
        .map(|name| serde_json::json!({ "name": name }))
        .collect();
    let release = serde_json::json!({
        "tag_name": "v1.2.0",
        "published_at": "2026-08-15T10:00:00Z",
        "assets": assets,
    });
    let about = serde_json::json!({
        "description": "A tool of tools. It does more.",
        "homepage": "https://tool.example.org",
        "license": { "spdx_id": "MIT" },
    });
    let registry = sandbox.registry();
    registry.file("/api/repos/acme/tool/releases", serde_json::json!([release]).to_string());
    registry.file("/api/repos/acme/tool/releases/tags/v1.2.0", release.to_string());
    registry.file("/api/repos/acme/tool", about.to_string());
}

#[test]
fn a_repository_leads_to_its_newest_release() {
    let sandbox = Sandbox::new();
    released(&sandbox);
    described(&sandbox);
    assert_snapshot!(sandbox.run("new https://github.com/acme/tool"), @r#"
    exit 0
    --- stdout
    schema   = 1
    name     = "tool"
    summary  = "A tool of tools"
    homepage = "https://tool.example.org"
    license  = "MIT"

    [source]
    github = "acme/tool"
    tag    = "v{version}"
    asset  = "tool-{version}-{triple}.{ext}"

    [vars.ext]
    "*"     = "tar.gz"
    windows = "zip"

    [expose]
    bin = ["tool"]
    man = ["doc/tool.1"]

    [expose.completions]
    bash = "complete/tool.bash"
    zsh  = "complete/_tool"

    [test]
    run    = "tool --version"
    expect = "{version}"

    [version."1.2.0"]
    date          = 2026-08-15
    linux-amd64   = "sha256:[DIGEST]"
    macos-arm64   = "sha256:[DIGEST]"
    windows-amd64 = "sha256:[DIGEST]"
    --- stderr
    name         tool (the files begin with it)
    version      1.2.0 (the tag has it)
    summary      A tool of tools (the repository says so)
    license      MIT (the repository says so)
    github       acme/tool (the address is a release's)
    tag          v{version} (tokens for what changes)
    asset        tool-{version}-{triple}.{ext} (tokens for what changes)
    platforms    linux-amd64 macos-arm64 windows-amd64 (the names of the files and the programs in them)
    bin          tool (the programs in the archive)
    man          doc/tool.1 (their names end like pages of the manual)
    completions  bash: complete/tool.bash (names and folders)
    completions  zsh: complete/_tool (names and folders)
    to fill in: `[test]`: whether the command prints its version
    "#);
    assert_snapshot!(sandbox.run("new https://github.com/acme/tool -o tool.toml"), @r"
    exit 0
    --- stderr
    name         tool (the files begin with it)
    version      1.2.0 (the tag has it)
    summary      A tool of tools (the repository says so)
    license      MIT (the repository says so)
    github       acme/tool (the address is a release's)
    tag          v{version} (tokens for what changes)
    asset        tool-{version}-{triple}.{ext} (tokens for what changes)
    platforms    linux-amd64 macos-arm64 windows-amd64 (the names of the files and the programs in them)
    bin          tool (the programs in the archive)
    man          doc/tool.1 (their names end like pages of the manual)
    completions  bash: complete/tool.bash (names and folders)
    completions  zsh: complete/_tool (names and folders)
    to fill in: `[test]`: whether the command prints its version
    Wrote tool.toml
    hint: `pkg check tool.toml` says what is missing
    ");
    assert_snapshot!(sandbox.run("check tool.toml"), @r"
    exit 0
    --- stderr
    Checked 1 formula
    ");
    sandbox.run("fmt --check tool.toml").ok();
    sandbox.run("check --fetch tool.toml").ok();
    sandbox.run("install ./tool.toml").ok();
    assert!(sandbox.prefix("bin/tool").is_file());
    assert!(sandbox.prefix("share/man/man1/tool.1").is_file());
    assert_snapshot!(sandbox.run("new https://github.com/acme/tool -o tool.toml"), @r"
    exit 1
    --- stderr
    error: `tool.toml` is there already

    hint: `pkg bump` adds a version to a formula
    ");
}

#[test]
fn a_file_of_a_release_leads_to_the_others() {
    let sandbox = Sandbox::new();
    released(&sandbox);
    let url = "https://github.com/acme/tool/releases/download/v1.2.0/tool-1.2.0-x86_64-unknown-linux-musl.tar.gz";
    let json = sandbox.run(&format!("new {url} --json")).ok().json();
    let text = json["text"].as_str().unwrap();
    assert!(text.contains("asset  = \"tool-{version}-{triple}.{ext}\""), "{text}");
    let keys: Vec<_> = text.lines().filter_map(|line| line.split_once("= \"sha256:")).collect();
    let keys: Vec<_> = keys.iter().map(|(key, _)| key.trim()).collect();
    assert_eq!(keys, ["linux-amd64", "macos-arm64", "windows-amd64"]);
    let asked = sandbox.registry().requests_to("HEAD *").len();
    assert!((10..160).contains(&asked), "{asked}");
}

#[test]
fn source_code_gets_the_usual_steps() {
    let sandbox = Sandbox::new();
    sandbox.registry().file("/pub/hello-2.10.tar.gz", source().tar_gzip());
    let url = sandbox.registry().url("/pub/hello-2.10.tar.gz");
    assert_snapshot!(sandbox.run(&format!("new {url}")), @r#"
    exit 0
    --- stdout
    schema     = 1
    name       = "hello"
    summary    = "…"  # what it is, in a few words
    license    = "…"  # GPL-3.0-only or GPL-3.0-or-later, see `COPYING`
    versioning = "loose"

    [source]
    http = "http://[HOST]/pub/hello-{version}.tar.gz"

    [build]
    steps = [
      "./configure --prefix={keg}",
      "make -j{jobs}",
      "make install DESTDIR={out}",
    ]

    [test]
    run    = "hello --version"  # is there such a command?
    expect = "{version}"

    [version."2.10"]
    source = "sha256:[DIGEST]"
    --- stderr
    name        hello (the file begins with it)
    version     2.10 (the file's name has it)
    versioning  loose (the version is not SemVer)
    http        http://[HOST]/pub/hello-{version}.tar.gz (tokens for what changes)
    build       a configure script (the archive has `configure` and no programs)
    to fill in: `[test]`: whether there is such a command
    to fill in: `summary`: what it is, in a few words
    to fill in: `license`: GPL-3.0-only or GPL-3.0-or-later, see `COPYING`
    to fill in: `date`: the day of the release
    "#);
}

#[test]
fn a_formula_to_fill_in_is_not_right_before_it_is_filled_in() {
    let sandbox = Sandbox::new();
    sandbox.registry().file("/pub/hello-2.10.tar.gz", source().tar_gzip());
    let url = sandbox.registry().url("/pub/hello-2.10.tar.gz");
    sandbox.run(&format!("new {url} -o hello.toml")).ok();
    let refused = sandbox.run("check hello.toml");
    assert!(refused.code == 1 && refused.stdout.contains("error[F011]"), "{refused}");
    let path = sandbox.home().join("desk/hello.toml");
    let text = fs_err::read_to_string(&path).unwrap();
    let text = text.replace("license    = \"…\"", "license = \"GPL-3.0-or-later\"");
    fs_err::write(&path, &text).unwrap();
    let refused = sandbox.run("check hello.toml");
    assert!(refused.code == 1 && refused.stdout.contains("says nothing"), "{refused}");
    fs_err::write(&path, text.replace("summary    = \"…\"", "summary = \"Says hello\"")).unwrap();
    sandbox.run("check hello.toml").ok();
}

#[test]
fn a_folder_of_files_is_a_release_and_a_staged_one_is_not() {
    let sandbox = Sandbox::new();
    for platform in ["linux-amd64", "darwin-arm64"] {
        let bytes = archive(&format!("tool-{platform}")).tar_gzip();
        sandbox.write(&format!("dist/tool-2.0.0-{platform}.tar.gz"), bytes);
    }
    sandbox.write("dist/SHA256SUMS", "");
    assert_snapshot!(sandbox.run("new dist --name gadget"), @r#"
    exit 0
    --- stdout
    schema  = 1
    name    = "gadget"
    summary = "…"  # what it is, in a few words
    license = "MIT"

    [source]
    file = "dist/tool-{version}-{os:go}-{arch}.tar.gz"

    [expose]
    bin = ["tool"]
    man = ["doc/tool.1"]

    [expose.completions]
    bash = "complete/tool.bash"
    zsh  = "complete/_tool"

    [test]
    run    = "tool --version"
    expect = "{version}"

    [version."2.0.0"]
    linux-amd64 = "sha256:[DIGEST]"
    macos-arm64 = "sha256:[DIGEST]"
    --- stderr
    version      2.0.0 (the files' names have it)
    license      MIT (`LICENSE` says so)
    file         dist/tool-{version}-{os:go}-{arch}.tar.gz (tokens for what changes)
    platforms    linux-amd64 macos-arm64 (the names of the files and the programs in them)
    bin          tool (the programs in the archive)
    man          doc/tool.1 (their names end like pages of the manual)
    completions  bash: complete/tool.bash (names and folders)
    completions  zsh: complete/_tool (names and folders)
    to fill in: `[test]`: whether the command prints its version
    to fill in: `summary`: what it is, in a few words
    to fill in: `date`: the day of the release
    "#);
    sandbox.write("staged/bin/tool", "");
    assert_snapshot!(sandbox.run("new staged"), @r"
    exit 2
    --- stderr
    error: `staged` is a staged folder, not a release

    hint: `pkg pack staged --name NAME --version VERSION` packs it as it is
    ");
    sandbox.write("empty/README", "");
    assert_snapshot!(sandbox.run("new empty"), @r"
    exit 3
    --- stderr
    error: `empty` holds no archives and no programs of a release

    hint: the URL of a file works as well
    ");
}

#[test]
fn a_file_is_drafted_with_those_beside_it() {
    let sandbox = Sandbox::new();
    for name in ["tool-2.0.0-linux-amd64", "tool-2.0.0-darwin-arm64", "other-1.0.0"] {
        let bytes = archive(name).tar_gzip();
        sandbox.write(&format!("dist/{name}.tar.gz"), bytes);
    }
    let of_file = sandbox.run("new dist/tool-2.0.0-linux-amd64.tar.gz").ok();
    assert_eq!(of_file.stdout, sandbox.run("new dist").ok().stdout);
    let other = sandbox.run("new dist/other-1.0.0.tar.gz").ok().stdout;
    assert!(other.contains("file = \"dist/other-{version}.tar.gz\""), "{other}");
    assert_snapshot!(sandbox.run("new github.com/acme/tool"), @r"
    exit 3
    --- stderr
    error: cannot read `github.com/acme/tool`
      caused by: failed to read directory `github.com/acme/tool`: No such file or directory (os error 2)

    hint: the address of a release begins with `https://`, one of a registry with `oci://`
    ");
}

#[test]
fn an_artifact_is_pinned_by_its_index() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    for version in ["1.0.0", "1.1.0"] {
        registry.package("tool", version).file("bin/tool", version, 0o755).push();
    }
    let host = registry.host().to_owned();
    let output = sandbox.run(&format!("new oci://{host}/tool"));
    assert!(output.stdout.contains(registry.tag("tool", "1.1.0").unwrap().as_str()), "{output}");
    assert_snapshot!(output, @r#"
    exit 0
    --- stdout
    schema  = 1
    name    = "tool"
    summary = "…"  # what it is, in a few words
    license = "…"  # an SPDX expression, see spdx.org/licenses

    [source]
    oci = "[HOST]/tool"

    [test]
    run    = "tool --version"  # is there such a command?
    expect = "{version}"

    [version."1.1.0"]
    index = "sha256:[DIGEST]"
    --- stderr
    name       tool (the repository's name)
    version    1.1.0 (the tag has it)
    oci        [HOST]/tool (it is an artifact)
    tag        1.1.0 (the newest that is a version)
    platforms  linux/amd64 (the index lists them)
    to fill in: `[test]`: whether there is such a command, and it prints its version
    to fill in: `summary`: what it is, in a few words
    to fill in: `license`: an SPDX expression, see spdx.org/licenses
    to fill in: `date`: the day of the release
    "#);
    registry.push_artifact(
        "notes",
        "v2.0.0",
        "text/plain",
        &[Layer::new("text/plain", "hello").title("notes.txt")],
    );
    let json = sandbox.run(&format!("new oci://{host}/notes:v2.0.0 --json")).ok().json();
    let text = json["text"].as_str().unwrap();
    assert!(text.contains("tag = \"v{version}\"") && text.contains("any = \"sha256:"), "{text}");
}

#[test]
fn what_cannot_be_drafted_is_said() {
    let sandbox = Sandbox::new();
    mirrored(&sandbox);
    assert_snapshot!(sandbox.run("new https://github.com/acme/none"), @r"
    exit 3
    --- stderr
    error: acme/none has no release

    hint: the URL of a file works as well
    ");
    let url = sandbox.registry().url("/none-1.0.tar.gz");
    assert_eq!(sandbox.run(&format!("new {url}")).code, 3);
    assert_snapshot!(sandbox.run("new https://github.com/acme/tool --name ../x"), @r"
    exit 2
    --- stderr
    error: `../x` cannot name a package
      caused by: `../x` is not a name: `.`, `_` and `-` stand alone, between letters or digits
    ");
    sandbox.registry().file("/tool-1.0.tar.gz", Tree::new().file("a\u{1}b", "", 0o644).tar_gzip());
    let url = sandbox.registry().url("/tool-1.0.tar.gz");
    assert_snapshot!(sandbox.run(&format!("new {url}")), @r"
    exit 1
    --- stderr
    error: cannot unpack tool-1.0.tar.gz
      caused by: the archive is refused for `a�b`: its name or target holds a control character (rule control-character); it must be made anew without that
    ");
}
