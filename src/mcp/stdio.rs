//! MCP over standard input and output.

use std::time::Duration;

use rmcp::service::{QuitReason, serve_directly_with_ct};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::lines::Lines;
use super::{Lifecycle, Server};

/// How long calls under way may go on after the end of the input or a signal.
const GRACE: Duration = Duration::from_secs(10);

/// Serves one client over standard input and output until its input ends or `stop` is cancelled,
/// answers what is under way, then shuts the service down.
///
/// A read of standard input may remain that nothing can cancel: end the process with
/// [`std::process::exit`] after this returns.
pub async fn serve<S: Lifecycle>(server: Server<S>, stop: CancellationToken) {
    let (reader, writer) = rmcp::transport::stdio_pipes();
    serve_on(reader, writer, server, stop).await;
}

/// [`serve`] over any pair of streams.
pub async fn serve_on<S: Lifecycle>(
    reader: impl AsyncRead + Send + Unpin + 'static,
    writer: impl AsyncWrite + Send + Unpin + 'static,
    server: Server<S>,
    stop: CancellationToken,
) {
    let service = server.service().clone();
    let lines = Lines::new(reader, writer, stop, GRACE);
    // Without rmcp's handshake state: it would end the server on a notification that comes before
    // `initialize`, and refuse a client that goes on after a restart of this process.
    let running = serve_directly_with_ct(server, lines, None, CancellationToken::new());
    if let Ok(QuitReason::JoinError(error)) | Err(error) = running.waiting().await {
        tracing::error!(%error, "the MCP connection failed");
    }
    service.shutdown().await;
}
