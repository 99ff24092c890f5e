//! `oci`: what a registry holds, asked for and changed by hand.

use digest::Digest;
use insta::assert_snapshot;
use serde_json::json;
use test_registry::{IMAGE, Layer};

use crate::support::{Output, Sandbox};

/// A sandbox whose registry has `acme/foo:1.2.3`, a layer with a title; and the layer's digest.
fn stocked() -> (Sandbox, Digest) {
    let sandbox = Sandbox::new();
    let layer = Layer::new("application/octet-stream", vec![0, 27, b'[', b'2', b'J', 159, b'\n']);
    let digest = Digest::sha256(layer.bytes());
    sandbox.registry().push_artifact("acme/foo", "1.2.3", "application/vnd.acme.foo", &[layer]);
    (sandbox, digest)
}

/// Runs a verb whose `REG` is the registry.
fn oci(sandbox: &Sandbox, words: &str) -> Output {
    sandbox.run(&format!("oci {}", words.replace("REG", sandbox.registry().host())))
}

#[test]
fn tags_and_repositories_are_listed() {
    let (sandbox, _) = stocked();
    let digest = sandbox.registry().tag("acme/foo", "1.2.3").unwrap();
    let fallback = format!("sha256-{}", digest.encoded());
    sandbox.registry().push_artifact("acme/foo", &fallback, "a/b", &[]);
    oci(&sandbox, "tag REG/acme/foo:1.2.3 1 latest").ok();
    let tags = |words: &str| oci(&sandbox, words).ok().stdout;
    assert_eq!(tags("tags REG/acme/foo --exclude-digest-tags"), "1\n1.2.3\nlatest\n");
    assert_eq!(tags("tags REG/acme/foo:latest"), "1\n1.2.3\nlatest\n");
    assert_eq!(tags("repo tags --plain-http REG/acme/foo --last 1.2.3"), {
        "latest\n".to_owned() + &fallback + "\n"
    });
    assert_snapshot!(oci(&sandbox, "repo tags REG/acme/foo:1 --format json"), @r#"
    exit 0
    --- stdout
    {
      "tags": [
        "1",
        "1.2.3",
        "latest"
      ]
    }
    "#);
    oci(&sandbox, "untag REG/acme/foo:latest").ok();
    assert_eq!(tags("tags REG/acme/foo --exclude-digest-tags"), "1\n1.2.3\n");
    assert_snapshot!(oci(&sandbox, "untag REG/acme/foo"), @r"
    exit 2
    --- stderr
    error: `oci://[HOST]/acme/foo` does not say what to delete

    hint: name it with `:TAG` or `@DIGEST`
    ");
    for words in ["repo ls ''", "repo ls /acme", "repo ls oci://REG"] {
        let output = oci(&sandbox, words);
        assert!(output.code == 2 && output.stderr.contains("is no registry's host"), "{output}");
    }
}

#[test]
fn a_manifest_is_printed_as_it_is_stored() {
    let (sandbox, _) = stocked();
    let digest = sandbox.registry().tag("acme/foo", "1.2.3").unwrap();
    let bytes = sandbox.registry().manifest("acme/foo", &digest).unwrap();
    assert_eq!(oci(&sandbox, "resolve REG/acme/foo:1.2.3").ok().stdout, format!("{digest}\n"));
    let got = oci(&sandbox, "manifest get REG/acme/foo:1.2.3").ok();
    assert_eq!(got.stdout.as_bytes(), bytes);
    oci(&sandbox, "manifest fetch REG/acme/foo:1.2.3 -o manifest.json").ok();
    assert_eq!(fs_err::read(sandbox.home().join("desk/manifest.json")).unwrap(), bytes);
    assert_snapshot!(oci(&sandbox, "manifest get --descriptor REG/acme/foo:1.2.3"), @r#"
    exit 0
    --- stdout
    {"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:[DIGEST]","size":413}
    "#);
    assert_snapshot!(oci(&sandbox, "manifest get --pretty REG/acme/foo:1.2.3"), @r#"
    exit 0
    --- stdout
    {
      "artifactType": "application/vnd.acme.foo",
      "config": {
        "digest": "sha256:[DIGEST]",
        "mediaType": "application/vnd.oci.empty.v1+json",
        "size": 2
      },
      "layers": [
        {
          "digest": "sha256:[DIGEST]",
          "mediaType": "application/octet-stream",
          "size": 7
        }
      ],
      "mediaType": "application/vnd.oci.image.manifest.v1+json",
      "schemaVersion": 2
    }
    "#);
    assert_snapshot!(oci(&sandbox, "manifest get --format json REG/acme/foo:1.2.3"), @r#"
    exit 0
    --- stdout
    {
      "reference": "[HOST]/acme/foo@sha256:[DIGEST]",
      "mediaType": "application/vnd.oci.image.manifest.v1+json",
      "digest": "sha256:[DIGEST]",
      "size": 413,
      "content": {
        "artifactType": "application/vnd.acme.foo",
        "config": {
          "digest": "sha256:[DIGEST]",
          "mediaType": "application/vnd.oci.empty.v1+json",
          "size": 2
        },
        "layers": [
          {
            "digest": "sha256:[DIGEST]",
            "mediaType": "application/octet-stream",
            "size": 7
          }
        ],
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "schemaVersion": 2
      }
    }
    "#);
    assert_eq!(oci(&sandbox, "manifest fetch-config REG/acme/foo:1.2.3").ok().stdout, "{}");
    assert_snapshot!(oci(&sandbox, "manifest get REG/acme/foo:2"), @r"
    exit 3
    --- stderr
    error: [HOST]/acme/foo:2 does not exist
      caused by: GET http://[HOST]/v2/acme/foo/manifests/2 answered 404 Not Found: manifest unknown to registry (MANIFEST_UNKNOWN)

    hint: look at the spelling of the repository, and of its tag; `pkg oci tags` lists them
    ");
}

#[test]
fn a_platform_chooses_in_an_index() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let image = |tag: &str| registry.push_artifact("foo", tag, "a/b", &[]);
    let (arm, amd) = (image("arm"), registry.push_artifact("foo", "amd", "a/c", &[]));
    registry.push_index("foo", "1", &[("linux/amd64", amd.clone()), ("linux/arm64", arm.clone())]);
    for (platform, expected) in [("linux/arm64", &arm), ("linux-amd64", &amd)] {
        let found = oci(&sandbox, &format!("resolve REG/foo:1 --platform {platform}")).ok();
        assert_eq!(found.stdout, format!("{expected}\n"));
    }
    assert_snapshot!(oci(&sandbox, "manifest get REG/foo:1 --platform linux/s390x"), @r"
    exit 3
    --- stderr
    error: cannot choose from oci://[HOST]/foo:1
      caused by: there is nothing for linux/s390x; there are: linux/amd64, linux/arm64
    ");
    assert_snapshot!(oci(&sandbox, "resolve REG/foo:1 --platform linux"), @r"
    exit 2
    --- stderr
    error: `linux` is not a platform: it has the form os/architecture[/variant][:os_version]
    ");
    assert_snapshot!(oci(&sandbox, "manifest config REG/foo:1"), @r"
    exit 3
    --- stderr
    error: `oci://[HOST]/foo:1` is an index, which has no config

    hint: `--platform` chooses one of its manifests
    ");
}

#[test]
fn a_manifest_is_stored_byte_for_byte() {
    let (sandbox, layer) = stocked();
    let manifest = json!({
        "layers": [{"size": 7, "digest": layer, "mediaType": "a/b"}],
        "config": {"mediaType": "c/d", "size": 7, "digest": layer},
        "schemaVersion": 2,
    });
    let text = format!(" {manifest}\n");
    sandbox.write("manifest.json", &text);
    let put = oci(&sandbox, "manifest put REG/acme/foo:new,newer manifest.json").ok();
    let digest = Digest::sha256(text.as_bytes());
    assert_eq!(put.stdout, format!("Digest: {digest}\n"));
    for tag in ["new", "newer"] {
        assert_eq!(sandbox.registry().tag("acme/foo", tag).as_ref(), Some(&digest));
    }
    assert_eq!(sandbox.registry().manifest("acme/foo", &digest).unwrap(), text.as_bytes());
    let other = format!("manifest put REG/acme/foo@{layer} manifest.json");
    assert_eq!(oci(&sandbox, &other).code, 1);
    sandbox.write("none.json", "{}");
    assert_snapshot!(oci(&sandbox, "manifest put REG/acme/foo:none none.json"), @r"
    exit 1
    --- stderr
    error: sha256:[DIGEST] is neither an image manifest nor an index
    ");
    assert_snapshot!(oci(&sandbox, "manifest put REG/acme/foo:none nowhere.json"), @r"
    exit 3
    --- stderr
    error: cannot read the manifest
      caused by: failed to open file `nowhere.json`: No such file or directory (os error 2)
    ");
    assert_eq!(oci(&sandbox, "manifest put REG/acme/foo:none .").code, 1);
}

#[test]
fn a_manifest_is_deleted_only_when_it_is_meant() {
    let (sandbox, _) = stocked();
    oci(&sandbox, "tag REG/acme/foo:1.2.3 1").ok();
    assert_snapshot!(oci(&sandbox, "manifest delete REG/acme/foo"), @r"
    exit 2
    --- stderr
    error: `oci://[HOST]/acme/foo` does not say what to delete

    hint: name it with `:TAG` or `@DIGEST`
    ");
    assert_snapshot!(oci(&sandbox, "manifest delete REG/acme/foo:1"), @r"
    exit 1
    --- stderr
    error: the manifest sha256:[DIGEST] of [HOST]/acme/foo is not deleted
      caused by: this needs a yes, and there is no terminal to ask on

    hint: run it again with `--yes` if the plan is what you want
    ");
    assert_snapshot!(oci(&sandbox, "manifest delete REG/acme/foo:1 --yes"), @r"
    exit 1
    --- stderr
    error: cannot write to a registry
      caused by: sha256:[DIGEST] is not deleted, as it has other tags too: 1.2.3

    hint: `pkg oci untag` takes one tag away, `--force` deletes it with all
    ");
    assert_eq!(oci(&sandbox, "tags REG/acme/foo").ok().stdout, "1\n1.2.3\n");
    assert_snapshot!(oci(&sandbox, "manifest delete REG/acme/foo:1 --force --json"), @r#"
    exit 0
    --- stdout
    {
      "schema": 1,
      "reference": "oci://[HOST]/acme/foo:1",
      "digest": "sha256:[DIGEST]",
      "deleted": true
    }
    --- stderr
    Deleted [HOST]/acme/foo:1
    "#);
    assert_eq!(oci(&sandbox, "tags REG/acme/foo").stdout, "");
    assert_snapshot!(oci(&sandbox, "manifest rm REG/acme/foo:1 -f --json"), @r#"
    exit 0
    --- stdout
    {
      "schema": 1,
      "reference": "oci://[HOST]/acme/foo:1",
      "digest": null,
      "deleted": false
    }
    --- stderr
    Missing [HOST]/acme/foo:1
    "#);
    assert_eq!(oci(&sandbox, "manifest rm REG/acme/foo:1 --yes").code, 3);
}

#[test]
fn a_blob_comes_as_it_is_or_not_at_all() {
    let (sandbox, digest) = stocked();
    let bytes = sandbox.registry().blob("acme/foo", &digest).unwrap();
    let host = sandbox.registry().host();
    let mut command = sandbox.command(&format!("oci blob get {host}/acme/foo@{digest}"));
    // What would clear a terminal goes through a pipe as it is.
    assert_eq!(command.output().unwrap().stdout, bytes);
    oci(&sandbox, &format!("blob fetch REG/acme/foo@{digest} -o blob")).ok();
    assert_eq!(fs_err::read(sandbox.home().join("desk/blob")).unwrap(), bytes);
    assert_snapshot!(oci(&sandbox, &format!("blob head REG/acme/foo@{digest}")), @r#"
    exit 0
    --- stdout
    {"mediaType":"application/octet-stream","digest":"sha256:[DIGEST]","size":7}
    "#);
    assert_snapshot!(oci(&sandbox, &format!("blob get REG/acme/foo@{digest} --json")), @r"
    exit 2
    --- stderr
    error: a blob and JSON cannot both go to stdout

    hint: `-o FILE` writes the blob, `--descriptor` leaves it out
    ");
    assert_snapshot!(oci(&sandbox, "blob get REG/acme/foo:1.2.3"), @r"
    exit 2
    --- stderr
    error: `oci://[HOST]/acme/foo:1.2.3` names no blob: it has no digest

    hint: a blob's name is `@DIGEST`
    ");
    let none = Digest::sha256(b"none");
    assert_snapshot!(oci(&sandbox, &format!("blob get REG/acme/foo@{none}")), @r"
    exit 3
    --- stderr
    error: oci://[HOST]/acme/foo has no blob sha256:[DIGEST]
    ");
    sandbox.registry().on("GET /v2/*/blobs/*").flipped_byte(0);
    let corrupted = oci(&sandbox, &format!("blob get REG/acme/foo@{digest} -o other"));
    assert_eq!(corrupted.code, 6, "{corrupted}");
    assert!(!sandbox.home().join("desk/other").exists());
    assert_eq!(fs_err::read_dir(sandbox.home().join("desk")).unwrap().count(), 1);
}

#[test]
fn a_blob_is_stored_from_a_file_or_a_pipe() {
    let sandbox = Sandbox::new();
    sandbox.write("blob", "bytes\n");
    let digest = Digest::sha256(b"bytes\n");
    let put = oci(&sandbox, "blob put REG/foo blob").ok();
    assert_eq!(put.stdout, format!("Digest: {digest}\n"));
    assert_eq!(sandbox.registry().blob("foo", &digest).unwrap(), "bytes\n");
    assert_snapshot!(oci(&sandbox, "blob push REG/foo blob --descriptor --media-type a/b"), @r#"
    exit 0
    --- stdout
    {"mediaType":"a/b","digest":"sha256:[DIGEST]","size":6}
    --- stderr
    Exists [HOST]/foo@sha256:[DIGEST]
    "#);
    let host = sandbox.registry().host();
    let piped = format!("echo piped | $pkg oci blob put {host}/foo - --size 6 --json");
    let piped = sandbox.finish(&mut sandbox.shell(&piped)).ok();
    assert_eq!(piped.json()["digest"], Digest::sha256(b"piped\n").as_str());
    let other = format!("blob put REG/foo@{} blob", Digest::sha256(b"other"));
    assert_snapshot!(oci(&sandbox, &other), @r"
    exit 6
    --- stderr
    error: `blob` has the digest sha256:[DIGEST], not sha256:[DIGEST]
    ");
    let deleted = oci(&sandbox, &format!("blob delete REG/foo@{digest} --force --json")).ok();
    assert_eq!(deleted.json()["deleted"], true);
    assert_eq!(sandbox.registry().blob("foo", &digest), None);
}

#[test]
fn a_copy_has_the_digests_of_what_it_is_a_copy_of() {
    let (sandbox, _) = stocked();
    let registry = sandbox.registry();
    let digest = registry.tag("acme/foo", "1.2.3").unwrap();
    let subject = registry.manifest("acme/foo", &digest).unwrap();
    registry.push_blob("acme/foo", &b"{}"[..]);
    let config = json!({
        "mediaType": "application/vnd.oci.empty.v1+json",
        "digest": Digest::sha256(b"{}"), "size": 2,
    });
    let about = json!({
        "schemaVersion": 2, "mediaType": IMAGE, "artifactType": "a/signature",
        "config": config, "layers": [],
        "subject": {"mediaType": IMAGE, "digest": digest, "size": subject.len()},
    });
    let about = registry.push_manifest("acme/foo", None, IMAGE, about.to_string());
    let copied = oci(&sandbox, "copy -r REG/acme/foo:1.2.3 REG/copy:1,2").ok();
    assert_eq!(copied.stdout, format!("Digest: {digest}\n"));
    assert_eq!(registry.tag("copy", "2"), Some(digest.clone()));
    assert!(registry.manifest("copy", &about).is_some());
    oci(&sandbox, "cp --to-oci-layout REG/acme/foo:1.2.3 layout:1.2.3").ok();
    oci(&sandbox, "cp oci:layout:1.2.3 oci-archive:layout.tar:1.2.3").ok();
    oci(&sandbox, "cp --from-oci-layout layout.tar:1.2.3 REG/again").ok();
    assert!(registry.manifest("again", &digest).is_some());
    for words in ["layout:1.2.3 --oci-layout", "1.2.3 --oci-layout-path layout.tar"] {
        let found = oci(&sandbox, &format!("resolve {words}")).ok();
        assert_eq!(found.stdout, format!("{digest}\n"));
    }
    assert_snapshot!(oci(&sandbox, "cp REG/acme/foo:1 REG/copy:1"), @r"
    exit 3
    --- stderr
    error: the copy is not complete
      caused by: cannot copy from oci://[HOST]/acme/foo:1
      caused by: [HOST]/acme/foo:1 does not exist
      caused by: GET http://[HOST]/v2/acme/foo/manifests/1 answered 404 Not Found: manifest unknown to registry (MANIFEST_UNKNOWN)

    hint: look at the spelling of the repository, and of its tag; `pkg oci tags` lists them
    ");
}

#[test]
fn flags_that_would_harm_are_answered_with_what_to_do() {
    let (sandbox, _) = stocked();
    assert_snapshot!(oci(&sandbox, "tags REG/acme/foo --insecure"), @r"
    exit 2
    --- stderr
    error: `--insecure` of oras is not taken here

    hint: `--ca-file` or `ca` in `config.toml` trusts the registry's own authority
    ");
    let secret = oci(&sandbox, "tags REG/acme/foo -u me -p hunter2");
    assert_snapshot!(secret, @r"
    exit 2
    --- stderr
    error: `--username` of oras is not taken here

    hint: log in once, with `pkg login HOST`: secrets on a command line are everybody's
    ");
    assert!(!format!("{secret}").contains("hunter2"));
    assert_snapshot!(oci(&sandbox, "tags REG/acme/foo --format go-template={{.tags}}"), @r"
    exit 2
    --- stderr
    error: templates of Go are not taken here

    hint: `--format json` and `jq` take any part of an answer
    ");
    assert_eq!(sandbox.registry().requests().len(), 0);
}

#[test]
fn an_image_layout_is_listed_and_checked() {
    let (sandbox, layer) = stocked();
    oci(&sandbox, "copy REG/acme/foo:1.2.3 oci:layout:1.2.3").ok();
    oci(&sandbox, "copy REG/acme/foo:1.2.3 oci:layout:latest").ok();
    assert_snapshot!(oci(&sandbox, "layout list layout"), @r"
    exit 0
    --- stdout
    Name    Digest                                                                    Size  Type
    1.2.3   sha256:[DIGEST]  413 B  application/vnd.acme.foo
    latest  sha256:[DIGEST]  413 B  application/vnd.acme.foo
    ");
    let json = oci(&sandbox, "layout ls oci:layout --json").ok().json();
    assert_eq!(json["entries"][0]["name"], "1.2.3");
    assert_snapshot!(oci(&sandbox, "layout verify layout"), @r"
    exit 0
    --- stderr
    Verified 1 manifest and 2 blobs, 422 B
    ");
    let index = sandbox.home().join("desk/layout/index.json");
    let right = fs_err::read_to_string(&index).unwrap();
    let wrong = right.replacen("\"size\":413", "\"size\":414", 1);
    assert_ne!(wrong, right);
    fs_err::write(&index, wrong).unwrap();
    assert_snapshot!(oci(&sandbox, "layout verify layout"), @r"
    exit 6
    --- stderr
    warning: sha256:[DIGEST]: it has 413 bytes; what names it says 414
    error: `oci:layout` does not hold all that it names: 1 problem
    ");
    fs_err::write(&index, right).unwrap();
    let blob = sandbox.home().join("desk/layout/blobs/sha256").join(layer.encoded());
    fs_err::write(&blob, "wrong!\n").unwrap();
    assert_snapshot!(oci(&sandbox, "layout verify layout"), @r"
    exit 6
    --- stderr
    warning: sha256:[DIGEST]: cannot get the blob sha256:[DIGEST]: cannot use an image layout: `layout/blobs/sha256/[HEX]` is damaged: the 7 bytes received for sha256:[DIGEST] have the digest sha256:[DIGEST]
    error: `oci:layout` does not hold all that it names: 1 problem
    ");
    fs_err::remove_file(&blob).unwrap();
    let missing = oci(&sandbox, "layout verify layout --json");
    assert_eq!((missing.code, missing.json()["problems"].as_array().unwrap().len()), (6, 1));
    assert_snapshot!(oci(&sandbox, "layout list nowhere"), @r"
    exit 3
    --- stderr
    error: cannot look at oci:nowhere
      caused by: cannot use an image layout
      caused by: `nowhere` is no image layout: it has no file `oci-layout`
    ");
    assert_eq!(oci(&sandbox, "layout list oci://REG/acme/foo").code, 2);
}

#[test]
fn a_login_is_the_one_of_every_command() {
    let (sandbox, _) = stocked();
    let host = sandbox.registry().host().to_owned();
    sandbox.registry().require_basic("me", "hunter2");
    assert_eq!(oci(&sandbox, "tags REG/acme/foo").code, 5);
    let login = format!("printf hunter2 | $pkg oci login {host} -u me --password-stdin");
    sandbox.finish(&mut sandbox.shell(&login)).ok();
    assert_eq!(oci(&sandbox, "tags REG/acme/foo").ok().stdout, "1.2.3\n");
    oci(&sandbox, "logout REG").ok();
    assert_eq!(oci(&sandbox, "tags REG/acme/foo").code, 5);
}
