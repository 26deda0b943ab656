//! Listing instances, and looking at one.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::heartbeat::age_seconds;
use super::query::EventView;
use super::{Service, arguments, cursor};
use crate::domain::error::{Code, Error, Result};
use crate::domain::ids::InstanceId;
use crate::domain::instance::{Instance, Status};
use crate::domain::limits::QUERY_LIMIT;
use crate::domain::time::Timestamp;
use crate::replay::State;
use crate::store::InstanceFilter;

/// How many of its last events the details of an instance show.
const LAST_EVENTS: usize = 10;

/// An instance as callers see it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct InstanceView {
    /// The instance.
    pub instance_id: String,
    /// Its short name.
    pub handle: String,
    /// The project that it works on.
    pub project: String,
    /// The kind of agent.
    pub instance_type: String,
    /// Its status: stale when it has shown no life for 120 seconds.
    pub status: Status,
    /// Its last life: registration, heartbeat or any event of the caller (RFC 3339, UTC).
    #[schemars(with = "String")]
    pub last_heartbeat: Timestamp,
    /// Seconds since its last life.
    pub age_seconds: f64,
    /// How full the agent's context is, 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_percent: Option<f64>,
    /// The epic that it works on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_epic: Option<String>,
    /// The number of its last event.
    pub last_sequence: u64,
    /// When it was registered (RFC 3339, UTC).
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    /// The host that the agent runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The agent's process on that host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
}

impl InstanceView {
    /// The instance as it stands at `now`.
    pub fn at(instance: &Instance, now: Timestamp) -> Self {
        Self {
            instance_id: instance.instance_id.to_string(),
            handle: instance.registration.handle.clone(),
            project: instance.registration.project.clone(),
            instance_type: instance.registration.instance_type.clone(),
            status: instance.status_at(now),
            last_heartbeat: instance.last_heartbeat,
            age_seconds: age_seconds(now, instance.last_heartbeat),
            context_percent: instance.context_percent,
            current_epic: instance.current_epic.clone(),
            last_sequence: instance.last_sequence,
            created_at: instance.created_at,
            host: instance.registration.host.clone(),
            pid: instance.registration.pid,
        }
    }
}

/// Asks for instances, the one with the newest life first.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListInstancesRequest {
    /// Only instances of this project.
    #[serde(default)]
    pub project: Option<String>,
    /// Only instances with this status: active, stale or closed.
    #[serde(default)]
    pub status: Option<Status>,
    /// Only stale instances: no life for 120 seconds, and not closed.
    #[serde(default)]
    pub stale_only: bool,
    /// At most so many, 1 to 1000; 100 by default. A configuration may say otherwise.
    #[serde(default)]
    pub limit: Option<i64>,
    /// The next_cursor of the page before.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// A page of instances.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ListInstancesAnswer {
    /// The page.
    pub instances: Vec<InstanceView>,
    /// How many fit in all.
    pub total_count: u64,
    /// Whether more follow after this page.
    pub has_more: bool,
    /// Gives the next page, where more follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Asks for one instance with its work state and last events.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DetailsRequest {
    /// The instance: its id, its handle, or a part of its handle that no other has.
    pub instance_id: String,
}

/// One instance with its work state and last events.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DetailsAnswer {
    /// The instance.
    #[serde(flatten)]
    pub instance: InstanceView,
    /// What its events add up to.
    pub state: State,
    /// Its last events, newest first.
    pub last_events: Vec<EventView>,
}

impl Service {
    /// A page of the registry, newest life first. Staleness is computed, and nothing is written.
    ///
    /// # Errors
    ///
    /// `invalid_limit`, `invalid_argument` for contradicting filters or a foreign cursor, and
    /// `store_*` errors.
    pub async fn list_instances(
        &self,
        request: ListInstancesRequest,
    ) -> Result<ListInstancesAnswer> {
        let status = match (request.stale_only, request.status) {
            (false, status) => status,
            (true, None | Some(Status::Stale)) => Some(Status::Stale),
            (true, Some(other)) => return Err(contradiction(other)),
        };
        let now = self.now();
        let filter = InstanceFilter {
            project: request.project,
            status,
            now,
            after: request.cursor.as_deref().map(parse_cursor).transpose()?,
            limit: arguments::limit(request.limit, &self.limits)?,
        };
        let page = self.store.list_instances(&filter).await?;
        let last = page.instances.last().filter(|_| page.has_more);
        Ok(ListInstancesAnswer {
            next_cursor: last.map(write_cursor),
            instances: page.instances.iter().map(|found| InstanceView::at(found, now)).collect(),
            total_count: page.total_count,
            has_more: page.has_more,
        })
    }

    /// One instance with its work state and last events.
    ///
    /// # Errors
    ///
    /// `instance_not_found`, `ambiguous_instance` with the matches, and `store_*` errors.
    pub async fn details(&self, request: DetailsRequest) -> Result<DetailsAnswer> {
        let instance_id = self.resolve_id(&request.instance_id).await?;
        let (instance, state, last) = self.state(instance_id, None, LAST_EVENTS).await?;
        Ok(DetailsAnswer {
            instance: InstanceView::at(&instance, self.now()),
            state,
            last_events: last.into_iter().map(EventView::try_from).collect::<Result<_>>()?,
        })
    }
}

impl Service {
    /// The instances of the registry that are not in `seen`, which they are added to.
    ///
    /// An instance that shows life meanwhile comes first in the listing, perhaps past the page where
    /// it was to be found: who wants all asks until there are none.
    pub(super) async fn unseen_instances(
        &self,
        seen: &mut HashSet<InstanceId>,
    ) -> Result<Vec<InstanceId>> {
        let mut filter = InstanceFilter {
            project: None,
            status: None,
            now: self.now(),
            after: None,
            limit: QUERY_LIMIT,
        };
        let mut unseen = Vec::new();
        loop {
            let page = self.store.list_instances(&filter).await?;
            let ids = page.instances.iter().map(|instance| instance.instance_id);
            unseen.extend(ids.filter(|id| seen.insert(*id)));
            match page.instances.last().filter(|_| page.has_more) {
                Some(last) => filter.after = Some((last.last_heartbeat, last.instance_id)),
                None => return Ok(unseen),
            }
        }
    }
}

fn contradiction(status: Status) -> Error {
    Error::new(
        Code::InvalidArgument,
        format!("stale_only contradicts status {}", status.as_str()),
        "give one of the two",
    )
    .at("stale_only")
}

fn write_cursor(instance: &Instance) -> String {
    format!("{:x}.{}", instance.last_heartbeat.micros(), instance.instance_id.0.simple())
}

fn parse_cursor(text: &str) -> Result<(Timestamp, InstanceId)> {
    let parse = || {
        let (life, id) = text.split_once('.')?;
        let life = i64::from_str_radix(life, 16).ok()?;
        Some((Timestamp::from_micros(life), InstanceId(uuid::Uuid::parse_str(id).ok()?)))
    };
    parse().ok_or_else(cursor::unknown)
}
