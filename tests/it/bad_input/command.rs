//! A tool call as a command.

use serde_json::Value;

use super::cases::Case;
use super::world::World;

/// Arguments that are JSON.
const PAYLOADS: [&str; 4] = ["event_data", "metadata", "context", "events"];
/// Those of them that are longer than this go into a file.
const INLINE_BYTES: usize = 10_000;

/// Where the arguments of a tool stand in a command: in places, or after options.
struct Form {
    tool: &'static str,
    command: &'static str,
    places: &'static [&'static str],
    options: &'static [(&'static str, &'static str)],
}

const FORMS: &[Form] = &[
    Form {
        tool: "emit_event",
        command: "emit",
        places: &["instance_id", "event_type", "event_data"],
        options: &[
            ("metadata", "--metadata"),
            ("event_id", "--event-id"),
            ("expected_sequence_num", "--expect"),
            ("occurred_at", "--occurred-at"),
            ("caused_by", "--caused-by"),
            ("correlation_id", "--correlation-id"),
        ],
    },
    Form {
        tool: "emit_events",
        command: "emit",
        places: &["instance_id"],
        options: &[("events", "--batch"), ("expected_sequence_num", "--expect")],
    },
    Form {
        tool: "query_events",
        command: "query",
        places: &["instance_id"],
        options: &[
            ("project", "--project"),
            ("epic", "--epic"),
            ("cursor", "--cursor"),
            ("where", "--where"),
            ("event_type", "--type"),
            ("category", "--category"),
            ("start_date", "--since"),
            ("end_date", "--until"),
            ("keyword", "--keyword"),
            ("after_sequence", "--after"),
            ("limit", "--limit"),
            ("offset", "--offset"),
            ("order", "--order"),
        ],
    },
    Form {
        tool: "replay_events",
        command: "replay",
        places: &["instance_id"],
        options: &[("to_sequence_num", "--to")],
    },
    Form {
        tool: "list_event_types",
        command: "types",
        places: &[],
        options: &[("category", "--category")],
    },
    Form {
        tool: "register_instance",
        command: "register",
        places: &[],
        options: &[
            ("project", "--project"),
            ("instance_type", "--type"),
            ("pid", "--pid"),
            ("context", "--context"),
        ],
    },
    Form {
        tool: "heartbeat",
        command: "heartbeat",
        places: &["instance_id"],
        options: &[("context_percent", "--context"), ("current_epic", "--epic")],
    },
    Form {
        tool: "list_instances",
        command: "instances",
        places: &[],
        options: &[("status", "--status"), ("limit", "--limit"), ("cursor", "--cursor")],
    },
    Form { tool: "get_instance_details", command: "show", places: &["instance_id"], options: &[] },
    Form {
        tool: "close_instance",
        command: "close",
        places: &["instance_id"],
        options: &[("reason", "--reason")],
    },
];

/// The command that says the same as a case's tool call.
pub fn arguments(case: &Case, world: &World, as_json: bool) -> Vec<String> {
    let form = FORMS.iter().find(|form| form.tool == case.tool).expect("a form for every tool");
    let mut given = case.arguments.as_object().expect("an object").clone();
    if let Some(Value::Object(filters)) = given.remove("filters") {
        given.extend(filters);
    }
    // A condition is an object of one value here, and PATH=VALUE there.
    if let Some(Value::Object(condition)) = given.remove("where") {
        let parts = condition.iter().map(|(path, value)| format!("{path}={value}"));
        given.insert("where".to_owned(), parts.collect::<String>().into());
    }
    let mut command = vec![form.command.to_owned()];
    for place in form.places {
        command.extend(given.remove(*place).map(|value| text(place, &value, world)));
    }
    for (name, option) in form.options {
        // Written as one, no value is taken for an option.
        command.extend(given.remove(*name).map(|v| format!("{option}={}", text(name, &v, world))));
    }
    assert!(given.is_empty(), "{}: no place for {given:?}", case.name);
    command.extend(as_json.then(|| "--json".to_owned()));
    command
}

fn text(name: &str, value: &Value, world: &World) -> String {
    let json = world.fill(&value.to_string());
    match value {
        _ if PAYLOADS.contains(&name) && json.len() > INLINE_BYTES => world.file(json.as_bytes()),
        Value::String(_) if !PAYLOADS.contains(&name) => serde_json::from_str(&json).unwrap(),
        _ => json,
    }
}
