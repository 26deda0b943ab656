//! Deployments of services.

use super::category::Category;
use super::event_type::EventType;
use super::field::{Field, flag, id, integer, label, message, milliseconds, title, url};
use super::shared_fields::{
    DURATION_SECONDS, EPIC_ID, ERROR, GIT_COMMIT, ISSUES_ENCOUNTERED, REASON, REPOSITORY,
};

const SERVICE: Field = title("service", "The service");
const ENVIRONMENT: Field = label("environment", "Where it runs, such as staging or production");
const VERSION: Field = label("version", "The version that is deployed");
const DOCKER_IMAGE: Field = label("docker_image", "The container image with its tag or digest");
const HOST: Field = label("host", "The host or cluster that it runs on");
const PORT: Field = integer("port", 1, 65_535, "The port that it listens on");
const URL: Field = url("url", "The address of the service");
const HEALTH_STATUS: Field =
    label("health_status", "What its health check says, such as healthy or degraded");
const RESPONSE_TIME_MS: Field = milliseconds("response_time_ms", "How fast it answers");
const TRIGGERED_BY: Field = label("triggered_by", "Who or what started the deployment");

/// What a deployment that went well says, under either of its names.
const DONE_FIELDS: &[Field] = &[
    SERVICE,
    ENVIRONMENT,
    VERSION,
    GIT_COMMIT,
    REPOSITORY,
    DOCKER_IMAGE,
    HOST,
    PORT,
    URL,
    HEALTH_STATUS,
    RESPONSE_TIME_MS,
    DURATION_SECONDS,
    TRIGGERED_BY,
    EPIC_ID,
];

/// The event types of the category.
pub const TYPES: &[EventType] = &[
    EventType {
        name: "deployment_started",
        category: Category::Deployment,
        description: "A deployment of a service has begun.",
        store_only: false,
        fields: &[
            SERVICE,
            ENVIRONMENT,
            VERSION,
            GIT_COMMIT,
            REPOSITORY,
            DOCKER_IMAGE,
            HOST,
            PORT,
            label("strategy", "How it is rolled out, such as rolling or blue-green"),
            TRIGGERED_BY,
            EPIC_ID,
        ],
        required: &[&["service"]],
        examples: &[
            r#"{"service": "supervisor-mcp", "environment": "staging"}"#,
            r#"{"service": "supervisor-mcp", "environment": "staging", "version": "1.4.0", "git_commit": "a1b2c3d", "docker_image": "supervisor:1.4.0", "strategy": "rolling"}"#,
        ],
    },
    EventType {
        name: "deployment_completed",
        category: Category::Deployment,
        description: "A deployment of a service has ended well. Says the same as deployment_done.",
        store_only: false,
        fields: DONE_FIELDS,
        required: &[&["service"]],
        examples: &[
            r#"{"service": "supervisor-mcp", "port": 8081, "health_status": "healthy"}"#,
            r#"{"service": "supervisor-mcp", "environment": "production", "version": "1.4.0", "port": 8081, "health_status": "healthy", "duration_seconds": 74}"#,
        ],
    },
    EventType {
        name: "deployment_done",
        category: Category::Deployment,
        description: "A deployment of a service has ended well, and the service was checked. Says \
                      the same as deployment_completed.",
        store_only: false,
        fields: DONE_FIELDS,
        required: &[&["service"]],
        examples: &[
            r#"{"service": "supervisor-mcp", "port": 8081, "health_status": "healthy"}"#,
            r#"{"service": "supervisor-mcp", "port": 8081, "health_status": "healthy", "response_time_ms": 12, "git_commit": "a1b2c3d", "docker_image": "supervisor:latest"}"#,
        ],
    },
    EventType {
        name: "deployment_failed",
        category: Category::Deployment,
        description: "A deployment of a service has failed.",
        store_only: false,
        fields: &[
            SERVICE,
            ENVIRONMENT,
            VERSION,
            GIT_COMMIT,
            REPOSITORY,
            DOCKER_IMAGE,
            HOST,
            PORT,
            HEALTH_STATUS,
            ERROR,
            REASON,
            label("phase", "The phase in which it failed, such as build or health check"),
            flag("rollback", "Whether the service was rolled back"),
            id("rollback_version", "The version that it was rolled back to"),
            ISSUES_ENCOUNTERED,
            message("log_excerpt", "The lines of the log that show the failure"),
            DURATION_SECONDS,
            TRIGGERED_BY,
            EPIC_ID,
        ],
        required: &[&["service"]],
        examples: &[
            r#"{"service": "supervisor-mcp", "error": "health check timed out", "rollback": true}"#,
            r#"{"service": "supervisor-mcp", "environment": "production", "version": "1.4.0", "phase": "health check", "error": "GET /healthz: 503", "rollback": true, "rollback_version": "1.3.2", "duration_seconds": 95}"#,
        ],
    },
];
