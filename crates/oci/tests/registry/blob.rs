//! Blobs whole: redirects, bounds, verdict (rows D and E16, E17).

use std::time::Duration;

use digest::Digest;
use pkg_oci::{Descriptor, Error, Event, Kind, Start, verify};
use test_registry::{TestRegistry, Tokens};

use crate::support::{Heard, client, client_with, drain, fetch, login, noise, place};

const BLOBS: &str = "GET /v2/a/blobs/*";

fn registry(bytes: &[u8]) -> TestRegistry {
    let registry = TestRegistry::start();
    registry.push_blob("a", bytes.to_vec());
    registry
}

#[tokio::test]
async fn a_blob_arrives_in_chunks() {
    let bytes = noise(3_000_001);
    let registry = registry(&bytes);
    assert!(fetch(&client(), &registry, &bytes).await.unwrap() == bytes);
    assert_eq!(registry.requests().len(), 1);
}

#[tokio::test]
async fn c3_content_that_a_descriptor_carries_is_not_asked_for() {
    let bytes = noise(300_000);
    let registry = TestRegistry::start();
    let mut descriptor = Descriptor::new("a/b", Digest::sha256(&bytes), 300_000);
    descriptor.data = Some(bytes.clone());
    let start = Start::of(&descriptor).unwrap();
    let download = client().blob(&place(&registry, "a"), &descriptor, start).await.unwrap();
    let (taken, verdict) = drain(download).await;
    verdict.unwrap();
    assert!(taken == bytes);
    for wrong in [&bytes[1..], b"", &[&bytes[..], b"x"].concat()] {
        descriptor.data = Some(wrong.to_vec());
        let start = Start::of(&descriptor).unwrap();
        let download = client().blob(&place(&registry, "a"), &descriptor, start).await;
        assert_eq!(download.unwrap_err().kind(), Kind::Integrity);
    }
    assert!(registry.requests().is_empty());
}

#[tokio::test]
async fn c4_a_blob_of_no_bytes_arrives() {
    let registry = registry(b"");
    assert_eq!(fetch(&client(), &registry, b"").await.unwrap(), b"");
}

#[tokio::test]
async fn d1_ten_redirects_are_followed_and_relative_ones_resolved() {
    let bytes = noise(1000);
    let registry = registry(&bytes);
    let digest = Digest::sha256(&bytes);
    let client = client();
    registry.on("GET /v2/a/blobs/*").once().redirecting("../../../hop?x=1");
    registry
        .on("GET /hop?x=1")
        .once()
        .redirecting(&format!("//{}/v2/a/blobs/{digest}", registry.host()));
    assert_eq!(fetch(&client, &registry, &bytes).await.unwrap(), bytes);
    registry.forget_requests();
    registry.on("*").times(10).redirecting("{path}");
    assert_eq!(fetch(&client, &registry, &bytes).await.unwrap(), bytes);
    assert_eq!(registry.requests().len(), 11);
    registry.forget_requests();
    registry.on("*").redirecting("{path}");
    let error = fetch(&client, &registry, &bytes).await.unwrap_err();
    assert!(matches!(error, Error::Redirects { limit: 10, .. }), "{error}");
    assert_eq!(registry.requests().len(), 11);
}

#[tokio::test]
async fn d2_another_origin_sees_no_credentials() {
    let bytes = noise(1000);
    let (registry, storage) = (registry(&bytes), registry(&bytes));
    registry.require_basic("me", "s3cret");
    registry.on(BLOBS).after(1).redirecting_to(&storage);
    let credentials = login(&[(registry.host(), "me", "s3cret")]);
    let client = client_with(|config| config.credentials = credentials);
    assert_eq!(fetch(&client, &registry, &bytes).await.unwrap(), bytes);
    assert!(registry.requests().iter().any(|request| request.authorization().is_some()));
    let seen = storage.requests();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].headers.iter().all(|(_, value)| !value.contains("Basic")), "{seen:?}");
    assert!(["authorization", "cookie", "referer"].iter().all(|n| seen[0].header(n).is_none()));
}

#[tokio::test]
async fn d3_a_blob_is_asked_for_as_it_is_and_refused_encoded() {
    let bytes = noise(1000);
    let registry = registry(&bytes);
    fetch(&client(), &registry, &bytes).await.unwrap();
    let request = &registry.requests()[0];
    assert_eq!((request.header("accept"), request.header("accept-encoding")), (Some("*/*"), None));
    registry.on(BLOBS).gzip();
    let error = fetch(&client(), &registry, &bytes).await.unwrap_err();
    assert!(matches!(&error, Error::Encoded { encoding, .. } if encoding == "gzip"), "{error}");
    registry.behave();
    registry.on(BLOBS).header("content-encoding", "identity");
    assert_eq!(fetch(&client(), &registry, &bytes).await.unwrap(), bytes);
}

#[tokio::test]
async fn d4_a_byte_too_many_is_refused_before_the_digest() {
    let bytes = noise(300_000);
    let registry = registry(&bytes);
    for chunked in [false, true] {
        registry.on(BLOBS).extra_byte();
        if chunked {
            registry.on(BLOBS).chunked();
        }
        let error = fetch(&client(), &registry, &bytes).await.unwrap_err();
        let Error::Verify { source, .. } = &error else {
            panic!("{error:?}");
        };
        assert!(matches!(source, verify::Error::Longer { size: 300_000, .. }), "{source}");
        assert_eq!(error.kind(), Kind::Integrity);
    }
    assert_eq!(registry.requests().len(), 2);
}

#[tokio::test]
async fn d4_an_endless_body_ends_at_the_declared_size() {
    let bytes = noise(1000);
    let registry = registry(&bytes);
    let endless = [bytes.clone(), vec![0; 50 << 20]].concat();
    registry.on(BLOBS).answering(200, &[], endless);
    let error = fetch(&client(), &registry, &bytes).await.unwrap_err();
    assert!(matches!(error, Error::Verify { source: verify::Error::Longer { .. }, .. }));
}

#[tokio::test]
async fn d6_the_verdict_is_the_last_item() {
    let bytes = noise(600_000);
    let registry = registry(&bytes);
    registry.on(BLOBS).flipped_byte(599_999);
    let descriptor = Descriptor::new("a/b", Digest::sha256(&bytes), 600_000);
    let start = Start::of(&descriptor).unwrap();
    let download = client().blob(&place(&registry, "a"), &descriptor, start).await.unwrap();
    let (taken, verdict) = drain(download).await;
    assert_eq!(taken.len(), 600_000);
    let error = verdict.unwrap_err();
    assert!(matches!(error, Error::Verify { source: verify::Error::Digest { .. }, .. }));
    assert_eq!(registry.requests().len(), 1);
}

#[tokio::test]
async fn d12_other_places_of_a_descriptor_are_not_asked() {
    let bytes = noise(100);
    let (registry, foreign) = (TestRegistry::start(), TestRegistry::start());
    foreign.file("/layer", bytes.clone());
    let mut descriptor = Descriptor::new("a/b", Digest::sha256(&bytes), 100);
    descriptor.urls = vec![foreign.url("/layer")];
    let start = Start::of(&descriptor).unwrap();
    let error = client().blob(&place(&registry, "a"), &descriptor, start).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(foreign.requests().is_empty());
}

#[tokio::test]
async fn d13_the_size_of_a_blob_is_asked_for() {
    let bytes = noise(1000);
    let (registry, storage) = (registry(&bytes), registry(&bytes));
    let digest = Digest::sha256(&bytes);
    let (client, here) = (client(), place(&registry, "a"));
    assert_eq!(client.blob_size(&here, &digest).await.unwrap(), Some(1000));
    assert_eq!(client.blob_size(&here, &Digest::sha256(b"none")).await.unwrap(), None);
    registry.on("HEAD *").once().status(403);
    let error = client.blob_size(&here, &digest).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthorized);
    registry.on("*").redirecting_to(&storage);
    assert_eq!(client.blob_size(&here, &digest).await.unwrap(), Some(1000));
    // Signed URLs are good for GET alone.
    storage.on("HEAD *").status(403);
    assert_eq!(client.blob_size(&here, &digest).await.unwrap(), Some(1000));
    assert_eq!(storage.requests_to("GET *")[0].range(), Some("bytes=0-0"));
    storage.on("GET *").without_ranges();
    assert_eq!(client.blob_size(&here, &digest).await.unwrap(), Some(1000));
    storage.on("GET *").chunked();
    let error = client.blob_size(&here, &digest).await.unwrap_err();
    assert!(matches!(error, Error::NoSize { .. }), "{error}");
}

#[tokio::test]
async fn d14_a_mirror_stands_for_a_registry_and_sees_none_of_its_credentials() {
    let bytes = noise(1000);
    let mirror = registry(&bytes);
    mirror.push_artifact("a", "1", "text/x", &[]);
    mirror.require_tokens(Tokens::new().user("me", "s3cret"));
    let client = client_with(|config| {
        config.mirrors = vec![("https://reg.example/".to_owned(), mirror.url("/"))];
        config.credentials = login(&[("reg.example", "me", "s3cret")]);
    });
    let here = pkg_oci::Place::parse("reg.example/a:1").unwrap();
    client.manifest(&here).await.unwrap();
    let descriptor = Descriptor::new("a/b", Digest::sha256(&bytes), 1000);
    let start = Start::of(&descriptor).unwrap();
    let download = client.blob(&here, &descriptor, start).await.unwrap();
    assert_eq!(drain(download).await.0, bytes);
    let headers =
        mirror.requests().into_iter().filter_map(|r| r.authorization().map(str::to_owned));
    assert!(headers.into_iter().all(|header| header.starts_with("Bearer ")));
}

#[tokio::test]
async fn e16_dropping_a_download_ends_its_connection_and_leaves_what_was_taken() {
    let bytes = noise(2_000_000);
    let registry = registry(&bytes);
    registry.on(BLOBS).once().stalling(1_000_000);
    let descriptor = Descriptor::new("a/b", Digest::sha256(&bytes), 2_000_000);
    let client = client_with(|config| config.streams_per_host = 1);
    let mut start = Start::of(&descriptor).unwrap();
    let here = place(&registry, "a");
    let mut download = client.blob(&here, &descriptor, start.clone()).await.unwrap();
    let mut kept = download.next().await.unwrap().unwrap().to_vec();
    drop(download);
    start.hasher.update(&kept);
    start.taken = kept.len() as u64;
    // With one place per host this would wait forever if the first download still held it.
    let (rest, verdict) = drain(client.blob(&here, &descriptor, start).await.unwrap()).await;
    verdict.unwrap();
    kept.extend(rest);
    assert!(kept == bytes);
}

#[tokio::test]
async fn e17_events_tell_source_breaks_and_waits() {
    let bytes = noise(1_000_000);
    let (registry, storage) = (registry(&bytes), registry(&bytes));
    registry.on(BLOBS).redirecting_to(&storage);
    storage.on(BLOBS).once().truncating(600_000);
    let heard = Heard::default();
    let client = client_with(|config| {
        heard.listen(config);
        // So long that a busy machine finds the gate still closed.
        config.back_off = Duration::from_millis(500);
    });
    fetch(&client, &registry, &bytes).await.unwrap();
    let received = heard.all(|event| match event {
        Event::Receiving { host, from, size } => Some((host, from, size)),
        _ => None,
    });
    let host = storage.host().to_owned();
    let whole = Some(1_000_000);
    assert_eq!(received, [(host.clone(), 0, whole), (host, 600_000, whole)]);
    let breaks = heard.all(|event| match event {
        Event::Retry { failures, .. } => Some(failures),
        _ => None,
    });
    assert_eq!(breaks, [1]);
    assert!(heard.events().iter().any(|event| matches!(event, Event::Wait { .. })));
}

#[test]
fn a_download_that_loses_its_runtime_is_not_accepted() {
    let bytes = noise(1_000_000);
    let registry = registry(&bytes);
    registry.on(BLOBS).stalling(10);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let descriptor = Descriptor::new("a/b", Digest::sha256(&bytes), 1_000_000);
    let client = client();
    let here = place(&registry, "a");
    let start = Start::of(&descriptor).unwrap();
    let mut download =
        runtime().block_on(async { client.blob(&here, &descriptor, start).await }).unwrap();
    let last = runtime().block_on(async { download.next().await });
    assert!(matches!(last, Err(Error::Interrupted { .. })), "{last:?}");
}
