//! What the agent does from turn to turn, and what capture could not record.

use super::category::Category;
use super::event_type::EventType;
use super::field::{
    Field, Kind, LARGEST, count, flag, id, integer, label, list, message, milliseconds, object,
    path, percent, statement, time, title,
};
use super::shared_fields::{
    BRANCH, CHECKPOINT_ID, CURRENT_EPIC, EPIC_ID, ERROR, GIT_COMMIT, MODEL, NEXT_STEPS, REASON,
    SESSION_ID,
};

const CONTEXT_PERCENT: Field = percent("context_percent", "How full the agent's context is");
const DURATION_MS: Field = milliseconds("duration_ms", "How long it took");
const PROMPT_ID: Field = id("prompt_id", "The agent's own name of the prompt");
const AGENT: Field = label("agent", "The agent program, such as claude-code");
const TRANSCRIPT_PATH: Field = path("transcript_path", "The agent's transcript");
const COST: Field = Field::new("cost_usd", Kind::Number { min: 0, max: LARGEST }, "What it cost")
    .in_unit("US dollars");

const fn tokens(name: &'static str, doc: &'static str) -> Field {
    count(name, doc).in_unit("tokens")
}

/// The event types of the category.
pub const TYPES: &[EventType] = &[
    EventType {
        name: "context_window_updated",
        category: Category::WorkState,
        description: "The agent's context is now so full.",
        store_only: false,
        fields: &[
            CONTEXT_PERCENT,
            tokens("context_tokens", "What the context holds"),
            tokens("context_limit", "What the context can hold"),
            CURRENT_EPIC,
            MODEL,
        ],
        required: &[&["context_percent"]],
        examples: &[
            r#"{"context_percent": 82}"#,
            r#"{"context_percent": 82, "context_tokens": 164000, "context_limit": 200000, "current_epic": "epic-003"}"#,
        ],
    },
    EventType {
        name: "checkpoint_created",
        category: Category::WorkState,
        description: "A point to come back to: the work state under a name, with what the agent \
                      adds.",
        store_only: false,
        fields: &[
            CHECKPOINT_ID,
            title("name", "The name of the checkpoint"),
            label("trigger", "Why it was made: manual, context_window, epic_completion or another"),
            object("state", "The work state, or the part of it that the agent wants to keep"),
            list("files", "The files that matter for going on"),
            BRANCH,
            GIT_COMMIT,
            message("notes", "What the next session should know"),
            NEXT_STEPS,
            CONTEXT_PERCENT,
            EPIC_ID,
        ],
        required: &[&["checkpoint_id"]],
        examples: &[
            r#"{"checkpoint_id": "cp-1", "name": "before the token rewrite"}"#,
            r#"{"checkpoint_id": "cp-1", "name": "before the token rewrite", "trigger": "manual", "state": {"open_question": "rotate on every use?"}, "files": ["src/auth/token.rs"], "branch": "epic-003", "notes": "Tests of the old scheme still pass.", "epic_id": "epic-003"}"#,
        ],
    },
    EventType {
        name: "checkpoint_loaded",
        category: Category::WorkState,
        description: "The agent went on from a checkpoint.",
        store_only: false,
        fields: &[
            CHECKPOINT_ID,
            title("name", "The name of the checkpoint"),
            id("from_instance", "The instance that made it, where it is another one"),
            REASON,
            EPIC_ID,
        ],
        required: &[&["checkpoint_id"]],
        examples: &[r#"{"checkpoint_id": "cp-1", "from_instance": "odin-PS-8f4a2b"}"#],
    },
    EventType {
        name: "prompt_submitted",
        category: Category::WorkState,
        description: "A person or a program gave the agent a prompt.",
        store_only: false,
        fields: &[
            message("prompt", "The prompt"),
            PROMPT_ID,
            label("source", "Where it came from, such as user, sdk or schedule"),
            MODEL,
            SESSION_ID,
            CURRENT_EPIC,
        ],
        required: &[],
        examples: &[r#"{"prompt": "Make refresh tokens rotate.", "source": "user"}"#],
    },
    EventType {
        name: "turn_completed",
        category: Category::WorkState,
        description: "The agent has ended a turn and waits.",
        store_only: false,
        fields: &[
            id("turn_id", "The agent's own name of the turn"),
            PROMPT_ID,
            message("summary", "What the agent said last"),
            label("stop_reason", "Why the turn ended"),
            MODEL,
            DURATION_MS,
            count("tool_calls", "How many tools the agent called"),
            tokens("input_tokens", "What the model read"),
            tokens("output_tokens", "What the model wrote"),
            tokens("cached_tokens", "What of the input came from a cache"),
            COST,
            CONTEXT_PERCENT,
            SESSION_ID,
            CURRENT_EPIC,
        ],
        required: &[],
        examples: &[
            r#"{"summary": "Refresh tokens rotate now; 45 tests pass.", "duration_ms": 184000}"#,
            r#"{"turn_id": "turn-17", "stop_reason": "end_turn", "duration_ms": 184000, "tool_calls": 23, "input_tokens": 91000, "output_tokens": 5200, "cost_usd": 0.41}"#,
        ],
    },
    EventType {
        name: "context_compacted",
        category: Category::WorkState,
        description: "The agent's context was summarised to make room.",
        store_only: false,
        fields: &[
            label("trigger", "What caused it, such as auto or manual"),
            message("summary", "The summary that took the place of the context"),
            message("instructions", "What the summary was told to keep"),
            tokens("tokens_before", "What the context held before"),
            tokens("tokens_after", "What the context holds now"),
            percent("context_percent", "How full the agent's context is now"),
            SESSION_ID,
        ],
        required: &[],
        examples: &[r#"{"trigger": "auto", "tokens_before": 182000, "tokens_after": 21000}"#],
    },
    EventType {
        name: "command_logged",
        category: Category::WorkState,
        description: "The agent ran a command or called a tool. Many of these arrive.",
        store_only: false,
        fields: &[
            title("action", "What was done: the tool, or the kind of command"),
            message("command", "The command line"),
            object("parameters", "What the tool was called with"),
            message("output", "What came back, or the part of it that matters"),
            flag("success", "Whether it succeeded"),
            integer("exit_code", i32::MIN as i64, u32::MAX as i64, "The exit code of the process"),
            ERROR,
            DURATION_MS,
            id("tool_use_id", "The agent's own name of the call"),
            id("agent_id", "The subagent that made the call"),
            path("cwd", "The folder in which it ran"),
            list("files", "The files that it touched"),
            EPIC_ID,
            SESSION_ID,
        ],
        required: &[&["action"]],
        examples: &[
            r#"{"action": "run_tests", "command": "cargo test", "exit_code": 0}"#,
            r#"{"action": "Edit", "parameters": {"file_path": "src/auth/token.rs"}, "success": true, "duration_ms": 14, "tool_use_id": "toolu_01", "files": ["src/auth/token.rs"]}"#,
        ],
    },
    EventType {
        name: "capture_gap",
        category: Category::WorkState,
        description: "Capture knows that it has missed something.",
        store_only: false,
        fields: &[
            statement("reason", "Why something is missing"),
            AGENT,
            SESSION_ID,
            time("from_time", "The start of the gap"),
            time("to_time", "The end of the gap"),
            count("missed_count", "How many events are missing, where it is known"),
            TRANSCRIPT_PATH,
        ],
        required: &[&["reason"]],
        examples: &[
            r#"{"reason": "the spool was full", "missed_count": 12}"#,
            r#"{"reason": "no hook ran", "agent": "codex", "from_time": "2026-11-23T09:30:00Z", "to_time": "2026-11-23T09:42:00Z"}"#,
        ],
    },
    EventType {
        name: "capture_error",
        category: Category::WorkState,
        description: "Capture could not turn something that it received into an event.",
        store_only: false,
        fields: &[
            statement("error", "What went wrong"),
            AGENT,
            label("hook", "The hook that delivered it"),
            label("source", "Where it came from, such as hook, transcript or git"),
            message("input", "The start of what was received"),
            count("input_bytes", "How much was received").in_unit("bytes"),
            TRANSCRIPT_PATH,
            SESSION_ID,
        ],
        required: &[&["error"]],
        examples: &[
            r#"{"error": "the hook's input is not JSON", "agent": "gemini-cli", "hook": "AfterTool"}"#,
        ],
    },
];
