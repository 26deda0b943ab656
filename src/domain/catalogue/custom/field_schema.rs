//! The schema of a field in words.

use serde_json::Value;

use crate::domain::catalogue::refusal::shown;

/// Keywords that bound a value, and what stands before their bound in a sentence.
const BOUNDS: [(&str, &str, &str); 8] = [
    ("minimum", "at least ", ""),
    ("maximum", "at most ", ""),
    ("minLength", "at least ", " characters"),
    ("maxLength", "at most ", " characters"),
    ("minItems", "at least ", " items"),
    ("maxItems", "at most ", " items"),
    ("pattern", "like ", ""),
    ("enum", "one of ", ""),
];

/// What the field means; `None` where the schema does not say.
pub fn meaning(schema: &Value) -> Option<String> {
    schema.get("description").and_then(Value::as_str).map(|text| shown(text).into_owned())
}

/// Which values the field takes, such as `integer, at least 0`; `None` where the schema does not say.
pub fn takes(schema: &Value) -> Option<String> {
    let kind = match schema.get("type")? {
        Value::String(_) if schema.get("format").is_some_and(|format| format == "date-time") => {
            "string, an RFC 3339 time with an offset".to_owned()
        }
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
        }
        _ => return None,
    };
    let bounds = BOUNDS.iter().filter_map(|(keyword, before, after)| {
        let bound = match schema.get(keyword)? {
            Value::Array(choices) => {
                choices.iter().map(Value::to_string).collect::<Vec<_>>().join(", ")
            }
            bound => bound.to_string(),
        };
        Some(format!(", {before}{}{after}", shown(&bound)))
    });
    Some(std::iter::once(kind).chain(bounds).collect())
}
