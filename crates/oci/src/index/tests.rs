use serde_json::{Value, json};

use super::*;
use crate::media_type::{DOCKER_LIST, DOCKER_MANIFEST, IMAGE_INDEX, IMAGE_MANIFEST};

/// An entry named by its digest's input, for a platform `os/arch[/variant][+feature]`.
fn entry(name: &str, platform: &str) -> Value {
    let digest = Digest::sha256(name.as_bytes());
    let mut entry = json!({"mediaType": IMAGE_MANIFEST, "digest": digest, "size": 1});
    if platform.is_empty() {
        return entry;
    }
    let (place, feature) = platform.split_once('+').unwrap_or((platform, ""));
    let parts: Vec<_> = place.split('/').collect();
    entry["platform"] = json!({"os": parts[0], "architecture": parts[1]});
    if let Some(variant) = parts.get(2) {
        entry["platform"]["variant"] = json!(variant);
    }
    if !feature.is_empty() {
        entry["platform"]["os.features"] = json!([feature]);
    }
    entry
}

fn index(entries: &[Value]) -> Index {
    serde_json::from_value(json!({"schemaVersion": 2, "manifests": entries})).unwrap()
}

fn host(platform: &str) -> Platform {
    let value = entry("host", platform)["platform"].clone();
    serde_json::from_value(value).unwrap()
}

/// Picks for each host, and compares with the name of the entry expected; `-` for none.
fn check(entries: &[Value], expected: &[(&str, &str)]) {
    let index = index(entries);
    for (wanted, name) in expected {
        let found = index.pick(&host(wanted)).map(|entry| &entry.digest).ok();
        let digest = Digest::sha256(name.as_bytes());
        assert_eq!(found, (*name != "-").then_some(&digest), "{wanted} -> {name}");
    }
}

#[test]
fn c10_the_platform_is_matched_and_the_first_of_equals_wins() {
    let entries = [
        entry("mac", "darwin/arm64"),
        entry("x86", "linux/amd64"),
        entry("arm", "linux/arm64"),
        entry("twin", "linux/amd64"),
    ];
    let expected = [
        ("linux/amd64", "x86"),
        ("linux/amd64/v3", "x86"),
        ("linux/arm64/v8", "arm"),
        ("darwin/arm64", "mac"),
        ("darwin/amd64", "-"),
        ("linux/riscv64", "-"),
    ];
    check(&entries, &expected);
}

#[test]
fn c10_the_newest_variant_that_runs_wins() {
    let entries = [
        entry("v5", "linux/arm/v5"),
        entry("v7", "linux/arm/v7"),
        entry("v6", "linux/arm/v6"),
        entry("x1", "linux/amd64"),
        entry("x3", "linux/amd64/v3"),
        entry("x4", "linux/amd64/v4"),
    ];
    let expected = [
        ("linux/arm/v7", "v7"),
        ("linux/arm", "v7"),
        ("linux/arm/v6", "v6"),
        ("linux/amd64", "x1"),
        ("linux/amd64/v2", "x1"),
        ("linux/amd64/v3", "x3"),
        ("linux/amd64/v4", "x4"),
    ];
    check(&entries, &expected);
}

#[test]
fn c10_the_libc_stands_in_the_features() {
    let both = [
        entry("plain", "linux/amd64"),
        entry("musl", "linux/amd64+libc.musl"),
        entry("gnu", "linux/amd64+libc.gnu"),
        entry("new", "linux/amd64/v3"),
    ];
    let expected = [
        ("linux/amd64+libc.gnu", "gnu"),
        ("linux/amd64/v3+libc.musl", "musl"),
        ("linux/amd64", "plain"),
        ("linux/amd64+libc.other", "plain"),
    ];
    check(&both, &expected);
    let gnu = [entry("gnu", "linux/amd64+libc.gnu")];
    check(&gnu, &[("linux/amd64+libc.gnu", "gnu"), ("linux/amd64+libc.musl", "-")]);
}

#[test]
fn c10_the_error_lists_what_exists() {
    let entries = [
        entry("b", "linux/arm64"),
        entry("a", "darwin/arm64"),
        entry("b2", "linux/arm64"),
        entry("m", "linux/amd64+libc.musl"),
        entry("no", "unknown/unknown"),
    ];
    let error = index(&entries).pick(&host("linux/amd64+libc.gnu")).unwrap_err();
    let expected = "there is nothing for linux/amd64 (libc.gnu); there are: darwin/arm64, \
                    linux/amd64 (libc.musl), linux/arm64";
    assert_eq!(error.to_string(), expected);
    let one = index(&entries[..1]).pick(&host("linux/amd64")).unwrap_err();
    assert!(one.to_string().ends_with("there is: linux/arm64"), "{one}");
    let none = index(&[]).pick(&host("linux/amd64")).unwrap_err();
    assert!(none.to_string().ends_with("no platforms in the index at all"), "{none}");
    let many: Vec<_> = (0..30).map(|n| entry("x", &format!("os{n}/x"))).collect();
    let error = index(&many).pick(&host("linux/amd64")).unwrap_err();
    assert!(error.to_string().ends_with(" and 6 more"), "{error}");
}

#[test]
fn c10_an_entry_without_platform_is_taken_only_when_alone() {
    let all = entry("all", "");
    let arm = entry("arm", "linux/arm64");
    check(std::slice::from_ref(&all), &[("linux/amd64", "all")]);
    check(&[all.clone(), arm.clone()], &[("linux/amd64", "all"), ("linux/arm64", "arm")]);
    check(&[all.clone(), arm, entry("other", "")], &[("linux/amd64", "-"), ("linux/arm64", "arm")]);
    check(&[all.clone(), all], &[("linux/amd64", "-")]);
}

#[test]
fn c11_attestations_are_never_chosen() {
    let mut marked = entry("marked", "linux/amd64");
    marked["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
    let unknown = entry("unknown", "unknown/unknown");
    check(&[marked.clone(), unknown.clone()], &[("linux/amd64", "-"), ("unknown/unknown", "-")]);
    let real = entry("real", "linux/amd64");
    check(&[unknown, marked.clone(), real], &[("linux/amd64", "real")]);
    assert_eq!(index(&[marked]).platforms(), []);
}

#[test]
fn c5_entries_of_unknown_types_are_skipped_and_indexes_chosen() {
    let typed = |name: &str, media_type: &str| {
        let mut entry = entry(name, "linux/amd64");
        entry["mediaType"] = media_type.into();
        entry
    };
    for known in [DOCKER_MANIFEST, IMAGE_INDEX, DOCKER_LIST] {
        let entries = [typed("odd", "x/y"), typed("known", known)];
        check(&entries, &[("linux/amd64", "known")]);
    }
    check(&[typed("odd", "x/y")], &[("linux/amd64", "-")]);
}

#[test]
fn c5_an_index_may_have_a_type_and_a_subject() {
    let mut value = json!({"schemaVersion": 2, "manifests": [], "artifactType": "a/b"});
    value["subject"] = entry("subject", "");
    let found: Index = serde_json::from_value(value).unwrap();
    assert_eq!(found.artifact_type.as_deref(), Some("a/b"));
    assert_eq!(found.subject.map(|it| it.digest), Some(Digest::sha256(b"subject")));
}

#[test]
fn c5_the_way_down_is_bounded_and_never_a_ring() {
    let digest = |n: usize| Digest::sha256(&n.to_be_bytes());
    let mut ring = Descent::default();
    assert_eq!(ring.enter(&digest(0)), Ok(()));
    assert_eq!(ring.enter(&digest(1)), Ok(()));
    assert_eq!(ring.enter(&digest(0)), Err(TooDeep::Ring { digest: digest(0) }));
    let mut deep = Descent::default();
    for n in 0..=DEPTH_MAX {
        assert_eq!(deep.enter(&digest(n)), Ok(()), "{n}");
    }
    let last = digest(DEPTH_MAX + 1);
    assert_eq!(deep.enter(&last), Err(TooDeep::Depth { digest: last.clone() }));
}
