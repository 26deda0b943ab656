//! The life of an epic.

use super::category::Category;
use super::event_type::EventType;
use super::field::{count, id, label, message, percent, title};
use super::shared_fields::{
    BRANCH, DURATION_HOURS, EPIC_ID, ERROR, ESTIMATED_HOURS, FEATURE_NAME, FILES_CHANGED,
    ISSUES_ENCOUNTERED, LINES_ADDED, LINES_REMOVED, NEXT_STEPS, PR_NUMBER, PR_URL, REASON,
    RETRYABLE, SUMMARY, VALIDATION_CONFIDENCE,
};

/// The event types of the category.
pub const TYPES: &[EventType] = &[
    EventType {
        name: "epic_started",
        category: Category::Epic,
        description: "Work on an epic has begun.",
        store_only: false,
        fields: &[
            EPIC_ID,
            FEATURE_NAME,
            title("title", "The title of the epic"),
            message("description", "What the epic is about"),
            ESTIMATED_HOURS,
            label("spawned_by", "The command or agent that started it"),
            count("acceptance_criteria_count", "How many acceptance criteria it has"),
            BRANCH,
        ],
        required: &[&["epic_id"]],
        examples: &[
            r#"{"epic_id": "epic-003", "feature_name": "authentication-oauth", "estimated_hours": 60}"#,
            r#"{"epic_id": "epic-003", "feature_name": "authentication-oauth", "estimated_hours": 60, "spawned_by": "plan-feature-interactive", "acceptance_criteria_count": 12}"#,
        ],
    },
    EventType {
        name: "epic_completed",
        category: Category::Epic,
        description: "An epic is done.",
        store_only: false,
        fields: &[
            EPIC_ID,
            FEATURE_NAME,
            DURATION_HOURS,
            FILES_CHANGED,
            LINES_ADDED,
            LINES_REMOVED,
            count("commit_count", "How many commits it took"),
            count("tests_passed", "How many tests passed"),
            count("tests_failed", "How many tests failed"),
            percent("coverage_percent", "How much of the code the tests cover"),
            PR_NUMBER,
            PR_URL,
            BRANCH,
            VALIDATION_CONFIDENCE,
            ISSUES_ENCOUNTERED,
            SUMMARY,
            NEXT_STEPS,
            id("next_epic", "The epic that should follow"),
        ],
        required: &[&["epic_id"]],
        examples: &[
            r#"{"epic_id": "epic-003", "duration_hours": 58.5, "files_changed": 23}"#,
            r#"{"epic_id": "epic-003", "duration_hours": 58.5, "files_changed": 23, "tests_passed": 45, "pr_url": "https://github.com/project/pull/123", "validation_confidence": 0.96, "issues_encountered": ["cors_headers", "token_refresh"]}"#,
        ],
    },
    EventType {
        name: "epic_failed",
        category: Category::Epic,
        description: "Work on an epic has ended without reaching its goal.",
        store_only: false,
        fields: &[
            EPIC_ID,
            FEATURE_NAME,
            ERROR,
            REASON,
            label("phase", "The phase in which it failed, such as implementation"),
            DURATION_HOURS,
            FILES_CHANGED,
            count("tests_passed", "How many tests passed"),
            count("tests_failed", "How many tests failed"),
            BRANCH,
            ISSUES_ENCOUNTERED,
            RETRYABLE,
            SUMMARY,
            NEXT_STEPS,
        ],
        required: &[&["epic_id"]],
        examples: &[
            r#"{"epic_id": "epic-003", "reason": "the identity provider has no test tenant"}"#,
            r#"{"epic_id": "epic-003", "phase": "implementation", "error": "429 Too Many Requests", "duration_hours": 6, "tests_passed": 12, "tests_failed": 3, "retryable": true}"#,
        ],
    },
];
