//! Formulas from strangers: whatever the text, there is an answer and no panic.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use pkg_formula::{Defaults, Formula, Heading, Platform, TapFile, check_tap, template};
use proptest::prelude::*;

const FIXTURES: [&str; 5] = [
    include_str!("fixtures/hexyl.toml"),
    include_str!("fixtures/ripgrep.toml"),
    include_str!("fixtures/jq.toml"),
    include_str!("fixtures/openssl.toml"),
    include_str!("fixtures/grafana.toml"),
];

/// Takes a text through everything that a formula can go through.
fn exercise(text: &str) {
    if let Err(report) = Heading::parse(text) {
        assert!(report.has_errors());
    }
    TapFile::parse(text, "tap.toml").ok();
    let formula = match Formula::parse(text, "formula", &Defaults::none()) {
        Ok(formula) => formula,
        Err(report) => {
            assert!(report.has_errors());
            assert!(!report.render(false).is_empty() && !report.render(true).is_empty());
            return;
        }
    };
    let checked = formula.check();
    for release in formula.releases() {
        formula.slot(&release.version).ok();
        for platform in formula.platforms(&release.version) {
            let resolved = formula.resolve(&release.version, &platform);
            // What the check passes resolves, and what resolves can be expanded.
            assert!(checked.has_errors() || resolved.is_ok());
            for text in resolved.iter().flat_map(|resolved| resolved.env.values()) {
                template::install(text, &|_| Some(String::new())).unwrap();
            }
        }
    }
    let host: Platform = "linux-amd64-gnu".parse().unwrap();
    formula.releases().iter().for_each(|release| drop(formula.resolve(&release.version, &host)));
    check_tap(&[formula.outline(), formula.outline()]);
    checked.render(false);
}

#[test]
fn the_fixtures_pass() {
    FIXTURES.iter().for_each(|text| exercise(text));
}

#[test]
fn old_tricks() {
    let top = "schema = 1\nname = 'x'\nsummary = 's'\nlicense = 'MIT'\n";
    let tricks = [
        format!("{top}license = '{}MIT{}'", "(".repeat(100_000), ")".repeat(100_000)),
        format!("{top}version.{} = 1", vec!["a"; 10_000].join(".")),
        format!("{top}[[when]]\nplatform = [{}]", "'linux',".repeat(50_000)),
        "[[when]]\n".repeat(50_000),
        format!("{top}caveats = \"\\u202e\""),
        format!("{top}[vars]\n'' = ''\n[source]\nhttp = '{{}}'"),
        "schema = 99999999999999999999999".to_owned(),
        "schema = -1".to_owned(),
        "schema = 1.0".to_owned(),
        "\u{feff}schema = 1".to_owned(),
        "\0".to_owned(),
        "schema = 1\r\nname = 'x'\r\n".to_owned(),
    ];
    tricks.iter().for_each(|text| exercise(text));
}

/// A fixture with some pieces cut out, doubled or replaced.
fn mutated() -> impl Strategy<Value = String> {
    let junk = prop_oneof![
        Just(String::new()),
        Just("{".to_owned()),
        Just("= false\n".to_owned()),
        Just("\n[[when]]\n".to_owned()),
        Just("'''".to_owned()),
        Just("\u{202e}".to_owned()),
        "[-a-z0-9.{}'\"=\\[\\]\n*!]{1,6}",
    ];
    let edits = prop::collection::vec((any::<prop::sample::Index>(), 0..24usize, junk), 1..4);
    (prop::sample::select(&FIXTURES[..]), edits).prop_map(|(text, edits)| {
        let mut chars: Vec<char> = text.chars().collect();
        for (place, len, junk) in edits {
            let start = place.index(chars.len() + 1);
            let end = (start + len).min(chars.len());
            chars.splice(start..end, junk.chars());
        }
        chars.into_iter().collect()
    })
}

/// A fixture with its lines in another order, some of them left out.
fn shuffled() -> impl Strategy<Value = String> {
    prop::sample::select(&FIXTURES[..]).prop_flat_map(|text| {
        let lines: Vec<String> = text.lines().map(|line| format!("{line}\n")).collect();
        let most = lines.len();
        let kept = prop::sample::subsequence(lines, most / 2..=most);
        (kept.prop_shuffle(), any::<bool>()).prop_map(|(lines, _)| lines.concat())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_panics(text in ".{0,200}") {
        exercise(&text);
    }

    #[test]
    fn no_mutation_panics(text in mutated()) {
        exercise(&text);
    }

    #[test]
    fn no_order_of_lines_panics(text in shuffled()) {
        exercise(&text);
    }
}
