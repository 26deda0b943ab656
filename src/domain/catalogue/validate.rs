//! Validation of a payload: an object, that fits the JSON Schema of its type, without conflicts.

use std::borrow::Cow;

use jsonschema::types::JsonType;
use jsonschema::{Draft, PatternOptions, ValidationOptions, Validator};
use serde_json::{Map, Value};

use super::described::Described;
use super::event_type::EventType;
use super::refusal::{ROOT, described, refusal, shown};
use crate::domain::error::{Code, Error, Result};

/// The most bytes of memory that one compiled pattern takes.
const PATTERN_BYTES: usize = 256 * 1024;

/// How the schemas of event types are read: nothing is fetched, `format` is checked, and patterns
/// run in linear time.
pub fn options() -> ValidationOptions<'static> {
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .with_pattern_options(PatternOptions::regex().size_limit(PATTERN_BYTES))
        .offline()
}

/// Compiles the schema of a built-in event type.
///
/// # Errors
///
/// When the schema is no valid JSON Schema, or refers to anything outside itself.
pub fn compile(schema: Map<String, Value>) -> Result<Validator> {
    options().build(&Value::Object(schema)).map_err(|error| {
        Error::new(
            Code::Internal,
            format!("the schema of an event type is invalid: {}", shown(&error.to_string())),
            "this is a fault in Annals; please report it",
        )
    })
}

/// Refuses a payload that is no JSON object.
///
/// # Errors
///
/// `invalid_event_data`.
pub fn check_is_object(event_type: &dyn Described, event_data: &Value) -> Result<()> {
    let hint = match event_data {
        Value::Object(_) => return Ok(()),
        Value::String(text) if is_object_text(text) => {
            Cow::Borrowed("pass the object itself, not a string that holds its text")
        }
        _ => event_type.usage().into(),
    };
    let found = described(JsonType::from(event_data));
    let message = format!("{ROOT} must be a JSON object, found {found}");
    Err(Error::new(Code::InvalidEventData, message, hint).at(ROOT))
}

fn is_object_text(text: &str) -> bool {
    text.trim_start().starts_with('{')
        && serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object())
}

/// Refuses a payload that its schema refuses. Of several faults the same one is always named.
///
/// # Errors
///
/// `missing_required_field`, `invalid_field_type`, `field_out_of_range`, `invalid_date`.
pub fn check_schema(
    event_type: &dyn Described,
    validator: &Validator,
    event_data: &Value,
) -> Result<()> {
    validator.validate(event_data).map_err(|error| refusal(event_type, event_data, &error))
}

/// Refuses a payload in which a field and its alias, or two aliases, are given and differ.
///
/// # Errors
///
/// `alias_conflict`.
pub fn check_aliases(event_type: &EventType, event_data: &Value) -> Result<()> {
    for field in event_type.fields.iter().filter(|field| !field.aliases.is_empty()) {
        let mut given =
            field.names().filter_map(|name| event_data.get(name).map(|value| (name, value)));
        let Some((first, value)) = given.next() else { continue };
        if let Some((other, _)) = given.find(|(_, other)| !same(value, other)) {
            let message =
                format!("{ROOT}.{first} and {ROOT}.{other} mean the same, and their values differ");
            let hint = format!("send {} alone", field.name);
            return Err(Error::new(Code::AliasConflict, message, hint)
                .at(format!("{ROOT}.{other}"))
                .with("fields", vec![first, other]));
        }
    }
    Ok(())
}

/// Equal as JSON Schema sees it: `45` is `45.0`.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(_), Value::Number(_)) => one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_schema_that_is_none_or_refers_outside_is_refused() {
        for schema in [
            json!({"type": "text"}),
            json!({"properties": {"x": {"minimum": "1"}}}),
            json!({"$ref": "https://example.org/schema.json"}),
            json!({"$ref": "file:///etc/hostname"}),
        ] {
            let Value::Object(schema) = schema else { panic!("{schema} is no object") };
            assert_eq!(compile(schema).unwrap_err().code, Code::Internal);
        }
    }
}
