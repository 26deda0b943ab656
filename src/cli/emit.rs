//! `annals emit`

use std::ffi::{OsStr, OsString};

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::times::{self, Edge};
use super::{input, output};
use crate::domain::error::{Code, Error, Result};
use crate::domain::time::Timestamp;
use crate::service::{EmitBatchRequest, EmitRequest, EventInput, ReceiptView};

/// Record an event, or a batch of events
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Emit {
    /// The instance: its id, its handle, or a part of its handle
    id: String,
    /// The event type; `annals types` lists them
    #[arg(value_name = "TYPE", required_unless_present = "batch")]
    event_type: Option<String>,
    /// What happened: a JSON object, @file, or - for standard input [default: {}]
    #[arg(value_name = "JSON", conflicts_with = "batch")]
    event_data: Option<OsString>,
    /// Tags and context: a JSON object, @file, or -
    #[arg(long, value_name = "JSON", conflicts_with = "batch")]
    metadata: Option<OsString>,
    /// A UUID of your own: recording the same event again with it is safe
    #[arg(long, value_name = "UUID", conflicts_with = "batch")]
    event_id: Option<String>,
    /// Refuse unless this is the instance's last sequence number
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    expect: Option<i64>,
    /// When it happened, if not now: 2h ago, a local 09:30, 2026-11-23T09:30:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "batch")]
    occurred_at: Option<String>,
    /// The event id of the event that caused this one
    #[arg(long, value_name = "UUID", conflicts_with = "batch")]
    caused_by: Option<String>,
    /// Groups the events of one piece of work
    #[arg(long, value_name = "TEXT", conflicts_with = "batch")]
    correlation_id: Option<String>,
    /// Record all events or none: a JSON array, or one object a line, from @file or -
    #[arg(long, value_name = "EVENTS", conflicts_with = "event_type")]
    batch: Option<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  annals emit 8f4a2b epic_started '{\"epic_id\": \"epic-003\"}'
  annals emit 8f4a2b test_passed @result.json --occurred-at 5m
  my-build-script | annals emit 8f4a2b deployment_completed -
  annals emit 8f4a2b --batch @events.jsonl

A line of events.jsonl:
  {\"event_type\": \"epic_started\", \"event_data\": {\"epic_id\": \"epic-003\"}}
What a type needs: annals types TYPE.
Once this returns, the event is safe on disk.";

impl Emit {
    pub async fn run(self, context: &Context) -> Result<()> {
        match &self.batch {
            Some(events) => {
                let events = input::list(events, "events")?;
                self.run_batch(context, events).await
            }
            None => self.run_one(context).await,
        }
    }

    async fn run_one(self, context: &Context) -> Result<()> {
        let is_input = |given: &Option<OsString>| given.as_deref() == Some(OsStr::new("-"));
        if is_input(&self.event_data) && is_input(&self.metadata) {
            return Err(only_once());
        }
        let event_data = self.event_data.map(|text| input::value(&text, "event_data"));
        let metadata = self.metadata.map(|text| input::value(&text, "metadata"));
        let now = Timestamp::now();
        let point = |text: String| times::point(&text, now, Edge::Start);
        let request = EmitRequest {
            instance_id: self.id,
            event_type: self.event_type.unwrap_or_default(),
            event_data: event_data.transpose()?.unwrap_or_else(|| json!({})),
            metadata: metadata.transpose()?,
            event_id: self.event_id,
            expected_sequence_num: self.expect,
            occurred_at: self.occurred_at.map(point),
            caused_by: self.caused_by,
            correlation_id: self.correlation_id,
        };
        let service = context.service().await?;
        let answer = service.emit(request).await?;
        service.shutdown().await;
        if context.json {
            return output::json(&answer);
        }
        print(&answer.receipt);
        Ok(())
    }

    async fn run_batch(self, context: &Context, events: Vec<EventInput>) -> Result<()> {
        let request =
            EmitBatchRequest { instance_id: self.id, events, expected_sequence_num: self.expect };
        let service = context.service().await?;
        let answer = service.emit_batch(request).await?;
        service.shutdown().await;
        if context.json {
            return output::json(&answer);
        }
        answer.events.iter().for_each(print);
        Ok(())
    }
}

fn only_once() -> Error {
    Error::new(
        Code::InvalidArgument,
        "event_data and metadata cannot both be read from standard input",
        "put one of them into a file and name it as @PATH",
    )
    .at("metadata")
}

fn print(receipt: &ReceiptView) {
    let again = if receipt.duplicate { "  stored before" } else { "" };
    output::line(&format!("event {}  {}{again}", receipt.sequence_num, receipt.event_id));
}
