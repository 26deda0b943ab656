//! Built-in and custom types side by side.

use std::sync::Arc;

use super::*;
use crate::domain::event::TypeCheck;

fn standing(toml: &str, change: u64, retired: bool) -> Standing {
    Standing { newest: Arc::new(custom_type(toml)), change, retired }
}

fn known(retired: bool) -> KnownTypes {
    KnownTypes::new(Catalogue::builtin(), [standing(REVIEW, 7, retired)])
}

#[test]
fn custom_and_built_in_types_are_validated_and_refused_alike() {
    let types = known(false);
    let fits = types.validate("review_completed", &json!({"review_id": "r"})).unwrap();
    assert_eq!(fits, TypeCheck::FitsAsOf(7));
    let fits = types.validate("epic_started", &json!({"epic_id": "e"})).unwrap();
    assert_eq!(fits, TypeCheck::Fits);
    let example = "for example {\"findings\":3,\"review_id\":\"r-1\"}";
    for (data, code, message, hint) in [
        (
            json!({}),
            Code::MissingRequiredField,
            "event_data.review_id is missing, review_completed requires it",
            format!("review_completed needs review_id; {example}"),
        ),
        (
            json!({"reviewId": "r"}),
            Code::MissingRequiredField,
            "event_data.review_id is missing, review_completed requires it",
            "rename event_data.reviewId to review_id".to_owned(),
        ),
        (
            json!({"review_id": "r", "findings": "3"}),
            Code::InvalidFieldType,
            "event_data.findings must be an integer, found a string",
            "send the number without quotes".to_owned(),
        ),
        (
            json!({"review_id": "r", "findings": -1}),
            Code::FieldOutOfRange,
            "event_data.findings is -1, the minimum is 0",
            "findings: How many findings it had; integer, at least 0".to_owned(),
        ),
        (
            json!({"review_id": ""}),
            Code::FieldOutOfRange,
            "event_data.review_id has 0 characters, the minimum is 1",
            "review_id: The review; string, at least 1 characters, at most 128 characters"
                .to_owned(),
        ),
        (
            json!([1]),
            Code::InvalidEventData,
            "event_data must be a JSON object, found an array",
            format!("review_completed needs review_id; {example}"),
        ),
    ] {
        let error = types.validate("review_completed", &data).unwrap_err();
        assert_eq!((error.code, &*error.message, &*error.hint), (code, message, &*hint), "{data}");
    }
}

#[test]
fn the_nearest_names_include_custom_ones_that_take_events() {
    let nearest = |types: &KnownTypes, name: &str| {
        types.require(name).unwrap_err().details.unwrap()["nearest"].clone()
    };
    assert_eq!(nearest(&known(false), "ReviewCompleted"), json!(["review_completed"]));
    assert_eq!(nearest(&known(false), "review_done"), json!(["review_completed"]));
    assert_eq!(nearest(&known(true), "review_done"), json!([]));
    assert_eq!(nearest(&known(false), "epic_strated")[0], "epic_started");
}

#[test]
fn a_retired_type_takes_no_events_and_stays_known() {
    let types = known(true);
    let error = types.validate("review_completed", &json!({"review_id": "r"})).unwrap_err();
    assert_eq!(error.code, Code::UnknownEventType);
    assert!(error.message.contains("retired"), "{}", error.message);
    types.require("review_completed").unwrap();
    assert_eq!(types.category("review_completed"), Some(Category::Planning));
    assert!(types.names_of(Category::Planning).contains(&"review_completed".to_owned()));
    assert!(types.entries().iter().all(|entry| !entry.custom));
    assert!(types.details("review_completed").unwrap().entry.retired);
}

#[test]
fn a_custom_type_is_listed_after_the_built_in_ones_of_its_category() {
    let entries = known(false).entries();
    assert_eq!(entries.len(), Catalogue::builtin().types().len() + 1);
    let at = entries.iter().position(|entry| entry.custom).unwrap();
    assert_eq!(entries[at - 1].category, Category::Planning);
    assert!(entries[at + 1..].iter().all(|entry| entry.category != Category::Planning));
    assert_eq!(
        serde_json::to_value(&entries[at]).unwrap(),
        json!({
            "type": "review_completed", "description": "A code review ended.",
            "category": "planning", "required_fields": ["review_id"],
            "optional_fields": ["findings"], "example": {"review_id": "r-1", "findings": 3},
            "custom": true, "version": 1,
        })
    );
}

#[test]
fn a_built_in_type_goes_before_a_custom_one_of_its_name() {
    let toml = REVIEW.replace("review_completed", "probe");
    let mut definition = Definition::from_toml(&toml).unwrap();
    definition.name = "epic_started".into();
    let newest = Arc::new(CustomType::new(definition, 1));
    let types =
        KnownTypes::new(Catalogue::builtin(), [Standing { newest, change: 1, retired: true }]);
    types.validate("epic_started", &json!({"epic_id": "e"})).unwrap();
    assert_eq!(types.category("epic_started"), Some(Category::Epic));
    assert_eq!(types.entries().len(), Catalogue::builtin().types().len());
}
