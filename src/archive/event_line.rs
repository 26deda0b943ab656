//! The line of an event in an export.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::record::{self, Hex, invalid, json_text};
use crate::domain::error::{Code, Error, Result};
use crate::domain::event::{Event, Hash, Payload, Salt};
use crate::domain::ids::{EventId, InstanceId};
use crate::domain::json::bounded_text;
use crate::domain::limits::{self, Limits, PayloadLimits};
use crate::domain::time::Timestamp;

/// The most bytes of what else stands in the line of an event. No byte of
/// a text takes more than six.
const FRAME_BYTES: usize = 1_024 + 6 * 4 * (limits::TYPE_NAME_CHARS + limits::CORRELATION_ID_CHARS);

/// What an export writes, an import reads.
const _: () = assert!(
    Limits::MOST.event_data_bytes + Limits::MOST.metadata_bytes + FRAME_BYTES
        <= limits::IMPORT_LINE_BYTES
        && 6 * limits::TYPE_DEFINITION_BYTES + FRAME_BYTES <= limits::IMPORT_LINE_BYTES
);

/// An event with payloads of either kind: texts as they are stored, or values as they were read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventLine<P> {
    cursor: String,
    instance_id: InstanceId,
    sequence_num: u64,
    event_id: EventId,
    event_type: String,
    timestamp: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    occurred_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    caused_by: Option<EventId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    event_data: P,
    data_salt: Hex<16>,
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    metadata: Option<P>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metadata_salt: Option<Hex<16>>,
    hash: Hex<32>,
}

/// The line of an event, its end included. `cursor` says where in the feed of its store it stands.
///
/// # Errors
///
/// `store_corrupt` when a stored payload is no JSON.
pub fn write(event: &Event, cursor: String) -> Result<String> {
    let raw = |payload: &Payload| {
        RawValue::from_string(payload.text.clone()).map_err(|error| {
            Error::new(
                Code::StoreCorrupt,
                format!("the stored payload of event {} is no JSON: {error}", event.event_id),
                "`annals verify` names the events at fault",
            )
        })
    };
    let line = EventLine {
        cursor,
        instance_id: event.instance_id,
        sequence_num: event.sequence_num,
        event_id: event.event_id,
        event_type: event.event_type.clone(),
        timestamp: event.timestamp,
        occurred_at: event.occurred_at,
        caused_by: event.caused_by,
        correlation_id: event.correlation_id.clone(),
        event_data: raw(&event.event_data)?,
        data_salt: Hex(event.event_data.salt),
        metadata: event.metadata.as_ref().map(raw).transpose()?,
        metadata_salt: event.metadata.as_ref().map(|metadata| Hex(metadata.salt)),
        hash: Hex(event.hash.0),
    };
    let text = json_text(&line)?;
    // Flattening would read the payloads, and they are to stand as they are stored.
    Ok(format!("{{\"record\":\"event\",{}\n", &text[1..]))
}

/// The event of a line, and its cursor.
///
/// # Errors
///
/// `invalid_export`; `payload_too_large` and `payload_too_deep` beyond what any store takes. The limits
/// may have been others where the event was recorded.
pub fn read(value: Value) -> Result<(Event, String)> {
    let line: EventLine<Value> = record::read(value)?;
    let payload = |value: &Value, salt: Salt, field: &str, most: PayloadLimits| {
        if !value.is_object() {
            return Err(invalid(format!("{field} is no JSON object")).at(field));
        }
        // A longer one could be written, and not be read again.
        Ok(Payload { text: bounded_text(value, field, most)?, salt })
    };
    let most = Limits::MOST;
    let metadata = match (&line.metadata, line.metadata_salt) {
        (Some(value), Some(salt)) => Some(payload(value, salt.0, "metadata", most.metadata())?),
        (None, None) => None,
        _ => return Err(invalid("metadata and metadata_salt belong together").at("metadata")),
    };
    if !(1..=limits::TYPE_NAME_CHARS).contains(&line.event_type.chars().count()) {
        return Err(invalid("event_type is empty or too long").at("event_type"));
    }
    let correlation_id = line.correlation_id.as_deref().map(|text| text.chars().count());
    if correlation_id.is_some_and(|chars| !(1..=limits::CORRELATION_ID_CHARS).contains(&chars)) {
        return Err(invalid("correlation_id is empty or too long").at("correlation_id"));
    }
    let event = Event {
        event_data: payload(&line.event_data, line.data_salt.0, "event_data", most.event_data())?,
        event_id: line.event_id,
        instance_id: line.instance_id,
        event_type: line.event_type,
        sequence_num: line.sequence_num,
        timestamp: line.timestamp,
        occurred_at: line.occurred_at,
        metadata,
        caused_by: line.caused_by,
        correlation_id: line.correlation_id,
        hash: Hash(line.hash.0),
    };
    Ok((event, line.cursor))
}
