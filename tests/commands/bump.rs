//! `bump`: where a new version is found, which digests it gets, and what is said of it.

use digest::Digest;
use insta::assert_snapshot;

use crate::support::Sandbox;

const RELEASES: &str = r#"[
    {"tag_name": "v3.0.0-rc.1", "draft": false, "prerelease": true, "published_at": "2026-09-01T10:00:00Z", "assets": []},
    {"tag_name": "v9.0.0", "draft": true, "prerelease": false, "published_at": null, "assets": []},
    {"tag_name": "nightly", "prerelease": false, "published_at": "2026-09-02T10:00:00Z", "assets": []},
    {"tag_name": "v1.9.0", "prerelease": false, "published_at": "2026-08-01T10:00:00Z", "assets": []},
    {"tag_name": "v1.10.0", "prerelease": false, "published_at": "2026-08-15T10:00:00Z", "assets": []}
]"#;

/// Everything under github.com and its API comes from the registry's files.
pub(super) fn mirrored(sandbox: &Sandbox) {
    let (site, api) = (sandbox.registry().url("/site/"), sandbox.registry().url("/api/"));
    sandbox.config(&format!(
        "[mirror]\n\"https://github.com/\" = \"{site}\"\n\"https://api.github.com/\" = \"{api}\"\n"
    ));
}

fn digest(text: &str) -> Digest {
    Digest::sha256(text.as_bytes())
}

/// A formula with a release on GitHub for three platforms.
fn released(sandbox: &Sandbox, rest: &str) {
    mirrored(sandbox);
    let digest = digest("old");
    sandbox.write(
        "tool.toml",
        format!(
            "schema  = 1\nname    = \"tool\"\nsummary = \"An example\"\nlicense = \"MIT\"\n\n\
             [source]\ngithub = \"acme/tool\"\ntag    = \"v{{version}}\"\n\
             asset  = \"tool-{{os}}-{{arch}}.tar.gz\"\n{rest}\n\
             # Newest first.\n\n[version.\"1.9.0\"]\ndate        = 2026-08-01\n\
             linux-amd64 = \"{digest}\"\nlinux-arm64 = \"{digest}\"\nmacos-arm64 = \"{digest}\"\n"
        ),
    );
    let registry = sandbox.registry();
    registry.file("/api/repos/acme/tool/releases", RELEASES);
    for key in ["linux-amd64", "linux-arm64"] {
        let path = format!("/site/acme/tool/releases/download/v1.10.0/tool-{key}.tar.gz");
        registry.file(&path, format!("new {key}"));
    }
}

fn text(sandbox: &Sandbox) -> String {
    fs_err::read_to_string(sandbox.home().join("desk/tool.toml")).unwrap()
}

#[test]
fn a_release_is_found_and_every_platform_looked_at() {
    let sandbox = Sandbox::new();
    released(&sandbox, "");
    let before = text(&sandbox);
    assert_snapshot!(sandbox.run("bump tool.toml --dry-run"), @r"
    exit 0
    --- stderr
    linux-amd64  sha256:[DIGEST]  https://github.com/acme/tool/releases/download/v1.10.0/tool-linux-amd64.tar.gz
    linux-arm64  sha256:[DIGEST]  https://github.com/acme/tool/releases/download/v1.10.0/tool-linux-arm64.tar.gz
    warning: 1.10.0 has nothing for macos-arm64 any more
    would add tool 1.10.0, after 1.9.0
    ");
    assert_eq!(text(&sandbox), before);
    assert_snapshot!(sandbox.run("bump tool.toml"), @r"
    exit 0
    --- stderr
    linux-amd64  sha256:[DIGEST]  https://github.com/acme/tool/releases/download/v1.10.0/tool-linux-amd64.tar.gz
    linux-arm64  sha256:[DIGEST]  https://github.com/acme/tool/releases/download/v1.10.0/tool-linux-arm64.tar.gz
    warning: 1.10.0 has nothing for macos-arm64 any more
    Bumped tool 1.9.0 -> 1.10.0 in tool.toml
    ");
    let after = text(&sandbox);
    let below = &after[after.find("# Newest").unwrap()..];
    let below = below.replace(digest("new linux-amd64").as_str(), "sha256:AMD");
    assert_snapshot!(below.replace(digest("new linux-arm64").as_str(), "sha256:ARM").replace(digest("old").as_str(), "sha256:OLD"), @r#"
    # Newest first.

    [version."1.10.0"]
    date        = 2026-08-15
    linux-amd64 = "sha256:AMD"
    linux-arm64 = "sha256:ARM"

    [version."1.9.0"]
    date        = 2026-08-01
    linux-amd64 = "sha256:OLD"
    linux-arm64 = "sha256:OLD"
    macos-arm64 = "sha256:OLD"
    "#);
    assert_snapshot!(sandbox.run("bump tool.toml"), @r"
    exit 0
    --- stderr
    tool 1.10.0 is the newest
    ");
    sandbox.run("check tool.toml").ok();
    sandbox.run("fmt --check tool.toml").ok();
}

#[test]
fn the_answer_is_one_document() {
    let sandbox = Sandbox::new();
    released(&sandbox, "");
    let json = sandbox.run("bump tool.toml --json").ok().json();
    assert_eq!((json["from"].as_str(), json["version"].as_str()), (Some("1.9.0"), Some("1.10.0")));
    assert_eq!(
        (json["date"].as_str(), &json["vanished"][0]),
        (Some("2026-08-15"), &"macos-arm64".into())
    );
    assert_eq!(json["pins"][0]["digest"], digest("new linux-amd64").as_str());
    assert!(sandbox.run("bump tool.toml --json").ok().json()["version"].is_null());
}

#[test]
fn a_version_that_is_named_is_not_looked_for() {
    let sandbox = Sandbox::new();
    released(&sandbox, "");
    assert_snapshot!(sandbox.run("bump tool.toml 1.9.0"), @r"
    exit 1
    --- stderr
    error: version `1.9.0` is in the formula already

    hint: a rebuild of the same version raises `revision`
    ");
    assert_snapshot!(sandbox.run("bump tool.toml 2.0.0"), @r"
    exit 3
    --- stderr
    error: version 2.0.0 has nothing that the formula names; not even https://github.com/acme/tool/releases/download/v2.0.0/tool-linux-amd64.tar.gz
    ");
    assert_snapshot!(sandbox.run("bump tool.toml two"), @r"
    exit 2
    --- stderr
    error: `two` cannot be a version of this formula
      caused by: version `two` is not SemVer
    ");
    sandbox.run("bump tool.toml 1.10.0").ok();
    assert!(sandbox.registry().requests_to("/api/repos/acme/tool/releases?*").is_empty());
}

#[test]
fn a_prerelease_follows_only_a_prerelease() {
    let sandbox = Sandbox::new();
    released(&sandbox, "");
    let text = text(&sandbox).replace("1.9.0", "3.0.0-beta.1");
    sandbox.write("tool.toml", text);
    for key in ["linux-amd64", "linux-arm64", "macos-arm64"] {
        let path = format!("/site/acme/tool/releases/download/v3.0.0-rc.1/tool-{key}.tar.gz");
        sandbox.registry().file(&path, "rc");
    }
    let json = sandbox.run("bump tool.toml --json").ok().json();
    assert_eq!(json["version"], "3.0.0-rc.1");
}

#[test]
fn checksums_are_compared_with_what_was_downloaded() {
    let sandbox = Sandbox::new();
    let sums = "https://github.com/acme/tool/releases/download/{tag}/SHA256SUMS";
    released(&sandbox, &format!("\n[update]\nsums = \"{sums}\"\n"));
    let (amd, arm) = (digest("new linux-amd64"), digest("another"));
    let path = "/site/acme/tool/releases/download/v1.10.0/SHA256SUMS";
    let line = |digest: &Digest, key: &str| format!("{}  tool-{key}.tar.gz\n", digest.encoded());
    sandbox.registry().file(path, line(&amd, "linux-amd64"));
    let json = sandbox.run("bump tool.toml --dry-run --json").ok();
    assert_eq!(json.json()["pins"][0]["summed"], true);
    assert_eq!(json.json()["pins"][1]["summed"], false);
    assert!(json.stderr.contains("names no `tool-linux-arm64.tar.gz`"), "{json}");
    let both = line(&amd, "linux-amd64") + &line(&arm, "linux-arm64");
    sandbox.registry().file(path, both);
    assert_snapshot!(sandbox.run("bump tool.toml"), @r"
    exit 6
    --- stderr
    error: https://github.com/acme/tool/releases/download/v1.10.0/tool-linux-arm64.tar.gz has the digest sha256:[DIGEST], and https://github.com/acme/tool/releases/download/v1.10.0/SHA256SUMS says sha256:[DIGEST]
    ");
    assert!(!text(&sandbox).contains("1.10.0"));
}

#[test]
fn a_page_a_registry_or_nothing_says_what_is_new() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let formula = |source: &str, pin: &str| {
        format!(
            "schema = 1\nname = \"tool\"\nsummary = \"An example\"\nlicense = \"MIT\"\n{source}\n\
             [version.\"1.0.0\"]\n{pin}\n"
        )
    };
    let any = format!("any = \"{}\"", digest("old"));
    registry.file(
        "/list.html",
        "<a href=tool-1.0.0.tgz><a href=tool-1.2.0.tgz><a href=tool-1.10.0.tgz>",
    );
    registry.file("/tool-1.10.0.tgz", "new");
    let (url, page) = (registry.url("/tool-{version}.tgz"), registry.url("/list.html"));
    let source = format!(
        "[source]\nhttp = \"{url}\"\n[update]\nurl = \"{page}\"\nmatch = 'tool-([0-9.]+)\\.tgz'"
    );
    sandbox.write("tool.toml", formula(&source, &any));
    assert_snapshot!(sandbox.run("bump tool.toml"), @r"
    exit 0
    --- stderr
    any  sha256:[DIGEST]  http://[HOST]/tool-1.10.0.tgz
    hint: nothing says when it was released: add `date`
    Bumped tool 1.0.0 -> 1.10.0 in tool.toml
    ");

    // Twelve digits at the end are a day and an hour here, and not the beginning of a digest.
    for version in ["1.0.0", "1.1.0", "1.1.202605011230"] {
        registry.package("tool", version).file("bin/tool", version, 0o755).push();
    }
    let oci = format!("[source]\noci = \"{}/tool\"", registry.host());
    let index = format!("index = \"{}\"", digest("old"));
    sandbox.write("tool.toml", formula(&oci, &index));
    let newest = registry.tag("tool", "1.1.202605011230").unwrap();
    assert_eq!(
        sandbox.run("bump tool.toml --json").ok().json()["pins"][0]["digest"],
        newest.as_str()
    );
    assert!(text(&sandbox).contains(&format!("index = \"{newest}\"")));

    sandbox.write("tool.toml", formula(&format!("[source]\nhttp = \"{url}\""), &any));
    assert_snapshot!(sandbox.run("bump tool.toml"), @r"
    exit 1
    --- stderr
    error: nothing says where new versions are

    hint: `[update]` says it, or name the version: `pkg bump FILE VERSION`
    ");
    sandbox.run("bump tool.toml 1.10.0").ok();
}

#[test]
fn a_tag_that_the_template_does_not_give_is_written_out() {
    let sandbox = Sandbox::new();
    released(&sandbox, "\n[update]\nmatch = '^(?:release-)?v?([0-9]+\\.[0-9]+\\.[0-9]+)$'\n");
    let releases = r#"[{"tag_name": "release-2.0.0", "published_at": "2026-09-01T10:00:00Z"}]"#;
    sandbox.registry().file("/api/repos/acme/tool/releases", releases);
    let path = "/site/acme/tool/releases/download/release-2.0.0/tool-linux-amd64.tar.gz";
    sandbox.registry().file(path, "two");
    sandbox.run("bump tool.toml").ok();
    assert!(text(&sandbox).contains("tag         = \"release-2.0.0\""), "{}", text(&sandbox));
}

#[test]
fn a_tap_keeps_as_many_versions_as_it_says() {
    let sandbox = Sandbox::new();
    released(&sandbox, "");
    sandbox.write("tap.toml", "name = \"acme\"\nkeep = 1\n");
    let said = sandbox.run("bump tool.toml").ok();
    assert!(said.stderr.contains("keeps fewer: 1.9.0"), "{said}");
    assert!(!text(&sandbox).contains("1.9.0"));
}
