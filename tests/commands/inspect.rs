//! `inspect`: what artifacts of several makers hold, for people and for scripts.

use digest::Digest;
use insta::assert_snapshot;
use serde_json::{Value, json};
use test_registry::{IMAGE, Layer, TestRegistry, Tree};

use crate::support::{Output, Sandbox};

fn inspect(sandbox: &Sandbox, words: &str) -> Output {
    let host = sandbox.registry().host();
    sandbox.run(&format!("inspect oci://{host}/{words}")).ok()
}

/// The keys of an object and their values' kinds: what a script may count on.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            object.iter().map(|(key, value)| (key.clone(), shape(value))).collect()
        }
        Value::Array(values) => values.iter().map(shape).collect(),
        Value::String(_) => "text".into(),
        Value::Number(_) => "number".into(),
        Value::Bool(_) => "yes or no".into(),
        Value::Null => Value::Null,
    }
}

/// Stores a manifest of one layer, with a config of its own type.
fn push(registry: &TestRegistry, place: (&str, &str), config: (&str, &Value), layer: &Layer) {
    let (repository, tag) = place;
    let bytes = config.1.to_string();
    let size = bytes.len();
    let digest = registry.push_blob(repository, bytes);
    registry.push_blob(repository, layer.bytes().clone());
    let manifest = json!({
        "schemaVersion": 2,
        "config": {"mediaType": config.0, "digest": digest, "size": size},
        "layers": [layer.descriptor()],
        "annotations": {"org.opencontainers.image.title": repository},
    });
    registry.push_manifest(repository, Some(tag), IMAGE, manifest.to_string());
}

/// Stores a chart as helm does.
fn push_chart(registry: &TestRegistry) {
    let config = json!({
        "name": "demo", "version": "0.1.0", "apiVersion": "v2", "appVersion": "7",
        "description": "A chart of a test",
    });
    let archive = Tree::new().file("demo/Chart.yaml", "name: demo\n", 0o644).tar_gzip();
    let layer = Layer::new("application/vnd.cncf.helm.chart.content.v1.tar+gzip", archive);
    let config = ("application/vnd.cncf.helm.config.v1+json", &config);
    push(registry, ("charts/demo", "0.1.0"), config, &layer);
}

/// Stores an image for a platform that is not this machine's.
fn push_image(registry: &TestRegistry) {
    let tree = Tree::new().file("hello", "hello\n", 0o755).symlink("hi", "hello");
    let config = json!({
        "os": "linux", "architecture": "s390x", "created": "2026-01-02T03:04:05Z",
        "config": {"Entrypoint": ["/hello"], "Cmd": ["all"]},
        "rootfs": {"type": "layers", "diff_ids": [Digest::sha256(&tree.tar())]},
    });
    let config = ("application/vnd.oci.image.config.v1+json", &config);
    push(registry, ("image", "latest"), config, &tree.layer_gzip());
}

#[test]
fn an_image_is_shown_with_what_it_holds() {
    let sandbox = Sandbox::new();
    push_image(sandbox.registry());
    assert_snapshot!(inspect(&sandbox, "image"), @r"
    exit 0
    --- stdout
    Reference     oci://[HOST]/image
    Kind          container image
    Digest        sha256:[DIGEST]
    Media type    application/vnd.oci.image.manifest.v1+json
    Size          401 B
    Annotation    org.opencontainers.image.title = image
    Config        sha256:[DIGEST]  233 B  application/vnd.oci.image.config.v1+json
      Runs on     linux/s390x
      Created     [TIME]
      Entrypoint  /hello
      Command     all
    Layer         sha256:[DIGEST]  117 B  application/vnd.oci.image.layer.v1.tar+gzip
    ");
    assert_snapshot!(inspect(&sandbox, "image --files"), @r"
    exit 0
    --- stdout
    Reference     oci://[HOST]/image
    Kind          container image
    Digest        sha256:[DIGEST]
    Media type    application/vnd.oci.image.manifest.v1+json
    Size          401 B
    Annotation    org.opencontainers.image.title = image
    Config        sha256:[DIGEST]  233 B  application/vnd.oci.image.config.v1+json
      Runs on     linux/s390x
      Created     [TIME]
      Entrypoint  /hello
      Command     all
    Layer         sha256:[DIGEST]  117 B  application/vnd.oci.image.layer.v1.tar+gzip
      file        hello  6 B
      link        hi -> hello
    ");
    let shape = shape(&inspect(&sandbox, "image --files --json").json());
    assert_snapshot!(serde_json::to_string_pretty(&shape).unwrap(), @r#"
    {
      "annotations": {
        "org.opencontainers.image.title": "text"
      },
      "artifact_type": null,
      "config": {
        "digest": "text",
        "media_type": "text",
        "size": "number",
        "value": {
          "architecture": "text",
          "config": {
            "Cmd": [
              "text"
            ],
            "Entrypoint": [
              "text"
            ]
          },
          "created": "text",
          "os": "text",
          "rootfs": {
            "diff_ids": [
              "text"
            ],
            "type": "text"
          }
        }
      },
      "digest": "text",
      "kind": "text",
      "layers": [
        {
          "annotations": {},
          "digest": "text",
          "files": [
            {
              "executable": "yes or no",
              "path": "text",
              "sha256": "text",
              "size": "number",
              "target": null,
              "type": "text"
            },
            {
              "executable": null,
              "path": "text",
              "sha256": null,
              "size": null,
              "target": "text",
              "type": "text"
            }
          ],
          "media_type": "text",
          "size": "number",
          "unpacked_size": "number"
        }
      ],
      "manifests": [],
      "media_type": "text",
      "name": null,
      "reference": "text",
      "referrers": [],
      "schema": "number",
      "size": "number",
      "subject": null,
      "version": null
    }
    "#);
}

#[test]
fn a_chart_and_an_artifact_say_what_they_are() {
    let sandbox = Sandbox::new();
    push_chart(sandbox.registry());
    assert_snapshot!(inspect(&sandbox, "charts/demo:0.1.0"), @r"
    exit 0
    --- stdout
    Reference      oci://[HOST]/charts/demo:0.1.0
    Kind           Helm chart demo 0.1.0
    Digest         sha256:[DIGEST]
    Media type     application/vnd.oci.image.manifest.v1+json
    Size           415 B
    Annotation     org.opencontainers.image.title = charts/demo
    Config         sha256:[DIGEST]  102 B  application/vnd.cncf.helm.config.v1+json
      App version  7
      Description  A chart of a test
    Layer          sha256:[DIGEST]  136 B  application/vnd.cncf.helm.chart.content.v1.tar+gzip
    ");
    let json = inspect(&sandbox, "charts/demo:0.1.0 --json").json();
    assert_eq!((&json["kind"], &json["name"]), (&"chart".into(), &"demo".into()));

    let layers = [Layer::new("text/plain", &b"hello\n"[..]).title("hello.txt")];
    sandbox.registry().push_artifact("artifact", "v1", "application/vnd.example", &layers);
    assert_snapshot!(inspect(&sandbox, "artifact:v1"), @r"
    exit 0
    --- stdout
    Reference      oci://[HOST]/artifact:v1
    Kind           artifact of type application/vnd.example
    Digest         sha256:[DIGEST]
    Media type     application/vnd.oci.image.manifest.v1+json
    Size           459 B
    Artifact type  application/vnd.example
    Config         sha256:[DIGEST]  2 B  application/vnd.oci.empty.v1+json
    Layer          sha256:[DIGEST]  6 B  text/plain  hello.txt
    ");
    let json = inspect(&sandbox, "artifact:v1 --json").json();
    assert_eq!(
        (&json["kind"], &json["artifact_type"]),
        (&"artifact".into(), &"application/vnd.example".into())
    );
}

#[test]
fn a_package_is_shown_by_its_facts() {
    let sandbox = Sandbox::new();
    let said = json!({
        "schema": 1, "name": "tool", "version": "1.2.3", "summary": "A tool", "license": "MIT",
        "unpacked_size": 2048, "entries": 3,
        "relocations": [{"path": "bin/tool", "kind": "text", "offsets": [2, 200]}],
    });
    let package =
        sandbox.registry().package("tool", "1.2.3").file("bin/tool", "#!/bin/sh\n", 0o755);
    let package = package.platform("linux/amd64").platform("linux/arm64");
    package.annotation("dev.pkg.package", &said.to_string()).push();
    assert_snapshot!(inspect(&sandbox, "tool:1.2.3"), @r"
    exit 0
    --- stdout
    Reference        oci://[HOST]/tool:1.2.3
    Kind             package tool 1.2.3
    Digest           sha256:[DIGEST]
    Media type       application/vnd.oci.image.index.v1+json
    Size             491 B
    Manifest         linux/amd64
      Kind           package tool 1.2.3
      Platform       linux/amd64
      Digest         sha256:[DIGEST]
      Media type     application/vnd.oci.image.manifest.v1+json
      Size           700 B
      Artifact type  application/vnd.pkg.package.v1
      Summary        A tool
      License        MIT
      Unpacked size  2.0 kB
      Entries        3
      Relocations    2 places in 1 file
      Config         sha256:[DIGEST]  163 B  application/vnd.oci.image.config.v1+json
        Runs on      linux/amd64
      Layer          sha256:[DIGEST]  117 B  application/vnd.oci.image.layer.v1.tar+zstd
    Manifest         linux/arm64
      Kind           package tool 1.2.3
      Platform       linux/arm64
      Digest         sha256:[DIGEST]
      Media type     application/vnd.oci.image.manifest.v1+json
      Size           700 B
      Artifact type  application/vnd.pkg.package.v1
      Summary        A tool
      License        MIT
      Unpacked size  2.0 kB
      Entries        3
      Relocations    2 places in 1 file
      Config         sha256:[DIGEST]  163 B  application/vnd.oci.image.config.v1+json
        Runs on      linux/arm64
      Layer          sha256:[DIGEST]  117 B  application/vnd.oci.image.layer.v1.tar+zstd
    ");
    let json = inspect(&sandbox, "tool:1.2.3 --json").json();
    let manifest = &json["manifests"][0];
    assert_eq!((&json["kind"], &manifest["kind"]), (&"package".into(), &"package".into()));
    assert_eq!(manifest["annotations"]["dev.pkg.package"], said.to_string(), "as it stands");

    let package = sandbox.registry().package("broken", "1").file("bin/tool", "#!/bin/sh\n", 0o755);
    package.platform("linux/amd64").annotation("dev.pkg.package", "{}").push();
    let broken = inspect(&sandbox, "broken:1");
    assert!(broken.stdout.contains("dev.pkg.package cannot be read: missing field"), "{broken}");
}

#[test]
fn what_is_not_there_is_an_error() {
    let sandbox = Sandbox::new();
    push_image(sandbox.registry());
    let host = sandbox.registry().host();
    for (words, code) in [
        (format!("inspect oci://{host}/image:other"), 3),
        (format!("inspect oci://{host}/other"), 3),
        ("inspect oci:nowhere".to_owned(), 3),
        ("inspect image".to_owned(), 2),
        ("inspect --offline oci://127.0.0.1:1/image".to_owned(), 4),
    ] {
        let output = sandbox.run(&words);
        assert_eq!(output.code, code, "{words}: {output}");
    }
}
