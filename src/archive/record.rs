//! The lines of an export; those of events are in [`super::event_line`].

use std::fmt::Write as _;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{FORMAT, VERSION};
use crate::domain::error::{Code, Error, Result};
use crate::domain::ids::{InstanceId, StoreId};
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
    json_text(&Tagged { record, line }).map(|text| text + "\n")
}

/// What `line` is in JSON.
pub(super) fn json_text(line: &impl Serialize) -> Result<String> {
    serde_json::to_string(line).map_err(|error| {
        Error::new(Code::Internal, format!("no JSON: {error}"), "report this fault")
    })
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
