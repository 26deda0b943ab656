//! Querying the events of an instance.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Service, arguments, cursor};
use crate::domain::catalogue::Category;
use crate::domain::error::{Code, Error, Result};
use crate::domain::event::Event;
use crate::domain::ids::InstanceId;
use crate::domain::keyword::Keyword;
use crate::domain::time::Timestamp;
use crate::domain::value_condition::ValueCondition;
use crate::store::{EventQuery, Order, Scope};

/// One text, or several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// Which events to show; all conditions given must hold.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filters {
    /// Only this event type, or these.
    #[serde(default)]
    pub event_type: Option<OneOrMany>,
    /// Only event types of this category: instance, epic, testing, git, deployment, work_state or
    /// planning.
    #[serde(default)]
    pub category: Option<String>,
    /// Only events from this time on (RFC 3339 with an offset, or a date: from its start in UTC).
    #[serde(default)]
    pub start_date: Option<String>,
    /// Only events up to this time (RFC 3339 with an offset, or a date: to its end in UTC).
    #[serde(default)]
    pub end_date: Option<String>,
    /// Only events that have this text, in whatever case, in their type, keys or values.
    #[serde(default)]
    pub keyword: Option<String>,
    /// Only events with these values: path and value, such as {"test_type": "unit"}. Paths lead into
    /// event_data unless they start with metadata: issues.0, metadata.tags.0.
    #[serde(default, rename = "where")]
    #[schemars(schema_with = "super::types::object_schema")]
    pub values: Option<Map<String, Value>>,
    /// Only events with a higher sequence number.
    #[serde(default)]
    pub after_sequence: Option<i64>,
}

/// The order of a page by sequence number.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SortOrder {
    /// Oldest first.
    Asc,
    /// Newest first.
    #[default]
    Desc,
}

/// Asks for events: of an instance, or across instances of a project, or of an epic.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryRequest {
    /// The instance: its id, its handle, or a part of its handle that no other has.
    #[serde(default)]
    pub instance_id: Option<String>,
    /// In place of instance_id: the events of all instances of this project.
    #[serde(default)]
    pub project: Option<String>,
    /// In place of instance_id, or with project: the events that name this epic.
    #[serde(default)]
    pub epic: Option<String>,
    /// Which events to show; all of them by default.
    #[serde(default)]
    pub filters: Option<Filters>,
    /// At most so many events, 1 to 1000; 100 by default. A configuration may say otherwise.
    #[serde(default)]
    pub limit: Option<i64>,
    /// Leave out so many events first; 0 by default.
    #[serde(default)]
    pub offset: Option<i64>,
    /// desc (newest first, the default) or asc.
    #[serde(default)]
    pub order: SortOrder,
    /// The next_cursor of the page before: gives the next page, whatever was recorded meanwhile.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// An event as callers see it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct EventView {
    /// The event.
    pub event_id: String,
    /// Its type.
    pub event_type: String,
    /// Its number within the instance.
    pub sequence_num: u64,
    /// When the store took it (RFC 3339, UTC).
    #[schemars(with = "String")]
    pub timestamp: Timestamp,
    /// What happened.
    #[schemars(schema_with = "super::types::object_schema")]
    pub event_data: Value,
    /// Tags and context.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::types::object_schema")]
    pub metadata: Option<Value>,
    /// When it happened, where the caller said so (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub occurred_at: Option<Timestamp>,
    /// The event that caused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caused_by: Option<String>,
    /// Groups the events of one piece of work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The instance, where the question was across instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// Its short name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
}

impl TryFrom<Event> for EventView {
    type Error = Error;

    fn try_from(event: Event) -> Result<Self> {
        let parse = |payload: &crate::domain::event::Payload| {
            payload.value().map_err(|error| damaged(&event, &error))
        };
        Ok(Self {
            event_data: parse(&event.event_data)?,
            metadata: event.metadata.as_ref().map(parse).transpose()?,
            event_id: event.event_id.to_string(),
            sequence_num: event.sequence_num,
            timestamp: event.timestamp,
            occurred_at: event.occurred_at,
            caused_by: event.caused_by.map(|id| id.to_string()),
            correlation_id: event.correlation_id,
            event_type: event.event_type,
            instance_id: None,
            handle: None,
        })
    }
}

fn damaged(event: &Event, error: &serde_json::Error) -> Error {
    Error::new(
        Code::StoreCorrupt,
        format!("the stored payload of event {} is no JSON: {error}", event.event_id),
        "the store's file was changed or damaged; `annals verify` names the events at fault",
    )
}

/// A page of events.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct QueryAnswer {
    /// The page.
    pub events: Vec<EventView>,
    /// How many events fit the filters in all.
    pub total_count: u64,
    /// Whether more follow after this page.
    pub has_more: bool,
    /// Gives the next page, where more follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl Service {
    /// A page of events, newest first unless asked otherwise.
    ///
    /// # Errors
    ///
    /// `instance_not_found`, `ambiguous_instance`, `unknown_event_type`, `unknown_category`,
    /// `invalid_date`, `invalid_date_range`, `invalid_keyword`, `invalid_sequence`, `invalid_limit`,
    /// `invalid_offset`, `invalid_argument` for a scope, a path or a cursor, and `store_*` errors.
    pub async fn query(&self, request: QueryRequest) -> Result<QueryAnswer> {
        let filters = request.filters.unwrap_or_default();
        let order = match request.order {
            SortOrder::Asc => Order::Ascending,
            SortOrder::Desc => Order::Descending,
        };
        let (limit, offset) =
            (arguments::limit(request.limit, &self.limits)?, arguments::offset(request.offset)?);
        let after = arguments::sequence(filters.after_sequence, "filters.after_sequence", 0)?;
        let effective =
            arguments::date_range(filters.start_date.as_deref(), filters.end_date.as_deref())?;
        let most = self.limits.keyword_chars;
        let keyword = filters.keyword.as_deref().map(|text| keyword(text, most)).transpose()?;
        let values = values(filters.values)?;
        let event_types = self.event_types(filters.event_type, filters.category.as_deref()).await?;
        let scope = self.scope(request.instance_id, request.project, request.epic).await?;
        let beyond = request.cursor.as_deref().map(|text| cursor::parse(text, &scope, order));
        let query = EventQuery {
            scope,
            event_types,
            effective,
            keyword,
            values,
            after_sequence: after,
            order,
            beyond: beyond.transpose()?,
            limit,
            offset,
        };
        let page = self.store.query(&query).await?;
        let events = match query.scope {
            Scope::Instance(_) => page.events.into_iter().map(EventView::try_from).collect(),
            Scope::Across { .. } => self.with_instances(page.events).await,
        };
        Ok(QueryAnswer {
            events: events?,
            total_count: page.total_count,
            has_more: page.next.is_some(),
            next_cursor: page.next.map(|place| cursor::write(place, &query.scope, order)),
        })
    }

    /// Events of many instances, each with its instance.
    pub(super) async fn with_instances(&self, events: Vec<Event>) -> Result<Vec<EventView>> {
        let mut handles: HashMap<InstanceId, String> = HashMap::new();
        let mut views = Vec::with_capacity(events.len());
        for event in events {
            let id = event.instance_id;
            if let Entry::Vacant(place) = handles.entry(id) {
                let found = self.resolve(&id.to_string()).await?;
                place.insert(found.registration.handle);
            }
            let (instance_id, handle) = (Some(id.to_string()), handles.get(&id).cloned());
            views.push(EventView { instance_id, handle, ..EventView::try_from(event)? });
        }
        Ok(views)
    }

    /// Whose events are asked for.
    async fn scope(
        &self,
        instance_id: Option<String>,
        project: Option<String>,
        epic: Option<String>,
    ) -> Result<Scope> {
        match (instance_id, project, epic) {
            (Some(hint), None, None) => Ok(Scope::Instance(self.resolve(&hint).await?.instance_id)),
            (None, None, None) => Err(Error::new(
                Code::InvalidArgument,
                "the argument `instance_id` is missing",
                "name an instance, or in its place a project or an epic",
            )
            .at("instance_id")),
            (None, project, epic) => Ok(Scope::Across { project, epic }),
            (Some(_), ..) => Err(Error::new(
                Code::InvalidArgument,
                "instance_id stands beside project or epic",
                "name either an instance, or a project or an epic; within an instance ask for an \
                 epic with filters.where {\"epic_id\": …}",
            )
            .at("instance_id")),
        }
    }

    /// The event types that both filters leave; `None` where neither is given.
    async fn event_types(
        &self,
        event_type: Option<OneOrMany>,
        category: Option<&str>,
    ) -> Result<Option<Vec<String>>> {
        let named = match event_type {
            None => None,
            Some(OneOrMany::One(name)) => Some(vec![name]),
            Some(OneOrMany::Many(names)) => Some(names),
        };
        let parse = |name: &str| {
            Category::parse(name).ok_or_else(|| Category::unknown(name).at("filters.category"))
        };
        let category = category.map(parse).transpose()?;
        let Some(names) = named else {
            let Some(category) = category else { return Ok(None) };
            return Ok(Some(self.all_types().await?.names_of(category)));
        };
        let types = self.types_named(names.iter().map(String::as_str)).await?;
        for name in &names {
            types.require(name).map_err(|error| error.at("filters.event_type"))?;
        }
        let fits = |name: &String| category.is_none() || types.category(name) == category;
        Ok(Some(names.into_iter().filter(fits).collect()))
    }
}

fn keyword(text: &str, most: usize) -> Result<Keyword> {
    let chars = text.chars().count();
    if (1..=most).contains(&chars) {
        return Ok(Keyword::new(text));
    }
    Err(Error::new(
        Code::InvalidKeyword,
        format!("keyword has {chars} characters, it must have 1 to {most}"),
        "search for a shorter part of the text, or leave the keyword out",
    )
    .at("filters.keyword"))
}

fn values(given: Option<Map<String, Value>>) -> Result<Vec<ValueCondition>> {
    let conditions = given.into_iter().flatten();
    conditions.map(|(path, value)| ValueCondition::new(&path, value)).collect()
}
