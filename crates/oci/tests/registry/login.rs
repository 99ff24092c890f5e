//! Whether credentials are good (row H22): asked with them alone, and without a way around.

use pkg_oci::{
    Checked, Error, Kind,
    credentials::{Credential, Key, Secret},
};
use test_registry::{TestRegistry, Tokens};

use crate::support::{chain, client, client_with, login};

fn basic(password: &str) -> Credential {
    Credential::Basic { user: "me".to_owned(), password: Secret::new(password.to_owned()) }
}

fn whole(registry: &TestRegistry) -> Key {
    registry.host().parse().unwrap()
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
        let checked = client.check(&whole(&registry), &basic("pw")).await.unwrap();
        assert_eq!(checked, Checked::Accepted, "{tokens}");
        let error = client.check(&whole(&registry), &basic("s3cret")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unauthorized, "{tokens}: {}", chain(&error));
        let text = chain(&error);
        assert!(text.contains("does not take the login"), "{tokens}: {text}");
        assert!(!text.contains("s3cret"), "{tokens}: {text}");
    }
}

#[tokio::test]
async fn h22_an_open_registry_says_that_it_asks_nobody() {
    let registry = TestRegistry::start();
    let checked = client().check(&whole(&registry), &basic("pw")).await.unwrap();
    assert_eq!(checked, Checked::NotAsked);
    assert!(registry.requests().iter().all(|request| request.authorization().is_none()));
}

#[tokio::test]
async fn h22_a_token_for_everybody_proves_nothing() {
    let registry = TestRegistry::start();
    registry.require_tokens(Tokens::new().user("me", "pw").without_anonymous());
    let error = client().check(&whole(&registry), &basic("wrong")).await.unwrap_err();
    assert!(matches!(error, Error::Login { .. }), "{}", chain(&error));
}

#[tokio::test]
async fn h22_credentials_go_to_no_stranger() {
    let (registry, stranger) = (TestRegistry::start(), TestRegistry::start());
    registry.require_basic("me", "pw");
    registry.on("GET /v2/").redirecting_to(&stranger);
    assert!(client().check(&whole(&registry), &basic("pw")).await.is_err());
    registry.behave();
    let challenge = "Bearer realm=\"http://token.example/t\",service=\"s\"";
    registry.on("GET /v2/").answering(401, &[("www-authenticate", challenge)], "");
    let error = client().check(&whole(&registry), &basic("pw")).await.unwrap_err();
    assert!(matches!(error, Error::Realm { .. } | Error::Refused { .. }), "{}", chain(&error));
    assert!(stranger.requests().iter().all(|request| request.authorization().is_none()));
    assert!(registry.requests().iter().all(|request| request.authorization().is_none()));
}

#[tokio::test]
async fn h22_credentials_for_a_path_are_checked_there_as_well() {
    let registry = TestRegistry::start();
    let key: Key = format!("{}/team", registry.host()).parse().unwrap();
    registry.require_tokens(Tokens::new().user("me", "pw").without_anonymous());
    let check = async |password| client().check(&key, &basic(password)).await;
    // Nothing is there, which is no reason to doubt the password.
    assert_eq!(check("pw").await.unwrap(), Checked::Accepted);
    assert!(matches!(check("wrong").await, Err(Error::Login { .. })));
    registry.on("GET /v2/team/*").status(403);
    assert_eq!(check("pw").await.unwrap(), Checked::Unsure);
    // A registry may ask for a login only where there is something to keep.
    registry.behave();
    registry.on("GET /v2/").status(200);
    assert_eq!(check("pw").await.unwrap(), Checked::Accepted);
    assert!(matches!(check("wrong").await, Err(Error::Login { .. })));
}

#[tokio::test]
async fn h22_a_registry_may_list_all_tags_at_once() {
    let registry = TestRegistry::start();
    registry.require_basic("me", "pw");
    registry.on("GET /v2/team/tags/list*").after(1).answering(200, &[], vec![b' '; 200_000]);
    let key: Key = format!("{}/team", registry.host()).parse().unwrap();
    assert_eq!(client().check(&key, &basic("pw")).await.unwrap(), Checked::Accepted);
}

#[tokio::test]
async fn h22_a_mirror_that_may_not_be_asked_sees_no_login() {
    let (registry, mirror) = (TestRegistry::start(), TestRegistry::start());
    mirror.require_basic("me", "pw");
    let client = client_with(|config| {
        config.mirrors = vec![(registry.url("/"), mirror.url("/"))];
        config.allowed_registries.add(vec![registry.host().to_owned()], "x".to_owned());
        config.credentials = login(&[(mirror.host(), "me", "pw")]);
    });
    let error = client.standing_at(&whole(&registry)).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Forbidden, "{}", chain(&error));
    assert!(mirror.requests().is_empty());
}

#[tokio::test]
async fn h22_what_a_login_comes_to_is_told_without_a_way_around_it() {
    let registry = TestRegistry::start();
    registry.push_artifact("a", "1", "text/x", &[]);
    registry.require_tokens(Tokens::new().user("me", "pw"));
    let reference = |rest: &str| format!("{}/{rest}", registry.host()).parse().unwrap();
    let stored = login(&[(registry.host(), "me", "old")]);
    let client = client_with(|config| config.credentials = stored);
    // What everybody may read is read, and the password is refused all the same.
    let standing = client.standing_of(&reference("a:1")).await.unwrap();
    assert!(matches!(standing.checked, Some(Err(Error::Login { .. }))), "{standing:?}");
    assert!(
        standing.readable.as_ref().is_some_and(Result::is_ok) && standing.found.is_some(),
        "{standing:?}"
    );
    let nobody = self::client().standing_of(&reference("b")).await.unwrap();
    assert!(nobody.found.is_none() && nobody.checked.is_none(), "{nobody:?}");
    let error = nobody.readable.unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound, "{}", chain(&error));
    assert!(!format!("{standing:?}").contains("old"));
}
