//! Publishing where something of the version is there already, or others publish as well.

use digest::Digest;
use insta::assert_snapshot;
use serde_json::Value;
use test_registry::{Quirk, TestRegistry};

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

#[test]
fn a_run_that_was_cut_is_completed_by_the_next_one() {
    let sandbox = Sandbox::new();
    let file = tap(&sandbox, "one");
    let text = fs_err::read_to_string(&file).unwrap();
    let words = "publish acme/tool.toml --platform linux-amd64";
    sandbox.registry().on("PUT /v2/acme/tool/manifests/1.2.3").once().status(403);
    assert_eq!(sandbox.run(words).code, 5);
    assert_snapshot!(sandbox.run(words), @"
    exit 0
    --- stdout
    oci://[HOST]/acme/tool:1.2.3@sha256:[DIGEST]
    --- stderr
    Completed tool 1.2.3 for linux-amd64: its packages were there, its index was not
    Attached tool.toml
    Wrote `package` into acme/tool.toml
    ");
    fs_err::write(&file, text).unwrap();
    assert_snapshot!(sandbox.run(words), @"
    exit 0
    --- stdout
    oci://[HOST]/acme/tool:1.2.3@sha256:[DIGEST]
    --- stderr
    Unchanged tool 1.2.3 for linux-amd64
    Wrote `package` into acme/tool.toml
    ");
    sandbox.write("sbom.json", "{}");
    let attaching = format!("{words} --attach sbom.json:application/spdx+json");
    assert_snapshot!(sandbox.run(&attaching), @"
    exit 0
    --- stdout
    oci://[HOST]/acme/tool:1.2.3@sha256:[DIGEST]
    --- stderr
    Unchanged tool 1.2.3 for linux-amd64
    Attached sbom.json
    ");
}

#[test]
fn requests_that_fail_beside_each_other_are_told_once() {
    let sandbox = Sandbox::new();
    for name in ["one", "two", "three", "four"] {
        drop(sandbox.formula(name).version("1.0.0"));
    }
    sandbox.config("[patience]\nretries = 1\n");
    sandbox.registry().on("GET /v2/*/blobs/*").status(503);
    let said = sandbox.run("install one two three four");
    assert_eq!(said.code, 4, "{said}");
    assert_eq!(said.stderr.matches("trying again").count(), 1, "{said}");
}

#[test]
fn a_promoted_version_joins_what_is_there() {
    let (maker, sandbox) = (Sandbox::new(), Sandbox::new());
    tap(&maker, "one");
    tap(&sandbox, "one");
    maker.run("publish acme/tool.toml --platform linux-arm64").ok();
    sandbox.run("publish acme/tool.toml --platform linux-amd64").ok();
    let (from, registry) = (maker.registry(), sandbox.registry());
    let words = |to: &str| {
        format!("promote oci://{}/acme/tool:1.2.3 oci://{}/{to}", from.host(), registry.host())
    };
    let first = registry.tag("acme/tool", "1.2.3").unwrap();
    maker.run(&words("acme/tool")).ok();
    let inspect = format!("inspect oci://{}/acme/tool:1.2.3 --json", registry.host());
    let manifests = maker.run(&inspect).ok().json()["manifests"].as_array().unwrap().len();
    assert_eq!(manifests, 2, "neither platform is lost");
    assert!(registry.manifest("acme/tool", &first).is_some());
    let united = registry.tag("acme/tool", "1.2.3");
    maker.run(&words("acme/tool")).ok();
    assert_eq!(registry.tag("acme/tool", "1.2.3"), united, "again changes nothing");
    maker.run(&words("acme/tool:stable")).ok();
    assert_eq!(registry.tag("acme/tool", "stable"), from.tag("acme/tool", "1.2.3"));

    let other = Sandbox::new();
    tap(&other, "two");
    other.run("publish acme/tool.toml --platform linux-arm64").ok();
    let host = other.registry().host();
    let words = format!("promote oci://{host}/acme/tool:1.2.3 oci://{}", registry.host());
    let before = registry.tags("acme/tool");
    assert_snapshot!(other.run(&format!("{words}/acme/tool")), @r"
    exit 1
    --- stderr
    error: [HOST]/acme/tool:1.2.3 has a package for linux-arm64 already: sha256:[DIGEST]; this one is sha256:[DIGEST]

    hint: raise `revision` in the version's table
    ");
    assert_eq!((registry.tags("acme/tool"), registry.tag("acme/tool", "1.2.3")), (before, united));
}

#[test]
fn a_version_is_not_replaced_by_another() {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    sandbox.run("publish acme/tool.toml").ok();
    let text = fs_err::read_to_string(sandbox.home().join("desk/acme/tool.toml")).unwrap();
    let (registry, host) = (sandbox.registry(), sandbox.registry().host());
    let first = registry.tag("acme/tool", "1.2.3");
    let table = text.split_once("[version.\"1.2.3\"]").unwrap().1;
    let table = table.split_once("package").unwrap().0;
    sandbox.write("acme/tool.toml", format!("{text}\n[version.\"1.3.0\"]{table}"));
    sandbox.run("publish acme/tool.toml").ok();
    let promote = format!("promote oci://{host}/acme/tool:1.3.0 oci://{host}/acme/tool:1.2.3");
    assert_snapshot!(sandbox.run(&promote), @r"
    exit 1
    --- stderr
    error: oci://[HOST]/acme/tool:1.2.3 is a version of its own; a version that is published is not replaced
    ");
    registry.forget_requests();
    for tag in ["1.2.3", "1.3.0", "1.2.3__r1", "1.3.0.i.0123456789ab", "1.3.0.any.0123456789ab"] {
        let refused = sandbox.run(&format!("publish acme/tool.toml --also latest,{tag}"));
        assert_eq!(refused.code, 2, "{tag}: {refused}");
        assert!(refused.stderr.contains(&format!("`{tag}`")), "{tag}: {refused}");
    }
    let refused = sandbox.run("publish acme/tool.toml --also sha256-0123");
    assert_snapshot!(refused, @r"
    exit 2
    --- stderr
    error: `sha256-0123` cannot be moved to a version: it lists what refers to a digest
    ");
    assert_snapshot!(sandbox.run("publish acme/tool.toml --also new/est"), @r"
    exit 2
    --- stderr
    error: `new/est` cannot be moved to a version: it is no tag
    ");
    assert_eq!(registry.requests().len(), 0, "before anything is asked");
    assert_eq!(registry.tag("acme/tool", "1.2.3"), first);
}

#[test]
fn two_editions_at_once_are_published_one_after_the_other() {
    // The slower one has looked and found nothing; then the other one publishes.
    let (slow, quick) = (Sandbox::new(), Sandbox::new());
    let registry = slow.registry();
    for (sandbox, word) in [(&slow, "slow"), (&quick, "quick")] {
        let path = tap(sandbox, "one");
        sandbox.write("acme/tap.toml", "name = \"acme\"\n");
        let text = fs_err::read_to_string(path).unwrap();
        sandbox.write("acme/tool.toml", text.replace("The tool", &format!("The {word} tool")));
    }
    let words = format!("tap publish acme oci://{}/tap --json", registry.host());
    let pattern = "PUT /v2/tap/manifests/t.*";
    registry.on(pattern).once().holding();
    let waiting = slow.start(&words);
    registry.wait_for(pattern, 1);
    let first = quick.run(&words).ok().json();
    registry.release();
    let second = slow.end(waiting).ok().json();
    assert_eq!((&first["serial"], &second["serial"]), (&1.into(), &2.into()));
    for edition in [&first, &second] {
        let digest = edition["digest"].as_str().unwrap().parse().unwrap();
        let tag = registry.tags("tap").into_iter().find(|tag| {
            tag.starts_with("t.") && registry.tag("tap", tag).as_ref() == Some(&digest)
        });
        assert!(tag.is_some(), "{edition}: a tag of its own keeps it");
    }
    assert_eq!(registry.tag("tap", "latest").unwrap().as_str(), second["digest"]);
}

#[test]
fn packages_below_a_folder_have_a_layout_each() {
    let sandbox = Sandbox::new();
    let text = fs_err::read_to_string(tap(&sandbox, "one")).unwrap();
    let base = sandbox.home().join("desk/layouts");
    let base = format!("name = \"acme\"\nregistry = \"oci:{}\"\n", base.display());
    sandbox.write("acme/tap.toml", base);
    let other = text.replace("name = \"tool\"", "name = \"other\"");
    sandbox.write("acme/other.toml", other.replace("license = \"MIT\"", "license = \"ISC\""));
    for name in ["tool", "other"] {
        sandbox.run(&format!("publish acme/{name}.toml")).ok();
        sandbox.run(&format!("install oci:layouts/{name}:1.2.3")).ok();
        sandbox.run(&format!("remove {name}")).ok();
    }
}

#[test]
fn a_registry_that_refuses_says_so_before_anything_is_packed() {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    fs_err::remove_dir_all(sandbox.home().join("desk/acme/files")).unwrap();
    sandbox.registry().on("GET /v2/*/tags/*").unauthorized();
    let refused = sandbox.run("publish acme/tool.toml");
    assert_eq!(refused.code, 5, "{refused}");
    sandbox.registry().behave();
    let refused = sandbox.run("publish acme/tool.toml");
    assert!(refused.stderr.contains("tool-linux-amd64.tar.gz"), "{refused}");
}

#[test]
fn platforms_that_are_packed_at_once_are_all_in_the_layout() {
    let sandbox = Sandbox::new();
    tap(&sandbox, "one");
    for round in 0..4 {
        let packing = ["linux-amd64", "linux-arm64"].map(|platform| {
            let words = format!("pack acme/tool.toml --platform {platform} -o out-{round}");
            sandbox.start(&words)
        });
        for child in packing {
            sandbox.end(child).ok();
        }
        let inspect = format!("inspect oci:out-{round}:1.2.3 --json");
        let inspected = sandbox.run(&inspect).ok().json();
        assert_eq!(inspected["manifests"].as_array().unwrap().len(), 2, "{inspected}");
    }
}

#[test]
fn a_dry_run_names_each_write_that_follows() {
    for is_listing in [true, false] {
        let sandbox = Sandbox::new();
        tap(&sandbox, "one");
        sandbox.write("sbom.json", "{}\n");
        let registry = sandbox.registry();
        if !is_listing {
            registry.quirk(Quirk::WithoutReferrers);
        }
        // A repository that is not there yet lists nothing.
        registry.push_blob("acme/tool", &b"other"[..]);
        let words = "publish acme/tool.toml --attach sbom.json:application/spdx+json";
        let planned = sandbox.run(&format!("{words} --dry-run --json")).ok().json();
        let planned = planned["requests"].as_array().unwrap().iter();
        let planned = planned.filter(|it| it["method"] == "PUT").map(|it| {
            let path = it["path"].as_str().unwrap();
            path.split_once("digest=").map_or(path, |(_, digest)| digest).to_owned()
        });
        let planned: Vec<String> = planned.collect();
        registry.forget_requests();
        sandbox.run(words).ok();
        let done = registry.requests_to("PUT *").into_iter().map(|request| {
            let path = request.path.replace("%3A", ":");
            path.split_once("digest=").map_or(path.as_str(), |(_, digest)| digest).to_owned()
        });
        let (mut planned, mut done) = (planned, done.collect::<Vec<_>>());
        planned.sort_unstable();
        done.sort_unstable();
        assert_eq!(planned, done, "{is_listing}");
        let lists = planned.iter().filter(|path| path.contains("/manifests/sha256-")).count();
        assert_eq!(lists, if is_listing { 0 } else { 4 });
    }
}
