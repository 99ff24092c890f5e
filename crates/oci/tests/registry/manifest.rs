//! Manifests and what their heads say (rows B).

use digest::Digest;
use futures_util::future::{join, join_all};
use pkg_oci::{Error, Kind, Place};
use test_registry::{IMAGE, INDEX, TestRegistry};

use crate::support::{chain, client, client_with, place};

const PATH: &str = "/v2/a/manifests/*";

fn registry() -> (TestRegistry, Digest) {
    let registry = TestRegistry::start();
    let digest = registry.push_artifact("a", "1", "text/x", &[]);
    (registry, digest)
}

#[tokio::test]
async fn b1_the_manifests_that_are_understood_are_asked_for_in_one_line() {
    let (registry, digest) = registry();
    let manifest = client().manifest(&place(&registry, "a:1")).await.unwrap();
    assert_eq!((manifest.digest, manifest.media_type.as_str()), (digest, IMAGE));
    let requests = registry.requests();
    let lines = requests[0].headers.iter().filter(|(name, _)| name == "accept");
    let lines: Vec<&str> = lines.map(|(_, value)| value.as_str()).collect();
    assert_eq!(lines.len(), 1);
    for media_type in [IMAGE, INDEX, "docker.distribution.manifest.v2+json", "list.v2+json"] {
        assert!(lines[0].contains(media_type), "{media_type}");
    }
    assert!(!lines[0].contains("*/*"));
}

#[tokio::test]
async fn b6_bytes_are_verified_by_the_digest_that_was_asked_for() {
    let (registry, digest) = registry();
    let client = client();
    let by_digest = place(&registry, "a").with_digest(digest.clone());
    let by_tag = place(&registry, "a:1");
    let integrity = |result: Result<pkg_oci::Manifest, Error>| {
        assert_eq!(result.unwrap_err().kind(), Kind::Integrity);
    };
    registry.on(PATH).digest_header(Digest::sha256(b"other").as_str());
    integrity(client.manifest(&by_digest).await);
    integrity(client.manifest(&by_tag).await);
    registry.behave();
    registry.on(PATH).digest_header("blake3:abc");
    assert_eq!(client.manifest(&by_digest).await.unwrap().digest, digest);
    assert_eq!(client.manifest(&by_tag).await.unwrap().digest, digest);
    registry.behave();
    registry.on(PATH).without_digest_header();
    registry.on(PATH).flipped_byte(3);
    integrity(client.manifest(&by_digest).await);
}

#[tokio::test]
async fn b7_a_manifest_of_more_than_four_mebibytes_is_refused_whole() {
    let registry = TestRegistry::start();
    let limit = pkg_oci::manifest::BYTES_MAX;
    registry.push_manifest("a", Some("most"), IMAGE, vec![b' '; limit]);
    registry.push_manifest("a", Some("more"), IMAGE, vec![b' '; limit + 1]);
    let client = client();
    assert_eq!(client.manifest(&place(&registry, "a:most")).await.unwrap().bytes.len(), limit);
    for chunked in [false, true] {
        if chunked {
            registry.on(PATH).chunked();
        }
        let error = client.manifest(&place(&registry, "a:more")).await.unwrap_err();
        assert!(matches!(error, Error::TooLarge { limit: found, .. } if found == limit), "{error}");
        assert_eq!(
            registry.requests_to("GET /v2/a/manifests/more").len(),
            1 + usize::from(chunked)
        );
    }
}

#[tokio::test]
async fn b8_b9_the_length_of_a_head_is_never_held_against_the_bytes() {
    let (registry, digest) = registry();
    registry.on("HEAD *").wrong_content_length(7);
    let client = client();
    let described = client.resolve(&place(&registry, "a:1")).await.unwrap();
    assert_eq!((&described.digest, described.size), (&digest, 7));
    let pinned = place(&registry, "a:1").with_digest(described.digest);
    assert_eq!(client.manifest(&pinned).await.unwrap().digest, digest);
}

#[tokio::test]
async fn b9_without_a_digest_in_the_head_the_bytes_are_hashed() {
    let (registry, digest) = registry();
    let size = registry.manifest("a", &digest).unwrap().len() as u64;
    let client = client();
    let faults: [&dyn Fn(); 4] = [
        &|| registry.on("HEAD *").without_digest_header(),
        &|| registry.on("HEAD *").digest_header("blake3:abc"),
        &|| registry.on("HEAD *").status(405),
        &|| registry.on("HEAD *").header("content-type", "text/html"),
    ];
    for fault in faults {
        registry.behave();
        registry.forget_requests();
        fault();
        let described = client.resolve(&place(&registry, "a:1")).await.unwrap();
        assert_eq!((described.digest, described.size), (digest.clone(), size));
        assert_eq!(
            (registry.requests_to("HEAD *").len(), registry.requests_to("GET *").len()),
            (1, 1)
        );
    }
}

#[tokio::test]
async fn b10_whether_a_tag_moved_is_asked_without_a_body() {
    let (registry, digest) = registry();
    let described = client().resolve(&place(&registry, "a:1")).await.unwrap();
    assert_eq!((described.digest, described.media_type.as_str()), (digest, IMAGE));
    let methods: Vec<String> = registry.requests().into_iter().map(|r| r.method).collect();
    assert_eq!(methods, ["HEAD"]);
}

#[tokio::test]
async fn b11_what_is_not_there_is_not_found_in_every_dialect() {
    let (registry, _) = registry();
    let client = client();
    let bodies = [
        r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#,
        r#"{"errors":[{"code":"NAME_UNKNOWN","message":"repository unknown"}]}"#,
        r#"{"errors":[{"code":"UNKNOWN","message":"Not Found"}]}"#,
        r#"{"errors":[{"code":"UNKNOWN","message":"artifact a:2 not found"}]}"#,
        "404 page not found",
        "",
    ];
    for body in bodies {
        registry.on(PATH).once().answering(404, &[], body);
        let error = client.manifest(&place(&registry, "a:2")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::NotFound, "{body}");
        assert_eq!(error.to_string(), format!("{}/a:2 does not exist", registry.host()));
    }
    let error = client.resolve(&place(&registry, "nowhere:2")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert_eq!(registry.requests().len(), bodies.len() + 1);
}

#[tokio::test]
async fn b12_a_refusal_says_that_it_may_not_exist() {
    let (registry, _) = registry();
    registry.on(PATH).answering(401, &[], "");
    registry.on("/v2/").answering(401, &[], "");
    let error = client().manifest(&place(&registry, "a:1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthorized);
    let text = format!("{}/a:1 needs a login, or does not exist", registry.host());
    assert_eq!(error.to_string(), text);
}

#[tokio::test]
async fn b13_those_who_ask_the_same_share_one_request() {
    let (registry, digest) = registry();
    registry.on(PATH).holding();
    let client = client();
    let place = place(&registry, "a:1");
    let asked = join_all((0..8).map(|_| client.manifest(&place)));
    // Polled after them: no answer comes before all eight have asked.
    let released = async { registry.release() };
    let (manifests, ()) = join(asked, released).await;
    assert!(manifests.into_iter().all(|found| found.unwrap().digest == digest));
    assert_eq!(registry.requests().len(), 1);
}

#[tokio::test]
async fn e12_a_page_for_people_is_no_manifest() {
    let (registry, _) = registry();
    registry.on(PATH).html();
    let error = client().manifest(&place(&registry, "a:1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Registry);
    assert!(error.to_string().contains("web page"), "{error}");
}

#[tokio::test]
async fn e12_errors_tell_code_message_and_request() {
    let (registry, _) = registry();
    let body = r#"{"errors":[{"code":"TOOBIG","message":"no\u001b[31m","detail":[1]}]}"#;
    registry.on(PATH).answering(400, &[("x-request-id", "r-1")], body);
    let error = client().manifest(&place(&registry, "a:1")).await.unwrap_err();
    let text = chain(&error);
    assert!(text.ends_with("400 Bad Request: no[31m (TOOBIG) [request r-1]"), "{text}");
    let Error::Answer { source, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!((source.status(), source.problems()[0].code.as_str()), (400, "TOOBIG"));
}

#[tokio::test]
async fn offline_nothing_is_asked() {
    let (registry, _) = registry();
    let client = client_with(|config| config.offline = true);
    let place: Place = place(&registry, "a:1");
    assert_eq!(client.manifest(&place).await.unwrap_err().kind(), Kind::Offline);
    assert_eq!(client.resolve(&place).await.unwrap_err().kind(), Kind::Offline);
    assert_eq!(client.tags(&place).await.unwrap_err().kind(), Kind::Offline);
    assert!(registry.requests().is_empty());
}
