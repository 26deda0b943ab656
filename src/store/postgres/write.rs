//! Writing what was decided: the guards first, then the events of the instances whose guard held.
//!
//! A guard moves the head of an instance only from where the decision found it. Guards are taken in
//! the order of the instance ids, so that two servers cannot wait for each other in a circle. An
//! event is stored only where its head stands as decided, so that guards and events go to the
//! database in one round trip.
//!
//! The feed is ordered by transaction ids. So that the events of an instance stand in it in their
//! order, a transaction gets its id after the one that wrote the instance's last event has ended: the
//! head is known before anything is written, or the first thing that is locked is that one head.

use std::collections::HashSet;

use tokio_postgres::Statement;
use uuid::Uuid;

use super::deciding::{Deciding, Head};
use super::error::Outcome;
use super::pool::Lease;
use super::row::{Time, integer};
use super::text::{self, stored};
use crate::domain::event::Event;
use crate::domain::ids::InstanceId;
use crate::domain::instance::Instance;

const REGISTER: &str =
    "INSERT INTO supervisor_sessions (instance_id, handle, project, instance_type,
       host, pid, status, created_at, last_heartbeat, context_percent, current_epic, last_sequence,
       head_hash, head_timestamp, origin_store_id)
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
       $7::text[], $8::timestamptz[], $9::timestamptz[], $10::float8[], $11::text[], $12::bigint[],
       $13::bytea[], $14::timestamptz[], $15::uuid[])
     ON CONFLICT DO NOTHING RETURNING instance_id";

const GUARD: &str = "WITH guards AS MATERIALIZED (
       SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::text[], $5::timestamptz[],
         $6::float8[], $7::text[], $8::bigint[], $9::bytea[], $10::timestamptz[])
       AS g (instance_id, expected_sequence, expected_hash, status, last_heartbeat, context_percent,
         current_epic, last_sequence, head_hash, head_timestamp)),
     locked AS MATERIALIZED (
       SELECT instance_id FROM supervisor_sessions
       WHERE instance_id = ANY($1) ORDER BY instance_id FOR NO KEY UPDATE)
     UPDATE supervisor_sessions s
     SET status = g.status, last_heartbeat = g.last_heartbeat, context_percent = g.context_percent,
         current_epic = g.current_epic, last_sequence = g.last_sequence, head_hash = g.head_hash,
         head_timestamp = g.head_timestamp
     FROM locked l JOIN guards g USING (instance_id)
     WHERE s.instance_id = l.instance_id AND s.last_sequence = g.expected_sequence
       AND s.head_hash = g.expected_hash
     RETURNING s.instance_id";

/// The `head` of an event is the last one that this transaction gives its instance. No other
/// transaction gives the same: a head is the hash of fresh salts.
const INSERT: &str = "INSERT INTO event_store (event_id, instance_id, event_type, sequence_num,
       timestamp, occurred_at, event_data, event_text, data_salt, metadata, metadata_text,
       metadata_salt, caused_by, correlation_id, hash)
     SELECT e.event_id, e.instance_id, e.event_type, e.sequence_num, e.timestamp, e.occurred_at,
       e.event_data::jsonb, e.event_text, e.data_salt, e.metadata::jsonb, e.metadata_text,
       e.metadata_salt, e.caused_by, e.correlation_id, e.hash
     FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::timestamptz[],
       $6::timestamptz[], $7::text[], $8::text[], $9::bytea[], $10::text[], $11::text[],
       $12::bytea[], $13::uuid[], $14::text[], $15::bytea[], $16::bytea[])
     WITH ORDINALITY AS e (event_id, instance_id, event_type, sequence_num, timestamp, occurred_at,
       event_data, event_text, data_salt, metadata, metadata_text, metadata_salt, caused_by,
       correlation_id, hash, head, place)
     JOIN supervisor_sessions s ON s.instance_id = e.instance_id AND s.head_hash = e.head
     ORDER BY e.place";

/// The statements of a write, prepared on one connection.
pub struct Statements {
    register: Statement,
    guard: Statement,
    insert: Statement,
}

impl Statements {
    /// Prepares them.
    pub async fn prepare(lease: &Lease) -> Outcome<Self> {
        let (register, guard, insert) = tokio::try_join!(
            lease.prepare_cached(REGISTER),
            lease.prepare_cached(GUARD),
            lease.prepare_cached(INSERT),
        )?;
        Ok(Self { register, guard, insert })
    }

    /// Writes what was decided and makes it durable; `begin` where the transaction has not begun.
    /// Gives the instances whose guard held: the events of all others were not stored.
    pub async fn write(
        &self,
        lease: &Lease,
        decided: &Deciding,
        begin: bool,
    ) -> Outcome<HashSet<InstanceId>> {
        let mut heads: Vec<&Head> = decided.heads.values().collect();
        heads.sort_unstable_by_key(|head| head.after.instance_id);
        let (new, known): (Vec<&Head>, Vec<&Head>) =
            heads.into_iter().partition(|head| head.before.is_none());
        // Sent in this order, one behind the other, without waiting for an answer in between. After a
        // statement that fails the database takes the COMMIT for a ROLLBACK.
        let ((), registered, guarded, _, ()) = tokio::try_join!(
            biased;
            command(lease, begin, "BEGIN"),
            self.register(lease, &new),
            self.guard(lease, &known),
            self.insert(lease, decided),
            command(lease, true, "COMMIT"),
        )?;
        Ok(registered.into_iter().chain(guarded).map(InstanceId).collect())
    }

    async fn register(&self, lease: &Lease, new: &[&Head]) -> Outcome<Vec<Uuid>> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let all: Vec<&Instance> = new.iter().map(|head| &head.after).collect();
        let rows = lease
            .query(
                &self.register,
                &[
                    &column(&all, |row| row.instance_id.0),
                    &column(&all, |row| row.registration.handle.as_str()),
                    &column(&all, |row| row.registration.project.as_str()),
                    &column(&all, |row| row.registration.instance_type.as_str()),
                    &column(&all, |row| row.registration.host.as_deref().map(stored)),
                    &column(&all, |row| row.registration.pid.map(i64::from)),
                    &column(&all, |row| row.status.as_str()),
                    &column(&all, |row| Time(row.created_at)),
                    &column(&all, |row| Time(row.last_heartbeat)),
                    &column(&all, |row| row.context_percent),
                    &column(&all, |row| row.current_epic.as_deref().map(stored)),
                    &column(&all, |row| integer(row.last_sequence)),
                    &column(&all, |row| row.head_hash.0.as_slice()),
                    &column(&all, |row| Time(row.head_timestamp)),
                    &column(&all, |row| row.origin_store_id.0),
                ],
            )
            .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    async fn guard(&self, lease: &Lease, known: &[&Head]) -> Outcome<Vec<Uuid>> {
        if known.is_empty() {
            return Ok(Vec::new());
        }
        let before: Vec<&Instance> = known.iter().filter_map(|head| head.before.as_ref()).collect();
        let after: Vec<&Instance> = known.iter().map(|head| &head.after).collect();
        let rows = lease
            .query(
                &self.guard,
                &[
                    &column(&before, |row| row.instance_id.0),
                    &column(&before, |row| integer(row.last_sequence)),
                    &column(&before, |row| row.head_hash.0.as_slice()),
                    &column(&after, |row| row.status.as_str()),
                    &column(&after, |row| Time(row.last_heartbeat)),
                    &column(&after, |row| row.context_percent),
                    &column(&after, |row| row.current_epic.as_deref().map(stored)),
                    &column(&after, |row| integer(row.last_sequence)),
                    &column(&after, |row| row.head_hash.0.as_slice()),
                    &column(&after, |row| Time(row.head_timestamp)),
                ],
            )
            .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    async fn insert(&self, lease: &Lease, decided: &Deciding) -> Outcome<u64> {
        let all: Vec<&Event> = decided.events.iter().collect();
        if all.is_empty() {
            return Ok(0);
        }
        let data: Vec<_> = all.iter().map(|row| text::columns(&row.event_data.text)).collect();
        let metadata: Vec<_> = all
            .iter()
            .map(|row| row.metadata.as_ref().map(|payload| text::columns(&payload.text)))
            .collect();
        let stored_rows = lease
            .execute(
                &self.insert,
                &[
                    &column(&all, |row| row.event_id.0),
                    &column(&all, |row| row.instance_id.0),
                    &column(&all, |row| row.event_type.as_str()),
                    &column(&all, |row| integer(row.sequence_num)),
                    &column(&all, |row| Time(row.timestamp)),
                    &column(&all, |row| row.occurred_at.map(Time)),
                    &column(&data, |row| row.json.as_ref()),
                    &column(&data, |row| row.text),
                    &column(&all, |row| row.event_data.salt.as_slice()),
                    &column(&metadata, |row| row.as_ref().map(|row| row.json.as_ref())),
                    &column(&metadata, |row| row.as_ref().and_then(|row| row.text)),
                    &column(&all, |row| {
                        row.metadata.as_ref().map(|payload| payload.salt.as_slice())
                    }),
                    &column(&all, |row| row.caused_by.map(|id| id.0)),
                    &column(&all, |row| row.correlation_id.as_deref().map(stored)),
                    &column(&all, |row| row.hash.0.as_slice()),
                    &column(&all, |row| {
                        decided.heads[&row.instance_id].after.head_hash.0.as_slice()
                    }),
                ],
            )
            .await?;
        Ok(stored_rows)
    }
}

fn column<'a, Row, Value>(rows: &'a [Row], value: impl Fn(&'a Row) -> Value) -> Vec<Value> {
    rows.iter().map(value).collect()
}

async fn command(lease: &Lease, wanted: bool, sql: &str) -> Outcome<()> {
    if wanted {
        lease.batch_execute(sql).await?;
    }
    Ok(())
}
