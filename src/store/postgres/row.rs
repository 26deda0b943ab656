//! Rows to plain data, and plain data to parameters.

use std::error::Error as StdError;

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};
use uuid::Uuid;

use super::error::Outcome;
use super::text;
use crate::domain::error::{Code, Error};
use crate::domain::event::{Event, Hash, Payload, Salt};
use crate::domain::ids::{EventId, InstanceId, StoreId};
use crate::domain::instance::{Instance, Registration, Status};
use crate::domain::time::Timestamp;

/// 2000-01-01T00:00:00Z in microseconds since 1970: where PostgreSQL counts from.
const EPOCH: i64 = 946_684_800_000_000;

/// A time as TIMESTAMPTZ.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub Timestamp);

impl ToSql for Time {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        out.extend_from_slice(&self.0.micros().saturating_sub(EPOCH).to_be_bytes());
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Time {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        let micros = i64::from_be_bytes(raw.try_into()?);
        Ok(Self(Timestamp::from_micros(micros.saturating_add(EPOCH))))
    }

    accepts!(TIMESTAMPTZ);
}

/// The id of a transaction: XID8.
#[derive(Clone, Copy, Debug)]
pub struct Transaction(pub u64);

impl ToSql for Transaction {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        out.extend_from_slice(&self.0.to_be_bytes());
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        kind.name() == "xid8"
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Transaction {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(u64::from_be_bytes(raw.try_into()?)))
    }

    fn accepts(kind: &Type) -> bool {
        kind.name() == "xid8"
    }
}

/// The columns that [`event`] reads, in its order.
pub const EVENT_COLUMNS: &str = "e.event_id, e.instance_id, e.event_type, e.sequence_num, \
     e.timestamp, e.occurred_at, e.event_data::text, e.event_text, e.data_salt, e.metadata::text, \
     e.metadata_text, e.metadata_salt, e.caused_by, e.correlation_id, e.hash";

/// How many columns [`EVENT_COLUMNS`] names.
pub const EVENT_COLUMN_COUNT: usize = 15;

/// An event from a row of [`EVENT_COLUMNS`].
pub fn event(row: &Row) -> Outcome<Event> {
    let metadata = match payload(row, 9)? {
        Some(text) => Some(Payload { text, salt: salt(row, 11)? }),
        None => None,
    };
    Ok(Event {
        event_id: EventId(row.try_get(0)?),
        instance_id: InstanceId(row.try_get(1)?),
        event_type: row.try_get(2)?,
        sequence_num: number(row, 3)?,
        timestamp: time(row, 4)?,
        occurred_at: row.try_get::<_, Option<Time>>(5)?.map(|time| time.0),
        event_data: Payload {
            text: payload(row, 6)?.ok_or_else(|| foreign("an event without data"))?,
            salt: salt(row, 8)?,
        },
        metadata,
        caused_by: row.try_get::<_, Option<Uuid>>(12)?.map(EventId),
        correlation_id: text(row, 13)?,
        hash: hash(row, 14)?,
    })
}

/// The normal text of the payload in the columns `index` and the one after it.
pub fn payload(row: &Row, index: usize) -> Outcome<Option<String>> {
    let Some(json) = row.try_get::<_, Option<&str>>(index)? else { return Ok(None) };
    let text = row.try_get(index + 1)?;
    let payload = text::payload(json, text);
    Ok(Some(payload.ok_or_else(|| foreign("a payload whose two forms differ"))?))
}

/// The columns that [`instance`] reads, in its order.
pub const INSTANCE_COLUMNS: &str = "instance_id, handle, project, instance_type, host, pid, status, \
     created_at, last_heartbeat, context_percent, current_epic, last_sequence, head_hash, \
     head_timestamp, origin_store_id";

/// An instance from a row of [`INSTANCE_COLUMNS`].
pub fn instance(row: &Row) -> Outcome<Instance> {
    let status: String = row.try_get(6)?;
    let pid = row.try_get::<_, Option<i64>>(5)?.map(u32::try_from).transpose();
    Ok(Instance {
        instance_id: InstanceId(row.try_get(0)?),
        registration: Registration {
            handle: row.try_get(1)?,
            project: row.try_get(2)?,
            instance_type: row.try_get(3)?,
            host: text(row, 4)?,
            pid: pid.map_err(|_| foreign("a process id out of range"))?,
        },
        status: Status::parse(&status).ok_or_else(|| foreign("an unknown status"))?,
        created_at: time(row, 7)?,
        last_heartbeat: time(row, 8)?,
        context_percent: row.try_get(9)?,
        current_epic: text(row, 10)?,
        last_sequence: number(row, 11)?,
        head_hash: hash(row, 12)?,
        head_timestamp: time(row, 13)?,
        origin_store_id: StoreId(row.try_get(14)?),
    })
}

/// A time that is not absent.
pub fn time(row: &Row, index: usize) -> Outcome<Timestamp> {
    Ok(row.try_get::<_, Time>(index)?.0)
}

/// A count or a number that is not negative.
pub fn number(row: &Row, index: usize) -> Outcome<u64> {
    let number: i64 = row.try_get(index)?;
    Ok(u64::try_from(number).map_err(|_| foreign("a number below zero"))?)
}

/// A hash that is not absent.
pub fn hash(row: &Row, index: usize) -> Outcome<Hash> {
    let bytes: &[u8] = row.try_get(index)?;
    Ok(Hash(bytes.try_into().map_err(|_| foreign("a hash of another length"))?))
}

fn salt(row: &Row, index: usize) -> Outcome<Salt> {
    let bytes: Option<&[u8]> = row.try_get(index)?;
    let salt = bytes.and_then(|bytes| bytes.try_into().ok());
    Ok(salt.ok_or_else(|| foreign("a salt of another length"))?)
}

fn text(row: &Row, index: usize) -> Outcome<Option<String>> {
    Ok(row.try_get::<_, Option<String>>(index)?.map(text::original))
}

/// A count or a number as PostgreSQL takes it; what exceeds its range fits no row anyway.
pub fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn foreign(what: &str) -> Error {
    Error::new(
        Code::StoreCorrupt,
        format!("the store holds what Annals did not write: {what}"),
        "check it with `annals verify`, and restore a backup if it was changed",
    )
}
