use std::cmp::Ordering;

use proptest::prelude::*;

use super::*;

#[test]
fn the_grammar() {
    for good in ["1", "1.1.1w", "2024-01-01", "1.0~rc1", "1.0+5", "0-abc", "r12", "1.0-RC.1"] {
        assert!(Version::parse(good, Scheme::Loose).is_ok(), "{good}");
    }
    let bad =
        ["", ".", "..", "1.", "-1", "1..2", "1_2", "1/2", "a\0", "1.0\n", "1.0 ", "1\u{202e}"];
    for text in bad {
        assert!(Version::parse(text, Scheme::Loose).is_err(), "{text:?}");
    }
    assert!(Version::parse(&"1".repeat(64), Scheme::Loose).is_ok());
    assert!(Version::parse(&"1".repeat(65), Scheme::Loose).is_err());
}

#[test]
fn semver_refuses_what_it_cannot_order() {
    for bad in ["1.1.1w", "1.2", "01.2.3", "v1.2.3", "1.2.3~rc1"] {
        let error = Error::NotSemver { text: bad.to_owned() };
        assert_eq!(Version::parse(bad, Scheme::Semver), Err(error));
    }
    assert!(Version::parse("1.2.3--x", Scheme::Semver).is_err(), "the grammar is narrower");
}

/// Each line is ascending.
#[test]
fn orders() {
    let check = |scheme, line: &str| {
        let versions: Vec<Version> =
            line.split_whitespace().map(|v| Version::parse(v, scheme).unwrap()).collect();
        for (i, left) in versions.iter().enumerate() {
            for (j, right) in versions.iter().enumerate() {
                assert_eq!(left.cmp(right), i.cmp(&j), "{left} {right}");
            }
        }
    };
    check(Scheme::Semver, "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta.2 1.0.0-beta.11");
    check(Scheme::Semver, "1.0.0-rc.1 1.0.0 1.0.0+10 1.0.0+5 1.0.1 1.2.0 1.10.0");
    check(Scheme::Loose, "1.1.1 1.1.1a 1.1.1w 1.1.2 1.1.10");
    check(Scheme::Loose, "1.0~rc1 1.0~1 1.0-dev 1.0alpha1 1.0-beta 1.0pre 1.0rc1 1.0.RC2 1.0");
    check(Scheme::Loose, "1.0 1.0a 1.0.p1 1.0.0 1.0.1");
    check(Scheme::Loose, "2024-01-01 2024-01-02 2024-10-01");
    check(Scheme::Loose, "9 10 18446744073709551615 18446744073709551616");
    check(Scheme::Loose, "1-0 1.0 1.00");
}

#[test]
fn prereleases() {
    let check = |scheme, text, want: bool| {
        assert_eq!(Version::parse(text, scheme).unwrap().is_prerelease(), want, "{text}");
    };
    check(Scheme::Semver, "1.0.0-rc.1", true);
    check(Scheme::Semver, "1.0.0+rc.1", false);
    check(Scheme::Loose, "1.0~rc1", true);
    check(Scheme::Loose, "1.0RC1", true);
    check(Scheme::Loose, "1.1.1w", false);
    check(Scheme::Loose, "1.0-predator", false);
}

fn loose() -> impl Strategy<Value = Version> {
    "[0-2ac]{1,3}([.+~-](0{0,2}[0-9]{1,2}|rc|RC|beta|dev|b)){0,3}"
        .prop_map(|text| Version::parse(&text, Scheme::Loose).unwrap())
}

fn semver() -> impl Strategy<Value = Version> {
    r"[0-2]\.[0-2]\.[0-2](-(rc|[0-9]|a)(\.[0-9])?)?(\+[0-2a]{1,2})?"
        .prop_map(|text| Version::parse(&text, Scheme::Semver).unwrap())
}

fn any() -> impl Strategy<Value = Version> {
    prop_oneof![loose(), semver()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_order_is_total_and_antisymmetric(a in any(), b in any()) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a.cmp(&b) == Ordering::Equal, a == b);
    }

    #[test]
    fn the_order_is_transitive(mut three in [any(), any(), any()]) {
        three.sort();
        let [a, b, c] = three;
        prop_assert!(a <= b && b <= c && a <= c);
    }

    #[test]
    fn a_tilde_comes_before_and_a_part_after(a in loose(), tail in "[0-9a-c]{1,3}") {
        let grown = |joint: &str| Version::parse(&format!("{a}{joint}{tail}"), Scheme::Loose);
        prop_assert!(grown("~").unwrap() < a);
        if let Ok(longer) = grown(".") {
            prop_assert!(longer > a);
        }
    }

    #[test]
    fn any_text_parses_to_itself_or_is_refused(text in ".{0,70}") {
        for scheme in [Scheme::Semver, Scheme::Loose] {
            if let Ok(version) = Version::parse(&text, scheme) {
                prop_assert_eq!(version.as_str(), text.as_str());
            }
        }
    }
}
