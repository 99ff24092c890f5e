use proptest::prelude::*;

use super::*;

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn check(text: &str, expected: &str) {
    let found = text.parse::<Reference>().map(|reference| reference.to_string());
    assert_eq!(found.as_deref(), Ok(expected), "{text}");
}

fn refused(text: &str, part: &str) {
    let error = text.parse::<Reference>().expect_err(text).to_string();
    assert!(error.contains(part), "{text}: {error}");
}

#[test]
fn a1_repository_grammar() {
    let good = "a 0 a/b a.b a_b a__b a-b a--b a---b a-b.c_d/e0 a/b/c/d/e/f/g acme/foo.bar 1/2/3 \
                a1.b2 x__y-z";
    for name in good.split_whitespace() {
        check(&format!("reg.example/{name}"), &format!("reg.example/{name}"));
    }
    let bad = "A a/B .a a. -a a- _a a_ a..b a___b a.-b a-.b a_.b a._b a_-b a//b /a a/ a/.b a/-b \
               a+b a~b a%20b a*b a=b ä a\u{2f}\u{2f}b ../x a/../b ./a";
    for name in bad.split_whitespace() {
        refused(&format!("reg.example/{name}"), "a repository is");
    }
    refused("reg.example/", "a repository is");
    refused("reg.example/a b", "a repository is");
    refused("reg.example/a\0", "a repository is");
    check(&format!("reg.example/{}", "a".repeat(255)), &format!("reg.example/{}", "a".repeat(255)));
    refused(&format!("reg.example/{}", "a".repeat(256)), "longer than 255");
}

#[test]
fn a1_tag_grammar() {
    let longest = "a".repeat(128);
    for tag in ["1", "v1.2.3", "_", "A_b-c.d", "latest", "1.2.3__r1", "a.", "a-", &longest] {
        check(&format!("reg.example/a:{tag}"), &format!("reg.example/a:{tag}"));
    }
    let too_long = "a".repeat(129);
    for tag in ["", ".a", "-a", "a+b", "a b", "a:b", "a/b", "ä", "a~", &too_long] {
        refused(&format!("reg.example/a:{tag}"), "a tag is");
    }
}

#[test]
fn a3_the_first_component_is_a_host_by_dot_colon_or_localhost() {
    check("foo:5000/bar", "foo:5000/bar");
    check("foo.example/bar", "foo.example/bar");
    check("localhost/bar", "localhost/bar");
    check("LOCALHOST/bar", "localhost/bar");
    check("localhost:5000/a/b:c", "localhost:5000/a/b:c");
    refused("foo/bar", "does not say which registry");
    refused("foo/bar:5000", "does not say which registry");
    refused("foo:5000", "does not say which registry");
    refused("Foo/bar", "not `host/repository");
    refused("foo:/bar", "the port is not");
    refused("foo:5000:1/bar", "the port is not");
}

#[test]
fn a4_docker_hub_is_one_registry() {
    for host in ["docker.io", "index.docker.io", "registry-1.docker.io", "DOCKER.io"] {
        check(&format!("{host}/ubuntu:24.04"), "docker.io/library/ubuntu:24.04");
        check(&format!("{host}/library/ubuntu"), "docker.io/library/ubuntu");
        check(&format!("{host}/acme/foo"), "docker.io/acme/foo");
    }
    check("ghcr.io/ubuntu", "ghcr.io/ubuntu");
}

#[test]
fn a5_short_names_are_refused_with_the_way_out() {
    refused("ubuntu", "as in `docker.io/ubuntu`");
    refused("acme/foo:1", "as in `docker.io/acme/foo:1`");
    refused("oci://acme/foo", "as in `docker.io/acme/foo`");
    for text in ["", "/", "/a", "ghcr.io", "ghcr.io:1", ":", "oci://", "a b", "[::1]"] {
        refused(text, "is not `host/repository");
    }
}

#[test]
fn a6_a_digest_is_what_is_fetched_and_the_tag_is_for_show() {
    let text = format!("reg.example/a:1.2@sha256:{HEX}");
    let reference: Reference = text.parse().unwrap();
    assert_eq!(reference.to_string(), text);
    assert_eq!(reference.tag(), Some("1.2"));
    assert_eq!(reference.wanted().to_string(), format!("sha256:{HEX}"));
    let plain: Reference = "reg.example/a".parse().unwrap();
    assert_eq!(plain.wanted(), Wanted::Tag("latest"));
    assert_eq!(plain.tag(), None);
    let moved = reference.with_tag("2").unwrap();
    assert_eq!((moved.tag(), moved.digest()), (Some("2"), None));
    assert!(reference.with_tag("a/b").is_err());
    let pinned = plain.with_digest(reference.digest().unwrap().clone());
    assert_eq!(pinned.to_string(), format!("reg.example/a@sha256:{HEX}"));
}

#[test]
fn a7_a_digest_must_follow_its_grammar() {
    let upper = HEX.to_uppercase();
    for digest in ["", "sha256:", "sha256:ab", "latest", &format!("sha256:{upper}"), "a:b@c:d"] {
        refused(&format!("reg.example/a@{digest}"), "after `@` is no digest");
    }
    check(&format!("reg.example/a@sha512:{HEX}{HEX}"), &format!("reg.example/a@sha512:{HEX}{HEX}"));
}

#[test]
fn a8_a_digest_of_an_unknown_algorithm_is_kept() {
    check("reg.example/a@blake3:abc", "reg.example/a@blake3:abc");
    check("reg.example/a:t@multihash+base58:QmX", "reg.example/a:t@multihash+base58:QmX");
}

#[test]
fn a9_sha512_and_blake3_are_as_good_as_sha256() {
    for digest in [format!("sha512:{HEX}{HEX}"), format!("blake3:{HEX}")] {
        let reference: Reference = format!("reg.example/a@{digest}").parse().unwrap();
        assert_eq!(reference.digest().unwrap().to_string(), digest);
    }
}

#[test]
fn a10_ipv6_literals() {
    check("[::1]:5000/x", "[::1]:5000/x");
    check("[2001:db8::1]/x:t", "[2001:db8::1]/x:t");
    refused("[::1/x", "the host");
    refused("::1/x", "the port is not");
}

#[test]
fn a11_hosts_that_are_the_same_compare_equal() {
    let same = |one: &str, other: &str| {
        assert_eq!(one.parse::<Reference>(), other.parse::<Reference>(), "{one} {other}");
    };
    same("REG.example/a", "reg.example/a");
    same("[0:0::1]:5000/a", "[::1]:5000/a");
    assert_ne!("[fe80::1%a]/a".parse::<Reference>(), "[fe80::1%A]/a".parse::<Reference>());
}

#[test]
fn a13_the_prefix_is_stripped_and_no_other_scheme_accepted() {
    check("oci://reg.example/a:1", "reg.example/a:1");
    for text in ["https://reg.example/a", "docker://reg.example/a", "oci://oci://reg.example/a"] {
        refused(text, "the only scheme");
    }
}

#[test]
fn messages_are_short_and_free_of_control_characters() {
    let error = format!("reg.example/\u{1b}[2J{}", "A".repeat(10_000)).parse::<Reference>();
    let text = error.unwrap_err().to_string();
    assert!(text.len() < 400 && !text.contains('\u{1b}'), "{text}");
}

proptest! {
    #[test]
    fn any_text_is_refused_or_shows_as_an_equal_reference(text in ".{0,60}") {
        if let Ok(reference) = text.parse::<Reference>() {
            prop_assert_eq!(reference.to_string().parse(), Ok(reference));
        }
    }

    #[test]
    fn references_round_trip(
        host in r"([a-zA-Z][a-z0-9-]{0,4}[a-z0-9]\.){1,2}[a-z]{1,3}|localhost|127\.0\.0\.1|\[::1\]",
        port in proptest::option::of(1_u16..),
        repository in "[a-z0-9]{1,4}((\\.|_|__|-{1,3})[a-z0-9]{1,3}){0,2}(/[a-z0-9]{1,4}){0,3}",
        tag in proptest::option::of("[A-Za-z0-9_][A-Za-z0-9._-]{0,9}"),
        digest in proptest::option::of("[a-f0-9]{64}"),
    ) {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let tag = tag.map(|tag| format!(":{tag}")).unwrap_or_default();
        let digest = digest.map(|hex| format!("@sha256:{hex}")).unwrap_or_default();
        let text = format!("{host}{port}/{repository}{tag}{digest}");
        let reference: Reference = text.parse().unwrap();
        prop_assert_eq!(reference.to_string().parse(), Ok(reference.clone()));
        let expected = format!("{}{port}/{repository}{tag}{digest}", host.to_lowercase());
        prop_assert_eq!(reference.to_string(), expected);
    }
}
