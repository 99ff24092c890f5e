//! A registry that is read from its mirrors (row D14 of the checklist).

use pkg_oci::{
    Body, Client, Config, Descriptor, Error, Event, Kind, Place, Start,
    config::{Mirror, Registry},
};
use test_registry::TestRegistry;

use crate::support::{Heard, chain, client_with, described, drain, fetch, login, noise, place};

/// The same artifact everywhere, as a mirror that is up to date has it.
fn registry() -> TestRegistry {
    let registry = TestRegistry::start();
    registry.push_artifact("a", "1", "text/x", &[]);
    registry
}

/// Nobody listens there.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().to_string()
}

fn mirrored(
    registry: &TestRegistry,
    mirrors: &[(&str, bool)],
    change: impl FnOnce(&mut Config, &mut Registry),
) -> Client {
    client_with(|config| {
        let mirror = |(location, answers_tags): &(&str, bool)| Mirror {
            location: (*location).to_owned(),
            answers_tags: *answers_tags,
        };
        let mirrors = mirrors.iter().map(mirror).collect();
        let mut own = Registry { mirrors, ..Registry::default() };
        change(config, &mut own);
        config.registries.insert(registry.host().to_owned(), own);
    })
}

/// Which mirrors were passed over, and whether that was a fault.
fn passed_over(heard: &Heard) -> Vec<(String, String, bool)> {
    heard.all(|event| match event {
        Event::PassedOver { mirror, next, is_fault, .. } => Some((mirror, next, is_fault)),
        _ => None,
    })
}

fn by_digest(registry: &TestRegistry) -> Place {
    let digest = registry.tag("a", "1").unwrap();
    place(registry, &format!("a@{digest}"))
}

#[tokio::test]
async fn d14_what_a_digest_names_comes_from_the_first_mirror_that_has_it() {
    let (registry, has, lacks) = (registry(), TestRegistry::start(), TestRegistry::start());
    has.push_artifact("hub/a", "1", "text/x", &[]);
    let bytes = noise(1000);
    has.push_blob("hub/a", bytes.clone());
    let (down, hub) = (nobody(), format!("{}/hub", has.host()));
    let heard = Heard::default();
    let mirrors = [(down.as_str(), false), (lacks.host(), false), (&hub, false)];
    let client = mirrored(&registry, &mirrors, |config, _| heard.listen(config));
    client.manifest(&by_digest(&registry)).await.unwrap();
    client.resolve(&by_digest(&registry)).await.unwrap();
    assert_eq!(fetch(&client, &registry, &bytes).await.unwrap(), bytes);
    let size = client.blob_size(&place(&registry, "a"), &digest::Digest::sha256(&bytes)).await;
    assert_eq!(size.unwrap(), Some(1000));
    assert!(registry.requests().is_empty());
    // One that is down is asked once, and what each lacks is told once.
    let (lacks, has) = (lacks.host().to_owned(), has.host().to_owned());
    assert_eq!(passed_over(&heard), [(down, lacks.clone(), false), (lacks, has, false)]);
}

#[tokio::test]
async fn d14_what_a_tag_names_is_the_registrys_word() {
    let (registry, mirror) = (registry(), TestRegistry::start());
    let old = mirror.push_artifact("a", "1", "text/old", &[]);
    let new = registry.tag("a", "1").unwrap();
    let client = mirrored(&registry, &[(mirror.host(), false)], |_, _| {});
    assert_eq!(client.resolve(&place(&registry, "a:1")).await.unwrap().digest, new);
    assert_eq!(client.manifest(&place(&registry, "a:1")).await.unwrap().digest, new);
    assert_eq!(client.tags(&place(&registry, "a")).await.unwrap(), ["1"]);
    client.referrers(&place(&registry, "a"), &new, None).await.unwrap();
    assert!(mirror.requests().is_empty());
    // One that answers tags may be behind.
    let client = mirrored(&registry, &[(mirror.host(), true)], |_, _| {});
    assert_eq!(client.resolve(&place(&registry, "a:1")).await.unwrap().digest, old);
    assert_eq!(client.direct().resolve(&place(&registry, "a:1")).await.unwrap().digest, new);
}

#[tokio::test]
async fn d14_a_mirror_has_credentials_of_its_own() {
    let (registry, mirror) = (registry(), registry());
    mirror.require_basic("you", "there");
    let heard = Heard::default();
    let of_registry = [(registry.host(), "me", "pw")];
    let client = mirrored(&registry, &[(mirror.host(), false)], |config, _| {
        config.credentials = login(&of_registry);
        heard.listen(config);
    });
    client.manifest(&by_digest(&registry)).await.unwrap();
    assert!(mirror.requests().iter().all(|request| request.authorization().is_none()));
    let (mirror_host, host) = (mirror.host().to_owned(), registry.host().to_owned());
    assert_eq!(passed_over(&heard), [(mirror_host, host, true)]);
    let client = mirrored(&registry, &[(mirror.host(), false)], |config, _| {
        config.credentials = login(&[of_registry[0], (mirror.host(), "you", "there")]);
    });
    registry.forget_requests();
    client.manifest(&by_digest(&registry)).await.unwrap();
    assert!(registry.requests().is_empty());
}

#[tokio::test]
async fn e13_no_number_of_warnings_hides_that_a_mirror_is_passed_over() {
    let (registry, mirror) = (registry(), registry());
    mirror.require_basic("you", "there");
    for number in 0..70 {
        mirror.on("*").warning(&format!("299 - \"{number}\""));
    }
    let heard = Heard::default();
    let client = mirrored(&registry, &[(mirror.host(), false)], |config, _| heard.listen(config));
    client.manifest(&by_digest(&registry)).await.unwrap();
    let warnings = heard.all(|event| matches!(event, Event::Warning { .. }).then_some(()));
    assert_eq!((warnings.len(), passed_over(&heard).len()), (64, 1));
}

#[tokio::test]
async fn d14_a_mirror_that_lies_is_passed_over() {
    let bytes = noise(400_000);
    for lie in [noise(399_999), [noise(399_999), vec![0]].concat(), noise(400_001)] {
        let (registry, mirror) = (registry(), registry());
        registry.push_blob("a", bytes.clone());
        let digest = digest::Digest::sha256(&bytes);
        mirror.on(&format!("GET /v2/a/blobs/{digest}")).answering(200, &[], lie);
        mirror.on("/v2/a/manifests/*").flipped_byte(10);
        let heard = Heard::default();
        let client =
            mirrored(&registry, &[(mirror.host(), false)], |config, _| heard.listen(config));
        // What is taken whole before it counts is simply taken from the next one.
        client.manifest(&by_digest(&registry)).await.unwrap();
        assert_eq!(passed_over(&heard).len(), 1);
        assert!(passed_over(&heard)[0].2);
        assert_eq!(fetch(&client, &registry, &bytes).await.unwrap(), bytes);
        assert_eq!(mirror.requests().len(), 1, "a liar is not asked again");
        // What was handed on already cannot be taken back: who wants it asks again.
        let client = mirrored(&registry, &[(mirror.host(), false)], |_, _| {});
        let ends = fetch(&client, &registry, &bytes).await;
        match ends {
            Ok(found) => assert_eq!(found, bytes),
            Err(error) => {
                let is_of_it =
                    matches!(&error, Error::FalseMirror { mirror: m, .. } if m == mirror.host());
                assert!(is_of_it && error.kind() == Kind::Integrity, "{}", chain(&error));
            }
        }
        assert_eq!(fetch(&client, &registry, &bytes).await.unwrap(), bytes);
    }
}

#[tokio::test]
async fn d14_a_download_goes_on_where_its_mirror_broke_off() {
    let (registry, mirror) = (registry(), TestRegistry::start());
    let bytes = noise(700_000);
    registry.push_blob("a", bytes.clone());
    mirror.push_blob("a", bytes.clone());
    mirror.on("GET /v2/a/blobs/*").truncating(400_000);
    let client = mirrored(&registry, &[(mirror.host(), false)], |_, _| {});
    assert_eq!(fetch(&client, &registry, &bytes).await.unwrap(), bytes);
    assert_eq!(registry.requests()[0].range(), Some("bytes=400000-"));
    assert_eq!(mirror.requests().len(), 1, "nothing is endured where another can be asked");
}

#[tokio::test]
async fn d14_a_mirror_that_lies_and_breaks_off_is_to_blame() {
    let (registry, mirror) = (registry(), TestRegistry::start());
    let bytes = noise(700_000);
    registry.push_blob("a", bytes.clone());
    mirror.push_blob("a", bytes.clone());
    mirror.on("GET /v2/a/blobs/*").flipped_byte(10);
    mirror.on("GET /v2/a/blobs/*").truncating(400_000);
    let client = mirrored(&registry, &[(mirror.host(), false)], |_, _| {});
    let error = fetch(&client, &registry, &bytes).await.unwrap_err();
    let is_of_it = matches!(&error, Error::FalseMirror { mirror: m, .. } if m == mirror.host());
    assert!(is_of_it, "the registry sent only the rest: {}", chain(&error));
    assert_eq!(fetch(&client, &registry, &bytes).await.unwrap(), bytes);
    assert_eq!(mirror.requests().len(), 1, "a liar is not asked again");
}

#[tokio::test]
async fn d14_a_mirror_is_not_to_blame_for_what_its_registry_leaves_out() {
    let (registry, mirror) = (registry(), TestRegistry::start());
    let bytes = noise(700_000);
    mirror.push_blob("a", bytes.clone());
    mirror.on("GET /v2/a/blobs/*").truncating(400_000);
    registry.on("GET /v2/a/blobs/*").answering(200, &[], bytes[..450_000].to_vec());
    let client = mirrored(&registry, &[(mirror.host(), false)], |_, _| {});
    let error = fetch(&client, &registry, &bytes).await.unwrap_err();
    assert!(matches!(error, Error::Verify { .. }), "{}", chain(&error));
}

#[tokio::test]
async fn d14_nobody_is_passed_over_while_nobody_is_asked() {
    let (registry, mirror) = (registry(), registry());
    let heard = Heard::default();
    let client = mirrored(&registry, &[(mirror.host(), false)], |config, _| {
        config.offline = true;
        heard.listen(config);
    });
    let error = client.manifest(&by_digest(&registry)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Offline);
    let error = fetch(&client, &registry, b"x").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Offline);
    assert_eq!(passed_over(&heard), []);
}

#[tokio::test]
async fn d14_a_registry_that_is_only_mirrored_is_never_read() {
    let (registry, first, second) = (registry(), registry(), registry());
    let only = |_: &mut Config, own: &mut Registry| own.is_only_mirrored = true;
    let mirrors = [(first.host(), false), (second.host(), true)];
    let client = mirrored(&registry, &mirrors, only);
    first.on("/v2/*").status(503);
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    client.manifest(&by_digest(&registry)).await.unwrap();
    // The last one is asked with all patience.
    second.on("/v2/a/manifests/*").once().status(503);
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    let none = mirrored(&registry, &[(first.host(), false)], only);
    let error = none.manifest(&place(&registry, "a:1")).await.unwrap_err();
    assert!(matches!(error, Error::NoMirror { .. }), "{error}");
    // That one lacks it proves nothing while another does not answer.
    second.behave();
    let client = mirrored(&registry, &mirrors, only);
    let missing = place(&registry, &format!("a@{}", digest::Digest::sha256(b"?")));
    let error = client.manifest(&missing).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Registry, "{}", chain(&error));
    first.behave();
    let client = mirrored(&registry, &mirrors, only);
    assert_eq!(client.manifest(&missing).await.unwrap_err().kind(), Kind::NotFound);
    assert!(registry.requests().is_empty());
}

#[tokio::test]
async fn d14_nothing_is_written_to_a_mirror_nor_read_from_it_for_that() {
    let (registry, mirror) = (registry(), registry());
    let bytes = noise(1000);
    // What the mirror has already must still go to the registry.
    mirror.push_blob("a", bytes.clone());
    let client = mirrored(&registry, &[(mirror.host(), true)], |_, _| {});
    let body = Body::Bytes(bytes.clone().into());
    let at = place(&registry, "a");
    client.push_blob(&at, &described(&bytes), &body, None).await.unwrap();
    let manifest = client.direct().manifest(&place(&registry, "a:1")).await.unwrap();
    client.push_manifest(&place(&registry, "a:2"), &manifest).await.unwrap();
    let (from, to) = (place(&registry, "a:2"), place(&registry, "b:1"));
    client.copy(&from, &to, &pkg_oci::copy::Options::default()).await.unwrap();
    client.delete_tag(&place(&registry, "a:2")).await.unwrap();
    assert!(mirror.requests().iter().all(|r| matches!(r.method.as_str(), "GET" | "HEAD")));
    assert!(registry.blob("a", &digest::Digest::sha256(&bytes)).is_some());
    let start = |descriptor: &Descriptor| Start::of(descriptor).unwrap();
    let descriptor = described(&bytes);
    let download = client.direct().blob(&at, &descriptor, start(&descriptor)).await.unwrap();
    drain(download).await.1.unwrap();
}
