//! `annals mcp`

use std::io::IsTerminal;
use std::time::Duration;

use clap::Args;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::context::Context;
use super::output;
use crate::domain::error::{Code, Error, Result};
use crate::http;
use crate::mcp::{Server, stdio};
use crate::service::Service;

/// How often lapsed instances are looked for.
const SWEEP: Duration = Duration::from_secs(15);

/// Serve MCP over standard input and output
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Mcp {}

const EXAMPLES: &str = "\
An MCP client starts this itself. To connect Claude Code:
  claude mcp add annals -- annals mcp";

impl Mcp {
    pub async fn run(self, context: &Context) -> Result<()> {
        let service = context.serving().await?;
        let stop = http::on_signal().map_err(no_signals)?;
        let sweeping = sweep_until(service.clone(), stop.clone());
        if std::io::stdin().is_terminal() {
            output::note("waiting for an MCP client on standard input; Ctrl-C ends it");
            output::note("to connect Claude Code:");
            output::note_command("claude mcp add annals -- annals mcp");
        }
        stdio::serve(Server::new(service), stop.clone()).await;
        stop.cancel();
        let _ = sweeping.await;
        Ok(())
    }
}

/// Records lapses from time to time until `stop`.
pub fn sweep_until(service: Service, stop: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut beat = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = beat.tick() => {
                    if let Err(error) = service.sweep().await {
                        tracing::warn!(%error, "lapsed instances could not be recorded");
                    }
                }
            }
        }
    })
}

/// The system gave no signals.
pub fn no_signals(error: std::io::Error) -> Error {
    Error::new(Code::Internal, format!("no signals: {error}"), "report this fault")
}
