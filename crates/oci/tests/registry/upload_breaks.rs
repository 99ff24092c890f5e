//! Uploads that break and go on, and tokens that end in the middle (rows F10, F11, H8).

use std::time::Duration;

use digest::Digest;
use pkg_oci::{Config, Error, Event, Kind, Pushed};
use test_registry::{Quirk, TestRegistry, Tokens};

use crate::support::{Heard, asked, client, client_with, login, noise, send};

const SIZE: usize = 400_000;

fn chunked(config: &mut Config) {
    config.push.body_bytes_max = Some(100_000);
    config.push.chunk_bytes = 100_000;
}

/// The registry has the blob, and nothing half of one.
fn check(registry: &TestRegistry, bytes: &[u8], pushed: Result<Pushed, Error>) {
    assert_eq!(pushed.unwrap(), Pushed::Sent { bytes: bytes.len() as u64 });
    assert!(registry.blob("a", &Digest::sha256(bytes)).is_some_and(|stored| stored == bytes));
    assert_eq!(registry.open_uploads(), 0);
}

/// The bytes that came in bodies of this method.
fn sent(registry: &TestRegistry, method: &str) -> Vec<usize> {
    let pattern = format!("{method} *");
    registry.requests_to(&pattern).iter().map(|request| request.body_size).collect()
}

#[tokio::test]
async fn f10_what_is_said_to_be_there_is_believed_within_reason() {
    let bytes = noise(SIZE);
    for quirk in [Quirk::StickyRange, Quirk::RelativeRange] {
        let registry = TestRegistry::start();
        registry.quirk(quirk.clone());
        check(&registry, &bytes, send(&client_with(chunked), &registry, &bytes).await);
        assert_eq!(sent(&registry, "PATCH"), [100_000; 4], "{quirk:?}");
        assert_eq!(registry.requests_to("GET *").len(), 1, "it is asked about once");
    }
    let registry = TestRegistry::start();
    registry.quirk(Quirk::ShortChunks(70_000));
    check(&registry, &bytes, send(&client_with(chunked), &registry, &bytes).await);
    let patches = registry.requests_to("PATCH *");
    assert_eq!(patches[1].header("content-range"), Some("70000-169999"));
    let registry = TestRegistry::start();
    registry.on("PATCH *").without_header("range");
    check(&registry, &bytes, send(&client_with(chunked), &registry, &bytes).await);
    assert!(registry.requests_to("GET *").is_empty());
}

#[tokio::test]
async fn f11_a_piece_that_broke_is_gone_on_from() {
    let bytes = noise(SIZE);
    for cut in [1, 65_536, 300_000, SIZE - 1] {
        let registry = TestRegistry::start();
        registry.on("PUT *").once().cutting(cut);
        check(&registry, &bytes, send(&client_with(chunked_later), &registry, &bytes).await);
        // One byte is what no bytes look like: `0-0`.
        let from = if cut == 1 { 0 } else { cut };
        let all: usize = sent(&registry, "PATCH").iter().sum();
        if cut > 1 {
            assert_eq!(all, SIZE - from, "{cut}: {:?}", asked(&registry, &bytes));
            assert_eq!(registry.requests_to("POST *").len(), 1, "{cut}");
        }
    }
}

/// Chunks, once one piece has failed.
fn chunked_later(config: &mut Config) {
    config.push.chunk_bytes = 100_000;
}

#[tokio::test]
async fn f11_a_chunk_that_broke_is_gone_on_from() {
    let bytes = noise(SIZE);
    for cut in [0, 2, 50_000, 99_999] {
        let registry = TestRegistry::start();
        registry.on("PATCH *").after(1).once().cutting(cut);
        check(&registry, &bytes, send(&client_with(chunked), &registry, &bytes).await);
        let sizes = sent(&registry, "PATCH");
        assert_eq!(sizes.iter().sum::<usize>(), SIZE, "{cut}: {sizes:?}");
        assert_eq!(registry.requests_to("POST *").len(), 1, "{cut}");
    }
    for status in [416, 500, 502, 429] {
        let registry = TestRegistry::start();
        registry.on("PATCH *").after(1).once().status(status);
        check(&registry, &bytes, send(&client_with(chunked), &registry, &bytes).await);
        assert_eq!(sent(&registry, "PATCH"), [100_000; 5], "{status}");
        assert_eq!(registry.requests_to("GET *").len(), 1, "{status}");
    }
}

#[tokio::test]
async fn f11_without_a_session_the_upload_begins_anew() {
    let bytes = noise(SIZE);
    for (quirk, configure) in [
        (Quirk::FragileSessions, chunked as fn(&mut Config)),
        (Quirk::FragileSessions, chunked_later),
        (Quirk::WithoutStatus, chunked),
        (Quirk::WithoutStatus, chunked_later),
    ] {
        let registry = TestRegistry::start();
        registry.quirk(quirk.clone());
        registry.on("PATCH *").after(1).once().cutting(1000);
        registry.on("PUT *").once().cutting(1000);
        check(&registry, &bytes, send(&client_with(configure), &registry, &bytes).await);
        assert!(registry.requests_to("POST *").len() > 1, "{quirk:?}");
    }
    let registry = TestRegistry::start();
    let unknown = r#"{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}"#;
    registry.on("PATCH *").after(1).once().answering(404, &[], unknown);
    registry.on("GET *").once().answering(404, &[], unknown);
    check_all_but_sessions(&registry, &bytes, send(&client_with(chunked), &registry, &bytes).await);
    assert_eq!(registry.requests_to("POST *").len(), 2);
}

/// A registry that forgets a session here only says so.
fn check_all_but_sessions(registry: &TestRegistry, bytes: &[u8], pushed: Result<Pushed, Error>) {
    assert_eq!(pushed.unwrap(), Pushed::Sent { bytes: bytes.len() as u64 });
    assert!(registry.blob("a", &Digest::sha256(bytes)).is_some_and(|stored| stored == bytes));
}

#[tokio::test]
async fn f11_an_answer_that_is_lost_is_no_reason_to_send_again() {
    let bytes = noise(SIZE);
    for configure in [chunked as fn(&mut Config), chunked_later] {
        let registry = TestRegistry::start();
        registry.on("PUT *").once().losing_the_answer();
        check(&registry, &bytes, send(&client_with(configure), &registry, &bytes).await);
        let all: usize = registry.requests().iter().map(|request| request.body_size).sum();
        assert_eq!(all, SIZE);
    }
}

#[tokio::test]
async fn f11_a_later_run_sends_what_is_missing() {
    let blobs: Vec<Vec<u8>> = (1..=5).map(|n| noise(50_000 + n)).collect();
    let registry = TestRegistry::start();
    let client = client_with(|config| config.retries = 0);
    registry.on("PUT *").after(3).once().cutting(10);
    let mut sent = 0;
    for bytes in &blobs {
        sent += usize::from(send(&client, &registry, bytes).await.is_ok());
    }
    assert_eq!(sent, 4);
    registry.forget_requests();
    for bytes in &blobs {
        send(&client, &registry, bytes).await.unwrap();
    }
    let all: usize = registry.requests().iter().map(|request| request.body_size).sum();
    assert_eq!((all, registry.requests().len()), (blobs[3].len(), 7));
}

#[tokio::test]
async fn f11_a_registry_that_always_breaks_is_given_up() {
    let bytes = noise(SIZE);
    let registry = TestRegistry::start();
    registry.quirk(Quirk::FragileSessions);
    registry.on("PUT *").cutting(1000);
    registry.on("PATCH *").after(1).cutting(1000);
    let error = send(&client(), &registry, &bytes).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Network);
    assert!(registry.requests_to("PUT *").len() <= 5);
}

#[tokio::test]
async fn h8_a_token_that_ends_in_the_middle_is_renewed() {
    let bytes = noise(SIZE);
    let registry = TestRegistry::start();
    registry.require_tokens(Tokens::new().user("me", "pw").uses(2));
    let client = client_with(|config| {
        chunked(config);
        config.credentials = login(&[(registry.host(), "me", "pw")]);
    });
    check(&registry, &bytes, send(&client, &registry, &bytes).await);
    assert!(registry.requests_to("GET /token*").len() >= 3);
}

#[tokio::test]
async fn h8_one_token_serves_a_whole_upload() {
    let bytes = noise(SIZE);
    let registry = TestRegistry::start();
    registry.require_tokens(Tokens::new().user("me", "pw"));
    let client = client_with(|config| config.credentials = login(&[(registry.host(), "me", "pw")]));
    check(&registry, &bytes, send(&client, &registry, &bytes).await);
    assert_eq!(registry.requests_to("GET /token*").len(), 1);
}

#[tokio::test]
async fn e2_a_registry_that_asks_for_time_gets_it_while_uploading() {
    let bytes = noise(SIZE);
    let (registry, heard) = (TestRegistry::start(), Heard::default());
    registry.on("PUT *").once().answering(429, &[("retry-after", "1")], "slow down");
    let client = client_with(|config| heard.listen(config));
    check(&registry, &bytes, send(&client, &registry, &bytes).await);
    let waits = heard.all(|event| match event {
        Event::Wait { wait, .. } => Some(wait),
        _ => None,
    });
    assert!(waits.iter().any(|wait| *wait > Duration::from_millis(500)), "{waits:?}");
}

#[tokio::test]
async fn h8_a_refusal_that_comes_before_the_bytes_were_taken_is_heard() {
    let bytes = noise(8 << 20);
    for status in [401, 413, 503] {
        let registry = TestRegistry::start();
        registry.require_tokens(Tokens::new().user("me", "pw"));
        registry.on("PUT *").once().early(status);
        let client =
            client_with(|config| config.credentials = login(&[(registry.host(), "me", "pw")]));
        let pushed = send(&client, &registry, &bytes).await;
        assert_eq!(pushed.unwrap(), Pushed::Sent { bytes: 8 << 20 }, "{status}");
        assert!(registry.blob("a", &Digest::sha256(&bytes)).unwrap() == bytes, "{status}");
    }
}

#[tokio::test]
async fn d10_a_registry_that_does_not_answer_an_upload_is_asked_again() {
    let bytes = noise(SIZE);
    let registry = TestRegistry::start();
    registry.on("PUT *").once().holding();
    let client = client_with(|config| config.stall = Duration::from_millis(200));
    let pushed = send(&client, &registry, &bytes).await;
    assert_eq!(pushed.unwrap(), Pushed::Sent { bytes: SIZE as u64 });
    assert!(registry.requests_to("PUT *").len() >= 2);
}

#[tokio::test]
async fn d10_an_answer_without_the_end_that_it_declares_holds_nobody_up() {
    let bytes = noise(1000);
    let registry = TestRegistry::start();
    registry.on("PUT *").extra_byte();
    registry.on("PUT *").stalling(0);
    let client = client_with(|config| config.stall = Duration::from_millis(200));
    let pushed = tokio::time::timeout(Duration::from_secs(20), send(&client, &registry, &bytes));
    check(&registry, &bytes, pushed.await.expect("nobody waits for ever"));
}
