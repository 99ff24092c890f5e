//! What a maintainer does with packages: `pack`, `publish`, `promote`, `tap publish`.

use std::{
    fs::Permissions,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::PathBuf,
};

use digest::Digest;
use insta::assert_snapshot;
use serde_json::Value;
use test_registry::{TestRegistry, Tree};

use crate::support::Sandbox;

/// The platforms of the tool, as the formula has them.
const PLATFORMS: [&str; 2] = ["linux-amd64", "linux-arm64"];
/// The one of this machine.
pub(super) const OWN: &str = PLATFORMS[cfg!(target_arch = "aarch64") as usize];
/// The other one.
pub(super) const OTHER: &str = PLATFORMS[cfg!(not(target_arch = "aarch64")) as usize];

/// Writes the tap `acme` with the formula `tool`, whose archives say `word`.
pub(super) fn tap(sandbox: &Sandbox, word: &str) -> PathBuf {
    let host = sandbox.registry().host();
    sandbox.write("acme/tap.toml", format!("name = \"acme\"\nregistry = \"{host}/acme\"\n"));
    let digests = PLATFORMS.map(|platform| {
        let script = format!("#!/bin/sh\necho {word} of {platform}\n");
        let tree = Tree::new().file("bin/tool", script, 0o755).file("LICENSE", "MIT\n", 0o644);
        let archive = tree.tar_gzip();
        sandbox.write(&format!("acme/files/tool-{platform}.tar.gz"), &archive);
        format!("{platform} = \"{}\"", Digest::sha256(&archive))
    });
    sandbox.write(
        "acme/tool.toml",
        format!(
            "schema = 1\nname = \"tool\"\nsummary = \"The tool of a test\"\nlicense = \"MIT\"\n\n\
             [source]\nfile = \"files/tool-{{os}}-{{arch}}.tar.gz\" # beside it\n\n\
             # The first one.\n[version.\"1.2.3\"]\n{}\n",
            digests.join("\n")
        ),
    )
}

fn formula(sandbox: &Sandbox) -> String {
    fs_err::read_to_string(sandbox.home().join("desk/acme/tool.toml")).unwrap()
}

/// What was written to the registry until now.
fn writes(registry: &TestRegistry) -> Vec<String> {
    let writes =
        registry.requests().into_iter().filter(|it| !["GET", "HEAD"].contains(&&*it.method));
    writes.map(|it| format!("{} {}", it.method, it.path)).collect()
}

fn digests(packed: &Value) -> Vec<&str> {
    let packages = packed["packages"].as_array().unwrap();
    packages.iter().map(|package| package["digest"].as_str().unwrap()).collect()
}

#[test]
fn a_formula_is_packed_for_two_platforms_and_installed_from_the_layout() {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    let both = "pack acme/tool.toml --platform linux-amd64 --platform linux-arm64";
    assert_snapshot!(sandbox.run(&format!("{both} -o out")), @r"
    exit 0
    --- stdout
    oci:out:1.2.3
    --- stderr
    Packed tool 1.2.3 for linux-amd64 (989 B, 3 entries)
    Packed tool 1.2.3 for linux-arm64 (992 B, 3 entries)
    ");
    sandbox.run("install oci:out:1.2.3").ok();
    assert!(sandbox.says("bin/tool").starts_with("one of linux-"));

    let again =
        format!("cd acme && umask 077 && $pkg {} -o ../again --json", &both.replace("acme/", ""));
    let again = sandbox.finish(&mut sandbox.shell(&again)).ok().json();
    let first = sandbox.run(&format!("{both} -o first --json")).ok().json();
    assert_eq!(digests(&first), digests(&again), "the same bytes in any folder, with any umask");
    let index =
        |layout: &str| sandbox.run(&format!("inspect oci:{layout}:1.2.3 --json")).ok().json();
    assert_eq!(index("out")["digest"], index("again")["digest"]);

    let gzip = sandbox.run("pack acme/tool.toml@1.2 --gzip -o gzip --json").ok().json();
    assert_eq!(gzip["packages"][0]["reference"], "oci:gzip:1.2.3");
    let layers = index("gzip")["manifests"][0]["layers"].clone();
    assert_eq!(layers[0]["media_type"], "application/vnd.oci.image.layer.v1.tar+gzip");
    sandbox.run("install oci:gzip:1.2.3").ok();

    assert_snapshot!(sandbox.run("pack acme/tool.toml@2"), @r"
    exit 3
    --- stderr
    error: `tool` has no version `2`; there are: 1.2.3
    ");
    assert_snapshot!(sandbox.run("pack acme/tool.toml --platform windows-amd64"), @r"
    exit 3
    --- stderr
    error: cannot resolve `tool` 1.2.3 for windows-amd64
      caused by: `tool` 1.2.3 has no build for windows-amd64; there are: linux-amd64, linux-arm64
    ");
    assert_snapshot!(sandbox.run("pack acme/tool.toml --platform amiga"), @r"
    exit 2
    --- stderr
    error: `amiga` is not a platform: it starts with none of linux, macos, windows, freebsd
    ");
}

#[test]
fn a_layout_of_one_version_needs_no_tag() {
    let sandbox = Sandbox::new();
    let file = tap(&sandbox, "one");
    let pack = |version: &str| {
        sandbox.run(&format!("pack acme/tool.toml@{version} --platform linux-amd64 -o out")).ok();
    };
    pack("1.2.3");
    sandbox.run("pack acme/tool.toml --platform linux-arm64 -o out").ok();
    sandbox.run("install oci:out").ok();
    let index = sandbox.run("inspect oci:out:1.2.3 --json").ok().json();
    assert_eq!(sandbox.run("inspect oci:out --json").ok().json()["digest"], index["digest"]);
    let to = format!("oci://{}/acme/other", sandbox.registry().host());
    sandbox.run(&format!("promote oci:out {to}")).ok();
    assert!(sandbox.registry().tag("acme/other", "1.2.3").is_some());
    // What the layout was promoted to has further names for the same.
    sandbox.run(&format!("promote {to}:1.2.3 oci:back")).ok();
    assert_eq!(sandbox.run("inspect oci:back --json").ok().json()["digest"], index["digest"]);

    let text = fs_err::read_to_string(&file).unwrap().replace("1.2.3", "2.0.0");
    fs_err::write(&file, text).unwrap();
    pack("2.0.0");
    assert_snapshot!(sandbox.run("install oci:out"), @"
    exit 2
    --- stderr
    error: cannot find the bytes of `oci:[HOME]/desk/out`
      caused by: cannot get oci:[HOME]/desk/out
      caused by: cannot use an image layout
      caused by: name one of the artifacts in the layout `[HOME]/desk/out`: it has `1.2.3`, `2.0.0`

    hint: its tag follows the folder, as in `oci:[HOME]/desk/out:1.2.3`
    ");
    assert_snapshot!(sandbox.run("inspect oci:out"), @"
    exit 2
    --- stderr
    error: cannot get oci:out
      caused by: cannot use an image layout
      caused by: name one of the artifacts in the layout `out`: it has `1.2.3`, `2.0.0`

    hint: its tag follows the folder, as in `oci:out:1.2.3`
    ");
}

#[test]
fn a_package_says_itself_how_it_is_linked() {
    let sandbox = Sandbox::new();
    let tree = Tree::new()
        .file("bin/tool", "#!/bin/sh\necho tool\n", 0o755)
        .symlink("share/zone", "/usr/share/zoneinfo")
        .tar_gzip();
    sandbox.write("files/tool.tar.gz", &tree);
    let text = format!(
        "schema = 1\nname = \"tool\"\nsummary = \"A test\"\nlicense = \"MIT\"\n\
         slot = \"1\"\nkeg-only = \"the system has one\"\n\
         conflicts = {{ other = \"both are tool\" }}\n\n\
         [source]\nfile = \"files/tool.tar.gz\"\nexternal-links = [\"/usr/share/zoneinfo\"]\n\n\
         [version.\"1.2.3\"]\nany = \"{}\"\n",
        Digest::sha256(&tree)
    );
    sandbox.write("tool.toml", text);
    sandbox.run("pack tool.toml -o out").ok();
    fs_err::remove_file(sandbox.home().join("desk/tool.toml")).unwrap();
    let other = sandbox.registry().package("other", "1.0.0");
    let other = other.file("bin/other", "#!/bin/sh\n", 0o755).push();
    sandbox.run("install oci:out:1.2.3").ok();
    let listed = sandbox.run("list --json").ok().json();
    assert_eq!(listed["packages"][0]["slot"], "1", "{listed}");
    assert!(sandbox.prefix("opt/tool@1/bin/tool").exists());
    assert!(sandbox.prefix("opt/tool@1/share/zone").is_symlink());
    assert!(!sandbox.prefix("bin/tool").exists(), "nothing of it is linked");
    let refused = sandbox.run(&format!("install oci://{}", other.reference));
    assert_eq!(refused.code, 3, "{refused}");
    assert!(refused.stderr.contains("both are tool"), "{refused}");
}

#[test]
fn a_folder_is_packed_as_it_lies() {
    let sandbox = Sandbox::new();
    let program = sandbox.write("dist/bin/foo", "#!/bin/sh\necho foo\n");
    fs_err::set_permissions(&program, Permissions::from_mode(0o775)).unwrap();
    sandbox.write("dist/share/foo/words", "words\n");
    symlink("foo", sandbox.home().join("desk/dist/bin/bar")).unwrap();
    assert_snapshot!(sandbox.run("pack dist"), @r"
    exit 2
    --- stderr
    error: `dist` is a folder: it does not say its name

    hint: add `--name NAME --version VERSION`
    ");
    assert_snapshot!(sandbox.run("pack dist --name Foo --version 1.0.0"), @r"
    exit 2
    --- stderr
    error: `Foo` is not a name: it holds upper-case letters
    ");
    assert_snapshot!(sandbox.run("pack dist --name foo --version 1.0.0"), @r"
    exit 0
    --- stdout
    oci:foo.oci:1.0.0
    --- stderr
    Packed foo 1.0.0 for any (1.2 kB, 6 entries)
    ");
    sandbox.run("install oci:foo.oci:1.0.0").ok();
    assert_eq!(sandbox.says("bin/bar"), "foo\n");
}

/// Puts something into a folder that no package may hold.
type Spoil = fn(&Sandbox);

#[test]
fn what_no_package_may_hold_is_refused_with_its_name() {
    let mode = |sandbox: &Sandbox, mode| {
        let path = sandbox.write("dist/bin/foo", "#!/bin/sh\n");
        fs_err::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    };
    let cases: [(Spoil, &str); 7] = [
        (|s| spoil_mode(s, 0o4755), "`bin/foo`: it would run as its owner (rule setuid)"),
        (|s| spoil_mode(s, 0o2755), "`bin/foo`: it would run as its group (rule setgid)"),
        (|s| link(s, "/etc/passwd"), "`/etc/passwd`"),
        (|s| link(s, "../../passwd"), "leaves the"),
        (|s| drop(s.write("dist/share/.wh.foo", "")), "`share/.wh.foo`"),
        (fifo, "`share/pipe`"),
        (|s| drop(s.write("dist/.pkg/wrap/foo", "")), "(rule reserved)"),
    ];
    for (spoil, expected) in cases {
        let sandbox = Sandbox::in_memory();
        mode(&sandbox, 0o755);
        spoil(&sandbox);
        let refused = sandbox.run("pack dist --name foo --version 1.0.0 -o out");
        assert_eq!(refused.code, 1, "{refused}");
        assert!(refused.stderr.contains(expected), "{expected}: {refused}");
        assert!(!sandbox.home().join("desk/out").exists(), "{expected}: nothing is kept");
    }
}

fn spoil_mode(sandbox: &Sandbox, mode: u32) {
    let path = sandbox.home().join("desk/dist/bin/foo");
    fs_err::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn link(sandbox: &Sandbox, target: &str) {
    symlink(target, sandbox.home().join("desk/dist/bin/link")).unwrap();
}

fn fifo(sandbox: &Sandbox) {
    sandbox.write("dist/share/words", "");
    sandbox.finish(sandbox.foreign("mkfifo").arg("dist/share/pipe")).ok();
}

#[test]
fn platforms_are_published_one_by_one_and_nothing_is_sent_twice() {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    let (registry, text) = (sandbox.registry(), formula(&sandbox));
    assert_snapshot!(sandbox.run("publish acme/tool.toml --platform linux-arm64"), @r"
    exit 0
    --- stdout
    oci://[HOST]/acme/tool:1.2.3@sha256:[DIGEST]
    --- stderr
    Published tool 1.2.3 for linux-arm64
    Wrote `package` into acme/tool.toml
    ");
    let first = registry.tag("acme/tool", "1.2.3").unwrap();
    assert_eq!(
        formula(&sandbox),
        format!("{text}package     = \"{first}\"\n"),
        "nothing else changes"
    );

    let second = sandbox.run("publish acme/tool.toml --platform linux-amd64 --json").ok().json();
    let platforms = second["platforms"].as_array().unwrap();
    let new =
        platforms.iter().map(|it| (it["platform"].as_str().unwrap(), it["new"].as_bool().unwrap()));
    assert_eq!(new.collect::<Vec<_>>(), [("linux-amd64", true), ("linux-arm64", false)]);
    let digest = second["digest"].as_str().unwrap();
    assert_eq!(registry.tag("acme/tool", "1.2.3").unwrap().as_str(), digest);
    assert!(
        formula(&sandbox).contains(&format!("\npackage     = \"{digest}\"\n")),
        "{}",
        formula(&sandbox)
    );
    assert!(registry.manifest("acme/tool", &first).is_some(), "what a formula named stays");

    let (before, text) = (registry.tags("acme/tool"), formula(&sandbox));
    registry.forget_requests();
    assert_snapshot!(sandbox.run("publish acme/tool.toml"), @r"
    exit 0
    --- stdout
    oci://[HOST]/acme/tool:1.2.3@sha256:[DIGEST]
    --- stderr
    Unchanged tool 1.2.3 for linux-amd64, linux-arm64
    ");
    assert_eq!(writes(registry), Vec::<String>::new());
    assert_snapshot!(sandbox.run("publish acme/tool.toml --dry-run"), @r"
    exit 0
    --- stderr
    nothing to write: it is published
    ");
    assert_eq!((registry.tags("acme/tool"), formula(&sandbox)), (before, text));
    assert_eq!(registry.open_uploads(), 0);

    sandbox.run("tap add acme").ok();
    fs_err::remove_dir_all(sandbox.home().join("desk/acme/files")).unwrap();
    sandbox.run("install acme/tool").ok();
    assert!(sandbox.says("bin/tool").starts_with("one of linux-"));
    assert_snapshot!(sandbox.run("info acme/tool"), @r"
    exit 0
    --- stdout
    Name  acme/tool
    Summary  The tool of a test
    Version  1.2.3
    License  MIT
    Installed  1.2.3 in [HOME]/.local/share/pkg/cellar/tool/1.2.3-[ID]
    Package  oci://[HOST]/acme/tool:1.2.3@sha256:[DIGEST]
    From linux-amd64  file:files/tool-linux-amd64.tar.gz
    From linux-arm64  file:files/tool-linux-arm64.tar.gz
    ");
}

#[test]
fn a_platform_that_is_listed_before_it_can_be_read_is_another_publishers() {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    sandbox.run("publish acme/tool.toml --platform linux-arm64").ok();
    let registry = sandbox.registry();
    let platforms = || {
        let answer = sandbox.run("publish acme/tool.toml --platform linux-amd64 --json").ok();
        let platforms = answer.json()["platforms"].as_array().unwrap().clone();
        let names = platforms.iter().map(|it| it["platform"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    registry.on("HEAD /v2/acme/tool/manifests/1.2.3.linux-arm64.*").status(404);
    assert_eq!(platforms(), PLATFORMS, "what the index lists is there");
    registry.on("HEAD /v2/acme/tool/manifests/1.2.3.linux-amd64.*").status(404);
    assert_eq!(platforms(), PLATFORMS, "what was pushed is there");
    registry.behave();
    assert_eq!(platforms(), PLATFORMS);
}

#[test]
fn other_bytes_of_a_published_platform_are_refused() {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    sandbox.run("publish acme/tool.toml --platform linux-amd64").ok();
    let tags = sandbox.registry().tags("acme/tool");
    tap(&sandbox, "two");
    let text = formula(&sandbox);
    assert_snapshot!(sandbox.run("publish acme/tool.toml"), @r"
    exit 1
    --- stderr
    error: [HOST]/acme/tool:1.2.3 has a package for linux-amd64 already: sha256:[DIGEST]; this one is sha256:[DIGEST]

    hint: raise `revision` in the version's table
    ");
    assert_snapshot!(sandbox.run("publish acme/tool.toml --dry-run"), @r"
    exit 1
    --- stderr
    error: [HOST]/acme/tool:1.2.3 has a package for linux-amd64 already: sha256:[DIGEST]; this one is sha256:[DIGEST]

    hint: raise `revision` in the version's table
    ");
    assert_eq!(sandbox.registry().tags("acme/tool"), tags, "nothing of the other platform either");
    assert_eq!(formula(&sandbox), text);
    sandbox.write(
        "acme/tool.toml",
        text.replace("[version.\"1.2.3\"]\n", "[version.\"1.2.3\"]\nrevision = 1\n"),
    );
    sandbox.run("publish acme/tool.toml").ok();
    assert!(sandbox.registry().tag("acme/tool", "1.2.3__r1").is_some());
}

#[test]
fn the_tag_of_a_version_is_never_moved_to_another() {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    let text = formula(&sandbox);
    sandbox.run("publish acme/tool.toml --also latest").ok();
    let tags = sandbox.registry().tags("acme/tool");
    sandbox.write("acme/tool.toml", text.replace("1.2.3", "1.3.0"));
    assert_snapshot!(sandbox.run("publish acme/tool.toml --also latest,1.2.3"), @r"
    exit 2
    --- stderr
    error: `1.2.3` is the tag of a version in oci://[HOST]/acme/tool, and such a tag stays where it is
    ");
    for words in ["--also 1.2.3 --dry-run", "--also 1.3.0", "--also not/one"] {
        let refused = sandbox.run(&format!("publish acme/tool.toml {words}"));
        assert_eq!(refused.code, 2, "{words}: {refused}");
    }
    assert_eq!(sandbox.registry().tags("acme/tool"), tags, "nothing was pushed");
}

#[test]
fn what_is_no_formula_is_told_so() {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    sandbox.write("empty/README.md", "nothing\n");
    let rows = [
        ("publish ./acme", 2, "`./acme` is a folder: name a formula in it"),
        ("info ./acme", 2, "error: `./acme` is a folder: name a formula in it"),
        ("install ./acme", 2, "error: `./acme` is a folder: name a formula in it"),
        ("inspect ./acme", 2, "hint: a layout's folder is written `oci:./acme`"),
        ("tap publish empty oci://127.0.0.1:1/tap", 3, "error: tap `empty` has no formulas"),
        ("tap add https://example.org/tap", 3, "hint: a tap in a registry is written `oci://"),
    ];
    for (words, code, said) in rows {
        let refused = sandbox.run(words);
        assert_eq!(refused.code, code, "{words}: {refused}");
        assert!(refused.stderr.contains(said), "{words}: {refused}");
    }
}

#[test]
fn tags_and_files_go_along_when_asked() {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    let registry = sandbox.registry();
    sandbox.write("sbom.json", "{}\n");
    let requests = sandbox.registry().requests().len();
    assert_snapshot!(sandbox.run("publish acme/tool.toml --attach sbom.json:spdx"), @"
    exit 2
    --- stderr
    error: `spdx` is no media type

    hint: one is written TYPE/SUBTYPE, as in `application/spdx+json`
    ");
    assert_eq!(sandbox.registry().requests().len(), requests, "before anything is asked");
    let words = "publish acme/tool.toml --also latest,1 --attach sbom.json:application/spdx+json";
    let text = formula(&sandbox);
    registry.forget_requests();
    assert_snapshot!(sandbox.run(&format!("{words} --dry-run")), @r"
    exit 0
    --- stdout
    POST  /v2/acme/tool/blobs/uploads/
    PUT   /v2/acme/tool/blobs/uploads/…?digest=sha256:[DIGEST]  989 B
    POST  /v2/acme/tool/blobs/uploads/
    PUT   /v2/acme/tool/blobs/uploads/…?digest=sha256:[DIGEST]  342 B
    PUT   /v2/acme/tool/manifests/1.2.3.linux-amd64.[ID]                                                        1.4 kB
    POST  /v2/acme/tool/blobs/uploads/
    PUT   /v2/acme/tool/blobs/uploads/…?digest=sha256:[DIGEST]  992 B
    POST  /v2/acme/tool/blobs/uploads/
    PUT   /v2/acme/tool/blobs/uploads/…?digest=sha256:[DIGEST]  342 B
    PUT   /v2/acme/tool/manifests/1.2.3.linux-arm64.[ID]                                                        1.4 kB
    PUT   /v2/acme/tool/manifests/1.2.3.i.[ID]                                                                  896 B
    PUT   /v2/acme/tool/manifests/1.2.3                                                                                 896 B
    POST  /v2/acme/tool/blobs/uploads/
    PUT   /v2/acme/tool/blobs/uploads/…?digest=sha256:[DIGEST]  2 B
    POST  /v2/acme/tool/blobs/uploads/
    PUT   /v2/acme/tool/blobs/uploads/…?digest=sha256:[DIGEST]  345 B
    PUT   /v2/acme/tool/manifests/sha256:[DIGEST]               662 B
    POST  /v2/acme/tool/blobs/uploads/
    PUT   /v2/acme/tool/blobs/uploads/…?digest=sha256:[DIGEST]  3 B
    PUT   /v2/acme/tool/manifests/sha256:[DIGEST]               632 B
    PUT   /v2/acme/tool/manifests/sha256:[DIGEST]               662 B
    PUT   /v2/acme/tool/manifests/sha256:[DIGEST]               632 B
    PUT   /v2/acme/tool/manifests/latest                                                                                896 B
    PUT   /v2/acme/tool/manifests/1                                                                                     896 B
    ");
    assert_eq!((writes(registry), formula(&sandbox)), (Vec::new(), text));
    let planned = sandbox.run(&format!("{words} --dry-run --json")).ok().json();
    let manifests = |request: &&Value| request["path"].as_str().unwrap().contains("/manifests/");
    let planned = planned["requests"].as_array().unwrap().iter().filter(manifests).count();

    registry.forget_requests();
    sandbox.run(words).ok();
    assert_eq!(registry.requests_to("PUT /v2/*/manifests/*").len(), planned, "as it was said");
    let index = registry.tag("acme/tool", "1.2.3").unwrap();
    for tag in ["latest", "1"] {
        assert_eq!(registry.tag("acme/tool", tag).as_ref(), Some(&index), "{tag}");
    }
    let host = registry.host();
    let inspected =
        sandbox.run(&format!("inspect oci://{host}/acme/tool:latest --json")).ok().json();
    for manifest in inspected["manifests"].as_array().unwrap() {
        let referrers = manifest["referrers"].as_array().unwrap();
        let mut types: Vec<_> =
            referrers.iter().filter_map(|it| it["artifact_type"].as_str()).collect();
        types.sort_unstable();
        assert_eq!(types, ["application/spdx+json", "application/vnd.pkg.formula.v1+toml"]);
    }
    for (file, code) in [("sbom.json", 2), ("nothing.json:text/plain", 3)] {
        let output = sandbox.run(&format!("publish acme/tool.toml --attach {file}"));
        assert_eq!(output.code, code, "{output}");
    }
}

#[test]
fn a_tap_without_a_registry_has_nowhere_to_publish_to() {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    sandbox.write("acme/tap.toml", "name = \"acme\"\n");
    assert_snapshot!(sandbox.run("publish acme/tool.toml"), @r#"
    exit 2
    --- stderr
    error: the tap of `acme/tool.toml` names no registry to publish to

    hint: add `registry = "HOST/PATH"` to the `tap.toml` beside it
    "#);
    assert_snapshot!(sandbox.run("publish acme/tool.toml@9"), @r"
    exit 3
    --- stderr
    error: `tool` has no version `9`; there are: 1.2.3
    ");
    assert_snapshot!(sandbox.run("publish acme/nothing.toml"), @r"
    exit 3
    --- stderr
    error: there is no file `acme/nothing.toml`
    ");
}

#[test]
fn a_version_is_promoted_with_what_is_about_it() {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    sandbox.run("publish acme/tool.toml").ok();
    let (registry, other) = (sandbox.registry(), TestRegistry::start());
    let from = format!("oci://{}/acme/tool:1.2.3", registry.host());
    let to = format!("oci://{}/prod/tool", other.host());
    assert_snapshot!(sandbox.run(&format!("promote {from} {to}")), @r"
    exit 0
    --- stdout
    oci://[HOST]/prod/tool:1.2.3@sha256:[DIGEST]
    --- stderr
    Promoted oci://[HOST]/prod/tool:1.2.3 (3.0 kB sent)
    ");
    assert_eq!(other.tag("prod/tool", "1.2.3"), registry.tag("acme/tool", "1.2.3"));
    let kept = |registry: &TestRegistry, repository: &str| -> Vec<String> {
        let tags = registry.tags(repository).into_iter();
        tags.filter(|tag| tag.contains(".linux-") || tag.contains(".i.")).collect()
    };
    let ours = kept(&other, "prod/tool");
    assert!(kept(registry, "acme/tool").iter().all(|tag| ours.contains(tag)), "{ours:?}");
    let inspected = sandbox.run(&format!("inspect {to}:1.2.3 --json")).ok().json();
    for manifest in inspected["manifests"].as_array().unwrap() {
        assert_eq!(manifest["referrers"].as_array().unwrap().len(), 1, "{manifest}");
    }

    other.forget_requests();
    sandbox.run(&format!("promote {from} {to}")).ok();
    assert_eq!(other.requests_to("POST *").len(), 0, "nothing is sent twice");
    sandbox.run(&format!("promote {from} oci:layout:1.2.3")).ok();
    sandbox.run("install oci:layout:1.2.3").ok();
    assert_snapshot!(sandbox.run(&format!("promote oci://{}/acme/tool:9 {to}", registry.host())), @r"
    exit 3
    --- stderr
    error: cannot copy oci://[HOST]/acme/tool:9 to oci://[HOST]/prod/tool
      caused by: [HOST]/acme/tool:9 does not exist
      caused by: GET http://[HOST]/v2/acme/tool/manifests/9 answered 404 Not Found: manifest unknown to registry (MANIFEST_UNKNOWN)

    hint: look at the spelling of the repository, and of its tag; `pkg oci tags` lists them
    ");
    assert_snapshot!(sandbox.run(&format!("promote {from}@{} nowhere", registry.tag("acme/tool", "1.2.3").unwrap())), @r"
    exit 2
    --- stderr
    error: cannot tell the place of an artifact
      caused by: `nowhere` does not say which registry; write its host in front, as in `docker.io/nowhere`
    ");
}

#[test]
fn a_tap_is_published_edition_by_edition() {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    sandbox.run("publish acme/tool.toml").ok();
    let registry = sandbox.registry();
    let place = format!("oci://{}/acme/tap", registry.host());
    let publish = format!("tap publish acme {place}");
    assert_snapshot!(sandbox.run(&publish), @r"
    exit 0
    --- stdout
    oci://[HOST]/acme/tap@sha256:[DIGEST]
    --- stderr
    Published tap acme as edition 1 (1 formula)
    ");
    registry.forget_requests();
    assert_snapshot!(sandbox.run(&publish), @r"
    exit 0
    --- stdout
    oci://[HOST]/acme/tap@sha256:[DIGEST]
    --- stderr
    Unchanged tap acme since edition 1 (1 formula)
    ");
    assert_eq!(writes(registry), Vec::<String>::new());

    let text = formula(&sandbox);
    sandbox.write("acme/tool.toml", text.replace("The tool", "The best tool"));
    let second = sandbox.run(&format!("{publish} --json")).ok().json();
    assert_eq!((&second["serial"], &second["new"]), (&2.into(), &true.into()));
    let editions = registry.tags("acme/tap").into_iter().filter(|tag| tag.starts_with("t."));
    assert_eq!(editions.count(), 2, "each is kept");

    sandbox.write("acme/tool.toml", text.replace("license", "licence"));
    assert_snapshot!(sandbox.run(&publish), @r#"
    exit 1
    --- stderr
    error[F019]: `license` is missing
     --> acme/tool.toml:2:8
      |
    2 | name = "tool"
      |        ^^^^^^ lacks `license`
      |
      = help: add `license = "MIT"`

    error[F001]: unknown key `licence`
     --> acme/tool.toml:4:1
      |
    4 | licence = "MIT"
      | ^^^^^^^ unknown key
      |
      = help: did you mean `license`?
    error: tap `acme` has formulas that cannot be published

    hint: `pkg check` shows them again
    "#);
    sandbox.write("acme/tool.toml", &text);
    let naming = |name: &str| {
        let text = format!("name = \"{name}\"\nregistry = \"{}/acme\"\n", registry.host());
        sandbox.write("acme/tap.toml", text);
    };
    naming("other");
    assert_snapshot!(sandbox.run(&publish), @r"
    exit 1
    --- stderr
    error: oci://[HOST]/acme/tap holds the tap `acme`, not `other`
    ");
    sandbox.write("acme/tap.toml", "name = \"acme\"\n");
    assert_snapshot!(sandbox.run(&publish), @r#"
    exit 2
    --- stderr
    error: `tool` 1.2.3 names a `package`, and the tap's `tap.toml` names no registry

    hint: add `registry = "HOST/PATH"` to the `tap.toml` beside it
    "#);
    naming("acme");
    assert_snapshot!(sandbox.run(&format!("{publish}:latest")), @r"
    exit 2
    --- stderr
    error: `oci://[HOST]/acme/tap:latest` names more than a repository: leave the tag or digest out
    ");
    assert_snapshot!(sandbox.run(&format!("tap publish nothing {place}")), @r"
    exit 3
    --- stderr
    error: cannot read tap `nothing`
      caused by: failed to read directory `nothing`: No such file or directory (os error 2)
    ");
    assert_eq!(registry.tag("acme/tap", "latest").unwrap().as_str(), second["digest"]);
    let taken = format!("tap publish acme oci://{}/acme/tool", registry.host());
    sandbox.run("publish acme/tool.toml --also latest").ok();
    assert_snapshot!(sandbox.run(&taken), @r"
    exit 1
    --- stderr
    error: oci://[HOST]/acme/tool holds something else than a tap
      caused by: it is no tap but an index
    ");
}

#[test]
fn a_tap_that_was_copied_counts_on() {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    let (registry, other) = (sandbox.registry(), TestRegistry::start());
    sandbox.run(&format!("tap publish acme oci://{}/acme/tap", registry.host())).ok();
    let to = format!("oci://{}/tap", other.host());
    sandbox.run(&format!("promote oci://{}/acme/tap:latest {to}", registry.host())).ok();
    let next = sandbox.run(&format!("tap publish acme {to} --json")).ok().json();
    assert_eq!(next["serial"], 2, "who follows the copy has seen the first one");
}

#[test]
fn a_platform_that_is_not_published_still_comes_from_upstream() {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    sandbox.run(&format!("publish acme/tool.toml --platform {OTHER}")).ok();
    sandbox.run("tap add acme").ok();
    sandbox.run("install tool").ok();
    assert!(sandbox.says("bin/tool").contains("one"));
}

#[test]
fn a_package_of_another_version_is_no_part_of_a_tap() {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    sandbox.run("publish acme/tool.toml").ok();
    let text = formula(&sandbox).replace("package", "revision = 1\npackage");
    sandbox.write("acme/tool.toml", text);
    let host = sandbox.registry().host();
    let published = sandbox.run(&format!("tap publish acme oci://{host}/acme/tap"));
    assert_eq!(published.code, 1, "{published}");
    assert!(published.stderr.contains("it is tool 1.2.3, revision 0"), "{published}");
}

#[test]
fn a_formula_that_was_not_attached_is_attached_by_the_next_run() {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    let registry = sandbox.registry();
    registry.on("PUT /v2/acme/tool/manifests/sha256:*").once().status(400);
    assert_ne!(sandbox.run("publish acme/tool.toml --platform linux-amd64").code, 0);
    sandbox.run("publish acme/tool.toml --platform linux-amd64").ok();
    let host = registry.host();
    let shown = sandbox.run(&format!("inspect oci://{host}/acme/tool:1.2.3")).ok();
    assert!(shown.stdout.contains("application/vnd.pkg.formula.v1+toml"), "{shown}");
}

#[test]
fn what_serves_every_platform_is_the_same_from_every_machine() {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    let text = formula(&sandbox);
    let amd64 = text.lines().find(|line| line.starts_with("linux-amd64")).unwrap();
    let any = text.replace(amd64, &amd64.replace("linux-amd64", "any"));
    let any = any.replace("{os}-{arch}", "linux-amd64");
    let any = any.lines().filter(|line| !line.starts_with("linux-arm64"));
    sandbox.write("acme/tool.toml", any.collect::<Vec<_>>().join("\n"));
    let packed = ["linux-amd64", "macos-arm64"].map(|platform| {
        let packed = sandbox.run(&format!("pack acme/tool.toml --platform {platform} --json")).ok();
        let packed = packed.json();
        assert_eq!(packed["packages"][0]["platform"], "any");
        packed["packages"][0]["digest"].clone()
    });
    assert_eq!(packed[0], packed[1]);
}
