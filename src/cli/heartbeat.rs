//! `annals heartbeat`

use clap::Args;

use super::context::Context;
use super::output;
use crate::domain::error::Result;
use crate::service::HeartbeatRequest;

/// Say that an instance lives, and how full its context is
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Heartbeat {
    /// The instance: its id, its handle, or a part of its handle
    id: String,
    /// How full the agent's context is, 0 to 100
    #[arg(long, value_name = "PERCENT", allow_negative_numbers = true)]
    context: Option<f64>,
    /// The epic that the agent works on
    #[arg(long, value_name = "EPIC")]
    epic: Option<String>,
}

const EXAMPLES: &str = "\
Example:
  annals heartbeat 8f4a2b --context 42 --epic epic-003

Every event counts as a sign of life too. An instance without one for
120 seconds is stale.";

impl Heartbeat {
    pub async fn run(self, context: &Context) -> Result<()> {
        let request = HeartbeatRequest {
            instance_id: self.id,
            context_percent: self.context,
            current_epic: self.epic,
        };
        let service = context.service().await?;
        let answer = service.heartbeat(request).await?;
        service.shutdown().await;
        if context.json {
            return output::json(&answer);
        }
        let status = output::status(answer.status);
        output::line(&format!("{}  {status}  event {}", answer.handle, answer.sequence_num));
        Ok(())
    }
}
