//! Lists of tags and repositories (rows G13 to G15).

use pkg_oci::{Error, Kind};
use test_registry::{TestRegistry, Tokens};

use crate::support::{client, client_with, login, place};

const LIST: &str = "GET /v2/a/tags/list*";

fn registry(tags: &[&str]) -> TestRegistry {
    let registry = TestRegistry::start();
    for tag in tags {
        registry.push_artifact("a", tag, "text/x", &[]);
    }
    registry
}

async fn tags(registry: &TestRegistry) -> Result<Vec<String>, Error> {
    client().tags(&place(registry, "a")).await
}

#[tokio::test]
async fn g13_pages_are_followed_to_the_end() {
    let all = ["1", "2", "3", "4", "5"];
    let registry = registry(&all);
    for page in [1, 2, 3, 5, 9] {
        registry.paginate_tags(page);
        assert_eq!(tags(&registry).await.unwrap(), all, "{page}");
    }
    assert!(registry.requests()[0].path.ends_with("?n=1000"));
}

#[tokio::test]
async fn g13_full_pages_without_a_link_are_gone_on_from() {
    let all: Vec<String> = (0..2500).map(|n| format!("{n:04}")).collect();
    let registry = registry(&all.iter().map(String::as_str).collect::<Vec<_>>());
    registry.on(LIST).without_header("link");
    assert_eq!(tags(&registry).await.unwrap(), all);
    assert_eq!(registry.requests().len(), 3);
}

#[tokio::test]
async fn g13_odd_entries_are_left_out() {
    let registry = registry(&["1"]);
    let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let check = async |body: &str, expected: &[&str]| {
        registry.on(LIST).once().answering(200, &[], body.to_owned());
        assert_eq!(tags(&registry).await.unwrap(), expected, "{body}");
    };
    check(r#"{"name":"a","tags":null}"#, &[]).await;
    check(r#"{"name":"a"}"#, &[]).await;
    check(r#"{"tags":["b",null,"a","b"]}"#, &["a", "b"]).await;
    check(&format!(r#"{{"tags":["sha256:{hex}","1","-x",""]}}"#), &["1"]).await;
    check(r#"{"tags":["1"],"manifest":{"x":{}},"child":[]}"#, &["1"]).await;
}

#[tokio::test]
async fn h13_whoever_the_first_page_leads_to_gets_no_credentials_for_the_next() {
    let (registry, stranger) = (registry(&["1"]), registry(&["1", "2", "3"]));
    stranger.paginate_tags(2);
    registry.on(LIST).redirecting_to(&stranger);
    let challenge = [("www-authenticate", "Basic realm=\"x\"")];
    stranger.on(LIST).after(1).answering(401, &challenge, "");
    let client = client_with(|config| {
        config.credentials = login(&[(registry.host(), "me", "pw"), (stranger.host(), "me", "pw")]);
    });
    let error = client.tags(&place(&registry, "a")).await.unwrap_err();
    assert_eq!((error.kind(), stranger.requests().len()), (Kind::Unauthorized, 2));
    assert!(stranger.requests().iter().all(|request| request.authorization().is_none()));
}

#[tokio::test]
async fn g13_a_list_that_goes_in_circles_ends() {
    let registry = registry(&["1", "2", "3"]);
    registry.paginate_tags(2);
    registry.on(LIST).header("link", "</v2/a/tags/list?n=1000>; rel=next");
    assert_eq!(tags(&registry).await.unwrap(), ["1", "2"]);
    assert_eq!(registry.requests().len(), 1);
}

#[tokio::test]
async fn g13_a_page_elsewhere_is_not_fetched() {
    let registry = registry(&["1", "2"]);
    let other = TestRegistry::start();
    let link = format!("<{}>; rel=\"next\"", other.url("/v2/a/tags/list"));
    registry.on(LIST).header("link", &link);
    let error = tags(&registry).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn g13_a_page_is_bounded_and_read_strictly() {
    let registry = registry(&["1"]);
    registry.on(LIST).once().answering(200, &[], vec![b' '; (4 << 20) + 1]);
    assert!(matches!(tags(&registry).await.unwrap_err(), Error::TooLarge { .. }));
    for body in ["", "[]", r#"{"tags":"1"}"#, r#"{"tags":[1]}"#] {
        registry.on(LIST).once().answering(200, &[], body);
        assert!(matches!(tags(&registry).await.unwrap_err(), Error::Json { .. }), "{body}");
    }
    registry.on(LIST).once().html();
    assert!(matches!(tags(&registry).await.unwrap_err(), Error::WebPage { .. }));
}

#[tokio::test]
async fn g14_tags_are_sorted_here() {
    let registry = registry(&["1"]);
    registry.on(LIST).answering(200, &[], r#"{"tags":["v10","V1","a","2","v9"]}"#);
    assert_eq!(tags(&registry).await.unwrap(), ["2", "V1", "a", "v10", "v9"]);
}

#[tokio::test]
async fn tags_of_what_is_not_there_are_not_found() {
    let registry = registry(&["1"]);
    let client = client_with(|config| config.retries = 0);
    let error = client.tags(&place(&registry, "b")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
}

#[tokio::test]
async fn g15_repositories_are_listed_where_a_registry_tells_them() {
    let registry = registry(&["1"]);
    for name in ["b/c", "d"] {
        registry.push_artifact(name, "1", "text/x", &[]);
    }
    registry.require_tokens(Tokens::new().user("me", "pw"));
    registry.paginate_tags(2);
    let client = client_with(|config| config.credentials = login(&[(registry.host(), "me", "pw")]));
    assert_eq!(client.repositories(registry.host()).await.unwrap(), ["a", "b/c", "d"]);
    let asked = registry.requests_to("GET /token*").pop().unwrap().path;
    assert!(asked.ends_with("scope=registry%3Acatalog%3A*"), "{asked}");
    registry.on("GET /v2/_catalog*").status(404);
    let error = client.repositories(registry.host()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
}
