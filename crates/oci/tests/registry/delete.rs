//! What is taken away again (rows G16 and G18; G17 stands with the referrers).

use digest::Digest;
use pkg_oci::{Client, Error, Kind, push};
use test_registry::{Quirk, TestRegistry, Tokens};

use crate::support::{client, client_with, login, place};

#[tokio::test]
async fn g16_a_tag_goes_alone() {
    let registry = TestRegistry::start();
    let digest = registry.push_artifact("a", "1", "text/x", &[]);
    registry.push_artifact("a", "2", "text/x", &[]);
    client().delete_tag(&place(&registry, "a:1")).await.unwrap();
    assert_eq!((registry.tag("a", "1"), registry.tag("a", "2")), (None, Some(digest)));
    let error = client().delete_tag(&place(&registry, "a:1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    let error = client().delete_tag(&place(&registry, "a")).await.unwrap_err();
    assert!(matches!(error, Error::Push(push::Error::NoTag { .. })), "{error}");
    // What a registry cannot do is not done in another way, which would take `2` along.
    registry.forget_requests();
    registry.quirk(Quirk::WithoutTagDeletion);
    for status in [None, Some(400), Some(405)] {
        status.into_iter().for_each(|status| registry.on("DELETE *").once().status(status));
        let error = client().delete_tag(&place(&registry, "a:2")).await.unwrap_err();
        assert!(matches!(error, Error::Push(push::Error::Undeletable { .. })), "{error}");
    }
    assert!(registry.requests_to("DELETE *sha256*").is_empty());
    assert!(registry.tag("a", "2").is_some());
}

#[tokio::test]
async fn g16_a_manifest_with_other_tags_stays_unless_forced() {
    let registry = TestRegistry::start();
    for tag in ["1", "2", "3"] {
        registry.push_artifact("a", tag, "text/x", &[]);
    }
    let digest = registry.push_artifact("a", "1", "text/y", &[]);
    let twin = registry.tag("a", "2").unwrap();
    client().delete_manifest(&place(&registry, "a:1"), &digest, false).await.unwrap();
    assert_eq!(registry.tags("a"), ["2", "3"]);
    let error = client().delete_manifest(&place(&registry, "a:2"), &twin, false).await.unwrap_err();
    let Error::Push(push::Error::Shared { tags, .. }) = &error else {
        panic!("{error}");
    };
    assert_eq!(tags, &["3"]);
    client().delete_manifest(&place(&registry, "a:2"), &twin, true).await.unwrap();
    assert!(registry.tags("a").is_empty() && registry.manifest("a", &twin).is_none());
    let gone = client().delete_manifest(&place(&registry, "a"), &twin, true).await.unwrap_err();
    assert_eq!(gone.kind(), Kind::NotFound);
}

#[tokio::test]
async fn g16_a_deletion_whose_answer_was_lost_is_done() {
    let registry = TestRegistry::start();
    registry.push_artifact("a", "1", "text/x", &[]);
    registry.on("DELETE *").once().losing_the_answer();
    client().delete_tag(&place(&registry, "a:1")).await.unwrap();
    assert_eq!((registry.tag("a", "1"), registry.requests_to("DELETE *").len()), (None, 2));
    // Who is only asked to wait has deleted nothing.
    registry.on("DELETE *").once().status(429);
    let error = client().delete_tag(&place(&registry, "a:1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
}

fn user(registry: &TestRegistry) -> Client {
    client_with(|config| config.credentials = login(&[(registry.host(), "me", "pw")]))
}

#[tokio::test]
async fn g18_a_blob_is_deleted_with_a_scope_of_its_own() {
    let registry = TestRegistry::start();
    registry.require_tokens(Tokens::new().user("me", "pw"));
    let client = user(&registry);
    let (here, digest) = (place(&registry, "a"), registry.push_blob("a", &b"x"[..]));
    let scopes = || {
        let requests = registry.requests_to("GET /token*");
        requests.into_iter().map(|r| r.path.replace("%3A", ":")).collect::<Vec<_>>()
    };
    client.blob_size(&here, &digest).await.unwrap();
    assert!(scopes().iter().all(|scope| !scope.contains("delete")), "{:?}", scopes());
    client.delete_blob(&here, &digest).await.unwrap();
    assert!(registry.blob("a", &digest).is_none());
    assert!(scopes().iter().any(|scope| scope.contains("repository:a:delete")), "{:?}", scopes());
    let error = client.delete_blob(&here, &digest).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    registry.quirk(Quirk::WithoutDeletion);
    let error = client.delete_blob(&here, &digest).await.unwrap_err();
    assert!(matches!(error, Error::Push(push::Error::Undeletable { .. })), "{error}");
    // Where `delete` is granted to nobody, who may do everything may delete too.
    registry.on("DELETE *").times(3).unauthorized();
    drop(client.delete_blob(&here, &Digest::sha256(b"y")).await);
    assert!(scopes().iter().any(|scope| scope.contains("repository:a:*")), "{:?}", scopes());
}
