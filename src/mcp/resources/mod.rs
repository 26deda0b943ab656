//! Resources: what an agent or its user can attach and read without calling a tool.

pub(super) mod address;

use rmcp::model::{
    CacheScope, ErrorData, ListResourceTemplatesResult, ListResourcesResult, ReadResourceResult,
    Resource, ResourceContents, ResourceTemplate,
};
use serde_json::Value;

use self::address::{
    Address, EVENTS_TEMPLATE, INSTANCE_TEMPLATE, INSTANCES, STATE_TEMPLATE, TYPE_TEMPLATE, TYPES,
    of_instance,
};
use super::refusal;
use super::server::LIST_TTL_MS;
use super::tool::to_json;
use crate::domain::error::{Class, Code, Error, Result};
use crate::service::{
    EventsExcerpt, EventsPage, InstanceView, ListInstancesRequest, Service, without_secrets,
};

const JSON: &str = "application/json";

/// How many instances a page of the list has, and how many pages there are: an agent that reads
/// the whole list shall not drown in it.
const LISTED: i64 = 50;
const LISTED_PAGES: u32 = 10;

/// A page of the list: what there always is, then the instances, newest life first.
///
/// # Errors
///
/// `invalid_argument` for a foreign cursor, and `store_*` errors.
pub(super) async fn list(service: &Service, cursor: Option<String>) -> Result<ListResourcesResult> {
    let (page, cursor) = match cursor {
        None => (1, None),
        Some(cursor) => read_cursor(&cursor).map(|(page, cursor)| (page, Some(cursor)))?,
    };
    let request = ListInstancesRequest { limit: Some(LISTED), cursor, ..Default::default() };
    let answer = service.list_instances(request).await?;
    let mut resources = if page == 1 { always() } else { Vec::new() };
    resources.extend(answer.instances.iter().map(of_view));
    let next = answer.next_cursor.filter(|_| page < LISTED_PAGES);
    let mut result = ListResourcesResult::with_all_items(resources);
    result.next_cursor = next.map(|cursor| format!("{}:{cursor}", page + 1));
    Ok(result)
}

/// A cursor is that of the instances, behind the number of the page.
fn read_cursor(text: &str) -> Result<(u32, String)> {
    let (page, cursor) = text.split_once(':').unwrap_or_default();
    match page.parse() {
        Ok(page @ 2..=LISTED_PAGES) => Ok((page, cursor.to_owned())),
        _ => Err(Error::new(
            Code::InvalidArgument,
            "cursor is not one that this list gave",
            "send the nextCursor of the page before, or leave it out for the first page",
        )
        .at("cursor")),
    }
}

fn always() -> Vec<Resource> {
    vec![
        Resource::new(INSTANCES, "instances")
            .with_title("Instances")
            .with_description("The agents' runs in this store, the most recently alive first.")
            .with_mime_type(JSON),
        Resource::new(TYPES, "types")
            .with_title("Event types")
            .with_description("The types of events that can be recorded, with their fields.")
            .with_mime_type(JSON),
    ]
}

fn of_view(instance: &InstanceView) -> Resource {
    let InstanceView { handle, project, instance_type, .. } = instance;
    Resource::new(of_instance(handle), handle)
        .with_title(format!("Instance {handle}"))
        .with_description(format!(
            "A run of an agent ({instance_type}) on {project}: its registry entry, work state and \
             last events."
        ))
        .with_mime_type(JSON)
}

/// The templates, which change only with the program.
pub(super) fn templates(is_modern: bool) -> ListResourceTemplatesResult {
    let template = |uri, name, title, description| {
        ResourceTemplate::new(uri, name)
            .with_title(title)
            .with_description(description)
            .with_mime_type(JSON)
    };
    let mut result = ListResourceTemplatesResult::with_all_items(vec![
        template(
            INSTANCE_TEMPLATE,
            "instance",
            "An instance",
            "Its registry entry, work state and last events. id: its instance_id, its handle, or a \
             part of its handle that no other has.",
        ),
        template(
            EVENTS_TEMPLATE,
            "events",
            "Events of an instance",
            "Its last events, newest first; with after=N those that follow event N, oldest first; \
             with before=N those before it. At most 100, and at most 40,000 bytes.",
        ),
        template(
            STATE_TEMPLATE,
            "state",
            "Work state of an instance",
            "What its events add up to.",
        ),
        template(TYPE_TEMPLATE, "type", "An event type", "Its fields, JSON Schema and examples."),
    ]);
    if is_modern {
        (result.ttl_ms, result.cache_scope) = (Some(LIST_TTL_MS), Some(CacheScope::Public));
    }
    result
}

/// Reads a resource.
///
/// # Errors
///
/// What the service refuses.
pub(super) async fn read(service: Service, uri: String) -> Result<ReadResourceResult> {
    let content = match Address::parse(&uri)? {
        Address::Instances => service.instances_excerpt().await?,
        Address::Instance(hint) => service.details_excerpt(&hint).await?,
        Address::State(hint) => service.state_excerpt(&hint).await?,
        Address::Events(hint, page) => events(service.events_excerpt(&hint, page).await?, page)?,
        Address::Types => service.types_excerpt().await?,
        Address::Type(name) => service.type_excerpt(&name).await?,
    };
    let text = ResourceContents::text(content.to_string(), uri).with_mime_type(JSON);
    Ok(ReadResourceResult::new(vec![text]))
}

/// A page of events, with the address of the next one.
fn events(page: EventsExcerpt, asked: EventsPage) -> Result<Value> {
    let last = page.events.last().map(|event| event["sequence_num"].clone());
    let direction = if matches!(asked, EventsPage::After(_)) { "after" } else { "before" };
    let next = last.filter(|_| page.has_more);
    let next = next.map(|at| format!("{}/events?{direction}={at}", of_instance(&page.handle)));
    let mut content = to_json(&page)?;
    if let Some(next) = next {
        content["next_uri"] = next.into();
    }
    Ok(content)
}

/// A refusal to read the resource at `uri`: what names nothing is a resource that is not there, for
/// which the eras have different codes. The protocol wants `uri` in the data.
pub(super) fn unread(refusal: Error, uri: &str) -> ErrorData {
    let refusal = without_secrets(refusal.with("uri", uri));
    let is_missing = refusal.code.class() == Class::NotFound
        || refusal.code == Code::UnknownEventType
        || refusal.code == Code::InvalidArgument;
    if is_missing {
        return ErrorData::resource_not_found(refusal.message.clone(), Some(refusal.to_json()));
    }
    refusal::error_data(&refusal)
}
