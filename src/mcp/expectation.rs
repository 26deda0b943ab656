//! What a schema asks for and what a value is, in words.

use serde_json::Value;

use crate::service::text_without_secrets;

/// The most characters of an unfit text that a message repeats.
const SHOWN_CHARS: usize = 40;

/// What a schema asks for, in words.
pub(super) fn expected(schema: &Value) -> String {
    if let Some(branches) = branches(schema) {
        return branches.iter().map(expected).collect::<Vec<_>>().join(" or ");
    }
    if let Some(choices) = schema["enum"].as_array() {
        let choices: Vec<String> = choices.iter().map(Value::to_string).collect();
        return format!("one of {}", choices.join(", "));
    }
    match schema["type"].as_str() {
        Some("string") => match schema["format"].as_str() {
            Some(format) => format!("a string ({format})"),
            None => "a string".to_owned(),
        },
        Some("integer") => format!("an integer{}", bounds(schema)),
        Some("number") => format!("a number{}", bounds(schema)),
        Some("boolean") => "true or false".to_owned(),
        Some("array") => match schema.get("items") {
            Some(items) => format!("an array whose items are each {}", expected(items)),
            None => "an array".to_owned(),
        },
        Some("object") => "an object".to_owned(),
        Some(_) | None => "a value of the type in the tool's input schema".to_owned(),
    }
}

fn bounds(schema: &Value) -> String {
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(low), Some(high)) => format!(" from {low} to {high}"),
        (Some(low), None) => format!(" of at least {low}"),
        (None, Some(high)) => format!(" of at most {high}"),
        (None, None) => String::new(),
    }
}

fn branches(schema: &Value) -> Option<&Vec<Value>> {
    schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array())
}

/// Whether the value has the type, the choices and the bounds of the schema, its members aside.
pub(super) fn fits(value: &Value, schema: &Value) -> bool {
    if let Some(branches) = branches(schema) {
        return branches.iter().any(|branch| {
            fits(value, branch)
                && value.as_array().into_iter().flatten().all(|item| fits(item, &branch["items"]))
        });
    }
    if let Some(choices) = schema["enum"].as_array() {
        return choices.contains(value);
    }
    let within = |number: f64| {
        schema["minimum"].as_f64().is_none_or(|low| number >= low)
            && schema["maximum"].as_f64().is_none_or(|high| number <= high)
    };
    match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => (value.is_i64() || value.is_u64()) && value.as_f64().is_some_and(within),
        Some("number") => value.as_f64().is_some_and(within),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some(_) | None => true,
    }
}

/// A value in words, long texts cut.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) if text.chars().count() <= SHOWN_CHARS => {
            format!("the string {text:?}")
        }
        Value::String(text) => {
            let start: String = text_without_secrets(text).chars().take(SHOWN_CHARS).collect();
            format!("a string that starts with {start:?}")
        }
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
