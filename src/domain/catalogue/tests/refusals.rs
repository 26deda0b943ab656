//! What refusals say.

use serde_json::{Value, json};

use super::super::*;
use super::refused;

/// The refusal by another schema than a built-in type's.
fn refused_by(schema: Value, data: Value) -> Error {
    let event_type = Catalogue::builtin().get("instance_heartbeat").unwrap();
    let Value::Object(schema) = schema else { panic!("{schema} is no object") };
    let validator = validate::compile(schema).unwrap();
    validate::check_schema(event_type, &validator, &data).unwrap_err()
}

#[test]
fn messages_are_short_and_name_field_value_and_limit() {
    for (event_type, data, message) in [
        (
            "test_passed",
            json!({"passed_count": 1, "coverage_percent": 140}),
            "event_data.coverage_percent is 140, the maximum is 100",
        ),
        ("test_passed", json!({"test_count": -1}), "event_data.test_count is -1, the minimum is 0"),
        (
            "deployment_done",
            json!({"service": "s", "port": 80.5}),
            "event_data.port must be an integer, found 80.5",
        ),
        (
            "deployment_done",
            json!({"service": "s", "port": null}),
            "event_data.port must be an integer, found null",
        ),
        (
            "epic_started",
            json!({"epic_id": ""}),
            "event_data.epic_id has 0 characters, the minimum is 1",
        ),
        (
            "epic_started",
            json!({"epic_id": "é".repeat(129)}),
            "event_data.epic_id has 129 characters, the maximum is 128",
        ),
        (
            "epic_completed",
            json!({"epic_id": "e", "issues_encountered": ["a", "b", {}]}),
            "event_data.issues_encountered[2] must be a string, found an object",
        ),
        ("epic_started", json!({}), "event_data.epic_id is missing, epic_started requires it"),
        (
            "test_failed",
            json!({}),
            "event_data has none of failed_count, test_count; test_failed requires one",
        ),
        ("epic_started", json!([1]), "event_data must be a JSON object, found an array"),
        (
            "instance_stale",
            json!({"last_heartbeat": "now"}),
            "event_data.last_heartbeat is no RFC 3339 time with an offset, \
             such as 2026-11-23T09:30:00Z",
        ),
    ] {
        assert_eq!(refused(event_type, &data).message, message);
    }
}

#[test]
fn hints_say_what_to_do() {
    for (event_type, data, hint) in [
        (
            "test_failed",
            json!({}),
            "test_failed needs one of failed_count, test_count; for example \
             {\"epic_id\": \"epic-003\", \"failed_count\": 3, \"passed_count\": 5}",
        ),
        ("epic_started", json!({"epicId": "e"}), "rename event_data.epicId to epic_id"),
        ("epic_started", json!({"epci_id": "e"}), "rename event_data.epci_id to epic_id"),
        ("epic_started", json!({"id": "e"}), "rename event_data.id to epic_id"),
        (
            "test_passed",
            json!({"passed_count": 1, "coverage": 140}),
            "coverage_percent: How much of the code the tests cover, in percent; \
             number, 0 to 100",
        ),
        (
            "deployment_done",
            json!({"service": "s", "port": "8081"}),
            "send the number without quotes",
        ),
        (
            "deployment_done",
            json!({"service": "s", "port": null}),
            "leave a field out that has no value",
        ),
        (
            "epic_started",
            json!("{\"epic_id\": \"e\"}"),
            "pass the object itself, not a string that holds its text",
        ),
    ] {
        assert_eq!(refused(event_type, &data).hint, hint);
    }
}

#[test]
fn what_is_no_object_is_invalid_event_data() {
    let not_objects = [json!(null), json!(true), json!(1), json!("x"), json!("{"), json!([{}])];
    for data in not_objects {
        let error = refused("epic_started", &data);
        assert_eq!(error.code, Code::InvalidEventData, "{data}");
        assert_eq!(error.field.as_deref(), Some("event_data"));
        assert!(error.hint.starts_with("epic_started needs epic_id"), "{}", error.hint);
    }
}

#[test]
fn of_several_faults_a_missing_field_comes_first_and_then_the_first_name() {
    let data = json!({"feature_name": 1, "estimated_hours": "x", "description": 2});
    assert_eq!(refused("epic_started", &data).field.as_deref(), Some("event_data.epic_id"));
    let data = json!({"epic_id": 3, "feature_name": 1, "description": 2});
    assert_eq!(refused("epic_started", &data).field.as_deref(), Some("event_data.description"));
}

#[test]
fn a_value_outside_its_choices_is_out_of_range() {
    let schema = json!({"properties": {"level": {"enum": ["low", "high", 3]}}});
    let error = refused_by(schema.clone(), json!({"level": "middle"}));
    assert_eq!(error.code, Code::FieldOutOfRange);
    assert_eq!(error.message, r#"event_data.level is "middle", the choices are "low", "high", 3"#);
    let error = refused_by(schema, json!({"level": "x".repeat(10_000)}));
    assert!(error.message.chars().count() < 150, "{}", error.message);
}

#[test]
fn nested_schemas_name_the_whole_path() {
    let schema = json!({"properties": {"steps": {"type": "array", "items": {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": ["string", "null"]}},
    }}}});
    let error = refused_by(schema.clone(), json!({"steps": [{"name": "a"}, {}]}));
    assert_eq!(error.code, Code::MissingRequiredField);
    assert_eq!(error.field.as_deref(), Some("event_data.steps[1].name"));
    let error = refused_by(schema, json!({"steps": [{"name": 1}]}));
    assert_eq!(error.code, Code::InvalidFieldType);
    assert_eq!(error.message, "event_data.steps[0].name must be null or a string, found a number");
}

#[test]
fn a_violation_of_any_other_keyword_is_refused_without_showing_the_value() {
    for (schema, data) in [
        (json!({"properties": {"x": {"pattern": "^[a-z]+$"}}}), json!({"x": "SECRET"})),
        (json!({"properties": {"x": {"multipleOf": 2}}}), json!({"x": 77_777})),
        (json!({"properties": {"x": {"not": {"type": "string"}}}}), json!({"x": "SECRET"})),
        (
            json!({"properties": {"x": {"anyOf": [{"type": "null"}, {"maxLength": 1}]}}}),
            json!({"x": "SECRET"}),
        ),
    ] {
        let error = refused_by(schema, data);
        assert_eq!(error.code, Code::FieldOutOfRange);
        assert_eq!(error.field.as_deref(), Some("event_data.x"));
        assert!(!error.message.contains("SECRET"), "{}", error.message);
        assert!(!error.message.contains("77777"), "{}", error.message);
    }
}
