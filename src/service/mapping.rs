//! How a line of JSON from elsewhere becomes an event.

use std::collections::{HashMap, HashSet};

use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::EventInput;
use super::import_lines::Reading;
use crate::archive;
use crate::domain::error::{Code, Error, Result};
use crate::domain::ids::InstanceId;
use crate::domain::json;

/// The namespace of the instances that stand for sources.
const SOURCES: Uuid = Uuid::from_u128(0x6f0e_5d0c_3c55_4b7a_9b1e_0a52_6a3c_11d4);

/// How lines become events.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// The project to file the events under.
    pub project: String,
    /// What the lines come from: the same source is the same instance whenever it is imported.
    pub source: String,
    /// The field that names the event type.
    pub type_field: Option<String>,
    /// The event type where no field names one.
    pub event_type: Option<String>,
    /// The field with the time at which the event happened, RFC 3339.
    pub time_field: Option<String>,
    /// The field with the data of the event; without it, the whole line.
    pub data_field: Option<String>,
    /// The field that identifies the line in its source; without it, its content does, together with
    /// how often that came before.
    pub id_field: Option<String>,
    /// Leave out the lines of an export that are no events.
    pub only_event_records: bool,
}

impl Mapping {
    /// The instance that stands for the source.
    pub(super) fn instance_id(&self) -> InstanceId {
        let name = format!("{}\n{}", self.project, self.source);
        InstanceId(Uuid::new_v5(&SOURCES, name.as_bytes()))
    }

    /// The event of a line, its data not yet checked; `None` for a line that is left out.
    fn event(
        &self,
        instance: InstanceId,
        line: &[u8],
        occurrences: &mut Occurrences,
    ) -> Result<Option<EventInput>> {
        let mut value = archive::parse(line)?;
        if !value.is_object() {
            return Err(Error::new(
                Code::InvalidEventData,
                "the line is no JSON object",
                "write one JSON object on each line",
            ));
        }
        if self.only_event_records && value["record"] != "event" {
            return Ok(None);
        }
        let identity = match &self.id_field {
            Some(name) => match field(&value, name)? {
                Value::String(text) => text.clone(),
                Value::Null => return Err(missing(name)),
                other => other.to_string(),
            },
            None => occurrences.identity(json::normal_text(&value)),
        };
        let event_type = match (&self.type_field, &self.event_type) {
            (Some(name), fallback) => match (value.get(name), fallback) {
                (None, Some(fallback)) => fallback.clone(),
                _ => text(&value, name)?,
            },
            (None, Some(event_type)) => event_type.clone(),
            (None, None) => return Err(missing("event_type")),
        };
        let occurred_at = self.time_field.as_ref().map(|name| text(&value, name)).transpose()?;
        let event_data = match &self.data_field {
            Some(name) => {
                field(&value, name)?;
                value[name.as_str()].take()
            }
            None => value,
        };
        Ok(Some(EventInput {
            event_id: Some(Uuid::new_v5(&instance.0, identity.as_bytes()).to_string()),
            occurred_at,
            ..EventInput::new(&event_type, event_data)
        }))
    }
}

fn field<'v>(value: &'v Value, name: &str) -> Result<&'v Value> {
    value.get(name).ok_or_else(|| missing(name))
}

fn text(value: &Value, name: &str) -> Result<String> {
    let found = field(value, name)?;
    found.as_str().map(str::to_owned).ok_or_else(|| {
        let message = format!("the field {name} is no text");
        Error::new(Code::InvalidFieldType, message, "name another field, or mend the line").at(name)
    })
}

fn missing(name: &str) -> Error {
    let message = format!("the line has no field {name}");
    Error::new(Code::MissingRequiredField, message, "name another field, or mend the line").at(name)
}

/// How often each content came.
///
/// Grows with every content that is new, by some 20 bytes. Two of one fingerprint count as the same
/// content, which does no harm: the identity holds the content itself.
#[derive(Default)]
struct Occurrences {
    once: HashSet<u64>,
    more: HashMap<u64, u64>,
}

impl Occurrences {
    /// What identifies the next line of this content: the first is its content, and the second is
    /// another line than the first.
    fn identity(&mut self, content: String) -> String {
        let digest = Sha256::digest(&content);
        let fingerprint = digest.iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        if self.once.insert(fingerprint) {
            return content;
        }
        let count = self.more.entry(fingerprint).or_insert(1);
        *count += 1;
        // No normal text has a line feed.
        format!("{content}\n{count}")
    }
}

/// Lines that are being mapped.
pub(super) struct Mapped {
    mapping: Mapping,
    instance_id: InstanceId,
    occurrences: Occurrences,
}

impl Mapped {
    pub fn new(mapping: Mapping) -> Self {
        let instance_id = mapping.instance_id();
        Self { mapping, instance_id, occurrences: Occurrences::default() }
    }
}

impl Reading for Mapped {
    type Item = EventInput;

    fn line(&mut self, line: Result<&[u8]>) -> Result<Option<EventInput>> {
        self.mapping.event(self.instance_id, line?, &mut self.occurrences)
    }
}
