//! Storing the events of another store as they are, inside the writing transaction.

use rusqlite::{OptionalExtension, params};

use super::append::{Appending, free_handle};
use super::row::integer;
use crate::domain::error::Result;
use crate::domain::event::{Event, Hash};
use crate::domain::instance::Instance;
use crate::integrity::{self, Restoring};
use crate::store::{RestoreEvent, RestoreRequest, Restored};

impl Appending<'_> {
    /// Decides each event and writes those that are new.
    pub fn restore(&mut self, request: &RestoreRequest) -> rusqlite::Result<Restored> {
        let mut outcomes = Vec::with_capacity(request.events.len());
        for event in &request.events {
            let outcome = self.restore_event(event)?;
            let ends = request.ends_at_refusal && outcome.is_err();
            outcomes.push(outcome);
            if ends {
                break;
            }
        }
        Ok(outcomes)
    }

    fn restore_event(&mut self, asked: &RestoreEvent) -> rusqlite::Result<Result<Restoring>> {
        let event = &asked.event;
        let head = self.head(event.instance_id)?;
        let stored = match &head {
            Some(head) if event.sequence_num <= head.last_sequence => self.stored_hash(event)?,
            _ => None,
        };
        match integrity::restore(head.as_ref(), stored.as_ref(), asked.origin, event) {
            Ok(Restoring::New) => {}
            decided => return Ok(decided),
        }
        if self.has_event_id(event)? {
            return Ok(Err(integrity::id_taken(event)));
        }
        let mut after = match (&head, &asked.register) {
            (Some(head), _) => head.clone(),
            (None, Some(registration)) => {
                let (id, mut registration) = (event.instance_id, registration.clone());
                free_handle(&self.transaction, id, &mut registration)?;
                Instance::unborn(id, registration, asked.origin, event.timestamp)
            }
            (None, None) => return Ok(Err(integrity::unregistered())),
        };
        after.apply(event);
        self.write(head, after, std::slice::from_ref(event))?;
        Ok(Ok(Restoring::New))
    }

    fn stored_hash(&self, event: &Event) -> rusqlite::Result<Option<Hash>> {
        self.transaction
            .prepare_cached(
                "SELECT hash FROM event_store WHERE instance_id = ?1 AND sequence_num = ?2",
            )?
            .query_row(
                params![event.instance_id.0.as_bytes(), integer(event.sequence_num)],
                |row| row.get(0).map(Hash),
            )
            .optional()
    }

    fn has_event_id(&self, event: &Event) -> rusqlite::Result<bool> {
        self.transaction
            .prepare_cached("SELECT 1 FROM event_store WHERE event_id = ?1")?
            .exists([event.event_id.0.as_bytes()])
    }
}
