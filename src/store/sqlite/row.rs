//! Rows to plain data.

use rusqlite::Row;
use uuid::Uuid;

use crate::domain::event::{Event, Hash, Payload};
use crate::domain::ids::{EventId, InstanceId, StoreId};
use crate::domain::instance::{Instance, Registration, Status};
use crate::domain::time::Timestamp;

/// The columns that [`event`] reads, in its order.
pub const EVENT_COLUMNS: &str = "event_id, instance_id, event_type, sequence_num, timestamp, \
     occurred_at, event_data, data_salt, metadata, metadata_salt, caused_by, correlation_id, hash";

/// How many columns [`EVENT_COLUMNS`] names.
pub const EVENT_COLUMN_COUNT: usize = 13;

/// An event from a row of [`EVENT_COLUMNS`].
pub fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    let metadata: Option<String> = row.get(8)?;
    Ok(Event {
        event_id: EventId(Uuid::from_bytes(row.get(0)?)),
        instance_id: InstanceId(Uuid::from_bytes(row.get(1)?)),
        event_type: row.get(2)?,
        sequence_num: sequence(row, 3)?,
        timestamp: Timestamp::from_micros(row.get(4)?),
        occurred_at: row.get::<_, Option<i64>>(5)?.map(Timestamp::from_micros),
        event_data: Payload { text: row.get(6)?, salt: row.get(7)? },
        metadata: match metadata {
            Some(text) => Some(Payload { text, salt: row.get(9)? }),
            None => None,
        },
        caused_by: row.get::<_, Option<[u8; 16]>>(10)?.map(|id| EventId(Uuid::from_bytes(id))),
        correlation_id: row.get(11)?,
        hash: Hash(row.get(12)?),
    })
}

/// The columns that [`instance`] reads, in its order.
pub const INSTANCE_COLUMNS: &str = "instance_id, handle, project, instance_type, host, pid, status, \
     created_at, last_heartbeat, context_percent, current_epic, last_sequence, head_hash, \
     head_timestamp, origin_store_id";

/// An instance from a row of [`INSTANCE_COLUMNS`].
pub fn instance(row: &Row<'_>) -> rusqlite::Result<Instance> {
    let status: String = row.get(6)?;
    Ok(Instance {
        instance_id: InstanceId(Uuid::from_bytes(row.get(0)?)),
        registration: Registration {
            handle: row.get(1)?,
            project: row.get(2)?,
            instance_type: row.get(3)?,
            host: row.get(4)?,
            pid: row.get(5)?,
        },
        status: Status::parse(&status).ok_or(rusqlite::Error::InvalidQuery)?,
        created_at: Timestamp::from_micros(row.get(7)?),
        last_heartbeat: Timestamp::from_micros(row.get(8)?),
        context_percent: row.get(9)?,
        current_epic: row.get(10)?,
        last_sequence: sequence(row, 11)?,
        head_hash: Hash(row.get(12)?),
        head_timestamp: Timestamp::from_micros(row.get(13)?),
        origin_store_id: StoreId(Uuid::from_bytes(row.get(14)?)),
    })
}

fn sequence(row: &Row<'_>, index: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(index)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, number))
}

/// A count or a number as SQLite takes it; what exceeds its range fits no row anyway.
pub fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
