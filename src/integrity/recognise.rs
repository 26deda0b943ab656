//! Which events are stored already, by the ids that callers gave them. Pure.

use std::collections::HashMap;

use super::decide::Outcome;
use crate::domain::error::{Code, Error, Result};
use crate::domain::event::{Event, NewEvent, TypeCheck};
use crate::domain::ids::{EventId, InstanceId};

/// What is known of an event before it is appended.
#[derive(Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is new.
    No,
    /// It is stored.
    Stored(Outcome),
    /// An event that was added before is the same; at this index.
    Repeats(usize),
}

/// Recognises events one after the other.
pub struct Recognition<'a> {
    instance_id: InstanceId,
    stored: &'a HashMap<EventId, Event>,
    added: HashMap<EventId, (usize, &'a NewEvent)>,
}

impl<'a> Recognition<'a> {
    /// Of events meant for `instance_id`, given those of their ids that are stored, of whatever
    /// instance.
    pub fn new(instance_id: InstanceId, stored: &'a HashMap<EventId, Event>) -> Self {
        Self { instance_id, stored, added: HashMap::new() }
    }

    /// What is known of `event`. One of which nothing is known is known from then on, under `index`.
    ///
    /// # Errors
    ///
    /// `event_id_conflict` when its id is that of another event.
    pub fn add(&mut self, index: usize, event: &'a NewEvent) -> Result<Known> {
        let known = self.known(event)?;
        if known == Known::No {
            self.added.insert(event.event_id, (index, event));
        }
        Ok(known)
    }

    /// The same for an event that is judged on its own and left out when it is refused: one that does
    /// not fit its type is known to nobody.
    ///
    /// # Errors
    ///
    /// As [`Recognition::add`], and what [`TypeCheck::Refused`] holds where nothing is known of it.
    pub fn add_if_it_fits(&mut self, index: usize, event: &'a NewEvent) -> Result<Known> {
        match (self.known(event)?, &event.type_check) {
            (Known::No, TypeCheck::Refused(refusal)) => Err((**refusal).clone()),
            _ => self.add(index, event),
        }
    }

    fn known(&self, event: &NewEvent) -> Result<Known> {
        if let Some(before) = self.stored.get(&event.event_id) {
            if !before.same_content(self.instance_id, event) {
                return Err(id_conflict(before));
            }
            return Ok(Known::Stored(Outcome::Duplicate {
                sequence_num: before.sequence_num,
                timestamp: before.timestamp,
                hash: before.hash,
            }));
        }
        match self.added.get(&event.event_id) {
            Some((index, before)) if before.same_content(event) => Ok(Known::Repeats(*index)),
            Some(_) => Err(id_conflict_in_batch(event.event_id)),
            None => Ok(Known::No),
        }
    }
}

fn id_conflict(stored: &Event) -> Error {
    Error::new(
        Code::EventIdConflict,
        format!("event_id {} is stored already, with other content", stored.event_id),
        "use a new event_id for a new event; to send an event again, send exactly the same content",
    )
    .at("event_id")
    .with("stored_sequence_num", stored.sequence_num)
}

fn id_conflict_in_batch(event_id: EventId) -> Error {
    Error::new(
        Code::EventIdConflict,
        format!("event_id {event_id} stands twice in the batch, with different content"),
        "give each event of the batch its own event_id, or none",
    )
    .at("event_id")
}
