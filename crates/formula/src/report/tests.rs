use std::collections::BTreeSet;

use super::*;

#[test]
fn codes_are_unique() {
    let codes: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(codes.len(), Code::ALL.len());
}

#[test]
fn the_nearest_word() {
    let words = ["summary", "homepage", "license", "bin"];
    let check = |word: &str, want: Option<&str>| {
        assert_eq!(nearest(word, words.into_iter()), want, "{word}");
    };
    check("sumary", Some("summary"));
    check("licence", Some("license"));
    check("bni", Some("bin"));
    check("xyz", None);
    check("", None);
}

fn problem(code: Code, span: Range<usize>) -> Problem {
    let text = "name = \"é\"\nvalue = \"bad\"\n".to_owned();
    Problem {
        code,
        message: "`bad` is no value".to_owned(),
        span,
        label: "no value".to_owned(),
        help: Some("write `value = \"good\"`".to_owned()),
        source: Arc::new(SourceText { file: "x.toml".to_owned(), text }),
    }
}

#[test]
fn a_problem_shows_its_line() {
    let mut report = Report::default();
    report.add(problem(Code::Value, 20..25));
    report.add(problem(Code::Value, 20..25));
    insta::assert_snapshot!(report.render(false), @r#"
    error[F020]: `bad` is no value
     --> x.toml:2:9
      |
    2 | value = "bad"
      |         ^^^^^ no value
      |
      = help: write `value = "good"`
    "#);
    insta::assert_snapshot!(report, @"x.toml:2:9: error[F020]: `bad` is no value");
}

#[test]
fn only_errors_fail() {
    let mut report = Report::default();
    report.add(problem(Code::Untested, 0..4));
    assert!(!report.is_empty() && !report.has_errors());
    report.add(problem(Code::Value, 20..25));
    assert!(report.has_errors() && report.into_result().is_err());
}
