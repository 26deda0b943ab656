//! Schemas that would fetch, never end, or eat memory or time.

use std::time::{Duration, Instant};

use super::*;

fn object(rest: Value) -> Value {
    let mut schema = json!({"type": "object"});
    schema.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    schema
}

/// On a thread with the stack of a worker, as the service runs it.
fn on_a_small_stack<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap()
}

#[test]
fn a_reference_to_anything_outside_is_refused_and_nothing_is_fetched() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let ours = format!("http://{}/schema.json", listener.local_addr().unwrap());
    for target in [
        ours.as_str(),
        "https://example.org/schema.json",
        "file:///etc/hostname",
        "/etc/hostname",
        "other.json",
        "//example.org/x",
        "urn:uuid:0191e7a4-5b1c-7000-8000-3d5c8f4a2b10",
        "https://json-schema.org/draft/2020-12/schema",
        "https://json-schema.org/draft/2020-12/schema#/$defs/anchorString",
        "json-schema:///meta/core",
        "#anchor",
        "#/%24defs/a",
        "",
    ] {
        for schema in [
            json!({"$ref": target}),
            json!({"properties": {"a": {"items": [{"anyOf": [{"$ref": target}]}]}}}),
            json!({"$defs": {"const": {"not": {"$ref": target}}}}),
            json!({"unknown": {"words": {"$ref": target}}}),
            json!({"properties": {"enum": {"$ref": target}}}),
        ] {
            let error = refused_schema(&object(schema));
            assert!(error.message.contains("which is not in the schema itself"), "{target}");
            assert!(error.field.as_deref().unwrap().ends_with("$ref"), "{:?}", error.field);
        }
    }
    let connection = listener.accept().unwrap_err();
    assert_eq!(connection.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn other_identities_and_dialects_are_refused() {
    for (schema, field) in [
        (json!({"$id": "https://example.org/a"}), "schema.$id"),
        (json!({"$defs": {"a": {"$id": "a"}}}), "schema.$defs.a.$id"),
        (json!({"$defs": {"a": {"$anchor": "a"}}}), "schema.$defs.a.$anchor"),
        (json!({"$dynamicAnchor": "a"}), "schema.$dynamicAnchor"),
        (json!({"properties": {"a": {"$dynamicRef": "#a"}}}), "schema.properties.a.$dynamicRef"),
        (json!({"$schema": "http://json-schema.org/draft-07/schema#"}), "schema.$schema"),
        (json!({"$schema": "https://example.org/own"}), "schema.$schema"),
        (json!({"$schema": 7}), "schema.$schema"),
        (
            json!({"$defs": {"a": {"$schema": "https://json-schema.org/draft/2020-12/schema"}}}),
            "schema.$defs.a.$schema",
        ),
    ] {
        assert_eq!(refused_schema(&object(schema)).field.as_deref(), Some(field));
    }
}

#[test]
fn a_reference_that_leads_back_to_itself_is_refused() {
    for schema in [
        json!({"$ref": "#"}),
        json!({"properties": {"child": {"$ref": "#"}}}),
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}),
        json!({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
        json!({"$defs": {"a": {"properties": {"x": {"allOf": [{"$ref": "#/$defs/a"}]}}}}}),
        json!({"$defs": {"a": {"items": {"$ref": "#/$defs/a/items"}}}}),
        json!({"$defs": {"a": {"items": {"$ref": "#/$defs"}}}}),
    ] {
        let error = refused_schema(&object(schema.clone()));
        assert!(error.message.contains("leads back to itself"), "{schema}: {}", error.message);
    }
}

#[test]
fn a_reference_to_nothing_is_refused() {
    for target in ["#/$defs/b", "#/", "#/$defs/a/x", "#/required/3"] {
        let schema = json!({"$defs": {"a": {}}, "required": [], "allOf": [{"$ref": target}]});
        let error = refused_schema(&object(schema));
        assert!(error.message.contains("there is no such part"), "{}", error.message);
    }
}

#[test]
fn references_within_the_schema_are_followed() {
    let custom = custom_type(&with_schema(
        r##"{"type": "object",
            "properties": {"a": {"$ref": "#/$defs/small"}, "$ref": {"$ref": "#/$defs/a~1b"},
                           "const": {"const": {"$ref": "https://example.org/data"}}},
            "$defs": {"small": {"type": "integer", "maximum": 9}, "a/b": {"type": "string"}}}"##,
    ));
    custom
        .validate(&json!({"a": 9, "$ref": "x", "const": {"$ref": "https://example.org/data"}}))
        .unwrap();
    assert_eq!(custom.validate(&json!({"a": 10})).unwrap_err().code, Code::FieldOutOfRange);
    assert_eq!(custom.validate(&json!({"$ref": 1})).unwrap_err().code, Code::InvalidFieldType);
    assert!(custom.validate(&json!({"const": 1})).is_err());
}

#[test]
fn a_schema_that_grows_when_its_references_are_followed_is_refused_quickly() {
    let started = Instant::now();
    // Each part refers twice to the next: 2⁴⁰ parts at the last.
    let mut parts = serde_json::Map::new();
    for number in 0..40 {
        let next = format!("#/$defs/p{}", number + 1);
        parts.insert(format!("p{number}"), json!({"allOf": [{"$ref": next}, {"$ref": next}]}));
    }
    parts.insert("p40".into(), json!({"type": "string"}));
    let error = refused_schema(&object(json!({"$ref": "#/$defs/p0", "$defs": parts})));
    assert_eq!(error.field.as_deref(), Some("schema"));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn a_schema_nested_too_deep_is_refused_whether_written_out_or_by_references() {
    for levels in [70, 126] {
        let mut schema = json!({});
        for _ in 0..levels {
            schema = json!({"not": schema});
        }
        assert!(refused_schema(&object(schema)).message.contains("64 levels"));
    }
    let mut constant = json!(1);
    for _ in 0..70 {
        constant = json!([constant]);
    }
    assert!(refused_schema(&object(json!({"const": constant}))).message.contains("64 levels"));
    let chain: serde_json::Map<_, _> = (0..200)
        .map(|number| {
            (format!("p{number}"), json!({"not": {"$ref": format!("#/$defs/p{}", number + 1)}}))
        })
        .chain([("p200".to_owned(), json!({}))])
        .collect();
    let error = refused_schema(&object(json!({"$defs": chain})));
    assert!(error.message.contains("64 levels"), "{}", error.message);
    let text = with_schema(&format!("{}{}", "{\"not\":".repeat(5_000), "}".repeat(5_000)));
    assert_eq!(refusal_of(&text).code, Code::InvalidEventType);
    let toml = format!("name = \"a\"\nexamples = {}{}", "[".repeat(9_000), "]".repeat(9_000));
    assert_eq!(refusal_of(&toml).code, Code::InvalidEventType);
}

#[test]
fn the_deepest_schema_compiles_and_runs_on_a_small_stack() {
    on_a_small_stack(|| {
        for keyword in ["not", "items", "additionalProperties"] {
            // With the object itself, its properties and the innermost part, 64 levels.
            let (mut schema, mut data) = (json!({}), json!({}));
            for _ in 0..61 {
                schema = json!({keyword: schema});
                data = if keyword == "items" { json!([data]) } else { json!({"a": data}) };
            }
            let deepest = object(json!({"properties": {"x": schema}}));
            let custom = custom_type(&with_schema(&deepest.to_string()));
            let fits = custom.validate(&json!({"x": data})).is_ok();
            assert_eq!(fits, keyword != "not", "{keyword}");
            refused_schema(&object(json!({"properties": {"x": {keyword: schema}}})));
        }
    });
}

#[test]
fn a_definition_that_is_too_large_is_refused() {
    let toml = format!("{REVIEW}\n# {}", "x".repeat(64 * 1024));
    let error = refusal_of(&toml);
    assert_eq!(error.code, Code::InvalidEventType);
    assert!(error.message.contains("the limit is 65536"), "{}", error.message);
    // Small as it is written, large as it is stored.
    let fields: String = (0..2_500).map(|n| format!("f{n}=\"time\"\n")).collect();
    let error = refusal_of(&format!(
        "name=\"a\"\ncategory=\"git\"\ndescription=\"A.\"\n[fields]\n{fields}"
    ));
    assert!(error.message.contains("the limit is 65536"), "{}", error.message);
}

#[test]
fn a_bad_or_an_expensive_pattern_is_refused() {
    for pattern in ["(", "[z-a]", "a{2,1}", "(?<=a)b", "(a)\\1", "(?=a)", "\\w{1000}{1000}"] {
        for schema in [
            json!({"properties": {"a": {"pattern": pattern}}}),
            json!({"patternProperties": {pattern: {}}}),
        ] {
            refused_schema(&object(schema));
        }
    }
    let many: serde_json::Map<_, _> =
        (0..65).map(|n| (format!("f{n}"), json!({"pattern": format!("^{n}$")}))).collect();
    let error = refused_schema(&object(json!({"properties": many})));
    assert!(error.message.contains("more than 64 patterns"), "{}", error.message);
}

#[test]
fn a_pattern_that_backtracks_elsewhere_runs_in_linear_time() {
    let toml = with_schema(
        r#"{"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"},
            "b": {"type": "string", "pattern": "^(a|aa)+(b|c)*d$"}}}"#,
    );
    let custom = custom_type(&toml);
    let started = Instant::now();
    let text = "a".repeat(100_000) + "!";
    assert!(custom.validate(&json!({"a": text})).is_err());
    assert!(custom.validate(&json!({"b": text})).is_err());
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn an_unknown_format_is_refused_and_a_known_one_is_checked() {
    let error = refused_schema(&object(json!({"properties": {"a": {"format": "date-tme"}}})));
    assert_eq!(error.field.as_deref(), Some("schema.properties.a.format"));
    let custom = custom_type(&with_schema(
        r#"{"type": "object", "properties": {"a": {"format": "email"}, "format": {"type": "string"}}}"#,
    ));
    custom.validate(&json!({"a": "a@example.org", "format": "wide"})).unwrap();
    assert_eq!(custom.validate(&json!({"a": "nobody"})).unwrap_err().code, Code::FieldOutOfRange);
}

#[test]
fn a_schema_that_is_none_or_not_for_an_object_is_refused() {
    for schema in ["true", "false", "null", "3", "\"object\"", "[]"] {
        assert_eq!(refusal_of(&with_schema(schema)).field.as_deref(), Some("schema"), "{schema}");
    }
    for schema in [
        json!({}),
        json!({"type": "string"}),
        json!({"type": ["object", "null"]}),
        json!({"type": "text"}),
    ] {
        assert_eq!(refused_schema(&schema).field.as_deref(), Some("schema.type"), "{schema}");
    }
    for (schema, place) in [
        (json!({"properties": []}), "schema/properties"),
        (json!({"properties": {"x": {"minimum": "1"}}}), "schema/properties/x/minimum"),
        (json!({"required": "a"}), "schema/required"),
        (json!({"properties": {"x": 3}}), "schema/properties/x"),
        (json!({"$defs": {"x": {"$ref": 3}}}), "schema/$defs/x/$ref"),
    ] {
        assert_eq!(refused_schema(&object(schema)).field.as_deref(), Some(place));
    }
    // What no payload fits, no example fits.
    let error = refused_schema(&object(json!({"not": {}})));
    assert_eq!(error.field.as_deref(), Some("examples"));
}

#[test]
fn boolean_schemas_within_a_schema_are_fine() {
    let custom = custom_type(&with_schema(
        r#"{"type": "object", "properties": {"a": true, "b": false}, "additionalProperties": false}"#,
    ));
    custom.validate(&json!({"a": [null]})).unwrap();
    assert!(custom.validate(&json!({"b": 1})).is_err());
    assert!(custom.validate(&json!({"c": 1})).is_err());
    assert_eq!(custom.entry().optional_fields, ["a", "b"]);
    assert_eq!(custom.explained("a"), None);
}
