//! Downloads that break and go on (rows D7 to D10).

use std::time::Duration;

use digest::{Digest, Hasher};
use pkg_oci::{Descriptor, Error, Kind, Start};
use test_registry::TestRegistry;

use crate::support::{client, client_with, drain, fetch, noise, place};

const BLOBS: &str = "GET /v2/a/blobs/*";

fn registry(bytes: &[u8]) -> TestRegistry {
    let registry = TestRegistry::start();
    registry.push_blob("a", bytes.to_vec());
    registry
}

type Fault<'a> = &'a dyn Fn(&TestRegistry);

fn ranges(registry: &TestRegistry) -> Vec<Option<String>> {
    registry.requests().iter().map(|request| request.range().map(str::to_owned)).collect()
}

#[tokio::test]
async fn d7_a_break_is_resumed_where_it_was() {
    let bytes = noise(1_000_000);
    let registry = registry(&bytes);
    registry.on(BLOBS).once().truncating(300_001);
    assert!(fetch(&client(), &registry, &bytes).await.unwrap() == bytes);
    assert_eq!(ranges(&registry), [None, Some("bytes=300001-".to_owned())]);
    let etag = format!("\"{}\"", Digest::sha256(&bytes));
    assert_eq!(registry.requests()[1].header("if-range"), Some(etag.as_str()));
}

#[tokio::test]
async fn d7_a_weak_etag_guards_no_range() {
    let bytes = noise(1000);
    let registry = registry(&bytes);
    registry.on(BLOBS).header("etag", "W/\"x\"");
    registry.on(BLOBS).once().truncating(10);
    assert_eq!(fetch(&client(), &registry, &bytes).await.unwrap(), bytes);
    assert_eq!(registry.requests()[1].header("if-range"), None);
}

#[tokio::test]
async fn d7_bytes_that_come_again_are_not_handed_out_again() {
    let bytes = noise(1_000_000);
    let faults: [Fault<'_>; 4] = [
        &|registry| registry.on(BLOBS).without_ranges(),
        &|registry| registry.on(BLOBS).wrong_range(),
        &|registry| registry.on(BLOBS).after(1).once().header("etag", "\"changed\""),
        &|registry| registry.on(BLOBS).after(1).once().answering(416, &[], ""),
    ];
    for (index, fault) in faults.into_iter().enumerate() {
        let registry = registry(&bytes);
        registry.on(BLOBS).once().truncating(700_000);
        fault(&registry);
        assert!(fetch(&client(), &registry, &bytes).await.unwrap() == bytes, "fault {index}");
        let last = ranges(&registry).pop().unwrap();
        assert_eq!(last.is_some(), matches!(index, 0 | 2), "fault {index}");
    }
}

#[tokio::test]
async fn d7_a_part_of_something_else_is_not_taken() {
    let bytes = noise(1000);
    let registry = registry(&bytes);
    for range in ["bytes 10-999/2000", "bytes 10-1000/1000", "bytes 10-/1000", "x"] {
        registry.forget_requests();
        registry.on(BLOBS).once().truncating(10);
        registry.on(BLOBS).after(1).once().answering(206, &[("content-range", range)], "evil");
        assert_eq!(fetch(&client(), &registry, &bytes).await.unwrap(), bytes, "{range}");
        assert_eq!(ranges(&registry), [None, Some("bytes=10-".to_owned()), None], "{range}");
        registry.behave();
    }
}

#[tokio::test]
async fn d7_a_part_that_nobody_asked_for_is_refused() {
    let bytes = noise(1000);
    let registry = registry(&bytes);
    let headers = [("content-range", "bytes 5-999/1000")];
    registry.on(BLOBS).answering(206, &headers, bytes[5..].to_vec());
    let error = fetch(&client(), &registry, &bytes).await.unwrap_err();
    assert!(matches!(error, Error::Part { .. }), "{error}");
}

#[tokio::test]
async fn d7_after_a_redirect_the_registry_is_asked_for_a_fresh_url() {
    let bytes = noise(1_000_000);
    let (registry, storage) = (registry(&bytes), TestRegistry::start());
    storage.file("/signed", bytes.clone());
    registry.on(BLOBS).redirecting(&storage.url("/signed?until=1"));
    storage.on("/signed*").once().truncating(1000);
    assert!(fetch(&client(), &registry, &bytes).await.unwrap() == bytes);
    assert_eq!((registry.requests().len(), storage.requests().len()), (2, 2));
    assert_eq!(storage.requests()[1].range(), Some("bytes=1000-"));
}

#[tokio::test]
async fn d8_every_sort_of_break_is_resumed() {
    let bytes = noise(900_000);
    let faults: [(&str, Fault<'_>); 5] = [
        ("reset", &|registry| registry.on(BLOBS).once().resetting(400_000)),
        ("stall", &|registry| registry.on(BLOBS).once().stalling(400_000)),
        ("closed", &|registry| registry.on(BLOBS).once().truncating(400_000)),
        ("short", &|registry| registry.on(BLOBS).once().answering(200, &[], bytes[..9].to_vec())),
        ("lie", &|registry| registry.on(BLOBS).once().wrong_content_length(400_000)),
    ];
    for (name, fault) in faults {
        let registry = registry(&bytes);
        fault(&registry);
        let client = client_with(|config| {
            if name == "stall" {
                config.stall = Duration::from_millis(300);
            }
        });
        assert!(fetch(&client, &registry, &bytes).await.unwrap() == bytes, "{name}");
        assert_eq!(registry.requests().len(), 2, "{name}");
    }
}

#[tokio::test]
async fn d9_a_later_run_goes_on_where_the_first_stopped() {
    let bytes = noise(500_000);
    let registry = registry(&bytes);
    let descriptor = Descriptor::new("a/b", Digest::sha256(&bytes), 500_000);
    let here = place(&registry, "a");
    for taken in [1, 123_456, 499_999, 500_000] {
        registry.forget_requests();
        let mut start = Start::of(&descriptor).unwrap();
        start.hasher.update(&bytes[..taken]);
        start.taken = taken as u64;
        let download = client().blob(&here, &descriptor, start).await.unwrap();
        let (rest, verdict) = drain(download).await;
        verdict.unwrap();
        assert!(rest == bytes[taken..], "{taken}");
        // What is all there already needs no server, only the verdict.
        let asked =
            if taken == 500_000 { Vec::new() } else { vec![Some(format!("bytes={taken}-"))] };
        assert_eq!(ranges(&registry), asked);
    }
    let mut wrong = Start::of(&descriptor).unwrap();
    wrong.hasher.update(&[0; 1000]);
    wrong.taken = 1000;
    let (_, verdict) = drain(client().blob(&here, &descriptor, wrong).await.unwrap()).await;
    assert_eq!(verdict.unwrap_err().kind(), Kind::Integrity);
    let start =
        Start { taken: 500_001, hasher: Hasher::sha256(), ..Start::of(&descriptor).unwrap() };
    let error = client().blob(&here, &descriptor, start).await.unwrap_err();
    assert!(matches!(error, Error::Start { .. }), "{error}");
}

#[tokio::test]
async fn d7_a_source_without_declared_size_may_be_complete_already() {
    let bytes = noise(1000);
    let registry = TestRegistry::start();
    registry.file("/x", bytes.clone());
    let mut start = Start::new(Digest::sha256(&bytes), None).unwrap();
    start.hasher.update(&bytes);
    start.taken = 1000;
    let download = client().download(&[registry.url("/x")], start).await.unwrap();
    let (rest, verdict) = drain(download).await;
    verdict.unwrap();
    assert!(rest.is_empty());
    assert_eq!(registry.requests().len(), 1);
}

#[tokio::test]
async fn d10_silence_is_bounded_and_progress_renews_patience() {
    let bytes = noise(500_000);
    let registry = registry(&bytes);
    registry.on(BLOBS).stalling(0);
    let client = client_with(|config| {
        config.stall = Duration::from_millis(50);
        config.retries = 2;
    });
    let error = fetch(&client, &registry, &bytes).await.unwrap_err();
    assert!(matches!(error, Error::Stalled { .. }), "{error}");
    assert_eq!((error.kind(), registry.requests().len()), (Kind::Network, 3));
    registry.behave();
    registry.forget_requests();
    // Each answer brings 50,000 bytes and breaks: ten breaks, though two in a row are too many.
    registry.on(BLOBS).truncating(50_000);
    let client = client_with(|config| {
        config.retries = 1;
        config.progress_bytes = 50_000;
    });
    assert!(fetch(&client, &registry, &bytes).await.unwrap() == bytes);
    assert_eq!(registry.requests().len(), 10);
}
