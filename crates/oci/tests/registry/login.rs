//! Whether credentials are good (row H22): asked with them alone, and without a way around.

use pkg_oci::{
    Checked, Error, Kind,
    credentials::{Credential, Secret},
};
use test_registry::{TestRegistry, Tokens};

use crate::support::{chain, client, client_with, login};

fn basic(password: &str) -> Credential {
    Credential::Basic { user: "me".to_owned(), password: Secret::new(password.to_owned()) }
}

#[tokio::test]
async fn h22_good_credentials_are_told_from_bad_ones() {
    for tokens in [false, true] {
        let registry = TestRegistry::start();
        if tokens {
            registry.require_tokens(Tokens::new().user("me", "pw").without_anonymous());
        } else {
            registry.require_basic("me", "pw");
        }
        // What is stored is of no help.
        let stored = login(&[(registry.host(), "me", "pw")]);
        let client = client_with(|config| config.credentials = stored);
        let checked = client.check(registry.host(), &basic("pw")).await.unwrap();
        assert_eq!(checked, Checked::Accepted, "{tokens}");
        let error = client.check(registry.host(), &basic("s3cret")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unauthorized, "{tokens}: {}", chain(&error));
        let text = chain(&error);
        assert!(text.contains("does not accept the credentials"), "{tokens}: {text}");
        assert!(!text.contains("s3cret"), "{tokens}: {text}");
    }
}

#[tokio::test]
async fn h22_an_open_registry_says_that_it_asks_nobody() {
    let registry = TestRegistry::start();
    let checked = client().check(registry.host(), &basic("pw")).await.unwrap();
    assert_eq!(checked, Checked::NotAsked);
    assert!(registry.requests().iter().all(|request| request.authorization().is_none()));
}

#[tokio::test]
async fn h22_a_token_for_everybody_proves_nothing() {
    let registry = TestRegistry::start();
    registry.require_tokens(Tokens::new().user("me", "pw").without_anonymous());
    let error = client().check(registry.host(), &basic("wrong")).await.unwrap_err();
    assert!(matches!(error, Error::Login { .. }), "{}", chain(&error));
}

#[tokio::test]
async fn h22_credentials_go_to_no_stranger() {
    let (registry, stranger) = (TestRegistry::start(), TestRegistry::start());
    registry.require_basic("me", "pw");
    registry.on("GET /v2/").redirecting_to(&stranger);
    assert!(client().check(registry.host(), &basic("pw")).await.is_err());
    registry.behave();
    let challenge = "Bearer realm=\"http://token.example/t\",service=\"s\"";
    registry.on("GET /v2/").answering(401, &[("www-authenticate", challenge)], "");
    let error = client().check(registry.host(), &basic("pw")).await.unwrap_err();
    assert!(matches!(error, Error::Realm { .. } | Error::Refused { .. }), "{}", chain(&error));
    assert!(stranger.requests().iter().all(|request| request.authorization().is_none()));
    assert!(registry.requests().iter().all(|request| request.authorization().is_none()));
}
