//! Recording events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Service;
use super::arguments;
use super::prepare::prepare;
use crate::domain::error::{Class, Code, Error, Result};
use crate::domain::event::NewEvent;
use crate::domain::ids::{EventId, InstanceId};
use crate::domain::limits;
use crate::domain::time::Timestamp;
use crate::store::{AppendRequest, Appended, Receipt};

/// An event to record.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventInput {
    /// Name of the event type, such as epic_started.
    pub event_type: String,
    /// What happened: a JSON object with the fields of the event type, and any further fields.
    #[schemars(schema_with = "super::types::object_schema")]
    pub event_data: Value,
    /// Tags and context: a JSON object.
    #[serde(default)]
    #[schemars(schema_with = "super::types::object_schema")]
    pub metadata: Option<Value>,
    /// A UUID of your own. Sending the same event again with the same id is safe: it is stored once.
    #[serde(default)]
    pub event_id: Option<String>,
    /// When it happened (RFC 3339 with an offset), if not now.
    #[serde(default)]
    pub occurred_at: Option<String>,
    /// The event_id of the event that caused this one.
    #[serde(default)]
    pub caused_by: Option<String>,
    /// Groups the events of one piece of work; up to 128 characters.
    #[serde(default)]
    pub correlation_id: Option<String>,
}

impl EventInput {
    /// An event with nothing but its data.
    pub fn new(event_type: &str, event_data: Value) -> Self {
        Self {
            event_type: event_type.to_owned(),
            event_data,
            metadata: None,
            event_id: None,
            occurred_at: None,
            caused_by: None,
            correlation_id: None,
        }
    }
}

/// Records one event.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmitRequest {
    /// The instance: its id, its handle, or a part of its handle that no other has.
    pub instance_id: String,
    /// Name of the event type, such as epic_started.
    pub event_type: String,
    /// What happened: a JSON object with the fields of the event type, and any further fields.
    #[schemars(schema_with = "super::types::object_schema")]
    pub event_data: Value,
    /// Tags and context: a JSON object.
    #[serde(default)]
    #[schemars(schema_with = "super::types::object_schema")]
    pub metadata: Option<Value>,
    /// A UUID of your own. Sending the same event again with the same id is safe: it is stored once.
    #[serde(default)]
    pub event_id: Option<String>,
    /// Refuse with sequence_conflict unless this is the instance's last sequence number.
    #[serde(default)]
    pub expected_sequence_num: Option<i64>,
    /// When it happened (RFC 3339 with an offset), if not now.
    #[serde(default)]
    pub occurred_at: Option<String>,
    /// The event_id of the event that caused this one.
    #[serde(default)]
    pub caused_by: Option<String>,
    /// Groups the events of one piece of work; up to 128 characters.
    #[serde(default)]
    pub correlation_id: Option<String>,
}

/// Records several events of one instance: all of them, or none.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmitBatchRequest {
    /// The instance: its id, its handle, or a part of its handle that no other has.
    pub instance_id: String,
    /// The events in their order, 1 to 1000.
    pub events: Vec<EventInput>,
    /// Refuse with sequence_conflict unless this is the instance's last sequence number.
    #[serde(default)]
    pub expected_sequence_num: Option<i64>,
}

/// What became of one event.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ReceiptView {
    /// The event.
    pub event_id: String,
    /// Its number within the instance.
    pub sequence_num: u64,
    /// When the store took it (RFC 3339, UTC).
    #[schemars(with = "String")]
    pub timestamp: Timestamp,
    /// Its link in the instance's hash chain: a receipt that proves it later (64 hex digits).
    pub hash: String,
    /// Whether it was stored before by an earlier call.
    pub duplicate: bool,
}

/// The event is durable.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct EmitAnswer {
    /// Always true.
    pub success: bool,
    /// What became of the event.
    #[serde(flatten)]
    pub receipt: ReceiptView,
    /// The instance's last sequence number; beyond sequence_num where events followed.
    pub head_sequence_num: u64,
}

/// The events are durable.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct EmitBatchAnswer {
    /// Always true.
    pub success: bool,
    /// One receipt for each event, in the order of the request.
    pub events: Vec<ReceiptView>,
    /// The instance's last sequence number.
    pub head_sequence_num: u64,
}

impl From<&Receipt> for ReceiptView {
    fn from(receipt: &Receipt) -> Self {
        Self {
            event_id: receipt.event_id.to_string(),
            sequence_num: receipt.sequence_num,
            timestamp: receipt.timestamp,
            hash: receipt.hash.to_string(),
            duplicate: receipt.duplicate,
        }
    }
}

impl Service {
    /// Records one event; returns once it is durable.
    ///
    /// # Errors
    ///
    /// What [`prepare`] and the store refuse. Nothing is stored then, but after a `store_*` error it
    /// may be: the error names the `event_ids` under which sending again is safe.
    pub async fn emit(&self, request: EmitRequest) -> Result<EmitAnswer> {
        let expected =
            arguments::sequence(request.expected_sequence_num, "expected_sequence_num", 0)?;
        let input = EventInput {
            event_type: request.event_type,
            event_data: request.event_data,
            metadata: request.metadata,
            event_id: request.event_id,
            occurred_at: request.occurred_at,
            caused_by: request.caused_by,
            correlation_id: request.correlation_id,
        };
        let event = prepare(self.catalogue, &input)?;
        let appended = self.append_to(&request.instance_id, expected, vec![event]).await?;
        Ok(EmitAnswer {
            success: true,
            receipt: only(&appended)?,
            head_sequence_num: appended.instance.last_sequence,
        })
    }

    /// Records a batch, whole or not at all; returns once it is durable.
    ///
    /// # Errors
    ///
    /// As [`Service::emit`]; the error of one event names its `index`.
    pub async fn emit_batch(&self, request: EmitBatchRequest) -> Result<EmitBatchAnswer> {
        let expected =
            arguments::sequence(request.expected_sequence_num, "expected_sequence_num", 0)?;
        check_size(request.events.len())?;
        let events = request
            .events
            .iter()
            .enumerate()
            .map(|(index, input)| {
                prepare(self.catalogue, input).map_err(|error| error.in_batch(index))
            })
            .collect::<Result<Vec<_>>>()?;
        let single = events.len() == 1;
        let appended = self.append_to(&request.instance_id, expected, events).await;
        let appended = appended.map_err(|error| {
            // The store numbers the events of a batch from two on.
            if single && error.code == Code::EventIdConflict { error.in_batch(0) } else { error }
        })?;
        Ok(EmitBatchAnswer {
            success: true,
            events: appended.receipts.iter().map(ReceiptView::from).collect(),
            head_sequence_num: appended.instance.last_sequence,
        })
    }

    /// Appends to the instance that `hint` names. Where it cannot be told whether the events are
    /// stored, the error names the ids under which sending them again is safe.
    pub(super) async fn append_to(
        &self,
        hint: &str,
        expected_sequence_num: Option<u64>,
        events: Vec<NewEvent>,
    ) -> Result<Appended> {
        let ids: Vec<EventId> = events.iter().map(|event| event.event_id).collect();
        let appended = match self.resolve_id(hint).await {
            Ok(instance_id) => self.append(instance_id, expected_sequence_num, events).await,
            Err(error) => Err(error),
        };
        appended.map_err(|error| match error.code.class() {
            Class::Unavailable | Class::Failed => {
                let ids: Vec<String> = ids.iter().map(EventId::to_string).collect();
                error.with("event_ids", ids)
            }
            Class::Invalid | Class::NotFound | Class::Conflict => error,
        })
    }

    pub(super) async fn append(
        &self,
        instance_id: InstanceId,
        expected_sequence_num: Option<u64>,
        events: Vec<NewEvent>,
    ) -> Result<Appended> {
        self.store
            .append(AppendRequest { instance_id, register: None, expected_sequence_num, events })
            .await
    }
}

/// The receipt of a request with one event.
pub(super) fn only(appended: &Appended) -> Result<ReceiptView> {
    appended
        .receipts
        .first()
        .map(ReceiptView::from)
        .ok_or_else(|| Error::new(Code::Internal, "the store gave no receipt", "report this fault"))
}

fn check_size(events: usize) -> Result<()> {
    match events {
        1..=limits::BATCH_EVENTS => Ok(()),
        0 => {
            Err(Error::new(Code::EmptyBatch, "events is empty", "send at least one event")
                .at("events"))
        }
        _ => Err(Error::new(
            Code::BatchTooLarge,
            format!("the batch has {events} events, the limit is {}", limits::BATCH_EVENTS),
            "send several batches",
        )
        .at("events")
        .with("limit", limits::BATCH_EVENTS)),
    }
}
