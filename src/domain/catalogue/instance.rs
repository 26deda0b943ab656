//! The life of an instance, and what the store does to its record.

use super::category::Category;
use super::event_type::EventType;
use super::field::{
    Field, Kind, LARGEST_EXACT, count, id, integer, label, message, object, path, percent, seconds,
    statement, time, title,
};
use super::shared_fields::{BRANCH, CHECKPOINT_ID, CURRENT_EPIC, MODEL, REPOSITORY, SESSION_ID};
use crate::domain::limits::{INSTANCE_TYPE_CHARS, PROJECT_CHARS};

/// The event types of the category.
pub const TYPES: &[EventType] = &[
    EventType {
        name: "instance_registered",
        category: Category::Instance,
        description: "An instance was registered; the first event of every instance. Recorded by \
                      the registration itself.",
        store_only: false,
        fields: &[
            Field::new(
                "project",
                Kind::Text { min: 1, max: PROJECT_CHARS as u32 },
                "The project that the instance works on",
            ),
            Field::new(
                "instance_type",
                Kind::Text { min: 1, max: INSTANCE_TYPE_CHARS as u32 },
                "The kind of instance, such as PS",
            ),
            title("handle", "The short name of the instance"),
            label("host", "The host that the agent runs on"),
            integer("pid", 0, u32::MAX as i64, "The agent's process on that host"),
            time("process_started_at", "When that process was started"),
            path("cwd", "The folder that the agent works in"),
            label("agent", "The agent program, such as claude-code"),
            label("agent_version", "Its version"),
            MODEL,
            SESSION_ID,
            REPOSITORY,
            BRANCH,
            object("context", "Whatever else the registration says"),
        ],
        required: &[&["project"]],
        examples: &[
            r#"{"project": "odin", "instance_type": "PS"}"#,
            r#"{"project": "odin", "instance_type": "PS", "handle": "odin-PS-8f4a2b", "host": "mira", "pid": 4211, "agent": "claude-code", "branch": "main"}"#,
        ],
    },
    EventType {
        name: "instance_heartbeat",
        category: Category::Instance,
        description: "The instance is alive. Recorded by the heartbeat; every other event of the \
                      agent counts as a sign of life too.",
        store_only: false,
        fields: &[percent("context_percent", "How full the agent's context is"), CURRENT_EPIC],
        required: &[],
        examples: &[r#"{"context_percent": 42, "current_epic": "epic-003"}"#, "{}"],
    },
    EventType {
        name: "instance_stale",
        category: Category::Instance,
        description: "The instance has shown no life for too long. Recorded by Annals, once for \
                      each lapse.",
        store_only: false,
        fields: &[
            time("last_heartbeat", "The last sign of life"),
            seconds("threshold_seconds", "How long without life counts as stale"),
        ],
        required: &[],
        examples: &[
            r#"{"last_heartbeat": "2026-11-23T09:30:00.000000Z", "threshold_seconds": 120}"#,
        ],
    },
    EventType {
        name: "instance_closed",
        category: Category::Instance,
        description: "The instance has ended. It refuses further events until it is resumed.",
        store_only: false,
        fields: &[
            message("reason", "Why it ended"),
            message("summary", "What was done, and what is left to do"),
        ],
        required: &[],
        examples: &[r#"{"reason": "session ended by the user"}"#],
    },
    EventType {
        name: "instance_resumed",
        category: Category::Instance,
        description: "Work on a closed or interrupted instance goes on.",
        store_only: false,
        fields: &[
            id("resumed_from", "The instance or session that is continued"),
            message("reason", "Why it is resumed"),
            CHECKPOINT_ID,
            SESSION_ID,
        ],
        required: &[],
        examples: &[r#"{"resumed_from": "odin-PS-8f4a2b", "reason": "context was exhausted"}"#],
    },
    EventType {
        name: "archived",
        category: Category::Instance,
        description: "Older events of the instance were moved to a verified archive segment.",
        store_only: true,
        fields: &[
            integer("first_sequence", 1, LARGEST_EXACT, "The first event that was moved"),
            integer("last_sequence", 1, LARGEST_EXACT, "The last event that was moved"),
            count("event_count", "How many events were moved"),
            path("segment", "The name of the archive file"),
            id("sha256", "The SHA-256 of the archive file, in hexadecimal"),
        ],
        required: &[&["first_sequence"], &["last_sequence"]],
        examples: &[r#"{"first_sequence": 1, "last_sequence": 4000, "event_count": 4000}"#],
    },
    EventType {
        name: "erased",
        category: Category::Instance,
        description: "The payload of an event was erased; the event and its hash remain.",
        store_only: true,
        fields: &[
            id("event_id", "The event whose payload was erased"),
            integer("sequence_num", 1, LARGEST_EXACT, "Its number within the instance"),
            statement("reason", "Why it was erased"),
            label("requested_by", "Who asked for it"),
        ],
        required: &[&["event_id"]],
        examples: &[
            r#"{"event_id": "0191e7a4-5b1c-7000-8000-3d5c8f4a2b10", "reason": "held a password"}"#,
        ],
    },
];
