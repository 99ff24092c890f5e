//! What only a TLS server shows (rows D2, D8, E6, E8).

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt as _, path::PathBuf};

use futures_util::future::join_all;
use pkg_oci::{
    Client, Config, Descriptor, Error, Event, Kind, Place, Start,
    config::{Identity, Proxies, Registry},
};
use tempfile::TempDir;
use test_registry::{Authority, TestRegistry};

use crate::support::{Heard, chain, client_with, drain, noise};

/// The registry under a name, as loopback itself is never asked with TLS.
const NAME: &str = "reg.example";

fn registry(authority: &Authority) -> TestRegistry {
    let registry = TestRegistry::start_tls(authority);
    registry.push_artifact("a", "1", "text/x", &[]);
    registry
}

fn client(registry: &TestRegistry, change: impl FnOnce(&mut Config)) -> Client {
    client_with(|config| {
        config.mirrors = vec![(format!("https://{NAME}/"), registry.url("/"))];
        config.certs = Vec::new();
        change(config);
    })
}

fn named(rest: &str) -> Place {
    Place::parse(&format!("{NAME}/{rest}")).unwrap()
}

fn file(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

fn trusting(registry: &TestRegistry, authority: &Authority) -> (Client, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let ca = file(&folder, "ca.pem", &authority.certificate());
    (client(registry, |config| config.ca = vec![ca]), folder)
}

async fn fetch(client: &Client, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let digest = digest::Digest::sha256(bytes);
    let descriptor = Descriptor::new("a/b", digest, bytes.len() as u64);
    let start = Start::of(&descriptor)?;
    let (taken, verdict) = drain(client.blob(&named("a"), &descriptor, start).await?).await;
    verdict.map(|()| taken)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e6_small_requests_share_a_connection_and_blobs_have_their_own() {
    let authority = Authority::new();
    let registry = registry(&authority);
    let blobs: Vec<Vec<u8>> = (1..=3).map(|n| noise(n * 1000)).collect();
    for blob in &blobs {
        registry.push_blob("a", blob.clone());
    }
    let (client, _folder) = trusting(&registry, &authority);
    client.resolve(&named("a:1")).await.unwrap();
    client.manifest(&named("a:1")).await.unwrap();
    registry.on("GET /v2/a/blobs/*").holding();
    let fetched = std::thread::scope(|threads| {
        threads.spawn(|| {
            registry.wait_for("GET /v2/a/blobs/*", 3);
            registry.release();
        });
        let all = join_all(blobs.iter().map(|blob| fetch(&client, blob)));
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(all))
    });
    assert!(fetched.into_iter().all(|found| found.is_ok()));
    let requests = registry.requests();
    let seen: Vec<_> = requests.iter().map(|r| (r.protocol.as_str(), r.connection)).collect();
    assert_eq!(seen[..2], [("HTTP/2.0", 1); 2]);
    let mut connections: Vec<u64> = seen[2..].iter().map(|(_, connection)| *connection).collect();
    connections.sort_unstable();
    assert_eq!(connections, [2, 3, 4]);
    assert!(seen[2..].iter().all(|(protocol, _)| *protocol == "HTTP/1.1"));
}

/// A folder of certificates in which a registry has an authority and an identity of its own.
fn own_files(folder: &tempfile::TempDir, registry: &TestRegistry, authority: &Authority) {
    let (certificate, key) = authority.client();
    let own = |name: &str| format!("{}/{name}", registry.host());
    file(folder, &own("ca.crt"), &authority.certificate());
    file(folder, &own("client.cert"), &certificate);
    file(folder, &own("client.key"), &key);
}

#[tokio::test]
async fn e8_a_host_has_its_own_authorities_and_identity() {
    let authority = Authority::new();
    let (registry, storage) = (registry(&authority), registry(&authority));
    let bytes = noise(1000);
    registry.push_blob("a", bytes.clone());
    storage.push_blob("a", bytes.clone());
    let folder = tempfile::tempdir().unwrap();
    own_files(&folder, &registry, &authority);
    file(&folder, &format!("{}/ca.crt", storage.host()), &authority.certificate());
    let client = client(&registry, |config| config.certs = vec![folder.path().to_owned()]);
    client.manifest(&named("a:1")).await.unwrap();
    registry.on("GET /v2/a/blobs/*").redirecting_to(&storage);
    assert_eq!(fetch(&client, &bytes).await.unwrap(), bytes);
    assert!(registry.requests().iter().all(|request| request.is_identified));
    assert!(storage.requests().iter().all(|request| !request.is_identified));
    assert_eq!((registry.requests().len(), storage.requests().len()), (2, 1));
}

#[tokio::test]
async fn e8_a_folders_certificate_is_shown_to_no_proxy() {
    let authority = Authority::new();
    let registry = registry(&authority);
    let folder = tempfile::tempdir().unwrap();
    own_files(&folder, &registry, &authority);
    for proxy in ["https://127.0.0.1:1", "HTTPS://127.0.0.1:1"] {
        let proxies = Some(Proxies { https: Some(proxy.to_owned()), ..Proxies::default() });
        let own = Registry { proxies, ..Registry::default() };
        let through = client(&registry, |config| {
            config.certs = vec![folder.path().to_owned()];
            config.registries = settings(&[(&registry, &own)]);
        });
        let error = through.manifest(&named("a:1")).await.unwrap_err();
        assert!(chain(&error).contains("proxy with TLS"), "{}", chain(&error));
    }
}

#[tokio::test]
async fn e8_who_is_not_trusted_is_not_asked_twice() {
    let authority = Authority::new();
    let registry = registry(&authority);
    let heard = Heard::default();
    let client = client(&registry, |config| heard.listen(config));
    let error = client.manifest(&named("a:1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Network);
    assert!(chain(&error).contains("certificate"), "{}", chain(&error));
    assert!(heard.events().iter().all(|event| !matches!(event, Event::Retry { .. })));
    assert!(registry.requests().is_empty());
}

#[tokio::test]
async fn d2_tls_is_never_left() {
    let authority = Authority::new();
    let (registry, plain) = (registry(&authority), TestRegistry::start());
    plain.push_artifact("a", "1", "text/x", &[]);
    registry.on("/v2/a/manifests/1").redirecting_to(&plain);
    let (client, _folder) = trusting(&registry, &authority);
    let error = client.manifest(&named("a:1")).await.unwrap_err();
    assert!(chain(&error).contains("leaves TLS"), "{}", chain(&error));
    assert!(plain.requests().is_empty());
}

#[tokio::test]
async fn d8_a_connection_that_ends_without_a_word_is_resumed() {
    let authority = Authority::new();
    let registry = registry(&authority);
    let bytes = noise(500_000);
    registry.push_blob("a", bytes.clone());
    registry.on("GET /v2/a/blobs/*").once().truncating(300_000);
    let (client, _folder) = trusting(&registry, &authority);
    assert!(fetch(&client, &bytes).await.unwrap() == bytes);
    assert_eq!(registry.requests()[1].range(), Some("bytes=300000-"));
    // Without a length only the missing farewell of TLS tells that bytes are missing.
    registry.forget_requests();
    registry.on("GET /v2/a/blobs/*").once().truncating(300_000);
    registry.on("GET /v2/a/blobs/*").once().chunked();
    assert!(fetch(&client, &bytes).await.unwrap() == bytes);
    assert_eq!(registry.requests().len(), 2);
}

/// A registry under `reg.example`, and settings under which it is trusted.
fn own(authority: &Authority, folder: &TempDir) -> Registry {
    let ca = vec![file(folder, "ca.pem", &authority.certificate())];
    Registry { ca, ..Registry::default() }
}

/// The settings of each registry, by its host.
fn settings(registries: &[(&TestRegistry, &Registry)]) -> BTreeMap<String, Registry> {
    let entry = |(registry, own): &(&TestRegistry, &Registry)| {
        (registry.host().to_owned(), Registry::clone(own))
    };
    registries.iter().map(entry).collect()
}

#[tokio::test]
async fn e8_an_authority_of_one_registry_counts_for_it_alone() {
    let authority = Authority::new();
    let (registry, other) = (registry(&authority), registry(&authority));
    let folder = tempfile::tempdir().unwrap();
    let own = own(&authority, &folder);
    let trusted = client(&registry, |config| config.registries = settings(&[(&registry, &own)]));
    trusted.manifest(&named("a:1")).await.unwrap();
    let elsewhere = client(&other, |config| config.registries = settings(&[(&registry, &own)]));
    let error = elsewhere.manifest(&named("a:1")).await.unwrap_err();
    assert!(chain(&error).contains("certificate"), "{}", chain(&error));
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn e8_a_client_certificate_is_shown_to_one_registry_alone() {
    let authority = Authority::new();
    let (registry, storage) = (registry(&authority), registry(&authority));
    let bytes = noise(1000);
    storage.push_blob("a", bytes.clone());
    registry.on("GET /v2/a/blobs/*").redirecting_to(&storage);
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = authority.client();
    let (certificate, key) = (file(&folder, "me.pem", &certificate), file(&folder, "me.key", &key));
    let stranger = own(&authority, &folder);
    let identity = Some(Identity { certificate, key: key.clone() });
    let known = Registry { identity, ..stranger.clone() };
    let registries = settings(&[(&registry, &known), (&storage, &stranger)]);
    let identified = || client(&registry, |config| config.registries = registries.clone());
    let mode = |mode| {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for (open, is_refused) in [(0o644, true), (0o604, true), (0o640, false), (0o600, false)] {
        mode(open);
        let asked = identified().manifest(&named("a:1")).await;
        assert_eq!(asked.is_err(), is_refused, "{open:o}");
        let told = asked.err().map(|error| chain(&error)).unwrap_or_default();
        assert_eq!(told.contains("everybody on this machine may read"), is_refused, "{told}");
    }
    assert_eq!(fetch(&identified(), &bytes).await.unwrap(), bytes);
    assert!(registry.requests().iter().all(|request| request.is_identified));
    assert!(storage.requests().iter().all(|request| !request.is_identified));
    // A proxy that is spoken to with TLS could ask for it as well.
    let https = Some("https://127.0.0.1:1".to_owned());
    let proxies = Some(Proxies { https, ..Proxies::default() });
    let through = Registry { proxies, ..known.clone() };
    let through =
        client(&registry, |config| config.registries = settings(&[(&registry, &through)]));
    let error = through.manifest(&named("a:1")).await.unwrap_err();
    assert!(chain(&error).contains("proxy with TLS"), "{}", chain(&error));
}
