//! Correcting rows of the registry, and the events that the registry knows nothing of.

use rusqlite::{Connection, params};
use uuid::Uuid;

use super::append::{by_id, free_handle, insert_instance};
use super::error::While;
use super::row::integer;
use crate::domain::error::Result;
use crate::domain::ids::InstanceId;
use crate::domain::instance::Instance;
use crate::store::Correction;

/// Writes the corrections, unless a row is not as it was found; gives whether it did.
pub fn apply(connection: &Connection, corrections: &[Correction]) -> rusqlite::Result<bool> {
    for correction in corrections {
        if by_id(connection, correction.correct.instance_id)? != correction.found {
            return Ok(false);
        }
    }
    for Correction { found, correct } in corrections {
        let mut correct = correct.clone();
        free_handle(connection, correct.instance_id, &mut correct.registration)?;
        match found {
            Some(_) => update(connection, &correct)?,
            None => insert_instance(connection, &correct)?,
        }
    }
    Ok(true)
}

fn update(connection: &Connection, correct: &Instance) -> rusqlite::Result<()> {
    let registration = &correct.registration;
    connection
        .prepare_cached(
            "UPDATE supervisor_sessions
             SET handle = ?2, project = ?3, instance_type = ?4, host = ?5, pid = ?6, status = ?7,
                 created_at = ?8, last_heartbeat = ?9, context_percent = ?10, current_epic = ?11,
                 last_sequence = ?12, head_hash = ?13, head_timestamp = ?14
             WHERE instance_id = ?1",
        )?
        .execute(params![
            correct.instance_id.0.as_bytes(),
            registration.handle,
            registration.project,
            registration.instance_type,
            registration.host,
            registration.pid,
            correct.status.as_str(),
            correct.created_at.micros(),
            correct.last_heartbeat.micros(),
            correct.context_percent,
            correct.current_epic,
            integer(correct.last_sequence),
            correct.head_hash.0,
            correct.head_timestamp.micros(),
        ])
        .map(drop)
}

/// The instances that have events and no row in the registry.
pub fn unregistered(connection: &Connection) -> Result<Vec<InstanceId>> {
    let doing = "looking for events without an instance";
    // Goes from one instance to the next in the index, whatever number of events each has.
    let mut statement = connection
        .prepare_cached(
            "WITH RECURSIVE instances (id) AS (
               SELECT min(instance_id) FROM event_store
               UNION ALL
               SELECT (SELECT min(instance_id) FROM event_store WHERE instance_id > id)
               FROM instances WHERE id IS NOT NULL
             )
             SELECT id FROM instances WHERE id IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM supervisor_sessions WHERE instance_id = id)",
        )
        .while_doing(doing)?;
    let ids = statement
        .query_map([], |row| Ok(InstanceId(Uuid::from_bytes(row.get(0)?))))
        .while_doing(doing)?;
    ids.collect::<rusqlite::Result<_>>().while_doing(doing)
}
