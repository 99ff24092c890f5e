//! The registry seen from outside, by a client that knows nothing but sockets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use pkg_test_registry::{Layer, TestRegistry, Tokens, Tree};

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// How the connection ended after the body.
    end: io::Result<()>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

fn ask(registry: &TestRegistry, method: &str, path: &str, extra: &str, body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(registry.host()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let size = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {size}\r\n{extra}\r\n",
        registry.host()
    )
    .unwrap();
    stream.write_all(body).unwrap();
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).map(drop);
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole header");
    let head = String::from_utf8(bytes[..at].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Answer { status, headers, body: bytes[at + 4..].to_vec(), end }
}

fn get(registry: &TestRegistry, path: &str) -> Answer {
    ask(registry, "GET", path, "", b"")
}

#[test]
fn content_is_served_as_the_specification_says() {
    let registry = TestRegistry::start();
    let tree = Tree::new().file("bin/jq", "#!/bin/sh\n", 0o755);
    let digest = registry.push_image("acme/jq", "1.7", &[tree.layer_zstd()]);
    let manifest = get(&registry, "/v2/acme/jq/manifests/1.7");
    assert_eq!(manifest.status, 200);
    assert_eq!(manifest.header("docker-content-digest"), Some(digest.as_str()));
    let document: serde_json::Value = serde_json::from_slice(&manifest.body).unwrap();
    let layer = document["layers"][0]["digest"].as_str().unwrap();
    let part =
        ask(&registry, "GET", &format!("/v2/acme/jq/blobs/{layer}"), "range: bytes=4-\r\n", b"");
    assert_eq!((part.status, &part.body[..]), (206, &tree.tar_zstd()[4..]));
    assert_eq!(get(&registry, "/v2/acme/jq/manifests/2").status, 404);
    assert_eq!(registry.requests_to("GET /v2/*/blobs/*")[0].range(), Some("bytes=4-"));
}

#[test]
fn a_package_lists_its_platforms() {
    let registry = TestRegistry::start();
    let package = registry.package("jq", "1.7").file("bin/jq", "x", 0o755);
    let published = package.platform("linux/amd64").platform("linux/arm/v7").push();
    let index = get(&registry, "/v2/jq/manifests/1.7");
    let index: serde_json::Value = serde_json::from_slice(&index.body).unwrap();
    assert_eq!(index["manifests"][1]["platform"]["variant"], "v7");
    assert_eq!(index["manifests"][1]["digest"], published.manifests[1].as_str());
    assert!(registry.blob("jq", &published.layer).is_some());
}

#[test]
fn faults_cut_exactly_where_they_say() {
    let registry = TestRegistry::start();
    let bytes = vec![7; 300_000];
    registry.file("/big", bytes.clone());
    registry.on("/big").once().truncating(200_001);
    let cut = get(&registry, "/big");
    assert_eq!((cut.body.len(), cut.header("content-length")), (200_001, Some("300000")));
    registry.on("/big").once().resetting(1_000);
    let reset = get(&registry, "/big");
    assert_eq!(reset.end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    registry.on("/big").once().extra_byte();
    assert_eq!(get(&registry, "/big").body.len(), 300_001);
    registry.on("/big").once().wrong_content_length(17);
    assert_eq!(get(&registry, "/big").header("content-length"), Some("17"));
    registry.on("/big").once().chunked();
    assert_eq!(get(&registry, "/big").header("content-length"), None);
    registry.on("GET /big").once().answering(429, &[("retry-after", "7")], "slow down");
    let refused = get(&registry, "/big");
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("7")));
    assert_eq!(get(&registry, "/big").body, bytes);
}

#[test]
fn a_stall_ends_with_the_registry() {
    let registry = TestRegistry::start();
    registry.file("/big", vec![7; 1_000]);
    registry.on("/big").stalling(10);
    let host = registry.host().to_owned();
    let client = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(host).unwrap();
        stream.write_all(b"GET /big HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut bytes = Vec::new();
        drop(stream.read_to_end(&mut bytes));
        bytes
    });
    registry.wait_for("/big", 1);
    drop(registry);
    assert!(!client.join().unwrap().ends_with(&[7; 11]));
}

#[test]
fn tokens_carry_scopes_between_registries() {
    let issuer = TestRegistry::start();
    let registry = TestRegistry::start();
    registry.push_artifact("a", "1", "text/x", &[Layer::new("text/plain", "hello")]);
    registry.require_tokens(Tokens::new().realm(&issuer.url("/token")));
    let refused = get(&registry, "/v2/a/manifests/1");
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.contains("scope=\"repository:a:pull\""), "{challenge}");
    let token = get(&issuer, "/token?service=x&scope=repository:a:pull");
    let token: serde_json::Value = serde_json::from_slice(&token.body).unwrap();
    let bearer = format!("authorization: Bearer {}\r\n", token["token"].as_str().unwrap());
    let with = |path: &str| ask(&registry, "GET", path, &bearer, b"").status;
    assert_eq!((with("/v2/a/manifests/1"), with("/v2/b/manifests/1")), (200, 401));
    registry.expire_tokens();
    assert_eq!(with("/v2/a/manifests/1"), 401);
}

#[test]
fn uploads_mounts_and_manifests_are_taken() {
    let registry = TestRegistry::start();
    let begun = ask(&registry, "POST", "/v2/a/blobs/uploads/", "", b"");
    let session = begun.header("location").unwrap().to_owned();
    let chunk = ask(&registry, "PATCH", &session, "content-range: 0-2\r\n", b"{\"a");
    assert_eq!((chunk.status, chunk.header("range")), (202, Some("0-2")));
    let gap = ask(&registry, "PATCH", &session, "content-range: 9-9\r\n", b"x");
    assert_eq!(gap.status, 416);
    let digest = digest::Digest::sha256(b"{\"a\":1}");
    let closed = ask(&registry, "PUT", &format!("{session}?digest={digest}"), "", b"\":1}");
    assert_eq!(closed.status, 201);
    let mount = format!("/v2/b/blobs/uploads/?mount={digest}&from=a");
    assert_eq!(ask(&registry, "POST", &mount, "", b"").status, 201);
    let wrong = format!("/v2/a/blobs/uploads/?digest={digest}");
    assert_eq!(ask(&registry, "POST", &wrong, "", b"other").status, 400);

    let config = format!("{{\"mediaType\":\"x/y\",\"digest\":\"{digest}\",\"size\":7}}");
    let manifest = format!("{{\"schemaVersion\":2,\"config\":{config},\"layers\":[]}}");
    let media_type = format!("content-type: {}\r\n", pkg_test_registry::IMAGE);
    let put = |name: &str| {
        let path = format!("/v2/{name}/manifests/1");
        ask(&registry, "PUT", &path, &media_type, manifest.as_bytes()).status
    };
    assert_eq!((put("b"), put("c")), (201, 404));
    assert_eq!(get(&registry, "/v2/b/tags/list").body, br#"{"name":"b","tags":["1"]}"#);
    assert_eq!(ask(&registry, "DELETE", "/v2/b/manifests/1", "", b"").status, 202);
    assert_eq!(get(&registry, "/v2/b/manifests/1").status, 404);
}

#[test]
fn referrers_are_listed_and_filtered() {
    let registry = TestRegistry::start();
    let subject = registry.push_artifact("a", "1", "text/x", &[]);
    let referrer = format!(
        "{{\"schemaVersion\":2,\"artifactType\":\"text/sig\",\"subject\":{{\"digest\":\"{subject}\"}}}}"
    );
    registry.push_manifest("a", None, pkg_test_registry::IMAGE, referrer);
    let list = |query: &str| {
        let answer = get(&registry, &format!("/v2/a/referrers/{subject}{query}"));
        let index: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        index["manifests"].as_array().unwrap().len()
    };
    assert_eq!((list(""), list("?artifactType=text/sig"), list("?artifactType=no")), (1, 1, 0));
}
