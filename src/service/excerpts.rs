//! Answers of a bounded size, for readers that take them whole into their context: resources and
//! prompts. What is left out is marked in its place; the other use cases give it in full.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    DetailsRequest, EventView, InstanceView, ListEventTypesRequest, ListInstancesRequest, Service,
    arguments,
};
use crate::domain::error::{Code, Error, Result};
use crate::domain::json::{excerpt, normal_text};
use crate::store::{EventQuery, InstanceHint, Order};

/// The most instances of a page.
const INSTANCES: i64 = 50;
/// The most events of a page.
const EVENTS: u32 = 100;
/// The most bytes of a page of events, unless its first event alone has more.
const PAGE_BYTES: usize = 40_000;
/// The most bytes of one instance.
const INSTANCE_BYTES: usize = 1_200;
/// The most bytes of the data and of the metadata of one event.
const EVENT_BYTES: usize = 4_000;
/// The most bytes of the event types, of an entry among them, and of one in full.
const TYPES_BYTES: usize = 60_000;
const TYPE_ENTRY_BYTES: usize = 2_500;
const TYPE_BYTES: usize = 40_000;
/// The most bytes of a work state.
const STATE_BYTES: usize = 20_000;
/// The most bytes of the facts of an instance, of its work state therein, and of each event.
const FACTS_BYTES: usize = 8_800;
const FACTS_STATE_BYTES: usize = 4_000;
const FACTS_EVENT_BYTES: usize = 600;

/// A page of events.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EventsExcerpt {
    /// The instance.
    pub instance_id: String,
    /// Its short name.
    pub handle: String,
    /// The events: newest first, or, after a sequence number, oldest first.
    pub events: Vec<Value>,
    /// How many events there are in all, or after the sequence number.
    pub total_count: u64,
    /// Whether more follow after this page.
    pub has_more: bool,
}

/// Which page of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventsPage {
    /// The last events.
    #[default]
    Last,
    /// The last events before this sequence number.
    Before(i64),
    /// The first events after this sequence number.
    After(i64),
}

impl Service {
    /// The instances with the newest life.
    ///
    /// # Errors
    ///
    /// `store_*` errors.
    pub async fn instances_excerpt(&self) -> Result<Value> {
        let request = ListInstancesRequest { limit: Some(INSTANCES), ..Default::default() };
        let page = self.list_instances(request).await?;
        let instances: Vec<Value> =
            page.instances.iter().map(instance_excerpt).collect::<Result<_>>()?;
        Ok(json!({
            "instances": instances, "total_count": page.total_count, "has_more": page.has_more,
        }))
    }

    /// One instance with its work state and last events.
    ///
    /// # Errors
    ///
    /// As [`Service::details`].
    pub async fn details_excerpt(&self, hint: &str) -> Result<Value> {
        let details = self.details(DetailsRequest { instance_id: hint.to_owned() }).await?;
        let mut shown = instance_excerpt(&details.instance)?;
        let last = details.last_events.into_iter().map(|event| event_excerpt(event, EVENT_BYTES));
        shown["state"] = excerpt(to_value(&details.state)?, STATE_BYTES);
        shown["last_events"] = Value::Array(fitting(last, PAGE_BYTES / 2)?.0);
        Ok(shown)
    }

    /// The work state of an instance.
    ///
    /// # Errors
    ///
    /// `instance_not_found`, `ambiguous_instance`, and `store_*` errors.
    pub async fn state_excerpt(&self, hint: &str) -> Result<Value> {
        let (instance, state, _) = self.state(self.resolve_id(hint).await?, None, 0).await?;
        Ok(json!({
            "instance_id": instance.instance_id.to_string(),
            "handle": instance.registration.handle,
            "last_sequence": instance.last_sequence,
            "state": excerpt(to_value(&state)?, STATE_BYTES),
        }))
    }

    /// A page of the events of an instance.
    ///
    /// # Errors
    ///
    /// `instance_not_found`, `ambiguous_instance`, `invalid_sequence` for a negative number, and
    /// `store_*` errors.
    pub async fn events_excerpt(&self, hint: &str, page: EventsPage) -> Result<EventsExcerpt> {
        let instance = self.resolve(hint).await?;
        let mut query = EventQuery::newest(instance.instance_id, EVENTS);
        match page {
            EventsPage::Last => {}
            EventsPage::Before(number) => {
                query.beyond = arguments::sequence(Some(number), "before", 0)?;
            }
            EventsPage::After(number) => {
                query.order = Order::Ascending;
                query.after_sequence = arguments::sequence(Some(number), "after", 0)?;
            }
        }
        let found = self.store.query(&query).await?;
        let views: Vec<EventView> =
            found.events.into_iter().map(EventView::try_from).collect::<Result<_>>()?;
        let shown = views.into_iter().map(|event| event_excerpt(event, EVENT_BYTES));
        let (events, whole) = fitting(shown, PAGE_BYTES)?;
        Ok(EventsExcerpt {
            instance_id: instance.instance_id.to_string(),
            handle: instance.registration.handle,
            events,
            total_count: found.total_count,
            has_more: !whole || found.next.is_some(),
        })
    }

    /// The event types; `has_more` where not all of them fit.
    ///
    /// # Errors
    ///
    /// `store_*` errors.
    pub async fn types_excerpt(&self) -> Result<Value> {
        let known = self.list_event_types(&ListEventTypesRequest::default()).await?.event_types;
        let shown = known.iter().map(|entry| Ok(excerpt(to_value(entry)?, TYPE_ENTRY_BYTES)));
        let (event_types, whole) = fitting(shown, TYPES_BYTES)?;
        let mut answer = json!({"event_types": event_types});
        if !whole {
            answer["has_more"] = true.into();
        }
        Ok(answer)
    }

    /// One event type in full.
    ///
    /// # Errors
    ///
    /// As [`Service::event_type`].
    pub async fn type_excerpt(&self, name: &str) -> Result<Value> {
        Ok(excerpt(to_value(&self.event_type(name).await?)?, TYPE_BYTES))
    }

    /// What is known of an instance, by default of the one with the newest life: the instance, its
    /// work state and its last events, as far as they fit into 8,800 bytes.
    ///
    /// # Errors
    ///
    /// `instance_not_found`, also where there is no instance at all, `ambiguous_instance`, and
    /// `store_*` errors.
    pub async fn facts(&self, hint: Option<&str>) -> Result<Value> {
        let hint = match hint {
            Some(hint) => hint.to_owned(),
            None => self.newest_instance().await?,
        };
        let details = self.details(DetailsRequest { instance_id: hint }).await?;
        let mut facts = json!({
            "instance": instance_excerpt(&details.instance)?,
            "state": excerpt(to_value(&details.state)?, FACTS_STATE_BYTES),
        });
        let room = FACTS_BYTES.saturating_sub(normal_text(&facts).len());
        let last = details.last_events.into_iter().map(|event| {
            let told = json!({
                "sequence_num": event.sequence_num,
                "event_type": event.event_type,
                "timestamp": event.occurred_at.unwrap_or(event.timestamp),
                "event_data": excerpt(event.event_data, FACTS_EVENT_BYTES),
            });
            Ok(told)
        });
        facts["last_events"] = Value::Array(fitting(last, room)?.0);
        Ok(facts)
    }

    async fn newest_instance(&self) -> Result<String> {
        let request = ListInstancesRequest { limit: Some(1), ..Default::default() };
        let newest = self.list_instances(request).await?.instances.into_iter().next();
        newest.map(|instance| instance.instance_id).ok_or_else(|| {
            Error::new(
                Code::InstanceNotFound,
                "no instance is registered in this store",
                "register an instance first, or look into another store",
            )
            .at("instance")
        })
    }

    /// The handles that contain `part`, newest life first, at most `limit`; and whether there are
    /// more.
    ///
    /// # Errors
    ///
    /// `store_*` errors.
    pub async fn handles_with(&self, part: &str, limit: u32) -> Result<(Vec<String>, bool)> {
        let hint = InstanceHint::Handle(part.trim().to_owned());
        let found = self.store.find_instances(&hint, limit.saturating_add(1)).await?;
        let more = found.len() > limit as usize;
        let handles = found.into_iter().take(limit as usize);
        Ok((handles.map(|instance| instance.registration.handle).collect(), more))
    }
}

fn instance_excerpt(instance: &InstanceView) -> Result<Value> {
    Ok(excerpt(to_value(instance)?, INSTANCE_BYTES))
}

fn event_excerpt(mut event: EventView, bytes: usize) -> Result<Value> {
    event.event_data = excerpt(event.event_data, bytes);
    event.metadata = event.metadata.map(|metadata| excerpt(metadata, bytes));
    to_value(&event)
}

/// The first of `values` that fit into `bytes`, at least one; and whether those are all.
fn fitting(
    values: impl Iterator<Item = Result<Value>>,
    bytes: usize,
) -> Result<(Vec<Value>, bool)> {
    let (mut kept, mut used) = (Vec::new(), 0);
    for value in values {
        let value = value?;
        used += normal_text(&value).len() + 1;
        if used > bytes && !kept.is_empty() {
            return Ok((kept, false));
        }
        kept.push(value);
    }
    Ok((kept, true))
}

fn to_value(answer: &impl Serialize) -> Result<Value> {
    serde_json::to_value(answer).map_err(|error| {
        let message = format!("the answer could not be written as JSON: {error}");
        Error::new(Code::Internal, message, "this is a fault of Annals: please report it")
    })
}
