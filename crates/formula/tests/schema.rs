//! The JSON schema accepts what the parser accepts, and editors can rely on it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use pkg_formula::json_schema;
use serde_json::{Value, json};

/// A formula as editors see it: JSON, with dates as text.
fn fixture(name: &str) -> Value {
    let file = format!("{}/tests/fixtures/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    from_toml(toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap())
}

fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(value) => value.into(),
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(from_toml).collect(),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, from_toml(value))).collect())
        }
    }
}

/// Why `value` is not valid, for the keywords that the schema uses; an unknown keyword panics.
fn why_not(root: &Value, schema: &Value, value: &Value) -> Option<String> {
    let keywords = schema.as_object().unwrap();
    keywords
        .iter()
        .find_map(|(keyword, rule)| {
            let holds = match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" | "format" | "minimum" => true,
                "type" => kind(value) == *rule,
                "const" => value == rule,
                "required" => rule
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|k| value.get(k.as_str().unwrap()).is_some()),
                "pattern" => {
                    value.as_str().is_none_or(|text| matches(rule.as_str().unwrap(), text))
                }
                "anyOf" => {
                    rule.as_array().unwrap().iter().any(|s| why_not(root, s, value).is_none())
                }
                "$ref" => {
                    let target = root.pointer(rule.as_str().unwrap().strip_prefix('#').unwrap());
                    return why_not(root, target.unwrap(), value);
                }
                "items" => {
                    return value.as_array()?.iter().find_map(|item| why_not(root, rule, item));
                }
                "propertyNames" => {
                    let names = value.as_object()?.keys();
                    return names
                        .map(|n| n.as_str().into())
                        .find_map(|n: Value| why_not(root, rule, &n));
                }
                "properties" | "patternProperties" => return None,
                "additionalProperties" => return properties(root, schema, value),
                other => panic!("the test does not know `{other}`"),
            };
            (!holds).then(|| format!("{keyword} {rule}: {value}"))
        })
        .or_else(|| properties(root, schema, value))
}

fn properties(root: &Value, schema: &Value, value: &Value) -> Option<String> {
    value.as_object()?.iter().find_map(|(key, value)| {
        if let Some(rule) = schema.get("properties").and_then(|rules| rules.get(key)) {
            return why_not(root, rule, value);
        }
        let mut patterns =
            schema.get("patternProperties").and_then(Value::as_object).into_iter().flatten();
        if let Some((_, rule)) = patterns.find(|(pattern, _)| matches(pattern, key)) {
            return why_not(root, rule, value);
        }
        match schema.get("additionalProperties") {
            Some(Value::Bool(false)) => Some(format!("unknown key {key}")),
            Some(rule) => why_not(root, rule, value),
            None => None,
        }
    })
}

fn kind(value: &Value) -> Value {
    json!(match value {
        Value::String(_) => "string",
        Value::Number(_) => "integer",
        Value::Bool(_) => "boolean",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::Null => "null",
    })
}

fn matches(pattern: &str, text: &str) -> bool {
    regex::Regex::new(pattern).unwrap().is_match(text)
}

fn check(value: &Value) -> Option<String> {
    let schema = json_schema();
    why_not(&schema, &schema, value)
}

#[test]
fn every_fixture_is_valid() {
    for name in ["hexyl", "ripgrep", "jq", "openssl", "grafana"] {
        assert_eq!(check(&fixture(name)), None, "{name}");
    }
}

#[test]
fn false_deletes_everywhere() {
    let mut formula = fixture("grafana");
    formula["when"][0] = json!({
        "version": "1", "keg-only": false, "vars": { "port": false }, "expose": { "bin": false },
        "depends": { "jq": false },
    });
    assert_eq!(check(&formula), None);
}

#[test]
fn mistakes_are_seen() {
    let broken = |pointer: &str, value: Value| {
        let mut formula = fixture("grafana");
        let (table, key) = pointer.rsplit_once('/').unwrap();
        formula.pointer_mut(table).unwrap()[key] = value;
        assert!(check(&formula).is_some(), "{pointer}");
    };
    broken("/sumary", json!("x"));
    broken("/source/htp", json!("x"));
    broken("/name", json!("Grafana"));
    broken("/when/0/versioning", json!("loose"));
    broken("/when/0/platform", json!("darwin"));
    broken("/version/12.0.0/linux-x86_64", json!("sha256:00"));
    broken("/version/12.0.0/linux-amd64", json!("sha256:00"));
    broken("/env/1X", json!("x"));
    broken("/maintainers", json!("one"));
    broken("/deprecated/since", json!("yesterday"));
}
