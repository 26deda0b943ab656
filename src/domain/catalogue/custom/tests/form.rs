//! The form in which definitions are written.

use super::*;

#[test]
fn a_definition_is_read_into_a_json_schema() {
    let definition = Definition::from_toml(REVIEW).unwrap();
    assert_eq!(definition.name, "review_completed");
    assert_eq!(definition.category, Category::Planning);
    assert_eq!(
        Value::Object(definition.schema.clone()),
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "description": "A code review ended.",
            "type": "object",
            "properties": {
                "review_id": {"type": "string", "minLength": 1, "maxLength": 128,
                              "description": "The review"},
                "findings": {"type": "integer", "minimum": 0,
                             "description": "How many findings it had"},
            },
            "required": ["review_id"],
        })
    );
    assert_eq!(
        definition.examples,
        [json!({"review_id": "r-1", "findings": 3}).as_object().unwrap().clone()]
    );
    let again = Definition::from_stored("review_completed", &definition.text()).unwrap();
    assert_eq!(again, definition);
    assert_eq!(again.text(), definition.text());
}

#[test]
fn every_kind_of_field_becomes_the_schema_that_it_says() {
    let toml = r#"
        name = "probe"
        category = "testing"
        description = "A probe."
        [fields]
        short = "string"
        when = "time"
        flag = { type = "boolean", description = "A flag" }
        ratio = { type = "number", minimum = 0, maximum = 0.5 }
        level = { type = "string", choices = ["low", "high"] }
        code = { type = "string", pattern = '^[A-Z]+-[0-9]+$' }
        names = { type = "array", items = "string", max_items = 3 }
        places = { type = "array", items = { type = "object", required = ["file"], fields = { file = "string", line = { type = "integer", minimum = 1 } } } }
        any = "object"
        [[examples]]
        when = 2026-11-23T09:30:00Z
        places = [{ file = "a.rs", line = 3 }]
        [[examples]]
    "#;
    let custom = custom_type(toml);
    let properties = &custom.definition().schema["properties"];
    for (field, schema) in [
        ("short", json!({"type": "string"})),
        ("when", json!({"type": "string", "format": "date-time", "maxLength": 64})),
        ("flag", json!({"type": "boolean", "description": "A flag"})),
        ("ratio", json!({"type": "number", "minimum": 0, "maximum": 0.5})),
        ("level", json!({"type": "string", "enum": ["low", "high"]})),
        ("code", json!({"type": "string", "pattern": "^[A-Z]+-[0-9]+$"})),
        ("names", json!({"type": "array", "items": {"type": "string"}, "maxItems": 3})),
        (
            "places",
            json!({"type": "array", "items": {"type": "object", "required": ["file"],
                "properties": {"file": {"type": "string"},
                               "line": {"type": "integer", "minimum": 1}}}}),
        ),
        ("any", json!({"type": "object"})),
    ] {
        assert_eq!(properties[field], schema, "{field}");
    }
    assert_eq!(custom.definition().examples[0]["when"], "2026-11-23T09:30:00Z");
    for (data, code) in [
        (json!({"when": "noon"}), Code::InvalidDate),
        (json!({"level": "middle"}), Code::FieldOutOfRange),
        (json!({"code": "x"}), Code::FieldOutOfRange),
        (json!({"names": ["a", 1]}), Code::InvalidFieldType),
        (json!({"names": ["a", "b", "c", "d"]}), Code::FieldOutOfRange),
        (json!({"places": [{"line": 1}]}), Code::MissingRequiredField),
        (json!({"ratio": 0.75}), Code::FieldOutOfRange),
    ] {
        assert_eq!(custom.validate(&data).unwrap_err().code, code, "{data}");
    }
    custom.validate(&json!({"short": "x", "further": [1, {"a": null}]})).unwrap();
}

#[test]
fn a_schema_is_taken_as_json_text_or_as_a_table() {
    let schema = r##"{"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#/$defs/id"}},
        "$defs": {"id": {"type": "string", "maxLength": 3}}, "additionalProperties": false}"##;
    let text = format!("{}\nexamples = ['{{\"a\": \"x\"}}']", with_schema(schema));
    let table = r##"
        name = "probe"
        category = "testing"
        description = "A probe."
        [schema]
        type = "object"
        required = ["a"]
        additionalProperties = false
        properties.a."$ref" = "#/$defs/id"
        "$defs".id = { type = "string", maxLength = 3 }
        [[examples]]
        a = "x"
    "##;
    let custom = custom_type(&text);
    assert_eq!(custom.definition(), custom_type(table).definition());
    let error = custom.validate(&json!({"a": "long"})).unwrap_err();
    assert_eq!(error.message, "event_data.a has 4 characters, the maximum is 3");
    let error = custom.validate(&json!({"a": "x", "b": 1})).unwrap_err();
    assert_eq!(error.message, "event_data takes no further field, found b");
}

#[test]
fn faults_of_the_form_are_named_with_their_line() {
    for (toml, part) in [
        ("", "missing field `name`"),
        ("name = ", "line 1: "),
        ("name = \"a\"\nname = \"b\"", "line 2: duplicate key"),
        ("name = \"a\"\ncolour = 3", "line 2: unknown field `colour`"),
        ("name = 3", "invalid type: integer `3`"),
        ("[fields]\na = \"text\"", "unknown variant `text`"),
        ("[fields.a]\ntype = \"string\"\nminimum = 3", "unknown field `minimum`"),
        ("[fields.a]\nmax_length = 3", "missing field `type`"),
        ("[fields]\na = 3", "the type of a field, or a table"),
        ("[fields.a]\ntype = \"number\"\nmaximum = inf", "JSON"),
    ] {
        let error = refusal_of(toml);
        assert_eq!(error.code, Code::InvalidEventType, "{toml}");
        assert!(error.message.starts_with("the definition cannot be read: "), "{}", error.message);
        assert!(error.message.contains(part), "{toml}: {}", error.message);
        assert!(error.message.chars().count() < 400);
    }
}

#[test]
fn parts_that_do_not_fit_are_refused_by_name() {
    let review = |from: &str, to: &str| {
        assert!(REVIEW.contains(from), "{from}");
        REVIEW.replacen(from, to, 1)
    };
    let long = format!("\"{}\"", "x".repeat(1_001));
    for (toml, code, field) in [
        (review("planning", "plans"), Code::UnknownCategory, "category"),
        (review("review_completed", "Review"), Code::InvalidEventType, "name"),
        (review("review_completed", ""), Code::InvalidEventType, "name"),
        (review("review_completed", "1review"), Code::InvalidEventType, "name"),
        (review("review_completed", "überprüfung"), Code::InvalidEventType, "name"),
        (review("review_completed", &"x".repeat(65)), Code::InvalidEventType, "name"),
        (review("review_completed", "epic_started"), Code::InvalidEventType, "name"),
        (review("review_completed", "archived"), Code::InvalidEventType, "name"),
        (review("review_completed", "annals_review"), Code::InvalidEventType, "name"),
        (review("\"A code review ended.\"", "\"\""), Code::InvalidEventType, "description"),
        (review("\"A code review ended.\"", &long), Code::InvalidEventType, "description"),
        (review("review ended.", "\\u001b[31m"), Code::InvalidEventType, "description"),
        (review("[\"review_id\"]", "[\"review\"]"), Code::InvalidEventType, "required"),
        (review("findings = 3", "findings = -1"), Code::InvalidEventType, "examples[0]"),
        (review("review_id = \"r-1\"", ""), Code::InvalidEventType, "examples[0]"),
        (review("findings = 3", "findings = nan"), Code::InvalidEventType, "examples[0]"),
        (REVIEW.split("[[examples]]").next().unwrap().into(), Code::InvalidEventType, "examples"),
        (review("required", "schema = '{}'\nrequired"), Code::InvalidEventType, "fields"),
        (
            with_schema("{\"type\": \"object\"}") + "\nrequired = [\"a\"]",
            Code::InvalidEventType,
            "required",
        ),
        (with_schema("[1]"), Code::InvalidEventType, "schema"),
        (with_schema("{"), Code::InvalidEventType, "schema"),
    ] {
        let error = refusal_of(&toml);
        assert_eq!((error.code, error.field.as_deref()), (code, Some(field)), "{}", error.message);
        assert!(!error.hint.is_empty());
    }
    let error = refusal_of(&review("findings = 3", "findings = -1"));
    assert_eq!(error.message, "examples[0].findings is -1, the minimum is 0");
}

#[test]
fn the_longest_name_and_a_type_without_fields_are_accepted() {
    let name = "x".repeat(64);
    let bare = format!("name = \"{name}\"\ncategory = \"git\"\ndescription = \"A thing.\"");
    let custom = custom_type(&bare);
    custom.validate(&json!({})).unwrap();
    custom.validate(&json!({"any": 1})).unwrap();
    assert_eq!(custom.validate(&json!([])).unwrap_err().code, Code::InvalidEventData);
}
