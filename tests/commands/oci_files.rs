//! `oci push`, `pull`, `attach` and `discover`: files as artifacts, and files out of them.

use std::{
    os::unix::fs::PermissionsExt as _,
    time::{Duration, UNIX_EPOCH},
};

use digest::Digest;
use insta::assert_snapshot;
use serde_json::Value;
use test_registry::{Layer, TestRegistry, Tree as Archive};

use crate::support::{Output, Sandbox, tree::Tree};

const CREATED: &str = "-a org.opencontainers.image.created=2026-01-02T03:04:05Z";
const UNPACK: &str = "io.deis.oras.content.unpack";

/// Runs a verb whose `REG` is the registry.
fn oci(sandbox: &Sandbox, words: &str) -> Output {
    sandbox.run(&format!("oci {}", words.replace("REG", sandbox.registry().host())))
}

fn at(sandbox: &Sandbox, path: &str) -> std::path::PathBuf {
    sandbox.home().join("desk").join(path)
}

/// A folder with all that a folder can have.
fn folder(sandbox: &Sandbox) {
    let program = sandbox.write("made/bin/run", "#!/bin/sh\n");
    let secret = sandbox.write("made/secret", "s3cret\n");
    sandbox.write("made/größe", "ä\n");
    let mode = std::fs::Permissions::from_mode;
    fs_err::set_permissions(program, mode(0o755)).unwrap();
    fs_err::set_permissions(secret, mode(0o600)).unwrap();
    fs_err::create_dir(at(sandbox, "made/empty")).unwrap();
    fs_err::set_permissions(at(sandbox, "made/empty"), mode(0o500)).unwrap();
    fs_err::os::unix::fs::symlink("bin/run", at(sandbox, "made/link")).unwrap();
}

/// Gives a file of [`folder`] a time, as counted from 1970.
fn modified(sandbox: &Sandbox, since: Duration) {
    let secret = fs_err::File::open(at(sandbox, "made/secret")).unwrap();
    secret.into_parts().0.set_modified(UNIX_EPOCH + since).unwrap();
}

/// The manifest that a tag names.
fn manifest(registry: &TestRegistry, repository: &str, tag: &str) -> Value {
    let digest = registry.tag(repository, tag).unwrap();
    serde_json::from_slice(&registry.manifest(repository, &digest).unwrap()).unwrap()
}

#[test]
fn files_and_folders_come_back_as_they_were() {
    let sandbox = Sandbox::new();
    folder(&sandbox);
    modified(&sandbox, Duration::from_millis(1_234_567_890_250));
    sandbox.write("hi.txt", "hi\n");
    let words = format!("push REG/foo:1,latest ./hi.txt:text/plain made {CREATED}");
    assert_snapshot!(oci(&sandbox, &words), @r"
    exit 0
    --- stdout
    ArtifactType: application/vnd.unknown.artifact.v1
    Digest: sha256:[DIGEST]
    --- stderr
    Uploaded hi.txt
    Uploaded made
    Pushed [HOST]/foo:1
    Tagged latest
    ");
    let said = manifest(sandbox.registry(), "foo", "latest");
    assert_eq!(said["layers"][0]["annotations"]["org.opencontainers.image.title"], "hi.txt");
    assert_eq!(said["layers"][1]["annotations"][UNPACK], "true");
    assert_snapshot!(oci(&sandbox, "pull REG/foo:1 -o out"), @r"
    exit 0
    --- stdout
    Digest: sha256:[DIGEST]
    --- stderr
    Downloaded out/hi.txt
    Downloaded out/made
    Pulled [HOST]/foo:1
    ");
    assert_eq!(fs_err::read(at(&sandbox, "out/hi.txt")).unwrap(), b"hi\n");
    let (made, out) = (Tree::of(&at(&sandbox, "made")), Tree::of(&at(&sandbox, "out/made")));
    assert!(made == out, "not the same tree");
    assert_eq!(fs_err::read_dir(at(&sandbox, "out")).unwrap().count(), 2, "nothing is left over");
    let time = fs_err::metadata(at(&sandbox, "out/made/secret")).unwrap().modified().unwrap();
    assert_eq!(time, UNIX_EPOCH + Duration::from_secs(1_234_567_890), "times are kept in seconds");
    let json = oci(&sandbox, "pull REG/foo:1 -o out --format json").ok().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["files"][0]["mediaType"], "text/plain");
    let path = format!("{}/", at(&sandbox, "out/made").display());
    assert_eq!(json["files"][1]["path"], path);
    let json = oci(&sandbox, "pull REG/foo:1 -o out --json").ok().json();
    assert_eq!(json["files"][1]["annotations"][UNPACK], "true");
    assert_snapshot!(oci(&sandbox, "pull REG/foo:1 -o out --keep-old-files"), @r"
    exit 1
    --- stderr
    error: `out/hi.txt` is there already

    hint: without `--keep-old-files` it is replaced
    ");
    let layout = format!("push --oci-layout layout:1 hi.txt {CREATED}");
    oci(&sandbox, &layout).ok();
    oci(&sandbox, "pull oci:layout:1 -o out").ok();
}

#[test]
fn without_times_equal_files_are_an_equal_artifact() {
    let sandbox = Sandbox::new();
    folder(&sandbox);
    let push = |tag: &str| oci(&sandbox, &format!("push REG/foo:{tag} made --reproducible")).ok();
    let first = push("1").stdout;
    modified(&sandbox, Duration::from_secs(1_234_567_890));
    assert_eq!(push("2").stdout, first);
    assert_eq!(manifest(sandbox.registry(), "foo", "1").get("annotations"), None);
    let with_times = oci(&sandbox, &format!("push REG/foo:3 made {CREATED}")).ok().stdout;
    assert_ne!(with_times, first);
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_sent() {
    let sandbox = Sandbox::new();
    sandbox.write("hi.txt", "hi\n");
    let home = sandbox.home().display().to_string();
    for (words, code) in [
        (format!("push REG/foo:1 {home}/desk/hi.txt"), 2),
        ("push REG/foo:1 ../desk/hi.txt".to_owned(), 2),
        ("push REG/foo:1 hi.txt ./hi.txt".to_owned(), 2),
        ("push REG/foo:1 hi.txt:text".to_owned(), 2),
        ("push REG/foo:1 hi.txt --artifact-type x".to_owned(), 2),
        ("push REG/foo:1 hi.txt -a nothing".to_owned(), 2),
        ("push REG/foo:1 hi.txt -a org.opencontainers.image.created=today".to_owned(), 2),
        ("push REG/foo:1 nowhere.txt".to_owned(), 3),
        ("push REG/foo:1 hi.txt --config nowhere.json".to_owned(), 3),
        ("push REG/foo:1 hi.txt --image-spec v1.1 --config hi.txt".to_owned(), 2),
        ("push REG/foo:1 :text/plain".to_owned(), 2),
        ("push foo hi.txt".to_owned(), 2),
    ] {
        let output = oci(&sandbox, &words);
        assert_eq!(output.code, code, "{words}: {output}");
    }
    assert_eq!(sandbox.registry().requests().len(), 0);
    assert_snapshot!(oci(&sandbox, "push REG/foo:1 ../desk/hi.txt"), @r"
    exit 2
    --- stderr
    error: `../desk/hi.txt` would be the file's title, which leads out of every folder

    hint: go to its folder and name it from there
    ");
}

#[test]
fn a_title_that_leads_out_of_the_folder_is_refused_whole() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let long = "x/".repeat(64) + "x";
    for title in ["../x", "/x", "a/../../x", "a/..", ".", "a\nb", "a\u{1b}[2J", long.as_str()] {
        let good = Layer::new("a/b", "good").title("good");
        let bad = Layer::new("a/b", "bad").title(title);
        registry.push_artifact("foo", "1", "a/b", &[good, bad]);
        let output = oci(&sandbox, "pull REG/foo:1 -o out");
        assert_eq!(output.code, 1, "{title:?}: {output}");
        assert!(!at(&sandbox, "out").exists(), "{title:?}");
    }
    let twice = ["a", "b"].map(|bytes| Layer::new("a/b", bytes).title("same"));
    registry.push_artifact("foo", "1", "a/b", &twice);
    assert_snapshot!(oci(&sandbox, "pull REG/foo:1 -o out"), @r"
    exit 1
    --- stderr
    error: two files have the title `same`
    ");
    assert_snapshot!(oci(&sandbox, "pull REG/foo:1 -T"), @r"
    exit 2
    --- stderr
    error: `--allow-path-traversal` of oras is not taken here

    hint: `pkg oci blob get -o FILE` writes a file wherever you say
    ");
}

#[test]
fn nothing_goes_through_links_that_lie_in_the_folder() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    sandbox.write("elsewhere/target", "old\n");
    fs_err::create_dir(at(&sandbox, "out")).unwrap();
    let link = |target: &str, name: &str| {
        fs_err::os::unix::fs::symlink(target, at(&sandbox, name)).unwrap();
    };
    link("../elsewhere", "out/share");
    link("../elsewhere/target", "out/file");
    let file = |title: &str| Layer::new("a/b", "new\n").title(title);
    registry.push_artifact("foo", "file", "a/b", &[file("file")]);
    oci(&sandbox, "pull REG/foo:file -o out").ok();
    assert_eq!(fs_err::read(at(&sandbox, "out/file")).unwrap(), b"new\n");
    assert_eq!(fs_err::read(at(&sandbox, "elsewhere/target")).unwrap(), b"old\n");
    registry.push_artifact("foo", "through", "a/b", &[file("share/target")]);
    assert_snapshot!(oci(&sandbox, "pull REG/foo:through -o out"), @r"
    exit 1
    --- stderr
    error: cannot write `out/share/target`
      caused by: `share` is a link, and nothing goes through links
    ");
    let archive = Archive::new().file("share/target", "new\n", 0o644).layer_gzip();
    let archive = archive.title("share").annotation(UNPACK, "true");
    registry.push_artifact("foo", "folder", "a/b", &[archive]);
    assert_eq!(oci(&sandbox, "pull REG/foo:folder -o out").code, 1);
    assert_eq!(fs_err::read(at(&sandbox, "elsewhere/target")).unwrap(), b"old\n");
}

#[test]
fn a_folder_that_is_refused_leaves_nothing() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let archive = Archive::new().file("d/a", "a", 0o644).symlink("d/up", "../..").layer_gzip();
    let good = Layer::new("a/b", "good").title("good");
    let layers = [good, archive.title("d").annotation(UNPACK, "true")];
    registry.push_artifact("foo", "1", "a/b", &layers);
    assert_snapshot!(oci(&sandbox, "pull REG/foo:1 -o out"), @r"
    exit 6
    --- stderr
    error: cannot unpack `d`
      caused by: the link `up` leads out of the folder
    ");
    assert_eq!(fs_err::read_dir(at(&sandbox, "out")).unwrap().count(), 0);
    let good = Archive::new().file("d/a", "a", 0o644).layer_gzip().title("d");
    let wrong = Digest::sha256(b"wrong");
    let good =
        good.annotation(UNPACK, "true").annotation("io.deis.oras.content.digest", wrong.as_str());
    registry.push_artifact("foo", "2", "a/b", &[good]);
    assert_eq!(oci(&sandbox, "pull REG/foo:2 -o out").code, 6);
    registry.on("GET /v2/*/blobs/*").flipped_byte(0);
    registry.push_artifact("foo", "3", "a/b", &[Layer::new("a/b", "bytes").title("file")]);
    assert_eq!(oci(&sandbox, "pull REG/foo:3 -o out").code, 6);
    assert_eq!(fs_err::read_dir(at(&sandbox, "out")).unwrap().count(), 0);
}

#[test]
fn links_of_two_folders_do_not_lead_out_together() {
    let sandbox = Sandbox::new();
    let folder = |archive: Archive, title: &str| {
        archive.layer_gzip().title(title).annotation(UNPACK, "true")
    };
    // Each by itself stays inside: `a/b/x` is the output folder, and `..` of a folder `x` is `a/b`.
    let whole = folder(Archive::new().symlink("a/b/x", "../.."), ".");
    let inner = folder(Archive::new().symlink("a/b/l", "x/.."), "a");
    sandbox.registry().push_artifact("foo", "1", "a/b", std::slice::from_ref(&whole));
    oci(&sandbox, "pull REG/foo:1 -o one").ok();
    sandbox.registry().push_artifact("foo", "2", "a/b", &[whole, inner]);
    assert_snapshot!(oci(&sandbox, "pull REG/foo:2 -o out"), @r"
    exit 6
    --- stderr
    error: cannot pull these folders together
      caused by: the link `a/b/l` leads out of the folder
    ");
    assert_eq!(fs_err::read_dir(at(&sandbox, "out")).unwrap().count(), 0);
}

#[test]
fn a_folder_of_more_folders_than_files_may_be_open_is_pulled() {
    let sandbox = Sandbox::new();
    for number in 0..200 {
        fs_err::create_dir_all(at(&sandbox, &format!("many/{number}"))).unwrap();
    }
    oci(&sandbox, "push REG/foo:1 many").ok();
    let place = format!("{}/foo:1", sandbox.registry().host());
    let script = format!("ulimit -n 128 && exec \"$pkg\" oci pull {place} -o out");
    sandbox.finish(&mut sandbox.shell(&script)).ok();
    assert_eq!(fs_err::read_dir(at(&sandbox, "out/many")).unwrap().count(), 200);
}

#[test]
fn what_is_attached_is_found_by_what_it_is_about() {
    let sandbox = Sandbox::new();
    sandbox.write("hi.txt", "hi\n");
    sandbox.write("sbom.json", "{}\n");
    oci(&sandbox, &format!("push REG/foo:1 hi.txt {CREATED}")).ok();
    let attach = format!("attach REG/foo:1 sbom.json:a/json --artifact-type a/sbom {CREATED}");
    let attached = oci(&sandbox, &attach).ok();
    assert_snapshot!(attached, @r"
    exit 0
    --- stdout
    Digest: sha256:[DIGEST]
    --- stderr
    Uploaded sbom.json
    Attached to [HOST]/foo@sha256:[DIGEST]
    ");
    let digest = attached.stdout.trim().strip_prefix("Digest: ").unwrap().to_owned();
    let sign = format!("attach REG/foo@{digest} --artifact-type a/signature -a k=v {CREATED}");
    oci(&sandbox, &sign).ok();
    oci(&sandbox, &format!("attach REG/foo:1 hi.txt --artifact-type a/text {CREATED}")).ok();
    assert_snapshot!(oci(&sandbox, "discover REG/foo:1"), @r#"
    exit 0
    --- stdout
    [HOST]/foo@sha256:[DIGEST]
    ├── a/sbom
    │   └── sha256:[DIGEST]
    │       ├── [annotations]
    │       │   └── org.opencontainers.image.created: "[TIME]"
    │       └── a/signature
    │           └── sha256:[DIGEST]
    │               └── [annotations]
    │                   ├── k: v
    │                   └── org.opencontainers.image.created: "[TIME]"
    └── a/text
        └── sha256:[DIGEST]
            └── [annotations]
                └── org.opencontainers.image.created: "[TIME]"
    "#);
    assert_snapshot!(oci(&sandbox, "discover REG/foo:1 --artifact-type a/text --depth 1 --json"), @r#"
    exit 0
    --- stdout
    {
      "schema": 1,
      "reference": "oci://[HOST]/foo@sha256:[DIGEST]",
      "media_type": "application/vnd.oci.image.manifest.v1+json",
      "digest": "sha256:[DIGEST]",
      "size": 584,
      "referrers": [
        {
          "reference": "oci://[HOST]/foo@sha256:[DIGEST]",
          "media_type": "application/vnd.oci.image.manifest.v1+json",
          "digest": "sha256:[DIGEST]",
          "size": 718,
          "annotations": {
            "org.opencontainers.image.created": "[TIME]"
          },
          "artifact_type": "a/text",
          "referrers": []
        }
      ]
    }
    "#);
    assert_snapshot!(oci(&sandbox, "attach REG/foo:1 --artifact-type a/b"), @r"
    exit 2
    --- stderr
    error: there is neither a file nor an annotation to attach
    ");
    assert_snapshot!(oci(&sandbox, "attach REG/foo:1 hi.txt"), @r"
    exit 2
    --- stderr
    error: what is attached has a type

    hint: `--artifact-type` says it
    ");
    assert_snapshot!(oci(&sandbox, &format!("pull REG/foo@{digest} --include-subject -o out")), @r"
    exit 0
    --- stdout
    Digest: sha256:[DIGEST]
    --- stderr
    Downloaded out/sbom.json
    Downloaded out/hi.txt
    Pulled [HOST]/foo@sha256:[DIGEST]
    ");
    assert_snapshot!(oci(&sandbox, "discover REG/foo:2"), @r"
    exit 3
    --- stderr
    error: cannot tell what refers to oci://[HOST]/foo:2
      caused by: [HOST]/foo:2 does not exist
      caused by: HEAD http://[HOST]/v2/foo/manifests/2 answered 404 Not Found

    hint: look at the spelling of the repository, and of its tag; `pkg oci tags` lists them
    ");
}

#[test]
fn a_config_and_what_has_no_title_are_said() {
    let sandbox = Sandbox::new();
    sandbox.write("hi.txt", "hi\n");
    sandbox.write("config.json", "{\"a\":1}\n");
    let words = "push REG/foo:1 hi.txt --config config.json:a/config --artifact-type a/b";
    let words = format!("{words} {CREATED} --export-manifest manifest.json");
    let pushed = oci(&sandbox, &words).ok();
    let manifest = fs_err::read(at(&sandbox, "manifest.json")).unwrap();
    assert!(pushed.stdout.contains(Digest::sha256(&manifest).as_str()));
    assert_snapshot!(oci(&sandbox, "pull REG/foo:1 -o out"), @r"
    exit 0
    --- stdout
    Digest: sha256:[DIGEST]
    --- stderr
    Downloaded out/hi.txt
    Pulled [HOST]/foo:1
    hint: 1 blob without a title left out; `pkg oci copy [HOST]/foo:1 oci:FOLDER` takes everything
    ");
    oci(&sandbox, "pull REG/foo:1 -o out --config conf/c.json:a/config").ok();
    assert_eq!(fs_err::read(at(&sandbox, "out/conf/c.json")).unwrap(), b"{\"a\":1}\n");
    let said = r#"{"$manifest": {"a": "b"}, "hi.txt": {"org.opencontainers.image.title": "o/t"}}"#;
    sandbox.write("said.json", said);
    oci(&sandbox, "push REG/foo:2 hi.txt --annotation-file said.json").ok();
    oci(&sandbox, "pull REG/foo:2 -o out").ok();
    assert_eq!(fs_err::read(at(&sandbox, "out/o/t")).unwrap(), b"hi\n");
    let platform = "--artifact-platform linux/arm/v7";
    oci(&sandbox, &format!("push REG/foo:3 hi.txt {platform} {CREATED}")).ok();
    let config = oci(&sandbox, "manifest config REG/foo:3").ok().stdout;
    assert_eq!(config, r#"{"architecture":"arm","os":"linux","variant":"v7"}"#);
}

/// A packed chart with its provenance beside it.
fn chart(sandbox: &Sandbox) {
    let text = "apiVersion: v2\nname: demo\nversion: 0.1.0+build.7\ndescription: A chart\n";
    let chart = Archive::new().file("demo/Chart.yaml", text, 0o644);
    let chart = chart.file("demo/values.yaml", "replicas: 2\n", 0o644);
    sandbox.write("demo-0.1.0+build.7.tgz", chart.tar_gzip());
    sandbox.write("demo-0.1.0+build.7.tgz.prov", "signed\n");
}

#[test]
fn a_packed_chart_goes_as_helm_pushes_it() {
    let sandbox = Sandbox::new();
    chart(&sandbox);
    let words = format!("push REG/charts/demo demo-0.1.0+build.7.tgz {CREATED}");
    assert_snapshot!(oci(&sandbox, &words), @r"
    exit 0
    --- stdout
    ArtifactType: application/vnd.cncf.helm.config.v1+json
    Digest: sha256:[DIGEST]
    --- stderr
    Recognised Helm chart demo 0.1.0+build.7
    Pushed [HOST]/charts/demo:0.1.0_build.7
    ");
    let said = manifest(sandbox.registry(), "charts/demo", "0.1.0_build.7");
    assert_eq!(said["config"]["mediaType"], "application/vnd.cncf.helm.config.v1+json");
    assert_eq!(said["layers"].as_array().unwrap().len(), 2);
    assert_eq!(said["annotations"]["org.opencontainers.image.title"], "demo");
    let config = oci(&sandbox, "manifest config REG/charts/demo:0.1.0_build.7").ok().stdout;
    let expected =
        r#"{"name":"demo","version":"0.1.0+build.7","description":"A chart","apiVersion":"v2"}"#;
    assert_eq!(config, expected);
    // Who says what the file is gets what was said.
    oci(&sandbox, "push REG/file:1 demo-0.1.0+build.7.tgz:a/b").ok();
    assert_eq!(manifest(sandbox.registry(), "file", "1")["layers"][0]["mediaType"], "a/b");
    oci(&sandbox, "push REG/file:2 demo-0.1.0+build.7.tgz --artifact-type a/b").ok();
    assert_eq!(manifest(sandbox.registry(), "file", "2")["artifactType"], "a/b");
    sandbox.write("broken.tgz", Archive::new().file("x/Chart.yaml", "a: [", 0o644).tar_gzip());
    assert_snapshot!(oci(&sandbox, "push REG/broken:1 broken.tgz"), @r"
    exit 1
    --- stderr
    error: `broken.tgz` is a Helm chart whose Chart.yaml cannot be read
      caused by: unclosed bracket '[' at line 1, column 4
    ");
}

#[test]
fn a_formula_may_need_a_chart() {
    let sandbox = Sandbox::new();
    chart(&sandbox);
    oci(&sandbox, "push REG/charts/demo demo-0.1.0+build.7.tgz").ok();
    sandbox.write("site.txt", "site\n");
    oci(&sandbox, "push REG/site:1.0.0 site.txt").ok();
    let registry = sandbox.registry();
    let formula = |name: &str, place: &str, version: &str, digest: &Digest, rest: &str| {
        let (host, tag) = (registry.host(), version.replace('+', "_"));
        let text = format!(
            "schema = 1\nname = \"{name}\"\nsummary = \"A test\"\nlicense = \"MIT\"\n\n[source]\n\
             oci = \"{host}/{place}\"\ntag = \"{tag}\"\n\n{rest}[version.\"{version}\"]\nany = \"{digest}\"\n"
        );
        sandbox.write(&format!("tap/{name}.toml"), text);
    };
    let chart = registry.tag("charts/demo", "0.1.0_build.7").unwrap();
    formula("demo", "charts/demo", "0.1.0+build.7", &chart, "");
    let site = registry.tag("site", "1.0.0").unwrap();
    formula("site", "site", "1.0.0", &site, "[depends]\ndemo = \">=0.1\"\n\n");
    sandbox.run("tap add tap").ok();
    assert_snapshot!(sandbox.run("install site"), @r"
    exit 0
    --- stderr
    Installed demo 0.1.0+build.7 from tap
    Installed site 1.0.0 from tap
    `demo` has neither commands nor libraries; `pkg prefix demo` is its folder
    `site` has neither commands nor libraries; `pkg prefix site` is its folder
    ");
    let keg = sandbox.root().join("current/opt/demo/share");
    assert_eq!(fs_err::read(keg.join("demo/values.yaml")).unwrap(), b"replicas: 2\n");
    assert_eq!(fs_err::read(keg.join("demo.prov")).unwrap(), b"signed\n");
    assert_snapshot!(sandbox.run("why demo"), @r"
    exit 0
    --- stdout
    site needs demo
    ");
    let host = registry.host();
    let from = format!("oci://{host}/charts/demo:0.1.0_build.7");
    for (words, to) in [("promote", "promoted"), ("oci copy", "copied")] {
        sandbox.run(&format!("{words} {from} oci://{host}/{to}:1")).ok();
        assert_eq!(registry.tag(to, "1"), Some(chart.clone()), "provenance and all");
    }
    let inspected = sandbox.run(&format!("inspect {from} --json")).ok().json();
    assert_eq!((&inspected["kind"], &inspected["name"]), (&"chart".into(), &"demo".into()));
    assert_eq!(inspected["layers"].as_array().unwrap().len(), 2);
}
