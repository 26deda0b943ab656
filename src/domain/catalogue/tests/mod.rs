//! Rules that every type of the catalogue keeps, derived from the tables.

use serde_json::{Map, Value, json};

use super::field::{Kind, TIME_CHARS};
use super::*;

mod any_payload;
mod guide;
mod refusals;
mod tables;
mod validation;

const TIME: &str = "2026-11-23T09:30:00Z";

fn catalogue() -> &'static Catalogue {
    Catalogue::builtin()
}

fn refused(event_type: &str, data: &Value) -> Error {
    match catalogue().validate(event_type, data) {
        Ok(_) => panic!("{event_type} accepts {data}"),
        Err(error) => error,
    }
}

fn accepted(event_type: &str, data: &Value) {
    if let Err(error) = catalogue().validate(event_type, data) {
        panic!("{event_type} refuses {data}: {error}");
    }
}

/// Values at the bounds of a kind.
fn fitting(kind: Kind) -> Vec<Value> {
    let text = |chars: u32| Value::from("é".repeat(chars as usize));
    match kind {
        Kind::Text { min, max } => vec![text(min), text(max)],
        Kind::Time => vec![TIME.into(), "2026-11-23T10:30:00.123456+01:00".into()],
        Kind::Integer { min, max } => vec![min.into(), max.into(), (min as f64).into()],
        Kind::Number { min, max } => {
            vec![min.into(), max.into(), ((min + max) as f64 / 2.0 + 0.25).min(max as f64).into()]
        }
        Kind::Flag => vec![true.into(), false.into()],
        Kind::TextList { max_items, max_chars } => {
            vec![json!([]), vec!["x"; max_items as usize].into(), vec![text(max_chars)].into()]
        }
        Kind::Object => vec![json!({}), json!({"any": [1, {"thing": null}]})],
    }
}

/// Values just outside the bounds of a kind, with where the fault lies below the field.
fn outside(kind: Kind) -> Vec<(Value, &'static str)> {
    let text = |chars: u32| Value::from("é".repeat(chars as usize));
    match kind {
        Kind::Text { min: 0, max } => vec![(text(max + 1), "")],
        Kind::Text { min, max } => vec![(text(min - 1), ""), (text(max + 1), "")],
        Kind::Time => vec![(text(TIME_CHARS + 1), "")],
        Kind::Integer { min, max } => vec![((min - 1).into(), ""), ((max + 1).into(), "")],
        Kind::Number { min, max } => {
            vec![((min as f64 - 0.001).into(), ""), ((max as f64 + 0.001).into(), "")]
        }
        Kind::TextList { max_items, max_chars } => vec![
            (vec!["x"; max_items as usize + 1].into(), ""),
            (vec!["x".into(), text(max_chars + 1)].into(), "[1]"),
        ],
        Kind::Flag | Kind::Object => vec![],
    }
}

/// Values of another JSON type than a kind's, with where the fault lies below the field.
fn mistyped(kind: Kind) -> Vec<(Value, &'static str)> {
    let all = [json!(null), json!(true), json!(1), json!(1.5), json!("1"), json!([]), json!({})];
    let fits = |value: &Value| match kind {
        Kind::Text { .. } | Kind::Time => value.is_string(),
        Kind::Integer { .. } => value.is_u64(),
        Kind::Number { .. } => value.is_number(),
        Kind::Flag => value.is_boolean(),
        Kind::TextList { .. } => value.is_array(),
        Kind::Object => value.is_object(),
    };
    let mut values: Vec<_> =
        all.into_iter().filter(|value| !fits(value)).map(|value| (value, "")).collect();
    if matches!(kind, Kind::TextList { .. }) {
        values.push((json!(["a", "b", 3]), "[2]"));
    }
    values
}

/// The payload that gives of each required group its first field, and nothing else.
fn least(event_type: &EventType) -> Map<String, Value> {
    let first = event_type.required.iter().map(|group| event_type.field_named(group[0]).unwrap());
    first.map(|field| (field.name.to_owned(), fitting(field.kind)[0].clone())).collect()
}

/// The least payload with one more field; a field already there under another name gives way.
fn with(event_type: &EventType, field: &Field, name: &str, value: Value) -> Value {
    let mut data = least(event_type);
    data.retain(|given, _| !field.names().any(|known| known == given));
    data.insert(name.to_owned(), value);
    data.into()
}

/// Every field of every type under each of its names.
fn every_name() -> impl Iterator<Item = (&'static EventType, &'static Field, &'static str)> {
    catalogue().types().flat_map(|event_type| {
        event_type
            .fields
            .iter()
            .flat_map(move |field| field.names().map(move |name| (event_type, field, name)))
    })
}
