//! `--json` prints exactly what the MCP tool answers.

use serde_json::{Value, json};

use crate::cli_program::{Home, McpClient};

const EVENT_ID: &str = "0191e7a4-7c1e-7d20-9a3b-5f2b8c4d6e10";

/// A store with a bit of everything; gives the handle of its busiest instance.
fn recorded(home: &Home) -> String {
    let odin = home.register("odin");
    home.emit(&odin, "epic_started", r#"{"epic_id": "epic-003", "n": [1, 18446744073709551615]}"#);
    let arguments = [
        "emit",
        &odin,
        "test_passed",
        r#"{"passed_count": 45, "coverage": 87.5, "text": "a\u0000b\u202e"}"#,
        "--event-id",
        EVENT_ID,
        "--metadata",
        r#"{"tags": ["ci"]}"#,
        "--occurred-at",
        "2026-11-20T09:30:00+01:00",
        "--caused-by",
        "0191e7a4-7c1e-7d20-9a3b-000000000001",
        "--correlation-id",
        "build 7",
    ];
    assert_eq!(home.run(&arguments).code, 0);
    assert_eq!(home.run(&["heartbeat", &odin, "--context", "42", "--epic", "epic-003"]).code, 0);
    home.emit(&odin, "epic_completed", r#"{"epic_id": "epic-003"}"#);
    home.register("saga");
    let closed = home.register("odin");
    assert_eq!(home.run(&["close", &closed, "--reason", "done"]).code, 0);
    odin
}

/// The answer without what the clock alone decides.
fn timeless(mut answer: Value) -> Value {
    fn strip(value: &mut Value) {
        if let Value::Object(fields) = value {
            fields.remove("age_seconds");
            fields.remove("duration_ms");
        }
        match value {
            Value::Object(fields) => fields.values_mut().for_each(strip),
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut answer);
    answer
}

#[test]
fn reading_commands_print_the_structured_content_of_their_tools() {
    let home = Home::new();
    let id = recorded(&home);
    let mut client = McpClient::start(&home);
    let of = |further: Value| {
        let mut arguments = json!({"instance_id": id});
        arguments.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        arguments
    };
    let filters = |filters: Value| of(json!({"filters": filters}));
    let query = "query_events";
    let pairs: Vec<(Vec<&str>, &str, Value)> = vec![
        (vec!["query", &id], query, of(json!({}))),
        (vec!["query", &id, "--limit", "2"], query, of(json!({"limit": 2}))),
        (
            vec!["query", &id, "-n", "2", "--offset", "1", "--order", "asc"],
            query,
            of(json!({"limit": 2, "offset": 1, "order": "asc"})),
        ),
        (
            vec!["query", &id, "-t", "test_passed", "-t", "epic_started"],
            query,
            filters(json!({"event_type": ["test_passed", "epic_started"]})),
        ),
        (vec!["query", &id, "-c", "epic"], query, filters(json!({"category": "epic"}))),
        (vec!["query", &id, "-k", "COVERAGE"], query, filters(json!({"keyword": "coverage"}))),
        (vec!["query", &id, "--after", "3"], query, filters(json!({"after_sequence": 3}))),
        (
            vec!["query", &id, "--since", "2026-11-20", "--until", "2026-11-20"],
            query,
            filters(json!({"start_date": "2026-11-20", "end_date": "2026-11-20"})),
        ),
        (vec!["query", &id, "--offset", "99"], query, of(json!({"offset": 99}))),
        (vec!["replay", &id], "replay_events", of(json!({}))),
        (vec!["replay", &id, "--to", "2"], "replay_events", of(json!({"to_sequence_num": 2}))),
        (vec!["instances"], "list_instances", json!({})),
        (vec!["instances", "-p", "odin"], "list_instances", json!({"project": "odin"})),
        (vec!["instances", "--status", "closed"], "list_instances", json!({"status": "closed"})),
        (vec!["instances", "-n", "1"], "list_instances", json!({"limit": 1})),
        (vec!["show", &id], "get_instance_details", of(json!({}))),
        (vec!["types"], "list_event_types", json!({})),
        (vec!["types", "-c", "git"], "list_event_types", json!({"category": "git"})),
    ];
    for (command, tool, arguments) in pairs {
        let printed = timeless(home.json(&command));
        let answered = timeless(client.answer(tool, &arguments));
        assert_eq!(printed, answered, "{command:?}");
    }
    client.end();
}

#[test]
fn a_filter_shows_what_it_should() {
    let home = Home::new();
    let id = recorded(&home);
    let numbers = |arguments: &[&str]| -> Vec<Value> {
        let answer = home.json(&[&["query", &id], arguments].concat());
        let events = answer["events"].as_array().unwrap().iter();
        events.map(|event| event["sequence_num"].clone()).collect()
    };
    assert_eq!(numbers(&["-t", "test_passed", "-t", "epic_started"]), [3, 2]);
    assert_eq!(numbers(&["--since", "2026-11-20", "--until", "2026-11-20"]), [3]);
    assert_eq!(numbers(&["--after", "3", "--order", "asc"]), [4, 5]);
    assert_eq!(numbers(&["-k", "BUILD 7"]), [0; 0], "a correlation is no value of the payload");
    assert_eq!(numbers(&["-k", "Ci"]), [3]);
    let cursor = home.json(&["instances", "-n", "2"])["next_cursor"].clone();
    let rest = home.json(&["instances", "--cursor", cursor.as_str().unwrap()]);
    assert_eq!(rest["instances"].as_array().unwrap().len(), 1);
}

#[test]
fn writing_commands_print_the_structured_content_of_their_tools() {
    let home = Home::new();
    let mut client = McpClient::start(&home);
    let registered = home.json(&["register", "--project", "odin", "--host", "vidar", "--pid", "7"]);
    let through = json!({"project": "odin", "host": "vidar", "pid": 7});
    let other = client.answer("register_instance", &through);
    same_form(&registered, &other);
    let id = registered["handle"].as_str().unwrap();
    let other = &other["handle"];

    let data = r#"{"epic_id": "epic-003"}"#;
    let event = json!({"event_type": "epic_started", "event_data": {"epic_id": "epic-003"}});
    let emitted = home.json(&["emit", id, "epic_started", data, "--event-id", EVENT_ID]);
    let mut arguments = event.clone();
    arguments["instance_id"] = other.clone();
    same_form(&emitted, &client.answer("emit_event", &arguments));
    // A repeat is answered as the first time.
    let repeat = home.json(&["emit", id, "epic_started", data, "--event-id", EVENT_ID]);
    arguments["instance_id"] = json!(id);
    arguments["event_id"] = json!(EVENT_ID);
    assert_eq!(repeat, client.answer("emit_event", &arguments));
    assert_eq!((&repeat["duplicate"], &repeat["hash"]), (&json!(true), &emitted["hash"]));

    let batch = home.json(&["emit", id, "--batch", &json!([event, event]).to_string()]);
    let through =
        client.answer("emit_events", &json!({"instance_id": other, "events": [event, event]}));
    same_form(&batch, &through);
    assert_eq!(batch["head_sequence_num"], 4);

    let beat = home.json(&["heartbeat", id, "--context", "42", "--epic", "e"]);
    let through = json!({"instance_id": other, "context_percent": 42, "current_epic": "e"});
    same_form(&beat, &client.answer("heartbeat", &through));
    let closed = home.json(&["close", id, "--reason", "done"]);
    same_form(
        &closed,
        &client.answer("close_instance", &json!({"instance_id": other, "reason": "done"})),
    );
    client.end();

    // What both ways stored is the same, too.
    let stored = |id: &str| {
        let mut answer = home.json(&["query", id]);
        let events = answer["events"].as_array_mut().unwrap();
        for event in events.iter_mut() {
            for name in ["event_id", "timestamp"] {
                event.as_object_mut().unwrap().remove(name).unwrap();
            }
        }
        answer
    };
    assert_eq!(stored(id), stored(other.as_str().unwrap()));
}

/// Two answers with the same fields, of the same types.
fn same_form(one: &Value, other: &Value) {
    match (one, other) {
        (Value::Object(ones), Value::Object(others)) => {
            let names = |fields: &serde_json::Map<_, _>| fields.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(ones), names(others));
            ones.iter().for_each(|(name, value)| same_form(value, &others[name]));
        }
        (Value::Array(ones), Value::Array(others)) => {
            assert_eq!(ones.len(), others.len());
            ones.iter().zip(others).for_each(|(one, other)| same_form(one, other));
        }
        _ => assert_eq!(
            std::mem::discriminant(one),
            std::mem::discriminant(other),
            "{one} and {other}"
        ),
    }
}

#[test]
fn one_type_is_printed_with_its_schema() {
    let home = Home::new();
    let details = home.json(&["types", "test_passed"]);
    assert_eq!(details["type"], "test_passed");
    assert_eq!(details["schema"]["type"], "object");
    assert!(details["schema"]["properties"]["passed_count"].is_object());
    let ran = home.run(&["types", "test_pased", "--json"]);
    assert_eq!((ran.code, &ran.json()["code"]), (5, &json!("unknown_event_type")));
}
