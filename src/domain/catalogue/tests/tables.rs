//! The tables are well formed, and what is shown of them follows from them.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::super::{EventTypeDetails, EventTypeEntry, *};
use super::catalogue;

#[test]
fn the_catalogue_holds_the_types_of_the_specification_in_its_categories() {
    let names = |category| -> Vec<&str> {
        catalogue().types().filter(|t| t.category == category).map(|t| t.name).collect()
    };
    use Category as C;
    let specified: [(Category, &[&str]); 7] = [
        (C::Instance, &["instance_registered", "instance_heartbeat", "instance_stale"]),
        (C::Epic, &["epic_started", "epic_completed", "epic_failed"]),
        (
            C::Testing,
            &[
                "test_started",
                "test_passed",
                "test_failed",
                "validation_passed",
                "validation_failed",
            ],
        ),
        (C::Git, &["commit_created", "pr_created", "pr_merged"]),
        (C::Deployment, &["deployment_started", "deployment_completed", "deployment_failed"]),
        (C::WorkState, &["context_window_updated", "checkpoint_created", "checkpoint_loaded"]),
        (C::Planning, &["epic_planned", "feature_requested", "task_spawned"]),
    ];
    assert_eq!(specified.iter().map(|(_, names)| names.len()).sum::<usize>(), 23);
    let further: [(Category, &[&str]); 7] = [
        (C::Instance, &["instance_closed", "instance_resumed", "archived", "erased"]),
        (C::Epic, &[]),
        (C::Testing, &[]),
        (C::Git, &[]),
        (C::Deployment, &["deployment_done"]),
        (
            C::WorkState,
            &[
                "prompt_submitted",
                "turn_completed",
                "context_compacted",
                "command_logged",
                "capture_gap",
                "capture_error",
            ],
        ),
        (C::Planning, &["task_completed", "task_failed", "prd_updated"]),
    ];
    for ((category, specified), (_, further)) in specified.into_iter().zip(further) {
        let expected: HashSet<&str> = specified.iter().chain(further).copied().collect();
        assert_eq!(names(category).len(), expected.len(), "{category}");
        assert_eq!(names(category).into_iter().collect::<HashSet<_>>(), expected, "{category}");
    }
}

#[test]
fn every_table_is_well_formed() {
    let snake = |name: &str| {
        !name.is_empty()
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_numeric() || c == '_')
    };
    let mut names = HashSet::new();
    for event_type in catalogue().types() {
        let name = event_type.name;
        assert!(names.insert(name) && snake(name) && name.len() <= 64, "{name}");
        assert!(event_type.description.ends_with('.'), "{name}");
        assert!(!event_type.description.contains("  "), "{name}");
        assert_eq!(event_type.store_only, ["archived", "erased"].contains(&name), "{name}");
        let mut fields = HashSet::new();
        for field in event_type.fields {
            for field_name in field.names() {
                assert!(fields.insert(field_name) && snake(field_name), "{name}.{field_name}");
            }
            assert!(!field.doc.is_empty() && !field.doc.ends_with('.'), "{name}.{}", field.name);
        }
        for required in event_type.required.iter().flat_map(|group| group.iter()) {
            assert!(event_type.fields.iter().any(|f| f.name == *required), "{name}.{required}");
        }
    }
}

/// What identifies a fact, and the short names for it, are a promise to callers.
#[test]
fn the_required_groups_and_aliases_are_the_promised_ones() {
    let task: &[&str] = &["task_id", "task_name", "description"];
    let promised: &[(&str, &[&[&str]])] = &[
        ("instance_registered", &[&["project"]]),
        ("archived", &[&["first_sequence"], &["last_sequence"]]),
        ("erased", &[&["event_id"]]),
        ("epic_started", &[&["epic_id"]]),
        ("epic_completed", &[&["epic_id"]]),
        ("epic_failed", &[&["epic_id"]]),
        ("test_passed", &[&["passed_count", "test_count"]]),
        ("test_failed", &[&["failed_count", "test_count"]]),
        ("commit_created", &[&["commit_hash", "hash", "sha", "git_commit"]]),
        ("pr_created", &[&["pr_number", "number", "pr_url", "url"]]),
        ("pr_merged", &[&["pr_number", "number", "pr_url", "url"]]),
        ("deployment_started", &[&["service"]]),
        ("deployment_completed", &[&["service"]]),
        ("deployment_done", &[&["service"]]),
        ("deployment_failed", &[&["service"]]),
        ("context_window_updated", &[&["context_percent"]]),
        ("checkpoint_created", &[&["checkpoint_id"]]),
        ("checkpoint_loaded", &[&["checkpoint_id"]]),
        ("command_logged", &[&["action"]]),
        ("capture_gap", &[&["reason"]]),
        ("capture_error", &[&["error"]]),
        ("epic_planned", &[&["epic_id"]]),
        ("feature_requested", &[&["feature_name"]]),
        ("task_spawned", &[task]),
        ("task_completed", &[task]),
        ("task_failed", &[task]),
        ("prd_updated", &[&["version"]]),
    ];
    let kept: Vec<(&str, Vec<Vec<&str>>)> = catalogue()
        .types()
        .filter(|event_type| !event_type.required.is_empty())
        .map(|t| (t.name, t.required.iter().map(|group| t.accepted_names(group)).collect()))
        .collect();
    let promised: Vec<(&str, Vec<Vec<&str>>)> = promised
        .iter()
        .map(|(name, groups)| (*name, groups.iter().map(|group| group.to_vec()).collect()))
        .collect();
    assert_eq!(kept, promised);
    for name in ["test_passed", "test_failed"] {
        let event_type = catalogue().get(name).unwrap();
        let data = json!({"coverage": 87});
        assert_eq!(event_type.field(&data, "coverage_percent"), Some(&json!(87)), "{name}");
    }
}

#[test]
fn tables_and_lookups_agree() {
    for event_type in catalogue().types() {
        assert_eq!(catalogue().get(event_type.name), Some(event_type));
        assert_eq!(catalogue().category(event_type.name), Some(event_type.category));
    }
    assert_eq!(catalogue().get("Epic_Started"), None);
    assert_eq!(catalogue().category("nothing"), None);
    for category in Category::ALL {
        assert_eq!(Category::parse(category.as_str()), Some(category));
        assert_eq!(serde_json::to_value(category).unwrap(), category.as_str());
    }
    assert_eq!(Category::parse("Epic"), None);
}

#[test]
fn the_list_entry_has_the_fields_of_the_specification_and_omits_what_is_empty() {
    let entry = |name: &str| serde_json::to_value(catalogue().get(name).unwrap().entry()).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();

    let epic = entry("epic_started");
    assert_eq!(epic["type"], "epic_started");
    assert_eq!(epic["category"], "epic");
    assert_eq!(epic["required_fields"], json!(["epic_id"]));
    assert!(epic["optional_fields"].as_array().unwrap().contains(&json!("estimated_hours")));
    assert_eq!(
        keys(&epic),
        ["category", "description", "example", "optional_fields", "required_fields", "type"]
    );

    let test = entry("test_failed");
    assert_eq!(test["required_fields"], json!([]));
    assert_eq!(test["required_one_of"], json!([["failed_count", "test_count"]]));
    assert_eq!(test["aliases"], json!({"coverage": "coverage_percent"}));
    assert_eq!(entry("test_passed")["required_fields"], json!(["passed_count"]));
    assert_eq!(entry("erased")["store_only"], json!(true));
}

#[test]
fn the_details_add_the_schema_and_the_further_examples() {
    let event_type = catalogue().get("epic_started").unwrap();
    let details = serde_json::to_value(event_type.details()).unwrap();
    assert_eq!(details["type"], "epic_started");
    assert_eq!(details["schema"], Value::Object(event_type.schema()));
    assert_eq!(details["examples"].as_array().unwrap().len(), event_type.examples.len() - 1);
}

/// Some clients refuse a tool whose output schema has `true` in place of a property's schema.
#[test]
fn the_output_schemas_have_no_boolean_property_schema() {
    for schema in [schemars::schema_for!(EventTypeEntry), schemars::schema_for!(EventTypeDetails)] {
        let schema = schema.to_value();
        let properties = schema["properties"].as_object().unwrap();
        assert!(properties.len() >= 9);
        assert!(properties.values().all(Value::is_object), "{schema:#}");
        let required = schema["required"].as_array().unwrap();
        for optional in ["required_one_of", "aliases", "store_only"] {
            assert!(!required.contains(&optional.into()), "{optional}");
        }
    }
}
