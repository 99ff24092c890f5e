//! Registries that misbehave while something is published: the right result, or a clear error.
//!
//! Every way to misbehave in detail is tested in `crates/oci`; here stands what a maintainer
//! reads, and that a version is never half there: neither its tag nor the formula's `package`.

use std::thread;

use test_registry::{On, Quirk, TestRegistry, Tokens};

use crate::support::Sandbox;

type Faulty = fn(On<'_>);

/// Which requests, what is wrong with them, how, the exit code, and what the maintainer reads.
type Case = (&'static str, &'static str, Faulty, i32, &'static str);

const BLOB: &str = "PUT /v2/*/blobs/uploads/*";
const MANIFEST: &str = "PUT /v2/*/manifests/*";
const PUBLISHED: &str = "Published tool 1.0.0";
const OTHER: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

const CASES: &[Case] = &[
    (BLOB, "another digest", |on| on.digest_header(OTHER), 6, OTHER),
    (MANIFEST, "another digest", |on| on.digest_header(OTHER), 6, OTHER),
    (BLOB, "too large", |on| on.status(413), 4, "413"),
    (MANIFEST, "too large", |on| on.status(413), 4, "413"),
    (BLOB, "too many requests", |on| wait(on.once(), "1"), 0, PUBLISHED),
    (MANIFEST, "too many requests", |on| wait(on.once(), "1"), 0, PUBLISHED),
    (BLOB, "far too many requests", |on| wait(on, "7200"), 4, "asks to wait"),
    (MANIFEST, "far too many requests", |on| wait(on, "7200"), 4, "asks to wait"),
    (BLOB, "a token that ran out", |on| on.once().early(401), 0, PUBLISHED),
    (MANIFEST, "a token that ran out", |on| on.once().unauthorized(), 0, PUBLISHED),
    (BLOB, "no right to push", |on| on.unauthorized(), 5, "401"),
    (MANIFEST, "no right to push", |on| on.status(403), 5, "403"),
    (BLOB, "a connection cut once", |on| on.once().cutting(20), 0, PUBLISHED),
    (BLOB, "an answer lost once", |on| on.once().losing_the_answer(), 0, PUBLISHED),
    (MANIFEST, "an answer lost once", |on| on.once().losing_the_answer(), 0, PUBLISHED),
    (BLOB, "down once", |on| on.once().status(503), 0, PUBLISHED),
    (MANIFEST, "down", |on| on.status(503), 4, "503"),
    ("GET /v2/*/tags/*", "a page for people", |on| on.html(), 4, "caused by: "),
];

fn wait(on: On<'_>, seconds: &str) {
    on.answering(429, &[("retry-after", seconds)], "");
}

const WORDS: &str = "publish acme/tool.toml";

/// A tap with a formula whose only version is published with [`WORDS`].
fn tap(sandbox: &Sandbox) {
    let host = sandbox.registry().host();
    sandbox.write("acme/tap.toml", format!("name = \"acme\"\nregistry = \"{host}/acme\"\n"));
    let script = "#!/bin/sh\necho a tool whose script is long enough to be cut in its midst\n";
    sandbox.write("acme/tool.sh", script);
    let digest = digest::Digest::sha256(script.as_bytes());
    sandbox.write(
        "acme/tool.toml",
        format!(
            "schema = 1\nname = \"tool\"\nsummary = \"A tool\"\nlicense = \"MIT\"\n\n[source]\n\
             file = \"tool.sh\"\nformat = \"raw\"\n\n[version.\"1.0.0\"]\nany = \"{digest}\"\n"
        ),
    );
}

/// Neither the registry nor the formula says that the version is there.
#[track_caller]
fn check_unpublished(sandbox: &Sandbox, what: &str) {
    let text = fs_err::read_to_string(sandbox.home().join("desk/acme/tool.toml")).unwrap();
    assert!(!text.contains("package"), "{what}: {text}");
    assert_eq!(sandbox.registry().tag("acme/tool", "1.0.0"), None, "{what}");
    sandbox.registry().behave();
    sandbox.run(WORDS).ok();
    assert!(sandbox.registry().tag("acme/tool", "1.0.0").is_some(), "{what}");
}

#[test]
fn a_faulty_registry_leads_to_the_right_result_or_a_clear_error() {
    let failed = |(pattern, what, fault, exit, says): &Case| {
        let sandbox = Sandbox::in_memory();
        sandbox.config("[patience]\nretries = 1\n");
        tap(&sandbox);
        sandbox.registry().require_tokens(Tokens::new());
        fault(sandbox.registry().on(pattern));
        let output = sandbox.run(WORDS);
        let is_right = output.code == *exit && output.stderr.contains(says);
        match *exit {
            0 => assert!(sandbox.registry().tag("acme/tool", "1.0.0").is_some(), "{what}"),
            _ => check_unpublished(&sandbox, what),
        }
        (!is_right).then(|| format!("{pattern}, {what}: not {exit} with `{says}`: {output}"))
    };
    let failed: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = CASES.iter().map(|case| scope.spawn(move || failed(case))).collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[test]
fn credentials_stay_at_the_registry_wherever_an_upload_is_sent() {
    let (sandbox, other) = (Sandbox::new(), TestRegistry::start());
    sandbox.config("[patience]\nretries = 0\n");
    tap(&sandbox);
    let registry = sandbox.registry();
    registry.require_basic("maker", "secret-word");
    let auth = "bWFrZXI6c2VjcmV0LXdvcmQ=";
    sandbox.log_in(registry.host(), auth);
    registry.quirk(Quirk::Location(format!("http://{}{{path}}", other.host())));
    let refused = sandbox.run(WORDS);
    assert_eq!(refused.code, 4, "{refused}");
    assert!(refused.stderr.contains("does not know the upload of sha256:"), "{refused}");
    for request in other.requests() {
        assert_eq!(request.authorization(), None, "{request:?}");
    }
    assert!(!registry.requests_to("POST *").is_empty());
    assert!(!refused.stderr.contains("secret-word") && !refused.stderr.contains(auth));
    let text = fs_err::read_to_string(sandbox.home().join("desk/acme/tool.toml")).unwrap();
    assert!(!text.contains("package"), "{text}");
    assert_eq!(registry.tag("acme/tool", "1.0.0"), None);
}
