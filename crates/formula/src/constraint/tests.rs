use proptest::prelude::*;

use super::*;

fn version(text: &str) -> Version {
    Version::parse(text, Scheme::Semver)
        .unwrap_or_else(|_| Version::parse(text, Scheme::Loose).unwrap())
}

#[test]
fn what_a_constraint_takes() {
    let check = |constraint: &str, takes: &str, leaves: &str| {
        let constraint = Constraint::parse(constraint).unwrap();
        for text in takes.split_whitespace() {
            assert!(constraint.matches(&version(text)), "`{constraint}` takes {text}");
        }
        for text in leaves.split_whitespace() {
            assert!(!constraint.matches(&version(text)), "`{constraint}` leaves {text}");
        }
    };
    check("*", "1.0.0 1.1.1w 2024-01-01", "1.0.0-rc.1 1.0~rc1");
    check("1.1.1", "1.1.1 1.1.1w 1.1.1.5 1.1.1+7", "1.1.10 1.1 1.1.1-rc.1");
    check("1.1", "1.1.0 1.1.9 1.1", "1.10.0 1.10 11.1");
    check("2024", "2024-01-01 2024.5", "2025-01-01 20240101");
    check("1.0rc", "1.0rc1 1.0-rc", "1.0 1.0.0");
    check("=1.7.1", "1.7.1", "1.7.1+1 1.7.10 1.7");
    check("!=1.7.1", "1.7.2 1.7.1+1", "1.7.1 1.8.0-rc.1");
    check("<3", "2.9.9 0.1.0 2.9", "3.0.0 3.0.0-rc.1 3.0 3");
    check("<= 1.7", "1.7.0 1.6.9 1.7", "1.7.1");
    check(">1", "1.0.1 2.0.0 1.0", "1.0.0 1 0.9.0");
    check(">=2.28, <3", "2.28 2.40 2.28.0", "2.27 3.0.0 2.30.0-rc.1");
    check(">=2.0.0-rc.1, <3", "2.0.0-rc.1 2.0.0-rc.2 2.5.0 2.9.0-beta", "2.0.0-alpha");
    check("1 || 3", "1.5.0 3.0.0", "2.0.0");
    check("1 || =3.0.0-rc.1", "1.5.0 3.0.0-rc.1", "1.6.0-rc.1 3.0.0");
    check("^1.2.3", "1.2.3 1.9.0", "1.2.2 2.0.0 2.0.0-rc.1 1.2.3w");
    check("^0.2.3", "0.2.3 0.2.9", "0.3.0 1.0.0");
    check("^0.0.3", "0.0.3", "0.0.4");
    check("^0.0", "0.0.9", "0.1.0");
    check("^0", "0.9.0", "1.0.0");
    check("~1.2.3", "1.2.3 1.2.9", "1.3.0 1.2.2");
    check("~1", "1.0.0 1.9.0", "2.0.0 2.0.0-rc.1");
    check("^1.0.0-rc.1", "1.0.0-rc.1 1.0.0 1.5.0", "2.0.0-rc.1");
}

#[test]
fn a_rule_compares_by_plain_order() {
    let below = Constraint::parse("<14").unwrap();
    assert!(below.matches_plain(&version("14.0.0-rc1")));
    assert!(!below.matches(&version("14.0.0-rc1")));
    assert!(Constraint::any().matches_plain(&version("14.0.0-rc1")));
}

#[test]
fn what_is_no_constraint() {
    let long = "1".repeat(300);
    for bad in
        ["", " ", ",", "1,", "||", "1||", ">", "1.*", ">=1 <2", "==1", "latest stable", &long]
    {
        assert!(Constraint::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn schemes() {
    let check = |text: &str, semver: bool, loose: bool| {
        let constraint = Constraint::parse(text).unwrap();
        assert_eq!(constraint.check(Scheme::Semver).is_ok(), semver, "{text}");
        assert_eq!(constraint.check(Scheme::Loose).is_ok(), loose, "{text}");
    };
    check("*", true, true);
    check("1", true, true);
    check(">=1.2, <2", true, true);
    check("1.1.1w", false, true);
    check("^1.2", true, false);
    check("~1", true, false);
    check("1.2.3.4", false, true);
}

fn versions() -> impl Strategy<Value = Version> {
    r"[0-2](\.[0-2]){0,2}(-?(rc|a)[0-2]?)?".prop_map(|text| version(&text))
}

proptest! {
    #[test]
    fn any_text_parses_to_itself_or_is_refused(text in ".{0,40}") {
        if let Ok(constraint) = Constraint::parse(&text) {
            prop_assert_eq!(constraint.as_str(), text.trim_matches(' '));
            prop_assert_eq!(Constraint::parse(constraint.as_str()), Ok(constraint));
        }
    }

    #[test]
    fn every_version_stands_on_one_side(a in versions(), b in versions()) {
        let holds = |sign: &str| {
            Constraint::parse(&format!("{sign}{b}")).unwrap().matches_plain(&a)
        };
        prop_assert_eq!(holds("<"), !holds(">="));
        prop_assert_eq!(holds(">"), !holds("<="));
        prop_assert_eq!(holds("="), !holds("!="));
        prop_assert_eq!(u8::from(holds("<")) + u8::from(holds("=")) + u8::from(holds(">")), 1);
    }

    #[test]
    fn a_version_takes_itself(a in versions()) {
        for sign in ["", "=", ">=", "<="] {
            let constraint = Constraint::parse(&format!("{sign}{a}")).unwrap();
            prop_assert!(constraint.matches(&a));
        }
    }

    #[test]
    fn matching_is_narrower_than_plain(
        a in versions(),
        text in r"(<|<=|>|>=|=|!=|\^|~)?[0-2](\.[0-2]){0,2}(, <2 \|\| [0-2])?",
    ) {
        let constraint = Constraint::parse(&text).unwrap();
        prop_assert!(!constraint.matches(&a) || constraint.matches_plain(&a));
    }
}
