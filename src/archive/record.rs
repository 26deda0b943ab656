//! The lines of an export.

use std::fmt::Write as _;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{FORMAT, VERSION};
use crate::domain::error::{Code, Error, Result};
use crate::domain::event::{Event, Hash, Payload, Salt};
use crate::domain::ids::{EventId, InstanceId, StoreId};
use crate::domain::json::normal_text;
use crate::domain::limits;
use crate::domain::time::Timestamp;

/// The first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// The store that was exported.
    pub store_id: StoreId,
    /// When the export began.
    pub exported_at: Timestamp,
    /// What was asked for.
    pub selection: Selection,
    /// Whether every instance is there from its first event on without a gap, so that the export can
    /// be restored.
    pub whole_chains: bool,
}

impl Header {
    /// The header of an export that begins now.
    pub fn new(store_id: StoreId, exported_at: Timestamp, selection: Selection) -> Self {
        let whole_chains = selection.keeps_chains();
        Self {
            format: FORMAT.into(),
            version: VERSION,
            store_id,
            exported_at,
            selection,
            whole_chains,
        }
    }
}

/// Which events an export holds; all conditions given hold, and none given means all events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Selection {
    /// Only events of this instance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<InstanceId>,
    /// Only events of instances of this project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Only events that name this epic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epic: Option<String>,
    /// Only events of these types.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_types: Option<Vec<String>>,
    /// Only events with an effective time from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Only events with an effective time up to then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Selection {
    /// Whether only whole instances are left out, never single events.
    pub fn keeps_chains(&self) -> bool {
        self.epic.is_none()
            && self.event_types.is_none()
            && self.since.is_none()
            && self.until.is_none()
    }
}

/// A version of a custom event type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TypeLine {
    /// The name of the type.
    pub name: String,
    /// 1, 2, 3 … for each name.
    pub version: u32,
    /// The definition as stored: JSON, in a text.
    pub definition: String,
    /// When it was defined.
    pub defined_at: Timestamp,
    /// When it was retired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<Timestamp>,
}

/// An instance, before its first event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceLine {
    /// The instance.
    pub instance_id: InstanceId,
    /// Its short name.
    pub handle: String,
    /// The store in which it was registered; part of every hash.
    pub origin_store_id: StoreId,
}

/// The head of an instance as far as the export goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadLine {
    /// The instance.
    pub instance_id: InstanceId,
    /// The number of its last event in the export.
    pub sequence_num: u64,
    /// The hash of that event.
    pub hash: Hex<32>,
}

/// The last line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trailer {
    /// How many event lines there are.
    pub events: u64,
    /// How many instance lines there are.
    pub instances: u64,
}

/// Bytes in hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hex<const N: usize>(pub [u8; N]);

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(2 * N);
        for byte in self.0 {
            let _ = write!(text, "{byte:02x}"); // a String takes everything
        }
        serializer.serialize_str(&text)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digit =
            |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let digits: Option<Vec<u8>> = text.bytes().map(digit).collect();
        let digits = digits.filter(|digits| digits.len() == 2 * N);
        let digits = digits
            .ok_or_else(|| D::Error::custom(format!("expected {} hexadecimal digits", 2 * N)))?;
        let mut bytes = [0; N];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
            *byte = pair[0] << 4 | pair[1];
        }
        Ok(Self(bytes))
    }
}

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

#[derive(Serialize)]
struct Tagged<'a, T> {
    record: &'a str,
    #[serde(flatten)]
    line: &'a T,
}

/// A line, its end included. `record` is the kind of the line.
///
/// # Errors
///
/// `internal` when it cannot be written as JSON.
pub fn write(record: &str, line: &impl Serialize) -> Result<String> {
    let text = serde_json::to_string(&Tagged { record, line });
    text.map(|text| text + "\n").map_err(|error| {
        Error::new(Code::Internal, format!("no JSON: {error}"), "report this fault")
    })
}

/// The line of an event, its end included. `cursor` says where in the feed of its store it stands.
///
/// # Errors
///
/// `store_corrupt` when a stored payload is no JSON.
pub fn write_event(event: &Event, cursor: String) -> Result<String> {
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
    let text = serde_json::to_string(&line).map_err(|error| {
        Error::new(Code::Internal, format!("no JSON: {error}"), "report this fault")
    })?;
    // Flattening would read the payloads, and they are to stand as they are stored.
    Ok(format!("{{\"record\":\"event\",{}\n", &text[1..]))
}

/// The event of a line, and its cursor.
///
/// # Errors
///
/// `invalid_export`. The limits of payloads may have been others where the event was recorded.
pub fn read_event(value: Value) -> Result<(Event, String)> {
    let line: EventLine<Value> = read(value)?;
    let payload = |value: &Value, salt: Salt, field: &str| {
        if !value.is_object() {
            return Err(invalid(format!("{field} is no JSON object")).at(field));
        }
        Ok(Payload { text: normal_text(value), salt })
    };
    let metadata = match (&line.metadata, line.metadata_salt) {
        (Some(value), Some(salt)) => Some(payload(value, salt.0, "metadata")?),
        (None, None) => None,
        _ => return Err(invalid("metadata and metadata_salt belong together").at("metadata")),
    };
    if !(1..=limits::TYPE_NAME_CHARS).contains(&line.event_type.chars().count()) {
        return Err(invalid("event_type is empty or too long").at("event_type"));
    }
    let event = Event {
        event_data: payload(&line.event_data, line.data_salt.0, "event_data")?,
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

/// A line of the kind that `T` is, without its `record`.
///
/// # Errors
///
/// `invalid_export`.
pub fn read<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(|error| invalid(error.to_string()))
}

/// A line that does not have the form of the format.
pub fn invalid(why: impl Into<String>) -> Error {
    Error::new(
        Code::InvalidExport,
        format!("the line is none of an export: {}", why.into()),
        "take the line from an unchanged export",
    )
}
