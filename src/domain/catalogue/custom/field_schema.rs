//! The schema of a field in words.

use serde_json::Value;

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

/// `findings: How many findings; integer, at least 0`; `None` where the schema says nothing.
pub fn explained(name: &str, schema: &Value) -> Option<String> {
    let kind = match schema.get("type")? {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")
        }
        _ => return None,
    };
    let kind = if schema.get("format").is_some_and(|format| format == "date-time") {
        "an RFC 3339 time with an offset".to_owned()
    } else {
        kind
    };
    let bounds = BOUNDS.iter().filter_map(|(keyword, before, after)| {
        let bound = super::super::refusal::shown(&schema.get(keyword)?.to_string()).into_owned();
        Some(format!(", {before}{bound}{after}"))
    });
    let takes = std::iter::once(kind).chain(bounds).collect::<String>();
    Some(match schema.get("description").and_then(Value::as_str) {
        Some(meaning) => format!("{name}: {}; {takes}", super::super::refusal::shown(meaning)),
        None => format!("{name}: {takes}"),
    })
}
