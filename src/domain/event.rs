//! Events and their payloads.

use std::fmt;

use serde_json::Value;

use super::error::Error;
use super::ids::{EventId, InstanceId};
use super::time::Timestamp;

/// A SHA-256 hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What stands in place of the previous hash at the first event of an instance.
    pub const ZERO: Hash = Hash([0; 32]);
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The random bytes that are hashed before a payload, so that a payload that was erased cannot be
/// guessed from its hash.
pub type Salt = [u8; 16];

/// A JSON object as it is stored and hashed: its normal text (see [`super::json`]) and its salt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The normal text.
    pub text: String,
    /// Hashed before the text.
    pub salt: Salt,
}

impl Payload {
    /// The payload as a JSON value.
    ///
    /// # Errors
    ///
    /// When the text is no JSON, which a store can only hold if something other than Annals wrote it.
    pub fn value(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_str(&self.text)
    }
}

/// An event that has passed validation and waits for its place: number, time and hash are assigned
/// by [`crate::integrity::decide`] inside the appending transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// The identity of the event.
    pub event_id: EventId,
    /// Whether the caller chose `event_id`, so that it may have been stored before.
    pub id_given: bool,
    /// The name of its type in the catalogue.
    pub event_type: String,
    /// What happened.
    pub event_data: Payload,
    /// Tags and context.
    pub metadata: Option<Payload>,
    /// The caller's own time of the fact, where it differs from the time of storing.
    pub occurred_at: Option<Timestamp>,
    /// The event that caused this one.
    pub caused_by: Option<EventId>,
    /// Groups events that belong to one piece of work.
    pub correlation_id: Option<String>,
    /// What is known of the event's fit to its type.
    pub type_check: TypeCheck,
}

/// What is known of an event's fit to its type before the event is appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeCheck {
    /// The event fits its type, which is built in.
    Fits,
    /// The event fits its custom type as this change has left it. A later change makes the event be
    /// checked again.
    FitsAsOf(u64),
    /// The event does not fit its custom type, or the limits of this process, as they are now, for
    /// this reason. It is accepted only as the repetition of one that was stored while it did.
    Refused(Box<Error>),
}

/// One immutable fact about an instance, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The identity of the event, unique in the store.
    pub event_id: EventId,
    /// The instance that it is about.
    pub instance_id: InstanceId,
    /// The name of its type in the catalogue.
    pub event_type: String,
    /// 1, 2, 3 … within the instance, without a gap.
    pub sequence_num: u64,
    /// When the store took the event; never decreases within an instance.
    pub timestamp: Timestamp,
    /// The caller's own time of the fact.
    pub occurred_at: Option<Timestamp>,
    /// What happened.
    pub event_data: Payload,
    /// Tags and context.
    pub metadata: Option<Payload>,
    /// The event that caused this one.
    pub caused_by: Option<EventId>,
    /// Groups events that belong to one piece of work.
    pub correlation_id: Option<String>,
    /// The link of the instance's hash chain that this event is.
    pub hash: Hash,
}

impl Event {
    /// The time that date filters and statistics go by: `occurred_at`, else `timestamp`.
    pub fn effective_at(&self) -> Timestamp {
        self.occurred_at.unwrap_or(self.timestamp)
    }

    /// Whether `new`, meant for `instance_id`, says the same: equal in all that the caller chooses.
    pub fn same_content(&self, instance_id: InstanceId, new: &NewEvent) -> bool {
        self.instance_id == instance_id
            && self.event_type == new.event_type
            && self.event_data.text == new.event_data.text
            && text(&self.metadata) == text(&new.metadata)
            && self.occurred_at == new.occurred_at
            && self.caused_by == new.caused_by
            && self.correlation_id == new.correlation_id
    }
}

impl NewEvent {
    /// Whether `other` says the same, ids and salts aside.
    pub fn same_content(&self, other: &NewEvent) -> bool {
        self.event_type == other.event_type
            && self.event_data.text == other.event_data.text
            && text(&self.metadata) == text(&other.metadata)
            && self.occurred_at == other.occurred_at
            && self.caused_by == other.caused_by
            && self.correlation_id == other.correlation_id
    }
}

fn text(payload: &Option<Payload>) -> Option<&str> {
    payload.as_ref().map(|payload| payload.text.as_str())
}
