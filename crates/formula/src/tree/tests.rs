use proptest::prelude::*;

use super::*;
use crate::report::{Sink, Sources};

fn tree(text: &str) -> Result<Table, String> {
    let sources = Sources::new("x.toml", text);
    let mut sink = Sink::new(&sources);
    let table = parse(0, &mut sink);
    table.ok_or_else(|| sink.into_report().to_string())
}

fn show(table: &Table) -> String {
    let entries = table.entries.iter().map(|entry| match &entry.node.value {
        Value::Table(table) => format!("{}={{{}}}", entry.key, show(table)),
        Value::Text(text) => format!("{}={text}", entry.key),
        other => format!("{}={other:?}", entry.key),
    });
    entries.collect::<Vec<_>>().join(" ")
}

#[test]
fn laying_over() {
    let check = |base: &str, over: &str, want: &str| {
        let mut base = tree(base).unwrap();
        merge(&mut base, &tree(over).unwrap());
        assert_eq!(show(&base), want);
    };
    check("a = '1'", "b = '2'", "a=1 b=2");
    check("a = '1'", "a = '2'", "a=2");
    check("a = {x = '1', y = '2'}", "a = {y = '3', z = '4'}", "a={x=1 y=3 z=4}");
    check("a = {x = '1'}", "a = 'text'", "a=text");
    check("a = 'text'", "a = {x = '1', y = false}", "a={x=1}");
    check("a = '1'\nb = '2'", "a = false", "b=2");
    check("a = {x = '1', y = '2'}", "a.x = false", "a={y=2}");
    check("", "a = {x = false, y = '1'}", "a={y=1}");
}

#[test]
fn entries_keep_the_order_of_the_source() {
    let table = tree("z = '1'\n[m]\nq = '2'\nb = '3'\n[a]\n").unwrap();
    assert_eq!(show(&table), "z=1 m={q=2 b=3} a={}");
}

#[test]
fn bounds() {
    let deep = |levels: usize| {
        let keys = vec!["k"; levels].join(".");
        format!("{keys} = 1")
    };
    assert!(tree(&deep(32)).is_ok());
    assert!(tree(&deep(33)).is_err());
    assert!(tree(&format!("[{}]\n{}", vec!["k"; 20].join("."), deep(20))).is_err());
    let segments = vec!["a"; 79].join(".");
    let bomb = format!("{}z=1{}", format!("{segments} = {{").repeat(78), "}".repeat(78));
    let hostile = [
        bomb,
        "a = [".to_owned() + &"[".repeat(1 << 19),
        "[".repeat(1 << 19),
        format!("a = {}1{}", "[".repeat(33), "]".repeat(33)),
        "# ".to_owned() + &"x".repeat(1 << 20),
        "{a=\n.b.".repeat(10_000),
    ];
    for text in hostile {
        assert!(tree(&text).is_err(), "{text:.40}");
    }
    assert!(tree(&format!("a = '{}'", "[".repeat(100))).is_ok(), "brackets in a text");
    assert!(tree(&format!("a = \"\\\"{}\" # {{{{", "{".repeat(100))).is_ok());
}

#[test]
fn hidden_characters() {
    let check = |text: &str, good: bool| assert_eq!(tree(text).is_ok(), good, "{text:?}");
    check("a = \"tab\\tnewline\\n\"", true);
    check("a = \"\"\"two\r\nlines\"\"\"", true);
    check("a = 'é — 漢字'", true);
    check("a = \"\\u001b[2J\"", false);
    check("a = \"\\u009b\"", false);
    check("a = \"\\r\"", false);
    check("\"\\u0007\" = 1", false);
    check("a = 'x\u{202e}y'", false);
    check("a = 1 # \u{2066}", false);
    check("a = '\u{9d}'", false);
    check("a = '\u{1b}'", false);
}

#[test]
fn the_first_header() {
    let check = |text: &str| {
        let header = first_header(text);
        assert!(text[header..].starts_with("[here]"), "{text}");
    };
    check("[here]");
    check("a = 1\n  [here]");
    check("a = [\n[1],\n[2]]\n[here]");
    check("a = '''\n[no]\n'''\n# [no]\nb = \"[no\"\n[here]");
    check("a = \"\"\"\\\"\"\"\n[no]\n\"\"\"\n[here]");
    assert_eq!(first_header("a = 1\n"), 6);
}

/// A value that may hold brackets at the start of a line.
const VALUE: &str = r#"'[^'\n]{0,5}'|"""[a-z\[\n]{0,9}"""|\[\n?\[1\]\n?\]"#;

proptest! {
    #[test]
    fn no_text_panics(text in r#"([a-c."'\[\]{}=,#\\ ]|\n|""")*"#) {
        let cut = first_header(&text);
        prop_assert!(text.is_char_boundary(cut));
        if let Ok(table) = tree(&text) {
            prop_assert!(same(&Value::Table(table.clone()), &Value::Table(table)));
        }
    }

    #[test]
    fn the_text_above_the_first_header_parses_alone(
        values in prop::collection::vec(VALUE, 0..4),
    ) {
        let lines = values.iter().enumerate().map(|(i, value)| format!("k{i} = {value}\n"));
        let head: String = lines.collect();
        let text = format!("{head}[x]\ny = 1\n");
        prop_assert_eq!(first_header(&text), head.len());
    }
}
