//! One copy between all kinds of places, whole or cut off (rows B5, C5, F18, G3, I8).

use std::time::Duration;

use digest::Digest;
use pkg_oci::{
    Client, Document, Error, Event, Kind, Manifest, Place, Platform, copy,
    copy::{Amount, Copied, Options, Platforms, Referrers},
    layout::Memory,
    push,
};
use serde_json::{Value, json};
use test_registry::{IMAGE, INDEX, Quirk, TestRegistry};

use crate::{
    ends::{Ends, KINDS, blob, entry, fetch, index, manifest, push_document, push_image, referrer},
    support::{Heard, chain, client, client_with, noise, place},
};

async fn copy(client: &Client, from: &Place, to: &Place) -> Copied {
    client.copy(from, to, &Options::default()).await.unwrap()
}

/// Two images under an index, with a layer in common: 5 blobs.
async fn push_index(client: &Client, to: &Place) -> Manifest {
    let common = noise(300_000);
    let one = push_image(client, to, &[&common, b"one"]).await;
    let two = push_image(client, to, &[&common]).await;
    let index = index(&[("linux/amd64", &one), ("linux/arm64", &two)]);
    client.push_manifest(to, &index).await.unwrap();
    index
}

#[tokio::test]
async fn i8_from_every_kind_of_place_to_every_other() {
    for from in KINDS {
        for to in KINDS {
            let (here, there) = (Ends::new(), Ends::new());
            let client = client();
            let (from, to) = (here.at(from, "x"), there.at(to, "y"));
            let index = push_index(&client, &from).await;
            let copied = copy(&client, &from, &to).await;
            assert_eq!(copied.root.digest, index.digest, "{from} {to}");
            assert_eq!((copied.sent.blobs, copied.manifests), (4, 3), "{from} {to}");
            assert_eq!(client.manifest(&to).await.unwrap().bytes, index.bytes, "{from} {to}");
            assert_eq!(client.tags(&to).await.unwrap(), ["y"], "{from} {to}");
            let (layer, _) = blob("one");
            assert_eq!(fetch(&client, &to, &layer).await, b"one", "{from} {to}");
            let again = copy(&client, &from, &to).await;
            assert_eq!((again.sent, again.manifests), (Amount::default(), 0), "{from} {to}");
            assert_eq!(again.present.blobs, 4, "{from} {to}");
            assert_eq!(again.present.bytes, copied.sent.bytes, "{from} {to}");
        }
    }
}

#[tokio::test]
async fn b5_bytes_are_copied_as_they_are() {
    let ends = Ends::new();
    let client = client();
    let odd = |config: &pkg_oci::Descriptor| {
        format!(
            "{{ \"schemaVersion\":2 ,\n\t\"later\": {{\"z\":1,\"a\":[null]}}, \"layers\" : [],\r\n \
             \"annotations\":{{\"z\":\"\\u00e9\",\"a\":\"\"}}, \"config\": \
             {{\"size\":2,\"digest\":\"{}\",\"mediaType\":\"a/b\",\"unknown\":1.0}} }}\n",
            config.digest
        )
    };
    let (config, body) = blob("{}");
    let first = ends.at("memory", "x");
    client.push_blob(&first, &config, &body, None).await.unwrap();
    let served = manifest(IMAGE, odd(&config));
    client.push_manifest(&first, &served).await.unwrap();
    let mut from = first;
    for kind in ["registry", "archive", "folder"] {
        let to = ends.at(kind, "y");
        let copied = copy(&client, &from, &to).await;
        assert_eq!(copied.root.digest, served.digest, "{kind}");
        let found = client.manifest(&to).await.unwrap();
        assert_eq!((found.bytes, found.media_type), (served.bytes.clone(), IMAGE.to_owned()));
        from = to;
    }
}

#[tokio::test]
async fn c5_indexes_inside_indexes_are_followed_so_far_and_no_further() {
    let ends = Ends::new();
    let client = client();
    let from = ends.at("memory", "x");
    let nest = async |depth: usize| {
        let mut inner = push_image(&client, &from, &[b"leaf"]).await;
        for _ in 0..depth {
            inner = index(&[("", &inner)]);
            client.push_manifest(&from, &inner).await.unwrap();
        }
        let to = Memory::new().place("y");
        client.copy(&from, &to, &Options::default()).await
    };
    assert_eq!(nest(4).await.unwrap().manifests, 5);
    let error = nest(5).await.unwrap_err();
    assert!(chain(&error).contains("more than 4 indexes deep"), "{}", chain(&error));
}

#[tokio::test]
async fn c5_a_manifest_met_twice_is_written_before_both_that_name_it() {
    let client = client();
    let from = Memory::new().place("x");
    let leaf = push_image(&client, &from, &[b"leaf"]).await;
    let inner = index(&[("", &leaf)]);
    client.push_manifest(&from, &inner).await.unwrap();
    let middle = index(&[("", &inner)]);
    client.push_manifest(&from, &middle).await.unwrap();
    let outer = index(&[("", &inner), ("", &middle), ("", &leaf)]);
    client.push_manifest(&from, &outer).await.unwrap();
    // The registry refuses what names something that it lacks.
    let registry = TestRegistry::start();
    assert_eq!(copy(&client, &from, &place(&registry, "a:1")).await.manifests, 4);
    assert_eq!(registry.tag("a", "1"), Some(outer.digest));
}

#[tokio::test]
async fn c5_manifests_take_only_so_much_memory_together() {
    let client = client();
    let from = Memory::new().place("x");
    let mut images = Vec::new();
    for number in 0..17 {
        let note = format!("{number}{}", "-".repeat(4_100_000));
        let add = |document: &mut Value| document["annotations"] = json!({"note": note});
        images.push(push_document(&client, &from, &[b"x"], add).await);
    }
    let entries: Vec<(&str, &Manifest)> = images.iter().map(|image| ("", image)).collect();
    let to = Memory::new().place("y");
    client.push_manifest(&from, &index(&entries[..16])).await.unwrap();
    assert_eq!(copy(&client, &from, &to).await.manifests, 17);
    client.push_manifest(&from, &index(&entries)).await.unwrap();
    let error = client.copy(&from, &to, &Options::default()).await.unwrap_err();
    assert!(chain(&error).contains("67108864 bytes of manifests"), "{}", chain(&error));
}

#[tokio::test]
async fn c5_entries_of_unknown_types_are_blobs_or_manifests() {
    let client = client();
    let from = Memory::new().place("x");
    let image = push_image(&client, &from, &[b"x"]).await;
    let (loose, body) = blob("a blob that an index names");
    client.push_blob(&from, &loose, &body, None).await.unwrap();
    let outer =
        json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [loose, entry(&image)]});
    let outer = manifest(INDEX, outer.to_string());
    client.push_manifest(&from, &outer).await.unwrap();
    let to = Memory::new().place("y");
    assert_eq!(copy(&client, &from, &to).await.sent.blobs, 3);
    assert_eq!(fetch(&client, &to, &loose).await, b"a blob that an index names");
}

#[tokio::test]
async fn c5_what_may_not_be_passed_on_stays_where_it_is() {
    let client = client();
    let from = Memory::new().place("x");
    let foreign = json!({
        "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "digest": Digest::sha256(b"foreign").as_str(), "size": 7,
        "urls": ["https://example.invalid/x"],
    });
    let add = |document: &mut Value| document["layers"].as_array_mut().unwrap().push(foreign);
    push_document(&client, &from, &[b"x"], add).await;
    assert_eq!(copy(&client, &from, &Memory::new().place("y")).await.sent.blobs, 2);
}

#[tokio::test]
async fn c3_content_in_a_descriptor_is_not_fetched() {
    let client = client();
    let source = TestRegistry::start();
    let data = json!({"mediaType": "a/b", "digest": Digest::sha256(b"{}").as_str(), "size": 2,
        "data": "e30="});
    let document = json!({"schemaVersion": 2, "mediaType": IMAGE, "config": data, "layers": []});
    source.push_manifest("a", Some("1"), IMAGE, document.to_string());
    let target = TestRegistry::start();
    assert_eq!(copy(&client, &place(&source, "a:1"), &place(&target, "b:1")).await.sent.blobs, 1);
    assert!(source.requests_to("/v2/a/blobs/*").is_empty());
}

#[tokio::test]
async fn c10_platforms_are_chosen() {
    let client = client();
    let from = Memory::new().place("x");
    let index = push_index(&client, &from).await;
    let Document::Index(entries) = index.document().unwrap() else { panic!("no index") };
    let arm = Platform::new("linux", "arm64");
    let choose = async |platforms: Platforms| {
        let to = Memory::new().place("y");
        let options = Options { platforms, ..Options::default() };
        (client.copy(&from, &to, &options).await, to)
    };
    let (copied, to) = choose(Platforms::One(arm.clone())).await;
    assert_eq!(copied.unwrap().root.digest, entries.manifests[1].digest);
    assert!(matches!(client.manifest(&to).await.unwrap().document(), Ok(Document::Image(_))));
    let (copied, to) = choose(Platforms::Some(vec![arm])).await;
    let copied = copied.unwrap();
    assert_eq!((copied.root.digest, copied.manifests), (index.digest.clone(), 2));
    let left = to.with_digest(entries.manifests[0].digest.clone());
    assert_eq!(client.manifest(&left).await.unwrap_err().kind(), Kind::NotFound);
    for platforms in [
        Platforms::One(Platform::new("plan9", "386")),
        Platforms::Some(vec![Platform::new("plan9", "386")]),
    ] {
        let error = choose(platforms).await.0.unwrap_err();
        assert_eq!(error.kind(), Kind::NotFound);
        assert!(chain(&error).contains("there are: linux/amd64, linux/arm64"), "{}", chain(&error));
    }
}

/// An image with a signature, and a signature of that, and so on.
async fn signed(client: &Client, at: &Place, depth: usize) -> Vec<Manifest> {
    let mut chain = vec![push_image(client, at, &[b"x"]).await];
    let (empty, body) = blob("{}");
    client.push_blob(at, &empty, &body, None).await.unwrap();
    for number in 0..depth {
        let subject = &chain[number];
        let signature = manifest(IMAGE, referrer(subject, "sig/v1", &number.to_string()));
        let Place::Memory { memory, .. } = at else { panic!("not in memory") };
        let at = Place::Memory { memory: memory.clone(), tag: None, digest: None };
        client.push_manifest(&at, &signature).await.unwrap();
        chain.push(signature);
    }
    chain
}

#[tokio::test]
async fn i8_referrers_come_along_on_request_within_bounds() {
    let client = client();
    let from = Memory::new().place("x");
    let chain_of = signed(&client, &from, 4).await;
    let copy = async |referrers: Option<Referrers>| {
        let to = Memory::new().place("y");
        let options = Options { referrers, ..Options::default() };
        (client.copy(&from, &to, &options).await, to)
    };
    assert_eq!(copy(None).await.0.unwrap().referrers, 0);
    for (depth, expected) in [(0, 0), (1, 1), (3, 3), (9, 4)] {
        let (copied, to) = copy(Some(Referrers { depth, count: 10 })).await;
        let copied = copied.unwrap();
        assert_eq!((copied.referrers, copied.manifests), (expected, expected + 1), "{depth}");
        for (subject, signature) in chain_of.iter().zip(&chain_of[1..=expected]) {
            let found = client.referrers(&to, &subject.digest, None).await.unwrap();
            assert_eq!(found[0].digest, signature.digest, "{depth}");
        }
        assert_eq!(client.tags(&to).await.unwrap(), ["y"]);
    }
    let error = copy(Some(Referrers { depth: 9, count: 3 })).await.0.unwrap_err();
    assert!(chain(&error).contains("leads to more than 3 referrers"), "{}", chain(&error));
}

#[tokio::test]
async fn i8_referrers_reach_a_registry_and_come_back() {
    let client = client();
    let from = Memory::new().place("x");
    let chain_of = signed(&client, &from, 2).await;
    let registry = TestRegistry::start();
    let options = Options { referrers: Some(Referrers::default()), ..Options::default() };
    let there = place(&registry, "a:1");
    assert_eq!(client.copy(&from, &there, &options).await.unwrap().referrers, 2);
    let to = Memory::new().place("y");
    assert_eq!(client.copy(&there, &to, &options).await.unwrap().referrers, 2);
    for signature in &chain_of {
        let found = client.manifest(&to.with_digest(signature.digest.clone())).await.unwrap();
        assert_eq!(found.bytes, signature.bytes);
    }
}

#[tokio::test]
async fn f2_blobs_are_mounted_between_repositories_of_one_registry() {
    let registry = TestRegistry::start();
    let client = client();
    let from = place(&registry, "a/from:1");
    push_index(&client, &from).await;
    registry.forget_requests();
    let copied = copy(&client, &from, &place(&registry, "a/to:1")).await;
    assert_eq!((copied.mounted.blobs, copied.sent), (4, Amount::default()));
    assert_eq!(registry.requests_to("PUT /v2/a/to/blobs/*").len(), 0);
    assert_eq!(registry.requests_to("GET /v2/a/from/blobs/*").len(), 0);
    // Where the registry mounts nothing, the bytes go by way of this machine.
    registry.on("POST /v2/a/third/blobs/uploads/?mount=*").status(405);
    let copied = copy(&client, &from, &place(&registry, "a/third:1")).await;
    assert_eq!((copied.mounted.blobs, copied.sent.blobs), (0, 4));
}

#[tokio::test]
async fn f1_a_push_of_what_is_there_is_few_requests_and_no_bytes() {
    let registry = TestRegistry::start();
    let client = client();
    let from = Memory::new().place("x");
    let layers: Vec<Vec<u8>> = (0..50_u8).map(|number| vec![number; 1000]).collect();
    let layers: Vec<&[u8]> = layers.iter().map(Vec::as_slice).collect();
    push_image(&client, &from, &layers).await;
    let to = place(&registry, "a:1");
    let copied = copy(&client, &from, &to).await;
    assert_eq!(copied.sent.blobs, 51);
    registry.forget_requests();
    let again = copy(&client, &from, &to).await;
    assert_eq!((again.present.blobs, again.sent, again.manifests), (51, Amount::default(), 0));
    let requests = registry.requests();
    assert!(requests.len() <= 51, "{} requests", requests.len());
    assert_eq!(requests.iter().map(|request| request.body_size).sum::<usize>(), 0);
    // The same under another tag: one manifest is written.
    registry.forget_requests();
    assert_eq!(copy(&client, &from, &place(&registry, "a:2")).await.manifests, 1);
    assert!(registry.requests().len() <= 4, "{} requests", registry.requests().len());
}

#[tokio::test]
async fn f12_a_push_that_was_cut_anywhere_ends_right_when_it_is_made_again() {
    for cut in 0..24 {
        let registry = TestRegistry::start();
        let client = client_with(|config| {
            (config.retries, config.jobs) = (0, 2);
        });
        let from = Memory::new().place("x");
        let index = push_index(&client, &from).await;
        let to = place(&registry, "a:1");
        registry.on("*").after(cut).status(500);
        let first = client.copy(&from, &to, &Options::default()).await;
        registry.behave();
        if let Err(error) = &first {
            assert!(chain(error).contains("cannot copy to"), "{cut}: {}", chain(error));
            // Nothing names what is not whole.
            assert_eq!(registry.tag("a", "1"), None, "{cut}");
        }
        let stored = |digest: &Digest| registry.blob("a", digest).is_some();
        let before: Vec<Digest> = blobs(&index, &client, &from).await;
        let (kept, lost): (Vec<_>, Vec<_>) = before.into_iter().partition(stored);
        registry.forget_requests();
        let again = copy(&client, &from, &to).await;
        // What was on its way when the first run ended may still have arrived.
        assert!(again.sent.blobs <= lost.len(), "{cut}");
        assert_eq!(again.sent.blobs + again.present.blobs, kept.len() + lost.len(), "{cut}");
        assert_eq!(registry.tag("a", "1"), Some(index.digest), "{cut}");
        for digest in kept {
            let sent = registry.requests_to(&format!("PUT *{}*", digest.encoded()));
            assert!(sent.is_empty(), "{cut}: {digest} was sent twice");
        }
    }
}

/// The digests of all blobs of an index.
async fn blobs(index: &Manifest, client: &Client, from: &Place) -> Vec<Digest> {
    let mut found = std::collections::BTreeSet::new();
    let Document::Index(entries) = index.document().unwrap() else { panic!("no index") };
    for entry in entries.manifests {
        let image = client.manifest(&from.with_digest(entry.digest)).await.unwrap();
        let Document::Image(image) = image.document().unwrap() else { panic!("no image") };
        found.extend([image.config].into_iter().chain(image.layers).map(|blob| blob.digest));
    }
    found.into_iter().collect()
}

#[tokio::test]
async fn f12_a_copy_into_a_folder_that_was_cut_goes_on() {
    for cut in 0..8 {
        let (registry, ends) = (TestRegistry::start(), Ends::new());
        let client = client_with(|config| (config.retries, config.jobs) = (0, 1));
        let from = place(&registry, "a:1");
        let index = push_index(&client, &from).await;
        registry.on("*").after(cut).status(500);
        let to = ends.at("folder", "1");
        let first = client.copy(&from, &to, &Options::default()).await;
        registry.behave();
        assert_eq!(client.resolve(&to).await.is_ok(), first.is_ok(), "{cut}");
        registry.forget_requests();
        let again = copy(&client, &from, &to).await;
        assert_eq!(again.root.digest, index.digest);
        let fetched = registry.requests_to("GET /v2/a/blobs/*").len();
        assert_eq!((again.sent.blobs, again.present.blobs), (fetched, 4 - fetched), "{cut}");
    }
}

#[tokio::test]
async fn f18_a_source_that_falls_silent_does_not_keep_the_target_waiting() {
    let (source, target) = (TestRegistry::start(), TestRegistry::start());
    let heard = Heard::default();
    let client = client_with(|config| {
        heard.listen(config);
        config.spool_after = Duration::from_millis(100);
        config.spool = std::env::temp_dir();
    });
    let layer = noise(1_000_000);
    let from = place(&source, "a:1");
    push_image(&client, &from, &[&layer]).await;
    let path = format!("GET /v2/a/blobs/{}", Digest::sha256(&layer));
    source.forget_requests();
    source.on(&path).once().stalling(600_000);
    let to = place(&target, "b:1");
    let copied = copy(&client, &from, &to).await;
    assert_eq!(copied.sent.blobs, 2);
    assert!(target.blob("b", &Digest::sha256(&layer)).unwrap() == layer);
    assert_eq!(source.requests_to(&path).len(), 2);
    let spooled = heard.all(|event| match event {
        Event::Spooling { digest, size } => Some((digest, size)),
        _ => None,
    });
    assert_eq!(spooled, [(Digest::sha256(&layer), 1_000_000)]);
}

#[tokio::test]
async fn c9_sizes_that_are_only_declared_are_added_up_without_harm() {
    let (source, target) = (TestRegistry::start(), TestRegistry::start());
    let layer = |text: &str| {
        let digest = Digest::sha256(text.as_bytes());
        json!({"mediaType": "a/b", "digest": digest.as_str(), "size": i64::MAX})
    };
    let document = json!({
        "schemaVersion": 2, "mediaType": IMAGE, "config": layer("0"),
        "layers": [layer("1"), layer("2")],
    });
    for registry in [&source, &target] {
        registry.push_manifest("a", Some("1"), IMAGE, document.to_string());
    }
    let (from, to) = (place(&source, "a:1"), place(&target, "a:1"));
    let present = copy(&client(), &from, &to).await.present;
    assert_eq!(present, Amount { blobs: 3, bytes: u64::MAX });
}

#[tokio::test]
async fn f18_a_registry_that_mounts_nothing_is_copied_within() {
    let registry = TestRegistry::start();
    registry.quirk(Quirk::WithoutMounts);
    let client = client_with(|config| (config.streams_per_host, config.jobs) = (2, 4));
    let (from, to) = (place(&registry, "a:1"), place(&registry, "b:1"));
    push_image(&client, &from, &[b"one", b"two", b"three"]).await;
    let copied = tokio::time::timeout(Duration::from_secs(20), copy(&client, &from, &to)).await;
    assert_eq!(copied.expect("nobody waits for ever").sent.blobs, 4);
}

#[tokio::test]
async fn f18_a_source_may_take_its_time_before_the_first_byte() {
    let (source, target) = (TestRegistry::start(), TestRegistry::start());
    let heard = Heard::default();
    let client = client_with(|config| {
        heard.listen(config);
        config.spool_after = Duration::from_millis(1);
    });
    let layer = noise(1000);
    let from = place(&source, "a:1");
    push_image(&client, &from, &[&layer]).await;
    source.forget_requests();
    source.on("GET /v2/a/blobs/*").holding();
    let to = place(&target, "b:1");
    let work = {
        let client = client.clone();
        tokio::spawn(async move { copy(&client, &from, &to).await })
    };
    let source = tokio::task::spawn_blocking(move || {
        source.wait_for("GET /v2/a/blobs/*", 2);
        source.release();
        source
    });
    let _source = source.await.unwrap();
    assert_eq!(work.await.unwrap().sent.blobs, 2);
    let spooled = heard.all(|event| matches!(event, Event::Spooling { .. }).then_some(()));
    assert_eq!(spooled, []);
}

#[tokio::test]
async fn g3_what_the_registry_misses_after_all_is_sent_once_more() {
    let registry = TestRegistry::start();
    let client = client();
    let from = Memory::new().place("x");
    let index = push_index(&client, &from).await;
    // It says of every blob that it has it, as a cache in front of it may.
    registry.on("HEAD /v2/a/blobs/*").fault(test_registry::Fault::Status {
        code: 200,
        headers: vec![("content-length".to_owned(), "3".to_owned())],
        body: Default::default(),
    });
    let copied = copy(&client, &from, &place(&registry, "a:1")).await;
    assert_eq!(copied.root.digest, index.digest);
    assert!(registry.blob("a", &Digest::sha256(b"one")).is_some());
    // Once, and not for ever.
    registry.on("PUT /v2/a/manifests/*").answering(
        404,
        &[("content-type", "application/json")],
        r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"x"}]}"#,
    );
    let other = place(&registry, "a:2");
    let changed = push_image(&client, &from, &[b"new"]).await;
    let error = client.copy(&from, &other, &Options::default()).await.unwrap_err();
    let puts = registry.requests_to("PUT /v2/a/manifests/2");
    assert_eq!(puts.len(), 2, "{}", changed.digest);
    let Error::Copy(copy::Error::To { source, .. }) = error else { panic!("{error:?}") };
    assert!(matches!(*source, Error::Push(push::Error::Missing { .. })), "{source:?}");
}

#[tokio::test]
async fn i8_an_error_says_which_side_it_is_of() {
    let (source, target) = (TestRegistry::start(), TestRegistry::start());
    let client = client_with(|config| config.retries = 0);
    let from = place(&source, "a:1");
    push_image(&client, &from, &[b"x"]).await;
    let to = place(&target, "b:1");
    let copy = async || chain(&client.copy(&from, &to, &Options::default()).await.unwrap_err());
    source.on("GET /v2/a/blobs/*").status(500);
    let text = copy().await;
    assert!(text.contains(&format!("cannot copy from {from}")), "{text}");
    source.behave();
    source.on("GET /v2/a/blobs/*").flipped_byte(0);
    let text = copy().await;
    assert!(text.contains(&format!("cannot copy from {from}")), "{text}");
    assert_eq!(target.tag("b", "1"), None);
    source.behave();
    target.on("PUT *").status(507);
    let text = copy().await;
    assert!(text.contains(&format!("cannot copy to {to}")), "{text}");
    let nothing = client.copy(&place(&source, "no:1"), &to, &Options::default()).await;
    assert_eq!(nothing.unwrap_err().kind(), Kind::NotFound);
    let other = to.with_digest(Digest::sha256(b"other"));
    let error = client.copy(&from, &other, &Options::default()).await.unwrap_err();
    assert!(chain(&error).contains("cannot hold sha256:"), "{}", chain(&error));
}

#[tokio::test]
async fn e17_a_copy_says_what_there_is_to_do_and_what_is_done() {
    let heard = Heard::default();
    let client = client_with(|config| heard.listen(config));
    let from = Memory::new().place("x");
    push_index(&client, &from).await;
    let registry = TestRegistry::start();
    let copied = copy(&client, &from, &place(&registry, "a:1")).await;
    let planned = heard.all(|event| match event {
        Event::Copying { blobs, bytes } => Some((blobs, bytes)),
        _ => None,
    });
    assert_eq!(planned, [(4, copied.sent.bytes)]);
    let done = heard.all(|event| match event {
        Event::Copied { size, .. } => Some(size),
        _ => None,
    });
    assert_eq!((done.len(), done.iter().sum()), (4, copied.sent.bytes));
}
