//! Blobs on their way to a registry (rows F1 to F9 and F12 to F19).

use bytes::Bytes;
use digest::{Digest, Hasher};
use futures_util::{StreamExt as _, future::BoxFuture, stream};
use pkg_oci::{
    Body, Client, Config, Descriptor, Error, Event, Pushed,
    body::{Chunks, Content},
    push,
};
use test_registry::{Quirk, TestRegistry, Tokens};

use crate::support::{Heard, asked, client, client_with, described, login, noise, place, send};

/// Pushes and checks that the registry has it then.
async fn store(client: &Client, registry: &TestRegistry, bytes: &[u8]) -> Pushed {
    let pushed = send(client, registry, bytes).await.unwrap();
    let stored = registry.blob("a", &Digest::sha256(bytes));
    assert!(stored.is_some_and(|stored| stored == bytes), "it is stored as it was sent");
    assert_eq!(registry.open_uploads(), 0);
    pushed
}

fn chunked(bytes: u64) -> impl FnOnce(&mut Config) {
    move |config| {
        config.push.body_bytes_max = Some(bytes);
        config.push.chunk_bytes = bytes;
    }
}

#[tokio::test]
async fn f1_what_is_there_is_not_sent() {
    let bytes = noise(1000);
    let registry = TestRegistry::start();
    assert_eq!(store(&client(), &registry, &bytes).await, Pushed::Sent { bytes: 1000 });
    registry.forget_requests();
    assert_eq!(store(&client(), &registry, &bytes).await, Pushed::Present);
    assert_eq!(asked(&registry, &bytes), ["HEAD blobs/DIGEST"]);
    // A blob of another size is not the one.
    registry.forget_requests();
    registry.on("HEAD *").once().header("content-length", "999");
    assert_eq!(store(&client(), &registry, &bytes).await, Pushed::Sent { bytes: 1000 });
}

#[tokio::test]
async fn f2_a_blob_is_mounted_from_a_repository_that_has_it() {
    let bytes = noise(1000);
    let (registry, descriptor) = (TestRegistry::start(), described(&bytes));
    registry.require_tokens(Tokens::new().user("me", "pw"));
    let client = client_with(|config| config.credentials = login(&[(registry.host(), "me", "pw")]));
    registry.push_blob("b/c", bytes.clone());
    let (here, from) = (place(&registry, "a"), place(&registry, "b/c"));
    let body = Body::Bytes(bytes.clone().into());
    let mount = async || client.push_blob(&here, &descriptor, &body, Some(&from)).await.unwrap();
    assert_eq!(mount().await, Pushed::Mounted);
    assert_eq!(registry.blob("a", &descriptor.digest).unwrap(), bytes);
    let mounts = registry.requests_to("POST /v2/a/blobs/uploads/*");
    assert!(mounts[0].path.ends_with("&from=b%2Fc"), "{mounts:?}");
    let scopes = registry.requests_to("GET /token*").pop().unwrap().path;
    assert!(scopes.contains("scope=repository%3Ab%2Fc%3Apull"), "{scopes}");
    // A refusal opens a session, which is used, and is else no reason to give up.
    registry.remove_blob("a", &descriptor.digest);
    registry.quirk(Quirk::WithoutMounts);
    registry.forget_requests();
    assert_eq!(mount().await, Pushed::Sent { bytes: 1000 });
    let posts = registry.requests_to("POST *");
    assert_eq!((posts.len(), registry.open_uploads()), (1, 0));
    for status in [400, 403, 404, 405] {
        registry.remove_blob("a", &descriptor.digest);
        registry.on("POST *mount=*").status(status);
        assert_eq!(mount().await, Pushed::Sent { bytes: 1000 }, "{status}");
        registry.behave();
    }
}

#[tokio::test]
async fn f3_nothing_is_mounted_from_elsewhere_or_nowhere() {
    let bytes = noise(1000);
    let (registry, other) = (TestRegistry::start(), TestRegistry::start());
    let body = Body::Bytes(bytes.clone().into());
    for from in [Some(place(&other, "b")), Some(place(&registry, "a")), None] {
        registry.remove_blob("a", &Digest::sha256(&bytes));
        let here = place(&registry, "a");
        let pushed = client().push_blob(&here, &described(&bytes), &body, from.as_ref()).await;
        assert_eq!(pushed.unwrap(), Pushed::Sent { bytes: 1000 });
    }
    assert!(registry.requests_to("*mount=*").is_empty());
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn f4_a_blob_goes_in_one_piece_that_can_go_again() {
    let bytes = noise(700_000);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blob");
    std::fs::write(&path, &bytes).unwrap();
    let registry = TestRegistry::start();
    let push = async || {
        registry.forget_requests();
        registry.remove_blob("a", &Digest::sha256(&bytes));
        let body = Body::File(path.clone());
        client().push_blob(&place(&registry, "a"), &described(&bytes), &body, None).await.unwrap();
        assert!(registry.blob("a", &Digest::sha256(&bytes)).unwrap() == bytes);
        asked(&registry, &bytes)
    };
    let put = |n: u32| format!("PUT blobs/uploads/upload-{n}?digest=DIGEST");
    assert_eq!(push().await[1..], ["POST blobs/uploads/".to_owned(), put(1)]);
    let sent = &registry.requests_to("PUT *")[0];
    assert_eq!(sent.header("content-length"), Some("700000"));
    assert_eq!(sent.header("content-type"), Some("application/octet-stream"));
    assert_eq!(sent.header("transfer-encoding"), None);
    for fault in [500, 503] {
        registry.on("PUT *").once().status(fault);
        let asked = push().await;
        assert!(asked[3].starts_with("GET blobs/uploads/"), "{asked:?}");
        assert_eq!(registry.requests_to("POST *").len(), 1, "the session is still good");
    }
    registry.require_tokens(Tokens::new());
    registry.on("PUT *").once().unauthorized();
    let asked = push().await;
    assert_eq!(asked.iter().filter(|line| line.starts_with("PUT")).count(), 2, "{asked:?}");
}

#[tokio::test]
async fn f5_a_single_post_is_for_who_asks_for_it() {
    let bytes = noise(1000);
    let registry = TestRegistry::start();
    let client = client_with(|config| config.push.single_post = true);
    let push = async || {
        registry.forget_requests();
        registry.remove_blob("a", &Digest::sha256(&bytes));
        store(&client, &registry, &bytes).await;
        asked(&registry, &bytes)[1..].to_vec()
    };
    let post = "POST blobs/uploads/?digest=DIGEST";
    assert_eq!(push().await, [post]);
    registry.quirk(Quirk::WithoutSinglePost);
    assert_eq!(push().await, [post, "PUT blobs/uploads/upload-1?digest=DIGEST"]);
    registry.quirk(Quirk::StrictQuery);
    let put = "PUT blobs/uploads/upload-2?digest=DIGEST";
    assert_eq!(push().await, [post, "POST blobs/uploads/", put]);
}

#[tokio::test]
async fn f6_chunks_are_for_what_is_too_large_for_one_request() {
    let bytes = noise(300_000);
    let chunks = async |registry: &TestRegistry, client: Client| {
        store(&client, registry, &bytes).await;
        registry.requests_to("PATCH *").iter().map(|r| r.body_size).collect::<Vec<_>>()
    };
    let registry = TestRegistry::start();
    assert!(chunks(&registry, client()).await.is_empty());
    let registry = TestRegistry::start();
    let sizes = chunks(&registry, client_with(chunked(200_000))).await;
    assert_eq!(sizes, [200_000, 100_000]);
    // A proxy that refuses the piece gets smaller ones, and in the end ones that it takes.
    let registry = TestRegistry::start();
    registry.quirk(Quirk::BodyMax(150_000));
    let client = client_with(|config| config.push.chunk_bytes = 256 << 10);
    let sizes = chunks(&registry, client).await;
    assert_eq!(sizes, [256 << 10, 128 << 10, 128 << 10, 300_000 - (256 << 10)]);
    let registry = TestRegistry::start();
    registry.quirk(Quirk::BodyMax(1000));
    let error = send(&client_with(chunked(100_000)), &registry, &bytes).await.unwrap_err();
    assert!(matches!(&error, Error::Answer { source, .. } if source.status() == 413), "{error}");
    assert_eq!(registry.open_uploads(), 0);
}

#[tokio::test]
async fn f7_chunks_are_as_large_as_the_registry_wants_them() {
    let bytes = noise(9 << 20);
    let sizes = async |quirk: Quirk, chunk: u64| {
        let registry = TestRegistry::start();
        registry.quirk(quirk);
        let client = client_with(|config| {
            config.push.body_bytes_max = Some(8 << 20);
            config.push.chunk_bytes = chunk;
        });
        store(&client, &registry, &bytes).await;
        registry.requests_to("PATCH *").iter().map(|r| r.body_size).collect::<Vec<_>>()
    };
    assert_eq!(sizes(Quirk::ChunkMin(5 << 20), 1 << 20).await, [5 << 20, 4 << 20]);
    // What is asked for is no reason to take any amount of memory, or to break a limit.
    assert_eq!(sizes(Quirk::ChunkMin(1 << 40), 1 << 20).await, [8 << 20, 1 << 20]);
    let default = Config::default().push.chunk_bytes;
    assert_eq!(sizes(Quirk::ChunkMax(4 << 20), default).await, [4 << 20, 4 << 20, 1 << 20]);
}

/// Content that comes in pieces of this size.
struct Pieces(Vec<u8>, usize);

impl Content for Pieces {
    fn open(&self) -> BoxFuture<'_, Result<Chunks, Error>> {
        let pieces: Vec<_> = self.0.chunks(self.1).map(Bytes::copy_from_slice).map(Ok).collect();
        Box::pin(async move { Ok(stream::iter(pieces).boxed()) })
    }
}

#[tokio::test]
async fn f8_small_pieces_are_joined_to_full_chunks() {
    let bytes = noise(250_000);
    let registry = TestRegistry::start();
    let body = Body::Source(std::sync::Arc::new(Pieces(bytes.clone(), 999)));
    let client = client_with(chunked(100_000));
    client.push_blob(&place(&registry, "a"), &described(&bytes), &body, None).await.unwrap();
    assert!(registry.blob("a", &Digest::sha256(&bytes)).unwrap() == bytes);
    let sizes: Vec<_> = registry.requests_to("PATCH *").iter().map(|r| r.body_size).collect();
    assert_eq!(sizes, [100_000, 100_000, 50_000]);
}

#[tokio::test]
async fn f9_each_chunk_goes_where_the_last_answer_says() {
    let bytes = noise(250_000);
    let registry = TestRegistry::start();
    registry.quirk(Quirk::ChunkCreated);
    for step in 1..3 {
        let location = format!("/v2/a/blobs/uploads/upload-1?step={step}");
        registry.on("PATCH *").after(step - 1).once().header("location", &location);
    }
    registry.on("PATCH *").after(2).once().without_header("location");
    store(&client_with(chunked(100_000)), &registry, &bytes).await;
    let expected = [
        "PATCH blobs/uploads/upload-1",
        "PATCH blobs/uploads/upload-1?step=1",
        "PATCH blobs/uploads/upload-1?step=2",
        "PUT blobs/uploads/upload-1?step=2&digest=DIGEST",
    ];
    assert_eq!(asked(&registry, &bytes)[2..], expected);
    let ranges: Vec<_> = registry.requests_to("PATCH *");
    let ranges: Vec<_> = ranges.iter().filter_map(|r| r.header("content-range")).collect();
    assert_eq!(ranges, ["0-99999", "100000-199999", "200000-249999"]);
}

#[tokio::test]
async fn f12_a_location_comes_in_any_form() {
    let bytes = noise(150_000);
    for form in [
        "{path}",
        "http://{host}{path}",
        "//{host}{path}",
        "{id}?x",
        "./{id}",
        "{path}?_state=a%2Bb%3D&b=%20&a=1/2",
        "http://{host}{path}?z=1&a=%C3%BC",
    ] {
        for most in [100_000, 1 << 20] {
            let registry = TestRegistry::start();
            registry.quirk(Quirk::Location(form.to_owned()));
            let pushed = store(&client_with(chunked(most)), &registry, &bytes).await;
            assert_eq!(pushed, Pushed::Sent { bytes: 150_000 }, "{form}");
        }
    }
    let registry = TestRegistry::start();
    registry.on("POST *").without_header("location");
    let error = send(&client(), &registry, &bytes).await.unwrap_err();
    assert!(matches!(error, Error::Push(push::Error::NoLocation { .. })), "{error}");
}

#[tokio::test]
async fn f14_bytes_may_go_elsewhere_but_credentials_never() {
    let bytes = noise(150_000);
    for (pattern, most) in [("POST *", 1 << 20), ("POST *", 100_000), ("PATCH *", 100_000)] {
        let (registry, storage) = (TestRegistry::start(), TestRegistry::start());
        registry.require_basic("me", "pw");
        let configure = |config: &mut Config| {
            chunked(most)(config);
            config.credentials = login(&[(registry.host(), "me", "pw")]);
        };
        registry.on(pattern).header("location", &storage.url("/bucket/x?signature=abc"));
        storage.on("PATCH *").answering(202, &[("location", "/bucket/x?signature=abc")], "");
        storage.on("PUT *").status(201);
        send(&client_with(configure), &registry, &bytes).await.unwrap();
        assert!(!storage.requests_to("PUT /bucket/x?signature=abc&digest=*").is_empty());
        assert!(storage.requests().iter().all(|r| r.authorization().is_none()), "{pattern}");
        assert!(registry.requests_to("POST *").iter().any(|r| r.authorization().is_some()));
        // A stranger who asks for credentials gets none.
        registry.forget_requests();
        storage.behave();
        storage.on("*").answering(401, &[("www-authenticate", "Basic realm=x")], "");
        let error = send(&client_with(configure), &registry, &bytes).await.unwrap_err();
        assert!(matches!(error, Error::Denied { .. }), "{error}");
        assert!(storage.requests().iter().all(|r| r.authorization().is_none()));
        let stay = client_with(|config| {
            configure(config);
            config.push.stays_home = true;
        });
        storage.forget_requests();
        let error = send(&stay, &registry, &bytes).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error}");
        assert!(storage.requests().is_empty());
    }
}

#[tokio::test]
async fn f14_a_location_that_only_we_can_reach_is_refused() {
    let bytes = noise(1000);
    for location in
        ["https://169.254.169.254/x", "https://10.0.0.1/x", "ftp://x.example/", "https://"]
    {
        let registry = TestRegistry::start();
        registry.on("POST *").header("location", location);
        let error = send(&client(), &registry, &bytes).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{location}: {error}");
        registry.behave();
        registry.on("PUT *").redirecting(location);
        let error = send(&client(), &registry, &bytes).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{location}: {error}");
    }
}

#[tokio::test]
async fn f15_the_last_answer_counts_by_its_status_and_digest() {
    let bytes = noise(1000);
    let registry = TestRegistry::start();
    registry.on("PUT *").once().status(204);
    send(&client(), &registry, &bytes).await.unwrap();
    let other = Digest::sha256(b"other");
    registry.on("PUT *").once().digest_header(other.as_str());
    let error = send(&client(), &registry, &bytes).await.unwrap_err();
    let Error::Push(push::Error::StoredAs { found, .. }) = error else {
        panic!("{error}");
    };
    assert_eq!(found, other);
    registry.remove_blob("a", &Digest::sha256(&bytes));
    registry.on("PUT *").once().status(202);
    let error = send(&client(), &registry, &bytes).await.unwrap_err();
    assert!(matches!(error, Error::Push(push::Error::NotStored { .. })), "{error}");
}

#[tokio::test]
async fn f16_another_algorithm_is_asked_for_and_not_insisted_on() {
    let bytes = noise(150_000);
    let long: Digest = format!("sha512:{}", "a".repeat(128)).parse().unwrap();
    let mut hasher = Hasher::like(&long).unwrap();
    hasher.update(&bytes);
    let descriptor = Descriptor::new("a/b", hasher.finish(), 150_000);
    let body = Body::Bytes(bytes.clone().into());
    for quirk in [None, Some(Quirk::Sha256Header), Some(Quirk::StrictQuery)] {
        let registry = TestRegistry::start();
        let strict = quirk == Some(Quirk::StrictQuery);
        quirk.into_iter().for_each(|quirk| registry.quirk(quirk));
        let client = client_with(chunked(100_000));
        client.push_blob(&place(&registry, "a"), &descriptor, &body, None).await.unwrap();
        assert!(registry.blob("a", &descriptor.digest).unwrap() == bytes);
        let posts: Vec<_> = registry.requests_to("POST *").into_iter().map(|r| r.path).collect();
        let told = "/v2/a/blobs/uploads/?digest-algorithm=sha512";
        let all = [told, "/v2/a/blobs/uploads/"];
        assert_eq!(posts, all[..if strict { 2 } else { 1 }]);
    }
}

#[tokio::test]
async fn f17_an_upload_that_is_given_up_is_cancelled() {
    let bytes = noise(1000);
    let registry = TestRegistry::start();
    registry.on("PUT *").status(403);
    send(&client(), &registry, &bytes).await.unwrap_err();
    assert_eq!(asked(&registry, &bytes).pop().unwrap(), "DELETE blobs/uploads/upload-1");
    assert_eq!(registry.open_uploads(), 0);
    // A registry that does not let go of it changes nothing.
    registry.on("DELETE *").status(405);
    let error = send(&client(), &registry, &bytes).await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f17_an_upload_that_nobody_waits_for_is_cancelled() {
    let registry = TestRegistry::start();
    registry.on("PUT *").holding();
    let (client, here) = (client(), place(&registry, "a"));
    let task = tokio::spawn(async move {
        let bytes = noise(1000);
        let body = Body::Bytes(bytes.clone().into());
        client.push_blob(&here, &described(&bytes), &body, None).await
    });
    registry.wait_for("PUT *", 1);
    task.abort();
    registry.wait_for("DELETE /v2/a/blobs/uploads/upload-1", 1);
}

#[tokio::test]
async fn f19_what_is_not_what_it_should_be_is_not_sent_whole() {
    let bytes = noise(600_000);
    let mut other = bytes.clone();
    other[500_000] ^= 1;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blob");
    let here = |registry: &TestRegistry| place(registry, "a");
    for wrong in [other, bytes[..599_999].to_vec(), [&bytes[..], b"!"].concat(), Vec::new()] {
        std::fs::write(&path, &wrong).unwrap();
        for (body, most) in [
            (Body::Bytes(wrong.clone().into()), 1 << 20),
            (Body::File(path.clone()), 1 << 20),
            (Body::File(path.clone()), 100_000),
        ] {
            let registry = TestRegistry::start();
            let client = client_with(chunked(most));
            let pushed = client.push_blob(&here(&registry), &described(&bytes), &body, None).await;
            let error = pushed.unwrap_err();
            assert!(matches!(error, Error::Push(push::Error::Content { .. })), "{error}");
            assert!(registry.blob("a", &Digest::sha256(&wrong)).is_none());
            assert_eq!(registry.open_uploads(), 0, "it is cancelled");
        }
    }
    let registry = TestRegistry::start();
    let body = Body::File(folder.path().join("none"));
    let pushed = client().push_blob(&here(&registry), &described(&bytes), &body, None).await;
    let error = pushed.unwrap_err();
    assert!(matches!(error, Error::Push(push::Error::Read { .. })), "{error}");
}

#[tokio::test]
async fn c4_an_empty_blob_is_pushed_like_any_other() {
    for most in [0, 1000] {
        let registry = TestRegistry::start();
        let pushed = store(&client_with(chunked(most)), &registry, b"").await;
        assert_eq!(pushed, Pushed::Sent { bytes: 0 });
    }
}

#[tokio::test]
async fn e17_what_is_sent_is_told() {
    let bytes = noise(600_000);
    for most in [1 << 20, 250_000] {
        let (registry, heard) = (TestRegistry::start(), Heard::default());
        let client = client_with(|config| {
            chunked(most)(config);
            heard.listen(config);
        });
        store(&client, &registry, &bytes).await;
        let begun = heard.all(|event| match event {
            Event::Sending { host, from, size, .. } => Some((host, from, size)),
            _ => None,
        });
        assert_eq!(begun, [(registry.host().to_owned(), 0, 600_000)]);
        let sent = heard.all(|event| match event {
            Event::Sent { bytes, .. } => Some(bytes),
            _ => None,
        });
        assert!(sent.is_sorted() && sent.len() >= 3, "{sent:?}");
        assert_eq!(sent.last(), Some(&600_000));
    }
}

#[tokio::test]
async fn a2_a_name_that_others_cannot_pull_is_not_pushed() {
    let registry = TestRegistry::start();
    let most = 255 - registry.host().len() - 1;
    for (length, fits) in [(most, true), (most + 1, false)] {
        let here = place(&registry, &"a".repeat(length));
        let body = Body::Bytes(Bytes::from_static(b"x"));
        let pushed = client().push_blob(&here, &described(b"x"), &body, None).await;
        match pushed {
            Ok(_) => assert!(fits),
            Err(Error::Push(push::Error::LongName { length, .. })) => {
                assert!(!fits && length == 256);
            }
            Err(error) => panic!("{error}"),
        }
    }
}
