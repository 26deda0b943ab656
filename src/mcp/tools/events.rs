//! Recording events and reading them back.

use crate::mcp::tool::{Effect, Tool, tool};
use crate::service::{
    EmitBatchRequest, EmitRequest, ListEventTypesRequest, QueryRequest, ReplayRequest, Service,
};

pub(super) fn tools() -> Vec<Tool<Service>> {
    vec![emit_event(), emit_events(), query_events(), replay_events(), list_event_types()]
}

/// Not declared idempotent: without an `event_id` each call adds an event.
fn emit_event() -> Tool<Service> {
    tool(
        "mcp_meta_emit_event",
        "Record an event",
        "Record one fact about an instance, for ever. Returns once it is on disk, with its \
         sequence_num (1, 2, 3 … per instance) and hash. Example: {\"instance_id\": \
         \"odin-PS-8f4a2b\", \"event_type\": \"test_passed\", \"event_data\": {\"epic_id\": \
         \"epic-003\", \"passed_count\": 45, \"failed_count\": 0}}. Types and their fields: \
         mcp_meta_list_event_types. Give an event_id (a UUID) to be able to send again safely; \
         without one, each call adds an event.",
        Effect::Adds,
        async |service: Service, request: EmitRequest| service.emit(request).await,
    )
}

fn emit_events() -> Tool<Service> {
    tool(
        "mcp_meta_emit_events",
        "Record several events",
        "Record up to 1,000 events (or as configured) of one instance in their order: all of them, \
         or none when one is refused (the refusal names its index). Use it to catch up on several \
         facts in one call.",
        Effect::Adds,
        async |service: Service, request: EmitBatchRequest| service.emit_batch(request).await,
    )
}

fn query_events() -> Tool<Service> {
    tool(
        "mcp_meta_query_events",
        "Query events",
        "What happened in an instance: its events, newest first, with the exact total_count. Filter \
         by type, category, dates or a keyword; ask for as few as you need with limit. For what is \
         new since you last looked: filters.after_sequence with order asc.",
        Effect::Reads,
        async |service: Service, request: QueryRequest| service.query(request).await,
    )
}

fn replay_events() -> Tool<Service> {
    tool(
        "mcp_meta_replay_events",
        "Replay events",
        "The state of an instance's work, computed from its events in order: at the end, or as it \
         was after event number to_sequence_num. Cheaper to read than the events themselves.",
        Effect::Reads,
        async |service: Service, request: ReplayRequest| service.replay(request).await,
    )
}

fn list_event_types() -> Tool<Service> {
    tool(
        "mcp_meta_list_event_types",
        "List event types",
        "The event types that can be recorded, with description, category, required and optional \
         fields; those that users of this store have defined are marked custom. Ask for one category to keep the answer short.",
        Effect::Reads,
        async |service: Service, request: ListEventTypesRequest| {
            service.list_event_types(&request).await
        },
    )
}
