//! `annals register`

use std::ffi::OsString;

use clap::Args;

use super::context::Context;
use super::{input, output};
use crate::domain::error::Result;
use crate::service::RegisterRequest;

/// Register an instance: one run of one agent
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Register {
    /// The project that the agent works on
    #[arg(long, short, value_name = "NAME")]
    project: String,
    /// The kind of agent [default: PS]
    #[arg(long = "type", value_name = "TYPE")]
    instance_type: Option<String>,
    /// The host that the agent runs on
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// The agent's process on that host
    #[arg(long, value_name = "PID", allow_negative_numbers = true)]
    pid: Option<i64>,
    /// Anything else worth knowing about this run: a JSON object, @file, or - for standard input
    #[arg(long, value_name = "JSON")]
    context: Option<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  annals register --project odin
  annals register --project odin --type worker --host \"$(hostname)\" --pid $$

Prints the new instance's handle, such as odin-PS-8f4a2b. Every other command
takes it, or a part of it that no other handle has: 8f4a2b.";

impl Register {
    pub async fn run(self, context: &Context) -> Result<()> {
        let request = RegisterRequest {
            project: self.project,
            instance_type: self.instance_type,
            host: self.host,
            pid: self.pid,
            context: self.context.map(|text| input::value(&text, "context")).transpose()?,
        };
        let service = context.service().await?;
        let answer = service.register(request).await?;
        service.shutdown().await;
        if context.json {
            return output::json(&answer);
        }
        output::line(&answer.handle);
        output::note(&format!("registered as {}; record with:", answer.instance_id));
        output::note_command(&format!(
            "annals emit {} epic_started '{{\"epic_id\": \"epic-001\"}}'",
            answer.handle
        ));
        Ok(())
    }
}
