//! The forms of a query: across instances, by values, chosen fields, JSON Lines and CSV, pages.

use serde_json::{Value, json};

use crate::cli_program::{Home, McpClient};

/// Two instances of `odin` and one of `saga`; gives the handle of the first.
fn recorded(home: &Home) -> String {
    let first = home.register("odin");
    home.emit(&first, "epic_started", r#"{"epic_id": "epic-003", "note": "a,\"b\"\nc"}"#);
    home.emit(&first, "test_passed", r#"{"passed_count": 45, "epic_id": "epic-003"}"#);
    let second = home.register("odin");
    home.emit(&second, "epic_started", r#"{"epic_id": "epic-003"}"#);
    let saga = home.register("saga");
    home.emit(&saga, "epic_started", r#"{"epic_id": "epic-003"}"#);
    first
}

#[test]
fn questions_across_instances_print_the_structured_content_of_the_tool() {
    let home = Home::new();
    let id = recorded(&home);
    let mut client = McpClient::start(&home);
    for (command, arguments) in [
        (vec!["-p", "odin"], json!({"project": "odin"})),
        (vec!["--epic", "epic-003"], json!({"epic": "epic-003"})),
        (
            vec!["-p", "odin", "--epic", "epic-003", "-n", "1"],
            json!({"project": "odin", "epic": "epic-003", "limit": 1}),
        ),
        (
            vec![&*id, "--where", "passed_count=45"],
            json!({"instance_id": id, "filters": {"where": {"passed_count": 45}}}),
        ),
        (
            vec![&*id, "--where", "epic_id=epic-003", "--where", "passed_count=45"],
            json!({"instance_id": id, "filters": {"where": {"epic_id": "epic-003", "passed_count": 45}}}),
        ),
    ] {
        let printed = home.json(&[&["query"], &command[..]].concat());
        assert_eq!(printed, client.answer("query_events", &arguments), "{command:?}");
        assert_ne!(printed["total_count"], 0, "{command:?}");
    }
    let twice = ["query", &id, "--where", "passed_count=45", "--where", "passed_count=46"];
    let ran = home.run(&twice);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(ran.stderr.starts_with("error: --where names passed_count twice"), "{ran:?}");
    let shown = home.run(&["query", "-p", "odin", "-t", "test_passed"]).stdout;
    assert!(shown.starts_with("INSTANCE "), "{shown}");
    assert!(shown.lines().nth(1).unwrap().starts_with(&id), "{shown}");
    client.end();
}

#[test]
fn pages_go_on_by_offset_or_cursor_without_a_gap_or_a_repeat() {
    let home = Home::new();
    let id = home.register("odin");
    for _ in 0..6 {
        home.emit(&id, "turn_completed", "{}");
    }
    let mut seen: Vec<Value> = Vec::new();
    let mut arguments = vec!["query".to_owned(), id.clone(), "-n".into(), "3".into()];
    loop {
        let page = home.json(&arguments);
        let events = page["events"].as_array().unwrap().iter();
        seen.extend(events.map(|event| event["sequence_num"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        // What is recorded meanwhile moves nothing.
        home.emit(&id, "turn_completed", "{}");
        let shown = home.run(&[&arguments[..4], &["--cursor".into(), cursor.into()]].concat());
        let more = shown.stderr.starts_with("3 of ");
        assert!(more == shown.stderr.contains("add --cursor "), "{shown:?}");
        arguments.splice(4.., ["--cursor".into(), cursor.into()]);
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
}

#[test]
fn json_lines_are_events_and_chosen_fields_are_all_that_is_shown() {
    let home = Home::new();
    let id = recorded(&home);
    let lines = |arguments: &[&str]| -> Vec<Value> {
        let ran = home.run(&[&["query", &id, "--order", "asc"], arguments].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = home.json(&["query", &id, "--order", "asc"]);
    assert_eq!(json!(lines(&["--format", "jsonl"])), all["events"]);
    assert_eq!(
        lines(&["--format", "jsonl", "--fields", "sequence_num,passed_count,event_data.note"])[1..],
        [
            json!({"sequence_num": 2, "event_data.note": "a,\"b\"\nc"}),
            json!({"sequence_num": 3, "passed_count": 45}),
        ]
    );
    let shown = home.run(&["query", &id, "--fields", "event_type,passed_count", "-n", "1"]).stdout;
    assert_eq!(shown, "EVENT_TYPE   PASSED_COUNT\ntest_passed  45\n");
    let ran = home.run(&["query", &id, "--fields", "a[x]", "--json"]);
    assert_eq!((ran.code, &ran.json()["field"]), (5, &json!("fields")), "{ran:?}");
}

#[test]
fn csv_holds_every_byte_of_the_data() {
    let home = Home::new();
    let id = home.register("odin");
    let note = "a,\"b\"\r\nc\u{1b}[31m\u{202e}";
    home.emit(&id, "turn_completed", &json!({"note": note}).to_string());
    let ran =
        home.run(&["query", &id, "-n", "1", "--format", "csv", "--fields", "event_type,note"]);
    let quoted = note.replace('"', "\"\"");
    assert_eq!(ran.stdout, format!("event_type,note\nturn_completed,\"{quoted}\"\n"));
    let ran = home.run(&["query", &id, "--format", "csv"]);
    let heading = "sequence_num,timestamp,event_type,event_id,event_data,metadata\n";
    assert!(ran.stdout.starts_with(heading), "{ran:?}");
    assert_eq!(home.run(&["query", &id, "-k", "zzz", "--format", "csv"]).stdout, heading);
}
