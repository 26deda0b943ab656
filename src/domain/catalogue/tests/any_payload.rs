//! Validation of payloads at random.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::field::Kind;
use super::super::*;
use super::catalogue;

fn any_scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0..3_i64).prop_map(Value::from),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Value::from),
        ".{0,200}".prop_map(Value::from),
    ]
}

/// A type, and an object whose keys are mostly known to the type.
fn any_payload() -> impl Strategy<Value = (&'static EventType, Value)> {
    let types: Vec<&'static EventType> = catalogue().types().collect();
    prop::sample::select(types).prop_flat_map(|event_type| {
        let names: Vec<&str> = event_type.fields.iter().flat_map(Field::names).collect();
        let key =
            prop_oneof![4 => prop::sample::select(names).prop_map(str::to_owned), 1 => ".{0,120}"];
        let value = prop_oneof![
            3 => any_scalar(),
            1 => prop::collection::vec(any_scalar(), 0..4).prop_map(Value::from),
            1 => Just(json!({"a": 1})),
        ];
        prop::collection::btree_map(key, value, 0..8)
            .prop_map(move |data| (event_type, Value::Object(data.into_iter().collect())))
    })
}

proptest! {
    /// What the tables say of a payload is what validation says of it.
    #[test]
    fn validation_agrees_with_the_tables((event_type, data) in any_payload()) {
        let fits = |field: &Field, value: &Value| match (field.kind, value) {
            (Kind::Text { min, max }, Value::String(text)) => {
                (min..=max).contains(&u32::try_from(text.chars().count()).unwrap())
            }
            (Kind::Integer { min, max }, Value::Number(number)) => number
                .as_f64()
                .is_some_and(|n| n.fract() == 0.0 && n >= min as f64 && n <= max as f64),
            (Kind::Number { min, max }, Value::Number(number)) => {
                number.as_f64().is_some_and(|n| n >= min as f64 && n <= max as f64)
            }
            (Kind::TextList { .. }, Value::Array(items)) => items.iter().all(Value::is_string),
            (Kind::Flag, Value::Bool(_)) | (Kind::Object, Value::Object(_)) => true,
            // No text that the strategy makes is a time.
            _ => false,
        };
        let given = |name: &str| data.get(name);
        let types_fit = event_type
            .fields
            .iter()
            .all(|field| field.names().filter_map(given).all(|value| fits(field, value)));
        let complete = event_type.required.iter().all(|group| {
            event_type.accepted_names(group).into_iter().any(|name| given(name).is_some())
        });
        let agree = event_type.fields.iter().all(|field| {
            let values: Vec<&Value> = field.names().filter_map(given).collect();
            values.windows(2).all(|pair| {
                pair[0] == pair[1] || pair[0].as_f64().is_some_and(|n| pair[1].as_f64() == Some(n))
            })
        });
        let answer = catalogue().validate(event_type.name, &data);
        prop_assert_eq!(answer.is_ok(), types_fit && complete && agree, "{:?}", answer);
    }

    #[test]
    fn a_refusal_is_always_the_same_and_shows_little_of_the_payload(
        (event_type, data) in any_payload()
    ) {
        if let Err(error) = catalogue().validate(event_type.name, &data) {
            prop_assert_eq!(catalogue().validate(event_type.name, &data), Err(error.clone()));
            prop_assert!(error.message.chars().count() < 240, "{}", error.message);
            prop_assert!(error.hint.chars().count() < 400, "{}", error.hint);
            prop_assert!(error.field.is_some_and(|field| field.starts_with("event_data.")));
        }
    }
}
