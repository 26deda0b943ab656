//! Correcting rows of the registry, and the events that the registry knows nothing of.

use super::error::{Outcome, While, reading};
use super::pool::{Lease, Pool};
use super::row::{self, INSTANCE_COLUMNS, Time, integer};
use super::text::stored;
use super::view::handles;
use crate::domain::error::Result;
use crate::domain::ids::InstanceId;
use crate::domain::instance::Instance;
use crate::store::Correction;

/// Writes the corrections in one transaction; see [`crate::store::EventStore::correct_registry`].
pub async fn apply(pool: &Pool, mut corrections: Vec<Correction>) -> Result<bool> {
    // In the order in which every transaction takes its locks.
    corrections.sort_unstable_by_key(|correction| correction.correct.instance_id);
    let write = async || -> Outcome<bool> {
        let lease = pool.lease().await?;
        lease.batch_execute("BEGIN").await?;
        let done = are_as_found(&lease, &corrections).await?;
        if done {
            for Correction { found, correct } in &corrections {
                write(&lease, found.is_some(), correct).await?;
            }
        }
        lease.batch_execute("COMMIT").await?;
        lease.done();
        Ok(done)
    };
    write().await.while_doing("correcting the registry")
}

async fn are_as_found(lease: &Lease, corrections: &[Correction]) -> Outcome<bool> {
    let locking = format!(
        "SELECT {INSTANCE_COLUMNS} FROM supervisor_sessions WHERE instance_id = $1 FOR UPDATE"
    );
    let locking = lease.prepare_cached(&locking).await?;
    for Correction { found, correct } in corrections {
        let row = lease.query_opt(&locking, &[&correct.instance_id.0]).await?;
        if row.as_ref().map(row::instance).transpose()? != *found {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn write(lease: &Lease, exists: bool, correct: &Instance) -> Outcome<()> {
    let registration = &correct.registration;
    let handle = free_handle(lease, correct).await?;
    let sql = if exists {
        "UPDATE supervisor_sessions
         SET handle = $2, project = $3, instance_type = $4, host = $5, pid = $6, status = $7,
             created_at = $8, last_heartbeat = $9, context_percent = $10, current_epic = $11,
             last_sequence = $12, head_hash = $13, head_timestamp = $14
         WHERE instance_id = $1 AND $15::uuid IS NOT NULL"
    } else {
        "INSERT INTO supervisor_sessions (instance_id, handle, project, instance_type, host, pid,
           status, created_at, last_heartbeat, context_percent, current_epic, last_sequence,
           head_hash, head_timestamp, origin_store_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
    };
    let statement = lease.prepare_cached(sql).await?;
    lease
        .execute(
            &statement,
            &[
                &correct.instance_id.0,
                &handle,
                &registration.project,
                &registration.instance_type,
                &registration.host.as_deref().map(stored),
                &registration.pid.map(i64::from),
                &correct.status.as_str(),
                &Time(correct.created_at),
                &Time(correct.last_heartbeat),
                &correct.context_percent,
                &correct.current_epic.as_deref().map(stored),
                &integer(correct.last_sequence),
                &correct.head_hash.0.as_slice(),
                &Time(correct.head_timestamp),
                &correct.origin_store_id.0,
            ],
        )
        .await?;
    Ok(())
}

async fn free_handle(lease: &Lease, instance: &Instance) -> Outcome<String> {
    let sql = "SELECT 1 FROM supervisor_sessions WHERE handle = $1 AND instance_id <> $2";
    let taken = lease.prepare_cached(sql).await?;
    let mut last = instance.registration.handle.clone();
    for handle in handles(instance.instance_id, &instance.registration) {
        if lease.query(&taken, &[&handle, &instance.instance_id.0]).await?.is_empty() {
            return Ok(handle);
        }
        last = handle;
    }
    Ok(last)
}

/// The instances that have events and no row in the registry.
pub async fn unregistered(pool: &Pool) -> Result<Vec<InstanceId>> {
    // Goes from one instance to the next in the index, whatever number of events each has.
    let sql = "WITH RECURSIVE instances (id) AS (
           (SELECT instance_id FROM event_store ORDER BY instance_id LIMIT 1)
           UNION ALL
           SELECT (SELECT instance_id FROM event_store WHERE instance_id > id
                   ORDER BY instance_id LIMIT 1)
           FROM instances WHERE id IS NOT NULL
         )
         SELECT id FROM instances WHERE id IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM supervisor_sessions WHERE instance_id = id)";
    let read = async || -> Outcome<Vec<InstanceId>> {
        let lease = pool.lease().await?;
        let rows = lease.query(sql, &[]).await?;
        lease.done();
        rows.iter().map(|row| Ok(InstanceId(row.try_get(0)?))).collect()
    };
    reading!("looking for events without an instance", read())
}
