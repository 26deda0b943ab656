//! Validation of every field of every type, at its bounds and beyond.

use serde_json::{Value, json};

use super::super::field::Kind;
use super::super::*;
use super::{accepted, catalogue, every_name, fitting, least, mistyped, outside, refused, with};

/// Specification, testing requirement 15: "Event emission (all event types)".
#[test]
fn event_emission_every_example_of_every_event_type_is_valid() {
    for event_type in catalogue().types() {
        assert!(!event_type.examples.is_empty(), "{}", event_type.name);
        for example in event_type.example_values() {
            for name in example.keys() {
                assert!(event_type.field_named(name).is_some(), "{}.{name}", event_type.name);
            }
            accepted(event_type.name, &example.into());
        }
        // The first example goes into hints.
        assert!(event_type.examples[0].len() <= 120, "{}", event_type.name);
    }
}

/// Specification, testing requirement 15: "Event emission (all event types)".
#[test]
fn event_emission_the_payloads_of_the_specification_are_valid_long_and_short() {
    for (event_type, data) in [
        (
            "epic_started",
            json!({
                "epic_id": "epic-003", "feature_name": "authentication-oauth",
                "estimated_hours": 60, "spawned_by": "plan-feature-interactive",
                "acceptance_criteria_count": 12,
            }),
        ),
        ("epic_started", json!({"epic_id": "e", "feature_name": "f", "estimated_hours": 1.5})),
        (
            "epic_completed",
            json!({
                "epic_id": "epic-003", "duration_hours": 58.5, "files_changed": 23,
                "tests_passed": 45, "pr_url": "https://github.com/project/pull/123",
                "validation_confidence": 0.96,
                "issues_encountered": ["cors_headers", "token_refresh"],
            }),
        ),
        ("epic_completed", json!({"epic_id": "e", "duration_hours": 2, "files_changed": 1})),
        (
            "test_passed",
            json!({
                "epic_id": "epic-003", "test_type": "unit|integration|e2e", "passed_count": 45,
                "failed_count": 0, "coverage_percent": 87, "duration_seconds": 342,
            }),
        ),
        ("test_passed", json!({"epic_id": "e", "test_count": 45, "coverage": 87})),
        (
            "deployment_done",
            json!({
                "service": "supervisor-mcp", "port": 8081, "health_status": "healthy",
                "response_time_ms": 12, "git_commit": "a1b2c3d",
                "docker_image": "supervisor:latest",
            }),
        ),
        ("deployment_done", json!({"service": "s", "port": 8081, "health_status": "healthy"})),
    ] {
        accepted(event_type, &data);
    }
}

/// Specification, testing requirement 15: "Event validation (invalid types, missing fields)".
#[test]
fn event_validation_a_missing_required_field_is_refused_by_its_name() {
    for event_type in catalogue().types() {
        accepted(event_type.name, &least(event_type).into());
        for group in event_type.required {
            let mut data = least(event_type);
            data.remove(group[0]);
            let error = refused(event_type.name, &data.into());
            let names = event_type.accepted_names(group);
            assert_eq!(error.code, Code::MissingRequiredField, "{}", event_type.name);
            assert_eq!(error.field, Some(format!("event_data.{}", group[0])));
            assert_eq!(error.details.as_ref().unwrap()["any_of"], json!(names));
            for name in names {
                assert!(error.message.contains(name), "{}", error.message);
                assert!(error.hint.contains(name), "{}", error.hint);
            }
        }
    }
}

#[test]
fn any_name_of_a_required_group_alone_is_enough() {
    for event_type in catalogue().types() {
        for group in event_type.required {
            for name in event_type.accepted_names(group) {
                let mut data = least(event_type);
                data.remove(group[0]);
                let field = event_type.field_named(name).unwrap();
                data.insert(name.to_owned(), fitting(field.kind)[0].clone());
                accepted(event_type.name, &data.into());
            }
        }
    }
}

/// Specification, testing requirement 15: "Event validation (invalid types, missing fields)".
#[test]
fn event_validation_an_unknown_event_type_is_refused_with_the_nearest_names() {
    let error = refused("epic_strated", &json!({"epic_id": "e"}));
    assert_eq!(error.code, Code::UnknownEventType);
    assert_eq!(error.field.as_deref(), Some("event_type"));
    assert_eq!(error.message, "\"epic_strated\" is no known event_type");
    assert_eq!(error.hint, "did you mean epic_started?");
    assert_eq!(error.details.unwrap()["nearest"], json!(["epic_started"]));

    let error = refused(&"x".repeat(300_000), &json!({}));
    assert!(error.message.len() < 130, "{}", error.message);
    assert!(error.hint.contains("annals types"), "{}", error.hint);
    assert_eq!(error.details.unwrap()["nearest"], json!([]));
}

/// Specification, testing requirement 15: "Event validation (invalid types, missing fields)".
#[test]
fn event_validation_a_field_of_the_wrong_type_is_refused_under_each_of_its_names() {
    for (event_type, field, name) in every_name() {
        for (value, below) in mistyped(field.kind) {
            let error = refused(event_type.name, &with(event_type, field, name, value.clone()));
            assert_eq!(error.code, Code::InvalidFieldType, "{}.{name}: {value}", event_type.name);
            assert_eq!(error.field, Some(format!("event_data.{name}{below}")));
            assert!(error.message.starts_with(&format!("event_data.{name}{below} must be ")));
            assert!(error.details.unwrap().contains_key("found"));
        }
    }
}

#[test]
fn values_at_the_bounds_are_accepted_under_each_name() {
    for (event_type, field, name) in every_name() {
        for value in fitting(field.kind) {
            accepted(event_type.name, &with(event_type, field, name, value));
        }
    }
}

#[test]
fn values_just_outside_the_bounds_are_refused_under_each_name() {
    for (event_type, field, name) in every_name() {
        for (value, below) in outside(field.kind) {
            let error = refused(event_type.name, &with(event_type, field, name, value));
            assert_eq!(error.code, Code::FieldOutOfRange, "{}.{name}", event_type.name);
            assert_eq!(error.field, Some(format!("event_data.{name}{below}")));
            assert!(error.message.len() < 200, "{}", error.message);
            let details = error.details.unwrap();
            assert!(details.contains_key("minimum") || details.contains_key("maximum"));
        }
    }
}

#[test]
fn a_time_that_is_none_is_an_invalid_date() {
    for (event_type, field, name) in every_name().filter(|(_, field, _)| field.kind == Kind::Time) {
        for value in ["", "yesterday", "2026-11-23", "2026-11-23T09:30:00", "2026-02-30T00:00:00Z"]
        {
            let error = refused(event_type.name, &with(event_type, field, name, value.into()));
            assert_eq!(error.code, Code::InvalidDate, "{}.{name}: {value}", event_type.name);
            assert_eq!(error.field, Some(format!("event_data.{name}")));
        }
    }
}

#[test]
fn a_field_and_its_alias_may_both_be_given_only_when_they_agree() {
    for (event_type, field, alias) in every_name().filter(|(_, field, name)| field.name != *name) {
        let values = fitting(field.kind);
        let mut data = with(event_type, field, alias, values[0].clone());
        data[field.name] = values[0].clone();
        accepted(event_type.name, &data);
        data[field.name] = values[1].clone();
        let error = refused(event_type.name, &data);
        assert_eq!(error.code, Code::AliasConflict, "{}.{alias}", event_type.name);
        assert_eq!(error.field, Some(format!("event_data.{alias}")));
        assert!(error.message.contains(field.name) && error.message.contains(alias));
        assert_eq!(error.details.unwrap()["fields"], json!([field.name, alias]));
    }
}

#[test]
fn aliases_are_compared_as_values_and_with_each_other() {
    accepted("test_passed", &json!({"passed_count": 45, "test_count": 45.0}));
    let error = refused("commit_created", &json!({"hash": "a1b2c3d", "sha": "a1b2c3e"}));
    assert_eq!(error.code, Code::AliasConflict);
    assert_eq!(
        error.message,
        "event_data.hash and event_data.sha mean the same, and their values differ"
    );
    assert_eq!(error.hint, "send commit_hash alone");
}

#[test]
fn fields_beyond_the_schema_are_accepted() {
    for event_type in catalogue().types() {
        let mut data = least(event_type);
        data.insert("x_unknown".into(), json!({"deep": [null, 1.5, "…"]}));
        data.insert(String::new(), Value::Null);
        accepted(event_type.name, &data.into());
    }
}

#[test]
fn a_field_is_read_through_its_aliases() {
    let event_type = catalogue().get("commit_created").unwrap();
    for name in ["commit_hash", "hash", "sha", "git_commit"] {
        let data = json!({name: "a1b2c3d"});
        assert_eq!(event_type.field(&data, "commit_hash"), Some(&json!("a1b2c3d")), "{name}");
    }
    assert_eq!(event_type.field(&json!({"sha": "s"}), "message"), None);
    assert_eq!(event_type.field(&json!("text"), "commit_hash"), None);
}
