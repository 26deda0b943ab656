//! The tools of Annals over a real store: a whole session, and every refusal.

use std::sync::Arc;

use annals::mcp::{Server, stdio};
use annals::service::Service;
use annals::store::{self, Address, Opening, SystemClock};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, duplex, split};
use tokio_util::sync::CancellationToken;

/// The server of Annals over a store in `folder`.
pub async fn server(folder: &tempfile::TempDir) -> Server<Service> {
    let address = Address::Sqlite(folder.path().join("annals.db"));
    let clock = Arc::new(SystemClock);
    Server::new(Service::new(
        store::open(&address, Opening::new(clock.clone())).await.unwrap(),
        clock,
    ))
}

struct Session {
    input: tokio::io::WriteHalf<tokio::io::DuplexStream>,
    output: tokio::io::Lines<BufReader<tokio::io::ReadHalf<tokio::io::DuplexStream>>>,
    outputs: Vec<(String, jsonschema::Validator)>,
    id: u64,
}

impl Session {
    async fn start(folder: &tempfile::TempDir) -> Self {
        let server = server(folder).await;
        let outputs = server
            .definitions()
            .iter()
            .map(|tool| {
                let schema = Value::Object((**tool.output_schema.as_ref().unwrap()).clone());
                (tool.name.to_string(), jsonschema::validator_for(&schema).unwrap())
            })
            .collect();
        let (ours, theirs) = duplex(1 << 20);
        let (reader, writer) = split(theirs);
        tokio::spawn(stdio::serve_on(reader, writer, server, CancellationToken::new()));
        let (output, input) = split(ours);
        Self { input, output: BufReader::new(output).lines(), outputs, id: 0 }
    }

    async fn request(&mut self, method: &str, params: Value) -> Value {
        self.id += 1;
        let request = json!({"jsonrpc": "2.0", "id": self.id, "method": method, "params": params});
        self.input.write_all(format!("{request}\n").as_bytes()).await.unwrap();
        let line = self.output.next_line().await.unwrap().unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["id"], self.id);
        answer
    }

    /// Calls a tool; its structured content must fit the tool's output schema, refused or not.
    async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let name = format!("mcp_meta_{tool}");
        let answer =
            self.request("tools/call", json!({"name": name, "arguments": arguments})).await;
        let content = answer["result"]["structuredContent"].clone();
        assert_eq!(answer["result"]["content"][0]["text"], content.to_string());
        assert_eq!(answer["result"]["isError"], content["success"] == false);
        let (_, schema) = self.outputs.iter().find(|(known, _)| *known == name).unwrap();
        if let Err(error) = schema.validate(&content) {
            panic!("{tool}: {error} in {content}");
        }
        content
    }
}

#[tokio::test]
async fn a_session_registers_emits_queries_replays_and_closes() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = Session::start(&folder).await;
    let instance = session
        .call(
            "register_instance",
            json!({"project": "odin", "host": "h", "pid": 7, "context": {"a": [1, null]}}),
        )
        .await;
    assert_eq!(instance["success"], true);
    let (id, handle) = (instance["instance_id"].clone(), instance["handle"].clone());

    let started = json!({"epic_id": "epic-003", "feature_name": "login", "estimated_hours": 60});
    let emitted = session
        .call(
            "emit_event",
            json!({"instance_id": id, "event_type": "epic_started", "event_data": started}),
        )
        .await;
    assert_eq!(emitted["sequence_num"], 2);
    let odd = json!({"epic_id": "epic-003", "passed_count": 5, "big": u64::MAX, "zero": -0.0, "nul": "\u{0}", "é": [[]]});
    let batch = session
        .call(
            "emit_events",
            json!({"instance_id": handle, "events": [
                {"event_type": "test_passed", "event_data": odd, "metadata": {"tags": ["ci"]}, "occurred_at": "2026-01-01T00:00:00Z"},
                {"event_type": "commit_created", "event_data": {"hash": "a1b2c3d", "commit_hash": "a1b2c3d", "message": "m", "branch": "b"}}
            ]}),
        )
        .await;
    assert_eq!(batch["head_sequence_num"], 4, "{batch}");

    let page = session.call("query_events", json!({"instance_id": id, "limit": 2})).await;
    assert_eq!((&page["total_count"], &page["has_more"]), (&json!(4), &json!(true)));
    assert_eq!(page["events"][1]["event_data"], odd, "JSON comes back equal");
    let filters = json!({"event_type": ["test_passed"], "keyword": "CI"});
    let found = session.call("query_events", json!({"instance_id": id, "filters": filters})).await;
    assert_eq!(found["total_count"], 1);

    let replayed =
        session.call("replay_events", json!({"instance_id": id, "to_sequence_num": 2})).await;
    assert_eq!(replayed["final_state"]["last_epic"], "epic-003");
    assert_eq!(replayed["events_replayed"], 2);

    let beat = session.call("heartbeat", json!({"instance_id": id, "context_percent": 42.5})).await;
    assert_eq!((&beat["status"], &beat["stale"]), (&json!("active"), &json!(false)));
    let listed = session.call("list_instances", json!({"project": "odin"})).await;
    assert_eq!(listed["instances"][0]["context_percent"], 42.5);
    let details = session.call("get_instance_details", json!({"instance_id": handle})).await;
    assert_eq!(details["last_events"].as_array().unwrap().len(), 5);
    let types = session.call("list_event_types", json!({"category": "git"})).await;
    assert!(
        types["event_types"].as_array().unwrap().iter().any(|entry| entry["type"] == "pr_merged")
    );

    let closed = session.call("close_instance", json!({"instance_id": id, "reason": "done"})).await;
    assert_eq!(closed["status"], "closed");
    let again = session.call("close_instance", json!({"instance_id": id})).await;
    assert_eq!(again["code"], "instance_closed");
}

struct Refused {
    session: Session,
    id: Value,
    _folder: tempfile::TempDir,
}

impl Refused {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut session = Session::start(&folder).await;
        let instance = session.call("register_instance", json!({"project": "odin"})).await;
        Self { session, id: instance["instance_id"].clone(), _folder: folder }
    }

    /// Calls a tool on the instance, unless `arguments` name another.
    async fn call(&mut self, tool: &str, mut arguments: Value, code: &str, field: &str) {
        if arguments.get("instance_id").is_none() && tool != "list_instances" {
            arguments["instance_id"] = self.id.clone();
        }
        let refusal = self.session.call(tool, arguments).await;
        let found = (&refusal["code"], &refusal["field"]);
        assert_eq!(found, (&json!(code), &json!(field)), "{refusal}");
        assert!(!refusal["hint"].as_str().unwrap().is_empty());
    }

    async fn nothing_was_written(mut self) {
        let page = self.session.call("query_events", json!({"instance_id": self.id})).await;
        assert_eq!(page["total_count"], 1, "{page}");
    }
}

fn epic(data: &Value) -> Value {
    json!({"event_type": "epic_started", "event_data": data})
}

fn with(mut object: Value, name: &str, value: impl Into<Value>) -> Value {
    object[name] = value.into();
    object
}

#[tokio::test]
async fn a_refused_emit_has_the_code_and_the_field_of_its_fault() {
    let mut refused = Refused::start().await;
    let good = epic(&json!({"epic_id": "e", "feature_name": "f"}));
    let mut deep = json!({});
    for _ in 0..70 {
        deep = json!({"epic_id": "e", "d": deep});
    }
    let large = json!({"epic_id": "e", "text": "x".repeat(300_000)});
    let typeless = json!({"event_type": "epic_started"});
    for (arguments, code, field) in [
        (with(good.clone(), "instance_id", "nobody"), "instance_not_found", "instance_id"),
        (with(good.clone(), "event_type", "epic_begun"), "unknown_event_type", "event_type"),
        (epic(&json!({"epic_id": 7})), "invalid_field_type", "event_data.epic_id"),
        (epic(&json!({})), "missing_required_field", "event_data.epic_id"),
        (epic(&json!("{\"epic_id\": \"e\"}")), "invalid_event_data", "event_data"),
        (epic(&deep), "payload_too_deep", "event_data"),
        (epic(&large), "payload_too_large", "event_data"),
        (typeless, "invalid_argument", "event_data"),
        (with(good.clone(), "event_id", "x"), "invalid_event_id", "event_id"),
        (
            with(good.clone(), "expected_sequence_num", 9),
            "sequence_conflict",
            "expected_sequence_num",
        ),
    ] {
        refused.call("emit_event", arguments, code, field).await;
    }
    refused.nothing_was_written().await;
}

#[tokio::test]
async fn a_refused_batch_names_the_event_at_fault() {
    let mut refused = Refused::start().await;
    let good = epic(&json!({"epic_id": "e"}));
    let incomplete = json!({"events": [good, epic(&json!({}))]});
    let unknown = json!({"events": [with(good.clone(), "data", 1)]});
    for (arguments, code, field) in [
        (json!({"events": []}), "empty_batch", "events"),
        (incomplete, "missing_required_field", "events[1].event_data.epic_id"),
        (unknown, "invalid_argument", "events[0].data"),
        (json!({"events": [good, [good]]}), "invalid_argument", "events[1]"),
        (json!({"events": vec![good.clone(); 1001]}), "batch_too_large", "events"),
    ] {
        refused.call("emit_events", arguments, code, field).await;
    }
    refused.nothing_was_written().await;
}

#[tokio::test]
async fn a_refused_question_has_the_code_and_the_field_of_its_fault() {
    let mut refused = Refused::start().await;
    let filters = |filters: Value| json!({"filters": filters});
    let backwards = json!({"start_date": "2026-02-01", "end_date": "2026-01-01"});
    for (tool, arguments, code, field) in [
        ("query_events", json!({"limit": 0}), "invalid_limit", "limit"),
        ("query_events", json!({"limit": 1001}), "invalid_limit", "limit"),
        ("query_events", json!({"offset": -1}), "invalid_offset", "offset"),
        (
            "query_events",
            filters(json!({"start_date": "soon"})),
            "invalid_date",
            "filters.start_date",
        ),
        ("query_events", filters(backwards), "invalid_date_range", "filters.start_date"),
        (
            "query_events",
            filters(json!({"category": "gti"})),
            "unknown_category",
            "filters.category",
        ),
        ("replay_events", json!({"to_sequence_num": 0}), "invalid_sequence", "to_sequence_num"),
        ("replay_events", json!({"to_sequence_num": 99}), "invalid_sequence", "to_sequence_num"),
        ("list_instances", json!({"status": "asleep"}), "invalid_argument", "status"),
    ] {
        refused.call(tool, arguments, code, field).await;
    }
    refused.nothing_was_written().await;
}

#[tokio::test]
async fn a_tool_called_without_its_prefix_is_suggested_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = Session::start(&folder).await;
    for (name, meant) in
        [("emit_event", "mcp_meta_emit_event"), ("mcp_meta_query_event", "mcp_meta_query_events")]
    {
        let answer = session.request("tools/call", json!({"name": name})).await;
        assert_eq!(answer["error"]["code"], -32602);
        let message = format!("there is no tool {name}; did you mean {meant}?");
        assert_eq!(answer["error"]["message"], message);
    }
}
