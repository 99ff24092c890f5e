//! Registries that misbehave, as a user meets them: the right result or a clear error in time.
//!
//! Every way to misbehave in detail is tested in `crates/oci`; here stands what an install makes
//! of it, and what is on the disk afterwards.

use std::thread;

use test_registry::{On, TestRegistry, Tokens};

use crate::support::{Sandbox, tree::Tree};

type Faulty = fn(On<'_>);

/// What is wrong, how, with which exit code it ends, and what the user reads.
type Case = (&'static str, Faulty, i32, &'static str);

const INSTALLED: &str = "Installed tool 1.0.0";

/// Faults that end alike whether a manifest or a blob is asked for.
const ANYWHERE: &[Case] = &[
    ("wrong bytes", |on| on.flipped_byte(20), 6, "have the digest sha256:"),
    ("an extra byte", |on| on.extra_byte(), 6, "caused by: "),
    ("a body cut short once", |on| on.once().truncating(20), 0, INSTALLED),
    ("a connection reset once", |on| on.once().resetting(20), 0, INSTALLED),
    ("bodies cut short", |on| on.truncating(0), 4, "trying again"),
    ("a stall once", |on| on.once().stalling(20), 0, INSTALLED),
    ("stalls", |on| on.stalling(20), 4, "sent nothing for 1.0 s"),
    ("too many requests", |on| wait(on.once(), "1"), 0, INSTALLED),
    ("far too many requests", |on| wait(on, "7200"), 4, "asks to wait"),
    ("down three times", |on| on.times(3).status(503), 0, INSTALLED),
    ("down", |on| on.status(503), 4, "503"),
    ("a redirect to itself", |on| on.redirecting("{path}"), 4, "redirect"),
    ("refused", |on| on.status(403), 5, "403"),
    ("gone", |on| on.status(404), 3, "404"),
];

const MANIFEST: &str = "GET /v2/tool/manifests/*";
const BLOB: &str = "GET /v2/tool/blobs/*";

/// Faults that end otherwise, or mean something only there.
const SOMEWHERE: &[(&str, Case)] = &[
    (MANIFEST, ("a page for people", |on| on.html(), 4, "caused by: ")),
    (BLOB, ("a page for people", |on| on.html(), 6, "ended after 57 of 127 bytes")),
    (BLOB, ("a short length", |on| on.wrong_content_length(17), 6, "caused by: ")),
    (BLOB, ("no length", |on| on.chunked(), 0, INSTALLED)),
    (BLOB, ("compressed once more", |on| on.gzip(), 4, "caused by: ")),
    (BLOB, ("a redirect without TLS to nobody", |on| on.redirecting("ftp://h/"), 4, "refused")),
];

fn wait(on: On<'_>, seconds: &str) {
    on.answering(429, &[("retry-after", seconds)], "");
}

/// Nothing is installed, staged or in the store, and without the fault all is well.
#[track_caller]
fn check_clean(sandbox: &Sandbox, what: &str) {
    let left = Tree::of(&sandbox.root()).below(&["cellar", "generations", "receipts", "store"]);
    let left = Tree::default().changes_to(&left);
    assert!(left.iter().all(|line| is_empty_folder(line)), "{what}: {left:?}");
    assert_eq!(fs_err::read_dir(sandbox.root().join("staging")).unwrap().count(), 0, "{what}");
    sandbox.registry().behave();
    assert!(sandbox.run("install tool").ok().stderr.contains(INSTALLED), "{what}");
}

fn is_empty_folder(line: &str) -> bool {
    let folders = [
        "cellar",
        "generations",
        "receipts",
        "store",
        "store/files",
        "store/partial",
        "store/plans",
    ];
    line.strip_prefix("new: ").is_some_and(|path| folders.contains(&path))
}

/// Installs from a registry with one fault; what is not as it should be.
fn install_despite(pattern: &str, (what, fault, exit, says): &Case) -> Option<String> {
    let sandbox = Sandbox::new();
    let retries = if *exit == 0 { 3 } else { 1 };
    sandbox.config(&format!("[patience]\nstall-seconds = 1\nretries = {retries}\n"));
    sandbox.formula("tool").version("1.0.0");
    fault(sandbox.registry().on(pattern));
    let output = sandbox.run("install tool");
    if output.code != *exit || !output.stderr.contains(says) {
        return Some(format!("{what}, {pattern}: {output}"));
    }
    if *exit != 0 && pattern == BLOB {
        check_clean(&sandbox, what);
    }
    None
}

#[test]
fn each_fault_of_a_registry_ends_well_or_with_its_error() {
    let anywhere = ANYWHERE.iter().flat_map(|case| [(MANIFEST, case), (BLOB, case)]);
    let cases = anywhere.chain(SOMEWHERE.iter().map(|(pattern, case)| (*pattern, case)));
    // Most of them wait for a second: together they wait but once.
    let wrong: Vec<String> = thread::scope(|scope| {
        let start = |(pattern, case)| scope.spawn(move || install_despite(pattern, case));
        let threads: Vec<_> = cases.map(start).collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// `me:canary-secret` as Docker stores it.
const STORED: &str = "bWU6Y2FuYXJ5LXNlY3JldA==";

/// No request that came here carries the user's secret, in whatever form.
#[track_caller]
fn saw_no_secret(registry: &TestRegistry) {
    for request in registry.requests() {
        let text = format!("{request:?}");
        let is_clean = !text.contains("canary") && !text.contains(STORED.trim_end_matches('='));
        assert!(is_clean && request.authorization().is_none(), "{text}");
    }
}

/// Installs with everything logged, and finds no secret in what is printed.
fn install(sandbox: &Sandbox) -> i32 {
    let output = sandbox.finish(sandbox.command("install tool").env("PKG_LOG", "trace"));
    let printed = format!("{}{}", output.stdout, output.stderr);
    assert!(printed.contains("tool"), "{printed}");
    assert!(!printed.contains("canary") && !printed.contains(STORED), "{printed}");
    output.code
}

#[test]
fn a_redirect_to_another_port_takes_no_credentials_along() {
    let sandbox = Sandbox::new();
    sandbox.formula("tool").version("1.0.0");
    let registry = sandbox.registry();
    sandbox.log_in(registry.host(), STORED);
    registry.require_basic("me", "canary-secret");
    let storage = TestRegistry::start();
    let digest = registry_layer(registry);
    storage.push_blob("tool", registry.blob("tool", &digest).unwrap());
    registry.on("GET /v2/tool/blobs/*").redirecting_to(&storage);
    assert_eq!(install(&sandbox), 0);
    assert_eq!(storage.requests_to("GET /v2/tool/blobs/*").len(), 1);
    saw_no_secret(&storage);
    assert!(registry.requests().iter().any(|request| request.authorization().is_some()));
}

#[test]
fn storage_that_asks_for_credentials_gets_none() {
    let sandbox = Sandbox::new();
    sandbox.formula("tool").version("1.0.0");
    let registry = sandbox.registry();
    sandbox.log_in(registry.host(), STORED);
    registry.require_basic("me", "canary-secret");
    let storage = TestRegistry::start();
    storage.require_basic("me", "canary-secret");
    registry.on("GET /v2/tool/blobs/*").redirecting_to(&storage);
    assert_eq!(install(&sandbox), 5);
    assert!(!storage.requests().is_empty());
    saw_no_secret(&storage);
}

#[test]
fn a_realm_on_another_host_sees_no_credentials() {
    let sandbox = Sandbox::new();
    sandbox.formula("tool").version("1.0.0");
    let registry = sandbox.registry();
    sandbox.log_in(registry.host(), STORED);
    let issuer = TestRegistry::start();
    registry.require_tokens(Tokens::new().realm(&issuer.url("/token")));
    assert_eq!(install(&sandbox), 0);
    assert!(!issuer.requests_to("GET /token*").is_empty());
    saw_no_secret(&issuer);
}

/// The digest of the one layer of the one package.
fn registry_layer(registry: &TestRegistry) -> digest::Digest {
    let index = registry.tag("tool", "1.0.0").unwrap();
    let document = |digest| -> serde_json::Value {
        serde_json::from_slice(&registry.manifest("tool", &digest).unwrap()).unwrap()
    };
    let manifest = document(index)["manifests"][0]["digest"].as_str().unwrap().to_owned();
    let layer = document(manifest.parse().unwrap())["layers"][0]["digest"].clone();
    layer.as_str().unwrap().parse().unwrap()
}
