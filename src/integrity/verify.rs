//! Verifying the chain of one instance, event by event.
//!
//! A whole chain shows that the events fit together. Without a head kept elsewhere it does not show
//! that nothing was cut off its end, nor that it was not rewritten whole.

use serde::Serialize;

use super::hash::event_hash;
use crate::domain::event::{Event, Hash};
use crate::domain::instance::Instance;
use crate::domain::time::Timestamp;

/// What is wrong with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The event does not match its hash: it was changed, inserted, or moved here.
    Changed,
    /// The event is absent, though later ones or the head follow on it.
    Removed,
    /// The event lies beyond the head: it was inserted.
    Inserted,
    /// The events fit together, but the registry names another head.
    Head,
}

/// The first fault of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The first event that is wrong.
    pub sequence_num: u64,
    /// The same for a person.
    pub message: String,
}

/// A chain that is being verified, from the first event on.
#[derive(Clone, Debug)]
pub struct Chain {
    instance: Instance,
    last: u64,
    hash: Hash,
    timestamp: Timestamp,
}

impl Chain {
    /// The chain of `instance` before its first event.
    pub fn new(instance: Instance) -> Self {
        let timestamp = instance.head_timestamp;
        Self { instance, last: 0, hash: Hash::ZERO, timestamp }
    }

    /// Takes the next event.
    ///
    /// # Errors
    ///
    /// The fault, when the event does not follow on the one before. Nothing can be said of the
    /// events after it.
    pub fn push(&mut self, event: &Event) -> Result<(), Fault> {
        let expected = self.last + 1;
        if event.sequence_num > expected {
            return Err(fault(FaultKind::Removed, expected, "is absent: it was removed".into()));
        }
        if event.sequence_num > self.instance.last_sequence {
            let message = format!(
                "({}) lies beyond the head {}: it was inserted, or the head was turned back",
                event.event_id, self.instance.last_sequence
            );
            return Err(fault(FaultKind::Inserted, event.sequence_num, message));
        }
        if event.sequence_num < expected
            || event_hash(self.instance.origin_store_id, &self.hash, event) != event.hash
        {
            let message = format!(
                "({}) does not match its hash: it was changed, inserted, or moved here",
                event.event_id
            );
            return Err(fault(FaultKind::Changed, event.sequence_num, message));
        }
        self.last = event.sequence_num;
        self.hash = event.hash;
        self.timestamp = event.timestamp;
        Ok(())
    }

    /// The fault of the next event when the store cannot make an event of it, because of `why`.
    pub fn unreadable(&self, why: &str) -> Fault {
        fault(FaultKind::Changed, self.last + 1, format!("cannot be read: {why}"))
    }

    /// Ends the chain; gives the number of its events.
    ///
    /// # Errors
    ///
    /// The fault, when the registry's head is not the last event.
    pub fn finish(self) -> Result<u64, Fault> {
        if self.last < self.instance.last_sequence {
            let message = format!(
                "is absent: the events {} to {} were removed",
                self.last + 1,
                self.instance.last_sequence
            );
            return Err(fault(FaultKind::Removed, self.last + 1, message));
        }
        if self.hash != self.instance.head_hash || self.timestamp != self.instance.head_timestamp {
            let message = "is not the head that the registry names: one of them was changed".into();
            return Err(fault(FaultKind::Head, self.last, message));
        }
        Ok(self.last)
    }
}

fn fault(kind: FaultKind, sequence_num: u64, what: String) -> Fault {
    Fault { kind, sequence_num, message: format!("event {sequence_num} {what}") }
}
