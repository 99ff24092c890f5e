//! Plain web servers as sources.

use digest::Digest;
use pkg_oci::{Error, Event, Kind, Start};
use test_registry::TestRegistry;

use crate::support::{Heard, client, client_with, drain, login, noise};

fn start(bytes: &[u8]) -> Start {
    Start::new(Digest::sha256(bytes), None).unwrap()
}

#[tokio::test]
async fn a_plain_file_is_downloaded_and_its_size_told() {
    let bytes = noise(700_000);
    let server = TestRegistry::start();
    server.file("/x.tar.gz", bytes.clone());
    let download = client().download(&[server.url("/x.tar.gz")], start(&bytes)).await.unwrap();
    assert_eq!(download.size(), Some(700_000));
    let (taken, verdict) = drain(download).await;
    verdict.unwrap();
    assert!(taken == bytes);
}

#[tokio::test]
async fn sources_are_tried_in_order_and_gone_on_from() {
    let bytes = noise(700_000);
    let (first, second, third) =
        (TestRegistry::start(), TestRegistry::start(), TestRegistry::start());
    second.file("/b", bytes.clone());
    third.file("/c", bytes.clone());
    second.on("/b").truncating(400_000);
    let heard = Heard::default();
    let client = client_with(|config| {
        config.retries = 0;
        heard.listen(config);
    });
    let urls = [first.url("/a"), second.url("/b"), third.url("/c")];
    let (taken, verdict) = drain(client.download(&urls, start(&bytes)).await.unwrap()).await;
    verdict.unwrap();
    assert!(taken == bytes);
    assert_eq!(third.requests()[0].range(), Some("bytes=400000-"));
    let left = heard.all(|event| match event {
        Event::NextSource { host, .. } => Some(host),
        _ => None,
    });
    assert_eq!(left, [first.host(), second.host()]);
}

#[tokio::test]
async fn wrong_bytes_are_not_mended_by_another_source() {
    let bytes = noise(1000);
    let server = TestRegistry::start();
    server.file("/a", noise(999));
    server.file("/b", bytes.clone());
    let urls = [server.url("/a"), server.url("/b")];
    let (_, verdict) = drain(client().download(&urls, start(&bytes)).await.unwrap()).await;
    assert_eq!(verdict.unwrap_err().kind(), Kind::Integrity);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn d14_a_mirror_stands_for_a_source() {
    let bytes = noise(1000);
    let mirror = TestRegistry::start();
    mirror.file("/hub/acme/x.tar.gz", bytes.clone());
    let client = client_with(|config| {
        config.mirrors = vec![("https://github.com/".to_owned(), mirror.url("/hub/"))];
        config.credentials = login(&[("github.com", "me", "s3cret")]);
    });
    let urls = ["https://github.com/acme/x.tar.gz".to_owned()];
    let (taken, verdict) = drain(client.download(&urls, start(&bytes)).await.unwrap()).await;
    verdict.unwrap();
    assert_eq!(taken, bytes);
    assert_eq!(mirror.requests()[0].authorization(), None);
}

#[tokio::test]
async fn a_plain_server_never_gets_credentials() {
    let server = TestRegistry::start();
    server.file("/x", "bytes");
    server.on("/x").unauthorized();
    let credentials = login(&[(server.host(), "me", "s3cret")]);
    let client = client_with(|config| config.credentials = credentials);
    let error = client.download(&[server.url("/x")], start(b"bytes")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthorized);
    assert!(server.requests().iter().all(|request| request.authorization().is_none()));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn what_is_no_source_is_refused() {
    let none: [String; 0] = [];
    let error = client().download(&none, start(b"")).await.unwrap_err();
    assert!(matches!(error, Error::NoSource { .. }), "{error}");
    for url in ["file:///etc/passwd", "ftp://a.example/", "x", ""] {
        let error = client().download(&[url.to_owned()], start(b"")).await.unwrap_err();
        assert!(matches!(error, Error::Url { .. }), "{url}: {error}");
    }
    let blake3 = "blake3:abc".parse().unwrap();
    assert!(matches!(Start::new(blake3, None).err(), Some(Error::Start { .. })));
}
