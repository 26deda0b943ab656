//! One transaction of appends: every request is decided on the head as the transaction sees it,
//! under the file's write lock, so that no other writer can come between.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::row::{self, EVENT_COLUMNS, INSTANCE_COLUMNS, integer};
use super::{corrections, types};
use crate::domain::error::Result;
use crate::domain::event::Event;
use crate::domain::ids::{self, EventId, InstanceId, StoreId};
use crate::domain::instance::{Instance, Registration};
use crate::domain::time::Timestamp;
use crate::integrity::{self, Facts};
use crate::store::{AppendRequest, Appended, Correction, StoredType, TypeChange, entropy};

/// Appends as they are being written; dropped without [`Appending::finish`] nothing is stored.
pub struct Appending<'a> {
    pub(super) transaction: Transaction<'a>,
    store_id: StoreId,
    now: Timestamp,
    position: i64,
    heads: HashMap<InstanceId, Head>,
}

/// The head of an instance before this transaction and as it will be.
struct Head {
    before: Instance,
    after: Instance,
}

impl<'a> Appending<'a> {
    /// Starts from a transaction that holds the write lock.
    pub fn start(
        transaction: Transaction<'a>,
        store_id: StoreId,
        now: Timestamp,
    ) -> rusqlite::Result<Self> {
        let position = transaction
            .prepare_cached("SELECT coalesce(max(global_position), 0) FROM event_store")?
            .query_row([], |row| row.get(0))?;
        Ok(Self { transaction, store_id, now, position, heads: HashMap::new() })
    }

    /// Decides `request` and writes its events. A refusal writes nothing and leaves the requests
    /// before it as they are.
    pub fn append(&mut self, request: &AppendRequest) -> rusqlite::Result<Result<Appended>> {
        let mut register = request.register.clone();
        if let Some(registration) = &mut register {
            free_handle(&self.transaction, request.instance_id, registration)?;
        }
        let given = request.events.iter().filter(|event| event.id_given);
        let stored = by_event_id(&self.transaction, given.map(|event| event.event_id))?;
        let types = types::changes(&self.transaction, &request.events)?;
        let head = self.head(request.instance_id)?;
        let decided = integrity::decide(
            request.instance_id,
            register.as_ref(),
            request.expected_sequence_num,
            &request.events,
            Facts {
                head: head.as_ref(),
                stored: &stored,
                types: &types,
                now: self.now,
                store_id: self.store_id,
                entropy: &mut entropy::random,
            },
        );
        let decided = match decided {
            Ok(decided) => decided,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.write(head, decided.instance.clone(), &decided.events)?;
        Ok(Ok(Appended::of(&request.events, decided)))
    }

    /// Changes a custom event type. A refusal writes nothing.
    pub fn change_type(&self, change: &TypeChange) -> rusqlite::Result<Result<StoredType>> {
        types::change(&self.transaction, change, self.now)
    }

    /// Corrects rows of the registry; gives whether it did. Where one is not as it was found, or
    /// about to be moved on by this transaction, none is touched.
    pub fn correct(&self, corrections: &[Correction]) -> rusqlite::Result<bool> {
        let moves = |found: &Correction| self.heads.contains_key(&found.correct.instance_id);
        Ok(!corrections.iter().any(moves) && corrections::apply(&self.transaction, corrections)?)
    }

    /// Moves the heads and makes everything durable.
    pub fn finish(self) -> rusqlite::Result<()> {
        for head in self.heads.values() {
            if head.before.last_sequence != head.after.last_sequence {
                move_head(&self.transaction, &head.before, &head.after)?;
            }
        }
        self.transaction.commit()
    }

    /// Writes `events`, which make of the instance what `after` is.
    pub(super) fn write(
        &mut self,
        before: Option<Instance>,
        after: Instance,
        events: &[Event],
    ) -> rusqlite::Result<()> {
        if before.is_none() {
            insert_instance(&self.transaction, &after)?;
        }
        for event in events {
            self.position += 1;
            insert_event(&self.transaction, event, self.position)?;
        }
        match self.heads.entry(after.instance_id) {
            Entry::Occupied(mut head) => head.get_mut().after = after,
            Entry::Vacant(place) => {
                // A new instance is written at its first head; later heads of the same
                // transaction move it on from there.
                let before = before.unwrap_or_else(|| after.clone());
                place.insert(Head { before, after });
            }
        }
        Ok(())
    }

    pub(super) fn head(&self, instance_id: InstanceId) -> rusqlite::Result<Option<Instance>> {
        if let Some(head) = self.heads.get(&instance_id) {
            return Ok(Some(head.after.clone()));
        }
        by_id(&self.transaction, instance_id)
    }
}

/// Those of the events with these ids that are stored.
pub fn by_event_id(
    connection: &Connection,
    ids: impl IntoIterator<Item = EventId>,
) -> rusqlite::Result<HashMap<EventId, Event>> {
    let sql = format!("SELECT {EVENT_COLUMNS} FROM event_store WHERE event_id = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut stored = HashMap::new();
    for id in ids {
        let found = statement.query_row([id.0.as_bytes()], row::event).optional()?;
        stored.extend(found.map(|found| (id, found)));
    }
    Ok(stored)
}

/// Lengthens the handle until no other instance has it.
pub fn free_handle(
    connection: &Connection,
    id: InstanceId,
    registration: &mut Registration,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT 1 FROM supervisor_sessions WHERE handle = ?1 AND instance_id <> ?2",
    )?;
    let mut digits = ids::HANDLE_DIGITS;
    while statement.exists(params![registration.handle, id.0.as_bytes()])?
        && digits < ids::MAX_HANDLE_DIGITS
    {
        digits += 1;
        registration.handle =
            ids::handle(&registration.project, &registration.instance_type, id, digits);
    }
    Ok(())
}

/// The instance with this id.
pub fn by_id(connection: &Connection, id: InstanceId) -> rusqlite::Result<Option<Instance>> {
    let sql = format!("SELECT {INSTANCE_COLUMNS} FROM supervisor_sessions WHERE instance_id = ?1");
    connection.prepare_cached(&sql)?.query_row([id.0.as_bytes()], row::instance).optional()
}

fn insert_event(connection: &Connection, event: &Event, position: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO event_store (event_id, instance_id, event_type, sequence_num, timestamp,
               occurred_at, event_data, data_salt, metadata, metadata_salt, caused_by,
               correlation_id, hash, global_position)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            event.event_id.0.as_bytes(),
            event.instance_id.0.as_bytes(),
            event.event_type,
            integer(event.sequence_num),
            event.timestamp.micros(),
            event.occurred_at.map(Timestamp::micros),
            event.event_data.text,
            event.event_data.salt,
            event.metadata.as_ref().map(|metadata| &metadata.text),
            event.metadata.as_ref().map(|metadata| metadata.salt),
            event.caused_by.map(|id| id.0.into_bytes()),
            event.correlation_id,
            event.hash.0,
            position,
        ])
        .map(drop)
}

/// Writes the row of a new instance.
pub fn insert_instance(connection: &Connection, instance: &Instance) -> rusqlite::Result<()> {
    let registration = &instance.registration;
    connection
        .prepare_cached(
            "INSERT INTO supervisor_sessions (instance_id, handle, project, instance_type, host, pid,
               status, created_at, last_heartbeat, context_percent, current_epic, last_sequence,
               head_hash, head_timestamp, origin_store_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        )?
        .execute(params![
            instance.instance_id.0.as_bytes(),
            registration.handle,
            registration.project,
            registration.instance_type,
            registration.host,
            registration.pid,
            instance.status.as_str(),
            instance.created_at.micros(),
            instance.last_heartbeat.micros(),
            instance.context_percent,
            instance.current_epic,
            integer(instance.last_sequence),
            instance.head_hash.0,
            instance.head_timestamp.micros(),
            instance.origin_store_id.0.as_bytes(),
        ])
        .map(drop)
}

/// Moves the head, only from where the decision found it.
fn move_head(connection: &Connection, before: &Instance, after: &Instance) -> rusqlite::Result<()> {
    let moved = connection
        .prepare_cached(
            "UPDATE supervisor_sessions
             SET status = ?4, last_heartbeat = ?5, context_percent = ?6, current_epic = ?7,
                 last_sequence = ?8, head_hash = ?9, head_timestamp = ?10
             WHERE instance_id = ?1 AND last_sequence = ?2 AND head_hash = ?3",
        )?
        .execute(params![
            before.instance_id.0.as_bytes(),
            integer(before.last_sequence),
            before.head_hash.0,
            after.status.as_str(),
            after.last_heartbeat.micros(),
            after.context_percent,
            after.current_epic,
            integer(after.last_sequence),
            after.head_hash.0,
            after.head_timestamp.micros(),
        ])?;
    if moved == 1 { Ok(()) } else { Err(rusqlite::Error::StatementChangedRows(moved)) }
}
