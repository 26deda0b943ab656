//! `annals replay`

use anstyle::Style;
use clap::Args;

use super::context::Context;
use super::summary::summary;
use super::table::facts;
use super::{output, times};
use crate::domain::error::Result;
use crate::service::{ReplayAnswer, ReplayRequest};

/// Reconstruct the work state of an instance from its events
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Replay {
    /// The instance: its id, its handle, or a part of its handle
    id: String,
    /// Replay only events 1 to N
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    to: Option<i64>,
}

const EXAMPLES: &str = "\
Examples:
  annals replay 8f4a2b
  annals replay 8f4a2b --to 12      as it was after event 12";

impl Replay {
    pub async fn run(self, context: &Context) -> Result<()> {
        let service = context.service().await?;
        let request = ReplayRequest { instance_id: self.id, to_sequence_num: self.to };
        let answer = service.replay(request).await?;
        service.shutdown().await;
        if context.json {
            return output::json(&answer);
        }
        print(answer);
        Ok(())
    }
}

fn print(answer: ReplayAnswer) {
    let state = answer.final_state;
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let checkpoint = state.checkpoint_state.map(|checkpoint| {
        summary("checkpoint_created", &serde_json::Value::Object(checkpoint.value))
    });
    let events = output::count(answer.events_replayed, "event");
    let all = [
        ("last epic", or_none(state.last_epic.map(|epic| epic.value))),
        ("last event", or_none(state.last_event_type)),
        ("at", or_none(state.latest_timestamp.map(times::local))),
        ("checkpoint", or_none(checkpoint)),
        ("replayed", format!("{events} in {:.1} ms", answer.duration_ms)),
    ];
    facts(all.map(|(name, value)| (name, value, Style::new())));
}
