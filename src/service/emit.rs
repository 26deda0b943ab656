//! Recording events.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Service;
use super::arguments;
use super::prepare::prepare;
use crate::domain::error::{Class, Code, Error, Result};
use crate::domain::event::{NewEvent, TypeCheck};
use crate::domain::ids::{EventId, InstanceId};
use crate::domain::time::Timestamp;
use crate::store::{AppendRequest, Appended, Receipt};

/// How often events are checked before giving up on a custom type that changes all the time.
const ATTEMPTS: u32 = 8;

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
    /// The events in their order, 1 to 1000 unless configured otherwise.
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
        let appended =
            self.record(&request.instance_id, expected, &[input], |_, refusal| refusal).await?;
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
        check_size(request.events.len(), self.limits.batch_events)?;
        let appended = self
            .record(&request.instance_id, expected, &request.events, |index, refusal| {
                refusal.in_batch(index)
            })
            .await?;
        Ok(EmitBatchAnswer {
            success: true,
            events: appended.receipts.iter().map(ReceiptView::from).collect(),
            head_sequence_num: appended.instance.last_sequence,
        })
    }

    /// Prepares and appends events; `placed` says of which one a refusal is. Where somebody changes
    /// a custom type meanwhile, the events are checked again.
    async fn record(
        &self,
        instance: &str,
        expected: Option<u64>,
        inputs: &[EventInput],
        placed: impl Fn(usize, Error) -> Error,
    ) -> Result<Appended> {
        let mut attempts = 0;
        loop {
            let types = self.types_named(inputs.iter().map(|input| &*input.event_type)).await?;
            let prepared = inputs.iter().enumerate().map(|(index, input)| {
                prepare(&types, &self.redactor, &self.limits, input)
                    .map_err(|refusal| placed(index, refusal))
            });
            let events = prepared.collect::<Result<Vec<_>>>()?;
            let only = if let [event] = &*events { Some(event.type_check.clone()) } else { None };
            attempts += 1;
            match self.append_to(instance, expected, events).await {
                Err(error) if error.code == Code::EventTypeChanged && attempts < ATTEMPTS => {}
                // The store says of which event a refusal is where there are several.
                Err(error) if is_of_event(&error, only.as_ref()) => return Err(placed(0, error)),
                appended => return appended,
            }
        }
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

/// Whether the store's refusal of a request with one event, checked so, is about that event.
fn is_of_event(error: &Error, only: Option<&TypeCheck>) -> bool {
    match only {
        Some(TypeCheck::Refused(refusal)) if **refusal == *error => true,
        Some(_) => error.code == Code::EventIdConflict,
        None => false,
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

fn check_size(events: usize, most: usize) -> Result<()> {
    if events == 0 {
        let hint = "send at least one event";
        return Err(Error::new(Code::EmptyBatch, "events is empty", hint).at("events"));
    }
    if events <= most {
        return Ok(());
    }
    let message = format!("the batch has {events} events, the limit is {most}");
    Err(Error::new(Code::BatchTooLarge, message, "send several batches")
        .at("events")
        .with("limit", most))
}
