//! What clients are told of the tools: their schemas, annotations and order.

use serde_json::{Map, Value, json};

use crate::mcp_session::server;

/// Every tool, in the order of the list.
pub const NAMES: [&str; 10] = [
    "mcp_meta_emit_event",
    "mcp_meta_emit_events",
    "mcp_meta_query_events",
    "mcp_meta_replay_events",
    "mcp_meta_list_event_types",
    "mcp_meta_register_instance",
    "mcp_meta_heartbeat",
    "mcp_meta_list_instances",
    "mcp_meta_get_instance_details",
    "mcp_meta_close_instance",
];

async fn definitions() -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let definitions = server(&folder).await.definitions();
    definitions.iter().map(|tool| serde_json::to_value(tool).unwrap()).collect()
}

/// Calls `check` with every schema in `schema` and its place.
fn walk(schema: &Value, place: &str, check: &mut dyn FnMut(&Map<String, Value>, &str)) {
    let Value::Object(object) = schema else {
        panic!("{place} is no object: {schema}");
    };
    check(object, place);
    for (name, property) in
        object.get("properties").and_then(Value::as_object).into_iter().flatten()
    {
        walk(property, &format!("{place}.{name}"), check);
    }
    for keyword in ["items", "not"] {
        if let Some(inner) = object.get(keyword) {
            walk(inner, &format!("{place}/{keyword}"), check);
        }
    }
    if let Some(inner @ Value::Object(_)) = object.get("additionalProperties") {
        walk(inner, &format!("{place}/*"), check);
    }
    for keyword in ["anyOf", "oneOf", "allOf"] {
        for (index, inner) in
            object.get(keyword).and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            walk(inner, &format!("{place}/{keyword}[{index}]"), check);
        }
    }
}

#[tokio::test]
async fn the_tools_are_listed_always_in_the_same_order() {
    let names = |tools: &[Value]| -> Vec<String> {
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    };
    let tools = definitions().await;
    assert_eq!(names(&tools), NAMES);
    assert_eq!(json!(tools).to_string(), json!(definitions().await).to_string());
}

#[tokio::test]
async fn every_schema_has_the_plain_form_that_all_clients_read() {
    for tool in definitions().await {
        for side in ["inputSchema", "outputSchema"] {
            walk(&tool[side], &format!("{} {side}", tool["name"]), &mut |schema, place| {
                for absent in ["$schema", "$ref", "$defs", "title", "nullable"] {
                    assert!(!schema.contains_key(absent), "{place} has {absent}");
                }
                let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
                assert!(matches!(format, "" | "uuid" | "date-time"), "{place} has format {format}");
            });
        }
    }
}

#[tokio::test]
async fn every_input_schema_names_its_arguments_and_refuses_others() {
    for tool in definitions().await {
        let schema = &tool["inputSchema"];
        assert_eq!(schema["type"], "object");
        walk(schema, tool["name"].as_str().unwrap(), &mut |schema, place| {
            let kind = schema.get("type").unwrap_or(&Value::Null);
            assert!(kind.is_string() || schema.contains_key("anyOf"), "{place} has type {kind}");
            assert!(
                !schema
                    .get("enum")
                    .is_some_and(|all| all.as_array().unwrap().contains(&Value::Null))
            );
            if kind == "object" {
                assert_eq!(
                    schema.get("additionalProperties"),
                    Some(&json!(!schema.contains_key("properties"))),
                    "{place}"
                );
            }
        });
        for (name, property) in schema["properties"].as_object().unwrap() {
            assert!(
                property["description"].is_string(),
                "{} {name} has no description",
                tool["name"]
            );
        }
    }
}

#[tokio::test]
async fn every_output_schema_is_an_object_that_is_an_answer_or_a_refusal() {
    for tool in definitions().await {
        let schema = &tool["outputSchema"];
        assert_eq!(schema["type"], "object");
        assert_eq!(schema["anyOf"].as_array().unwrap().len(), 2);
        let validator = jsonschema::validator_for(schema).unwrap();
        let refusal =
            json!({"success": false, "error": "e", "code": "c", "hint": "h", "known": []});
        assert!(validator.is_valid(&refusal), "{}", tool["name"]);
        assert!(!validator.is_valid(&json!({"success": false, "error": "e"})), "{}", tool["name"]);
    }
}

#[tokio::test]
async fn the_annotations_are_honest() {
    for tool in definitions().await {
        let (name, hints) = (tool["name"].as_str().unwrap(), &tool["annotations"]);
        assert_eq!(hints["openWorldHint"], false, "{name}");
        let reads =
            ["query", "replay", "list", "get"].iter().any(|verb| name[9..].starts_with(verb));
        assert_eq!(hints["readOnlyHint"], reads, "{name}");
        if !reads {
            assert_eq!(hints["destructiveHint"], false, "{name}");
            assert_eq!(hints["idempotentHint"], name == "mcp_meta_close_instance", "{name}");
        }
    }
}

#[tokio::test]
async fn the_list_of_tools_is_small() {
    // Input sides alone reach the model in most clients: about four bytes are a token.
    let inputs: usize = definitions()
        .await
        .iter_mut()
        .map(|tool| {
            tool.as_object_mut().unwrap().remove("outputSchema");
            tool.to_string().len()
        })
        .sum();
    assert!(inputs < 12_000, "{inputs} bytes");
}
