//! No way into the store takes a secret along, and no refusal says it, through the program itself.

use std::fs;

use serde_json::json;

use super::draw::Draw;
use crate::cli::import::{commit, git};
use crate::cli_program::{Home, McpClient, Ran, Served};

fn token() -> String {
    Draw::new(3).fill("ghp_{w36}")
}

/// Whether any file of the store has the secret.
fn is_stored(home: &Home, secret: &str) -> bool {
    let store = home.default_store();
    let Ok(files) = fs::read_dir(store.parent().unwrap()) else { return false };
    let mut files = files.map(|entry| entry.unwrap().path());
    let has = |bytes: Vec<u8>| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
    files.any(|file| file.is_file() && has(fs::read(file).unwrap()))
}

fn taken(ran: Ran) -> Ran {
    assert_eq!(ran.code, 0, "{ran:?}");
    ran
}

#[test]
fn what_commands_record_has_no_secret() {
    let (home, secret) = (Home::new(), token());
    let context = format!("{{\"argv\": [\"--token\", \"{secret}\"]}}");
    let registering = ["register", "--project", "odin", "--host", &secret, "--context", &context];
    let instance = taken(home.run(&registering)).stdout.trim_end().to_owned();
    let data = format!("{{\"task_id\": \"t\", \"output\": \"with {secret}\", \"{secret}\": 1}}");
    let tags = format!("{{\"tags\": [\"{secret}\"]}}");
    let emitting = ["emit", &instance, "task_spawned", &data, "--metadata", &tags];
    taken(home.run(&[&emitting[..], &["--correlation-id", &secret]].concat()));
    taken(home.run(&["heartbeat", &instance, "--epic", &secret]));
    let line = json!({"kind": "task_spawned", "task_id": "t", "note": secret}).to_string();
    let importing =
        ["import", "jsonl", "-", "-p", "saga", "--source", "ci", "--type-field", "kind"];
    taken(home.run_with_input(&importing, line.as_bytes()));
    taken(home.run(&["close", &instance, "--reason", &format!("leaked {secret}")]));

    assert!(!is_stored(&home, &secret));
    let events = home.json(&["query", &instance, "--limit", "10"]).to_string();
    // Of the registration two, of the event four, then the heartbeat and the reason.
    assert_eq!(events.matches("[REDACTED:github-token]").count(), 8, "{events}");
}

#[test]
fn an_imported_history_has_no_secret() {
    let (home, secret) = (Home::new(), token());
    let path = home.work().join("odin");
    git(&home.work(), &["init", "-q", "-b", &format!("try-{secret}"), "odin"]);
    commit(&path, "a", &format!("ci: use {secret}\n\nand {secret} again"));
    commit(&path, &format!("{secret}.key"), "ci: keep it");
    let imported = home.json(&["import", "git", "odin"]);
    assert_eq!(imported["commits"], 2, "{imported}");
    assert!(!is_stored(&home, &secret));
}

#[test]
fn what_tools_record_has_no_secret() {
    let (home, secret) = (Home::new(), token());
    let mut client = McpClient::start(&home);
    let registering = json!({"project": "odin", "host": secret, "context": {"api_key": secret}});
    let instance = client.answer("register_instance", &registering)["instance_id"].clone();
    let event =
        json!({"event_type": "task_spawned", "event_data": {"task_id": "t", "x": [secret]}});
    let mut one = event.clone();
    one["instance_id"] = instance.clone();
    one["event_id"] = "0191e7a4-7c1e-7d20-9a3b-5f2b8c4d6e10".into();
    assert_eq!(client.answer("emit_event", &one)["duplicate"], false);
    assert_eq!(client.answer("emit_event", &one)["duplicate"], true);
    client.answer("emit_events", &json!({"instance_id": instance, "events": [event]}));
    client.answer("heartbeat", &json!({"instance_id": instance, "current_epic": secret}));
    client.end();
    assert!(!is_stored(&home, &secret));
}

#[test]
fn a_definition_with_a_secret_is_refused() {
    let (home, secret) = (Home::new(), token());
    let definition =
        format!("name = \"review\"\ncategory = \"testing\"\ndescription = \"As {secret} says.\"\n");
    home.file("review.toml", definition);
    let ran = home.run(&["types", "add", "review.toml"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert!(ran.stderr.contains("github-token"), "{ran:?}");
    assert!(!format!("{ran:?}").contains(&secret), "{ran:?}");
    assert!(!is_stored(&home, &secret));
}

#[test]
fn no_refusal_of_a_command_says_the_secret() {
    let (home, secret) = (Home::new(), token());
    let instance = home.register("odin");
    let twice = format!("{{\"epic_id\": \"e\", \"{secret}\": 1, \"{secret}\": 2}}");
    let inside = format!("{{\"epic_id\": {{\"{secret}\": \"{secret}\"}}}}");
    let file = format!("@{secret}");
    let (option, url) = (format!("--{secret}"), format!("postgres://app:{secret}@db/app"));
    let long = format!("{secret}{}", "0Aa".repeat(60));
    for arguments in [
        &["emit", &secret, "epic_started", r#"{"epic_id": "e"}"#][..],
        &["emit", &instance, &secret, "{}"],
        &["emit", &instance, "epic_started", &twice],
        &["emit", &instance, "epic_started", &inside],
        &["emit", &instance, "epic_started", &file],
        &["heartbeat", &secret],
        &["close", &secret],
        &["show", &secret],
        &["query", &secret],
        &["query", &instance, "--since", &secret],
        &["query", &instance, "--type", &secret],
        &["replay", &secret],
        &["types", &secret],
        &["types", "remove", &secret],
        &["register", "--project", &secret],
        &["import", "git", &secret],
        // What does not even make a command.
        &[&secret],
        &["query", &instance, "--limit", &secret],
        &["query", &instance, "--order", &secret],
        &["query", &instance, &option],
        &["emit", &instance, "epic_started", "{}", &secret],
        &["serve", "--listen", &secret],
        &["doctor", "--store", &url],
        &["query", &instance, "--since", &long],
        &["query", &long],
    ] {
        for arguments in [arguments.to_vec(), [arguments, &["--json"]].concat()] {
            let ran = home.run(&arguments);
            assert!(ran.code > 0, "{arguments:?} {ran:?}");
            assert!(!format!("{ran:?}").contains(&secret), "{arguments:?} {ran:?}");
        }
    }
    // A line that is refused is told in the answer.
    let line = format!("{{\"{secret}\": 1, \"{secret}\": 2}}");
    let importing = ["import", "jsonl", "-", "-p", "saga", "--source", "ci", "--event-type", "x"];
    let ran = home.run_with_input(&[&importing[..], &["--json"]].concat(), line.as_bytes());
    assert!(ran.code > 0 && ran.stdout.contains("duplicate_key"), "{ran:?}");
    assert!(!format!("{ran:?}").contains(&secret), "{ran:?}");
}

#[test]
fn no_refusal_of_a_tool_says_the_secret() {
    let (home, secret) = (Home::new(), token());
    let mut client = McpClient::start(&home);
    let instance = client.answer("register_instance", &json!({"project": "odin"}));
    let id = &instance["instance_id"];
    let started = "epic_started";
    for (tool, arguments) in [
        ("emit_event", json!({"instance_id": secret, "event_type": "x", "event_data": {}})),
        ("emit_event", json!({"instance_id": id, "event_type": secret, "event_data": {}})),
        ("emit_event", json!({"instance_id": id, "event_type": started, "event_data": secret})),
        ("emit_event", json!({"instance_id": id, secret.clone(): 1})),
        ("emit_events", json!({"instance_id": id, "events": [secret]})),
        ("emit_events", json!({"instance_id": id, "events": [{secret.clone(): secret}]})),
        ("query_events", json!({"instance_id": secret})),
        ("query_events", json!({"instance_id": id, "filters": {"start_date": secret}})),
        ("heartbeat", json!({"instance_id": id, "context_percent": secret})),
        ("register_instance", json!({"project": secret})),
    ] {
        let (content, is_refusal) = client.call(tool, &arguments);
        assert!(is_refusal, "{tool} {arguments}");
        assert!(!content.to_string().contains(&secret), "{tool} {content}");
    }
    client.end();
}

#[test]
fn no_protocol_error_says_the_secret_and_each_has_a_code() {
    let (home, secret) = (Home::new(), token());
    let served = Served::start(&home, &[]);
    let mut client = McpClient::start(&home);
    let uri = format!("annals://types/{secret}");
    for (method, params, code) in [
        (secret.as_str(), json!({}), "unknown_method"),
        ("tools/call", json!({"name": secret}), "invalid_argument"),
        ("tools/list", json!({"cursor": secret}), "invalid_argument"),
        ("prompts/get", json!({"name": secret}), "invalid_argument"),
        ("resources/read", json!({"uri": secret}), "invalid_argument"),
        ("resources/read", json!({"uri": uri}), "unknown_event_type"),
        ("completion/complete", json!({"ref": secret}), "invalid_argument"),
        ("logging/setLevel", json!({"level": "info"}), "unknown_method"),
        ("initialize", json!({"protocolVersion": secret}), "invalid_argument"),
    ] {
        let over_stdio = client.request(method, params.clone());
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let (_, over_http) = served.post(message.to_string().as_bytes());
        for answer in [over_stdio, over_http] {
            let data = &answer["error"]["data"];
            assert_eq!(data["code"], code, "{method}: {answer}");
            assert!(data["hint"].is_string(), "{method}: {answer}");
            assert!(!answer.to_string().contains(&secret), "{method}: {answer}");
        }
    }
    client.end();
    assert_eq!(served.stop(), Some(0));
}
