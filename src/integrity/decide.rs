//! What an append does, given the head of the instance. Pure: a writer that lost a race decides
//! again on the new head, and nothing is ever merely renumbered.

use std::collections::HashMap;

use serde_json::json;

use super::hash::event_hash;
use super::recognise::{Known, Recognition};
use crate::domain::error::{Code, Error, Result};
use crate::domain::event::{Event, Hash, NewEvent, Payload, TypeCheck};
use crate::domain::ids::{EventId, InstanceId, StoreId};
use crate::domain::instance::{Instance, Registration, Status};
use crate::domain::json::normal_text;
use crate::domain::limits::STALE_AFTER_SECONDS;
use crate::domain::time::Timestamp;

/// What deciding needs to know.
pub struct Facts<'a> {
    /// The instance as it stands; `None` when it is not registered.
    pub head: Option<&'a Instance>,
    /// Those of the request's event ids that are stored already, of whatever instance.
    pub stored: &'a HashMap<EventId, Event>,
    /// The last change of each custom event type that an event was checked against.
    pub types: &'a HashMap<String, u64>,
    /// The present time.
    pub now: Timestamp,
    /// The store that decides.
    pub store_id: StoreId,
    /// Fresh random bytes, for the ids and salts of automatic events.
    pub entropy: &'a mut dyn FnMut() -> [u8; 16],
}

/// What an append will do once it is written.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The instance after it.
    pub instance: Instance,
    /// The events to store, numbered, timed and hashed.
    pub events: Vec<Event>,
    /// For each event of the request, in its order.
    pub outcomes: Vec<Outcome>,
}

/// What becomes of one event of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is `events[index]` of the decision.
    New(usize),
    /// It was stored before, with this answer.
    Duplicate {
        /// Its number.
        sequence_num: u64,
        /// When it was taken.
        timestamp: Timestamp,
        /// Its hash.
        hash: Hash,
    },
}

/// Decides one append of `events` to `instance_id`: recognises what is stored already, checks what
/// the caller expects and whether the instance takes events, adds automatic events, and gives each
/// new event its number, time and hash.
///
/// # Errors
///
/// `instance_not_found`, `instance_exists`, `event_id_conflict`, `sequence_conflict`,
/// `instance_closed`, `event_type_changed`, and what [`TypeCheck::Refused`] holds. Nothing of the request is to be stored then.
pub fn decide(
    instance_id: InstanceId,
    register: Option<&Registration>,
    expected_sequence_num: Option<u64>,
    events: &[NewEvent],
    facts: Facts<'_>,
) -> Result<Decided> {
    let instance = match (facts.head, register) {
        (Some(head), None) => head.clone(),
        (None, Some(registration)) => {
            Instance::unborn(instance_id, registration.clone(), facts.store_id, facts.now)
        }
        (None, None) => return Err(not_found(instance_id)),
        (Some(head), Some(_)) => return Err(exists(head)),
    };
    let mut decision = Decision { instance, events: Vec::new(), now: facts.now };
    let mut recognition = Recognition::new(instance_id, facts.stored);
    let known = events.iter().enumerate().map(|(index, event)| {
        recognition.add(index, event).map_err(|error| placed(error, index, events))
    });
    let known = known.collect::<Result<Vec<_>>>()?;
    if known.iter().any(|outcome| matches!(outcome, Known::No)) || events.is_empty() {
        decision.expect(expected_sequence_num)?;
        decision.record_lapse(facts.entropy);
    }
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(events.len());
    for (index, (event, known)) in events.iter().zip(known).enumerate() {
        outcomes.push(match known {
            Known::Stored(outcome) => outcome,
            Known::Repeats(earlier) => repeat(&outcomes[earlier], &decision.events),
            Known::No => {
                decision.append(event, facts.types).map_err(|error| placed(error, index, events))?
            }
        });
    }
    let Decision { instance, events, .. } = decision;
    Ok(Decided { instance, events, outcomes })
}

/// An append as it is being decided.
struct Decision {
    instance: Instance,
    events: Vec<Event>,
    now: Timestamp,
}

impl Decision {
    fn expect(&self, expected: Option<u64>) -> Result<()> {
        let head = self.instance.last_sequence;
        match expected {
            Some(expected) if expected != head => Err(Error::new(
                Code::SequenceConflict,
                format!("expected_sequence_num is {expected}, the head is {head}"),
                "read the events after the one you expected, then decide again and send with the new head",
            )
            .at("expected_sequence_num")
            .with("head_sequence_num", head)),
            _ => Ok(()),
        }
    }

    /// Says that the instance had gone stale, before anything newer is recorded.
    fn record_lapse(&mut self, entropy: &mut dyn FnMut() -> [u8; 16]) {
        if !self.instance.has_lapsed(self.now) {
            return;
        }
        let data = json!({
            "last_heartbeat": self.instance.last_heartbeat,
            "threshold_seconds": STALE_AFTER_SECONDS,
        });
        let event = NewEvent {
            event_id: automatic_id(self.now, entropy()),
            id_given: false,
            event_type: "instance_stale".into(),
            event_data: Payload { text: normal_text(&data), salt: entropy() },
            metadata: None,
            occurred_at: Some(self.instance.stale_from()),
            caused_by: None,
            correlation_id: None,
            type_check: TypeCheck::Fits,
        };
        self.number(&event);
    }

    fn append(&mut self, event: &NewEvent, types: &HashMap<String, u64>) -> Result<Outcome> {
        if self.instance.status == Status::Closed && event.event_type != "instance_resumed" {
            return Err(closed(&self.instance));
        }
        match &event.type_check {
            TypeCheck::Refused(refusal) => return Err((**refusal).clone()),
            TypeCheck::FitsAsOf(change) if types.get(&event.event_type) != Some(change) => {
                return Err(type_changed(&event.event_type));
            }
            TypeCheck::Fits | TypeCheck::FitsAsOf(_) => {}
        }
        self.number(event);
        Ok(Outcome::New(self.events.len() - 1))
    }

    fn number(&mut self, new: &NewEvent) {
        let head = &self.instance;
        let mut event = Event {
            event_id: new.event_id,
            instance_id: head.instance_id,
            event_type: new.event_type.clone(),
            sequence_num: head.last_sequence + 1,
            timestamp: self.now.max(head.head_timestamp),
            occurred_at: new.occurred_at,
            event_data: new.event_data.clone(),
            metadata: new.metadata.clone(),
            caused_by: new.caused_by,
            correlation_id: new.correlation_id.clone(),
            hash: Hash::ZERO,
        };
        event.hash = event_hash(head.origin_store_id, &head.head_hash, &event);
        self.instance.apply(&event);
        self.events.push(event);
    }
}

fn repeat(earlier: &Outcome, events: &[Event]) -> Outcome {
    match earlier {
        Outcome::New(index) => Outcome::Duplicate {
            sequence_num: events[*index].sequence_num,
            timestamp: events[*index].timestamp,
            hash: events[*index].hash,
        },
        duplicate => duplicate.clone(),
    }
}

fn automatic_id(now: Timestamp, random: [u8; 16]) -> EventId {
    let millis = u64::try_from(now.micros() / 1_000).unwrap_or(0);
    let mut tail = [0; 10];
    tail.copy_from_slice(&random[..10]);
    EventId(uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid())
}

/// The fault as one of a batch, where the request is one.
fn placed(error: Error, index: usize, events: &[NewEvent]) -> Error {
    if events.len() > 1 { error.in_batch(index) } else { error }
}

fn not_found(instance_id: InstanceId) -> Error {
    Error::new(
        Code::InstanceNotFound,
        format!("no instance has the id {instance_id}"),
        "register the instance first, or list the instances to find its id or handle",
    )
    .at("instance_id")
}

fn exists(head: &Instance) -> Error {
    Error::new(
        Code::InstanceExists,
        format!("the instance {} is registered already", head.instance_id),
        "emit to it, or register another instance",
    )
    .at("instance_id")
    .with("handle", head.registration.handle.clone())
}

fn closed(instance: &Instance) -> Error {
    Error::new(
        Code::InstanceClosed,
        format!("the instance {} is closed", instance.registration.handle),
        "resume it by emitting instance_resumed, or register a new instance",
    )
    .at("instance_id")
    .with("head_sequence_num", instance.last_sequence)
}

/// A custom event type was changed by someone else meanwhile.
pub fn type_changed(name: &str) -> Error {
    Error::new(
        Code::EventTypeChanged,
        format!("the event type {name} was changed by somebody else at the same moment"),
        "send the same call again; it then goes by the new definition",
    )
    .at("event_type")
}
