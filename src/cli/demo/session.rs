//! The session that the demonstration records: what an agent does in some minutes, step by step.

use serde_json::{Value, json};

/// The project that the agent works on.
pub const PROJECT: &str = "odin";
/// The epic that it works on.
pub const EPIC: &str = "epic-003";

/// Something that the agent records.
pub enum Step {
    /// An event of this type, with this data.
    Event(&'static str, Value),
    /// A heartbeat with this much of the context used, in percent.
    Heartbeat(f64),
    /// The end.
    Close(&'static str),
}

/// The steps after registering, each with the seconds since then. An agent that shows no life for two
/// minutes is stale; this one never is.
pub fn steps() -> Vec<(i64, Step)> {
    let event = |event_type, data| Step::Event(event_type, data);
    vec![
        (12, event("epic_started", json!({"epic_id": EPIC, "feature_name": "refresh tokens"}))),
        (
            118,
            event(
                "commit_created",
                json!({"sha": "a1b2c3d4", "message": "auth: rotate refresh tokens"}),
            ),
        ),
        (201, event("test_failed", json!({"failed_count": 3, "passed_count": 42}))),
        (260, event("command_logged", json!({"action": "psql --password=hunter2"}))),
        (344, Step::Heartbeat(61.0)),
        (
            437,
            event(
                "commit_created",
                json!({"sha": "7e9f0b25", "message": "auth: expire the old one"}),
            ),
        ),
        (528, event("test_passed", json!({"passed_count": 45, "coverage": 87}))),
        (561, event("epic_completed", json!({"epic_id": EPIC}))),
        (
            672,
            event(
                "deployment_completed",
                json!({"service": "auth-api", "environment": "production"}),
            ),
        ),
        (690, Step::Close("epic-003 is in production")),
    ]
}
