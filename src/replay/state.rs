//! The work state: what an instance's events add up to.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::domain::time::Timestamp;

/// A value and the effective time of the event that set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated<T> {
    /// The value.
    pub value: T,
    /// The effective time of its event.
    pub at: Timestamp,
}

impl<T: Serialize> Serialize for Dated<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

/// Sets `place`, unless an event with a newer effective time has set it. Events that arrive late
/// fill what is empty and never overwrite what is newer.
pub fn set<T>(place: &mut Option<Dated<T>>, value: T, at: Timestamp) {
    if place.as_ref().is_none_or(|present| present.at <= at) {
        *place = Some(Dated { value, at });
    }
}

/// What an instance's events add up to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct State {
    /// The epic that was worked on last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub last_epic: Option<Dated<String>>,
    /// The type of the last event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_event_type: Option<String>,
    /// When the store took the last event (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub latest_timestamp: Option<Timestamp>,
    /// How many events were folded.
    pub total_events_replayed: u64,
    /// The data of the last checkpoint_created.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Map<String, Value>>")]
    pub checkpoint_state: Option<Dated<Map<String, Value>>>,
}
