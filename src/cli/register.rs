//! `annals register`

use clap::Args;

use super::context::Context;
use super::{input, output};
use crate::domain::error::Result;
use crate::service::RegisterRequest;

/// Register an instance: one run of one agent
///
/// Prints the new instance's handle, which names it in every other command.
#[derive(Debug, Args)]
pub struct Register {
    /// The project that the agent works on
    #[arg(long, short)]
    project: String,
    /// The kind of agent [default: PS]
    #[arg(long = "type", value_name = "TYPE")]
    instance_type: Option<String>,
    /// The host that the agent runs on
    #[arg(long)]
    host: Option<String>,
    /// The agent's process on that host
    #[arg(long, allow_negative_numbers = true)]
    pid: Option<i64>,
    /// Anything else worth knowing about this run: a JSON object, @file, or - for standard input
    #[arg(long, value_name = "JSON")]
    context: Option<String>,
}

impl Register {
    pub async fn run(self, context: &Context) -> Result<()> {
        let request = RegisterRequest {
            project: self.project,
            instance_type: self.instance_type,
            host: self.host,
            pid: self.pid,
            context: self.context.map(|text| input::value(&text, "context")).transpose()?,
        };
        let service = context.service()?;
        let answer = service.register(request).await?;
        service.shutdown().await;
        if context.json {
            return output::json(&answer);
        }
        output::line(&answer.handle);
        output::note(&format!(
            "registered {}; record with: annals emit {} TYPE JSON",
            answer.instance_id, answer.handle
        ));
        Ok(())
    }
}
