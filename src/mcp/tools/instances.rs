//! Instances: registering them, keeping them alive, finding and closing them.

use crate::mcp::tool::{Effect, Tool, tool};
use crate::service::{
    CloseRequest, DetailsRequest, HeartbeatRequest, ListInstancesRequest, RegisterRequest, Service,
};

pub(super) fn tools() -> Vec<Tool<Service>> {
    vec![
        register_instance(),
        heartbeat(),
        list_instances(),
        get_instance_details(),
        close_instance(),
    ]
}

fn register_instance() -> Tool<Service> {
    tool(
        "mcp_meta_register_instance",
        "Register an instance",
        "Call this first, once per session: registers this run of an agent and returns its \
         instance_id and a short handle, either of which every other tool takes. Each call makes a \
         new instance; to go on with an earlier one, find it with mcp_meta_list_instances instead.",
        Effect::Adds,
        async |service: Service, request: RegisterRequest| service.register(request).await,
    )
}

fn heartbeat() -> Tool<Service> {
    tool(
        "mcp_meta_heartbeat",
        "Send a heartbeat",
        "Show that the instance is alive, how full its context is and which epic it works on. An \
         instance without a heartbeat or event for 120 seconds counts as stale, until the next one.",
        Effect::Adds,
        async |service: Service, request: HeartbeatRequest| service.heartbeat(request).await,
    )
}

fn list_instances() -> Tool<Service> {
    tool(
        "mcp_meta_list_instances",
        "List instances",
        "The instances, the most recently alive first, with status, epic and last sequence number. \
         Use it to find earlier work of a project, or, with stale_only, sessions that broke off.",
        Effect::Reads,
        async |service: Service, request: ListInstancesRequest| {
            service.list_instances(request).await
        },
    )
}

fn get_instance_details() -> Tool<Service> {
    tool(
        "mcp_meta_get_instance_details",
        "Look at an instance",
        "One instance with the state of its work and its last events: where an earlier session \
         stopped. Where a part of a handle fits several, the refusal lists them as matches.",
        Effect::Reads,
        async |service: Service, request: DetailsRequest| service.details(request).await,
    )
}

/// Idempotent: a second call is refused and adds nothing.
fn close_instance() -> Tool<Service> {
    tool(
        "mcp_meta_close_instance",
        "Close an instance",
        "Say that an instance's work is done. It then refuses further events; its record stays.",
        Effect::AddsOnce,
        async |service: Service, request: CloseRequest| service.close_instance(request).await,
    )
}
