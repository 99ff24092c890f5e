//! Challenges, tokens and credentials (rows H of the checklist).

use futures_util::future::join_all;
use pkg_oci::{
    Error, Event, Kind, Place,
    credentials::{Environment, Lookup},
};
use test_registry::{Request, TestRegistry, Tokens};

use crate::support::{Heard, chain, client, client_with, config, fetch, login, noise, place};

const PATH: &str = "/v2/a/manifests/*";

fn registry() -> TestRegistry {
    let registry = TestRegistry::start();
    registry.push_artifact("a", "1", "text/x", &[]);
    registry
}

fn paths(registry: &TestRegistry) -> Vec<String> {
    registry
        .requests()
        .into_iter()
        .map(|request| format!("{} {}", request.method, request.path))
        .collect()
}

fn schemes(requests: &[Request]) -> Vec<Option<&str>> {
    requests.iter().map(|request| Some(request.authorization()?.split_once(' ')?.0)).collect()
}

const TOKEN: &str = "GET /token?service=test-registry&scope=repository%3Aa%3Apull";
const MANIFEST: &str = "GET /v2/a/manifests/1";

#[tokio::test]
async fn h1_nothing_is_asked_before_a_registry_says_what_it_wants() {
    let registry = registry();
    registry.require_tokens(Tokens::new());
    let client = client();
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    assert_eq!(paths(&registry), [MANIFEST, TOKEN, MANIFEST]);
    registry.forget_requests();
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    assert_eq!(paths(&registry), [MANIFEST]);
    registry.forget_requests();
    registry.push_artifact("b", "1", "text/x", &[]);
    client.manifest(&place(&registry, "b:1")).await.unwrap();
    // What the registry wants is known: the token comes first.
    assert_eq!(paths(&registry), [&TOKEN.replace("Aa", "Ab"), "GET /v2/b/manifests/1"]);
}

#[tokio::test]
async fn h1_a_refusal_without_a_challenge_is_followed_by_a_ping() {
    let registry = registry();
    registry.require_basic("me", "pw");
    registry.on(PATH).once().answering(401, &[], "");
    let credentials = login(&[(registry.host(), "me", "pw")]);
    let client = client_with(|config| config.credentials = credentials);
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    assert_eq!(paths(&registry), [MANIFEST, "GET /v2/", MANIFEST]);
    assert_eq!(schemes(&registry.requests()), [None, None, Some("Basic")]);
}

#[tokio::test]
async fn h2_the_challenge_that_can_be_answered_is_answered() {
    let registry = registry();
    let token = format!("Bearer realm=\"{}\"", registry.url("/token"));
    let cases: [(&[&str], &str); 3] = [
        (&["Negotiate", "Basic realm=\"x\""], "Basic"),
        (&["Negotiate, NTLM, BASIC realm=\"a, b\""], "Basic"),
        (&["Basic realm=\"x\"", &token], "Bearer"),
    ];
    for (lines, expected) in cases {
        registry.forget_requests();
        let headers: Vec<_> = lines.iter().map(|line| ("www-authenticate", *line)).collect();
        registry.on(PATH).once().answering(401, &headers, "");
        let credentials = login(&[(registry.host(), "me", "pw")]);
        let client = client_with(|config| config.credentials = credentials);
        client.manifest(&place(&registry, "a:1")).await.unwrap();
        let last = registry.requests_to(PATH).pop().unwrap();
        assert!(last.authorization().unwrap().starts_with(expected), "{lines:?}");
    }
}

#[tokio::test]
async fn h3_needed_and_named_scopes_are_asked_for_the_named_first() {
    let registry = registry();
    let challenge = format!(
        "Bearer realm=\"{}\",service=\"s\",scope=\"repository:base:pull repository:a:metadata\"",
        registry.url("/token?account=x")
    );
    registry.on(PATH).once().answering(401, &[("www-authenticate", &challenge)], "");
    client().manifest(&place(&registry, "a:1")).await.unwrap();
    let expected = "GET /token?account=x&service=s&scope=repository%3Abase%3Apull\
                    &scope=repository%3Aa%3Ametadata%2Cpull";
    assert_eq!(paths(&registry)[1], expected);
}

#[tokio::test]
async fn h5_a_user_asks_by_get_and_everyone_without_credentials() {
    let registry = registry();
    registry.require_tokens(Tokens::new().user("me", "p:w"));
    let credentials = login(&[(registry.host(), "me", "p:w")]);
    client_with(|config| config.credentials = credentials)
        .manifest(&place(&registry, "a:1"))
        .await
        .unwrap();
    client().manifest(&place(&registry, "a:1")).await.unwrap();
    let asked = registry.requests_to("/token*");
    assert_eq!(schemes(&asked), [Some("Basic"), None]);
    assert!(asked.iter().all(|request| request.method == "GET"));
}

#[tokio::test]
async fn h5_h6_an_identity_token_is_posted_or_sent_as_a_password() {
    let registry = registry();
    let credentials = || login(&[(registry.host(), "<token>", "identity")]);
    registry.require_tokens(Tokens::new().identity("identity").without_anonymous());
    client_with(|config| config.credentials = credentials())
        .manifest(&place(&registry, "a:1"))
        .await
        .unwrap();
    assert_eq!(paths(&registry), [MANIFEST, "POST /token", MANIFEST]);
    let zeros = "00000000-0000-0000-0000-000000000000";
    for status in [400, 401, 404, 405] {
        registry.forget_requests();
        registry.behave();
        registry.require_tokens(Tokens::new().user(zeros, "identity").without_anonymous());
        registry.on("POST /token").status(status);
        client_with(|config| config.credentials = credentials())
            .manifest(&place(&registry, "a:1"))
            .await
            .unwrap();
        assert_eq!(paths(&registry), [MANIFEST, "POST /token", TOKEN, MANIFEST], "{status}");
    }
}

#[tokio::test]
async fn h7_the_field_that_holds_something_is_the_token() {
    let registry = registry();
    for field in ["token", "access_token"] {
        registry.require_tokens(Tokens::new().field(field).expires_in(None));
        client().manifest(&place(&registry, "a:1")).await.unwrap();
    }
    for body in [r#"{"token":"","access_token":""}"#, "{}", r#"{"token":"a\nb"}"#, "", "[]"] {
        registry.on("/token*").once().answering(200, &[], body);
        let error = client().manifest(&place(&registry, "a:1")).await.unwrap_err();
        assert!(matches!(error, Error::Token { .. }), "{body}: {error}");
        assert_eq!(error.kind(), Kind::Registry);
    }
}

#[tokio::test]
async fn h8_a_token_that_ends_in_between_is_renewed_once() {
    let registry = registry();
    registry.require_tokens(Tokens::new());
    let client = client();
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    registry.expire_tokens();
    registry.forget_requests();
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    assert_eq!(paths(&registry), [MANIFEST, TOKEN, MANIFEST]);
    registry.on(PATH).unauthorized();
    registry.forget_requests();
    let error = client.manifest(&place(&registry, "a:1")).await.unwrap_err();
    assert_eq!((error.kind(), registry.requests().len()), (Kind::Unauthorized, 3));
}

#[tokio::test]
async fn h8_a_download_outlives_its_token() {
    let bytes = noise(500_000);
    let registry = registry();
    registry.push_blob("a", bytes.clone());
    registry.require_tokens(Tokens::new().uses(1));
    registry.on("GET /v2/a/blobs/*").times(4).truncating(100_000);
    assert!(fetch(&client(), &registry, &bytes).await.unwrap() == bytes);
    assert!(registry.requests_to("/token*").len() > 1);
}

#[tokio::test]
async fn h9_an_expiry_told_by_403_is_answered_like_a_401() {
    let registry = registry();
    let body =
        r#"{"errors":[{"code":"DENIED","message":"Your authorization token has expired."}]}"#;
    registry.require_basic("me", "pw");
    let credentials = login(&[(registry.host(), "me", "pw")]);
    let client = client_with(|config| config.credentials = credentials);
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    registry.on(PATH).once().answering(403, &[], body);
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    registry.forget_requests();
    registry.on(PATH).answering(403, &[], "denied");
    let error = client.manifest(&place(&registry, "a:1")).await.unwrap_err();
    assert_eq!((error.kind(), registry.requests().len()), (Kind::Unauthorized, 1));
    assert!(error.to_string().starts_with("the login for"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn h9_a_helper_is_asked_again_for_what_expired() {
    use std::os::unix::fs::PermissionsExt as _;

    let registry = registry();
    registry.require_basic("me", "2");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let script = format!(
        "#!/bin/sh\necho x >> {0}\necho \"{{\\\"Username\\\":\\\"me\\\",\\\"Secret\\\":\\\"$(wc -l < {0} | tr -d ' ')\\\"}}\"\n",
        at("calls").display()
    );
    std::fs::write(at("docker-credential-counting"), script).unwrap();
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(at("docker-credential-counting"), mode).unwrap();
    std::fs::write(at("config.json"), r#"{"credsStore":"counting"}"#).unwrap();
    let path = std::env::join_paths([folder.path(), "/usr/bin".as_ref(), "/bin".as_ref()]).unwrap();
    let credentials = Lookup::new(Environment {
        docker_config: Some(folder.path().to_owned()),
        path: Some(path.clone()),
        helper_variables: vec![("PATH".into(), path)],
        ..Environment::default()
    });
    let client = client_with(|config| config.credentials = credentials);
    registry.on(PATH).after(1).once().answering(403, &[], "authorization token has expired");
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    assert_eq!(schemes(&registry.requests()), [None, Some("Basic"), Some("Basic")]);
}

#[tokio::test]
async fn h10_a_token_that_is_good_for_too_little_is_changed_once() {
    let registry = registry();
    let challenge = |scope: &str, error: &str| {
        format!("Bearer realm=\"{}\",scope=\"{scope}\"{error}", registry.url("/token"))
    };
    let first = challenge("repository:a:pull", "");
    let more = challenge("repository:base:pull", ",error=\"insufficient_scope\"");
    registry.on(PATH).once().answering(401, &[("www-authenticate", &first)], "");
    registry.on(PATH).times(3).answering(401, &[("www-authenticate", &more)], "");
    let error = client().manifest(&place(&registry, "a:1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthorized);
    let asked = registry.requests_to("/token*");
    assert_eq!(asked.len(), 2);
    assert!(asked[1].path.ends_with("?scope=repository%3Abase%3Apull&scope=repository%3Aa%3Apull"));
    registry.behave();
    registry.on(PATH).once().answering(401, &[("www-authenticate", &first)], "");
    registry.on(PATH).once().answering(401, &[("www-authenticate", &more)], "");
    client().manifest(&place(&registry, "a:1")).await.unwrap();
}

#[tokio::test]
async fn h11_those_who_need_the_same_token_share_it() {
    let registry = registry();
    for tag in ["2", "3", "4", "5", "6", "7", "8"] {
        registry.push_artifact("a", tag, "text/x", &[]);
    }
    registry.require_tokens(Tokens::new());
    let client = client();
    let places: Vec<Place> = (1..=8).map(|tag| place(&registry, &format!("a:{tag}"))).collect();
    let found = join_all(places.iter().map(|place| client.manifest(place))).await;
    assert!(found.into_iter().all(|found| found.is_ok()));
    assert_eq!(registry.requests_to("/token*").len(), 1);
}

#[tokio::test]
async fn h12_stored_credentials_do_not_go_to_another_site() {
    let (registry, issuer) = (registry(), TestRegistry::start());
    issuer.require_tokens(Tokens::new().user("me", "pw"));
    registry.require_tokens(Tokens::new().realm(&issuer.url("/token")));
    let heard = Heard::default();
    let credentials = login(&[(registry.host(), "me", "pw")]);
    let mut careful = config();
    careful.credentials = credentials;
    heard.listen(&mut careful);
    let trust = |host: &str| {
        let token_servers = vec![issuer.url("")];
        let registry = pkg_oci::config::Registry { token_servers, ..Default::default() };
        [(host.to_owned(), registry)].into()
    };
    // Trusted for another registry is not trusted.
    careful.registries = trust("127.0.0.1:1");
    let trusting = pkg_oci::Config { registries: trust(registry.host()), ..careful.clone() };
    let client = pkg_oci::Client::new(careful).unwrap();
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    assert_eq!(schemes(&issuer.requests()), [None]);
    let told = heard.all(|event| match event {
        Event::Anonymous { host, reason } => Some((host, reason)),
        _ => None,
    });
    assert_eq!(told.len(), 1, "once");
    assert_eq!(told[0].0, registry.host());
    assert!(told[0].1.contains(issuer.host()), "{told:?}");
    issuer.require_tokens(Tokens::new().user("me", "pw").without_anonymous());
    let refused = pkg_oci::Client::new(pkg_oci::Config {
        registries: trust("127.0.0.1:1"),
        ..trusting.clone()
    });
    let error = refused.unwrap().manifest(&place(&registry, "a:1")).await.unwrap_err();
    assert!(matches!(&error, Error::Realm { realm, .. } if *realm == issuer.url("")), "{error}");
    assert_eq!(error.kind(), Kind::Unauthorized);
    issuer.forget_requests();
    let client = pkg_oci::Client::new(trusting).unwrap();
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    assert_eq!(schemes(&issuer.requests()), [Some("Basic")]);
}

#[tokio::test]
async fn h12_who_lets_in_only_by_name_is_told_apart_from_who_does_not_know_it() {
    let (registry, issuer) = (registry(), TestRegistry::start());
    registry.require_tokens(Tokens::new().realm(&issuer.url("/token")));
    let denied = r#"{"errors":[{"code":"DENIED","message":"not for everybody"}]}"#;
    registry.on("GET /v2/a/*").after(1).answering(403, &[], denied);
    let credentials = login(&[(registry.host(), "me", "pw")]);
    let client = client_with(|config| config.credentials = credentials);
    let error = client.manifest(&place(&registry, "a:1")).await.unwrap_err();
    assert!(matches!(&error, Error::Realm { realm, .. } if *realm == issuer.url("")), "{error}");
    assert!(chain(&error).contains("not for everybody"), "{}", chain(&error));
}

#[tokio::test]
async fn h12_a_realm_that_the_policy_refuses_is_not_asked() {
    let registry = registry();
    for realm in ["http://169.254.169.254/token", "http://10.0.0.1/token", "ftp://a.example/", "::"]
    {
        let challenge = format!("Bearer realm=\"{realm}\"");
        registry.on(PATH).once().answering(401, &[("www-authenticate", &challenge)], "");
        let error = client().manifest(&place(&registry, "a:1")).await.unwrap_err();
        let is_refused = matches!(error, Error::Refused { .. } | Error::Token { .. });
        assert!(is_refused, "{realm}: {}", chain(&error));
    }
}

#[tokio::test]
async fn h12_a_token_server_leads_nowhere_else() {
    let (registry, other) = (registry(), TestRegistry::start());
    registry.require_tokens(Tokens::new());
    registry.on("/token*").redirecting_to(&other);
    let error = client().manifest(&place(&registry, "a:1")).await.unwrap_err();
    assert!(matches!(error, Error::Token { .. }), "{error}");
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn h13_a_stranger_gets_an_anonymous_token_at_most() {
    let bytes = noise(1000);
    let (registry, storage) = (registry(), TestRegistry::start());
    registry.push_blob("a", bytes.clone());
    storage.push_blob("a", bytes.clone());
    registry.require_tokens(Tokens::new().user("me", "pw").without_anonymous());
    registry.on("GET /v2/a/blobs/*").redirecting_to(&storage);
    let credentials = || login(&[(registry.host(), "me", "pw"), (storage.host(), "me", "pw2")]);
    storage.require_tokens(Tokens::new());
    let client = client_with(|config| config.credentials = credentials());
    assert_eq!(fetch(&client, &registry, &bytes).await.unwrap(), bytes);
    let seen = storage.requests();
    assert_eq!(schemes(&seen), [None, None, Some("Bearer")]);
    let issued = registry.requests();
    let own: Vec<&str> = issued.iter().filter_map(Request::authorization).collect();
    assert!(seen.iter().filter_map(Request::authorization).all(|proof| !own.contains(&proof)));
    storage.forget_requests();
    storage.require_basic("me", "pw2");
    let client = client_with(|config| config.credentials = credentials());
    let error = fetch(&client, &registry, &bytes).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthorized);
    assert_eq!(schemes(&storage.requests()), [None]);
}

#[tokio::test]
async fn h14_stale_credentials_do_not_hide_what_is_public() {
    let registry = registry();
    registry.require_tokens(Tokens::new().user("me", "new"));
    let heard = Heard::default();
    let credentials = login(&[(registry.host(), "me", "old")]);
    let client = client_with(|config| {
        config.credentials = credentials;
        heard.listen(config);
    });
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    assert_eq!(schemes(&registry.requests_to("/token*")), [Some("Basic"), None]);
    let told = heard.all(|event| matches!(event, Event::Anonymous { .. }).then_some(()));
    assert_eq!(told.len(), 1);
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    assert_eq!(registry.requests_to("/token*").len(), 2);
    registry.require_tokens(Tokens::new().user("me", "new").without_anonymous());
    let client =
        client_with(|config| config.credentials = login(&[(registry.host(), "me", "old")]));
    let error = client.manifest(&place(&registry, "a:1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthorized);
}

#[tokio::test]
async fn h17_a_registry_token_is_sent_as_it_is() {
    let registry = registry();
    registry.on(PATH).once().answering(401, &[("www-authenticate", "Basic realm=x")], "");
    let folder = tempfile::tempdir().unwrap();
    let auths = format!(r#"{{"auths":{{"{}":{{"registrytoken":"ready"}}}}}}"#, registry.host());
    std::fs::write(folder.path().join("config.json"), auths).unwrap();
    let docker_config = Some(folder.path().to_owned());
    let credentials = Lookup::new(Environment { docker_config, ..Environment::default() });
    let client = client_with(|config| config.credentials = credentials);
    client.manifest(&place(&registry, "a:1")).await.unwrap();
    assert_eq!(registry.requests()[1].authorization(), Some("Bearer ready"));
}

#[tokio::test]
async fn e11_a_token_is_read_to_a_bound() {
    let registry = registry();
    registry.require_tokens(Tokens::new());
    registry.on("/token*").answering(200, &[], vec![b' '; (128 << 10) + 1]);
    let error = client().manifest(&place(&registry, "a:1")).await.unwrap_err();
    assert!(chain(&error).contains("more than 131072 bytes"), "{}", chain(&error));
}
