//! `annals replay`

use clap::Args;

use super::context::Context;
use super::{output, times};
use crate::domain::error::Result;
use crate::service::ReplayRequest;

/// Reconstruct the work state of an instance from its events
#[derive(Debug, Args)]
pub struct Replay {
    /// The instance: its id, its handle, or a part of its handle
    id: String,
    /// Replay only events 1 to N
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    to: Option<i64>,
}

impl Replay {
    pub async fn run(self, context: &Context) -> Result<()> {
        let service = context.service()?;
        let request = ReplayRequest { instance_id: self.id, to_sequence_num: self.to };
        let answer = service.replay(request).await?;
        service.shutdown().await;
        if context.json {
            return output::json(&answer);
        }
        let state = answer.final_state;
        let none = || "-".to_owned();
        let checkpoint = state
            .checkpoint_state
            .map(|checkpoint| output::summary(&serde_json::Value::Object(checkpoint.value)));
        output::facts([
            ("last epic", state.last_epic.map_or_else(none, |epic| output::printable(&epic.value))),
            ("last event", state.last_event_type.unwrap_or_else(none)),
            ("at", state.latest_timestamp.map_or_else(none, times::local)),
            ("checkpoint", checkpoint.unwrap_or_else(none)),
            (
                "events replayed",
                format!("{} in {:.1} ms", answer.events_replayed, answer.duration_ms),
            ),
        ]);
        Ok(())
    }
}
