//! Manifests on their way to a registry (rows C1, C7, C8, G1 to G4 and G11).

use bytes::Bytes;
use digest::Digest;
use pkg_oci::{
    Artifact, Body, Client, Error, Manifest, Shape, manifest,
    media_type::{EMPTY, IMAGE_INDEX, IMAGE_MANIFEST},
    push,
};
use test_registry::{Quirk, TestRegistry, Tokens};

use crate::support::{chain, client, client_with, described, place};

const ARTIFACT: &str = "application/vnd.example.thing.v1";

fn manifest(media_type: &str, text: &str) -> Manifest {
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    Manifest { digest: Digest::sha256(&bytes), media_type: media_type.to_owned(), bytes }
}

/// Pushes the blobs of an artifact, and gives its manifest.
async fn blobs(client: &Client, registry: &TestRegistry, artifact: &Artifact) -> Manifest {
    let here = place(registry, "a");
    let (config, bytes) = artifact.config();
    client.push_blob(&here, &config, &Body::Bytes(bytes), None).await.unwrap();
    for layer in &artifact.layers {
        let body = Body::Bytes(Bytes::from_static(b"layer"));
        client.push_blob(&here, layer, &body, None).await.unwrap();
    }
    artifact.manifest()
}

fn artifact() -> Artifact {
    let layers = vec![described(b"layer")];
    Artifact { artifact_type: ARTIFACT.to_owned(), layers, ..Artifact::default() }
}

#[tokio::test]
async fn g1_the_bytes_are_stored_as_they_are_and_under_their_own_type() {
    let registry = TestRegistry::start();
    registry.quirk(Quirk::WithoutManifestLocation);
    let client = client();
    blobs(&client, &registry, &artifact()).await;
    let config = Digest::sha256(b"{}");
    let odd = format!(
        "{{ \"schemaVersion\" : 2, \"mediaType\":\"{IMAGE_MANIFEST}\",\n \"later\": [1.50],\
         \"config\":{{\"mediaType\":\"{EMPTY}\",\"size\":2,\"digest\":\"{config}\"}},\"layers\":[]}}"
    );
    // What it was served as, parameters and all, is not what it is.
    let odd = manifest(&format!("{IMAGE_MANIFEST}; charset=utf-8"), &odd);
    client.push_manifest(&place(&registry, "a:1"), &odd).await.unwrap();
    assert_eq!(registry.manifest("a", &odd.digest).unwrap(), odd.bytes);
    assert_eq!(registry.tag("a", "1"), Some(odd.digest.clone()));
    let put = registry.requests_to("PUT */manifests/1").pop().unwrap();
    assert_eq!(put.header("content-type"), Some(IMAGE_MANIFEST));
    assert_eq!(client.manifest(&place(&registry, "a:1")).await.unwrap().bytes, odd.bytes);
    // Without a tag it is stored under its digest, and under no other.
    client.push_manifest(&place(&registry, "a"), &odd).await.unwrap();
    let path = format!("PUT /v2/a/manifests/{}", odd.digest);
    assert_eq!(registry.requests_to(&path).len(), 1);
    let other = place(&registry, &format!("a@{config}"));
    let error = client.push_manifest(&other, &odd).await.unwrap_err();
    assert!(matches!(error, Error::Push(push::Error::Other { .. })), "{error}");
    let wrong = Digest::sha256(b"other");
    registry.on("PUT *").digest_header(wrong.as_str());
    let error = client.push_manifest(&place(&registry, "a:1"), &odd).await.unwrap_err();
    assert!(matches!(error, Error::Push(push::Error::StoredAs { .. })), "{error}");
}

#[tokio::test]
async fn g1_a_type_of_the_authors_own_goes_as_what_it_was_served_as() {
    let registry = TestRegistry::start();
    registry.push_blob("a", &b"{}"[..]);
    let config = Digest::sha256(b"{}");
    let own = format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"application/vnd.my.manifest.v1+json\",\
         \"config\":{{\"mediaType\":\"{EMPTY}\",\"size\":2,\"digest\":\"{config}\"}},\"layers\":[]}}"
    );
    registry.on("PUT *").status(201);
    let own = manifest(IMAGE_MANIFEST, &own);
    client().push_manifest(&place(&registry, "a:1"), &own).await.unwrap();
    assert_eq!(registry.requests()[0].header("content-type"), Some(IMAGE_MANIFEST));
    let neither = manifest(IMAGE_MANIFEST, "{\"schemaVersion\":2}");
    let error = client().push_manifest(&place(&registry, "a:1"), &neither).await.unwrap_err();
    assert!(matches!(error, Error::Push(push::Error::Manifest(_))), "{error}");
}

#[tokio::test]
async fn g2_a_manifest_that_is_too_large_is_not_sent_unless_forced() {
    let registry = TestRegistry::start();
    let text = format!(
        "{{\"schemaVersion\":2,\"manifests\":[],\"annotations\":{{\"a\":\"{}\"}}}}",
        "x".repeat(manifest::BYTES_MAX)
    );
    let large = manifest(IMAGE_INDEX, &text);
    let here = place(&registry, "a:1");
    let error = client().push_manifest(&here, &large).await.unwrap_err();
    assert!(registry.requests().is_empty());
    let size = text.len().to_string();
    assert!(chain(&error).contains(&size), "{}", chain(&error));
    let forced = client_with(|config| config.push.large_manifests = true);
    let error = forced.push_manifest(&here, &large).await.unwrap_err();
    let Error::Push(push::Error::TooLarge { source, size, .. }) = &error else {
        panic!("{error}");
    };
    assert_eq!((source.as_ref().unwrap().status(), *size), (413, text.len()));
}

#[tokio::test]
async fn g3_what_the_registry_misses_is_named() {
    let (registry, client) = (TestRegistry::start(), client());
    let artifact = artifact();
    let image = blobs(&client, &registry, &artifact).await;
    let here = place(&registry, "a:1");
    let index = format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"{IMAGE_INDEX}\",\"manifests\":[{{\"mediaType\":\
         \"{IMAGE_MANIFEST}\",\"digest\":\"{}\",\"size\":{}}}]}}",
        image.digest,
        image.bytes.len()
    );
    let index = manifest(IMAGE_INDEX, &index);
    let missing = |error: Error| match error {
        Error::Push(push::Error::Missing { missing, .. }) => missing,
        error => panic!("{error}"),
    };
    let error = client.push_manifest(&here, &index).await.unwrap_err();
    assert_eq!(missing(error), std::slice::from_ref(&image.digest));
    // A registry that says that it has a blob, and takes no manifest with it.
    let layer = &artifact.layers[0];
    registry.remove_blob("a", &layer.digest);
    registry.on("HEAD */blobs/*").answering(200, &[("content-length", "5")], "");
    let body = Body::Bytes(Bytes::from_static(b"layer"));
    client.push_blob(&here, layer, &body, None).await.unwrap();
    let error = client.push_manifest(&place(&registry, "a"), &image).await.unwrap_err();
    assert_eq!(missing(error), std::slice::from_ref(&layer.digest));
    registry.behave();
    client.push_blob(&here, layer, &body, None).await.unwrap();
    client.push_manifest(&place(&registry, "a"), &image).await.unwrap();
    client.push_manifest(&here, &index).await.unwrap();
    // Registries word it in their own ways.
    for body in [
        r#"{"errors":[{"code":"BLOB_UNKNOWN","detail":{"Digest":"DIGEST"}}]}"#,
        r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown","detail":"DIGEST"}]}"#,
        r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no manifest DIGEST."}]}"#,
    ] {
        let body = body.replace("DIGEST", image.digest.as_str());
        registry.on("PUT *").once().answering(400, &[], body);
        let error = client.push_manifest(&here, &index).await.unwrap_err();
        assert_eq!(missing(error), std::slice::from_ref(&image.digest));
    }
}

#[tokio::test]
async fn g4_many_tags_take_one_request_where_the_registry_can() {
    let tags = ["1.2.3", "1.2", "latest"];
    for (quirk, requests) in
        [(None, 1), (Some(Quirk::WithoutManyTags), 4), (Some(Quirk::StrictQuery), 4)]
    {
        let (registry, client) = (TestRegistry::start(), client());
        let image = blobs(&client, &registry, &artifact()).await;
        quirk.into_iter().for_each(|quirk| registry.quirk(quirk));
        client.push_tagged(&place(&registry, "a"), &image, &tags).await.unwrap();
        assert_eq!(registry.tags("a").len(), 3);
        assert!(tags.iter().all(|tag| registry.tag("a", tag).as_ref() == Some(&image.digest)));
        assert_eq!(registry.requests_to("PUT */manifests/*").len(), requests);
    }
    // What is refused for another reason is an error, and not asked again tag by tag forever.
    let (registry, client) = (TestRegistry::start(), client());
    let image = blobs(&client, &registry, &artifact()).await;
    registry.on("PUT */manifests/*").status(403);
    let here = place(&registry, "a");
    let error = client.push_tagged(&here, &image, &tags).await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error}");
}

#[tokio::test]
async fn g11_a_registry_without_subjects_is_named_as_such() {
    let (registry, client) = (TestRegistry::start(), client());
    let subject = blobs(&client, &registry, &artifact()).await;
    let subject = pkg_oci::Descriptor::new(IMAGE_MANIFEST, subject.digest, 1);
    let about = Artifact { subject: Some(subject), ..artifact() }.manifest();
    registry.on("PUT */manifests/*").status(405);
    let error = client.push_manifest(&place(&registry, "a"), &about).await.unwrap_err();
    assert!(matches!(error, Error::Push(push::Error::Subject { .. })), "{error}");
}

#[tokio::test]
async fn c1_an_artifact_without_config_has_the_empty_one() {
    let (registry, client) = (TestRegistry::start(), client());
    let image = blobs(&client, &registry, &artifact()).await;
    client.push_manifest(&place(&registry, "a:1"), &image).await.unwrap();
    let empty = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    assert_eq!(registry.blob("a", &empty.parse().unwrap()).unwrap(), &b"{}"[..]);
    let document: serde_json::Value = serde_json::from_slice(&image.bytes).unwrap();
    let config = serde_json::json!({"mediaType": EMPTY, "digest": empty, "size": 2});
    assert_eq!((&document["config"], &document["artifactType"]), (&config, &ARTIFACT.into()));
    registry.forget_requests();
    blobs(&client, &registry, &artifact()).await;
    assert!(registry.requests_to("P*").is_empty(), "what is there is not sent");
}

#[tokio::test]
async fn c7_a_manifest_says_its_own_type() {
    for shape in [Shape::Artifact, Shape::Image] {
        let made = Artifact { shape, ..artifact() }.manifest();
        let document: serde_json::Value = serde_json::from_slice(&made.bytes).unwrap();
        assert_eq!(document["mediaType"], IMAGE_MANIFEST);
        assert_eq!(made, Artifact { shape, ..artifact() }.manifest());
    }
}

#[tokio::test]
async fn c8_a_registry_of_images_takes_what_looks_like_one() {
    let (registry, client) = (TestRegistry::start(), client());
    registry.quirk(Quirk::ImagesOnly);
    let mut artifact = artifact();
    artifact.layers[0].media_type = "application/vnd.oci.image.layer.v1.tar".to_owned();
    let here = place(&registry, "a:1");
    let image = blobs(&client, &registry, &artifact).await;
    let error = client.push_manifest(&here, &image).await.unwrap_err();
    assert!(chain(&error).contains("MANIFEST_INVALID"), "{}", chain(&error));
    artifact.shape = Shape::Image;
    let image = blobs(&client, &registry, &artifact).await;
    client.push_manifest(&here, &image).await.unwrap();
    let found = client.manifest(&here).await.unwrap().document().unwrap();
    assert_eq!(found.artifact_type(), Some(ARTIFACT));
}

#[tokio::test]
async fn f4_a_manifest_is_sent_again_after_a_challenge() {
    let (registry, client) = (TestRegistry::start(), client());
    let image = blobs(&client, &registry, &artifact()).await;
    registry.require_tokens(Tokens::new());
    registry.on("PUT *").once().status(503);
    client.push_manifest(&place(&registry, "a:1"), &image).await.unwrap();
    assert_eq!(registry.tag("a", "1"), Some(image.digest));
}
