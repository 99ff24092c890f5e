//! The normative page has every key, and its example is a formula.

use pkg_formula::{Defaults, Formula, json_schema};
use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/formula.md");

#[test]
fn every_key_is_named() {
    let schema = json_schema();
    let definitions = schema["$defs"].as_object().into_iter().flatten().map(|(_, table)| table);
    for table in definitions.chain([&schema]) {
        for (key, _) in table.get("properties").and_then(Value::as_object).into_iter().flatten() {
            assert!(PAGE.contains(&format!("`{key}`")), "{key}");
        }
    }
}

#[test]
fn the_example_is_clean() {
    let example = PAGE.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let formula = Formula::parse(example.expect("an example"), "ripgrep.toml", &Defaults::none());
    let report = formula.map_or_else(|report| report, |formula| formula.check());
    assert_eq!(report.to_string(), "");
}
