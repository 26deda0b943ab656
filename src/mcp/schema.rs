//! JSON Schemas of tools, in the plain form that every client understands: no references, no
//! titles, no boolean in place of a property's schema, no number formats, no `null` for what may
//! simply be left out.

use rmcp::model::JsonObject;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

/// The schema of a tool's arguments. Unknown arguments are refused, and the schema says so.
pub(super) fn input<T: JsonSchema>() -> JsonObject {
    let mut schema = plain::<T>(SchemaSettings::draft2020_12().for_deserialize());
    schema.insert("type".into(), "object".into());
    schema.entry("properties").or_insert_with(|| json!({}));
    schema.insert("additionalProperties".into(), false.into());
    schema
}

/// The schema of a tool's structured content: the answer or a refusal, for some clients validate
/// refusals too.
pub(super) fn output<T: JsonSchema>() -> JsonObject {
    let answer = plain::<T>(SchemaSettings::draft2020_12().for_serialize());
    let text = json!({"type": "string"});
    let refusal = json!({
        "type": "object",
        "properties": {
            "success": {"const": false},
            "error": text, "code": text, "hint": text, "field": text
        },
        "required": ["success", "error", "code", "hint"]
    });
    let mut schema = JsonObject::new();
    schema.insert("type".into(), "object".into());
    schema.insert("anyOf".into(), json!([answer, refusal]));
    schema
}

fn plain<T: JsonSchema>(mut settings: SchemaSettings) -> JsonObject {
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    RecursiveTransform(simplify).transform(&mut schema);
    let mut schema = schema.as_object().cloned().unwrap_or_default();
    schema.remove("description"); // the tool has its own
    schema
}

/// Simplifies one schema; its subschemas are visited next.
fn simplify(schema: &mut Schema) {
    let Some(schema) = schema.as_object_mut() else { return };
    schema.remove("title");
    if schema.get("format").and_then(Value::as_str).is_some_and(is_number_format) {
        schema.remove("format");
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    choices_as_enum(schema);
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required = |name| required.as_array().is_some_and(|names| names.contains(&json!(name)));
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for (name, property) in properties {
            match property {
                Value::Bool(_) => *property = json!({}),
                Value::Object(property) if !is_required(name) => without_null(property),
                _ => {}
            }
        }
    } else if schema.get("type") == Some(&json!("object")) {
        // Some clients take an object without named properties to be empty.
        schema.entry("additionalProperties").or_insert(Value::Bool(true));
    }
}

fn is_number_format(format: &str) -> bool {
    format.starts_with("int") || format.starts_with("uint") || matches!(format, "float" | "double")
}

/// `oneOf` constants, as documented enum variants yield them, becomes the shorter `enum`.
fn choices_as_enum(schema: &mut JsonObject) {
    let Some(Value::Array(choices)) = schema.get("oneOf") else { return };
    let constants: Option<Vec<Value>> =
        choices.iter().map(|choice| choice.get("const").cloned()).collect();
    if let Some(constants) = constants.filter(|all| all.iter().all(Value::is_string)) {
        schema.remove("oneOf");
        schema.insert("type".into(), "string".into());
        schema.insert("enum".into(), constants.into());
    }
}

/// Takes `null` out of the schema of a property that may be left out.
fn without_null(property: &mut JsonObject) {
    if let Some(Value::Array(types)) = property.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            property.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(choices)) = property.get_mut("enum") {
        choices.retain(|choice| !choice.is_null());
    }
    if property.get("default") == Some(&Value::Null) {
        property.remove("default");
    }
    for keyword in ["anyOf", "oneOf"] {
        let Some(Value::Array(mut branches)) = property.remove(keyword) else { continue };
        branches.retain(|branch| branch.get("type") != Some(&json!("null")));
        if branches.len() == 1
            && let Some(Value::Object(branch)) = branches.pop()
        {
            merge(property, branch);
        } else {
            property.insert(keyword.into(), branches.into());
        }
    }
}

/// Adds what `schema` does not say yet: a field's own description stands over its type's.
fn merge(schema: &mut JsonObject, more: Map<String, Value>) {
    for (keyword, value) in more {
        schema.entry(keyword).or_insert(value);
    }
}
