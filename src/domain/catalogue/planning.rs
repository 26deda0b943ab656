//! Epics, features and tasks to come, and how the tasks ended.

use super::category::Category;
use super::event_type::EventType;
use super::field::{Field, count, id, label, list, message, path, statement, title};
use super::shared_fields::{
    DURATION_HOURS, DURATION_SECONDS, EPIC_ID, ERROR, ESTIMATED_HOURS, FEATURE_NAME, FILES_CHANGED,
    ISSUES_ENCOUNTERED, NEXT_STEPS, REASON, RETRYABLE, TASK_ID,
};

const PRIORITY: Field = label("priority", "How urgent it is, such as high, P1 or a deadline");
const TASK_NAME: Field = title("task_name", "The name of the task");
const TASK_DESCRIPTION: Field = statement("description", "What is to be done");
const AGENT_TYPE: Field = label("agent_type", "The kind of agent that works on it");
const AGENT_ID: Field = id("agent_id", "The subagent or instance that works on it");
const TASK: &[&str] = &["task_id", "task_name", "description"];

/// The event types of the category.
pub const TYPES: &[EventType] = &[
    EventType {
        name: "epic_planned",
        category: Category::Planning,
        description: "An epic was planned; work on it has not begun.",
        store_only: false,
        fields: &[
            EPIC_ID,
            FEATURE_NAME,
            title("title", "The title of the epic"),
            message("description", "What the epic is about"),
            ESTIMATED_HOURS,
            count("acceptance_criteria_count", "How many acceptance criteria it has"),
            list("depends_on", "The epics that must be done before"),
            PRIORITY,
            label("planned_by", "The person, command or agent that planned it"),
        ],
        required: &[&["epic_id"]],
        examples: &[
            r#"{"epic_id": "epic-004", "feature_name": "audit-log", "estimated_hours": 24}"#,
            r#"{"epic_id": "epic-004", "feature_name": "audit-log", "estimated_hours": 24, "acceptance_criteria_count": 7, "depends_on": ["epic-003"], "priority": "high"}"#,
        ],
    },
    EventType {
        name: "feature_requested",
        category: Category::Planning,
        description: "Someone asked for a feature.",
        store_only: false,
        fields: &[
            title("feature_name", "The feature"),
            message("description", "What is wanted"),
            label("requested_by", "Who asked for it"),
            PRIORITY,
            label("source", "Where the request came from"),
            EPIC_ID,
        ],
        required: &[&["feature_name"]],
        examples: &[
            r#"{"feature_name": "audit-log", "requested_by": "security team"}"#,
            r#"{"feature_name": "audit-log", "description": "Who changed which permission, and when", "requested_by": "security team", "priority": "high"}"#,
        ],
    },
    EventType {
        name: "task_spawned",
        category: Category::Planning,
        description: "A task was handed out, for example to a subagent.",
        store_only: false,
        fields: &[
            TASK_ID,
            TASK_NAME,
            TASK_DESCRIPTION,
            EPIC_ID,
            id("parent_task_id", "The task that it is a part of"),
            AGENT_TYPE,
            AGENT_ID,
            label("spawned_by", "The command or agent that handed it out"),
            message("prompt", "The prompt that the agent was given"),
            ESTIMATED_HOURS,
            PRIORITY,
        ],
        required: &[TASK],
        examples: &[
            r#"{"task_id": "task-17", "description": "Write the migration", "epic_id": "epic-003"}"#,
            r#"{"description": "Review the diff for races", "agent_type": "reviewer"}"#,
        ],
    },
    EventType {
        name: "task_completed",
        category: Category::Planning,
        description: "A task is done.",
        store_only: false,
        fields: &[
            TASK_ID,
            TASK_NAME,
            TASK_DESCRIPTION,
            EPIC_ID,
            AGENT_TYPE,
            AGENT_ID,
            message("result", "What came of it"),
            FILES_CHANGED,
            DURATION_SECONDS,
            DURATION_HOURS,
            ISSUES_ENCOUNTERED,
            NEXT_STEPS,
        ],
        required: &[TASK],
        examples: &[
            r#"{"task_id": "task-17", "result": "The migration runs in 3 s on a copy of the data"}"#,
            r#"{"task_name": "migration", "epic_id": "epic-003", "files_changed": 2, "duration_seconds": 310}"#,
        ],
    },
    EventType {
        name: "task_failed",
        category: Category::Planning,
        description: "A task has ended without reaching its goal.",
        store_only: false,
        fields: &[
            TASK_ID,
            TASK_NAME,
            TASK_DESCRIPTION,
            EPIC_ID,
            AGENT_TYPE,
            AGENT_ID,
            ERROR,
            REASON,
            RETRYABLE,
            DURATION_SECONDS,
            DURATION_HOURS,
            ISSUES_ENCOUNTERED,
            NEXT_STEPS,
        ],
        required: &[TASK],
        examples: &[r#"{"task_id": "task-17", "error": "the table is locked", "retryable": true}"#],
    },
    EventType {
        name: "prd_updated",
        category: Category::Planning,
        description: "The product requirements were changed and have a new version.",
        store_only: false,
        fields: &[
            id("version", "The new version"),
            id("previous_version", "The version before"),
            path("prd_path", "The file"),
            list("changes", "What was changed"),
            message("summary", "What was changed, in a few sentences"),
            EPIC_ID,
            FEATURE_NAME,
            label("updated_by", "Who changed it"),
        ],
        required: &[&["version"]],
        examples: &[
            r#"{"version": "1.3.0", "epic_id": "epic-003"}"#,
            r#"{"version": "1.3.0", "previous_version": "1.2.0", "prd_path": "docs/prd.md", "changes": ["OAuth is done"], "epic_id": "epic-003"}"#,
        ],
    },
];
