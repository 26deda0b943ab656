//! Custom event types: reading them, changing them, and reading the events of one type.

use std::collections::{HashMap, HashSet};

use futures_util::TryStreamExt;
use std::pin::pin;
use tokio_postgres::Row;

use super::error::{Outcome, While, reading};
use super::pool::{Lease, Pool};
use super::row::{self, EVENT_COLUMNS, Time, Transaction, integer, number};
use super::scan;
use crate::domain::error::Result;
use crate::domain::time::Timestamp;
use crate::integrity::type_changed;
use crate::store::{NewerEvents, StoredType, TypeChange, TypeScan, TypesAsked};

const READING: &str = "reading the event types";
const SCANNING: &str = "reading the events of a type";

/// Whoever appends events of custom types shares it, whoever changes a type has it alone: so a change
/// sees every event that was checked against what it changes. `types` as a number, in ASCII.
const LOCK: i64 = 0x74_7970_6573;

/// Every version, `v`, and where it was retired, `r`.
const VERSIONS: &str = "SELECT v.name, v.version, coalesce(r.change, v.change), v.definition, \
     v.changed_at, r.changed_at
     FROM event_types v LEFT JOIN event_types r
       ON r.name = v.name AND r.version = v.version AND r.retired
     WHERE NOT v.retired";

/// Of the versions the newest of each name.
const NEWEST: &str = "v.version = (SELECT max(version) FROM event_types WHERE name = v.name)";

/// Custom event types; see [`crate::store::EventStore::event_types`].
pub async fn read(pool: &Pool, asked: &TypesAsked) -> Result<Vec<StoredType>> {
    let (condition, names) = match asked {
        TypesAsked::Newest => (format!("$1::text[] IS NULL AND {NEWEST}"), None),
        TypesAsked::Named(names) => (format!("v.name = ANY($1) AND {NEWEST}"), Some(names.clone())),
        TypesAsked::Versions(name) => ("v.name = ANY($1)".to_owned(), Some(vec![name.clone()])),
    };
    let storable = |names: Vec<String>| -> Vec<String> {
        names.into_iter().filter(|name| !name.contains('\0')).collect()
    };
    let names = names.map(storable);
    let sql = format!("{VERSIONS} AND {condition} ORDER BY v.name COLLATE \"C\", v.version");
    let read = async || -> Outcome<Vec<StoredType>> {
        let lease = pool.lease().await?;
        let statement = lease.prepare_cached(&sql).await?;
        let rows = lease.query(&statement, &[&names]).await?;
        lease.done();
        rows.iter().map(stored_type).collect()
    };
    reading!(READING, read())
}

fn stored_type(row: &Row) -> Outcome<StoredType> {
    Ok(StoredType {
        name: row.try_get(0)?,
        version: u32::try_from(number(row, 1)?).unwrap_or(u32::MAX),
        change: number(row, 2)?,
        definition: row.try_get(3)?,
        defined_at: row::time(row, 4)?,
        retired_at: row.try_get::<_, Option<Time>>(5)?.map(|time| time.0),
    })
}

/// The last change of each of these types. They stay as they are until the transaction ends.
pub async fn last_changes(lease: &Lease, names: &HashSet<String>) -> Outcome<HashMap<String, u64>> {
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    lease.execute("SELECT pg_advisory_xact_lock_shared($1)", &[&LOCK]).await?;
    let statement = lease
        .prepare_cached(
            "SELECT name, max(change) FROM event_types WHERE name = ANY($1) GROUP BY name",
        )
        .await?;
    let asked: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows = lease.query(&statement, &[&asked]).await?;
    let mut changes: HashMap<String, u64> = names.iter().map(|name| (name.clone(), 0)).collect();
    for row in &rows {
        changes.insert(row.try_get(0)?, number(row, 1)?);
    }
    Ok(changes)
}

/// Makes a change; see [`crate::store::EventStore::change_event_type`].
pub async fn change(pool: &Pool, change: &TypeChange, now: Timestamp) -> Result<StoredType> {
    let write = async || -> Outcome<Result<StoredType>> {
        let lease = pool.lease().await?;
        lease.batch_execute("BEGIN").await?;
        lease.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
        let changed = decide(&lease, change, now).await?;
        if let Ok(changed) = &changed {
            insert(&lease, changed).await?;
        }
        lease.batch_execute("COMMIT").await?;
        lease.done();
        Ok(changed)
    };
    write().await.while_doing("changing an event type")?
}

async fn decide(lease: &Lease, change: &TypeChange, now: Timestamp) -> Outcome<Result<StoredType>> {
    let name = change.name.as_str();
    let decided = change.decide(newest(lease, name).await?, last_of_all(lease).await?, now);
    if let (Ok(_), Some(newer)) = (&decided, change.newer())
        && !all_fit(lease, name, newer).await?
    {
        return Ok(Err(type_changed(name)));
    }
    Ok(decided)
}

async fn newest(lease: &Lease, name: &str) -> Outcome<Option<StoredType>> {
    let sql = format!("{VERSIONS} AND v.name = $1 ORDER BY v.version DESC LIMIT 1");
    let row = lease.query_opt(&sql, &[&name]).await?;
    row.as_ref().map(stored_type).transpose()
}

/// The number of the last change of any type; 0 where there is none.
async fn last_of_all(lease: &Lease) -> Outcome<u64> {
    let sql = "SELECT coalesce(max(change), 0) FROM event_types";
    number(&lease.query_one(sql, &[]).await?, 0)
}

async fn insert(lease: &Lease, changed: &StoredType) -> Outcome<()> {
    let retired = changed.retired_at.is_some();
    let definition = (!retired).then_some(changed.definition.as_str());
    lease
        .execute(
            "INSERT INTO event_types (change, name, version, retired, definition, changed_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            &[
                &integer(changed.change),
                &changed.name,
                &i64::from(changed.version),
                &retired,
                &definition,
                &Time(changed.changed_at()),
            ],
        )
        .await?;
    Ok(())
}

/// Whether every event of the type that came after a reading fits. Some that were read already may
/// be looked at again.
async fn all_fit(lease: &Lease, name: &str, newer: &NewerEvents) -> Outcome<bool> {
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM event_store e
         WHERE e.transaction_id >= $1 AND e.event_type = $2"
    );
    let statement = lease.prepare(&sql).await?;
    let from = Transaction(newer.after);
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&from, &name];
    let mut rows = pin!(lease.query_raw(&statement, parameters).await?);
    let mut fit = true;
    while let Some(row) = rows.try_next().await? {
        fit &= (newer.fits)(&row::event(&row)?);
    }
    Ok(fit)
}

/// The events of one type; see [`crate::store::EventStore::scan_event_type`]. The end is the oldest
/// transaction that was open: whatever it stores, and all later ones, is not in the snapshot.
pub async fn scan(pool: &Pool, event_type: &str) -> Result<TypeScan> {
    let begin = async || -> Outcome<(Lease, u64)> {
        let lease = scan::snapshot(pool).await?;
        let row = lease.query_one("SELECT pg_snapshot_xmin(pg_current_snapshot())", &[]).await?;
        let Transaction(end) = row.try_get(0)?;
        Ok((lease, end))
    };
    let (lease, end) = reading!(SCANNING, begin())?;
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM event_store e WHERE e.event_type = $1 ORDER BY e.timestamp"
    );
    let events = scan::stream(lease, sql, vec![Box::new(event_type.to_owned())], SCANNING);
    Ok(TypeScan { end, events })
}
