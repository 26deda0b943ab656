//! `annals serve`

use clap::Args;

use super::context::Context;
use super::{mcp, output};
use crate::domain::error::Result;
use crate::http::{self, Limits};
use crate::mcp::Server;
use crate::store::StoreFacts;

/// Serve MCP over HTTP at /mcp, with /healthz and /readyz
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Serve {
    /// Where to listen; port 0 takes any free port [default: 127.0.0.1:8081] [env: ANNALS_LISTEN]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  annals serve
  annals serve --listen 127.0.0.1:9000

Prints the line that connects Claude Code. Listens on this machine only.
Stops on Ctrl-C or SIGTERM, once the calls under way are answered. Other
commands may work on the same store meanwhile.";

impl Serve {
    pub async fn run(self, mut context: Context) -> Result<()> {
        context.settings.take_flag("listen", self.listen.as_ref())?;
        let asked = context.settings.values.listen.clone();
        let bound = http::bind(&asked).await;
        let listener = bound.map_err(|error| context.settings.blame("listen", error))?;
        let service = context.serving().await?;
        let stop = http::on_signal().map_err(mcp::no_signals)?;
        let sweeping = mcp::sweep_until(service.clone(), stop.clone());
        let address = listener.local_addr().map_or(asked, |address| address.to_string());
        greet(&address, service.store_facts());
        let served =
            http::serve(listener, Server::new(service), Limits::default(), stop.clone()).await;
        stop.cancel();
        // The sweep ends with the signal; a panic in it was reported where it happened.
        let _ = sweeping.await;
        served
    }
}

fn greet(address: &str, store: &StoreFacts) {
    output::say(&format!("listening on http://{address}"));
    let new = if store.is_new { " (a new store)" } else { "" };
    output::say(&format!("data in {}{new}", store.address));
    output::say("connect Claude Code:");
    output::say(&format!("  claude mcp add --transport http annals http://{address}/mcp"));
}
