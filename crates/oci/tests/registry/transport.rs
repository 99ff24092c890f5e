//! Retries, limits, proxies and what is told (rows E).

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::join_all;
use pkg_oci::{Client, Error, Event, Kind, Place};
use test_registry::{TestRegistry, Tokens};
use tracing::{Metadata, Subscriber, field, span};

use crate::support::{Heard, chain, client, client_with, config, fetch, login, noise, place};

const PATH: &str = "/v2/a/manifests/*";

fn registry() -> TestRegistry {
    let registry = TestRegistry::start();
    registry.push_artifact("a", "1", "text/x", &[]);
    registry
}

#[tokio::test]
async fn e1_what_may_pass_is_tried_again_and_nothing_else() {
    let registry = registry();
    let client = client();
    for (status, tries) in [(408, 3), (429, 3), (500, 3), (503, 3), (522, 3), (400, 1), (418, 1)] {
        registry.forget_requests();
        registry.on(PATH).times(2).status(status);
        let found = client.manifest(&place(&registry, "a:1")).await;
        assert_eq!((found.is_ok(), registry.requests().len()), (tries == 3, tries), "{status}");
        registry.behave();
    }
    registry.forget_requests();
    registry.on(PATH).status(503);
    let error = client.manifest(&place(&registry, "a:1")).await.unwrap_err();
    assert_eq!((error.kind(), registry.requests().len()), (Kind::Registry, 4));
}

#[tokio::test]
async fn e1_a_connection_that_breaks_is_made_again() {
    let registry = registry();
    registry.on(PATH).once().truncating(20);
    registry.on(PATH).after(1).once().resetting(0);
    client().manifest(&place(&registry, "a:1")).await.unwrap();
    assert_eq!(registry.requests().len(), 3);
    let gone = place(&registry, "a:1");
    drop(registry);
    let heard = Heard::default();
    let client = client_with(|config| heard.listen(config));
    let error = client.manifest(&gone).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Network);
    let retries = heard.all(|event| matches!(event, Event::Retry { .. }).then_some(()));
    assert_eq!(retries.len(), 3);
}

#[tokio::test]
async fn e2_a_server_is_given_the_time_that_it_asks_for() {
    let registry = registry();
    registry.on(PATH).once().answering(429, &[("retry-after", "1")], "");
    let heard = Heard::default();
    let client = client_with(|config| heard.listen(config));
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    let waits = heard.all(|event| match event {
        Event::Wait { wait, .. } => Some(wait),
        _ => None,
    });
    assert!(waits[0] > Duration::from_millis(500), "{waits:?}");
    assert_eq!(registry.requests().len(), 2);
}

#[tokio::test]
async fn e2_more_time_than_there_is_is_said_at_once() {
    let registry = registry();
    for asked in ["10800", "1000000000", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        registry.forget_requests();
        registry.on(PATH).answering(503, &[("retry-after", asked)], "");
        let error = client().manifest(&place(&registry, "a:1")).await.unwrap_err();
        assert!(matches!(error, Error::Wait { .. }), "{asked}: {error}");
        assert_eq!(registry.requests().len(), 1);
        registry.behave();
    }
    registry.on(PATH).answering(503, &[("retry-after", "10800")], "");
    let error = client().manifest(&place(&registry, "a:1")).await.unwrap_err().to_string();
    assert!(error.contains("asks to wait 107") || error.contains("asks to wait 108"), "{error}");
}

#[tokio::test]
async fn e3_a_cause_in_plain_text_is_shown() {
    let registry = registry();
    registry.on(PATH).answering(429, &[], "Too Many Requests (HAP429)");
    let client = client_with(|config| config.retries = 0);
    let error = client.manifest(&place(&registry, "a:1")).await.unwrap_err();
    assert!(chain(&error).ends_with("Too Many Requests (HAP429)"), "{}", chain(&error));
}

#[tokio::test]
async fn e4_back_off_is_shared_by_all_requests_to_a_host() {
    let (registry, other) = (registry(), registry());
    registry.on(PATH).once().answering(429, &[("retry-after", "3600")], "");
    let client = client();
    for _ in 0..2 {
        let error = client.manifest(&place(&registry, "a:1")).await.unwrap_err();
        assert!(matches!(error, Error::Wait { .. }), "{error}");
    }
    assert_eq!(registry.requests().len(), 1);
    client.manifest(&place(&other, "a:1")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e5_only_so_many_blobs_come_from_one_host_at_once() {
    let registry = TestRegistry::start();
    let blobs: Vec<Vec<u8>> = (1..=12).map(|n| noise(n * 1000)).collect();
    for blob in &blobs {
        registry.push_blob("a", blob.clone());
    }
    registry.on("GET *").holding();
    let client = client_with(|config| config.streams_per_host = 3);
    let fetched = std::thread::scope(|threads| {
        threads.spawn(|| {
            registry.wait_for("GET *", 3);
            registry.release();
        });
        let all = join_all(blobs.iter().map(|blob| fetch(&client, &registry, blob)));
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(all))
    });
    assert!(fetched.into_iter().all(|found| found.is_ok()));
    assert_eq!((registry.requests().len(), registry.peak()), (12, 3));
}

#[tokio::test]
async fn e7_a_proxy_is_asked_for_everything_but_this_machine() {
    let (proxy, registry) = (registry(), registry());
    let client = client_with(|config| {
        let http = Some(proxy.url("/"));
        config.proxies = Some(pkg_oci::config::Proxies { http, ..Default::default() });
        config.plain_http = vec!["reg.example".to_owned()];
    });
    client.manifest(&Place::parse("reg.example/a:1").unwrap()).await.unwrap();
    assert_eq!(proxy.requests()[0].header("host"), Some("reg.example"));
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    assert_eq!((proxy.requests().len(), registry.requests().len()), (1, 1));
}

#[tokio::test]
async fn e9_a_client_that_cannot_be_made_as_configured_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("ca.pem");
    std::fs::write(&broken, "-----BEGIN CERTIFICATE-----\nAAAA\n").unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for ca in [broken, empty, folder.path().join("none.pem")] {
        let client = client_with(|config| config.ca = vec![ca.clone()]);
        let place = Place::parse("reg.example/a:1").unwrap();
        let error = client.manifest(&place).await.unwrap_err();
        assert!(matches!(error, Error::Transport(_)), "{}", chain(&error));
        assert!(chain(&error).contains(ca.to_str().unwrap()), "{}", chain(&error));
        assert_eq!(error.kind(), Kind::Invalid);
    }
    let mirrors = vec![("https://a.example/".to_owned(), "nowhere".to_owned())];
    let error = Client::new(pkg_oci::Config { mirrors, ..config() }).unwrap_err();
    assert!(matches!(error, Error::Mirror(_)), "{error}");
    let token_servers = vec!["auth.example".to_owned()];
    let registry = pkg_oci::config::Registry { token_servers, ..Default::default() };
    let registries = [("reg.example".to_owned(), registry)].into();
    let error = Client::new(pkg_oci::Config { registries, ..config() }).unwrap_err();
    assert!(matches!(error, Error::Url { .. }), "{error}");
}

#[tokio::test]
async fn e10_a_redirect_that_the_policy_refuses_is_not_followed() {
    let (registry, other) = (registry(), registry());
    let targets = ["ftp://a.example/", "http://169.254.169.254/latest", "http://me:pw@127.0.0.1/"];
    for target in targets {
        registry.on(PATH).once().redirecting(target);
        let error = client().manifest(&place(&registry, "a:1")).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{target}: {error}");
        assert!(!chain(&error).contains("pw"), "{}", chain(&error));
    }
    registry.on(PATH).once().redirecting_to(&other);
    client().manifest(&place(&registry, "a:1")).await.unwrap();
}

#[test]
fn e10_an_address_is_allowed_as_it_is_asked() {
    let mut config = config();
    config.allowed_sources.add(vec!["https://git.example/acme/*".to_owned()], "x".to_owned());
    assert!(config.mirrored("https://GIT.example/acme/tool").is_ok());
    for elsewhere in ["acme/../evil/tool", "acme/%2e%2e/evil/tool", "evil/tool?token=s3cret"] {
        let asked = config.mirrored(&format!("https://git.example/{elsewhere}"));
        let error = asked.unwrap_err();
        assert_eq!(error.kind(), Kind::Forbidden, "{elsewhere}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}

#[tokio::test]
async fn e11_errors_are_read_to_a_bound_and_headers_may_be_long() {
    let registry = registry();
    registry.on(PATH).once().answering(400, &[], vec![b'x'; 20 << 20]);
    let error = client().manifest(&place(&registry, "a:1")).await.unwrap_err();
    assert!(chain(&error).len() < 300, "{}", chain(&error).len());
    let signed = format!("/v2/a/manifests/1?signature={}", "s".repeat(60_000));
    let other = ("x-other", "s".repeat(10_000));
    let headers = [("location", signed.as_str()), (other.0, other.1.as_str())];
    registry.on("/v2/a/manifests/1").answering(307, &headers, "");
    client().manifest(&place(&registry, "a:1")).await.unwrap();
}

#[tokio::test]
async fn e13_a_warning_is_told_once() {
    let registry = registry();
    registry.on(PATH).warning("299 - \"closes in May\"");
    registry.on(PATH).warning("299 - \"use \\\"b\\\"\"");
    registry.on(PATH).warning("110 - \"stale\"");
    let heard = Heard::default();
    let client = client_with(|config| heard.listen(config));
    for _ in 0..3 {
        client.manifest(&place(&registry, "a:1")).await.unwrap();
    }
    let warnings = heard.all(|event| match event {
        Event::Warning { host, text } => Some((host, text)),
        _ => None,
    });
    let host = registry.host().to_owned();
    let expected = [(host.clone(), "closes in May".to_owned()), (host, "use \"b\"".to_owned())];
    assert_eq!(warnings, expected);
}

#[tokio::test]
async fn e14_the_client_says_its_name() {
    let registry = registry();
    client().manifest(&place(&registry, "a:1")).await.unwrap();
    let name = concat!("pkg/", env!("CARGO_PKG_VERSION"));
    assert_eq!(registry.requests()[0].header("user-agent"), Some(name));
}

/// Writes every event and span of every crate into one text.
#[derive(Clone, Default)]
struct Trace(Arc<Mutex<String>>);

impl field::Visit for Trace {
    fn record_debug(&mut self, field: &field::Field, value: &dyn std::fmt::Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

impl Subscriber for Trace {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        attributes.record(&mut self.clone());
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, values: &span::Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[tokio::test]
async fn e15_no_secret_is_traced_told_or_shown() {
    let trace = Trace::default();
    let guard = tracing::subscriber::set_default(trace.clone());
    let bytes = noise(1000);
    let (registry, storage) = (registry(), TestRegistry::start());
    registry.push_blob("a", bytes.clone());
    registry.require_tokens(Tokens::new().user("me", "canary-password").without_anonymous());
    storage.file("/signed", bytes.clone());
    let heard = Heard::default();
    let client = client_with(|config| {
        config.credentials = login(&[(registry.host(), "me", "canary-password")]);
        config.retries = 1;
        heard.listen(config);
    });
    let mut shown = format!("{client:?}");
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    registry
        .on("GET /v2/a/blobs/*")
        .redirecting(&storage.url("/signed?X-Amz-Signature=canary-url"));
    fetch(&client, &registry, &bytes).await.unwrap();
    storage.on("/signed*").status(500);
    let error = fetch(&client, &registry, &bytes).await.unwrap_err();
    write!(shown, "{error:?} {}", chain(&error)).unwrap();
    registry.on("/token*").status(403);
    registry.expire_tokens();
    let error = client.manifest(&place(&registry, "a:1")).await.unwrap_err();
    write!(shown, "{error:?} {} {:?}", chain(&error), heard.events()).unwrap();
    drop(guard);
    shown.push_str(&trace.0.lock().unwrap());
    assert!(shown.contains("X-Amz-Signature=…"), "the trace tells which URLs were asked");
    let headers = registry.requests();
    let secrets = headers.iter().filter_map(|request| request.authorization()?.split_once(' '));
    let secrets: Vec<&str> = secrets.map(|(_, secret)| secret).collect();
    assert!(secrets.len() > 2);
    for secret in secrets.into_iter().chain(["canary"]) {
        assert!(!shown.contains(secret), "{secret} is in {shown}");
    }
}

#[tokio::test]
async fn a12_where_tls_is_expected_http_is_never_tried() {
    let registry = registry();
    let client = client_with(|config| {
        let host = registry.host().replace("127.0.0.1", "https://reg.example");
        config.mirrors = vec![(host, format!("https://{}", registry.host()))];
        config.retries = 0;
    });
    let port = registry.host().rsplit_once(':').unwrap().1;
    let place = Place::parse(&format!("reg.example:{port}/a:1")).unwrap();
    let error = client.manifest(&place).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Network);
    assert!(registry.requests().is_empty());
}
