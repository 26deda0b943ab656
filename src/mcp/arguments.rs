//! Reading a tool's arguments, and saying plainly what does not fit.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::expectation::{expected, fits, shown};
use crate::domain::catalogue::nearest;
use crate::domain::error::{Code, Error, Result};

/// Reads `arguments` as `T`, whose schema is `schema`.
///
/// # Errors
///
/// `invalid_argument`, which names the argument by its path and says what was expected.
pub(super) fn read<T: DeserializeOwned>(arguments: &Value, schema: &Value) -> Result<T> {
    if let Some((path, found, wanted)) = array_for_object(arguments, schema, String::new()) {
        let message = format!("{path} must be {}, not {}", expected(wanted), shown(found));
        return Err(Error::new(Code::InvalidArgument, message, unfit_hint(found, wanted)).at(path));
    }
    serde_path_to_error::deserialize(arguments).map_err(|error| {
        let path: Vec<&Segment> = error.path().iter().collect();
        explain(&path, &error.inner().to_string(), arguments, schema)
    })
}

/// Finds an array in the place of an object: Serde would read it as the fields in their order.
fn array_for_object<'a>(
    value: &'a Value,
    schema: &'a Value,
    path: String,
) -> Option<(String, &'a Value, &'a Value)> {
    match (value, schema["properties"].as_object(), schema.get("items")) {
        (Value::Array(_), Some(_), _) => {
            let path = if path.is_empty() { text(&[], None) } else { path };
            Some((path, value, schema))
        }
        (Value::Object(members), Some(properties), _) => members.iter().find_map(|(key, value)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            array_for_object(value, properties.get(key)?, path)
        }),
        (Value::Array(members), None, Some(items)) => members
            .iter()
            .enumerate()
            .find_map(|(index, value)| array_for_object(value, items, format!("{path}[{index}]"))),
        _ => None,
    }
}

/// Serde's message tells the kinds of misfit apart; what was expected is taken from the schema, in
/// the words of JSON.
fn explain(path: &[&Segment], message: &str, arguments: &Value, schema: &Value) -> Error {
    if let Some(name) = quoted_after(message, "unknown field ") {
        let parent = match path.split_last() {
            Some((Segment::Map { key }, parent)) if key == name => parent,
            _ => path,
        };
        return unknown(parent, name, schema);
    }
    if let Some(name) = quoted_after(message, "missing field ") {
        return missing(path, name, schema);
    }
    unfit(path, message, arguments, schema)
}

fn quoted_after<'a>(message: &'a str, start: &str) -> Option<&'a str> {
    message.strip_prefix(start)?.strip_prefix('`')?.split('`').next()
}

fn unknown(parent: &[&Segment], name: &str, schema: &Value) -> Error {
    let known: Vec<&str> = schema_at(schema, parent)
        .and_then(|schema| schema["properties"].as_object())
        .map(|properties| properties.keys().map(String::as_str).collect())
        .unwrap_or_default();
    let field = text(parent, Some(name));
    let nearest = nearest(name, known.iter().copied());
    let place = text(parent, None);
    let hint = match (nearest.is_empty(), known.is_empty(), parent.is_empty()) {
        (false, ..) => format!("did you mean {}?", nearest.join(", ")),
        (_, true, _) => "leave it out: nothing is taken here".to_owned(),
        (.., true) => format!("the arguments are: {}", known.join(", ")),
        (.., false) => format!("the fields of {place} are: {}", known.join(", ")),
    };
    Error::new(Code::InvalidArgument, format!("there is no argument {field}"), hint)
        .at(field)
        .with("nearest", nearest)
        .with("known", known)
}

fn missing(parent: &[&Segment], name: &str, schema: &Value) -> Error {
    let field = text(parent, Some(name));
    let wanted = schema_at(schema, parent)
        .and_then(|schema| schema["properties"].get(name))
        .map_or_else(|| "a value".to_owned(), expected);
    Error::new(
        Code::InvalidArgument,
        format!("the argument {field} is missing"),
        format!("give {field}: {wanted}"),
    )
    .at(field)
}

fn unfit(path: &[&Segment], message: &str, arguments: &Value, schema: &Value) -> Error {
    let field = text(path, None);
    let found = value_at(arguments, path);
    let wanted = schema_at(schema, path);
    let (message, hint) = match (found, wanted) {
        (Some(found), Some(wanted)) if !fits(found, wanted) => (
            format!("{field} must be {}, not {}", expected(wanted), shown(found)),
            unfit_hint(found, wanted),
        ),
        _ => (format!("{field}: {message}"), "see the tool's input schema".to_owned()),
    };
    Error::new(Code::InvalidArgument, message, hint).at(field)
}

fn unfit_hint(found: &Value, wanted: &Value) -> String {
    let wraps_json = found.as_str().is_some_and(|text| text.trim_start().starts_with(['{', '[']));
    if wraps_json && matches!(wanted["type"].as_str(), Some("object" | "array")) {
        return "send the JSON value itself, not a string that contains JSON".to_owned();
    }
    format!("send {}", expected(wanted))
}

/// The schema of the value at `path`.
fn schema_at<'a>(schema: &'a Value, path: &[&Segment]) -> Option<&'a Value> {
    path.iter().try_fold(schema, |schema, segment| match segment {
        Segment::Map { key } => schema["properties"].get(key),
        Segment::Seq { .. } => schema.get("items"),
        Segment::Enum { .. } | Segment::Unknown => None,
    })
}

fn value_at<'a>(value: &'a Value, path: &[&Segment]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, segment| match segment {
        Segment::Map { key } => value.get(key),
        Segment::Seq { index } => value.get(index),
        Segment::Enum { .. } | Segment::Unknown => None,
    })
}

fn text(path: &[&Segment], last: Option<&str>) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => text.push_str(&format!("[{index}]")),
            other if text.is_empty() => text = other.to_string(),
            other => text.push_str(&format!(".{other}")),
        }
    }
    match last {
        Some(last) if text.is_empty() => last.to_owned(),
        Some(last) => format!("{text}.{last}"),
        None if text.is_empty() => "arguments".to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Request {
        instance_id: String,
        #[serde(default)]
        filters: Option<Filters>,
        #[schemars(range(min = 1, max = 1000))]
        limit: Option<i64>,
        order: Option<Order>,
        events: Option<Vec<Item>>,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Filters {
        event_type: Option<OneOrMany>,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(untagged)]
    #[allow(dead_code)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Order {
        /// Oldest first.
        Asc,
        /// Newest first.
        Desc,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Item {
        #[schemars(with = "serde_json::Map<String, Value>")]
        event_data: serde_json::Map<String, Value>,
    }

    fn refusal(arguments: Value) -> Value {
        let schema = Value::Object(super::super::schema::input::<Request>());
        let error = read::<Request>(&arguments, &schema).expect_err("does not fit");
        assert_eq!(error.code, Code::InvalidArgument);
        error.to_json()
    }

    #[test]
    fn what_fits_is_read() {
        let schema = Value::Object(super::super::schema::input::<Request>());
        let arguments = json!({
            "instance_id": "i", "filters": {"event_type": ["a"]}, "order": "asc", "limit": null
        });
        let request: Request = read(&arguments, &schema).expect("fits");
        assert_eq!(request.instance_id, "i");
    }

    #[test]
    fn a_missing_argument_is_named() {
        let refusal = refusal(json!({}));
        assert_eq!(refusal["field"], "instance_id");
        assert_eq!(refusal["error"], "the argument instance_id is missing");
        assert_eq!(refusal["hint"], "give instance_id: a string");
    }

    #[test]
    fn an_unknown_argument_is_named_with_the_nearest_and_the_known_ones() {
        let refusal = refusal(json!({"instance_id": "i", "limt": 1}));
        assert_eq!(refusal["field"], "limt");
        assert_eq!(refusal["error"], "there is no argument limt");
        assert_eq!(refusal["hint"], "did you mean limit?");
        assert_eq!(refusal["nearest"], json!(["limit"]));
        assert_eq!(refusal["known"], json!(["events", "filters", "instance_id", "limit", "order"]));
    }

    #[test]
    fn an_unknown_argument_inside_another_has_its_path_and_the_names_of_that_place() {
        let refusal = refusal(json!({"instance_id": "i", "filters": {"type": "a"}}));
        assert_eq!(refusal["field"], "filters.type");
        assert_eq!(refusal["nearest"], json!(["event_type"]));
    }

    #[test]
    fn an_unknown_argument_like_no_other_gets_the_list() {
        let arguments = json!({"instance_id": "i", "filters": {"qwerty": "a"}});
        assert_eq!(refusal(arguments)["hint"], "the fields of filters are: event_type");
    }

    #[test]
    fn a_wrong_type_says_what_was_expected_and_what_was_found() {
        let error = |arguments| refusal(arguments)["error"].as_str().expect("text").to_owned();
        assert_eq!(
            error(json!({"instance_id": 7})),
            "instance_id must be a string, not the number 7"
        );
        assert_eq!(
            error(json!({"instance_id": "i", "limit": "ten"})),
            "limit must be an integer from 1 to 1000, not the string \"ten\""
        );
        assert_eq!(
            error(json!({"instance_id": "i", "limit": 1.5})),
            "limit must be an integer from 1 to 1000, not the number 1.5"
        );
        assert_eq!(
            error(json!({"instance_id": "i", "order": "up"})),
            "order must be one of \"asc\", \"desc\", not the string \"up\""
        );
        assert_eq!(
            error(json!({"instance_id": "i", "filters": {"event_type": [1]}})),
            "filters.event_type must be a string or an array whose items are each a string, \
             not an array"
        );
    }

    #[test]
    fn an_item_of_a_list_has_its_index_and_doubly_encoded_json_a_hint() {
        let refusal = refusal(
            json!({"instance_id": "i", "events": [{"event_data": {}}, {"event_data": "{}"}]}),
        );
        assert_eq!(refusal["field"], "events[1].event_data");
        assert_eq!(refusal["hint"], "send the JSON value itself, not a string that contains JSON");
    }

    #[test]
    fn an_array_does_not_stand_for_an_object() {
        assert_eq!(refusal(json!(["i"]))["field"], "arguments");
        let filters = refusal(json!({"instance_id": "i", "filters": [["a"]]}));
        assert_eq!(filters["field"], "filters");
        let events = refusal(json!({"instance_id": "i", "events": [{"event_data": {}}, [{}]]}));
        assert_eq!(events["error"], "events[1] must be an object, not an array");
    }
}
