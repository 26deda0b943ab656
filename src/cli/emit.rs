//! `annals emit`

use clap::Args;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::context::Context;
use super::{input, output};
use crate::domain::error::{Code, Error, Result};
use crate::service::{EmitBatchRequest, EmitRequest, EventInput};

/// Record an event, or a batch of events
///
/// Returns once the event is safe on disk. Examples:
///
///   annals emit odin-PS-8f4a2b epic_started '{"epic_id":"epic-003"}'
///   annals emit 8f4a2b test_passed @result.json --event-id 0191e7a4-7c1e-7d20-9a3b-5f2b8c4d6e10
///   annals emit 8f4a2b --batch @events.jsonl
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Emit {
    /// The instance: its id, its handle, or a part of its handle
    id: String,
    /// The event type; see `annals types`
    #[arg(value_name = "TYPE", required_unless_present = "batch")]
    event_type: Option<String>,
    /// What happened: a JSON object, @file, or - for standard input [default: {}]
    #[arg(value_name = "JSON", conflicts_with = "batch")]
    event_data: Option<String>,
    /// Tags and context: a JSON object, @file, or -
    #[arg(long, value_name = "JSON", conflicts_with = "batch")]
    metadata: Option<String>,
    /// A UUID of your own: recording the same event again with it is safe
    #[arg(long, value_name = "UUID", conflicts_with = "batch")]
    event_id: Option<String>,
    /// Refuse unless this is the instance's last sequence number
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    expect: Option<i64>,
    /// When it happened, if not now (RFC 3339)
    #[arg(long, value_name = "TIME", conflicts_with = "batch")]
    occurred_at: Option<String>,
    /// The event id of the event that caused this one
    #[arg(long, value_name = "UUID", conflicts_with = "batch")]
    caused_by: Option<String>,
    /// Groups the events of one piece of work
    #[arg(long, value_name = "TEXT", conflicts_with = "batch")]
    correlation_id: Option<String>,
    /// Record a whole batch or nothing: a JSON array or one object a line, from @file or -
    #[arg(long, value_name = "EVENTS", conflicts_with = "event_type")]
    batch: Option<String>,
}

impl Emit {
    pub async fn run(self, context: &Context) -> Result<()> {
        match &self.batch {
            Some(events) => {
                let events = parse_events(input::events(events)?)?;
                self.run_batch(context, events).await
            }
            None => self.run_one(context).await,
        }
    }

    async fn run_one(self, context: &Context) -> Result<()> {
        let event_data = self.event_data.map(|text| input::value(&text, "event_data"));
        let metadata = self.metadata.map(|text| input::value(&text, "metadata"));
        let request = EmitRequest {
            instance_id: self.id,
            event_type: self.event_type.unwrap_or_default(),
            event_data: event_data.transpose()?.unwrap_or_else(|| json!({})),
            metadata: metadata.transpose()?,
            event_id: self.event_id,
            expected_sequence_num: self.expect,
            occurred_at: self.occurred_at,
            caused_by: self.caused_by,
            correlation_id: self.correlation_id,
        };
        let service = context.service()?;
        let answer = service.emit(request).await?;
        service.shutdown().await;
        if context.json {
            return output::json(&answer);
        }
        let receipt = &answer.receipt;
        let again = if receipt.duplicate { "  stored before" } else { "" };
        output::line(&format!("event {}  {}{again}", receipt.sequence_num, receipt.event_id));
        Ok(())
    }

    async fn run_batch(self, context: &Context, events: Vec<EventInput>) -> Result<()> {
        let request =
            EmitBatchRequest { instance_id: self.id, events, expected_sequence_num: self.expect };
        let service = context.service()?;
        let answer = service.emit_batch(request).await?;
        service.shutdown().await;
        if context.json {
            return output::json(&answer);
        }
        for receipt in &answer.events {
            let again = if receipt.duplicate { "  stored before" } else { "" };
            output::line(&format!("event {}  {}{again}", receipt.sequence_num, receipt.event_id));
        }
        Ok(())
    }
}

fn parse_events(values: Vec<Value>) -> Result<Vec<EventInput>> {
    values
        .into_iter()
        .enumerate()
        .map(|(index, value)| parse(value).map_err(|error| error.in_batch(index)))
        .collect()
}

fn parse<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        Error::new(
            Code::InvalidArgument,
            error.inner().to_string(),
            "an event is an object with event_type and event_data, and optionally metadata, event_id, \
             occurred_at, caused_by, correlation_id",
        )
        .at(error.path().to_string())
    })
}
