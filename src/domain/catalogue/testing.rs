//! Test runs and validations.

use super::category::Category;
use super::event_type::EventType;
use super::field::{Field, count, label, list, message};
use super::shared_fields::{
    COVERAGE, DURATION_SECONDS, EPIC_ID, ERROR, GIT_COMMIT, ISSUES_ENCOUNTERED, REASON, SUMMARY,
    TASK_ID, VALIDATION_CONFIDENCE,
};

const TEST_TYPE: Field = label("test_type", "The kind of tests, such as unit, integration or e2e");
const TEST_SUITE: Field = label("test_suite", "The suite or package");
const COMMAND: Field = message("command", "The command that runs the tests");
const FRAMEWORK: Field = label("framework", "The test framework");
const SKIPPED_COUNT: Field = count("skipped_count", "How many tests were skipped");

const VALIDATION_TYPE: Field =
    label("validation_type", "The kind of validation, such as acceptance, lint or security");
const VALIDATOR: Field = label("validator", "The program or agent that validates");
const CONFIDENCE: Field = VALIDATION_CONFIDENCE.also(&["confidence"]);
const CHECKS_PASSED: Field = count("checks_passed", "How many checks passed");
const CHECKS_FAILED: Field = count("checks_failed", "How many checks failed");

/// The event types of the category.
pub const TYPES: &[EventType] = &[
    EventType {
        name: "test_started",
        category: Category::Testing,
        description: "A test run has begun.",
        store_only: false,
        fields: &[
            EPIC_ID,
            TASK_ID,
            TEST_TYPE,
            TEST_SUITE,
            count("test_count", "How many tests will run"),
            COMMAND,
            FRAMEWORK,
            GIT_COMMIT,
        ],
        required: &[],
        examples: &[
            r#"{"epic_id": "epic-003", "test_type": "integration"}"#,
            r#"{"epic_id": "epic-003", "test_type": "unit", "test_suite": "auth", "test_count": 45, "command": "cargo test -p auth"}"#,
        ],
    },
    EventType {
        name: "test_passed",
        category: Category::Testing,
        description: "A test run has ended well. A run in which some tests failed may say so in \
                      failed_count, or be a test_failed.",
        store_only: false,
        fields: &[
            EPIC_ID,
            TASK_ID,
            TEST_TYPE,
            TEST_SUITE,
            count("passed_count", "How many tests passed").also(&["test_count"]),
            count("failed_count", "How many tests failed"),
            SKIPPED_COUNT,
            COVERAGE,
            DURATION_SECONDS,
            COMMAND,
            FRAMEWORK,
            GIT_COMMIT,
        ],
        required: &[&["passed_count"]],
        examples: &[
            r#"{"epic_id": "epic-003", "test_count": 45, "coverage": 87}"#,
            r#"{"epic_id": "epic-003", "test_type": "unit|integration|e2e", "passed_count": 45, "failed_count": 0, "coverage_percent": 87, "duration_seconds": 342}"#,
        ],
    },
    EventType {
        name: "test_failed",
        category: Category::Testing,
        description: "A test run has ended with failures.",
        store_only: false,
        fields: &[
            EPIC_ID,
            TASK_ID,
            TEST_TYPE,
            TEST_SUITE,
            count("failed_count", "How many tests failed"),
            count("test_count", "How many tests ran"),
            count("passed_count", "How many tests passed"),
            SKIPPED_COUNT,
            list("failed_tests", "The names of the tests that failed"),
            ERROR,
            COVERAGE,
            DURATION_SECONDS,
            COMMAND,
            FRAMEWORK,
            GIT_COMMIT,
        ],
        required: &[&["failed_count", "test_count"]],
        examples: &[
            r#"{"epic_id": "epic-003", "failed_count": 3, "passed_count": 5}"#,
            r#"{"epic_id": "epic-003", "test_count": 8, "coverage": 71.5}"#,
            r#"{"epic_id": "epic-003", "test_type": "e2e", "failed_count": 3, "passed_count": 5, "failed_tests": ["login_redirects", "token_refresh", "logout"], "duration_seconds": 118.4}"#,
        ],
    },
    EventType {
        name: "validation_passed",
        category: Category::Testing,
        description: "A check of the work against its criteria has succeeded.",
        store_only: false,
        fields: &[
            EPIC_ID,
            TASK_ID,
            VALIDATION_TYPE,
            VALIDATOR,
            CONFIDENCE,
            CHECKS_PASSED,
            CHECKS_FAILED,
            SUMMARY,
            DURATION_SECONDS,
            GIT_COMMIT,
        ],
        required: &[],
        examples: &[
            r#"{"epic_id": "epic-003", "confidence": 0.96}"#,
            r#"{"epic_id": "epic-003", "validation_type": "acceptance", "validation_confidence": 0.96, "checks_passed": 12, "checks_failed": 0}"#,
        ],
    },
    EventType {
        name: "validation_failed",
        category: Category::Testing,
        description: "A check of the work against its criteria has not succeeded.",
        store_only: false,
        fields: &[
            EPIC_ID,
            TASK_ID,
            VALIDATION_TYPE,
            VALIDATOR,
            CONFIDENCE,
            CHECKS_PASSED,
            CHECKS_FAILED,
            list("failed_checks", "The checks or criteria that were not met"),
            ISSUES_ENCOUNTERED,
            ERROR,
            REASON,
            SUMMARY,
            DURATION_SECONDS,
            GIT_COMMIT,
        ],
        required: &[],
        examples: &[
            r#"{"epic_id": "epic-003", "reason": "two acceptance criteria are not met"}"#,
            r#"{"epic_id": "epic-003", "validation_type": "acceptance", "checks_passed": 10, "checks_failed": 2, "failed_checks": ["refresh tokens rotate", "logout ends every session"]}"#,
        ],
    },
];
