//! The table of bad inputs: a tool call, and the refusal that it must get.
//!
//! In the arguments, `$open` and `$closed` stand for instances, `"$deep N"` for an object of N
//! levels and `"$long N"` for a string of N bytes.

use annals::domain::error::{Class, Code};
use serde_json::{Value, json};

use super::world::{USED_EVENT, World};

/// A bad input.
pub struct Case {
    pub name: &'static str,
    pub tool: &'static str,
    pub arguments: Value,
    pub code: &'static str,
    pub field: &'static str,
    /// The field as the command line names it.
    pub command_field: &'static str,
    /// What else the refusal says.
    pub facts: Value,
    pub on_mcp: bool,
    pub on_command_line: bool,
    /// Refused by the command line before it is a request.
    pub is_usage: bool,
    /// Refused by MCP before it is a call.
    pub is_message_fault: bool,
}

impl Case {
    fn facts(self, facts: Value) -> Self {
        Self { facts, ..self }
    }

    fn only_mcp(self) -> Self {
        Self { on_command_line: false, ..self }
    }

    fn only_command_line(self) -> Self {
        Self { on_mcp: false, ..self }
    }

    fn usage(self, command_field: &'static str) -> Self {
        Self { command_field, is_usage: true, ..self }
    }

    fn message_fault(self) -> Self {
        Self { is_message_fault: true, ..self }
    }

    /// What the command line must exit with.
    pub fn exit_code(&self) -> i32 {
        let code = Code::ALL.iter().find(|code| code.as_str() == self.code).expect("a known code");
        match code.class() {
            _ if self.is_usage => 2,
            Class::Failed => 1,
            Class::NotFound => 3,
            Class::Conflict => 4,
            Class::Invalid => 5,
            Class::Unavailable => 6,
        }
    }

    /// The case as a JSON-RPC message.
    pub fn message(&self, world: &World) -> Vec<u8> {
        let arguments = world.fill(&self.arguments.to_string());
        format!(
            r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"mcp_meta_{}","arguments":{arguments}}}}}"#,
            self.tool
        )
        .into_bytes()
    }
}

fn case(
    name: &'static str,
    tool: &'static str,
    arguments: Value,
    code: &'static str,
    field: &'static str,
) -> Case {
    Case {
        name,
        tool,
        arguments,
        code,
        field,
        command_field: field,
        facts: Value::Null,
        on_mcp: true,
        on_command_line: true,
        is_usage: false,
        is_message_fault: false,
    }
}

/// An emit of this type and data to the open instance.
fn emit(
    name: &'static str,
    event_type: &str,
    data: Value,
    code: &'static str,
    field: &'static str,
) -> Case {
    let arguments = json!({"instance_id": "$open", "event_type": event_type, "event_data": data});
    case(name, "emit_event", arguments, code, field)
}

/// An emit of a good event to the open instance, but for one further argument.
fn emit_with(
    name: &'static str,
    further: (&str, Value),
    code: &'static str,
    field: &'static str,
) -> Case {
    let mut case = emit(name, "epic_started", json!({"epic_id": "e"}), code, field);
    case.arguments[further.0] = further.1;
    case
}

/// A query of the open instance with one argument, or one filter.
fn query(name: &'static str, argument: (&str, Value), code: &'static str) -> Case {
    let (argument, value) = argument;
    let arguments = match argument.strip_prefix("filters.") {
        Some(filter) => json!({"instance_id": "$open", "filters": {filter: value}}),
        None => json!({"instance_id": "$open", argument: value}),
    };
    let field = QUERIED.iter().find(|field| **field == argument).expect("a known argument");
    case(name, "query_events", arguments, code, field)
}

const QUERIED: [&str; 9] = [
    "filters.event_type",
    "filters.category",
    "filters.start_date",
    "filters.end_date",
    "filters.keyword",
    "filters.after_sequence",
    "limit",
    "offset",
    "order",
];

/// All bad inputs.
pub fn cases() -> Vec<Case> {
    let mut all = instances();
    all.extend(event_data());
    all.extend(event_arguments());
    all.extend(batches());
    all.extend(queries());
    all.extend(replays());
    all.extend(registry());
    all
}

fn instances() -> Vec<Case> {
    const NOBODY: &str = "01920000-0000-7000-8000-000000000000";
    let unknown = |name, tool, arguments: Value| {
        case(name, tool, arguments, "instance_not_found", "instance_id")
    };
    let event = |id: &str| json!({"instance_id": id, "event_type": "epic_started", "event_data": {"epic_id": "e"}});
    let id = |id: &str| json!({"instance_id": id});
    vec![
        unknown("emit to an unknown id", "emit_event", event(NOBODY)),
        unknown("emit to an unknown handle", "emit_event", event("odin-PS-000000")),
        unknown("query of an unknown id", "query_events", id(NOBODY)),
        unknown("query of an unknown handle", "query_events", id("nobody")),
        unknown("a wildcard is no part of a handle", "query_events", id("%")),
        unknown("replay of an unknown id", "replay_events", id(NOBODY)),
        unknown("details of an unknown handle", "get_instance_details", id("nobody")),
        unknown("heartbeat of an unknown handle", "heartbeat", id("nobody")),
        unknown("closing an unknown handle", "close_instance", id("nobody")),
        case("no instance", "query_events", id(""), "invalid_argument", "instance_id"),
        case(
            "an ambiguous handle",
            "emit_event",
            event("twin-PS"),
            "ambiguous_instance",
            "instance_id",
        ),
        case(
            "details of an ambiguous handle",
            "get_instance_details",
            id("twin"),
            "ambiguous_instance",
            "instance_id",
        ),
        case(
            "emit to a closed instance",
            "emit_event",
            event("$closed"),
            "instance_closed",
            "instance_id",
        )
        .facts(json!({"head_sequence_num": 2})),
        case(
            "heartbeat of a closed instance",
            "heartbeat",
            id("$closed"),
            "instance_closed",
            "instance_id",
        ),
        case(
            "closing a closed instance",
            "close_instance",
            id("$closed"),
            "instance_closed",
            "instance_id",
        ),
        case(
            "an instance of the wrong type",
            "query_events",
            json!({"instance_id": 7}),
            "invalid_argument",
            "instance_id",
        )
        .only_mcp(),
        case("no instance_id", "query_events", json!({}), "invalid_argument", "instance_id")
            .usage("id"),
    ]
}

fn event_data() -> Vec<Case> {
    let no_object =
        |name, data: Value| emit(name, "epic_started", data, "invalid_event_data", "event_data");
    let absent = json!({"instance_id": "$open", "event_type": "epic_started"});
    vec![
        emit("an unknown type", "test_pased", json!({}), "unknown_event_type", "event_type")
            .facts(json!({"nearest": ["test_passed", "test_failed"]})),
        emit("a type like no other", "zzz", json!({}), "unknown_event_type", "event_type")
            .facts(json!({"nearest": []})),
        emit(
            "a type with an escape sequence",
            "\u{1b}[31m",
            json!({}),
            "unknown_event_type",
            "event_type",
        ),
        emit(
            "a type of the store",
            "archived",
            json!({"first_sequence": 1, "last_sequence": 2}),
            "reserved_event_type",
            "event_type",
        ),
        emit(
            "a missing required field",
            "epic_started",
            json!({"feature_name": "x"}),
            "missing_required_field",
            "event_data.epic_id",
        ),
        emit(
            "a required field that is null",
            "epic_started",
            json!({"epic_id": null}),
            "invalid_field_type",
            "event_data.epic_id",
        ),
        emit(
            "none of several fields",
            "test_failed",
            json!({}),
            "missing_required_field",
            "event_data.failed_count",
        )
        .facts(json!({"any_of": ["failed_count", "test_count"]})),
        emit(
            "a wrong field type",
            "epic_started",
            json!({"epic_id": 3}),
            "invalid_field_type",
            "event_data.epic_id",
        ),
        emit(
            "a number in quotes",
            "test_passed",
            json!({"passed_count": "45"}),
            "invalid_field_type",
            "event_data.passed_count",
        ),
        emit(
            "a fraction for a count",
            "test_passed",
            json!({"passed_count": 1.5}),
            "invalid_field_type",
            "event_data.passed_count",
        ),
        emit(
            "a number above its range",
            "test_passed",
            json!({"passed_count": 1, "coverage": 101}),
            "field_out_of_range",
            "event_data.coverage",
        )
        .facts(json!({"maximum": 100})),
        emit(
            "a number below its range",
            "test_passed",
            json!({"passed_count": -1}),
            "field_out_of_range",
            "event_data.passed_count",
        )
        .facts(json!({"minimum": 0})),
        emit(
            "a huge number",
            "test_passed",
            json!({"passed_count": u64::MAX}),
            "field_out_of_range",
            "event_data.passed_count",
        ),
        emit(
            "an empty identifier",
            "epic_started",
            json!({"epic_id": ""}),
            "field_out_of_range",
            "event_data.epic_id",
        ),
        emit(
            "a long identifier",
            "epic_started",
            json!({"epic_id": "$long 129"}),
            "field_out_of_range",
            "event_data.epic_id",
        ),
        emit(
            "a wrong item of a list",
            "epic_completed",
            json!({"epic_id": "e", "issues_encountered": ["a", 1]}),
            "invalid_field_type",
            "event_data.issues_encountered[1]",
        ),
        emit(
            "a field and its alias differ",
            "test_passed",
            json!({"passed_count": 1, "test_count": 2}),
            "alias_conflict",
            "event_data.test_count",
        ),
        no_object("data that is a string", json!("hello")),
        no_object("data that is an object in a string", json!("{\"epic_id\": \"e\"}")),
        no_object("data that is an array", json!([{"epic_id": "e"}])),
        no_object("data that is null", json!(null)),
        no_object("data that is a number", json!(7)),
        no_object("data that is true", json!(true)),
        case("absent data", "emit_event", absent.clone(), "invalid_argument", "event_data")
            .only_mcp(),
        case(
            "absent data is an empty object",
            "emit_event",
            absent,
            "missing_required_field",
            "event_data.epic_id",
        )
        .only_command_line(),
        emit(
            "data above 256 KiB",
            "epic_started",
            json!({"epic_id": "e", "note": "$long 262144"}),
            "payload_too_large",
            "event_data",
        )
        .facts(json!({"limit": 262_144, "bytes": 262_169})),
        emit(
            "data of 65 levels",
            "epic_started",
            json!("$deep 65"),
            "payload_too_deep",
            "event_data",
        )
        .facts(json!({"limit": 64})),
        emit(
            "data of 120 levels",
            "epic_started",
            json!("$deep 120"),
            "payload_too_deep",
            "event_data",
        ),
        emit(
            "data of 200 levels",
            "epic_started",
            json!("$deep 200"),
            "payload_too_deep",
            "event_data",
        )
        .message_fault(),
        emit(
            "data of 100,000 levels",
            "epic_started",
            json!("$deep 100000"),
            "payload_too_deep",
            "event_data",
        )
        .message_fault(),
    ]
}

fn event_arguments() -> Vec<Case> {
    let used = json!({
        "instance_id": "$open", "event_type": "test_passed", "event_data": {"passed_count": 44},
        "event_id": USED_EVENT
    });
    let no_id =
        |name, id: &str| emit_with(name, ("event_id", json!(id)), "invalid_event_id", "event_id");
    let no_time = |name, time: &str| {
        emit_with(name, ("occurred_at", json!(time)), "invalid_date", "occurred_at")
    };
    let expected = |name, number: Value, code| {
        emit_with(name, ("expected_sequence_num", number), code, "expected_sequence_num")
    };
    vec![
        case(
            "an event id used for other content",
            "emit_event",
            used,
            "event_id_conflict",
            "event_id",
        )
        .facts(json!({"stored_sequence_num": 3})),
        emit_with(
            "an event id used for another type",
            ("event_id", json!(USED_EVENT)),
            "event_id_conflict",
            "event_id",
        ),
        no_id("an event id that is no UUID", "42"),
        no_id("an empty event id", ""),
        no_id("an event id that is almost a UUID", "0191e7a4-7c1e-7d20-9a3b-5f2b8c4d6e1g"),
        emit_with(
            "an event id of the wrong type",
            ("event_id", json!(42)),
            "invalid_argument",
            "event_id",
        )
        .only_mcp(),
        emit_with(
            "a cause that is no UUID",
            ("caused_by", json!("the build")),
            "invalid_event_id",
            "caused_by",
        ),
        expected("an expectation below the head", json!(2), "sequence_conflict")
            .facts(json!({"head_sequence_num": 3})),
        expected("an expectation above the head", json!(4), "sequence_conflict")
            .facts(json!({"head_sequence_num": 3})),
        expected("an expectation below 0", json!(-1), "invalid_sequence"),
        expected("an expectation that is a string", json!("three"), "invalid_argument")
            .usage("expect"),
        no_time("a time in words", "half past nine"),
        no_time("a time without an offset", "2026-11-23T09:30:00").only_mcp(),
        no_time("a date that is none", "2026-02-30T00:00:00Z"),
        emit_with(
            "metadata that is an array",
            ("metadata", json!(["ci"])),
            "invalid_metadata",
            "metadata",
        ),
        emit_with(
            "metadata that is a string",
            ("metadata", json!("ci")),
            "invalid_metadata",
            "metadata",
        ),
        emit_with(
            "metadata above 16 KiB",
            ("metadata", json!({"a": "$long 16384"})),
            "payload_too_large",
            "metadata",
        )
        .facts(json!({"limit": 16_384})),
        emit_with(
            "metadata of 65 levels",
            ("metadata", json!("$deep 65")),
            "payload_too_deep",
            "metadata",
        ),
        emit_with(
            "a long correlation id",
            ("correlation_id", json!("$long 129")),
            "field_out_of_range",
            "correlation_id",
        ),
        emit_with(
            "an empty correlation id",
            ("correlation_id", json!("")),
            "field_out_of_range",
            "correlation_id",
        ),
        emit_with("an unknown argument", ("event_dat", json!({})), "invalid_argument", "event_dat")
            .only_mcp(),
    ]
}

fn batches() -> Vec<Case> {
    let good = json!({"event_type": "epic_started", "event_data": {"epic_id": "e"}});
    let batch = |name, events: Value, code, field| {
        case(name, "emit_events", json!({"instance_id": "$open", "events": events}), code, field)
    };
    let bad = |event_type: &str, data: Value| json!([good, {"event_type": event_type, "event_data": data}, good]);
    let reused = json!([{"event_type": "epic_started", "event_data": {}, "event_id": USED_EVENT}]);
    let mut expecting = batch(
        "a batch that expects another head",
        json!([good]),
        "sequence_conflict",
        "expected_sequence_num",
    );
    expecting.arguments["expected_sequence_num"] = json!(7);
    vec![
        batch(
            "a batch with a missing field",
            bad("epic_started", json!({})),
            "missing_required_field",
            "events[1].event_data.epic_id",
        )
        .facts(json!({"index": 1})),
        batch(
            "a batch with an unknown type",
            bad("zzz", json!({})),
            "unknown_event_type",
            "events[1].event_type",
        )
        .facts(json!({"index": 1})),
        batch(
            "a batch with data that is a string",
            bad("epic_started", json!("x")),
            "invalid_event_data",
            "events[1].event_data",
        )
        .facts(json!({"index": 1})),
        batch(
            "a batch with deep data",
            bad("epic_started", json!("$deep 65")),
            "payload_too_deep",
            "events[1].event_data",
        )
        .facts(json!({"index": 1})),
        batch(
            "a batch with large data",
            bad("epic_started", json!({"epic_id": "$long 300000"})),
            "payload_too_large",
            "events[1].event_data",
        )
        .facts(json!({"index": 1})),
        batch(
            "a batch with a missing type",
            json!([good, {"event_data": {}}]),
            "invalid_argument",
            "events[1].event_type",
        ),
        batch(
            "a batch with an unknown argument",
            json!([good, {"event_type": "x", "event_data": {}, "more": 1}]),
            "invalid_argument",
            "events[1].more",
        ),
        batch(
            "a batch with an array for an event",
            json!([good, ["epic_started", {"epic_id": "e"}]]),
            "invalid_argument",
            "events[1]",
        ),
        batch(
            "a batch that reuses an event id",
            reused,
            "missing_required_field",
            "events[0].event_data.epic_id",
        ),
        batch(
            "a batch that uses an event id twice",
            json!([
                {"event_type": "epic_started", "event_data": {"epic_id": "a"}, "event_id": "0191e7a4-7c1e-7d20-9a3b-000000000001"},
                {"event_type": "epic_started", "event_data": {"epic_id": "b"}, "event_id": "0191e7a4-7c1e-7d20-9a3b-000000000001"},
            ]),
            "event_id_conflict",
            "events[1].event_id",
        ),
        batch("an empty batch", json!([]), "empty_batch", "events"),
        batch("a batch of 1,001 events", json!(vec![&good; 1001]), "batch_too_large", "events"),
        expecting,
    ]
}

fn queries() -> Vec<Case> {
    let limit = |name, limit: Value, code| query(name, ("limit", limit), code);
    let usage = |name, argument, value: Value| {
        let case = query(name, (argument, value), "invalid_argument");
        let option = case.field;
        case.usage(option)
    };
    let mut swapped = query(
        "a start after the end",
        ("filters.start_date", json!("2026-11-24")),
        "invalid_date_range",
    );
    swapped.arguments["filters"]["end_date"] = json!("2026-11-23");
    vec![
        limit("limit 0", json!(0), "invalid_limit"),
        limit("limit 1001", json!(1001), "invalid_limit"),
        limit("a negative limit", json!(-1), "invalid_limit"),
        limit("a huge limit", json!(i64::MAX), "invalid_limit"),
        usage("a limit in words", "limit", json!("ten")),
        usage("a limit that is a fraction", "limit", json!(1.5)),
        usage("a limit that is a float", "limit", json!(1e9)),
        usage("a limit beyond 64 bits", "limit", json!(1e30)),
        query("a negative offset", ("offset", json!(-1)), "invalid_offset"),
        usage("an offset in words", "offset", json!("ten")),
        usage("an unknown order", "order", json!("up")),
        query("a start in words", ("filters.start_date", json!("soon")), "invalid_date"),
        query(
            "a start on a day that is none",
            ("filters.start_date", json!("2026-02-30")),
            "invalid_date",
        ),
        query("an end in words", ("filters.end_date", json!("later")), "invalid_date"),
        query("an empty end", ("filters.end_date", json!("")), "invalid_date"),
        swapped,
        query(
            "a filter by an unknown type",
            ("filters.event_type", json!("epic_strated")),
            "unknown_event_type",
        )
        .facts(json!({"nearest": ["epic_started"]})),
        query("an unknown category", ("filters.category", json!("gardening")), "unknown_category"),
        query("an empty keyword", ("filters.keyword", json!("")), "invalid_keyword"),
        query("a long keyword", ("filters.keyword", json!("$long 257")), "invalid_keyword"),
        query(
            "a negative place to go on",
            ("filters.after_sequence", json!(-1)),
            "invalid_sequence",
        ),
        case(
            "filters that are no object",
            "query_events",
            json!({"instance_id": "$open", "filters": "x"}),
            "invalid_argument",
            "filters",
        )
        .only_mcp(),
        case(
            "a category of types that is unknown",
            "list_event_types",
            json!({"category": "gardening"}),
            "unknown_category",
            "category",
        ),
    ]
}

fn replays() -> Vec<Case> {
    let to = |name, to: Value| {
        let arguments = json!({"instance_id": "$open", "to_sequence_num": to});
        case(name, "replay_events", arguments, "invalid_sequence", "to_sequence_num")
    };
    let mut words = to("a replay to a word", json!("end")).usage("to");
    words.code = "invalid_argument";
    vec![
        to("a replay to 0", json!(0)),
        to("a replay to a negative number", json!(-1)),
        to("a replay beyond the head", json!(4)).facts(json!({"head_sequence_num": 3})),
        to("a replay far beyond the head", json!(i64::MAX)),
        words,
    ]
}

fn registry() -> Vec<Case> {
    let register = |name, arguments: Value, code, field| {
        case(name, "register_instance", arguments, code, field)
    };
    let context = |percent: Value| json!({"instance_id": "$open", "context_percent": percent});
    let list =
        |name, arguments: Value, code, field| case(name, "list_instances", arguments, code, field);
    vec![
        register("an empty project", json!({"project": ""}), "invalid_project", "project"),
        register(
            "a project with a space",
            json!({"project": "my project"}),
            "invalid_project",
            "project",
        ),
        register(
            "a project that is a path",
            json!({"project": "../odin"}),
            "invalid_project",
            "project",
        ),
        register("a long project", json!({"project": "$long 65"}), "invalid_project", "project"),
        register(
            "a project with an escape sequence",
            json!({"project": "a\u{1b}[31m"}),
            "invalid_project",
            "project",
        ),
        register("no project", json!({}), "invalid_argument", "project").usage("project"),
        register(
            "a bad instance type",
            json!({"project": "odin", "instance_type": "a/b"}),
            "invalid_instance_type",
            "instance_type",
        ),
        register(
            "a negative process",
            json!({"project": "odin", "pid": -1}),
            "invalid_argument",
            "pid",
        ),
        register(
            "a context that is an array",
            json!({"project": "odin", "context": []}),
            "invalid_argument",
            "context",
        ),
        case(
            "context above 100 percent",
            "heartbeat",
            context(json!(100.5)),
            "field_out_of_range",
            "context_percent",
        ),
        case(
            "context below 0 percent",
            "heartbeat",
            context(json!(-1)),
            "field_out_of_range",
            "context_percent",
        ),
        case(
            "context in words",
            "heartbeat",
            context(json!("much")),
            "invalid_argument",
            "context_percent",
        )
        .usage("context"),
        case(
            "an empty epic",
            "heartbeat",
            json!({"instance_id": "$open", "current_epic": ""}),
            "field_out_of_range",
            "current_epic",
        ),
        list("no instances", json!({"limit": 0}), "invalid_limit", "limit"),
        list("1,001 instances", json!({"limit": 1001}), "invalid_limit", "limit"),
        list("a foreign cursor", json!({"cursor": "abc"}), "invalid_argument", "cursor"),
        list("an unknown status", json!({"status": "asleep"}), "invalid_argument", "status")
            .usage("status"),
        list(
            "filters that contradict",
            json!({"stale_only": true, "status": "closed"}),
            "invalid_argument",
            "stale_only",
        )
        .only_mcp(),
    ]
}
