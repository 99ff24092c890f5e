//! `mirrors` of a registry: stale, down, lying, closed; the right bytes come, or a clear error.

use std::net::TcpListener;

use catalog::edition::Packed;
use insta::assert_snapshot;
use regex::Regex;
use test_registry::TestRegistry;

use crate::support::{
    Output, Sandbox,
    edition::{pack, push_to},
};

/// Puts a version of the package `widget` into a registry; its digest is the same everywhere.
fn package(registry: &TestRegistry, version: &str) -> String {
    let script = format!("#!/bin/sh\necho widget {version}\n");
    let published = registry.package("widget", version).file("bin/widget", script, 0o755).push();
    published.manifests[0].to_string()
}

/// An edition of a tap whose formula has these versions.
fn edition(sandbox: &Sandbox, serial: u64, versions: &[&str]) -> Packed {
    let host = sandbox.registry().host();
    let mut text = format!(
        "schema = 1\nname = \"widget\"\nsummary = \"A widget\"\nlicense = \"MIT\"\n\n\
         [source]\noci = \"{host}/widget\"\n"
    );
    for version in versions {
        let digest = package(sandbox.registry(), version);
        text.push_str(&format!("\n[version.\"{version}\"]\nany = \"{digest}\"\n"));
    }
    sandbox.write("acme/widget.toml", text);
    pack(sandbox, "acme", serial, &format!("2026-05-0{serial}"))
}

/// A registry with two editions, and a mirror that has what the first one names.
fn behind() -> (Sandbox, TestRegistry) {
    let (sandbox, mirror) = (Sandbox::new(), TestRegistry::start());
    let old = edition(&sandbox, 1, &["1.0.0"]);
    package(&mirror, "1.0.0");
    push_to(&mirror, &old);
    let new = edition(&sandbox, 2, &["1.0.0", "2.0.0"]);
    push_to(sandbox.registry(), &old);
    push_to(sandbox.registry(), &new);
    (sandbox, mirror)
}

fn mirrored(sandbox: &Sandbox, keys: &str) {
    sandbox.config(&format!("[registry.\"{}\"]\n{keys}\n", sandbox.registry().host()));
}

fn add(sandbox: &Sandbox) -> String {
    format!("tap add oci://{}/tap", sandbox.registry().host())
}

/// Nobody listens there.
fn nobody() -> String {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().to_string()
}

/// The output with who is who.
fn named(sandbox: &Sandbox, mirror: &str, output: &Output) -> String {
    let text = format!("exit {}\n{}", output.code, output.stderr);
    let text = text.replace(mirror, "MIRROR").replace(sandbox.registry().host(), "REGISTRY");
    let text = text.replace(sandbox.home().to_str().unwrap(), "[HOME]");
    Regex::new("sha256:[0-9a-f]{64}").unwrap().replace_all(&text, "[DIGEST]").into_owned()
}

#[test]
fn a_mirror_that_is_behind_gives_what_it_has_and_the_registry_the_rest() {
    let (sandbox, mirror) = behind();
    mirrored(&sandbox, &format!("mirrors = [\"{}\"]", mirror.host()));
    assert_snapshot!(named(&sandbox, mirror.host(), &sandbox.run(&add(&sandbox))), @r"
    exit 0
    the mirror MIRROR is passed over: blob [DIGEST] of oci://MIRROR/tap does not exist; asking REGISTRY
    Added tap acme (1 formula), edition 2 of 2026-05-02T12:00:00Z
    ");
    sandbox.run("install widget@1").ok();
    assert_eq!(sandbox.says("bin/widget"), "widget 1.0.0\n");
    let asked = sandbox.registry().requests_to("*/widget/*");
    assert!(asked.is_empty(), "the mirror has all of it: {asked:?}");
    sandbox.run("install widget@2").ok();
    assert_eq!(sandbox.says("bin/widget"), "widget 2.0.0\n");
    assert!(mirror.requests_to("*/latest").is_empty(), "a tag is not asked for");
}

#[test]
fn a_mirror_that_answers_tags_and_is_behind_leads_nobody_back() {
    let (sandbox, mirror) = behind();
    sandbox.run(&add(&sandbox)).ok();
    let keys = format!(
        "mirrors = [{{ location = \"{}\", digest-only = false }}]\nfallback = false",
        mirror.host()
    );
    mirrored(&sandbox, &keys);
    sandbox.registry().forget_requests();
    assert_snapshot!(sandbox.run("update"), @r"
    exit 6
    --- stderr
    error: oci://[HOST]/tap is refused: it has serial 1 now, and had 2 before; a tap never goes back

    hint: if its owner says that this is meant: `pkg tap remove`, then `pkg tap add`
    ");
    sandbox.run("install widget@1").ok();
    assert!(sandbox.registry().requests().is_empty(), "without a fallback it is never asked");
}

#[test]
fn a_mirror_that_is_down_costs_one_line() {
    let (sandbox, _) = behind();
    let mirror = nobody();
    mirrored(&sandbox, &format!("mirrors = [\"{mirror}\"]"));
    sandbox.run(&add(&sandbox)).ok();
    assert_snapshot!(named(&sandbox, &mirror, &sandbox.run("install widget")), @r#"
    exit 0
    the mirror MIRROR is passed over: cannot get an answer from http://MIRROR/v2/widget/manifests/[DIGEST]: nothing listens there; asking REGISTRY
    Installed widget 2.0.0 from acme
    Linked widget in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
    assert_eq!(sandbox.says("bin/widget"), "widget 2.0.0\n");
    // Without a fallback nobody else is asked, whatever the registry would say.
    let keys = format!(
        "mirrors = [{{ location = \"{mirror}\", digest-only = false }}]\nfallback = false\n\
         [patience]\nretries = 0"
    );
    mirrored(&sandbox, &keys);
    sandbox.registry().forget_requests();
    assert_snapshot!(named(&sandbox, &mirror, &sandbox.run("update")), @r"
    exit 4
    error: cannot get the tap from oci://REGISTRY/tap
      caused by: cannot get an answer from http://MIRROR/v2/tap/manifests/latest: nothing listens there
      caused by: Connection refused (os error 111)

    hint: look at whether the registry runs, and at its port
    ");
    assert!(sandbox.registry().requests().is_empty());
}

#[test]
fn a_mirror_that_lies_is_named_and_passed_over() {
    let (sandbox, mirror) = behind();
    let keys = format!("mirrors = [\"{}\"]", mirror.host());
    mirrored(&sandbox, &keys);
    let host = sandbox.registry().host();
    package(&mirror, "2.0.0");
    sandbox.run(&add(&sandbox)).ok();
    mirror.on("GET /v2/*/manifests/*").flipped_byte(20);
    let install = sandbox.run("install widget@1");
    assert_snapshot!(named(&sandbox, mirror.host(), &install), @r#"
    exit 0
    warning: the mirror MIRROR is passed over: MIRROR does not send what was asked for; asking REGISTRY
    Installed widget 1.0.0 from acme
    Linked widget in [HOME]/.local/share/pkg/current/bin
    hint: put it on your PATH: export PATH="[HOME]/.local/share/pkg/current/bin:$PATH"
    "#);
    assert_eq!(sandbox.says("bin/widget"), "widget 1.0.0\n");
    mirror.behave();
    mirror.on("GET /v2/*/blobs/*").flipped_byte(20);
    let install = sandbox.run("install widget@2");
    assert_snapshot!(named(&sandbox, mirror.host(), &install), @r"
    exit 0
    warning: the mirror MIRROR is passed over: MIRROR does not send what was asked for; asking REGISTRY
    Upgraded widget 1.0.0 -> 2.0.0 from acme
    ");
    assert_eq!(sandbox.says("bin/widget"), "widget 2.0.0\n");
    // With nobody else to ask, it is an error, and nothing is installed.
    let other = Sandbox::new();
    let keys = format!(
        "[registry.\"{host}\"]\nfallback = false\n\
         mirrors = [{{ location = \"{}\", digest-only = false }}]\n",
        mirror.host()
    );
    other.config(&keys);
    let refused = other.run(&format!("install oci://{host}/widget:1.0.0"));
    assert_snapshot!(named(&sandbox, mirror.host(), &refused), @r"
    exit 6
    error: cannot take [DIGEST] of `widget` from oci://REGISTRY/widget:1.0.0
      caused by: cannot take the archive's bytes
      caused by: MIRROR does not send what was asked for
      caused by: the 130 bytes received for [DIGEST] have the digest [DIGEST]
    ");
}

#[test]
fn a_mirror_that_lets_nobody_in_is_said() {
    let (sandbox, mirror) = behind();
    mirror.require_basic("you", "there");
    mirrored(&sandbox, &format!("mirrors = [\"{}\"]", mirror.host()));
    assert_snapshot!(named(&sandbox, mirror.host(), &sandbox.run(&add(&sandbox))), @r"
    exit 0
    warning: the mirror MIRROR is passed over: blob [DIGEST] of oci://MIRROR/tap needs a login, or does not exist; asking REGISTRY
    Added tap acme (1 formula), edition 2 of 2026-05-02T12:00:00Z
    ");
    // The registry's own word is the last one, and no mirror's lack is an answer in its place.
    sandbox.registry().on("/v2/*").status(403);
    let refused = sandbox.run("install widget");
    assert_eq!(refused.code, 5, "{refused}");
}

#[test]
fn publishing_asks_and_writes_to_the_registry_itself() {
    let (sandbox, mirror) = behind();
    let keys = format!(
        "mirrors = [{{ location = \"{}\", digest-only = false }}]\nfallback = false",
        mirror.host()
    );
    mirrored(&sandbox, &keys);
    let host = sandbox.registry().host();
    sandbox.run(&format!("tap publish acme oci://{host}/tap --json")).ok();
    sandbox.run(&format!("promote oci://{host}/widget:2.0.0 oci://{host}/stable:2.0.0")).ok();
    assert!(sandbox.registry().tag("stable", "2.0.0").is_some());
    assert!(mirror.requests().is_empty(), "{:?}", mirror.requests());
}
