//! The JSON schema of the format, for editors.

use schemars::{
    Schema,
    generate::SchemaSettings,
    transform::{Transform, transform_subschemas},
};
use serde_json::{Value, json};

use crate::model::Root;

/// The JSON schema of a formula. It accepts every valid one; `pkg check` knows more rules.
pub fn json_schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(Erasable);
    let mut schema = settings.into_generator().into_root_schema_for::<Root>();
    schema.insert("title".to_owned(), "pkg formula".into());
    schema.insert("required".to_owned(), json!(["schema", "name", "summary", "source", "version"]));
    schema.to_value()
}

/// Says of every optional value that it may be `false`: TOML has no null, and `false` deletes.
#[derive(Debug, Clone)]
struct Erasable;

impl Transform for Erasable {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else { return };
        if object.get("type") == Some(&json!("null")) {
            object.remove("type");
            object.insert("const".to_owned(), json!(false));
            return;
        }
        let Some(Value::Array(types)) = object.get_mut("type") else { return };
        let Some(null) = types.iter().position(|kind| kind == "null") else { return };
        types.remove(null);
        if let [only] = &types[..] {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
        let description = object.remove("description");
        let kept = Value::Object(std::mem::take(object));
        object.insert("anyOf".to_owned(), json!([kept, { "const": false }]));
        object.extend(description.map(|text| ("description".to_owned(), text)));
    }
}
