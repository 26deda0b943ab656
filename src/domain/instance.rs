//! Instances, and how events change their row in the registry.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::event::{Event, Hash};
use super::ids::{InstanceId, StoreId};
use super::limits::STALE_AFTER_SECONDS;
use super::time::{SECOND, Timestamp};

/// Whether an instance is at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Shows life.
    Active,
    /// Has shown no life for [`STALE_AFTER_SECONDS`].
    Stale,
    /// Closed; refuses further events until it is resumed.
    Closed,
}

impl Status {
    /// Every status.
    pub const ALL: [Status; 3] = [Status::Active, Status::Stale, Status::Closed];

    /// The status as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Stale => "stale",
            Status::Closed => "closed",
        }
    }

    /// The status of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// What registering an instance sets for good.
#[derive(Clone, Debug, PartialEq)]
pub struct Registration {
    /// The short name, see [`super::ids::handle`].
    pub handle: String,
    /// The project that the instance works on.
    pub project: String,
    /// The kind of agent, such as `PS`.
    pub instance_type: String,
    /// The host that the agent runs on.
    pub host: Option<String>,
    /// The agent's process on that host.
    pub pid: Option<u32>,
}

/// One run of one agent: its row in the registry, which is also the head of its events. All of it
/// but the identity is a projection of the instance's events.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// The identity.
    pub instance_id: InstanceId,
    /// What registering set.
    pub registration: Registration,
    /// The status as of the last event; see [`Instance::status_at`] for the present one.
    pub status: Status,
    /// When the instance was registered.
    pub created_at: Timestamp,
    /// The last life: registration, heartbeat, or any event of the caller.
    pub last_heartbeat: Timestamp,
    /// How full the agent's context is, 0 to 100.
    pub context_percent: Option<f64>,
    /// The epic that the instance works on.
    pub current_epic: Option<String>,
    /// The sequence number of the last event.
    pub last_sequence: u64,
    /// The hash of the last event.
    pub head_hash: Hash,
    /// The timestamp of the last event.
    pub head_timestamp: Timestamp,
    /// The store in which the instance was registered.
    pub origin_store_id: StoreId,
}

impl Instance {
    /// An instance before its first event.
    pub fn unborn(
        instance_id: InstanceId,
        registration: Registration,
        origin_store_id: StoreId,
        now: Timestamp,
    ) -> Self {
        Self {
            instance_id,
            registration,
            status: Status::Active,
            created_at: now,
            last_heartbeat: now,
            context_percent: None,
            current_epic: None,
            last_sequence: 0,
            head_hash: Hash::ZERO,
            head_timestamp: now,
            origin_store_id,
        }
    }

    /// The moment from which an active instance counts as stale.
    pub fn stale_from(&self) -> Timestamp {
        self.last_heartbeat.plus(STALE_AFTER_SECONDS * SECOND)
    }

    /// Whether the instance has gone stale without an event that says so.
    pub fn has_lapsed(&self, now: Timestamp) -> bool {
        self.status == Status::Active && now > self.stale_from()
    }

    /// The status at `now`, the lapse that no event has recorded yet included.
    pub fn status_at(&self, now: Timestamp) -> Status {
        if self.has_lapsed(now) { Status::Stale } else { self.status }
    }

    /// Takes `event`, the next one of this instance, into the row. Payloads that do not hold what
    /// their type promises change nothing.
    pub fn apply(&mut self, event: &Event) {
        self.last_sequence = event.sequence_num;
        self.head_hash = event.hash;
        self.head_timestamp = event.timestamp;
        let life = is_life(&event.event_type);
        if life {
            self.last_heartbeat = event.timestamp;
        }
        self.status = match event.event_type.as_str() {
            "instance_stale" => Status::Stale,
            "instance_closed" => Status::Closed,
            "instance_resumed" => Status::Active,
            _ if life && self.status == Status::Stale => Status::Active,
            _ => self.status,
        };
        self.apply_work(event);
    }

    /// What an event says of the context and of the epic at work.
    fn apply_work(&mut self, event: &Event) {
        let kind = event.event_type.as_str();
        if !matches!(
            kind,
            "instance_heartbeat"
                | "context_window_updated"
                | "epic_started"
                | "epic_completed"
                | "epic_failed"
        ) {
            return;
        }
        let data = event.event_data.value().unwrap_or_default();
        let text = |name: &str| data.get(name).and_then(Value::as_str).map(str::to_owned);
        match kind {
            "epic_started" => self.current_epic = text("epic_id").or(self.current_epic.take()),
            "epic_completed" | "epic_failed" => {
                if self.current_epic == text("epic_id") {
                    self.current_epic = None;
                }
            }
            _ => {
                let percent = data.get("context_percent").and_then(Value::as_f64);
                self.context_percent = percent.or(self.context_percent);
                self.current_epic = text("current_epic").or(self.current_epic.take());
            }
        }
    }
}

/// Whether an event of this type shows that the agent lives. What the store records of itself
/// does not.
fn is_life(event_type: &str) -> bool {
    !matches!(event_type, "instance_stale" | "archived" | "erased" | "capture_gap")
}
