//! `annals close`

use clap::Args;

use super::context::Context;
use super::output;
use crate::domain::error::Result;
use crate::service::CloseRequest;

/// Close an instance: its work is done, and it refuses further events
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Close {
    /// The instance: its id, its handle, or a part of its handle
    id: String,
    /// Why it ends
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

const EXAMPLES: &str = "\
Example:
  annals close 8f4a2b --reason 'epic-003 is merged'

To go on with a closed instance: annals emit 8f4a2b instance_resumed";

impl Close {
    pub async fn run(self, context: &Context) -> Result<()> {
        let service = context.service().await?;
        let request = CloseRequest { instance_id: self.id, reason: self.reason };
        let answer = service.close_instance(request).await?;
        service.shutdown().await;
        if context.json {
            return output::json(&answer);
        }
        let status = output::status(answer.status);
        output::line(&format!("{}  {status}  event {}", answer.handle, answer.sequence_num));
        Ok(())
    }
}
