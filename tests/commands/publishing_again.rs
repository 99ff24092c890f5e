//! Publishing where something of the version is there already, or others publish as well.

use digest::Digest;
use serde_json::Value;
use test_registry::TestRegistry;

use super::publishing::tap;
use crate::support::Sandbox;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Copies a version as tools do that know only its tag.
fn mirror(from: &TestRegistry, to: &TestRegistry, repository: &str, tag: &str) {
    let copy = |kind: &str, digest: &Digest, tag: Option<&str>| {
        let bytes = from.manifest(repository, digest).unwrap();
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        let blobs = document["layers"].as_array().into_iter().flatten();
        for blob in blobs.chain(document.get("config")) {
            let blob = blob["digest"].as_str().unwrap().parse().unwrap();
            to.push_blob(repository, from.blob(repository, &blob).unwrap());
        }
        to.push_manifest(repository, tag, kind, bytes);
    };
    let index = from.tag(repository, tag).unwrap();
    let bytes = from.manifest(repository, &index).unwrap();
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    for entry in document["manifests"].as_array().unwrap() {
        copy(MANIFEST, &entry["digest"].as_str().unwrap().parse().unwrap(), None);
    }
    copy(INDEX, &index, Some(tag));
}

#[test]
fn what_only_the_index_names_stays_in_it() {
    let (maker, sandbox) = (Sandbox::new(), Sandbox::new());
    tap(&maker, "one");
    maker.run("publish acme/tool.toml --platform linux-arm64").ok();
    mirror(maker.registry(), sandbox.registry(), "acme/tool", "1.2.3");
    let registry = sandbox.registry();
    assert_eq!(registry.tags("acme/tool"), ["1.2.3"], "no tag keeps the package");

    tap(&sandbox, "one");
    let words = "publish acme/tool.toml --platform linux-amd64";
    let planned = sandbox.run(&format!("{words} --dry-run")).ok();
    assert!(planned.stdout.contains("/manifests/1.2.3.linux-arm64."), "{planned}");
    let published = sandbox.run(&format!("{words} --json")).ok().json();
    let platforms = published["platforms"].as_array().unwrap();
    let platforms: Vec<_> = platforms.iter().map(|it| it["platform"].as_str().unwrap()).collect();
    assert_eq!(platforms, ["linux-amd64", "linux-arm64"]);
    let tags = registry.tags("acme/tool");
    assert!(tags.iter().any(|tag| tag.starts_with("1.2.3.linux-arm64.")), "{tags:?}");
}
