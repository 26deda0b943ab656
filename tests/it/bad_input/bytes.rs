//! Bytes that are no JSON text: cut off, not UTF-8, empty, too many.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use serde_json::{Value, json};

use super::world::World;
use crate::cli_program::{McpClient, Ran, Served, tool_result};

/// Payloads that cannot be read, and the code that says so.
const UNREADABLE: &[(&[u8], &str)] = &[
    (b"{\"epic_id\":", "invalid_json"),
    (b"{\"epic_id\": \"e\"", "invalid_json"),
    (b"{\"epic_id\": \"e\"} {}", "invalid_json"),
    (b"{epic_id: e}", "invalid_json"),
    (b"{'epic_id': 'e'}", "invalid_json"),
    (b"{\"epic_id\": NaN}", "invalid_json"),
    (b"hello", "invalid_json"),
    (b"", "invalid_json"),
    (b"\xef\xbb\xbf{\"epic_id\": \"e\"}", "invalid_json"),
    (b"{\"epic_id\": \"\xff\xfe\"}", "invalid_utf8"),
    (b"{\"epic_id\": \"\xc3\x28\"}", "invalid_utf8"),
    (b"{\"epic_id\": \"\xed\xa0\x80\"}", "invalid_utf8"),
    (b"\x80", "invalid_utf8"),
];

/// Payloads that would not be stored as they are written: the code, and the place in the payload.
const FOLDED: &[(&[u8], &str, &str)] = &[
    (b"{\"epic_id\": \"\\ud800\"}", "invalid_unicode", "epic_id"),
    (b"{\"epic_id\": \"a\", \"epic_id\": \"b\"}", "duplicate_key", "epic_id"),
    (b"{\"epic_id\": \"a\", \"x\": [{\"y\": 1, \"\\u0079\": 1}]}", "duplicate_key", "x[0].y"),
    (b"{\"epic_id\": \"a\", \"n\": 12345678901234567890123}", "inexact_number", "n"),
    (b"{\"epic_id\": \"a\", \"n\": 1e999}", "inexact_number", "n"),
    (b"{\"epic_id\": \"a\", \"n\": [0.1, 3.14159265358979323846]}", "inexact_number", "n[1]"),
];

fn check(ran: &Ran, code: &str, field: &str) {
    assert_eq!(ran.code, 5, "{ran:?}");
    assert_eq!(ran.stderr, "", "{ran:?}");
    let refusal = ran.json();
    assert_eq!((&refusal["code"], &refusal["field"]), (&json!(code), &json!(field)), "{refusal}");
}

#[test]
fn the_command_line_refuses_unreadable_bytes_from_a_file_standard_input_and_an_argument() {
    let world = World::new();
    let before = world.state();
    for (bytes, code) in UNREADABLE {
        let emit = |data: OsString| -> Vec<OsString> {
            let words = ["emit", &world.open, "epic_started", "--json", "--"];
            words.map(OsString::from).into_iter().chain([data]).collect()
        };
        check(&world.home.run(&emit(world.file(bytes).into())), code, "event_data");
        check(&world.home.run_with_input(&emit("-".into()), bytes), code, "event_data");
        check(&world.home.run(&emit(OsString::from_vec(bytes.to_vec()))), code, "event_data");
        let metadata = ["emit", &world.open, "turn_completed", "{}", "--json", "--metadata", "-"];
        check(&world.home.run_with_input(&metadata, bytes), code, "metadata");
        let ran = world.home.run_with_input(&["emit", &world.open, "epic_started", "-"], bytes);
        assert!(
            ran.stderr.contains(&format!("[{code}]\nhint: ")) && ran.stdout.is_empty(),
            "{ran:?}"
        );
    }
    assert_eq!(world.state(), before);
}

#[test]
fn data_that_would_not_be_stored_as_it_is_written_is_refused_by_its_place() {
    let world = World::new();
    let before = world.state();
    let mut client = McpClient::start(&world.home);
    let served = Served::start(&world.home, &[]);
    for (bytes, code, place) in FOLDED {
        let field = format!("event_data.{place}");
        let emit = ["emit", &world.open, "epic_started", "-", "--json"];
        check(&world.home.run_with_input(&emit, bytes), code, &field);
        let message = message(&world, bytes);
        client.send(&message);
        let (status, answer) = served.post(&message);
        assert_eq!(status, 200);
        for answer in [client.receive(), answer] {
            let (refusal, is_refusal) = tool_result(&answer);
            assert!(is_refusal, "{answer}");
            assert_eq!((&refusal["code"], &refusal["field"]), (&json!(code), &json!(field)));
        }
    }
    client.end();
    assert_eq!(served.stop(), Some(0));
    assert_eq!(world.state(), before);
}

#[test]
fn a_batch_with_an_unreadable_line_names_the_line_and_is_not_stored() {
    let world = World::new();
    let before = world.state();
    let good = r#"{"event_type": "epic_started", "event_data": {"epic_id": "e"}}"#;
    let batch = ["emit", &world.open, "--json", "--batch", "-"];
    for (bytes, code) in UNREADABLE.iter().filter(|(bytes, _)| !bytes.is_empty()) {
        let lines = [good.as_bytes(), b"\n\n", bytes, b"\n", good.as_bytes()].concat();
        let ran = world.home.run_with_input(&batch, &lines);
        check(&ran, code, "events[1]");
        let refusal = ran.json();
        assert_eq!(refusal["index"], 1);
        assert!(refusal["error"].as_str().unwrap().starts_with("line 3: "), "{refusal}");
    }
    for (bytes, code, place) in FOLDED {
        let lines = [
            good.as_bytes(),
            br#"
{"event_type": "epic_started", "event_data": "#,
            bytes,
            b"}",
        ];
        let ran = world.home.run_with_input(&batch, &lines.concat());
        check(&ran, code, &format!("events[1].event_data.{place}"));
    }
    check(&world.home.run_with_input(&batch, b"[{\"event_type\":"), "invalid_json", "events");
    check(&world.home.run_with_input(&batch, b""), "empty_batch", "events");
    check(&world.home.run_with_input(&batch, b" \n\n"), "empty_batch", "events");
    assert_eq!(world.state(), before);
}

#[test]
fn files_that_cannot_be_read_or_end_are_refused() {
    let world = World::new();
    let before = world.state();
    let emit =
        |file: &str| world.home.run(&["emit", &world.open, "turn_completed", file, "--json"]);
    check(&emit("@none.json"), "invalid_input", "event_data");
    check(&emit("@"), "invalid_input", "event_data");
    check(&emit("@."), "invalid_input", "event_data");
    check(&emit("@/dev/zero"), "payload_too_large", "event_data");
    let both = ["emit", &world.open, "turn_completed", "-", "--metadata", "-", "--json"];
    check(&world.home.run_with_input(&both, b"{}"), "invalid_argument", "metadata");
    assert_eq!(world.state(), before);
}

#[test]
fn arguments_that_are_no_utf_8_are_refused() {
    let world = World::new();
    let before = world.state();
    let bad = || OsString::from_vec(b"odin\xff".to_vec());
    for words in [
        vec!["query".into(), bad()],
        vec!["emit".into(), world.open.clone().into(), bad()],
        vec!["register".into(), "--project".into(), bad()],
    ] {
        let mut json = words.clone();
        json.push("--json".into());
        let ran = world.home.run(&json);
        assert_eq!((ran.code, &ran.json()["code"]), (2, &json!("invalid_utf8")), "{ran:?}");
        let ran = world.home.run(&words);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:?}");
        assert!(ran.stderr.contains("UTF-8"), "{ran:?}");
    }
    assert_eq!(world.state(), before);
}

/// The message that emits this payload.
fn message(world: &World, payload: &[u8]) -> Vec<u8> {
    let head = format!(
        r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"mcp_meta_emit_event","arguments":{{"instance_id":"{}","event_type":"epic_started","event_data":"#,
        world.open
    );
    [head.as_bytes(), payload, b"}}}"].concat()
}

fn check_message(answer: &Value, code: &str) {
    assert_eq!(answer["error"]["code"], -32700, "{answer}");
    let refusal = &answer["error"]["data"];
    assert_eq!(
        (&refusal["code"], &refusal["field"]),
        (&json!(code), &json!("message")),
        "{answer}"
    );
}

#[test]
fn mcp_refuses_unreadable_lines_and_bodies() {
    let world = World::new();
    let before = world.state();
    let mut client = McpClient::start(&world.home);
    let served = Served::start(&world.home, &[]);
    for (bytes, code) in UNREADABLE {
        let message = message(&world, bytes);
        client.send(&message);
        check_message(&client.receive(), code);
        let (status, answer) = served.post(&message);
        assert_eq!(status, 400);
        check_message(&answer, code);
    }
    let answer = client.request("ping", json!({}));
    assert_eq!(answer["result"], json!({}), "the connection goes on");
    client.end();
    assert_eq!(served.stop(), Some(0));
    assert_eq!(world.state(), before);
}
