//! `annals serve`

use clap::Args;

use super::context::Context;
use super::{mcp, output};
use crate::domain::error::Result;
use crate::http::{self, Limits};
use crate::mcp::Server;

/// Serve MCP over HTTP at /mcp, with /healthz and /readyz
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Serve {
    /// Where to listen; port 0 takes any free port
    #[arg(long, default_value = "127.0.0.1:8081", value_name = "ADDRESS")]
    listen: String,
}

const EXAMPLES: &str = "\
Examples:
  annals serve
  annals serve --listen 127.0.0.1:9000

Prints the line that connects Claude Code. Listens on this machine only.
Stops on Ctrl-C or SIGTERM, once the calls under way are answered. Other
commands may work on the same store meanwhile.";

impl Serve {
    pub async fn run(self, context: &Context) -> Result<()> {
        let listener = http::bind(&self.listen).await?;
        let service = context.service()?;
        let stop = http::on_signal().map_err(mcp::no_signals)?;
        let sweeping = mcp::sweep_until(service.clone(), stop.clone());
        let address = listener.local_addr().map_or(self.listen, |address| address.to_string());
        greet(&address, &service.store_facts().address);
        let served =
            http::serve(listener, Server::new(service), Limits::default(), stop.clone()).await;
        stop.cancel();
        // The sweep ends with the signal; a panic in it was reported where it happened.
        let _ = sweeping.await;
        served
    }
}

fn greet(address: &str, store: &str) {
    output::say(&format!("listening on http://{address}"));
    output::say(&format!("data in {store}"));
    output::say("connect Claude Code:");
    output::say(&format!("  claude mcp add --transport http annals http://{address}/mcp"));
}
